//! The shells: a supplier on an exchange in memory, a householder on a socket.

use hydra_link::memory::Exchange;
use hydra_offcard::home::{HomeError, HomeShell};
use hydra_offcard::supplier::{Progress, Supplier};
use hydra_offcard::wan::Shell;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::household::householder;
use crate::pen::{FROM, HUB, Pen, config, householder_point, terms};
use crate::servers::Domain;

#[tokio::test]
async fn a_supplier_on_the_relay() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = Exchange::new();
    let mut pen = Pen::electricity();
    let mut domain = Domain::of(&pen);
    let (hub, mut to_hub) = exchange.attach("hub:h1", &["hydra/h1/+/down"]);
    let start = || {
        let supplier = Supplier::open(Some(folder.path()), config("supplier")).unwrap();
        let (sender, receiver) = exchange.attach("provider:supplier", &["hydra/+/supplier/up"]);
        Shell::start(supplier, "supplier", sender, receiver)
    };

    let shell = start();
    shell.with(|supplier| {
        supplier.enrol(pen.handover()).unwrap();
        supplier
            .agree(HUB, &householder_point(), terms(FROM, 1))
            .unwrap();
    });
    let script = to_hub.recv().await.unwrap();
    assert_eq!(script.topic, "hydra/h1/supplier/down");
    let answer = domain.answer(&script.payload);
    script.done();
    hub.publish("hydra/h1/supplier/up", answer).await.unwrap();
    shell
        .until(|supplier| (supplier.progress(HUB) == Some(&Progress::Open)).then_some(()))
        .await
        .unwrap();
    drop(shell);

    let (_, message, _) = pen.bill(FROM, 1);
    hub.publish("hydra/h1/supplier/up", message.frame())
        .await
        .unwrap();
    // The journal's lock goes with the task of the old shell.
    let shell = loop {
        match Supplier::open(Some(folder.path()), config("supplier")) {
            Ok(supplier) => {
                drop(supplier);
                break start();
            }
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let view = shell.until(|supplier| supplier.view(HUB)).await.unwrap();
    assert!(view.verified);
    shell.with(|supplier| supplier.close(HUB));
    let script = to_hub.recv().await.unwrap();
    let answer = domain.answer(&script.payload);
    script.done();
    hub.publish("hydra/h1/supplier/up", answer).await.unwrap();
    shell
        .until(|supplier| (supplier.progress(HUB) == Some(&Progress::Closed)).then_some(()))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_householder_at_the_hub() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shell = HomeShell::connect(householder(None), address)
        .await
        .unwrap();
    let (mut hub, _) = listener.accept().await.unwrap();
    let mut pen = Pen::electricity();
    let (batches, _, copy) = pen.bill(FROM, 2);
    for (correlation, written) in (7_u32..).zip(batches.iter().chain([&copy])) {
        let length = u32::try_from(written.sealed.len() + 4).unwrap();
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend(correlation.to_be_bytes());
        frame.extend(&written.sealed);
        // In two pieces, and twice, as after a lost acknowledgement.
        for _ in 0..2 {
            let (one, two) = frame.split_at(9);
            hub.write_all(one).await.unwrap();
            hub.flush().await.unwrap();
            hub.write_all(two).await.unwrap();
            let mut done = [0; 4];
            hub.read_exact(&mut done).await.unwrap();
            assert_eq!(done, correlation.to_be_bytes());
        }
    }
    let recomputed = shell
        .until(|householder| {
            let bill = householder.bills().first()?;
            Some(householder.view(bill).recomputed)
        })
        .await
        .unwrap();
    assert!(recomputed);
    assert_eq!(
        shell.with(|householder| householder.traffic().messages),
        batches.len() as u64 + 1
    );

    // A frame that is none ends the connection with a reason.
    hub.write_all(&[0, 0, 0, 3, 1, 2, 3]).await.unwrap();
    let ended = shell.until(|_| None::<()>).await;
    assert!(matches!(ended, Err(HomeError::Frame(3))), "{ended:?}");
}
