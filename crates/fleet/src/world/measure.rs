//! What each party has seen, counted and searched.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hydra_relay::{Passage, RelayHandle, Tap};
use hydra_wire::hex;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{HUB, Home, ISSUER, Play, Script, WorldError};
use crate::outcome::{Line, Outcome, Party, Relay, Statement, Supplier, Topic};
use crate::wiretap::Wiretap;

/// Everything that the relay handled inside TLS, one way of one connection after the other.
#[derive(Debug, Default)]
pub(super) struct Tape(Mutex<BTreeMap<(u64, bool), Vec<u8>>>);

impl Tap for Tape {
    fn record(&self, connection: u64, passage: Passage, bytes: &[u8]) {
        let mut tapes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tapes
            .entry((connection, passage == Passage::In))
            .or_default()
            .extend_from_slice(bytes);
    }
}

/// Asks everybody what they have.
pub(super) async fn outcome(
    play: &Play,
    script: &Script,
    home: &Home,
    relay: &RelayHandle,
    tape: &Tape,
    begun: Instant,
) -> Result<Outcome, WorldError> {
    let statement = statement(play, home)?;
    let supplier = home
        .supplier
        .with(|supplier| supplier.view(HUB))
        .map(|view| Supplier {
            total_pence: view.total_pence,
            verified: view.verified,
            cose: view.cose,
        })
        .ok_or(WorldError::Stalled {
            what: "the supplier",
        })?;
    let health = health(home);
    let plaintexts = plaintexts(script, home, &supplier, &statement, &health);
    let stats = relay.stats().await?;
    let (searched, plaintext_hits, control_found) = search(tape, &plaintexts, stats.topics.keys());
    let topics: Vec<_> = stats
        .topics
        .iter()
        .map(|(name, traffic)| Topic {
            name: name.clone(),
            messages: traffic.messages,
            bytes: traffic.bytes,
        })
        .collect();
    let relay = Relay {
        messages: stats.messages(),
        bytes: stats.bytes(),
        plaintext_hits,
        searched,
        control_found,
        topics,
    };
    Ok(Outcome {
        parties: parties(home, &relay),
        statement,
        supplier,
        health,
        relay,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

fn statement(play: &Play, home: &Home) -> Result<Statement, WorldError> {
    let view = home
        .householder
        .with(|householder| {
            householder
                .bills()
                .last()
                .map(|bill| householder.view(bill))
        })
        .ok_or(WorldError::Stalled {
            what: "the householder's copy",
        })?;
    Ok(Statement {
        from: play.days.from.to_string(),
        to: play.days.to.to_string(),
        account: view.account,
        tariff: view.tariff,
        lines: view
            .lines
            .into_iter()
            .map(|line| Line {
                name: line.name,
                wh: line.wh,
                pence: line.pence,
            })
            .collect(),
        standing_pence: view.standing_pence,
        vat_pence: view.vat_pence,
        total_pence: view.total_pence,
        missing_intervals: view.missing_intervals.into(),
        repeated_intervals: view.repeated_intervals.into(),
        opening_wh: view.opening_wh,
        closing_wh: view.closing_wh,
        authenticated: view.authenticated,
        recomputed: view.recomputed,
    })
}

/// In order of time: the devices' tasks reach the card in no fixed order.
fn health(home: &Home) -> Vec<Value> {
    let mut resources: Vec<Value> = home.telecare.with(|telecare| {
        telecare
            .observations(HUB)
            .iter()
            .filter_map(|observation| serde_json::to_value(observation).ok())
            .collect()
    });
    resources.sort_by_key(|resource| {
        let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
        (text("effectiveDateTime"), text("id"))
    });
    resources
}

/// Everything that the relay must not see, in the forms it has on its way: the statement, each reading as meter, card and householder have it,
/// each measurement as its device, the card and the clinic have it, and the two canaries in them.
fn plaintexts(
    script: &Script,
    home: &Home,
    supplier: &Supplier,
    statement: &Statement,
    health: &[Value],
) -> Vec<Vec<u8>> {
    let mut plaintexts = vec![
        script.account.clone().into_bytes(),
        script.patient.clone().into_bytes(),
        hex::decode(&supplier.cose).unwrap_or_default(),
        json!(statement).to_string().into_bytes(),
    ];
    plaintexts.extend(
        health
            .iter()
            .map(|resource| resource.to_string().into_bytes()),
    );
    for push in &script.pushes {
        plaintexts.push(push.to_bytes());
        let command = [
            &push.invocation.to_be_bytes()[..],
            &push.start.to_be_bytes(),
            &push.register.to_be_bytes(),
        ]
        .concat();
        plaintexts.push(command);
    }
    plaintexts.extend(
        script
            .blood_pressures
            .iter()
            .map(|measurement| measurement.to_bytes()),
    );
    plaintexts.extend(
        script
            .weights
            .iter()
            .map(|measurement| measurement.to_bytes()),
    );
    home.householder.with(|householder| {
        for (start, wh) in householder.bills().iter().flat_map(|bill| &bill.intervals) {
            plaintexts.push([start.to_be_bytes(), wh.to_be_bytes()].concat());
            plaintexts.push(interval_cbor(*start, *wh));
            plaintexts.push(format!("{} {wh}", civil(*start)).into_bytes());
        }
    });
    plaintexts
}

/// `[start, Wh]` as the intervals message has it.
fn interval_cbor(start: u32, wh: u32) -> Vec<u8> {
    let mut bytes = vec![0x82, 0x1A];
    bytes.extend(start.to_be_bytes());
    match u16::try_from(wh) {
        Ok(wh) if wh > 255 => bytes.extend([&[0x19][..], &wh.to_be_bytes()].concat()),
        _ => bytes.extend([&[0x1A][..], &wh.to_be_bytes()].concat()),
    }
    bytes
}

fn civil(seconds: u32) -> String {
    let time = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(seconds.into());
    TimeZone::UTC.to_datetime(time).to_string()
}

/// Bytes searched, hits, and whether the control was found.
fn search<'a>(
    tape: &Tape,
    plaintexts: &[Vec<u8>],
    topics: impl Iterator<Item = &'a String>,
) -> (u64, u64, bool) {
    let mut tap = Wiretap::new();
    for plaintext in plaintexts {
        tap.plant(plaintext);
    }
    // The recipient's name in a message is the port's name in its topic, which the relay routes by.
    for topic in topics {
        tap.known(topic.as_bytes());
    }
    let tapes = tape.0.lock().unwrap_or_else(PoisonError::into_inner);
    let searched = tapes.values().map(|bytes| bytes.len() as u64).sum();
    let hits = tapes.values().map(|bytes| tap.hits(bytes)).sum();
    let longest = tapes
        .values()
        .max_by_key(|bytes| bytes.len())
        .map(Vec::as_slice)
        .unwrap_or_default();
    (
        searched,
        hits,
        !longest.is_empty() && tap.control(longest, plaintexts),
    )
}

fn parties(home: &Home, relay: &Relay) -> Vec<Party> {
    let issuer = format!("hydra/{HUB}/{ISSUER}/up");
    let answers = relay.topics.iter().find(|topic| topic.name == issuer);
    let supplier = home.supplier.with(|supplier| supplier.engine().traffic());
    let telecare = home.telecare.with(|telecare| telecare.engine().traffic());
    let householder = home.householder.with(|householder| householder.traffic());
    let party = |name: &str, messages, bytes, learnt: &str| Party {
        name: name.to_owned(),
        messages,
        bytes,
        learnt: learnt.to_owned(),
    };
    vec![
        party(
            "householder",
            householder.messages,
            householder.bytes,
            "everything",
        ),
        party(
            "energy supplier",
            supplier.messages,
            supplier.bytes,
            "one figure a period",
        ),
        party(
            "telecare",
            telecare.messages,
            telecare.bytes,
            "its patient's measurements",
        ),
        party(
            "card issuer",
            answers.map_or(0, |topic| topic.messages),
            answers.map_or(0, |topic| topic.bytes),
            "the card's inventory",
        ),
        party(
            "relay",
            relay.messages,
            relay.bytes,
            "who, when, size class",
        ),
    ]
}
