//! What is found that must not be is printed, and fails the demo.

use serde_json::Value;

use crate::run::{demo, play};

const DAYS: [&str; 6] = ["--seed", "4", "--from", "2013-02-01", "--to", "2013-02-02"];

/// A PUBLISH to the supplier with a frame of kind message whose content is `plain`.
fn in_the_clear(plain: &[u8]) -> Vec<u8> {
    let topic = b"hydra/h1/supplier/up";
    let mut frame = vec![1, 1, 0, 0, 0, 9, 0, 0, 0];
    frame.push(u8::try_from(plain.len()).expect("short"));
    frame.extend_from_slice(plain);
    frame.resize(512, 0);
    let mut body = vec![0, u8::try_from(topic.len()).expect("short")];
    body.extend_from_slice(topic);
    body.extend([0, 1, 0]);
    body.extend(frame);
    let low = u8::try_from(body.len() & 0x7F).expect("7 bits");
    let high = u8::try_from(body.len() >> 7).expect("short");
    [&[0x32, 0x80 | low, high][..], &body].concat()
}

#[test]
fn what_an_earlier_run_gave_away_fails_the_demo() {
    let work = tempfile::tempdir().expect("a directory");
    let options = [&DAYS[..], &["--keep", work.path().to_str().expect("UTF-8")]].concat();
    let outcome = play(&options);
    let account = outcome["statement"]["account"].as_str().expect("text");

    let planted = work.path().join("relay-saw/0-1-in");
    for (bytes, said, hits) in [
        (account.as_bytes().to_vec(), "the relay saw plaintext", true),
        (
            in_the_clear(b"{\"total\": 1205}"),
            "hydra/h1/supplier/up: a message that is not sealed",
            false,
        ),
    ] {
        std::fs::write(&planted, bytes).expect("written");
        let output = demo(&options).arg("--json").output().expect("runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(said), "{error}");
        let outcome: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        let found = outcome["relay"]["plaintext_hits"].as_u64();
        assert_eq!(found > Some(0), hits, "{found:?}");
        let page = demo(&options).output().expect("runs");
        let page = String::from_utf8_lossy(&page.stdout).into_owned();
        assert_eq!(page.contains("AND IN THE CLEAR"), !hits, "{page}");
    }
    std::fs::remove_file(planted).expect("removed");
    assert_eq!(play(&options)["statement"], outcome["statement"]);

    // A lost tape can't be searched.
    let tape = std::fs::read_dir(work.path().join("relay-saw")).expect("a folder");
    let longest = tape
        .map(|entry| entry.expect("an entry").path())
        .max_by_key(|path| path.metadata().expect("there").len())
        .expect("a tape");
    std::fs::remove_file(longest).expect("removed");
    let output = demo(&options).output().expect("runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("relay-saw is lost"), "{error}");
}
