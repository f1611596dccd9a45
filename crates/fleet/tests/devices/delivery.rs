use std::net::{Ipv4Addr, SocketAddr};

use hydra_crypto::SeededRandom;
use hydra_fleet::{DeviceError, health, meter};
use hydra_hub::Port;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::terminal::Terminal;
use crate::{FROM, hub, month, taken};

#[tokio::test]
async fn every_push_is_taken_in_order_and_a_second_play_changes_nothing() {
    let card = Terminal::personalised();
    let hub = hub(&card).await;
    let pushes = month(500);
    let mut heard = Vec::new();
    meter::play(hub.meter(), &pushes, |confirmed| heard.push(confirmed))
        .await
        .unwrap();
    assert_eq!(taken(&card), pushes);
    assert_eq!(heard.last(), Some(&551));
    assert!(heard.is_sorted());

    meter::play(hub.meter(), &pushes, |_| ()).await.unwrap();
    assert_eq!(taken(&card), pushes);
    let expected = |status: &hydra_hub::Status| {
        let count = status.input(&Port::meter());
        (count.taken, count.repeated) == (1_102, 551)
    };
    hub.watch().wait_for(expected).await.unwrap();
}

#[tokio::test]
async fn health_measurements_arrive_as_they_were_drawn() {
    let card = Terminal::personalised();
    let hub = hub(&card).await;
    let mut random = SeededRandom::new(b"7");
    let to = FROM + 28 * 86_400;
    let pressures = health::blood_pressures(&mut random, FROM, to);
    let weights = health::weights(&mut random, FROM, to);
    health::play_blood_pressures(hub.blood_pressure(), &pressures, |_| ())
        .await
        .unwrap();
    health::play_weights(hub.scale(), &weights, |_| ())
        .await
        .unwrap();

    // The applet's measurement (protocols.md §5), from what was drawn.
    let mut expected = Vec::new();
    for pressure in &pressures {
        let mut payload = vec![2];
        payload.extend(pressure.id.to_be_bytes());
        payload.extend(pressure.time.to_be_bytes());
        for value in [pressure.systolic, pressure.diastolic, pressure.pulse] {
            payload.extend(value.to_be_bytes());
        }
        expected.push((Port::blood_pressure(), pressure.id, payload));
    }
    for weight in &weights {
        let mut payload = vec![1];
        for value in [weight.id, weight.time, weight.grams] {
            payload.extend(value.to_be_bytes());
        }
        expected.push((Port::scale(), weight.id, payload));
    }
    assert_eq!(card.with(|state| state.taken.clone()), expected);
}

#[tokio::test]
async fn what_a_broken_connection_left_unconfirmed_goes_again() {
    let card = Terminal::personalised();
    let hub = hub(&card).await;
    let pushes = month(300);
    // Cut off within a frame, within a confirmation, at once, and then later each time.
    let cut = cutting(hub.meter(), &[30, 1, 0, 45, 500, 777, 1_000]).await;
    meter::play(cut, &pushes, |_| ()).await.unwrap();
    assert_eq!(taken(&card), pushes);
}

/// A proxy to the hub. Its first connections break after so many bytes of confirmations; later ones hold.
async fn cutting(hub: SocketAddr, cuts: &'static [u64]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut cuts = cuts.iter();
        loop {
            let (device, _) = listener.accept().await.unwrap();
            let up = TcpStream::connect(hub).await.unwrap();
            let limit = cuts.next().copied().unwrap_or(u64::MAX);
            let (mut from_device, mut to_device) = device.into_split();
            let (from_hub, mut to_hub) = up.into_split();
            let mut confirmations = from_hub.take(limit);
            tokio::select! {
                _ = tokio::io::copy(&mut from_device, &mut to_hub) => {}
                _ = tokio::io::copy(&mut confirmations, &mut to_device) => {}
            }
        }
    });
    address
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_stays_away_is_given_up() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = meter::play(address, &month(1), |_| ()).await.unwrap_err();
    assert!(
        matches!(error, DeviceError::GaveUp { hub, waiting: 0, .. } if hub == address),
        "{error}"
    );
}

#[tokio::test]
async fn a_hub_that_confirms_something_else_is_not_believed() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let liar = async {
        let (mut meter, _) = listener.accept().await.unwrap();
        meter.read_exact(&mut [0; 39]).await.unwrap();
        let second = [0, 1, 0, 1, 0, 1, 0, 6, 0x10, 0x40, 0, 0, 2, 0];
        meter.write_all(&second).await.unwrap();
        meter
    };
    let pushes = month(2);
    let (_held, result) = tokio::join!(liar, meter::play(address, &pushes, |_| ()));
    let error = result.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it confirmed 0x40000002 instead of 0x40000001"),
        "{error}"
    );
}
