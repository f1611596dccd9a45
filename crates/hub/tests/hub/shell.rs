//! The shell: devices, relay and householder over sockets on loopback.

use std::net::SocketAddr;

use hydra_hub::{Hub, HubConfig, Port, Status};
use hydra_link::memory::Exchange;
use hydra_wire::{Frame, FrameKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::terminal::Terminal;

/// A push of protocols.md §10: invocation 7, 2013-02-01 00:30 UTC, 123,456 Wh; and its confirmation.
const PUSH: &str = "000100010001001F0F40000007000202090C07DD0201FF001E00FF00000015000000000001E240";
const CONFIRM: &str = "0001000100010006104000000700";

fn bytes(text: &str) -> Vec<u8> {
    hydra_wire::hex::decode(text).unwrap()
}

async fn start(card: &Terminal, exchange: &Exchange) -> Hub<Terminal> {
    let link = exchange.attach("hub:h1", &["hydra/h1/+/down"]);
    Hub::start(HubConfig::new("h1"), card.clone(), link)
        .await
        .unwrap()
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut buffer = vec![0; count];
    stream.read_exact(&mut buffer).await.unwrap();
    buffer
}

async fn until(hub: &Hub<Terminal>, condition: impl FnMut(&Status) -> bool) -> Status {
    hub.watch().wait_for(condition).await.unwrap().clone()
}

#[tokio::test]
async fn a_push_is_confirmed_with_its_long_invoke_id() {
    let card = Terminal::personalised();
    let hub = start(&card, &Exchange::new()).await;
    let mut meter = connect(hub.meter()).await;
    // In pieces, as TCP may bring it; then again, as a meter does that missed the confirmation.
    for piece in bytes(PUSH).chunks(5) {
        meter.write_all(piece).await.unwrap();
        meter.flush().await.unwrap();
    }
    assert_eq!(read(&mut meter, 14).await, bytes(CONFIRM));
    meter.write_all(&bytes(PUSH)).await.unwrap();
    assert_eq!(read(&mut meter, 14).await, bytes(CONFIRM));
    assert_eq!(card.with(|state| state.taken.len()), 1);
    let status = until(&hub, |status| status.input(&Port::meter()).taken == 2).await;
    assert_eq!(status.input(&Port::meter()).repeated, 1);
    hub.stop().await.unwrap();
}

#[tokio::test]
async fn a_malformed_frame_drops_the_connection_and_nothing_else() {
    let card = Terminal::personalised();
    let hub = start(&card, &Exchange::new()).await;
    let mut meter = connect(hub.meter()).await;
    meter.write_all(&bytes(PUSH)).await.unwrap();
    read(&mut meter, 14).await;
    let mut broken = bytes(PUSH);
    broken[16] = 0x0A;
    meter.write_all(&broken).await.unwrap();
    assert_eq!(meter.read(&mut [0; 1]).await.unwrap_or(0), 0);
    let status = until(&hub, |status| status.malformed == 1).await;
    let words = status.last_malformed.unwrap();
    assert!(
        words.contains("meter.electricity") && words.contains("byte 39"),
        "{words}"
    );
    assert!(
        words.contains("at offset 16: the clock is no octet-string"),
        "{words}"
    );

    let mut meter = connect(hub.meter()).await;
    meter.write_all(&bytes(PUSH)).await.unwrap();
    assert_eq!(read(&mut meter, 14).await, bytes(CONFIRM));
    assert_eq!(card.with(|state| state.taken.len()), 1);
}

#[tokio::test]
async fn a_newer_connection_of_a_device_replaces_the_older() {
    let hub = start(&Terminal::personalised(), &Exchange::new()).await;
    let mut older = connect(hub.meter()).await;
    older.write_all(&bytes(PUSH)).await.unwrap();
    read(&mut older, 14).await;
    let mut newer = connect(hub.meter()).await;
    newer.write_all(&bytes(PUSH)).await.unwrap();
    assert_eq!(read(&mut newer, 14).await, bytes(CONFIRM));
    assert_eq!(older.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn health_devices_get_their_measurement_ids_back() {
    let card = Terminal::personalised();
    let hub = start(&card, &Exchange::new()).await;
    let mut monitor = connect(hub.blood_pressure()).await;
    monitor
        .write_all(&bytes("00162A350000000906780050005D00DD070201071E003E00"))
        .await
        .unwrap();
    assert_eq!(read(&mut monitor, 4).await, [0, 0, 0, 9]);
    let mut scale = connect(hub.scale()).await;
    scale
        .write_all(&bytes("00102A9D00000005021437DD070201071E00"))
        .await
        .unwrap();
    assert_eq!(read(&mut scale, 4).await, [0, 0, 0, 5]);
    let ports: Vec<Port> =
        card.with(|state| state.taken.iter().map(|taken| taken.0.clone()).collect());
    assert_eq!(ports, [Port::blood_pressure(), Port::scale()]);
    // A scale's characteristic has no business at the monitor's port.
    monitor
        .write_all(&bytes("00102A9D00000005021437DD070201071E00"))
        .await
        .unwrap();
    until(&hub, |status| status.malformed == 1).await;
}

#[tokio::test]
async fn readings_before_the_personalisation_are_confirmed_after_it() {
    let exchange = Exchange::new();
    let card = Terminal::default();
    let (issuer, mut responses) = exchange.attach("provider:issuer", &["hydra/+/issuer/up"]);
    let hub = start(&card, &exchange).await;
    let mut meter = connect(hub.meter()).await;
    meter.write_all(&bytes(PUSH)).await.unwrap();
    until(&hub, |status| status.input(&Port::meter()).put_off == 1).await;
    assert_eq!(card.with(|state| state.taken.len()), 0);

    let script = Frame {
        kind: FrameKind::Script,
        correlation: 77,
        payload: vec![0xAA, 0x00],
    };
    issuer
        .publish("hydra/h1/issuer/down", script.to_bytes())
        .await
        .unwrap();
    assert_eq!(read(&mut meter, 14).await, bytes(CONFIRM));
    let response = responses.recv().await.unwrap();
    let frame = Frame::parse(&response.payload).unwrap();
    assert_eq!(
        (frame.kind, frame.correlation),
        (FrameKind::ScriptResponse, 77)
    );
    assert_eq!(frame.payload, script.payload);
    response.done();
}

#[tokio::test]
async fn what_the_relay_garbles_is_counted_and_passed_over() {
    let exchange = Exchange::new();
    let card = Terminal::personalised();
    let (issuer, mut responses) = exchange.attach("provider:issuer", &["hydra/+/issuer/up"]);
    let hub = start(&card, &exchange).await;
    issuer
        .publish("hydra/h1/issuer/down", vec![9; 512])
        .await
        .unwrap();
    let message = Frame {
        kind: FrameKind::Message,
        correlation: 1,
        payload: vec![],
    };
    issuer
        .publish("hydra/h1/issuer/down", message.to_bytes())
        .await
        .unwrap();
    let script = Frame {
        kind: FrameKind::Script,
        correlation: 2,
        payload: vec![1],
    };
    issuer
        .publish("hydra/h1/issuer/down", script.to_bytes())
        .await
        .unwrap();
    let response = responses.recv().await.unwrap();
    assert_eq!(Frame::parse(&response.payload).unwrap().correlation, 2);
    response.done();
    let status = until(&hub, |status| status.malformed == 2).await;
    assert!(
        status
            .last_malformed
            .unwrap()
            .contains("kind 0x01 at offset 1")
    );
}

#[tokio::test]
async fn the_householder_gets_copies_in_order_across_connections() {
    let exchange = Exchange::new();
    let card = Terminal::personalised();
    for correlation in [11, 12, 13] {
        card.queue("householder", correlation);
        card.queue("supplier", correlation);
    }
    let (_sender, mut supplier) = exchange.attach("provider:supplier", &["hydra/+/supplier/up"]);
    let hub = start(&card, &exchange).await;
    for correlation in [11, 12, 13] {
        let delivery = supplier.recv().await.unwrap();
        assert_eq!(
            Frame::parse(&delivery.payload).unwrap().correlation,
            correlation
        );
        delivery.done();
    }
    until(&hub, |status| {
        status.output(&"supplier".parse().unwrap()).delivered == 3
    })
    .await;

    let mut page = connect(hub.householder()).await;
    let frame = |correlation: u32| {
        let mut frame = vec![0, 0, 0, 84];
        frame.extend(correlation.to_be_bytes());
        frame.extend(correlation.to_be_bytes().repeat(20));
        frame
    };
    assert_eq!(read(&mut page, 88).await, frame(11));
    page.write_all(&[0, 0, 0, 11]).await.unwrap();
    assert_eq!(read(&mut page, 88).await, frame(12));
    // Killed before it answered: the same again.
    drop(page);
    let mut page = connect(hub.householder()).await;
    for correlation in [12_u32, 13] {
        assert_eq!(read(&mut page, 88).await, frame(correlation));
        page.write_all(&correlation.to_be_bytes()).await.unwrap();
    }
    until(&hub, |status| {
        status.output(&Port::householder()).delivered == 3
    })
    .await;
    hub.stop().await.unwrap();
    assert_eq!(card.with(|state| state.queue.len()), 0);
}

#[tokio::test]
async fn a_stopped_hub_loses_nothing_that_was_not_delivered() {
    let exchange = Exchange::new();
    let card = Terminal::personalised();
    card.queue("supplier", 1);
    // Nobody takes the supplier's messages yet: the exchange keeps the publication waiting.
    let hub = start(&card, &exchange).await;
    let mut meter = connect(hub.meter()).await;
    meter.write_all(&bytes(PUSH)).await.unwrap();
    read(&mut meter, 14).await;
    drop(hub);
    assert_eq!(card.with(|state| state.queue.len()), 1);
    let (_sender, mut supplier) = exchange.attach("provider:supplier", &["hydra/+/supplier/up"]);
    let hub = start(&card, &exchange).await;
    let delivery = supplier.recv().await.unwrap();
    assert_eq!(Frame::parse(&delivery.payload).unwrap().correlation, 1);
    delivery.done();
    until(&hub, |status| {
        status.output(&"supplier".parse().unwrap()).delivered == 1
    })
    .await;
    hub.stop().await.unwrap();
    assert_eq!(card.with(|state| state.queue.len()), 0);
}
