//! gurux-dlms reads what our meter pushes, and pushes to our hub (`tests/python/dlms_peer.py`).

use std::path::{Path, PathBuf};
use std::process::Stdio;

use hydra_fleet::meter::Push;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::terminal::Terminal;
use crate::{hub, month, taken};

/// Runs the peer; what it prints, a line each.
async fn peer(arguments: &[&str], input: &[String]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = std::env::var_os("HYDRA_PYTHON")
        .map_or_else(|| root.join(".venv/bin/python"), PathBuf::from);
    let mut child = Command::new(python)
        .arg(root.join("tests/python/dlms_peer.py"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tests/install has made the virtual environment");
    let mut stdin = child.stdin.take().unwrap();
    let lines = input.join("\n");
    let write = async move { stdin.write_all(lines.as_bytes()).await };
    let (written, output) = tokio::join!(write, child.wait_with_output());
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    written.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().map(str::to_owned).collect()
}

fn edges() -> Vec<Push> {
    let push = |invocation, start, register| Push {
        invocation,
        start,
        register,
    };
    vec![
        push(1, 86_400, 0),
        push(0x00FF_FFFE, 951_782_400, 0x0123_4567_89AB_CDEF),
        push(0x00FF_FFFF, 4_102_444_799, u64::MAX),
    ]
}

#[tokio::test]
async fn another_implementation_reads_our_meter() {
    let pushes = [month(48), edges()].concat();
    let frames: Vec<String> = pushes
        .iter()
        .map(|push| hydra_wire::hex::encode(&push.to_bytes()))
        .collect();
    let read = peer(&["read"], &frames).await;
    let expected: Vec<Value> = pushes
        .iter()
        .map(|push| {
            json!({
                "invocation": push.invocation,
                "confirmed": true,
                "start": push.start,
                "register": push.register,
            })
        })
        .collect();
    let read: Vec<Value> = read
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn another_implementations_meter_is_read_by_our_hub() {
    let card = Terminal::personalised();
    let hub = hub(&card).await;
    let pushes = [month(48), edges()[1..].to_vec()].concat();
    let lines: Vec<String> = pushes
        .iter()
        .map(|push| {
            json!({"invocation": push.invocation, "start": push.start, "register": push.register})
                .to_string()
        })
        .collect();
    let address = hub.meter();
    let confirmations = peer(&["push", "127.0.0.1", &address.port().to_string()], &lines).await;
    assert_eq!(taken(&card), pushes);
    // The long-invoke-id comes back as it was sent, priority and service class included.
    let expected: Vec<String> = pushes
        .iter()
        .map(|push| format!("000100010001000610c0{:06x}00", push.invocation))
        .collect();
    assert_eq!(confirmations, expected);
}
