//! `kill -9` of the relay: what it has acknowledged is there when it comes back, and reaches a party that was away.
//!
//! This program is test and relay: started with `serve <directory>`, it is a relay that lives until it is killed.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "relay/pki.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod pki;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hydra_link::{LinkConfig, LinkReceiver, LinkSender, RelayLink};
use hydra_relay::{Registry, Relay, RelayConfig};
use pki::{Ca, Certified};
use tokio::time::timeout;

const UP: &str = "hydra/a/supplier/up";
const DOWN: &str = "hydra/a/supplier/down";
const DEADLINE: Duration = Duration::from_secs(60);
const KILLS: u32 = 5;
const MESSAGES: u32 = 400;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match arguments.get(1).map(String::as_str) {
        Some("serve") => runtime.block_on(serve(Path::new(&arguments[2]), &arguments[3])),
        // What test runners ask before they run anything.
        Some("--list") => println!("acknowledged_messages_survive_kill_nine: test"),
        _ => {
            runtime.block_on(acknowledged_messages_survive_kill_nine());
            println!("test acknowledged_messages_survive_kill_nine ... ok");
        }
    }
}

/// The child: tells its address, and serves until it is killed.
async fn serve(directory: &Path, bind: &str) {
    let read = |name: &str| std::fs::read(directory.join(name)).unwrap();
    let mut registry = Registry::new();
    registry.serve("supplier", "a");
    let mut config = RelayConfig::new(read("ca"), vec![read("certificate")], read("key"), registry);
    config.store = Some(directory.join("store"));
    config.bind = bind.parse().unwrap();
    let relay = Relay::start(config).await.unwrap();
    println!("{}", relay.addr());
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start(directory: &Path, bind: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve", directory.to_str().unwrap(), bind])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let addr = line.trim().parse().unwrap();
        Self { child, addr }
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already dead if all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn acknowledged_messages_survive_kill_nine() {
    let directory = tempfile::tempdir().unwrap();
    let ca = Ca::new("relay CA");
    let server = ca.server();
    std::fs::write(directory.path().join("ca"), &ca.der).unwrap();
    std::fs::write(directory.path().join("certificate"), &server.chain[0]).unwrap();
    std::fs::write(directory.path().join("key"), &server.key).unwrap();
    let mut relay = Server::start(directory.path(), "127.0.0.1:0");
    let addr = relay.addr;
    let (hub, supplier) = (ca.client("hub:a"), ca.client("provider:supplier"));
    let supplier = link(
        addr,
        &ca,
        "provider:supplier",
        &supplier,
        "hydra/+/supplier/up",
    );

    // The hub subscribes once, and is away from then on.
    drop(link(addr, &ca, "hub:a", &hub, "hydra/a/+/down").await);
    let (sender, mut up) = supplier.await;

    // The supplier publishes to the sleeping hub as fast as it can, while its relay is killed again and again. Its link
    // waits for each acknowledgement; what was not acknowledged it sends again.
    let publishing = tokio::spawn(publish_all(sender.clone()));
    for _ in 0..KILLS {
        // In the middle of it: when some more are acknowledged, whichever those are.
        let before = ACKNOWLEDGED.load(std::sync::atomic::Ordering::SeqCst);
        let target = (before + MESSAGES / (KILLS + 1)).min(MESSAGES);
        timeout(DEADLINE, reached(target)).await.unwrap();
        relay.kill();
        relay = Server::start(directory.path(), &addr.to_string());
    }
    timeout(DEADLINE, publishing).await.unwrap().unwrap();
    // And once more when everything is acknowledged.
    relay.kill();
    relay = Server::start(directory.path(), &addr.to_string());

    let (hub_sender, mut down) = link(addr, &ca, "hub:a", &hub, "hydra/a/+/down").await;
    let mut expected = 0;
    while expected < MESSAGES {
        let delivery = timeout(DEADLINE, down.recv()).await.unwrap().unwrap();
        assert_eq!(delivery.topic, DOWN);
        let number = u32::from_be_bytes(delivery.payload[..4].try_into().unwrap());
        // Repetitions are allowed, gaps are not.
        assert!(number <= expected, "{number} came before {expected}");
        expected = expected.max(number + 1);
        delivery.done();
    }

    // The subscriptions have survived too, and the killed relay's successor works both ways.
    hub_sender.publish(UP, b"awake".to_vec()).await.unwrap();
    let delivery = timeout(DEADLINE, up.recv()).await.unwrap().unwrap();
    assert_eq!(delivery.payload, b"awake");
    delivery.done();
    relay.kill();
}

static ACKNOWLEDGED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

async fn publish_all(sender: LinkSender) {
    for number in 0..MESSAGES {
        let mut payload = number.to_be_bytes().to_vec();
        payload.resize(512, 0xA5);
        sender.publish(DOWN, payload).await.unwrap();
        ACKNOWLEDGED.store(number + 1, std::sync::atomic::Ordering::SeqCst);
    }
}

async fn reached(target: u32) {
    while ACKNOWLEDGED.load(std::sync::atomic::Ordering::SeqCst) < target {
        tokio::task::yield_now().await;
    }
}

async fn link(
    addr: SocketAddr,
    ca: &Ca,
    identity: &str,
    certified: &Certified,
    filter: &str,
) -> (LinkSender, LinkReceiver) {
    let (chain, key) = (certified.chain.clone(), certified.key.clone());
    let config = LinkConfig::new(addr.to_string(), identity, ca.der.clone(), chain, key);
    let connected = RelayLink::connect(config.subscribe(filter)).await;
    connected.unwrap()
}
