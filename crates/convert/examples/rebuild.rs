//! Rebuilds the packages of a folder: `cargo run -p hydra-convert --example rebuild -- applets [--check]`.

use std::path::Path;
use std::process::ExitCode;

use hydra_convert::rebuild::rebuild;
use hydra_convert::sdk::Javac;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(root) = arguments.first() else {
        eprintln!("usage: rebuild FOLDER [--check]");
        return ExitCode::from(2);
    };
    let check = arguments.iter().any(|a| a == "--check");
    let packages = match rebuild(Path::new(root), &Javac::find()) {
        Ok(packages) => packages,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut stale = false;
    for package in &packages {
        let path = package.cap_path();
        if check {
            let current = package.is_current();
            stale |= !current;
            println!(
                "{} {}",
                path.display(),
                if current { "same" } else { "differs" }
            );
        } else if let Err(error) = package.write() {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        } else {
            println!("{} {} bytes", path.display(), package.output.cap.len());
        }
    }
    if stale {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
