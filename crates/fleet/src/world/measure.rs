//! What each party has seen, counted and searched.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hydra_relay::{Passage, RelayHandle, Tap};
use hydra_wire::hex;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::vault::private;
use super::{HUB, Home, ISSUER, Play, Script, WorldError};
use crate::outcome::{Line, Outcome, Party, Relay, Statement, Supplier, Topic};
use crate::wiretap::Wiretap;

/// Everything that the relay handled inside TLS, one way of one connection after the other. With a folder it is there too, a file
/// each, so that what a killed run's relay saw is searched as well.
#[derive(Debug)]
pub(super) struct Tape {
    folder: Option<PathBuf>,
    /// Tells this run's files from those of earlier ones.
    run: u128,
    memory: Mutex<BTreeMap<(u64, bool), Vec<u8>>>,
}

impl Tape {
    /// An empty tape, or one that goes on with what is in the folder.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        let run = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        Self {
            folder,
            run,
            memory: Mutex::default(),
        }
    }

    /// All of it, stream by stream.
    fn streams(&self) -> Result<Vec<Vec<u8>>, WorldError> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut streams: Vec<_> = memory.values().cloned().collect();
        if let Some(folder) = &self.folder {
            let failed = |source| WorldError::File {
                path: folder.clone(),
                source,
            };
            for entry in fs::read_dir(folder).map_err(failed)? {
                streams.push(fs::read(entry.map_err(failed)?.path()).map_err(failed)?);
            }
        }
        Ok(streams)
    }
}

impl Tap for Tape {
    fn record(&self, connection: u64, passage: Passage, bytes: &[u8]) {
        let way = passage == Passage::In;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = &self.folder {
            let path = folder.join(format!(
                "{}-{connection}-{}",
                self.run,
                if way { "in" } else { "out" }
            ));
            let kept = private()
                .append(true)
                .open(path)
                .and_then(|mut file| file.write_all(bytes));
            if kept.is_ok() {
                return;
            }
        }
        memory
            .entry((connection, way))
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
    let plaintexts = plaintexts(play, script, home, &supplier, &statement, &health);
    let stats = relay.stats().await?;
    let (searched, plaintext_hits, control_found) = search(tape, &plaintexts, stats.topics.keys())?;
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

/// Everything that the relay must not see, in the forms it has on its way: the opened messages (COSE_Sign1) of supplier, telecare and
/// householder; each reading as the meter and the card have it; each measurement as its device, the card and the clinic have it; the bill
/// as the householder sees it, the tariff as the card gets it, and the two canaries.
fn plaintexts(
    play: &Play,
    script: &Script,
    home: &Home,
    supplier: &Supplier,
    statement: &Statement,
    health: &[Value],
) -> Vec<Vec<u8>> {
    let mut plaintexts = vec![
        script.account.clone().into_bytes(),
        script.patient.clone().into_bytes(),
        play.tariff.to_compiled(),
        hex::decode(&supplier.cose).unwrap_or_default(),
        json!(statement).to_string().into_bytes(),
    ];
    home.householder
        .with(|householder| plaintexts.extend_from_slice(householder.copies()));
    home.telecare
        .with(|telecare| plaintexts.extend_from_slice(telecare.originals(HUB)));
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
        ];
        plaintexts.push(command.concat());
        plaintexts.push(format!("{} {}", civil(push.start), push.register).into_bytes());
    }
    for pressure in &script.blood_pressures {
        plaintexts.push(pressure.to_bytes());
        let values = [pressure.systolic, pressure.diastolic, pressure.pulse];
        let values: Vec<u8> = values.into_iter().flat_map(u16::to_be_bytes).collect();
        plaintexts.push(measurement(2, pressure.id, pressure.time, &values));
    }
    for weight in &script.weights {
        plaintexts.push(weight.to_bytes());
        plaintexts.push(measurement(
            1,
            weight.id,
            weight.time,
            &weight.grams.to_be_bytes(),
        ));
    }
    plaintexts
}

/// A measurement as the applet's command has it.
fn measurement(kind: u8, id: u32, time: u32, values: &[u8]) -> Vec<u8> {
    [&[kind][..], &id.to_be_bytes(), &time.to_be_bytes(), values].concat()
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
) -> Result<(u64, u64, bool), WorldError> {
    let mut tap = Wiretap::new();
    for plaintext in plaintexts {
        tap.plant(plaintext);
    }
    // The recipient's name in a message is the port's name in its topic, which the relay routes by.
    for topic in topics {
        tap.known(topic.as_bytes());
    }
    let streams = tape.streams()?;
    let searched = streams.iter().map(|bytes| bytes.len() as u64).sum();
    let hits = streams.iter().map(|bytes| tap.hits(bytes)).sum();
    let longest = streams
        .iter()
        .max_by_key(|bytes| bytes.len())
        .map(Vec::as_slice)
        .unwrap_or_default();
    Ok((
        searched,
        hits,
        !longest.is_empty() && tap.control(longest, plaintexts),
    ))
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
