//! The simulated devices against a hub over sockets, and a second DLMS/COSEM implementation at either end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on has failed"
)]

mod card;
mod delivery;
mod peer;
#[allow(dead_code, reason = "its outputs are a matter of the hub's own tests")]
#[path = "../../../hub/tests/hub/terminal.rs"]
mod terminal;

use hydra_fleet::meter::{Push, pushes};
use hydra_fleet::readings::Reading;
use hydra_hub::{Hub, HubConfig};
use hydra_link::memory::Exchange;
use terminal::Terminal;

/// 2013-02-01.
const FROM: u32 = 1_359_676_800;

async fn hub(card: &Terminal) -> Hub<Terminal> {
    let link = Exchange::new().attach("hub:h1", &["hydra/h1/+/down"]);
    Hub::start(HubConfig::new("h1"), card.clone(), link)
        .await
        .unwrap()
}

/// Half-hours, every tenth of them repeated.
fn month(intervals: u32) -> Vec<Push> {
    let readings: Vec<Reading> = (0..intervals)
        .flat_map(|index| {
            let reading = Reading {
                start: FROM + 1_800 * index,
                wh: index * 7 % 1_000,
                repeated: false,
            };
            let again = Reading {
                repeated: true,
                ..reading
            };
            std::iter::once(reading).chain((index % 10 == 9).then_some(again))
        })
        .collect();
    pushes(&readings, FROM, 1_800, 4_321_000).unwrap()
}

/// What the card took from the meter: invocation id, start, register.
fn taken(card: &Terminal) -> Vec<Push> {
    card.with(|state| {
        state
            .taken
            .iter()
            .map(|(_, correlation, payload)| {
                let (id, rest) = payload.split_first_chunk().unwrap();
                let (start, register) = rest.split_first_chunk().unwrap();
                assert_eq!(u32::from_be_bytes(*id), *correlation);
                Push {
                    invocation: *correlation,
                    start: u32::from_be_bytes(*start),
                    register: u64::from_be_bytes(register.try_into().unwrap()),
                }
            })
            .collect()
    })
}
