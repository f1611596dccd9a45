//! `hydra cap` as its user runs it: rebuilding, converting, refusing, dumping, hashing.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hydra_cap::CapFile;
use hydra_convert::rebuild::Manifest;
use hydra_convert::sdk::{ApiLevel, DEFAULT_RELEASE, Javac, Sdk};
use hydra_convert::{Config, IntSupport};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn cap(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hydra"))
        .arg("cap")
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::write(&target, fs::read(&path).expect("read")).expect("written");
        }
    }
}

/// Compiles sources against the default release; returns the folder of the classes of `package`.
fn compile(folder: &Path, sources: &[PathBuf], package: &str) -> PathBuf {
    let javac = Javac::find();
    let level = ApiLevel::release(DEFAULT_RELEASE).expect("a release");
    let sdk = Sdk::install(&folder.join("sdk"), &level, &javac).expect("installed");
    let classes = folder.join("classes");
    javac
        .compile(sources, &[sdk.classes()], &classes)
        .expect("compiled");
    classes.join(package)
}

#[test]
fn the_tree_is_current_and_a_changed_cap_file_is_seen() {
    for folder in ["applets", "vectors/runtime", "vectors/api"] {
        let output = cap(&["rebuild", text(&root().join(folder)), "--check"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let work = tempfile::tempdir().expect("a directory");
    copy(&root().join("applets"), work.path());
    let changed = work.path().join("telehealth/telehealth.cap");
    let good = fs::read(&changed).expect("read");
    let mut bytes = good.clone();
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&changed, &bytes).expect("written");

    let output = cap(&["rebuild", text(work.path()), "--check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("1 of 3 packages differ"));
    let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for row in rows.as_array().expect("an array") {
        let telehealth = row["package"] == "hydra.telehealth";
        let state = if telehealth { "differs" } else { "same" };
        assert_eq!(row["state"], state, "{row}");
    }
    assert_eq!(
        fs::read(&changed).expect("read"),
        bytes,
        "checking writes nothing"
    );

    let output = cap(&["rebuild", text(work.path())]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("written"), "{}", stdout(&output));
    assert_eq!(fs::read(&changed).expect("read"), good);
}

#[test]
fn convert_gives_what_the_library_gives() {
    let work = tempfile::tempdir().expect("a directory");
    let source = root().join("vectors/caps/source/lab/lib");
    let sources = [source.join("Base.java"), source.join("LibShare.java")];
    let classes = compile(work.path(), &sources, "lab/lib");
    let target = work.path().join("lablib.cap");
    let output = cap(&[
        "convert",
        "--aid",
        "F04C41420001",
        "-o",
        text(&target),
        text(&classes),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let files = ["Base", "LibShare"]
        .map(|name| fs::read(classes.join(name).with_extension("class")).expect("a class file"));
    let exports = ApiLevel::release(DEFAULT_RELEASE)
        .and_then(|level| level.exports())
        .expect("exports");
    let mut config = Config::library("F04C41420001".parse().expect("an AID"));
    config.int = IntSupport::Refused;
    let expected = hydra_convert::convert(&files, &exports, &config).expect("converted");
    assert_eq!(fs::read(&target).expect("read"), expected.cap);
    assert_eq!(
        fs::read(target.with_extension("exp")).expect("read"),
        expected.exp
    );
}

/// With the options that the manifest says, one package's classes give the committed file.
#[test]
fn convert_makes_an_applet_that_uses_a_library() {
    let work = tempfile::tempdir().expect("a directory");
    let applets = root().join("applets");
    let sources = [
        applets.join("telehealth/src/hydra/telehealth/Telehealth.java"),
        applets.join("outbox/src/hydra/outbox/Message.java"),
    ];
    let classes = compile(work.path(), &sources, "hydra/telehealth");
    let manifest: Manifest = fs::read_to_string(applets.join("telehealth/applet.toml"))
        .expect("read")
        .parse()
        .expect("a manifest");
    let applet = &manifest.config.applets[0];
    let target = work.path().join("telehealth.cap");
    let mut arguments = vec![
        "convert".to_owned(),
        format!("--aid={}", manifest.config.aid),
        format!("--package-version={}", manifest.config.version),
        format!("--applet={}={}", applet.class, applet.aid),
        format!("--exp={}", text(&applets.join("outbox/outbox.exp"))),
        format!("--output={}", text(&target)),
        text(&classes).to_owned(),
    ];
    if manifest.config.int == IntSupport::Allowed {
        arguments.push("--int".to_owned());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = cap(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let committed = fs::read(applets.join("telehealth/telehealth.cap")).expect("read");
    assert_eq!(fs::read(&target).expect("read"), committed);
}

#[test]
fn a_refused_class_prints_every_diagnostic() {
    let work = tempfile::tempdir().expect("a directory");
    let source = work.path().join("Wrong.java");
    fs::write(
        &source,
        "package my;\npublic class Wrong {\n  static long wide;\n  public static float half(float f) {\n    return f / 2;\n  }\n  \
         public static int add(int a, int b) {\n    return a + b;\n  }\n}\n",
    )
    .expect("written");
    let classes = compile(work.path(), &[source], "my");
    let target = work.path().join("my.cap");
    let output = cap(&[
        "convert",
        "--aid",
        "F04D5900000001",
        "-o",
        text(&target),
        text(&classes.join("Wrong.class")),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!target.exists());
    let message = stderr(&output);
    for wanted in [
        "my.Wrong.wide: ",
        "my.Wrong.half(F)F: ",
        "Wrong.java:8: my.Wrong.add(II)I: ",
    ] {
        assert!(message.contains(wanted), "{wanted}\n{message}");
    }
    let exports = ApiLevel::release(DEFAULT_RELEASE)
        .and_then(|level| level.exports())
        .expect("exports");
    let class = fs::read(classes.join("Wrong.class")).expect("read");
    let mut config = Config::library("F04D5900000001".parse().expect("an AID"));
    config.int = IntSupport::Refused;
    let diagnostics = hydra_convert::convert(&[class], &exports, &config).expect_err("refused");
    for diagnostic in &diagnostics {
        assert!(message.contains(&diagnostic.to_string()), "{diagnostic}");
    }
}

#[test]
fn hash_is_the_attested_code_hash() {
    let paths = ["electricity", "outbox", "telehealth"]
        .map(|name| root().join(format!("applets/{name}/{name}.cap")));
    let mut arguments = vec!["hash", "--json"];
    arguments.extend(paths.iter().map(|path| text(path)));
    let output = cap(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let lines = cap(&arguments
        .iter()
        .copied()
        .filter(|argument| *argument != "--json")
        .collect::<Vec<_>>());
    for (index, path) in paths.iter().enumerate() {
        let file = CapFile::from_zip(&fs::read(path).expect("read")).expect("a CAP file");
        let hash: String = file
            .code_hash()
            .iter()
            .map(|b| format!("{b:02X}"))
            .collect();
        assert_eq!(rows[index]["code_hash"], hash.as_str());
        assert_eq!(rows[index]["package_aid"], file.aid().to_string());
        let line = stdout(&lines).lines().nth(index).expect("a line each");
        assert_eq!(line, format!("{hash}  {}", path.display()));
    }
}

#[test]
fn dump_shows_files_and_load_files_as_text_and_json() {
    let path = root().join("applets/electricity/electricity.cap");
    let file = CapFile::from_zip(&fs::read(&path).expect("read")).expect("a CAP file");
    let output = cap(&["dump", text(&path)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), file.dump().to_string());
    assert!(stdout(&output).contains("javacard/framework/APDU."));

    let work = tempfile::tempdir().expect("a directory");
    let load_file = work.path().join("electricity.ijc");
    fs::write(&load_file, file.to_load_file_with_descriptor()).expect("written");
    let output = cap(&["dump", "--json", text(&load_file)]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let dump = file.dump();
    assert_eq!(json["package"]["aid"], file.aid().to_string());
    let methods = json["methods"].as_array().expect("methods");
    assert_eq!(methods.len(), dump.methods.len());
    for (shown, method) in methods.iter().zip(&dump.methods) {
        let code = shown["code"].as_array().expect("code");
        assert_eq!(code.len(), method.code.len());
        assert_eq!(shown["name"].as_str(), method.name.as_deref());
    }
}

#[test]
fn faults_of_a_cap_file_are_printed() {
    let path = root().join("applets/electricity/electricity.cap");
    let outbox = root().join("applets/outbox/outbox.exp");
    let good = cap(&["verify", text(&path), "--exp", text(&outbox)]);
    assert_eq!(good.status.code(), Some(0), "{}", stderr(&good));
    let line = stdout(&good);
    assert!(
        line.contains(": verified, ") && line.lines().count() == 1,
        "{line}"
    );
    // The library's CAP file tells as much; a folder is searched for export files.
    let library = root().join("applets/outbox/outbox.cap");
    let both = cap(&["verify", text(&path), text(&library)]);
    assert_eq!(both.status.code(), Some(0), "{}", stdout(&both));
    let folder = root().join("applets");
    let found = cap(&["verify", text(&path), "--exp", text(&folder)]);
    assert_eq!(found.status.code(), Some(0), "{}", stdout(&found));

    // Two methods that return what they should not: each is told, and a file that is no CAP file too.
    let file = CapFile::from_zip(&fs::read(&path).expect("read")).expect("a CAP file");
    let code = file.method_info();
    let mut load_file = file.to_load_file_with_descriptor();
    let place = load_file
        .windows(code.len())
        .position(|window| window == code)
        .expect("the code");
    let constructors = file.descriptor().expect("a Descriptor").classes.iter();
    let constructors: Vec<usize> = constructors
        .flat_map(|class| &class.methods)
        .filter(|method| method.is_constructor())
        .map(|method| usize::try_from(method.method).expect("an offset"))
        .collect();
    let [first, second, ..] = constructors[..] else {
        panic!("the applet has two classes");
    };
    for method in [first, second] {
        // `return` in place of `aload_0`.
        assert_eq!(load_file[place + method + 2], 0x18);
        load_file[place + method + 2] = 0x7A;
    }
    let work = tempfile::tempdir().expect("a directory");
    let bad = work.path().join("bad.ijc");
    fs::write(&bad, load_file).expect("written");
    let none = work.path().join("none.cap");
    fs::write(&none, b"PK").expect("written");
    let output = cap(&["verify", text(&bad), text(&none), "--exp", text(&outbox)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("2 of 2 files are faulty"));
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let mut offsets = [first + 2, second + 2];
    offsets.sort_unstable();
    for (line, at) in lines.iter().zip(offsets) {
        let place = format!("<init> +2, offset {at}: ");
        assert!(
            line.contains(&place) && line.ends_with("[constructor]"),
            "{line}"
        );
    }
    assert!(lines[2].ends_with("[structure]"), "{}", lines[2]);
    let output = cap(&["verify", "--json", text(&bad), "--exp", text(&outbox)]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json[0]["faults"][0]["rule"], "constructor");
    assert_eq!(json[0]["faults"][1]["offset"], offsets[1]);
}

#[test]
fn the_sdk_compiles_a_program() {
    let work = tempfile::tempdir().expect("a directory");
    let folder = work.path().join("sdk");
    let output = cap(&["sdk", text(&folder), "--release", "2.2.2"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let classes = PathBuf::from(stdout(&output).trim_end());
    let source = root().join("vectors/caps/source/lab/lib/LibShare.java");
    Javac::find()
        .compile(&[source], &[classes], &work.path().join("out"))
        .expect("compiled");
}

#[test]
fn mistakes_have_their_exit_code_and_their_place() {
    let work = tempfile::tempdir().expect("a directory");
    let broken = work.path().join("broken.cap");
    fs::write(&broken, b"PK\x03\x04 but no more").expect("written");
    let missing = work.path().join("missing.cap");
    for (arguments, code, words) in [
        (
            vec!["dump", text(&broken)],
            1,
            "broken.cap: ZIP file, offset ",
        ),
        (vec!["hash", text(&missing)], 1, "missing.cap"),
        (vec!["rebuild", text(work.path())], 1, "applet.toml"),
        (vec!["sdk", text(work.path()), "--release", "9.9"], 1, "9.9"),
        (
            vec!["convert", "-o", "x.cap", "--aid", "F0", "A.class"],
            2,
            "5 to 16 bytes",
        ),
        (vec!["dump"], 2, "Usage"),
        (vec!["nothing"], 2, "nothing"),
    ] {
        let output = cap(&arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(
            stderr(&output).contains(words),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    for subcommand in ["convert", "sdk", "rebuild", "dump", "hash", "verify"] {
        let output = cap(&[subcommand, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        let help = stdout(&output);
        assert!(
            help.contains(&format!("Example:\n  hydra cap {subcommand} ")),
            "{help}"
        );
    }
}
