//! Another MQTT 5 client, paho-mqtt from PyPI, meets the relay and, across it, our link.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::world::{DEADLINE, World, take};

struct Paho {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _files: tempfile::TempDir,
}

impl Paho {
    fn start(
        world: &World,
        identity: &str,
        client_id: &str,
        filter: &str,
        answer_to: &str,
    ) -> Self {
        let certified = world.ca.client(identity);
        let files = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let interpreter = std::env::var_os("HYDRA_PYTHON")
            .map_or_else(|| crate_root.join("../../.venv/bin/python"), PathBuf::from);
        let mut child = Command::new(&interpreter)
            .arg(crate_root.join("../../tests/python/mqtt_peer.py"))
            .arg(world.addr().port().to_string())
            .arg(file("ca.pem", &world.ca.pem))
            .arg(file("chain.pem", &certified.chain_pem))
            .arg(file("key.pem", &certified.key_pem))
            .args([client_id, filter, answer_to])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{}: {error}; make a virtual environment with tests/python/requirements.txt at .venv, or name one in HYDRA_PYTHON",
                    interpreter.display()
                )
            });
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            _files: files,
        }
    }

    async fn line(&mut self) -> Option<String> {
        timeout(DEADLINE, self.lines.next_line())
            .await
            .unwrap()
            .unwrap()
    }
}

#[tokio::test]
async fn paho_as_a_provider_and_our_link_as_the_hub() {
    let world = World::start().await;
    let (hub, mut hub_in) = world.link("hub:a").await;
    let (up, down) = ("hydra/a/telecare/up", "hydra/a/telecare/down");
    let provider = "provider:telecare";
    let mut paho = Paho::start(&world, provider, provider, "hydra/+/telecare/up", down);
    assert_eq!(paho.line().await.as_deref(), Some("connected 0"));
    assert_eq!(paho.line().await.as_deref(), Some("subscribed 1"));
    for len in [0, 1, 512, 16_384, 200_000_u32] {
        let mut payload: Vec<u8> = (0..len)
            .map(|i| i.to_be_bytes()[2] ^ i.to_be_bytes()[3])
            .collect();
        hub.publish(up, payload.clone()).await.unwrap();
        payload.reverse();
        assert_eq!(take(&mut hub_in).await, (down.to_owned(), payload));
    }
    hub.publish(up, b"end".to_vec()).await.unwrap();
    assert!(
        timeout(DEADLINE, paho.child.wait())
            .await
            .unwrap()
            .unwrap()
            .success()
    );
}

#[tokio::test]
async fn paho_as_a_hub_and_our_link_as_the_provider() {
    let world = World::start().await;
    let (supplier, mut supplier_in) = world.link("provider:supplier").await;
    let (up, down) = ("hydra/b/supplier/up", "hydra/b/supplier/down");
    let mut paho = Paho::start(&world, "hub:b", "hub:b", "hydra/b/+/down", up);
    assert_eq!(paho.line().await.as_deref(), Some("connected 0"));
    assert_eq!(paho.line().await.as_deref(), Some("subscribed 1"));
    supplier.publish(down, b"abc".to_vec()).await.unwrap();
    assert_eq!(
        take(&mut supplier_in).await,
        (up.to_owned(), b"cba".to_vec())
    );
    supplier.publish(down, b"end".to_vec()).await.unwrap();
    assert!(
        timeout(DEADLINE, paho.child.wait())
            .await
            .unwrap()
            .unwrap()
            .success()
    );
}

#[tokio::test]
async fn paho_hears_the_reasons() {
    let world = World::start().await;
    let up = "hydra/a/supplier/up";
    let mut spoofed = Paho::start(&world, "hub:a", "hub:b", "hydra/b/+/down", up);
    assert_eq!(spoofed.line().await.as_deref(), Some("connected 133"));
    let mut curious = Paho::start(&world, "hub:a", "hub:a", "hydra/b/+/down", up);
    assert_eq!(curious.line().await.as_deref(), Some("connected 0"));
    assert_eq!(curious.line().await.as_deref(), Some("subscribed 135"));
}
