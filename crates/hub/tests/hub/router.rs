//! The core, event by event.

use std::time::Duration;

use hydra_hub::router::{Input, InputId};
use hydra_hub::{Action, Event, Output, Port, Router, RouterError};
use hydra_wire::StatusWord;

use crate::terminal::Terminal;

const NOW: Duration = Duration::ZERO;

/// A router with a card whose commands are answered at once.
struct Home {
    router: Router,
    card: Terminal,
}

/// What a router asked for besides commands.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    accepted: Vec<InputId>,
    refused: Vec<(InputId, StatusWord)>,
    deliver: Vec<Output>,
    wake: Vec<Duration>,
}

impl Asked {
    fn delivers(&self) -> Vec<(&str, u32)> {
        self.deliver
            .iter()
            .map(|output| (output.port.as_str(), output.correlation))
            .collect()
    }
}

impl Home {
    fn new(card: Terminal) -> Self {
        let router = Router::new(&[Port::householder()]);
        Self { router, card }
    }

    fn step(&mut self, event: Event) -> Asked {
        self.step_at(NOW, event)
    }

    fn step_at(&mut self, now: Duration, event: Event) -> Asked {
        let mut asked = Asked::default();
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for action in self.router.step(now, event).unwrap() {
                match action {
                    Action::Transmit(command) => {
                        events.push(Event::Answered(self.card.process(&command)));
                    }
                    Action::Accept(id) => asked.accepted.push(id),
                    Action::Refuse(id, sw) => asked.refused.push((id, sw)),
                    Action::Deliver(output) => asked.deliver.push(output),
                    Action::WakeAt(at) => asked.wake.push(at),
                }
            }
        }
        asked
    }

    fn arrive(&mut self, id: InputId, port: &str, payload: &[u8]) -> Asked {
        self.step(Event::Arrived(input(id, port, payload)))
    }

    fn delivered(&mut self, port: &str, correlation: u32) -> Asked {
        let port = port.parse().unwrap();
        self.step(Event::Delivered { port, correlation })
    }
}

fn input(id: InputId, port: &str, payload: &[u8]) -> Input {
    Input {
        id,
        connection: id / 100,
        port: port.parse().unwrap(),
        correlation: u32::try_from(id).unwrap(),
        payload: payload.to_vec(),
        script: !port.contains('.'),
    }
}

#[test]
fn an_input_is_accepted_once_the_card_has_it() {
    let mut home = Home::new(Terminal::personalised());
    assert_eq!(home.arrive(1, "meter.electricity", &[7]).accepted, [1]);
    let taken = home.card.with(|state| state.taken.clone());
    assert_eq!(taken, [(Port::meter(), 1, vec![7])]);
    assert_eq!(home.router.status().input(&Port::meter()).taken, 1);
}

#[test]
fn nothing_is_accepted_before_the_cards_answer() {
    let mut router = Router::new(&[]);
    let card = Terminal::personalised();
    let mut transmitted = 0;
    let arrived = router
        .step(NOW, Event::Arrived(input(1, "meter.electricity", &[7])))
        .unwrap();
    let [Action::Transmit(mut command)] = <[_; 1]>::try_from(arrived).unwrap() else {
        panic!("SELECT first");
    };
    // SELECT, FETCH, ENVELOPE; the answer to the last accepts.
    loop {
        transmitted += 1;
        let answer = Event::Answered(card.process(&command));
        let mut actions = router.step(NOW, answer).unwrap();
        match actions.remove(0) {
            Action::Transmit(next) => command = next,
            action => {
                assert_eq!(action, Action::Accept(1));
                break;
            }
        }
    }
    assert_eq!(transmitted, 3);
}

#[test]
fn a_number_seen_before_is_accepted_and_counted() {
    let mut home = Home::new(Terminal::personalised());
    home.arrive(1, "health.bp", &[7]);
    assert_eq!(home.arrive(1, "health.bp", &[7]).accepted, [1]);
    let count = home.router.status().input(&Port::blood_pressure());
    assert_eq!((count.taken, count.repeated), (2, 1));
}

#[test]
fn what_comes_before_the_personalisation_waits_for_a_script() {
    let mut home = Home::new(Terminal::default());
    assert_eq!(home.arrive(1, "meter.electricity", &[1]), Asked::default());
    assert_eq!(home.arrive(2, "meter.electricity", &[2]), Asked::default());
    // Put off, not tried over and over.
    let envelopes = |home: &Home| {
        home.card
            .with(|state| state.log.iter().filter(|ins| **ins == 0xC2).count())
    };
    assert_eq!(envelopes(&home), 1);
    home.step(Event::Woken);
    assert_eq!(envelopes(&home), 1);

    let asked = home.arrive(3, "issuer", &[3]);
    assert_eq!(asked.accepted, [3, 1, 2]);
    assert_eq!(asked.delivers(), [("issuer", 3)]);
    assert_eq!(home.router.status().input(&Port::meter()).put_off, 1);
}

#[test]
fn what_the_card_has_no_room_for_waits_until_an_output_has_left() {
    let mut home = Home::new(Terminal::personalised());
    home.card.with(|state| state.room = Some(1));
    home.card.queue("supplier", 9);
    assert_eq!(home.step(Event::Started).delivers(), [("supplier", 9)]);
    assert_eq!(home.arrive(1, "meter.electricity", &[1]), Asked::default());
    assert_eq!(home.delivered("supplier", 9).accepted, [1]);
}

#[test]
fn what_the_applet_refuses_is_refused_and_the_next_goes_on() {
    let mut home = Home::new(Terminal::personalised());
    let asked = home.arrive(1, "health.scale", &[0xEE]);
    assert_eq!(asked.refused, [(1, StatusWord::WRONG_DATA)]);
    assert_eq!(home.arrive(2, "health.scale", &[1]).accepted, [2]);
}

#[test]
fn what_does_not_fit_an_envelope_is_refused() {
    let mut home = Home::new(Terminal::personalised());
    let asked = home.arrive(1, "issuer", &vec![0; 65_536]);
    assert_eq!(asked.refused, [(1, StatusWord::WRONG_LENGTH)]);
}

#[test]
fn a_closed_connection_takes_its_inputs_along() {
    let mut home = Home::new(Terminal::default());
    home.arrive(101, "meter.electricity", &[1]);
    home.arrive(102, "meter.electricity", &[2]);
    home.step(Event::Closed { connection: 1 });
    home.arrive(203, "meter.electricity", &[1]);
    assert_eq!(home.arrive(301, "issuer", &[3]).accepted, [301, 203]);
}

#[test]
fn an_output_is_forgotten_only_when_it_is_delivered() {
    let mut home = Home::new(Terminal::personalised());
    home.card.queue("supplier", 1);
    home.card.queue("supplier", 2);
    let asked = home.step(Event::Started);
    assert_eq!(asked.delivers(), [("supplier", 1)]);
    assert_eq!(home.card.with(|state| state.queue.len()), 2);
    assert_eq!(home.delivered("supplier", 1).delivers(), [("supplier", 2)]);
    assert_eq!(home.card.with(|state| state.queue.len()), 1);
    assert_eq!(home.delivered("supplier", 2), Asked::default());
    assert_eq!(home.card.with(|state| state.queue.len()), 0);
    assert_eq!(
        home.router
            .status()
            .output(&"supplier".parse().unwrap())
            .bytes,
        160
    );
}

#[test]
fn a_householder_who_is_away_holds_up_nobody() {
    let mut home = Home::new(Terminal::personalised());
    for (port, correlation) in [
        ("householder", 1),
        ("supplier", 2),
        ("householder", 3),
        ("telecare", 4),
    ] {
        home.card.queue(port, correlation);
    }
    assert_eq!(
        home.step(Event::Started).delivers(),
        [("supplier", 2), ("telecare", 4)]
    );
    home.delivered("telecare", 4);
    home.delivered("supplier", 2);
    assert_eq!(home.card.with(|state| state.queue.len()), 2);

    // Readings go on, and the card is not asked for ever.
    assert_eq!(home.arrive(1, "meter.electricity", &[1]).accepted, [1]);

    assert_eq!(
        home.step(Event::Opened(Port::householder())).delivers(),
        [("householder", 1)]
    );
    // Gone again before it was stored: the same output comes when it is back.
    home.step(Event::Shut(Port::householder()));
    assert_eq!(home.delivered("householder", 1), Asked::default());
    assert_eq!(
        home.step(Event::Opened(Port::householder())).delivers(),
        [("householder", 1)]
    );
    assert_eq!(
        home.delivered("householder", 1).delivers(),
        [("householder", 3)]
    );
}

#[test]
fn a_port_that_opens_during_a_fetch_is_asked_for_next() {
    let mut router = Router::new(&[Port::householder()]);
    let card = Terminal::personalised();
    card.queue("householder", 1);
    let mut event = Event::Started;
    // SELECT; then a FETCH that leaves the householder out.
    for instruction in [0xA4, 0x12] {
        let [Action::Transmit(command)] =
            <[_; 1]>::try_from(router.step(NOW, event).unwrap()).unwrap()
        else {
            panic!("a command");
        };
        assert_eq!(command[1], instruction);
        event = Event::Answered(card.process(&command));
    }
    assert_eq!(
        router
            .step(NOW, Event::Opened(Port::householder()))
            .unwrap(),
        []
    );
    let asked = router.step(NOW, event).unwrap();
    assert!(
        matches!(&asked[..], [Action::Transmit(command)] if command[1] == 0x12),
        "{asked:?}"
    );
}

#[test]
fn a_port_that_the_relay_refuses_is_left_alone_for_a_while() {
    let mut home = Home::new(Terminal::personalised());
    home.card.queue("supplier", 1);
    home.card.queue("telecare", 2);
    assert_eq!(
        home.step(Event::Started).delivers(),
        [("supplier", 1), ("telecare", 2)]
    );
    let port: Port = "supplier".parse().unwrap();
    let undelivered = Event::Undelivered {
        port: port.clone(),
        correlation: 1,
    };
    let asked = home.step(undelivered);
    assert_eq!(asked.wake, [Duration::from_millis(250)]);
    assert_eq!(asked.delivers(), []);
    home.delivered("telecare", 2);
    let asked = home.step_at(Duration::from_millis(249), Event::Woken);
    assert_eq!(asked.delivers(), []);
    let asked = home.step_at(Duration::from_millis(250), Event::Woken);
    assert_eq!(asked.delivers(), [("supplier", 1)]);
    assert_eq!(home.router.status().output(&port).failed, 1);
}

#[test]
fn a_stopping_hub_tells_the_card_what_is_delivered_and_asks_no_more() {
    let mut home = Home::new(Terminal::personalised());
    home.card.queue("supplier", 1);
    home.card.queue("supplier", 2);
    home.step(Event::Started);
    assert_eq!(home.step(Event::Stopping), Asked::default());
    assert_eq!(home.delivered("supplier", 1), Asked::default());
    assert_eq!(home.card.with(|state| state.queue.len()), 1);
    assert_eq!(home.arrive(1, "meter.electricity", &[1]), Asked::default());
    assert!(home.router.is_at_rest());
}

#[test]
fn ports_take_turns() {
    let mut router = Router::new(&[]);
    let card = Terminal::personalised();
    let first = router.step(NOW, Event::Started).unwrap();
    let [Action::Transmit(mut command)] = <[_; 1]>::try_from(first).unwrap() else {
        panic!("SELECT first");
    };
    for (id, port) in [
        (1, "health.bp"),
        (2, "health.bp"),
        (3, "meter.electricity"),
        (4, "meter.electricity"),
    ] {
        let arrived = Event::Arrived(input(id, port, &[1]));
        assert_eq!(router.step(NOW, arrived).unwrap(), []);
    }
    let mut accepted = Vec::new();
    while accepted.len() < 4 {
        for action in router
            .step(NOW, Event::Answered(card.process(&command)))
            .unwrap()
        {
            match action {
                Action::Transmit(next) => command = next,
                Action::Accept(id) => accepted.push(id),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(accepted, [1, 3, 2, 4]);
}

#[test]
fn a_card_that_breaks_the_protocol_stops_the_router() {
    let answers: [(&[u8], &[u8], RouterError); 4] = [
        (
            &[0x90],
            &[],
            RouterError::Apdu(hydra_wire::ApduError::TooShort(1)),
        ),
        (
            &[0x6A, 0x82],
            &[],
            RouterError::Select(StatusWord::NOT_FOUND),
        ),
        (&[0x90, 0], &[0xD0, 0x90, 0], RouterError::Output(1)),
        (
            &[0x90, 0],
            &[0x6F, 0],
            RouterError::Card {
                command: "FETCH",
                sw: StatusWord::UNKNOWN,
            },
        ),
    ];
    for (select, fetch, error) in answers {
        let mut router = Router::new(&[]);
        router.step(NOW, Event::Started).unwrap();
        let mut result = router.step(NOW, Event::Answered(select.to_vec()));
        if !fetch.is_empty() {
            result = router.step(NOW, Event::Answered(fetch.to_vec()));
        }
        assert_eq!(result, Err(error));
    }
    let unasked = Router::new(&[]).step(NOW, Event::Answered(vec![0x90, 0]));
    assert_eq!(unasked, Err(RouterError::Unasked));
}
