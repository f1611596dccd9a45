//! Both ends against each other over a line that loses, breaks and repeats blocks.

use alloc::vec::Vec;

use super::*;

/// An echo card: what it is told, and 9000.
struct Line {
    card: CardEnd,
    commands: Vec<Vec<u8>>,
}

impl Line {
    fn new() -> Self {
        Self {
            card: CardEnd::default(),
            commands: Vec::new(),
        }
    }

    /// The card's answer to what arrives, as bytes.
    fn arrive(&mut self, received: Result<Block, BlockError>) -> Vec<u8> {
        match self.card.receive(received) {
            CardStep::Send(block) | CardStep::Reset(block) => block.to_bytes(),
            CardStep::Wait => Vec::new(),
            CardStep::Command(command) => {
                self.commands.push(command.clone());
                let mut response = command;
                response.extend([0x90, 0x00]);
                self.card.answer(response).to_bytes()
            }
        }
    }
}

fn through(bytes: &[u8]) -> Result<Block, BlockError> {
    let mut incoming = Incoming::default();
    incoming.push(bytes);
    match incoming.block() {
        Some(received) => received,
        None => Err(incoming.silence().unwrap_or(BlockError::Truncated)),
    }
}

/// Sends a command; `harm` may change the bytes of the nth crossing, either way.
fn exchange(
    host: &mut HostEnd,
    line: &mut Line,
    command: &[u8],
    mut harm: impl FnMut(usize, &mut Vec<u8>),
) -> Result<Vec<u8>, T1Error> {
    let mut block = host.transmit(command);
    for crossing in 0.. {
        let mut bytes = block.to_bytes();
        harm(2 * crossing, &mut bytes);
        // A card that gets nothing says nothing.
        let mut back = if bytes.is_empty() {
            Vec::new()
        } else {
            line.arrive(through(&bytes))
        };
        harm(2 * crossing + 1, &mut back);
        match host.receive(through(&back))? {
            HostStep::Send(next) | HostStep::Extend(next, _) => block = next,
            HostStep::Response(response) => return Ok(response),
            HostStep::Done => panic!("nothing was asked"),
        }
    }
    unreachable!()
}

fn command(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| u8::try_from(i % 251).unwrap_or(0))
        .collect()
}

#[test]
fn apdus_of_every_size_cross_whole() {
    let mut host = HostEnd::new(254);
    let mut line = Line::new();
    for length in [0, 1, 4, 31, 32, 33, 253, 254, 255, 508, 509, 5000, 65_000] {
        let sent = command(length);
        let mut wanted = sent.clone();
        wanted.extend([0x90, 0x00]);
        assert_eq!(exchange(&mut host, &mut line, &sent, |_, _| {}), Ok(wanted));
    }
    assert_eq!(line.commands.len(), 13);
}

#[test]
fn one_harmed_block_costs_nothing_wherever_it_is() {
    let sent = command(700);
    let mut wanted = sent.clone();
    wanted.extend([0x90, 0x00]);
    let kinds: [fn(&mut Vec<u8>); 4] = [
        Vec::clear,
        |bytes| {
            bytes.pop();
        },
        |bytes| bytes[0] ^= 1,
        |bytes| {
            if let Some(pcb) = bytes.get_mut(1) {
                *pcb ^= 0x81;
            }
        },
    ];
    let mut harmed = 0;
    for kind in kinds {
        for at in 0..40 {
            let mut host = HostEnd::new(254);
            let mut line = Line::new();
            let mut reached = false;
            let got = exchange(&mut host, &mut line, &sent, |crossing, bytes| {
                if crossing == at && !bytes.is_empty() {
                    reached = true;
                    kind(bytes);
                }
            });
            assert_eq!(got, Ok(wanted.clone()), "crossing {at}");
            // Executed once, whatever was repeated.
            assert_eq!(line.commands, core::slice::from_ref(&sent), "crossing {at}");
            // And the next one goes through.
            assert_eq!(
                exchange(&mut host, &mut line, &[7], |_, _| {}),
                Ok(alloc::vec![7, 0x90, 0])
            );
            harmed += usize::from(reached);
        }
    }
    assert!(harmed > 100, "{harmed}");
}

#[test]
fn a_line_that_stays_broken_is_given_up() {
    let mut host = HostEnd::new(254);
    let mut line = Line::new();
    let got = exchange(&mut host, &mut line, &[1, 2, 3, 4], |_, bytes| {
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
    });
    assert_eq!(got, Err(T1Error::Lost(Some(BlockError::Check))));
    assert!(line.commands.is_empty());
}

#[test]
fn the_host_says_how_much_it_takes() {
    let mut host = HostEnd::new(254);
    let mut line = Line::new();
    let answer = line.arrive(Ok(host.announce(254)));
    assert_eq!(host.receive(through(&answer)), Ok(HostStep::Done));
    let mut longest = 0;
    let sent = command(300);
    exchange(&mut host, &mut line, &sent, |crossing, bytes| {
        if crossing % 2 == 1 {
            longest = longest.max(bytes.len());
        }
    })
    .unwrap_or_default();
    assert_eq!(longest, 258);
}

#[test]
fn a_card_asks_for_time_and_gets_it() {
    let mut host = HostEnd::new(254);
    let mut card = CardEnd::default();
    let CardStep::Command(command) = card.receive(Ok(host.transmit(&[1, 2, 3, 4]))) else {
        panic!("no command");
    };
    assert_eq!(command, [1, 2, 3, 4]);
    for _ in 0..10 {
        let Ok(HostStep::Extend(granted, 5)) = host.receive(Ok(card.extend(5))) else {
            panic!("no time");
        };
        assert_eq!(card.receive(Ok(granted)), CardStep::Wait);
    }
    let answer = card.answer(alloc::vec![0x90, 0x00]);
    assert_eq!(
        host.receive(Ok(answer)),
        Ok(HostStep::Response(alloc::vec![0x90, 0x00]))
    );
}

#[test]
fn a_reset_begins_both_ends_anew() {
    let mut host = HostEnd::new(254);
    let mut line = Line::new();
    exchange(&mut host, &mut line, &[1], |_, _| {}).unwrap_or_default();
    let CardStep::Reset(answer) = line.card.receive(Ok(host.reset())) else {
        panic!("no reset");
    };
    assert_eq!(host.receive(Ok(answer)), Ok(HostStep::Done));
    assert_eq!(
        exchange(&mut host, &mut line, &[2], |_, _| {}),
        Ok(alloc::vec![2, 0x90, 0])
    );
}

#[test]
fn supervision_and_nonsense_are_answered_as_the_standard_says() {
    // ISO/IEC 7816-3 §11.6.2: RESYNCH, IFS, ABORT are echoed; what no rule has gets R(0, other error).
    let mut card = CardEnd::default();
    let cases: [(&[u8], &[u8]); 7] = [
        (&[0, 0xC0, 0, 0xC0], &[0, 0xE0, 0, 0xE0]),
        (&[0, 0xC1, 1, 0xFE, 0x3E], &[0, 0xE1, 1, 0xFE, 0x1E]),
        (&[0, 0xC2, 0, 0xC2], &[0, 0xE2, 0, 0xE2]),
        (&[0, 0xC1, 1, 0x00, 0xC0], &[0, 0x82, 0, 0x82]),
        (&[0, 0xC1, 0, 0xC1], &[0, 0x82, 0, 0x82]),
        (&[0, 0xE2, 0, 0xE2], &[0, 0x82, 0, 0x82]),
        (&[0, 0x40, 0, 0x40], &[0, 0x82, 0, 0x82]),
    ];
    for (sent, wanted) in cases {
        let CardStep::Send(block) = card.receive(through(sent)) else {
            panic!("{sent:02X?}");
        };
        assert_eq!(block.to_bytes(), wanted, "{sent:02X?}");
    }
}
