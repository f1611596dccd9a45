//! What each party has seen, counted and searched.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hydra_crypto::sha256;
use hydra_relay::{Passage, RelayHandle, Tap};
use hydra_tariff::Period;
use hydra_wire::hex;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::vault::private;
use super::{HUB, Home, Play, SUPPLIER, Script, WorldError, learnt};
use crate::figure::{Agreed, figure_alone};
use crate::outcome::{Line, Outcome, Relay, Statement, Supplier, Topic};
use crate::overheard::Heard;
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
    fn streams(&self) -> Result<Vec<Stream>, WorldError> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut streams: Vec<_> = memory
            .iter()
            .map(|((_, way), bytes)| Stream {
                sent: *way,
                bytes: bytes.clone(),
            })
            .collect();
        if let Some(folder) = &self.folder {
            let failed = |path: &Path| {
                let path = path.to_owned();
                |source| WorldError::File { path, source }
            };
            for entry in fs::read_dir(folder).map_err(failed(folder))? {
                let path = entry.map_err(failed(folder))?.path();
                streams.push(Stream {
                    sent: path.to_string_lossy().ends_with("-in"),
                    bytes: fs::read(&path).map_err(failed(&path))?,
                });
            }
        }
        Ok(streams)
    }
}

/// One way of one connection.
pub(super) struct Stream {
    /// The client sent it; else the relay.
    pub(super) sent: bool,
    pub(super) bytes: Vec<u8>,
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
    let supplier = supplier(play, script, home)?;
    let health = health(home);
    let plaintexts = plaintexts(play, script, home, &supplier, &statement, &health);
    let stats = relay.stats().await?;
    let streams = tape.streams()?;
    let overheard = learnt::overheard(&streams, &stats);
    if let (Some(folder), None) = (&tape.folder, &overheard) {
        return Err(WorldError::Lost {
            path: folder.clone(),
        });
    }
    let overheard = overheard.unwrap_or_default();
    let (searched, plaintext_hits, control_found) =
        search(&streams, &plaintexts, stats.topics.keys());
    let topics: Vec<_> = stats
        .topics
        .iter()
        .map(|(name, traffic)| Topic {
            name: name.clone(),
            messages: traffic.messages,
            bytes: traffic.bytes,
            readable: overheard
                .topics
                .get(name)
                .map(Heard::words)
                .unwrap_or_default(),
        })
        .collect();
    let relay = Relay {
        messages: stats.messages(),
        bytes: stats.bytes(),
        plaintext_hits,
        searched,
        control_found,
        topics,
        commands: overheard.commands().collect(),
        clear: overheard.clear().collect(),
    };
    let mut outcome = Outcome {
        parties: Vec::new(),
        statement,
        supplier,
        health,
        relay,
        wrong: Vec::new(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    learnt::weigh(&mut outcome, home, &overheard);
    Ok(outcome)
}

/// What the supplier has, and whether it is the figure alone.
fn supplier(play: &Play, script: &Script, home: &Home) -> Result<Supplier, WorldError> {
    let missing = || WorldError::Stalled {
        what: "the supplier",
    };
    let copy = home
        .householder
        .with(|householder| householder.bills().last().map(|bill| bill.sign1.clone()))
        .ok_or_else(missing)?;
    let period = Period::new(script.from, script.to, play.interval)?;
    home.supplier
        .with(|supplier| {
            let agreed = Agreed {
                recipient: SUPPLIER.to_owned(),
                from: script.from,
                to: script.to,
                account: script.account.clone(),
                tariff_hash: sha256(&play.tariff.to_compiled()),
                slots: period.slots(),
                chain: supplier.engine().handover(HUB)?.chain.clone(),
            };
            let view = supplier.view(HUB)?;
            let received = supplier.statements(HUB).last()?;
            Some(Supplier {
                total_pence: view.total_pence,
                verified: view.verified,
                cose: view.cose,
                finer: figure_alone(&received.sign1, &copy, &agreed)
                    .err()
                    .map(|finer| finer.to_string()),
            })
        })
        .ok_or_else(missing)
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
    streams: &[Stream],
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
    let searched = streams.iter().map(|stream| stream.bytes.len() as u64).sum();
    let hits = streams.iter().map(|stream| tap.hits(&stream.bytes)).sum();
    let longest = streams
        .iter()
        .map(|stream| stream.bytes.as_slice())
        .max_by_key(|bytes| bytes.len())
        .unwrap_or_default();
    (
        searched,
        hits,
        !longest.is_empty() && tap.control(longest, plaintexts),
    )
}
