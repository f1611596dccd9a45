//! `hydra card` on disks and with options that fail: nothing is lost, nothing is left, and it is said why.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/command.rs"]
mod command;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use self::command::{hydra, refused, said};

fn in_folder(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = hydra(arguments);
    command.current_dir(folder);
    command
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_card_with_a_counter_is_not_put_back_and_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a directory");
    let here = folder.path();
    let counted = ["--image", "card.img", "--counter", "counter"];
    said(in_folder(here, &["card", "new", "--test-keys"]).args(counted));
    fs::create_dir(here.join("card.img.snapshots")).expect("made");
    fs::copy(here.join("card.img"), here.join("card.img.snapshots/a")).expect("copied");
    said(in_folder(here, &["gp", "list"]).args(counted));
    let before = fs::read(here.join("card.img")).expect("read");
    for action in [
        &["restore", "--image", "card.img", "a"][..],
        &["snapshot", "--image", "card.img", "b"],
        &["snapshot", "--image", "card.img", "a", "--force"],
    ] {
        let said = refused(in_folder(here, &["card"]).args(action));
        assert!(
            said.contains("was made with a counter") && said.contains("nothing was changed"),
            "{said}"
        );
    }
    assert_eq!(fs::read(here.join("card.img")).expect("read"), before);
    assert_eq!(names(&here.join("card.img.snapshots")), ["a"]);
    said(in_folder(here, &["gp", "list"]).args(counted));
    // Nor does looking change anything.
    let now = || {
        (
            fs::read(here.join("card.img")),
            fs::read(here.join("counter")),
        )
    };
    let before = now();
    let info = said(in_folder(here, &["card", "info"]).args(counted));
    assert!(info.contains("issuer domain"), "{info}");
    let after = now();
    assert_eq!(
        (before.0.expect("read"), before.1.expect("read")),
        (after.0.expect("read"), after.1.expect("read"))
    );
}

#[test]
fn a_snapshot_is_replaced_only_with_force_and_a_restoration_can_be_undone() {
    let folder = tempfile::tempdir().expect("a directory");
    let here = folder.path();
    let card = |arguments: &[&str]| {
        let mut command = in_folder(here, &["card", arguments[0], "--image", "card.img"]);
        command.args(&arguments[1..]);
        command
    };
    let at = |name: &str| fs::read(here.join("card.img.snapshots").join(name)).expect("read");
    let missing = refused(&mut card(&["snapshot", "a"]));
    assert!(missing.contains("card.img"), "{missing}");
    assert!(names(here).is_empty());
    said(&mut card(&["new", "--test-keys"]));
    said(&mut card(&["snapshot", "a"]));
    let first = at("a");
    said(&mut in_folder(here, &["gp", "list", "--image", "card.img"]));
    let told = refused(&mut card(&["snapshot", "a"]));
    assert!(told.contains("a already: --force replaces it"), "{told}");
    assert_eq!(at("a"), first);
    let second = fs::read(here.join("card.img")).expect("read");
    assert_ne!(second, first);
    let told = said(&mut card(&["restore", "a"]));
    assert!(told.contains("kept as before-restore"), "{told}");
    assert_eq!(fs::read(here.join("card.img")).expect("read"), first);
    assert_eq!(at("before-restore"), second);
    said(&mut card(&["restore", "before-restore"]));
    said(&mut card(&["snapshot", "a", "--force"]));
    assert_eq!(at("a"), second);
    assert_eq!(said(&mut card(&["snapshot"])), "a\nbefore-restore\n");
    let told = refused(&mut card(&["snapshot", "zz.new"]));
    assert!(told.contains("\".new\" at the end"), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_not_filled_with_halves() {
    let folder = tempfile::tempdir().expect("a directory");
    let here = folder.path();
    // A limit below the image's size stands for the disk's end.
    let limited = |arguments: &str| {
        let mut command = Command::new("sh");
        let script = format!(
            "trap '' XFSZ; ulimit -f 512; exec {} {arguments}",
            env!("CARGO_BIN_EXE_hydra")
        );
        command.args(["-c", &script]).current_dir(here);
        command
    };
    let told = refused(&mut limited("card new --image card.img --test-keys"));
    assert!(told.contains("card.img.new"), "{told}");
    assert!(names(here).is_empty(), "{:?}", names(here));
    said(&mut in_folder(
        here,
        &["card", "new", "--image", "card.img", "--test-keys"],
    ));
    refused(&mut limited("card snapshot --image card.img a"));
    assert!(names(&here.join("card.img.snapshots")).is_empty());
    said(&mut in_folder(
        here,
        &["card", "snapshot", "--image", "card.img", "a"],
    ));
    let before = names(here);
    refused(&mut limited("card restore --image card.img a"));
    assert_eq!(names(here), before);
    assert_eq!(names(&here.join("card.img.snapshots")), ["a"]);
}

#[test]
fn a_reader_that_can_not_be_is_refused() {
    for reader in ["127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1", ":35963", ""] {
        let output = hydra(&["card", "run", "--image", "card.img", "--vpcd", reader])
            .stderr(Stdio::piped())
            .output()
            .expect("runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{reader}: {told}");
        assert!(told.contains("a port from 1 to 65535"), "{reader}: {told}");
    }
}
