//! What stopped an applet, and what is wrong with a load file, is said beside the status word.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/command.rs"]
mod command;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hydra_cap::{CapFile, write};

use self::command::{hydra, refused, said};

const LODGER: &str = "F048594452F00301";
const PROBE: &str = "F048594452F00101";

fn vector(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../vectors")
        .join(path)
}

fn new_card(folder: &Path) -> String {
    let image = folder.join("card.img").to_str().expect("UTF-8").to_owned();
    let new = ["card", "new", "--image", &image, "--test-keys"];
    said(hydra(&new).args(["--profile", "classic"]));
    image
}

/// `hydra gp` on a card; the first argument is what it does.
fn gp(image: &str, arguments: &[&str]) -> Command {
    let mut command = hydra(&["gp", arguments[0], "--image", image]);
    command.args(&arguments[1..]);
    command
}

#[test]
fn the_fault_that_stopped_an_applet_is_said() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = new_card(folder.path());
    let gp = |arguments: &[&str]| gp(&image, arguments);
    let lodger = vector("runtime/lodger/lodger.cap");
    said(gp(&["load"]).arg(vector("runtime/shelf/shelf.cap")));
    // An endless loop, in `install` and in a command, and endless recursion.
    let endless = "the step limit is reached";
    let installed = refused(gp(&["install", "--parameters", "03"]).arg(&lodger));
    assert_eq!(installed.matches(endless).count(), 1, "{installed}");
    said(gp(&["install"]).arg(&lodger));
    for more in [&[][..], &["--trace"]] {
        let loops = ["apdu", "--select", LODGER, "8014000000"];
        let answer = refused(gp(&loops).args(more));
        assert_eq!(answer.matches(endless).count(), 1, "{answer}");
        let deep = ["apdu", "--select", LODGER, "80130000027FFF00"];
        let answer = refused(gp(&deep).args(more));
        let overflow = "an applet was stopped: calls are nested too deeply";
        assert_eq!(answer.matches(overflow).count(), 1, "{answer}");
    }
    // An exception is none.
    let answer = refused(&mut gp(&["apdu", "--select", LODGER, "80FF000000"]));
    assert!(!answer.contains("stopped"), "{answer}");
    assert!(!answer.contains("did not catch"), "{answer}");
}

#[test]
fn what_an_applet_did_not_catch_is_said() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = new_card(folder.path());
    let gp = |arguments: &[&str]| gp(&image, arguments);
    said(gp(&["install"]).arg(vector("runtime/probe/probe.cap")));
    let ask = |apdu: &str| refused(&mut gp(&["apdu", "--select", PROBE, apdu]));
    for (apdu, said) in [
        ("8021010000", "java/lang/NullPointerException"),
        // A PIN of sixteen bytes.
        (
            "80020000103131313131313131313131313131313131",
            "javacard/framework/PINException with reason 1",
        ),
    ] {
        let answer = ask(apdu);
        let line = format!("an applet did not catch {said}");
        assert!(answer.contains(&line), "{answer}");
    }
}

/// `bench.cap` with a constructor that hands a short to its superclass's: `sconst_1` in place of `aload_0`.
fn ill_typed(folder: &Path) -> (String, String) {
    let good = std::fs::read(vector("caps/2.1-jc305/bench.cap")).expect("read");
    let good = CapFile::from_zip(&good).expect("a CAP file");
    let descriptor = good.descriptor().expect("a Descriptor");
    let mut methods = descriptor.classes.iter().flat_map(|class| &class.methods);
    let constructor = methods.find(|method| method.is_constructor()).expect("one");
    let at = usize::try_from(constructor.method).expect("an offset") + 2;
    let changed: Vec<_> = good
        .components()
        .map(|(tag, bytes)| {
            let mut bytes = bytes.to_vec();
            if tag == hydra_cap::ComponentTag::Method {
                assert_eq!(bytes[at], 0x18, "aload_0");
                bytes[at] = 0x04;
            }
            (tag, bytes)
        })
        .collect();
    let path = folder.join("bad.cap");
    std::fs::write(&path, write::zip("lab", &changed).expect("small")).expect("written");
    let path = path.to_str().expect("UTF-8").to_owned();
    let verified = refused(&mut hydra(&["cap", "verify", &path]));
    let fault = verified
        .lines()
        .find(|line| line.contains("Method component"));
    let fault = fault
        .and_then(|line| line.split_once(": "))
        .expect("a fault")
        .1;
    (path.clone(), fault.to_owned())
}

#[test]
fn a_load_file_s_faults_are_those_that_the_verifier_prints() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = new_card(folder.path());
    let (bad, fault) = ill_typed(folder.path());
    for action in ["load", "install"] {
        let told = refused(&mut hydra(&[
            "gp", action, "--image", &image, "--verify", &bad,
        ]));
        assert!(
            told.contains("6A80")
                && told.contains(&format!("the load file was refused: {fault}\n")),
            "{told}"
        );
    }
    // What the linker misses.
    let lodger = vector("runtime/lodger/lodger.cap");
    let told = refused(hydra(&["gp", "load", "--image", &image]).arg(lodger));
    assert!(
        told.contains("the load file was refused: package F048594452F002 is not on the card"),
        "{told}"
    );
    // Elsewhere there is a hint.
    let listen = ["card", "run", "--image", &image, "--listen"];
    let socket = format!("unix:{}", folder.path().join("card.sock").display());
    let mut card = hydra(&listen)
        .arg(&socket)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut line = String::new();
    let stdout = card.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
    let far = ["gp", "load", "--test-keys", "--verify", "--connect"];
    let told = refused(hydra(&far).args([line.trim(), &bad]));
    card.kill().expect("killed");
    let output = card.wait_with_output().expect("ended");
    assert!(
        told.contains(&format!("`hydra cap verify {bad}`")) && !told.contains(&fault),
        "{told}"
    );
    // Whoever runs the card sees it.
    let card = String::from_utf8_lossy(&output.stderr);
    assert!(card.contains(&fault), "{card}");
}
