//! The core under any order of events: nothing is lost, nothing changes places within a port.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hydra_hub::router::Input;
use hydra_hub::{Action, Event, Output, Port, Router};
use proptest::prelude::*;

use crate::terminal::Terminal;

/// What may happen next.
#[derive(Clone, Copy, Debug)]
enum Happening {
    CardAnswers,
    DeliverySucceeds,
    DeliveryFails,
    HouseholderComes,
    HouseholderGoes,
    OutputAppears(usize),
    InputArrives(usize),
    ConnectionBreaks(usize),
    TimePasses,
}

const OUT: [&str; 3] = ["householder", "supplier", "telecare"];
const IN: [&str; 3] = ["meter.electricity", "health.bp", "issuer"];

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        8 => Just(CardAnswers),
        4 => Just(DeliverySucceeds),
        1 => Just(DeliveryFails),
        1 => Just(HouseholderComes),
        1 => Just(HouseholderGoes),
        2 => (0..OUT.len()).prop_map(OutputAppears),
        2 => (0..IN.len()).prop_map(InputArrives),
        1 => (0..IN.len()).prop_map(ConnectionBreaks),
        1 => Just(TimePasses),
    ]
}

/// The world around a router.
struct World {
    router: Router,
    card: Terminal,
    now: Duration,
    /// The card's answer that is on its way.
    answer: Option<Vec<u8>>,
    /// Outputs on their way, in the order in which they were given out.
    on_their_way: VecDeque<Output>,
    page_open: bool,
    /// What each port has received, a repetition of the last left out.
    received: BTreeMap<Port, Vec<u32>>,
    produced: BTreeMap<Port, Vec<u32>>,
    /// Inputs not accepted yet, which their sender repeats on a new connection.
    unconfirmed: [VecDeque<u32>; 3],
    connections: [u64; 3],
    sent: u32,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            router: Router::new(&[Port::householder()]),
            card: Terminal::default(),
            now: Duration::ZERO,
            answer: None,
            on_their_way: VecDeque::new(),
            page_open: false,
            received: BTreeMap::new(),
            produced: BTreeMap::new(),
            unconfirmed: Default::default(),
            connections: [0, 1, 2],
            sent: 0,
        };
        world.step(Event::Started);
        world
    }

    fn step(&mut self, event: Event) {
        for action in self.router.step(self.now, event).unwrap() {
            match action {
                Action::Transmit(command) => {
                    assert_eq!(self.answer, None, "one command at a time");
                    self.answer = Some(self.card.process(&command));
                }
                Action::Accept(id) => {
                    let (port, number) = (id >> 32, u32::try_from(id & 0xFFFF_FFFF).unwrap());
                    let waiting = &mut self.unconfirmed[usize::try_from(port).unwrap()];
                    // An input whose connection broke while the card had it is accepted for nobody.
                    if waiting.front() == Some(&number) {
                        waiting.pop_front();
                    }
                }
                Action::Refuse(id, sw) => panic!("{id} refused with {sw}"),
                Action::Deliver(output) => self.on_their_way.push_back(output),
                Action::WakeAt(at) => assert!(at > self.now),
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::CardAnswers => {
                if let Some(answer) = self.answer.take() {
                    self.step(Event::Answered(answer));
                }
            }
            Happening::DeliverySucceeds => self.deliver(true),
            Happening::DeliveryFails => self.deliver(false),
            Happening::HouseholderComes => {
                self.page_open = true;
                self.step(Event::Opened(Port::householder()));
            }
            Happening::HouseholderGoes => {
                self.page_open = false;
                self.on_their_way
                    .retain(|output| output.port != Port::householder());
                self.step(Event::Shut(Port::householder()));
            }
            Happening::OutputAppears(port) => {
                self.sent += 1;
                self.produced(OUT[port], self.sent);
                self.card.queue(OUT[port], self.sent);
                // The card says so in its answer to the next input.
                self.happen(Happening::InputArrives(0));
            }
            Happening::InputArrives(port) => {
                self.sent += 1;
                self.unconfirmed[port].push_back(self.sent);
                self.arrive(port, self.sent);
            }
            Happening::ConnectionBreaks(port) => {
                self.step(Event::Closed {
                    connection: self.connections[port],
                });
                self.connections[port] += 3;
                for number in self.unconfirmed[port].clone() {
                    self.arrive(port, number);
                }
            }
            Happening::TimePasses => {
                self.now += Duration::from_secs(61);
                self.step(Event::Woken);
            }
        }
    }

    fn arrive(&mut self, port: usize, number: u32) {
        let script = IN[port] == "issuer";
        if script
            && !self
                .produced
                .get(&port_of("issuer"))
                .is_some_and(|all| all.contains(&number))
        {
            self.produced("issuer", number);
        }
        self.step(Event::Arrived(Input {
            id: (port as u64) << 32 | u64::from(number),
            connection: self.connections[port],
            port: port_of(IN[port]),
            correlation: number,
            payload: number.to_be_bytes().to_vec(),
            script,
        }));
    }

    fn produced(&mut self, port: &str, number: u32) {
        self.produced.entry(port_of(port)).or_default().push(number);
    }

    fn deliver(&mut self, success: bool) {
        let Some(Output {
            port, correlation, ..
        }) = self.on_their_way.pop_front()
        else {
            return;
        };
        if !success {
            self.step(Event::Undelivered {
                port: port.clone(),
                correlation,
            });
            if port == Port::householder() {
                self.happen(Happening::HouseholderGoes);
            }
            return;
        }
        let received = self.received.entry(port.clone()).or_default();
        if received.last() != Some(&correlation) {
            received.push(correlation);
        }
        self.step(Event::Delivered { port, correlation });
    }

    /// A last script, and everything works from now on, until nothing happens any more. The householder comes while the card is busy with
    /// its command number `busy` from here: nothing that happens later may be needed to notice.
    fn settle(&mut self, busy: usize) {
        self.happen(Happening::HouseholderGoes);
        self.happen(Happening::InputArrives(2));
        self.happen(Happening::TimePasses);
        for _ in 0..busy {
            self.happen(Happening::CardAnswers);
            self.happen(Happening::DeliverySucceeds);
        }
        self.happen(Happening::HouseholderComes);
        while self.answer.is_some() || !self.on_their_way.is_empty() {
            self.happen(Happening::CardAnswers);
            self.happen(Happening::DeliverySucceeds);
        }
    }
}

fn port_of(name: &str) -> Port {
    name.parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_is_lost_and_nothing_changes_places(happenings in proptest::collection::vec(happening(), 0..120), busy in 0..40usize) {
        let mut world = World::new();
        for happening in happenings {
            world.happen(happening);
        }
        world.settle(busy);
        prop_assert_eq!(&world.received, &world.produced);
        let left = world.card.with(|state| state.queue.len());
        prop_assert_eq!(left, 0);
        for (port, waiting) in IN.iter().zip(&world.unconfirmed) {
            prop_assert!(waiting.is_empty(), "{}: {:?}", port, waiting);
        }
        // What the applets took is in the devices' order, each number once.
        let taken = world.card.with(|state| state.taken.clone());
        for port in &IN[..2] {
            let numbers: Vec<u32> = taken.iter().filter(|taken| taken.0 == port_of(port)).map(|taken| taken.1).collect();
            prop_assert!(numbers.is_sorted(), "{}: {:?}", port, numbers);
        }
    }
}
