//! A folder that is kept: resumed after a kill, and refused when something in it is lost.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::{demo, play, text};

/// kill -9 at moments spread over a whole run; the same command resumes and the statement's claims are the same.
#[test]
fn a_killed_demo_resumes_without_losing_or_counting_twice() {
    let options = ["--seed", "3", "--from", "2013-02-18", "--to", "2013-02-25"];
    let whole = play(&options);
    let work = tempfile::tempdir().expect("a directory");
    let begun = Instant::now();
    let kept = play(
        &[
            &options[..],
            &["--keep", work.path().to_str().expect("UTF-8")],
        ]
        .concat(),
    );
    let length = begun.elapsed();
    assert_eq!(kept["statement"], whole["statement"]);
    for part in 1..=9u32 {
        let work = tempfile::tempdir().expect("a directory");
        let keep = work.path().to_str().expect("UTF-8").to_owned();
        let kept = [&options[..], &["--keep", &keep]].concat();
        for kill in 0..2u32 {
            let mut child = demo(&kept)
                .arg("--json")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("runs");
            let end = Instant::now() + length * (part + kill) / 11;
            while Instant::now() < end && child.try_wait().expect("waits").is_none() {
                std::thread::sleep(Duration::from_millis(2));
            }
            let _ = child.kill();
            child.wait().expect("ended");
        }
        let resumed = play(&kept);
        assert_eq!(
            resumed["statement"], whole["statement"],
            "killed at {part}/11"
        );
        assert_eq!(
            resumed["supplier"]["total_pence"],
            whole["supplier"]["total_pence"]
        );
        assert_eq!(resumed["supplier"]["verified"], true);
        assert_eq!(resumed["health"], whole["health"]);
        assert_eq!(resumed["relay"]["plaintext_hits"], 0);
    }
}

/// Without a seed nothing can be foretold but the arithmetic; kept, it still resumes.
#[test]
fn the_system_s_generator_serves_as_well() {
    let days = ["--from", "2013-02-01", "--to", "2013-02-03"];
    assert_ne!(
        play(&days)["supplier"]["cose"],
        play(&days)["supplier"]["cose"]
    );
    let work = tempfile::tempdir().expect("a directory");
    let kept = [&days[..], &["--keep", work.path().to_str().expect("UTF-8")]].concat();
    let first = play(&kept);
    let again = play(&kept);
    assert_eq!(first["statement"], again["statement"]);
    assert_eq!(first["supplier"], again["supplier"]);
    let other = demo(&kept).args(["--seed", "1"]).output().expect("runs");
    assert_eq!(
        other.status.code(),
        Some(1),
        "another play in the same folder is refused"
    );
}

/// Two days, kept and ended.
const SHORT: [&str; 6] = ["--seed", "3", "--from", "2013-02-18", "--to", "2013-02-20"];

fn kept(folder: &Path) -> Command {
    let mut command = demo(&SHORT);
    command.args(["--json", "--keep"]).arg(folder);
    command
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        files.push(path.clone());
        if path.is_dir() {
            files.extend(self::files(&path));
        }
    }
    files
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let copy = to.join(path.strip_prefix(from).expect("in it"));
        if path.is_dir() {
            std::fs::create_dir(&copy).expect("made");
        } else {
            std::fs::copy(&path, &copy).expect("copied");
        }
    }
}

/// What can happen to a file.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Deleted,
    Emptied,
    Shortened,
    Halved,
    Changed,
    /// A folder in its place, which nobody can read, root included.
    Unreadable,
}

impl Harm {
    fn do_to(self, path: &Path) {
        let mut bytes = std::fs::read(path).expect("a file");
        let length = bytes.len();
        match self {
            Self::Deleted | Self::Unreadable => std::fs::remove_file(path).expect("removed"),
            Self::Emptied => bytes.clear(),
            Self::Shortened => bytes.truncate(length - 1),
            Self::Halved => bytes.truncate(length / 2),
            Self::Changed => bytes[length / 2] ^= 1,
        }
        match self {
            Self::Deleted => {}
            Self::Unreadable => std::fs::create_dir(path).expect("made"),
            _ => std::fs::write(path, bytes).expect("written"),
        }
    }
}

/// Nothing that lasts is lost, changed or made anew unnoticed: the error names the file, and comes at once.
#[test]
fn a_file_that_was_lost_or_damaged_is_named() {
    use Harm::{Changed, Deleted, Emptied, Halved, Shortened, Unreadable};
    let work = tempfile::tempdir().expect("a directory");
    let whole = work.path().join("whole");
    let output = kept(&whole).output().expect("runs");
    assert!(output.status.success(), "{}", text(&output));

    let all = [Deleted, Emptied, Shortened, Halved, Changed, Unreadable];
    let mut cases: Vec<(String, Harm)> = Vec::new();
    for journal in [
        "issuer/journal",
        "supplier/journal",
        "telecare/journal",
        "householder/journal",
        "relay/relay.journal",
    ] {
        cases.extend(all.map(|harm| (journal.to_owned(), harm)));
    }
    let secrets: Vec<_> = files(&whole.join("secrets"));
    assert!(secrets.len() >= 9, "{secrets:?}");
    for secret in secrets {
        let name = secret.strip_prefix(&whole).expect("in it");
        cases.extend(all.map(|harm| (name.display().to_string(), harm)));
    }
    cases.extend([Deleted, Emptied, Unreadable].map(|harm| ("card.image".to_owned(), harm)));
    cases.extend([Deleted, Unreadable].map(|harm| ("play".to_owned(), harm)));

    for (name, harm) in cases {
        let case = tempfile::tempdir().expect("a directory");
        copy(&whole, case.path());
        harm.do_to(&case.path().join(&name));
        let begun = Instant::now();
        let again = kept(case.path()).output().expect("runs");
        let said = String::from_utf8_lossy(&again.stderr);
        assert_eq!(again.status.code(), Some(1), "{name} {harm:?}: {said}");
        assert!(said.contains(&name), "{name} {harm:?}: {said}");
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{name} {harm:?}: {:?}",
            begun.elapsed()
        );
    }
}

/// Most of an image is room to grow; what is changed in the rest is noticed, or makes no difference.
#[test]
fn a_changed_card_image_is_named_or_makes_no_difference() {
    let work = tempfile::tempdir().expect("a directory");
    let whole = work.path().join("whole");
    let output = kept(&whole).output().expect("runs");
    assert!(output.status.success(), "{}", text(&output));
    let statement = |output: &Output| -> Value {
        let outcome: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        outcome["statement"].clone()
    };
    let image = std::fs::read(whole.join("card.image")).expect("an image");
    let used = 1 + image
        .iter()
        .rposition(|byte| *byte != 0)
        .expect("not empty");
    let mut named = [0; 2];
    for place in 0..24 {
        let case = tempfile::tempdir().expect("a directory");
        copy(&whole, case.path());
        let mut changed = image.clone();
        if place % 2 == 0 {
            changed[used * place / 24..][..64.min(used)]
                .iter_mut()
                .for_each(|byte| *byte ^= 0x55);
        } else {
            changed.truncate(used * place / 24);
        }
        std::fs::write(case.path().join("card.image"), changed).expect("written");
        let again = kept(case.path()).output().expect("runs");
        if again.status.success() {
            assert_eq!(statement(&again), statement(&output), "{place}/24");
        } else {
            assert!(text(&again).contains("card.image"), "{}", text(&again));
            named[place % 2] += 1;
        }
    }
    assert!(named.iter().all(|times| *times > 0), "{named:?}");
}

/// Keys, readings and messages lie there: they are the owner's alone, whatever the umask, while the play runs and after it.
#[test]
fn what_is_kept_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let work = tempfile::tempdir().expect("a directory");
    let folder = work.path().join("deep/kept");
    let mut play = Command::new("sh");
    play.args(["-c", "umask 000; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_hydra"))
        .arg("demo")
        .args(SHORT)
        .arg("--keep")
        .arg(&folder);
    let output = play.output().expect("runs");
    assert!(output.status.success(), "{}", text(&output));
    let all = files(&folder);
    for name in [
        "card.image",
        "supplier/journal",
        "relay/relay.journal",
        "messages/statement.cose",
        "secrets/supplier-key",
        "certificates/issuer-root.der",
    ] {
        assert!(all.contains(&folder.join(name)), "{name}");
    }
    assert!(
        all.iter()
            .any(|path| path.starts_with(folder.join("relay-saw")) && path.is_file())
    );
    for path in all.into_iter().chain([folder]) {
        let mode = path.metadata().expect("there").permissions().mode() & 0o777;
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}: {mode:o}", path.display());
    }
}
