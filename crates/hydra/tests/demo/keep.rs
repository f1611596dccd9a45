//! A folder that is kept: resumed after a kill, and refused when something in it is lost.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::run::{demo, play};

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
