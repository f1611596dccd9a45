//! `--key-file` and `--counter`: what was said when the card was made must be said again.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn hydra(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydra"));
    command.args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).output().expect("runs")
}

fn refused(output: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches(reason).count(), 1, "{said}");
}

#[test]
fn a_protected_card_is_managed_with_its_key_and_its_counter_alone() {
    let folder = tempfile::tempdir().expect("a directory");
    let here = folder.path();
    fs::write(here.join("key"), [0x42; 32]).expect("written");
    fs::write(here.join("hex"), "42".repeat(32) + "\n").expect("written");
    fs::write(here.join("other"), [0x43; 32]).expect("written");
    fs::write(here.join("short"), [0x42; 31]).expect("written");
    let on = |action: &[&str], protection: &[&str]| {
        hydra(
            here,
            &[action, &["--image", "card.img"], protection].concat(),
        )
    };
    let both = ["--key-file", "key", "--counter", "counter"];
    let made = on(&["card", "new", "--test-keys"], &both);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    fs::copy(here.join("card.img"), here.join("copy.img")).expect("copied");

    let info = ["card", "info", "--json"];
    let hex = ["--key-file", "hex", "--counter", "counter"];
    let good = on(&info, &hex);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let listed = on(&["gp", "list"], &both);
    assert_eq!(listed.status.code(), Some(0), "{listed:?}");
    assert!(String::from_utf8_lossy(&listed.stdout).contains("A000000151000000"));

    refused(&on(&info, &[]), "the image is encrypted: its key is needed");
    refused(
        &on(&info, &["--key-file", "key"]),
        "the image was made with a monotonic counter",
    );
    let other = ["--key-file", "other", "--counter", "counter"];
    refused(&on(&info, &other), "the key is not the image's");
    let short = ["--key-file", "short", "--counter", "counter"];
    refused(&on(&["gp", "list"], &short), "a key is 32 bytes");
    fs::copy(here.join("copy.img"), here.join("card.img")).expect("copied");
    refused(&on(&info, &both), "the image was put back to an older one");
}
