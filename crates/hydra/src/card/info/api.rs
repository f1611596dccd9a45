//! What of the Java Card API is there, package by package and release by release.

use std::fmt;

use anyhow::Result;
use hydra_card::api::{MethodCount, PackageReport, report};
use serde_json::{Value, json};

use crate::print;

pub(super) fn run(as_json: bool) -> Result<()> {
    let report = report();
    if as_json {
        let packages: Vec<Value> = report.iter().map(package).collect();
        print::line(serde_json::to_string_pretty(&packages)?)
    } else {
        print::all(&Text(&report).to_string())
    }
}

fn package(package: &PackageReport) -> Value {
    let releases = package.releases.iter().filter_map(|(release, edition)| {
        let edition = edition.as_ref()?;
        let mut object = count(edition.methods);
        object["release"] = json!(release);
        object["version"] = json!(version(edition.version));
        Some(object)
    });
    let refused = package.refused.iter().map(|(method, reason)| {
        let row = method.get();
        let name = format!("{}.{}{}", row.class.get().name, row.name, row.descriptor);
        json!({ "method": name, "reason": reason })
    });
    let mut object = count(package.all);
    object["package"] = json!(package.name.replace('/', "."));
    object["version"] = json!(version(package.version));
    object["releases"] = releases.collect();
    object["refused_methods"] = refused.collect();
    object
}

fn count(methods: MethodCount) -> Value {
    json!({
        "native": methods.native,
        "callback": methods.callback,
        "refused": methods.refused,
        "declared": methods.declared(),
    })
}

fn version((major, minor): (u8, u8)) -> String {
    format!("{major}.{minor}")
}

struct Text<'a>(&'a [PackageReport]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "native + called by the platform / declared; the rest links and is refused"
        )?;
        for package in self.0 {
            writeln!(
                f,
                "{} {}: {}",
                package.name.replace('/', "."),
                version(package.version),
                Count(package.all)
            )?;
            for (release, edition) in &package.releases {
                if let Some(edition) = edition {
                    let version = version(edition.version);
                    writeln!(f, "  {release:<6} {version:<4} {}", Count(edition.methods))?;
                }
            }
        }
        Ok(())
    }
}

struct Count(MethodCount);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(methods) = self;
        let there = methods.native + methods.callback;
        write!(f, "{there}/{}", methods.declared())?;
        match methods.refused {
            0 => write!(f, ", whole"),
            refused => write!(f, ", {refused} refused"),
        }
    }
}
