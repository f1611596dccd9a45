//! The hub around a real card: what it needs of the virtual terminal is what the card does.

use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig};
use hydra_crypto::SeededRandom;
use hydra_hub::{Hub, HubConfig, Port};
use hydra_link::memory::Exchange;
use hydra_wire::{Command, Frame, FrameKind, hex, tlv};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::month;

fn script(correlation: u32, commands: &[Command]) -> Vec<u8> {
    let mut value = Vec::new();
    for command in commands {
        tlv::push(&mut value, 0x22, &command.to_bytes());
    }
    let frame = Frame {
        kind: FrameKind::Script,
        correlation,
        payload: tlv::object(0xAA, &value),
    };
    frame.to_bytes()
}

#[tokio::test]
async fn a_script_runs_once_and_its_response_leaves_once() {
    let random = Box::new(SeededRandom::new(b"card"));
    let config = CardConfig::default();
    let (card, record) = Card::create(Box::new(MemoryStorage::new()), random, config).unwrap();
    let exchange = Exchange::new();
    let (issuer, mut responses) = exchange.attach("provider:issuer", &["hydra/+/issuer/up"]);
    let hub = |card| {
        let link = exchange.attach("hub:h1", &["hydra/h1/+/down"]);
        Hub::start(HubConfig::new("h1"), card, link)
    };
    let running = hub(card).await.unwrap();

    // A meter without a route waits.
    let mut meter = TcpStream::connect(running.meter()).await.unwrap();
    meter.write_all(&month(1)[0].to_bytes()).await.unwrap();
    let waits = |status: &hydra_hub::Status| status.input(&Port::meter()).put_off == 1;
    running.watch().wait_for(waits).await.unwrap();

    // GET DATA of the card id, delivered twice, as the relay may.
    let card_id = Command::new(0x80, 0xCA, 0xDF, 0x21).with_le(256);
    let down = script(5, &[card_id]);
    issuer
        .publish("hydra/h1/issuer/down", down.clone())
        .await
        .unwrap();
    issuer.publish("hydra/h1/issuer/down", down).await.unwrap();
    let another = script(6, &[]);
    issuer
        .publish("hydra/h1/issuer/down", another.clone())
        .await
        .unwrap();
    let mut correlations = Vec::new();
    for _ in 0..2 {
        let delivery = responses.recv().await.unwrap();
        let frame = Frame::parse(&delivery.payload).unwrap();
        assert_eq!(frame.kind, FrameKind::ScriptResponse);
        if frame.correlation == 5 {
            let response = hex::encode(&frame.payload);
            assert!(
                response.contains(&hex::encode(&record.card_id)),
                "{response}"
            );
        }
        correlations.push(frame.correlation);
        delivery.done();
    }
    assert_eq!(correlations, [5, 6]);
    let port: Port = "issuer".parse().unwrap();
    let delivered = |status: &hydra_hub::Status| status.output(&port).delivered == 2;
    running.watch().wait_for(delivered).await.unwrap();

    // The same card in a hub started again: what was delivered does not come again, what is new does.
    let card = running.stop().await.unwrap();
    let running = hub(card).await.unwrap();
    issuer
        .publish("hydra/h1/issuer/down", another)
        .await
        .unwrap();
    issuer
        .publish("hydra/h1/issuer/down", script(7, &[]))
        .await
        .unwrap();
    let delivery = responses.recv().await.unwrap();
    assert_eq!(Frame::parse(&delivery.payload).unwrap().correlation, 7);
    delivery.done();
    running.stop().await.unwrap();
}
