//! Messages a second, published and acknowledged, received and acknowledged, over mutual TLS: the relay with its journal
//! and without, and Mosquitto with the same link in the same run, if it is installed.
#![allow(clippy::unwrap_used, reason = "a benchmark that can't go on fails")]

#[path = "../tests/relay/pki.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod pki;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use hydra_link::{LinkConfig, LinkReceiver, LinkSender, RelayLink};
use hydra_relay::{Registry, Relay, RelayConfig};
use pki::Ca;
use tokio::runtime::Runtime;

const UP: &str = "hydra/a/supplier/up";
const MESSAGES: u64 = 2_000;
const PUBLISHERS: u64 = 50;
const PAYLOAD: usize = 300;

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.serve("supplier", "a");
    registry
}

async fn link(
    addr: SocketAddr,
    ca: &Ca,
    identity: &str,
    filter: &str,
) -> (LinkSender, LinkReceiver) {
    let certified = ca.client(identity);
    let (chain, key) = (certified.chain, certified.key);
    let config = LinkConfig::new(addr.to_string(), identity, ca.der.clone(), chain, key);
    RelayLink::connect(config.subscribe(filter)).await.unwrap()
}

/// All of a round: every message acknowledged to its publisher, and received and acknowledged by the provider.
async fn round(sender: &LinkSender, receiver: &mut LinkReceiver) {
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|_| {
            let sender = sender.clone();
            tokio::spawn(async move {
                for _ in 0..MESSAGES / PUBLISHERS {
                    sender.publish(UP, vec![0xA5; PAYLOAD]).await.unwrap();
                }
            })
        })
        .collect();
    for _ in 0..MESSAGES {
        receiver.recv().await.unwrap().done();
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
}

fn measure(
    group: &mut BenchmarkGroup<'_, criterion::measurement::WallTime>,
    runtime: &Runtime,
    name: &str,
    addr: SocketAddr,
    ca: &Ca,
) {
    let (_supplier, receiver) =
        runtime.block_on(link(addr, ca, "provider:supplier", "hydra/+/supplier/up"));
    let (sender, _hub) = runtime.block_on(link(addr, ca, "hub:a", "hydra/a/+/down"));
    let receiver = tokio::sync::Mutex::new(receiver);
    group.bench_function(name, |bencher| {
        bencher
            .to_async(runtime)
            .iter(async || round(&sender, &mut *receiver.lock().await).await);
    });
    let receiver = &mut *runtime.block_on(receiver.lock());
    group.throughput(Throughput::Elements(1));
    group.bench_function(format!("{name}, one by one"), |bencher| {
        let mut one = async || {
            sender.publish(UP, vec![0xA5; PAYLOAD]).await.unwrap();
            receiver.recv().await.unwrap().done();
        };
        bencher.iter(|| runtime.block_on(one()));
    });
    group.throughput(Throughput::Elements(MESSAGES));
}

fn mosquitto(directory: &Path, ca: &Ca) -> Option<(Child, SocketAddr)> {
    let server = ca.server();
    let file = |name: &str, content: &str| {
        let path = directory.join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let config = format!(
        "user root\nlistener {} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\ntls_version tlsv1.3\nmax_queued_messages 0\n\
         set_tcp_nodelay true\nrequire_certificate true\nuse_identity_as_username true\nacl_file {}\n",
        addr.port(),
        file("ca.pem", &ca.pem),
        file("server.pem", &server.chain_pem),
        file("server.key", &server.key_pem),
        file("acl", &registry().to_mosquitto()),
    );
    let debian = Path::new("/usr/sbin/mosquitto");
    let program = if debian.exists() {
        debian
    } else {
        Path::new("mosquitto")
    };
    let mut command = Command::new(program);
    command
        .args(["-c", &file("conf", &config)])
        .stderr(Stdio::null());
    Some((command.spawn().ok()?, addr))
}

fn messages(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let ca = Ca::new("relay CA");
    let server = ca.server();
    let mut group = criterion.benchmark_group("300-byte messages over mutual TLS");
    group
        .throughput(Throughput::Elements(MESSAGES))
        .sample_size(10);

    let directory = tempfile::tempdir().unwrap();
    for (name, store) in [("relay, journal synced", true), ("relay, in memory", false)] {
        let (chain, key) = (server.chain.clone(), server.key.clone());
        let mut config = RelayConfig::new(ca.der.clone(), chain, key, registry());
        config.store = store.then(|| directory.path().join("store"));
        let relay = runtime.block_on(Relay::start(config)).unwrap();
        measure(&mut group, &runtime, name, relay.addr(), &ca);
        runtime.block_on(relay.shutdown()).unwrap();
    }
    if let Some((mut child, addr)) = mosquitto(directory.path(), &ca) {
        measure(&mut group, &runtime, "mosquitto, in memory", addr, &ca);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
