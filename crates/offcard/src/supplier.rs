//! The energy supplier: agrees terms with a home, opens and closes its billing periods, and receives the figure.

use std::collections::BTreeMap;
use std::path::Path;

use hydra_crypto::sha256;
use hydra_gp::Install;
use hydra_message::{Purpose, Statement};
use hydra_tariff::{Period, PeriodError};
use hydra_wire::{Command, hex};
use serde::Serialize;

use crate::Seconds;
use crate::event::Event;
use crate::handover::Handover;
use crate::protocol;
use crate::provider::{Happened, Outbound, Provider, ProviderConfig, StateError};
use crate::verify::{Refusal, Verified};
use crate::wan::Party;

/// What supplier and household have agreed for a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The account, 1 to 32 bytes.
    pub account: String,
    /// The compiled tariff document (protocols §6).
    pub tariff: Vec<u8>,
    /// Start of the period, seconds UTC.
    pub from: u32,
    /// Its end, excluded.
    pub to: u32,
    /// Length of an interval, seconds.
    pub interval: u32,
}

/// Why terms can't be agreed.
#[derive(Debug, thiserror::Error)]
pub enum AgreeError {
    /// Bounds or interval.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// The supplier's state.
    #[error(transparent)]
    State(#[from] StateError),
}

/// How far a period is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The card has not confirmed the terms yet.
    Opening,
    /// Readings are billed.
    Open,
    /// The card has been told to close it.
    Closing,
    /// The card has closed it; the statement comes or came.
    Closed,
    /// The card refused; why.
    Failed(String),
}

/// A statement that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The figure.
    pub statement: Statement,
    /// Counter of the message.
    pub counter: u32,
    /// The COSE_Sign1.
    pub sign1: Vec<u8>,
    /// When it came.
    pub at: Seconds,
}

/// What the supplier knows, as `--json` shows it: the figure and nothing finer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SupplierView {
    /// What is to be paid.
    pub total_pence: u64,
    /// Whether signature, chain, attestation and counter hold.
    pub verified: bool,
    /// The signed statement, hexadecimal.
    pub cose: String,
}

/// The supplier.
#[derive(Debug)]
pub struct Supplier {
    engine: Provider,
    householders: BTreeMap<String, [u8; 65]>,
    accounts: BTreeMap<String, Account>,
}

#[derive(Debug)]
struct Account {
    /// What was agreed, period by period; the last is under way. A statement may come after the next period was agreed.
    terms: Vec<Terms>,
    progress: Progress,
    statements: Vec<Received>,
}

const OPEN: u32 = 1;
const CLOSE: u32 = 2;

const ACCOUNT: u16 = 0x8001;
const TARIFF_PART: u16 = 0x8002;
const TARIFF_COMPLETE: u16 = 0x8003;
const OPEN_PERIOD: u16 = 0x8004;
const CLOSE_PERIOD: u16 = 0x8005;
/// Bytes of the tariff document in one data grouping.
const PART: usize = 192;

impl Supplier {
    /// The supplier whose state is in `folder`, or in memory.
    pub fn open(folder: Option<&Path>, config: ProviderConfig) -> Result<Self, StateError> {
        let (engine, events) = Provider::open(folder, config)?;
        let mut supplier = Self {
            engine,
            householders: BTreeMap::new(),
            accounts: BTreeMap::new(),
        };
        for (record, event) in events.iter().enumerate() {
            if let Some(happened) = supplier.engine.replay(event) {
                supplier.happened(happened);
            } else if !supplier.replay(event) {
                return Err(supplier.engine.foreign(record, "not a supplier's event"));
            }
        }
        Ok(supplier)
    }

    fn replay(&mut self, event: &Event) -> bool {
        let Event::Terms {
            hub,
            householder,
            account,
            tariff,
            from,
            to,
            interval,
        } = event
        else {
            return false;
        };
        let terms = Terms {
            account: account.clone(),
            tariff: tariff.clone(),
            from: *from,
            to: *to,
            interval: *interval,
        };
        self.householders.insert(hub.clone(), *householder);
        self.begin(hub, terms);
        true
    }

    /// Takes a home over from the issuer. A second time it changes nothing.
    pub fn enrol(&mut self, handover: Handover) -> Result<(), StateError> {
        self.engine.enrol(handover)
    }

    /// Agrees terms with a home that was taken over: the card gets them, and a period is open once it has confirmed.
    /// `householder` is the point that copies are sealed to. The same terms again change nothing; a period that no card can bill is
    /// refused here already.
    pub fn agree(
        &mut self,
        hub: &str,
        householder: &[u8; 65],
        terms: Terms,
    ) -> Result<(), AgreeError> {
        Period::new(terms.from, terms.to, terms.interval)?;
        let known = self.accounts.get(hub);
        if known.is_some_and(|account| account.terms.last() == Some(&terms)) {
            return Ok(());
        }
        self.engine.keep(&Event::Terms {
            hub: hub.to_owned(),
            householder: *householder,
            account: terms.account.clone(),
            tariff: terms.tariff.clone(),
            from: terms.from,
            to: terms.to,
            interval: terms.interval,
        })?;
        self.householders.insert(hub.to_owned(), *householder);
        self.begin(hub, terms);
        Ok(())
    }

    fn begin(&mut self, hub: &str, terms: Terms) {
        let commands = self.opening(hub, &terms);
        let account = self
            .accounts
            .entry(hub.to_owned())
            .or_insert_with(|| Account {
                terms: Vec::new(),
                progress: Progress::Opening,
                statements: Vec::new(),
            });
        account.terms.push(terms);
        account.progress = Progress::Opening;
        self.engine.request(hub, OPEN, commands);
    }

    fn opening(&self, hub: &str, terms: &Terms) -> Vec<Command> {
        let (Some(handover), Some(householder)) =
            (self.engine.handover(hub), self.householders.get(hub))
        else {
            return Vec::new();
        };
        let mut commands = self.engine.domain_commands(hub, householder);
        commands.push(for_personalization(handover));
        let mut groupings = vec![(ACCOUNT, terms.account.as_bytes().to_vec())];
        for (number, part) in terms.tariff.chunks(PART).enumerate() {
            let offset = u16::try_from(number * PART).unwrap_or(u16::MAX);
            groupings.push((TARIFF_PART, [&offset.to_be_bytes(), part].concat()));
        }
        let length = u16::try_from(terms.tariff.len()).unwrap_or(u16::MAX);
        groupings.push((
            TARIFF_COMPLETE,
            [&length.to_be_bytes()[..], &sha256(&terms.tariff)].concat(),
        ));
        let period = [terms.from, terms.to, terms.interval].map(u32::to_be_bytes);
        groupings.push((OPEN_PERIOD, period.concat()));
        commands.extend(protocol::store_groupings(
            groupings.iter().map(|(id, value)| (*id, value.as_slice())),
        ));
        commands
    }

    /// Closes the period of a home: the card answers with the statement. Closing again what is closed changes nothing.
    pub fn close(&mut self, hub: &str) {
        let Some(account) = self.accounts.get_mut(hub) else {
            return;
        };
        if account.progress != Progress::Open {
            return;
        }
        account.progress = Progress::Closing;
        let Some(handover) = self.engine.handover(hub) else {
            return;
        };
        let mut commands = vec![for_personalization(handover)];
        commands.extend(protocol::store_groupings([(CLOSE_PERIOD, &[][..])]));
        self.engine.request(hub, CLOSE, commands);
    }

    /// How far a home's period is; `None` before terms are agreed.
    pub fn progress(&self, hub: &str) -> Option<&Progress> {
        self.accounts.get(hub).map(|account| &account.progress)
    }

    /// The statements of a home, oldest first.
    pub fn statements(&self, hub: &str) -> &[Received] {
        self.accounts
            .get(hub)
            .map_or(&[], |account| account.statements.as_slice())
    }

    /// The newest statement, as `--json` shows it.
    pub fn view(&self, hub: &str) -> Option<SupplierView> {
        let received = self.statements(hub).last()?;
        Some(SupplierView {
            total_pence: received.statement.total_pence,
            verified: self.engine.holds(hub, &received.sign1, received.at),
            cose: hex::encode(&received.sign1),
        })
    }

    /// The engine, for what it refused and what it received.
    pub fn engine(&self) -> &Provider {
        &self.engine
    }

    fn happened(&mut self, happened: Happened) {
        match happened {
            Happened::Nothing => {}
            Happened::Messages { hub, messages } => {
                for message in messages {
                    if let Err(why) = self.statement(&hub, message) {
                        self.engine.refuse(&hub, why);
                    }
                }
            }
            Happened::Answer { hub, task, result } => {
                let Some(account) = self.accounts.get_mut(&hub) else {
                    return;
                };
                let done = result
                    .and_then(|outcome| outcome.complete().map_err(|error| error.to_string()));
                account.progress = match (task, done) {
                    (OPEN, Ok(_)) => Progress::Open,
                    (_, Ok(_)) => Progress::Closed,
                    (_, Err(why)) => Progress::Failed(why),
                };
            }
        }
    }

    fn statement(&mut self, hub: &str, message: Verified) -> Result<(), Refusal> {
        let payload = &message.payload;
        if payload.purpose != Purpose::Statement {
            return Err(Refusal::Purpose(payload.purpose));
        }
        let statement = Statement::parse(&payload.claims).map_err(Refusal::Claims)?;
        let account = self
            .accounts
            .get_mut(hub)
            .ok_or(Refusal::Terms { what: "account" })?;
        let differs = |terms: &Terms| {
            [
                (
                    "period",
                    (statement.from, statement.to) == (terms.from, terms.to),
                ),
                ("account", statement.account == terms.account),
                ("tariff", statement.tariff_hash == sha256(&terms.tariff)),
            ]
            .into_iter()
            .find(|(_, same)| !same)
            .map(|(what, _)| what)
        };
        // Of the newest terms that fit, or what is wrong by the newest of all.
        let mut differences = account.terms.iter().rev().map(differs).peekable();
        let by_newest = differences.peek().copied().flatten();
        if !differences.any(|difference| difference.is_none()) {
            return Err(Refusal::Terms {
                what: by_newest.unwrap_or("account"),
            });
        }
        account.statements.push(Received {
            statement,
            counter: payload.counter,
            sign1: message.sign1,
            at: message.at,
        });
        Ok(())
    }
}

fn for_personalization(handover: &Handover) -> Command {
    hydra_gp::Command::Install(Install::Personalization(handover.instance.clone())).to_apdu()
}

impl Party for Supplier {
    fn deliver(&mut self, now: Seconds, hub: &str, frame: &[u8]) -> Result<(), StateError> {
        let happened = self.engine.deliver(now, hub, frame)?;
        self.happened(happened);
        Ok(())
    }

    fn outbound(&mut self) -> Result<Vec<Outbound>, StateError> {
        self.engine.outbound()
    }

    fn taken(&mut self, sent: &Outbound) -> Result<(), StateError> {
        self.engine.taken(&sent.hub, sent.correlation)
    }
}
