//! Writes the SDK into a folder: `cargo run -p hydra-convert --example sdk -- DIR [RELEASE]`.

use std::path::Path;
use std::process::ExitCode;

use hydra_convert::sdk::{ApiLevel, DEFAULT_RELEASE, Javac, Sdk};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first() else {
        eprintln!("usage: sdk DIR [RELEASE]");
        return ExitCode::from(2);
    };
    let release = arguments.get(1).map_or(DEFAULT_RELEASE, String::as_str);
    let done = ApiLevel::release(release)
        .and_then(|level| Sdk::install(Path::new(folder), &level, &Javac::find()));
    match done {
        Ok(sdk) => {
            println!("{}", sdk.classes().display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
