//! An SDK in a temporary folder, and programs compiled and converted with it.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use hydra_cap::export::ExportFile;
use hydra_cap::{Aid, Format};
use hydra_convert::sdk::{ApiLevel, Javac, Sdk};
use hydra_convert::{Config, Diagnostic, IntSupport, Output, convert};

pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

pub(crate) fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

pub(crate) fn program<'a>(all: &'a [(&'static str, Output)], name: &str) -> &'a Output {
    &all.iter().find(|(n, _)| *n == name).unwrap().1
}

pub(crate) struct Workbench {
    folder: tempfile::TempDir,
    sdk: Sdk,
    pub(crate) exports: Vec<ExportFile>,
}

impl Workbench {
    pub(crate) fn new(release: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let level = ApiLevel::release(release).unwrap();
        let sdk = Sdk::install(&folder.path().join("sdk"), &level, &Javac::find()).unwrap();
        Self {
            folder,
            sdk,
            exports: level.exports().unwrap(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Compiles sources given as (path, text) and returns the class files, in the order of names.
    pub(crate) fn compile(&self, sources: &[(&str, &str)]) -> Vec<Vec<u8>> {
        let out = tempfile::tempdir_in(self.folder.path()).unwrap();
        self.compile_into(sources, out.path())
    }

    /// The same; the classes stay in `out/classes`.
    pub(crate) fn compile_into(&self, sources: &[(&str, &str)], out: &Path) -> Vec<Vec<u8>> {
        let mut paths = Vec::new();
        for (name, text) in sources {
            let path = out.join("src").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            paths.push(path);
        }
        let classes = out.join("classes");
        Javac::find()
            .compile(&paths, &[self.sdk.classes()], &classes)
            .unwrap();
        read_classes(&classes)
    }

    /// Compiles and converts one package.
    pub(crate) fn convert(
        &self,
        sources: &[(&str, &str)],
        config: &Config,
    ) -> Result<Output, Vec<Diagnostic>> {
        convert(&self.compile(sources), &self.exports, config)
    }

    pub(crate) fn programs(&self, format: Format) -> Vec<(&'static str, Output)> {
        self.all_programs(format, false)
    }

    pub(crate) fn programs_reversed(&self, format: Format) -> Vec<(&'static str, Output)> {
        self.all_programs(format, true)
    }

    fn all_programs(&self, format: Format, reversed: bool) -> Vec<(&'static str, Output)> {
        let lab = vectors().join("caps/source/lab");
        let sources: Vec<PathBuf> = [
            "bench/Bench.java",
            "ints/Ints.java",
            "lib/Base.java",
            "lib/LibShare.java",
            "srv/Srv.java",
            "app/App.java",
        ]
        .iter()
        .map(|name| lab.join(name))
        .collect();
        let out = self.folder.path().join("programs");
        Javac::find()
            .compile(&sources, &[self.sdk.classes()], &out)
            .unwrap();
        let mut exports = self.exports.clone();
        let mut outputs = Vec::new();
        for (name, folder, package, applet) in [
            ("lablib", "lab/lib", "F04C41420001", None),
            (
                "labsrv",
                "lab/srv",
                "F04C41420002",
                Some(("Srv", "F04C4142000201")),
            ),
            (
                "labapp",
                "lab/app",
                "F04C41420003",
                Some(("App", "F04C4142000301")),
            ),
            (
                "ints",
                "lab/ints",
                "F04C4142494E54",
                Some(("Ints", "F04C4142494E5401")),
            ),
            (
                "bench",
                "lab/bench",
                "F04C414242454E43",
                Some(("Bench", "F04C414242454E4301")),
            ),
        ] {
            let mut config = Config::library(aid(package));
            config.format = format;
            config.int = if name == "ints" {
                IntSupport::Allowed
            } else {
                IntSupport::Refused
            };
            if let Some((class, module)) = applet {
                config = config.with_applet(class, aid(module));
            }
            let mut classes = read_classes(&out.join(folder));
            if reversed {
                classes.reverse();
            }
            let output = convert(&classes, &exports, &config)
                .unwrap_or_else(|all| panic!("{name}: {}", listing(&all)));
            exports.push(output.export.clone());
            outputs.push((name, output));
        }
        outputs
    }
}

pub(crate) fn listing(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|d| format!("\n{d}")).collect()
}

pub(crate) fn read_classes(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut work = vec![folder.to_owned()];
    while let Some(folder) = work.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                work.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}
