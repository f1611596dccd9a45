//! Power fails before, after and in the middle of every single write of what real applets do: at and inside each sector,
//! with sectors of the write and writes before it lost ([`PowerCut::cuts`]). The card comes back in the state before the
//! command or after it, and goes on to the same end.

use hydra_cap::CapFile;
use hydra_card::InventoryEntry;
use hydra_card::nvm::ImageKey;
use hydra_gp::KeySet;
use hydra_testkit::{Issued, PowerCut};
use hydra_wire::{Aid, Command, Response};

use crate::host::{aid, key_set};

const PURSE: &str = "F048594452F00601";

/// What of a card's state its applets and its issuer can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    registry: Vec<InventoryEntry>,
    free: usize,
    /// Version of the keys that open the issuer security domain.
    keys: u8,
    purse: Option<Purse>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Purse {
    balance: i16,
    spent: i16,
    payments: i16,
    memo: Vec<u8>,
    tries: u8,
    /// Which of the PINs is the purse's.
    pin: Option<usize>,
    /// How many notes there are; their applet has looked whether they are whole.
    notes: i16,
}

/// The purse's PINs, the first one first.
const PINS: [&[u8]; 2] = [&[1, 2, 3, 4], &[5, 6, 7]];

/// One thing that is done; an error if the card did not answer as it must.
type Step = Box<dyn Fn(&mut Issued) -> Result<(), String>>;

fn purse_cap() -> CapFile {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../vectors/runtime/purse/purse.cap"
    );
    CapFile::from_zip(&std::fs::read(path).expect("committed")).expect("a CAP file")
}

fn command(ins: u8, p1: u8, p2: u8, data: &[u8]) -> Command {
    let command = Command::new(0x80, ins, p1, p2);
    if data.is_empty() {
        command
    } else {
        command.with_data(data)
    }
}

fn expect(response: &Response, sw: u16) -> Result<(), String> {
    if response.sw.0 == sw {
        Ok(())
    } else {
        Err(format!("{response:02X?} instead of {sw:04X}"))
    }
}

/// Selects the purse and sends commands, each of which has this status word.
fn ask(commands: Vec<(Command, u16)>) -> Step {
    Box::new(move |issued| {
        expect(&issued.select(&aid(PURSE)), 0x9000)?;
        for (command, sw) in &commands {
            expect(&issued.send(command), *sw)?;
        }
        Ok(())
    })
}

fn verify(pin: &[u8], sw: u16) -> (Command, u16) {
    (command(0x20, 0, 0, pin), sw)
}

fn pay(amount: i16, sw: u16) -> (Command, u16) {
    let [p1, p2] = amount.to_be_bytes();
    (command(0x30, p1, p2, &[]), sw)
}

fn load() -> Step {
    Box::new(|issued| issued.load(&purse_cap()).map_err(|error| error.to_string()))
}

fn install() -> Step {
    Box::new(|issued| {
        let purse = aid(PURSE);
        let package = purse_cap().aid().clone();
        let installed = issued.install(&package, &purse, &purse, &[]);
        installed.map_err(|error| error.to_string())
    })
}

fn delete(name: Aid) -> Step {
    Box::new(move |issued| issued.delete(&name).map_err(|error| error.to_string()))
}

/// The keys that a card whose issuer changes them may have.
fn key_sets(issued: &Issued) -> [KeySet; 2] {
    [issued.record.issuer_keys.clone(), key_set(0x31, 7)]
}

/// Replaces the issuer's keys.
fn put_keys() -> Step {
    Box::new(|issued| {
        let [old, new] = key_sets(issued);
        let put = issued.session(|client| client.put_keys(old.version, &new));
        put.map_err(|error| error.to_string())
    })
}

/// A card and what is done to it.
struct Scenario {
    issued: Issued,
    steps: Vec<Step>,
    /// The states before the first step and after each.
    states: Vec<State>,
}

impl Scenario {
    /// Takes a card as it is and finds out what it is to go through.
    fn new(mut issued: Issued, steps: Vec<Step>) -> Self {
        issued.power_cycle().expect("it starts");
        let mut scenario = Self {
            issued,
            steps,
            states: Vec::new(),
        };
        let mut content = (
            scenario.issued.medium.restart(),
            scenario.issued.medium.counted(),
        );
        let state = scenario.observe(&content);
        scenario.states.push(state);
        let mut steps = std::mem::take(&mut scenario.steps);
        for (index, step) in steps.iter().enumerate() {
            let (image, counter) = content;
            let medium = PowerCut::cut_with_counter(image, counter, None);
            scenario.issued.open(medium).expect("it starts");
            step(&mut scenario.issued).unwrap_or_else(|said| panic!("step {index}: {said}"));
            content = (
                scenario.issued.medium.restart(),
                scenario.issued.medium.counted(),
            );
            let state = scenario.observe(&content);
            scenario.states.push(state);
        }
        scenario.steps.append(&mut steps);
        scenario
    }

    /// Looks at a copy.
    fn observe(&mut self, content: &(hydra_card::nvm::MemoryStorage, u64)) -> State {
        let (image, counter) = content;
        let again = |issued: &mut Issued| {
            let medium = PowerCut::cut_with_counter(image.clone(), *counter, None);
            issued
                .open(medium)
                .unwrap_or_else(|error| panic!("the card does not start: {error}"));
        };
        let issued = &mut self.issued;
        again(issued);
        let inventory = issued.card.inventory();
        let keys: Vec<u8> = key_sets(issued)
            .iter()
            .filter(|keys| {
                let old = std::mem::replace(&mut issued.record.issuer_keys, (*keys).clone());
                let opened = issued.session(|_| Ok(())).is_ok();
                issued.record.issuer_keys = old;
                opened
            })
            .map(|keys| keys.version)
            .collect();
        assert_eq!(keys.len(), 1, "one key set opens the domain");
        let there = inventory
            .entries
            .iter()
            .any(|entry| entry.aid == aid(PURSE));
        let purse = there.then(|| {
            again(issued);
            assert!(issued.select(&aid(PURSE)).sw.is_success());
            let state = issued.send(&command(0x40, 0, 0, &[]).with_le(256));
            let notes = issued.send(&command(0x54, 0, 0, &[]).with_le(256));
            assert!(state.sw.is_success() && notes.sw.is_success(), "{notes:?}");
            let short = |at: usize| i16::from_be_bytes([state.data[at], state.data[at + 1]]);
            assert_eq!(short(0) + short(2), 1000, "money is neither made nor lost");
            assert_eq!(short(2), short(6), "the log says what was spent");
            let pin = PINS.iter().position(|pin| {
                again(issued);
                issued.select(&aid(PURSE));
                issued.send(&command(0x20, 0, 0, pin)).sw.is_success()
            });
            Purse {
                balance: short(0),
                spent: short(2),
                payments: short(4),
                memo: state.data[9..].to_vec(),
                tries: state.data[8],
                pin,
                notes: i16::from_be_bytes([notes.data[0], notes.data[1]]),
            }
        });
        State {
            registry: inventory.entries,
            free: inventory.free_persistent,
            keys: keys[0],
            purse,
        }
    }

    /// Plays steps from one on until power fails; how many were done then.
    fn play(&mut self, from: usize) -> Result<usize, String> {
        for index in from..self.steps.len() {
            let done = (self.steps[index])(&mut self.issued);
            if self.issued.medium.has_failed() {
                return Ok(index);
            }
            done.map_err(|said| format!("step {index}: {said}"))?;
        }
        Ok(self.steps.len())
    }

    /// Takes the power away at every write of every step; how often.
    fn tear(&mut self, image: hydra_card::nvm::MemoryStorage, counter: u64) -> usize {
        let whole = PowerCut::cut_with_counter(image.clone(), counter, None);
        self.issued.open(whole.clone()).expect("it starts");
        assert_eq!(self.play(0), Ok(self.steps.len()));
        let cuts = whole.cuts(0);
        let end = self.states.last().cloned();
        for cut in &cuts {
            let medium = PowerCut::cut_with_counter(image.clone(), counter, Some(*cut));
            let done = match self.issued.open(medium.clone()) {
                Ok(()) => self
                    .play(0)
                    .unwrap_or_else(|said| panic!("{cut:?}: {said}")),
                // Power failed while the card was opened.
                Err(_) => 0,
            };
            assert!(medium.has_failed(), "{cut:?}");
            let content = (medium.restart(), medium.counted());
            let found = self.observe(&content);
            let next = self.states.get(done + 1);
            let reached = if Some(&found) == next {
                done + 1
            } else {
                assert!(
                    is_between(&found, &self.states[done], next),
                    "{cut:?} in step {done}: {found:?}"
                );
                done
            };
            // And it goes on from there.
            let (image, counter) = content;
            let medium = PowerCut::cut_with_counter(image, counter, None);
            self.issued.open(medium.clone()).expect("it starts");
            self.play(reached)
                .unwrap_or_else(|said| panic!("{cut:?}, going on: {said}"));
            let last = self.observe(&(medium.restart(), medium.counted()));
            assert_eq!(Some(last), end, "{cut:?}");
        }
        cuts.len()
    }
}

/// The state before, or after; or one of them with the tries of the other, or with a try that was taken and is not given
/// back yet. A try that was taken never comes back by itself.
fn is_between(found: &State, before: &State, after: Option<&State>) -> bool {
    let tries = |state: &State| state.purse.as_ref().map(|purse| purse.tries);
    let ends = [Some(before), after];
    let least = tries(before).map(|tries| tries - 1);
    let possible = (ends.into_iter().flatten()).any(|state| tries(found) == tries(state))
        || tries(found) == least;
    let apart_from_tries = |state: &State| {
        let mut state = state.clone();
        if let Some(purse) = &mut state.purse {
            purse.tries = 0;
        }
        state
    };
    let found = apart_from_tries(found);
    possible && (ends.into_iter().flatten()).any(|state| apart_from_tries(state) == found)
}

/// A card with the purse on it.
fn with_purse(key: Option<ImageKey>, counted: bool) -> Issued {
    let mut issued = Issued::protected("tearing", key, counted).expect("a card");
    issued.add(&purse_cap()).expect("installed");
    issued
}

/// Plays a scenario, and tears it.
fn torn(issued: Issued, steps: Vec<Step>) -> usize {
    let (image, counter) = (issued.medium.restart(), issued.medium.counted());
    Scenario::new(issued, steps).tear(image, counter)
}

fn plain() -> Issued {
    Issued::new("tearing").expect("a card")
}

#[test]
fn a_load_and_an_installation_are_torn() {
    let cuts = torn(plain(), vec![load(), install()]);
    assert!(cuts >= 125, "{cuts} cuts");
}

#[test]
fn deletions_are_torn() {
    let package = purse_cap().aid().clone();
    let steps = vec![delete(aid(PURSE)), delete(package), load(), install()];
    let cuts = torn(with_purse(None, false), steps);
    assert!(cuts >= 180, "{cuts} cuts");
}

fn pin_steps() -> Vec<Step> {
    let [old, new] = PINS;
    vec![
        ask(vec![verify(&[9, 9], 0x63C2)]),
        // Not from the last try: power that fails while it is checked leaves none.
        ask(vec![verify(old, 0x9000)]),
        ask(vec![
            verify(old, 0x9000),
            (command(0x24, 0, 0, new), 0x9000),
        ]),
        ask(vec![verify(old, 0x63C2)]),
        ask(vec![verify(new, 0x9000)]),
    ]
}

#[test]
fn a_pin_is_torn() {
    let cuts = torn(with_purse(None, false), pin_steps());
    assert!(cuts >= 110, "{cuts} cuts");
}

fn purse_steps() -> Vec<Step> {
    let [pin, _] = PINS;
    vec![
        ask(vec![verify(pin, 0x9000), pay(5, 0x9000)]),
        ask(vec![(command(0x32, 0, 0, b"memo"), 0x9000)]),
        ask(vec![verify(pin, 0x9000), pay(2000, 0x6985)]),
        ask(vec![verify(pin, 0x9000), pay(995, 0x9000)]),
    ]
}

#[test]
fn a_purse_is_torn() {
    let cuts = torn(with_purse(None, false), purse_steps());
    assert!(cuts >= 125, "{cuts} cuts");
}

#[test]
fn object_deletion_is_torn() {
    let notes = |ins, count| ask(vec![(command(ins, count, 0, &[]), 0x9000)]);
    let steps = vec![
        notes(0x50, 9),
        notes(0x52, 2),
        notes(0x50, 30),
        notes(0x52, 1),
    ];
    let mut scenario = {
        let issued = with_purse(None, false);
        let content = (issued.medium.restart(), issued.medium.counted());
        (Scenario::new(issued, steps), content)
    };
    let notes: Vec<i16> = (scenario.0.states.iter())
        .map(|state| state.purse.as_ref().map_or(-1, |purse| purse.notes))
        .collect();
    assert_eq!(notes, [0, 9, 2, 32, 1]);
    let free: Vec<usize> = scenario.0.states.iter().map(|state| state.free).collect();
    assert!(free[1] < free[2] && free[3] < free[2], "{free:?}");
    assert!(free[4] > free[2], "what is dropped is free: {free:?}");
    let (image, counter) = scenario.1;
    let cuts = scenario.0.tear(image, counter);
    assert!(cuts >= 180, "{cuts} cuts");
}

#[test]
fn a_key_update_is_torn() {
    let cuts = torn(plain(), vec![put_keys()]);
    assert!(cuts >= 25, "{cuts} cuts");
}

/// The number in a header that counts the areas, and how many blocks the journal has.
fn area(issued: &Issued) -> (u64, u64) {
    let image = issued.medium.restart();
    let number = |at: usize| {
        let bytes = image.as_bytes()[at..at + 8].try_into().expect("8 bytes");
        u64::from_be_bytes(bytes)
    };
    (number(16), number(40))
}

#[test]
fn a_payment_that_folds_the_journal_is_torn() {
    let mut issued = with_purse(None, false);
    issued.select(&aid(PURSE));
    let memo = |issued: &mut Issued, text: u32| {
        let write = command(0x32, 0, 0, &text.to_be_bytes());
        assert!(issued.send(&write).sw.is_success());
    };
    let (first, _) = area(&issued);
    let mut text = 0;
    // Twice, so that the next area is one that was used before and must be emptied.
    while area(&issued).0 < first + 2 {
        memo(&mut issued, text);
        text += 1;
    }
    let (second, blocks) = area(&issued);
    // The journal is empty now; all but its last blocks are filled.
    for _ in 2..blocks {
        memo(&mut issued, text);
        text += 1;
    }
    assert_eq!(area(&issued).0, second);
    let (image, counter) = (issued.medium.restart(), issued.medium.counted());
    let [pin, _] = PINS;
    let step = || ask(vec![verify(pin, 0x9000), pay(5, 0x9000)]);
    let mut scenario = Scenario::new(issued, vec![step(), step()]);
    let cuts = scenario.tear(image, counter);
    // The last cut card, which went on to the end.
    assert_eq!(area(&scenario.issued).0, second + 1, "it was folded");
    assert!(cuts >= 700, "{cuts} cuts");
}

#[test]
fn a_protected_card_is_torn() {
    let key = || Some(ImageKey::new([0x24; 32]));
    let mut steps = pin_steps();
    steps.truncate(4);
    let [_, new] = PINS;
    steps.push(ask(vec![verify(new, 0x9000), pay(5, 0x9000)]));
    let cuts = torn(with_purse(key(), true), steps);
    assert!(cuts >= 165, "{cuts} cuts");
    let issued = Issued::protected("tearing", key(), true).expect("a card");
    let cuts = torn(issued, vec![load(), install(), put_keys()]);
    assert!(cuts >= 125, "{cuts} cuts");
}

#[test]
fn a_command_that_changes_nothing_writes_nothing() {
    let mut issued = with_purse(None, false);
    assert!(issued.select(&aid(PURSE)).sw.is_success());
    for (memo, written) in [(b"memo", true), (b"memo", false), (b"note", true)] {
        let before = issued.medium.writes();
        assert!(issued.send(&command(0x32, 0, 0, memo)).sw.is_success());
        assert_eq!(issued.medium.writes() > before, written, "{memo:?}");
    }
}
