//! The demo's world: one home with its secure element and hub, the relay, and every server, as separate tasks in one process that meet
//! over real sockets on loopback.
//!
//! With a folder to keep, each part keeps its own state there and nothing else remembers: killed at any moment, the same world started again goes on.

mod error;
mod learnt;
mod measure;
mod pki;
mod plug;
mod vault;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hydra_crypto::SeededRandom;
use hydra_hub::{Hub, HubConfig};
use hydra_link::{LinkConfig, RelayLink, Topic};
use hydra_offcard::ca::{CertificationAuthority, TrustRoot};
use hydra_offcard::handover::Handover;
use hydra_offcard::home::HomeShell;
use hydra_offcard::householder::{Householder, HouseholderConfig};
use hydra_offcard::issuer::{self, CardIssuer, Plan};
use hydra_offcard::provider::ProviderConfig;
use hydra_offcard::supplier::{self, Supplier, Terms};
use hydra_offcard::telecare::{self, Telecare};
use hydra_offcard::verify::Speaker;
use hydra_offcard::wan::{Party, Shell};
use hydra_relay::{Registry, Relay, RelayConfig, RelayHandle};
use hydra_tariff::{Period, Tariff};
use tokio::time::sleep_until;

pub use self::error::WorldError;
use self::pki::Pki;
use self::plug::Plug;
use self::vault::Vault;
use crate::health::{self, BloodPressure, Weight};
use crate::meter::{self, Push};
use crate::outcome::Outcome;
use crate::readings::{Days, Reading};

const HUB: &str = "h1";
const ISSUER: &str = "issuer";
const SUPPLIER: &str = "supplier";
const TELECARE: &str = "telecare";
const HOUSEHOLDER: &str = "householder";
/// No stage goes this long without coming further; one that does has stalled, and says so.
const STALLED: Duration = Duration::from_secs(120);

const OUTBOX_CAP: &[u8] = include_bytes!("../../../applets/outbox/outbox.cap");
const ELECTRICITY_CAP: &[u8] = include_bytes!("../../../applets/electricity/electricity.cap");
const TELEHEALTH_CAP: &[u8] = include_bytes!("../../../applets/telehealth/telehealth.cap");

/// What to play.
#[derive(Clone, Debug)]
pub struct Play {
    /// The readings of the period, in order of time.
    pub readings: Vec<Reading>,
    /// Length of an interval, seconds.
    pub interval: u32,
    /// The period.
    pub days: Days,
    /// The tariff agreed for it.
    pub tariff: Tariff,
    /// Makes keys, salts, opening register and health values reproducible; without it the system's generator draws them.
    pub seed: Option<u64>,
    /// Where to leave, and find again, everything that lasts.
    pub keep: Option<PathBuf>,
}

/// How far the play is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Keys, certificates, card, relay and servers are being made.
    Starting,
    /// The issuer loads and installs the applets over the relay, and the providers personalise them.
    Provisioning,
    /// The devices play the period: this many of so many deliveries are confirmed.
    Playing {
        /// Confirmed deliveries.
        done: u64,
        /// All of them.
        of: u64,
    },
    /// The period is closed and the statement on its way.
    Closing,
    /// What the relay saw is searched.
    Searching,
}

/// Plays the period from the making of the card to the last message, and tells what every party has seen.
///
/// Must be called on a tokio runtime with time and I/O.
pub async fn play(play: Play, mut progress: impl FnMut(Stage)) -> Result<Outcome, WorldError> {
    let begun = Instant::now();
    progress(Stage::Starting);
    // Before anything is made or kept: no card could bill it.
    let (from, to) = play.days.bounds()?;
    Period::new(from, to, play.interval)?;
    let vault = Vault::open(play.keep.clone(), play.seed, &play)?;
    let script = Script::new(&play, &vault)?;
    let tape = Arc::new(measure::Tape::new(vault.folder("relay-saw")?));
    let pki = Pki::new()?;
    let relay = start_relay(&vault, &pki, tape.clone()).await?;
    let mut home = Home::start(&play, &vault, &pki, &relay).await?;
    vault.started()?;

    progress(Stage::Provisioning);
    home.provision(&play, &script).await?;
    home.deliver(&script, |done, of| progress(Stage::Playing { done, of }))
        .await?;
    progress(Stage::Closing);
    home.close(&script).await?;

    progress(Stage::Searching);
    let outcome = measure::outcome(&play, &script, &home, &relay, &tape, begun).await?;
    leave(&vault, &home, &outcome)?;
    home.hub.stop().await?;
    relay.shutdown().await?;
    Ok(outcome)
}

/// Leaves the opened messages in the folder, for any COSE library and FHIR server.
fn leave(vault: &Vault, home: &Home, outcome: &Outcome) -> Result<(), WorldError> {
    let statement = hydra_wire::hex::decode(&outcome.supplier.cose).unwrap_or_default();
    vault.leave_message("statement.cose", &statement)?;
    for (number, resource) in (1..).zip(&outcome.health) {
        vault.leave_message(
            &format!("observation-{number:03}.json"),
            resource.to_string().as_bytes(),
        )?;
    }
    let copies = home
        .householder
        .with(|householder| householder.copies().to_vec());
    for (number, copy) in (1..).zip(&copies) {
        vault.leave_message(&format!("householder-{number:03}.cose"), copy)?;
    }
    Ok(())
}

/// What the devices will say, and the names that the providers know the household by.
struct Script {
    account: String,
    patient: String,
    from: u32,
    to: u32,
    pushes: Vec<Push>,
    blood_pressures: Vec<BloodPressure>,
    weights: Vec<Weight>,
}

impl Script {
    fn new(play: &Play, vault: &Vault) -> Result<Self, WorldError> {
        let (from, to) = play.days.bounds()?;
        let opening = u64::from(u32::from_be_bytes(vault.draw("opening register")?) % 100_000_000);
        let mut values = SeededRandom::new(&vault.draw::<32>("health values")?);
        let name =
            |purpose| Ok::<_, WorldError>(hydra_wire::hex::encode(&vault.draw::<4>(purpose)?));
        Ok(Self {
            account: format!("canary-account-{}", name("account")?),
            patient: format!("canary-patient-{}", name("patient")?),
            from,
            to,
            pushes: meter::pushes(&play.readings, from, play.interval, opening)?,
            blood_pressures: health::blood_pressures(&mut values, from, to),
            weights: health::weights(&mut values, from, to),
        })
    }

    fn measurements(&self) -> usize {
        self.blood_pressures.len() + self.weights.len()
    }
}

async fn start_relay(
    vault: &Vault,
    pki: &Pki,
    tape: Arc<measure::Tape>,
) -> Result<RelayHandle, WorldError> {
    let mut registry = Registry::new();
    for provider in [ISSUER, SUPPLIER, TELECARE] {
        registry.serve(provider, HUB);
    }
    let credentials = pki.relay()?;
    vault.leave_certificate("link-ca", &pki.certificate())?;
    vault.leave_certificate("relay", &credentials.chain[0])?;
    let mut config = RelayConfig::new(
        pki.certificate(),
        credentials.chain,
        credentials.key,
        registry,
    );
    config.store = vault.folder("relay")?;
    config.tap = Some(tape);
    Ok(Relay::start(config).await?)
}

/// Everybody but the relay.
struct Home {
    hub: Hub<Plug>,
    issuer: Shell<CardIssuer>,
    supplier: Shell<Supplier>,
    telecare: Shell<Telecare>,
    householder: HomeShell,
    point: [u8; 65],
}

impl Home {
    async fn start(
        play: &Play,
        vault: &Vault,
        pki: &Pki,
        relay: &RelayHandle,
    ) -> Result<Self, WorldError> {
        let authority = CertificationAuthority::new(
            "Hydra demo card issuer",
            vault.key("issuer certification key")?,
        )?;
        vault.leave_certificate("issuer-root", authority.root())?;
        let trust = TrustRoot::new(authority.root())?;
        let plan = Plan::home(OUTBOX_CAP, ELECTRICITY_CAP, TELEHEALTH_CAP)?;
        let speakers = |card_id| {
            plan.duties
                .iter()
                .map(|duty| Speaker {
                    card_id,
                    domain: duty.domain.clone(),
                    instance: duty.instance.clone(),
                    code_hash: duty.package.code_hash,
                })
                .collect::<Vec<_>>()
        };
        let mut issuer = CardIssuer::open(
            vault.folder("issuer")?.as_deref(),
            authority,
            plan.clone(),
            vault.random("issuer")?,
        )?;
        let (card, card_id) = Plug::in_home(vault, &mut issuer)?;

        let links = Links { pki, relay, vault };
        let hub = Hub::start(HubConfig::new(HUB), card, links.hub().await?).await?;
        let provider = |name: &str| {
            Ok::<_, WorldError>(ProviderConfig {
                name: name.to_owned(),
                key: vault.key(name)?,
                root: trust.clone(),
                random: vault.random(name)?,
            })
        };
        let supplier = Supplier::open(vault.folder(SUPPLIER)?.as_deref(), provider(SUPPLIER)?)?;
        let telecare = Telecare::open(vault.folder(TELECARE)?.as_deref(), provider(TELECARE)?)?;
        let householder = Householder::open(
            vault.folder(HOUSEHOLDER)?.as_deref(),
            HouseholderConfig {
                name: HOUSEHOLDER.to_owned(),
                key: vault.key(HOUSEHOLDER)?,
                root: trust.clone(),
                speakers: speakers(card_id),
                tariff: play.tariff.clone(),
                interval: play.interval,
            },
        )?;
        let point = householder.point();
        Ok(Self {
            householder: HomeShell::connect(householder, hub.householder()).await?,
            issuer: links.shell(issuer, ISSUER).await?,
            supplier: links.shell(supplier, SUPPLIER).await?,
            telecare: links.shell(telecare, TELECARE).await?,
            hub,
            point,
        })
    }

    /// The issuer brings the card to its plan; the providers take over their domains.
    async fn provision(&mut self, play: &Play, script: &Script) -> Result<(), WorldError> {
        let issued = self.issuer.until(|issuer| match issuer.progress(HUB) {
            Some(issuer::Progress::Complete) => Some(Ok(())),
            Some(issuer::Progress::Failed(why)) => {
                Some(Err(WorldError::Refused { who: ISSUER, why }))
            }
            _ => None,
        });
        watch(&mut self.hub, "the card issuer", async { issued.await? }).await?;
        let handover = |provider: &'static str| -> Result<Handover, WorldError> {
            self.issuer
                .with(|issuer| issuer.handover(HUB, provider))
                .ok_or_else(|| WorldError::Refused {
                    who: provider,
                    why: "the issuer has handed nothing over".to_owned(),
                })
        };

        let terms = Terms {
            account: script.account.clone(),
            tariff: play.tariff.to_compiled(),
            from: script.from,
            to: script.to,
            interval: play.interval,
        };
        let (electricity, telehealth) = (handover(SUPPLIER)?, handover(TELECARE)?);
        let point = self.point;
        self.supplier.with(|supplier| {
            supplier.enrol(electricity)?;
            supplier.agree(HUB, &point, terms).map_err(WorldError::from)
        })?;
        self.telecare.with(|telecare| {
            telecare.enrol(telehealth)?;
            telecare.care_for(HUB, &point, &script.patient)
        })?;
        let opened = self
            .supplier
            .until(|supplier| match supplier.progress(HUB) {
                Some(supplier::Progress::Opening) | None => None,
                Some(supplier::Progress::Failed(why)) => Some(Err(WorldError::Refused {
                    who: SUPPLIER,
                    why: why.clone(),
                })),
                Some(_) => Some(Ok(())),
            });
        let ready = self
            .telecare
            .until(|telecare| match telecare.progress(HUB) {
                Some(telecare::Progress::Ready) => Some(Ok(())),
                Some(telecare::Progress::Failed(why)) => Some(Err(WorldError::Refused {
                    who: TELECARE,
                    why: why.clone(),
                })),
                _ => None,
            });
        watch(&mut self.hub, "the providers", async {
            opened.await??;
            ready.await?
        })
        .await
    }

    /// All devices play at once, each on its own connection.
    async fn deliver(
        &mut self,
        script: &Script,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<(), WorldError> {
        let of = (script.pushes.len() + script.measurements()) as u64;
        let counts = RefCell::new([0_u64; 3]);
        let progress = RefCell::new(&mut progress);
        let beat = Cell::new(Instant::now());
        let count = |device: usize, done: u64| {
            let mut counts = counts.borrow_mut();
            counts[device] = done;
            beat.set(Instant::now());
            (progress.borrow_mut())(counts.iter().sum(), of);
        };
        let (meter, monitor, scale) = (
            self.hub.meter(),
            self.hub.blood_pressure(),
            self.hub.scale(),
        );
        watch_beat(&mut self.hub, "the devices", &beat, async {
            let (meter, monitor, scale) = tokio::join!(
                meter::play(meter, &script.pushes, |done| count(0, done)),
                health::play_blood_pressures(monitor, &script.blood_pressures, |done| count(
                    1, done
                )),
                health::play_weights(scale, &script.weights, |done| count(2, done)),
            );
            meter.and(monitor).and(scale).map_err(WorldError::from)
        })
        .await
    }

    /// The supplier closes the period; every message is where it belongs when this returns.
    async fn close(&mut self, script: &Script) -> Result<(), WorldError> {
        self.supplier.with(|supplier| supplier.close(HUB));
        let statement = self.supplier.until(|supplier| {
            if let Some(supplier::Progress::Failed(why)) = supplier.progress(HUB) {
                return Some(Err(WorldError::Refused {
                    who: SUPPLIER,
                    why: why.clone(),
                }));
            }
            if let Some(refused) = supplier.engine().refused().first() {
                return Some(Err(WorldError::Refused {
                    who: SUPPLIER,
                    why: refused.why.to_string(),
                }));
            }
            let closed = supplier.progress(HUB) == Some(&supplier::Progress::Closed);
            (closed && !supplier.statements(HUB).is_empty()).then_some(Ok(()))
        });
        let expected = script.measurements();
        let record = self.telecare.until(|telecare| {
            if let Some(refused) = telecare.engine().refused().first() {
                return Some(Err(WorldError::Refused {
                    who: TELECARE,
                    why: refused.why.to_string(),
                }));
            }
            (telecare.engine().traffic().messages >= expected as u64).then_some(Ok(()))
        });
        let copies = self.householder.until(|householder| {
            if let Some(why) = householder.refused().first() {
                return Some(Err(WorldError::Refused {
                    who: HOUSEHOLDER,
                    why: why.to_string(),
                }));
            }
            (!householder.bills().is_empty() && householder.measurements().len() >= expected)
                .then_some(Ok(()))
        });
        watch(
            &mut self.hub,
            "the statement and the health record",
            async {
                statement.await??;
                record.await??;
                copies.await?
            },
        )
        .await
    }
}

/// Waits for `work`, but not longer than the hub lives, nor for ever.
async fn watch<R>(
    hub: &mut Hub<Plug>,
    what: &'static str,
    work: impl Future<Output = Result<R, WorldError>>,
) -> Result<R, WorldError> {
    watch_beat(hub, what, &Cell::new(Instant::now()), work).await
}

/// The same for work of any length, which tells when it has last come further.
async fn watch_beat<R>(
    hub: &mut Hub<Plug>,
    what: &'static str,
    beat: &Cell<Instant>,
    work: impl Future<Output = Result<R, WorldError>>,
) -> Result<R, WorldError> {
    let stalled = async {
        while beat.get().elapsed() < STALLED {
            sleep_until((beat.get() + STALLED).into()).await;
        }
    };
    tokio::select! {
        done = work => done,
        () = stalled => Err(WorldError::Stalled { what }),
        error = hub.failed() => Err(error.into()),
    }
}

/// Makes links to the relay.
struct Links<'a> {
    pki: &'a Pki,
    relay: &'a RelayHandle,
    vault: &'a Vault,
}

impl Links<'_> {
    fn config(&self, identity: &str) -> Result<LinkConfig, WorldError> {
        let credentials = self.pki.client(identity)?;
        self.vault
            .leave_certificate(&identity.replace(':', "-"), &credentials.chain[0])?;
        let address = self.relay.addr().to_string();
        Ok(LinkConfig::new(
            address,
            identity,
            self.pki.certificate(),
            credentials.chain,
            credentials.key,
        ))
    }

    async fn hub(&self) -> Result<(hydra_link::LinkSender, hydra_link::LinkReceiver), WorldError> {
        let config = self
            .config(&format!("hub:{HUB}"))?
            .subscribe(Topic::down(HUB, "+").to_string());
        Ok(RelayLink::connect(config).await?)
    }

    async fn shell<P: Party>(&self, party: P, name: &str) -> Result<Shell<P>, WorldError> {
        let config = self
            .config(&format!("provider:{name}"))?
            .subscribe(Topic::up("+", name).to_string());
        let (sender, receiver) = RelayLink::connect(config).await?;
        Ok(Shell::start(party, name, sender, receiver))
    }
}
