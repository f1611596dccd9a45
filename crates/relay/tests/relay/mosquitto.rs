//! Mosquitto in the relay's place: our link speaks to an ordinary broker, which keeps the same access lists.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hydra_link::{LinkConfig, LinkReceiver, LinkSender, RelayLink};
use tempfile::TempDir;

use crate::pki::Ca;
use crate::world::{link_config, next, reason, registry, take};

struct Mosquitto {
    ca: Ca,
    addr: SocketAddr,
    child: Child,
    _directory: TempDir,
}

impl Mosquitto {
    fn start() -> Self {
        let ca = Ca::new("relay CA");
        let server = ca.server();
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, content).unwrap();
            path.display().to_string()
        };
        // Mosquitto can't say which port it was given, so one is found for it.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = free.local_addr().unwrap();
        drop(free);
        let config = format!(
            "user root\npersistence true\npersistence_location {}/\nlistener {} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\n\
             tls_version tlsv1.3\nrequire_certificate true\nuse_identity_as_username true\nuse_username_as_clientid true\nacl_file {}\n",
            directory.path().display(),
            addr.port(),
            file("ca.pem", &ca.pem),
            file("server.pem", &server.chain_pem),
            file("server.key", &server.key_pem),
            file("acl", &registry().to_mosquitto()),
        );
        let config = file("mosquitto.conf", &config);
        // Debian keeps it where an ordinary user's PATH does not look.
        let debian = Path::new("/usr/sbin/mosquitto");
        let program = if debian.exists() {
            debian
        } else {
            Path::new("mosquitto")
        };
        let child = Command::new(program)
            .args(["-c", &config])
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("mosquitto: {error}; install Debian's package mosquitto")
            });
        Self {
            ca,
            addr,
            child,
            _directory: directory,
        }
    }

    fn config(&self, identity: &str, filter: &str) -> LinkConfig {
        link_config(self.addr, identity, &self.ca, self.ca.client(identity)).subscribe(filter)
    }

    async fn link(&self, identity: &str, filter: &str) -> (LinkSender, LinkReceiver) {
        RelayLink::connect(self.config(identity, filter))
            .await
            .unwrap()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It may be dead already, when the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_link_speaks_to_mosquitto() {
    let broker = Mosquitto::start();
    let (hub, mut hub_in) = broker.link("hub:a", "hydra/a/+/down").await;
    let up = "hydra/a/supplier/up";

    // Nobody has subscribed yet: the link offers it again until somebody has.
    let early = {
        let hub = hub.clone();
        tokio::spawn(async move { hub.publish(up, b"early".to_vec()).await })
    };
    let (supplier, mut supplier_in) = broker
        .link("provider:supplier", "hydra/+/supplier/up")
        .await;
    assert_eq!(
        take(&mut supplier_in).await,
        (up.to_owned(), b"early".to_vec())
    );
    early.await.unwrap().unwrap();

    for number in 0..300_u32 {
        let payload = vec![number.to_be_bytes()[3]; 5_000];
        supplier
            .publish("hydra/a/supplier/down", payload.clone())
            .await
            .unwrap();
        assert_eq!(take(&mut hub_in).await.1, payload);
    }

    // While the supplier is away, and what it held: all of it comes.
    hub.publish(up, b"in hand".to_vec()).await.unwrap();
    let in_hand = next(&mut supplier_in).await;
    drop((supplier, supplier_in));
    drop(in_hand);
    for number in 0..50_u8 {
        hub.publish(up, vec![number]).await.unwrap();
    }
    let (_supplier, mut supplier_in) = broker
        .link("provider:supplier", "hydra/+/supplier/up")
        .await;
    let mut payload = take(&mut supplier_in).await.1;
    if payload == b"early" {
        payload = take(&mut supplier_in).await.1;
    }
    assert_eq!(payload, b"in hand");
    for number in 0..50_u8 {
        assert_eq!(take(&mut supplier_in).await.1, [number]);
    }
}

/// With a long queue Mosquitto 2.0 oversteps the receive maximum and repeats within a connection: nothing may be lost over it.
#[tokio::test]
async fn the_link_bears_mosquitto_with_a_long_queue() {
    let broker = Mosquitto::start();
    let (hub, _hub_in) = broker.link("hub:a", "hydra/a/+/down").await;
    let (_supplier, mut supplier_in) = broker
        .link("provider:supplier", "hydra/+/supplier/up")
        .await;
    // Mosquitto keeps 1,000 for a client by default.
    for first in (0..900_u32).step_by(30) {
        let hub = hub.clone();
        tokio::spawn(async move {
            for number in first..first + 30 {
                let payload = number.to_be_bytes().to_vec();
                hub.publish("hydra/a/supplier/up", payload).await.unwrap();
            }
        });
    }
    let mut missing: BTreeSet<u32> = (0..900).collect();
    while !missing.is_empty() {
        let payload = take(&mut supplier_in).await.1;
        missing.remove(&u32::from_be_bytes(payload.try_into().unwrap()));
    }
}

#[tokio::test]
async fn mosquitto_keeps_the_registers_access_list() {
    let broker = Mosquitto::start();
    let (hub, _hub_in) = broker.link("hub:a", "hydra/a/+/down").await;
    let (other, _other_in) = broker.link("hub:b", "hydra/b/+/down").await;
    let (_supplier, mut supplier_in) = broker
        .link("provider:supplier", "hydra/+/supplier/up")
        .await;
    // Mosquitto grants any subscription and filters what it delivers.
    let (telecare, mut telecare_in) = broker.link("provider:telecare", "#").await;

    for (sender, topic) in [
        (&hub, "hydra/b/supplier/up"),
        (&other, "hydra/b/telecare/up"),
        (&telecare, "hydra/a/supplier/down"),
        (&telecare, "hydra/b/telecare/down"),
    ] {
        let refused = sender.publish(topic, b"forged".to_vec()).await.unwrap_err();
        assert_eq!(reason(&refused), Some(0x87), "{topic}");
    }
    hub.publish("hydra/a/supplier/up", b"for the supplier".to_vec())
        .await
        .unwrap();
    other
        .publish("hydra/b/supplier/up", b"for the supplier too".to_vec())
        .await
        .unwrap();
    hub.publish("hydra/a/telecare/up", b"for telecare".to_vec())
        .await
        .unwrap();
    assert_eq!(take(&mut telecare_in).await.1, b"for telecare");
    assert_eq!(take(&mut supplier_in).await.1, b"for the supplier");
    assert_eq!(take(&mut supplier_in).await.1, b"for the supplier too");
}
