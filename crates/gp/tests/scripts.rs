//! Scripts prepared in advance, played to a card's end.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_crypto::SeededRandom;
use hydra_gp::scp03::{CardPending, CardSession, HostError};
use hydra_gp::script::{
    BadFormat, CommandScript, FormatError, HostScript, ResponseScript, ScriptError, Stop, Target,
};
use hydra_gp::{Command, Delete, GetData, KeySet};
use hydra_wire::tlv::TlvError;
use hydra_wire::{Aid, ApduError, Response, StatusWord, hex};
use proptest::prelude::*;

/// The least card that plays a script: one domain, one key set; GET DATA answers its tag, all else is not found.
struct Card {
    keys: KeySet,
    domain: Aid,
    sequence: u32,
    pending: Option<CardPending>,
    session: Option<CardSession>,
    received: Vec<Command>,
}

impl Card {
    fn new(sequence: u32) -> Self {
        Self {
            keys: keys(),
            domain: domain(),
            sequence,
            pending: None,
            session: None,
            received: Vec::new(),
        }
    }

    fn play(&mut self, script: &[u8]) -> Vec<u8> {
        let script = match CommandScript::parse(script) {
            Ok(script) => script,
            Err(error) => return ResponseScript::refused(error.reason()).to_bytes(),
        };
        let mut responses = Vec::new();
        for command in &script.commands {
            let response = self
                .process(&command.clone().on_channel(2))
                .unwrap_or_else(Response::status);
            let sw = response.sw;
            responses.push(response);
            if !sw.is_success() && !matches!(sw.0 >> 8, 0x61..=0x63) {
                break;
            }
        }
        ResponseScript::new(responses).to_bytes()
    }

    fn process(&mut self, command: &hydra_wire::Command) -> Result<Response, StatusWord> {
        if let Some(mut session) = self.session.take() {
            let plain = Command::try_from(&session.unwrap(command)?)?;
            let answer = match &plain {
                Command::GetData(get) => Response::ok(get.tag.to_be_bytes().to_vec()),
                _ => Response::status(StatusWord::DATA_NOT_FOUND),
            };
            self.received.push(plain);
            let wrapped = session.wrap(answer);
            self.session = Some(session);
            return Ok(wrapped);
        }
        match Command::try_from(command)? {
            Command::Select(select) if self.domain.starts_with(&select.name) => {
                Ok(Response::ok(vec![]))
            }
            Command::Select(_) => Err(StatusWord::NOT_FOUND),
            Command::InitializeUpdate(request) => {
                self.sequence += 1;
                let (pending, response) = CardSession::initialize_update(
                    &self.keys,
                    self.sequence,
                    &self.domain,
                    &[0; 10],
                    &request.host_challenge,
                )?;
                self.pending = Some(pending);
                Ok(response)
            }
            Command::ExternalAuthenticate(_) => {
                let pending = self
                    .pending
                    .take()
                    .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
                self.session = Some(pending.external_authenticate(command)?);
                Ok(Response::ok(vec![]))
            }
            _ => Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED),
        }
    }
}

fn keys() -> KeySet {
    KeySet::draw(&mut SeededRandom::new(b"script"), 0x31, "set", 0)
}

fn domain() -> Aid {
    "F0485944520102".parse().unwrap()
}

fn get(tag: u16) -> hydra_wire::Command {
    Command::GetData(GetData::new(tag)).to_apdu()
}

fn delete() -> hydra_wire::Command {
    Command::Delete(Delete::object(&domain())).to_apdu()
}

fn prepared(sequence: u32, commands: &[hydra_wire::Command]) -> HostScript {
    let mut script = HostScript::new();
    script
        .open(&Target {
            keys: &keys(),
            sequence,
            domain: &domain(),
            host_challenge: [9; 8],
        })
        .unwrap();
    script.extend(commands).unwrap();
    script
}

fn play(card: &mut Card, script: &HostScript) -> ResponseScript {
    ResponseScript::parse(&card.play(&script.commands().to_bytes())).unwrap()
}

#[test]
fn a_script_prepared_in_advance_plays_on_another_channel() {
    let script = prepared(5, &[get(0x0066), get(0xDF20)]);
    let mut card = Card::new(4);
    let responses = play(&mut card, &script);
    assert_eq!(responses.executed, 5);
    let plain = script.read(&responses).unwrap().complete().unwrap();
    assert_eq!(
        plain,
        [Response::ok(vec![0, 0x66]), Response::ok(vec![0xDF, 0x20])]
    );
    assert_eq!(
        card.received,
        [0x0066, 0xDF20].map(|tag| Command::GetData(GetData::new(tag)))
    );
    // Made again from the same inputs, it is the same and reads the same.
    let again = prepared(5, &[get(0x0066), get(0xDF20)]);
    assert_eq!(again.commands(), script.commands());
    assert_eq!(again.read(&responses).unwrap().responses, plain);
}

#[test]
fn a_card_stops_at_the_first_error_and_the_host_sees_where() {
    let script = prepared(1, &[get(1), delete(), get(2)]);
    let responses = play(&mut Card::new(0), &script);
    let outcome = script.read(&responses).unwrap();
    assert_eq!(
        outcome.responses,
        [
            Response::ok(vec![0, 1]),
            Response::status(StatusWord::DATA_NOT_FOUND)
        ]
    );
    let stop = Stop {
        at: 5,
        sw: Some(StatusWord::DATA_NOT_FOUND),
    };
    assert_eq!(outcome.stop, Some(stop));
    assert_eq!(outcome.complete(), Err(ScriptError::Stopped(stop)));
    // An error in the last command is no success either.
    let script = prepared(2, &[delete()]);
    let mut card = Card::new(1);
    let outcome = script.read(&play(&mut card, &script)).unwrap();
    assert!(outcome.complete().is_err());
}

#[test]
fn a_lost_count_is_found_again() {
    let mut card = Card::new(40);
    let script = prepared(5, &[get(1)]);
    let error = script.read(&play(&mut card, &script)).unwrap_err();
    assert_eq!(
        error,
        ScriptError::Step {
            at: 1,
            error: HostError::Sequence {
                predicted: 5,
                card: 41
            }
        }
    );
    assert!(card.received.is_empty());
    card.session = None;
    let script = prepared(error.next_sequence().unwrap(), &[get(1)]);
    assert!(
        script
            .read(&play(&mut card, &script))
            .unwrap()
            .complete()
            .is_ok()
    );
}

#[test]
fn a_script_played_twice_does_nothing_the_second_time() {
    let script = prepared(1, &[get(1)]);
    let mut card = Card::new(0);
    play(&mut card, &script);
    card.session = None;
    let responses = play(&mut card, &script);
    assert_eq!(card.received.len(), 1);
    assert_eq!(
        script.read(&responses).unwrap_err().next_sequence(),
        Some(3)
    );
}

#[test]
fn another_domain_or_another_answer_is_refused() {
    let script = prepared(1, &[get(1)]);
    let mut card = Card::new(0);
    card.domain = "F0485944520103".parse().unwrap();
    let responses = play(&mut card, &script);
    assert_eq!(
        script.read(&responses),
        Err(ScriptError::Refused {
            at: 0,
            sw: StatusWord::NOT_FOUND
        })
    );
    // Keys that the card does not hold.
    let mut card = Card::new(0);
    card.keys = KeySet::draw(&mut SeededRandom::new(b"other"), 0x31, "set", 0);
    let responses = play(&mut card, &script);
    assert_eq!(
        script.read(&responses),
        Err(ScriptError::Step {
            at: 1,
            error: HostError::CardCryptogram
        })
    );
    // More responses than commands, or a count that does not fit them.
    let mut responses = play(&mut Card::new(0), &script);
    responses.executed += 1;
    let refused = script.read(&responses);
    assert!(matches!(refused, Err(ScriptError::Count { .. })));
    assert_eq!(
        script.read(&ResponseScript::refused(BadFormat::WrongLength)),
        Err(ScriptError::Unreadable(BadFormat::WrongLength))
    );
}

proptest! {
    #[test]
    fn a_script_altered_on_the_way_brings_nothing_forged(at: prop::sample::Index, bit in 0..8u8) {
        let script = prepared(1, &[get(1), get(2)]);
        let mut bytes = script.commands().to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let mut card = Card::new(0);
        card.play(&bytes);
        // Whatever the card made of it, it executed a beginning of what the host wrote.
        let sent = [1, 2].map(|tag| Command::GetData(GetData::new(tag)));
        prop_assert!(sent.starts_with(&card.received));
    }

    #[test]
    fn responses_altered_on_the_way_are_never_believed(at: prop::sample::Index, bit in 0..8u8) {
        let script = prepared(1, &[get(1), get(2)]);
        let mut bytes = Card::new(0).play(&script.commands().to_bytes());
        let honest = ResponseScript::parse(&bytes).unwrap();
        let honest = script.read(&honest).unwrap().responses;
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(responses) = ResponseScript::parse(&bytes)
            && let Ok(outcome) = script.read(&responses)
        {
            for (read, honest) in outcome.responses.iter().zip(&honest) {
                prop_assert!(read == honest || read.data.is_empty() && !read.sw.is_success());
            }
        }
    }

    #[test]
    fn any_bytes_are_a_script_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..60), tag in 0xAAu8..0xAC) {
        let wrapped = hydra_wire::tlv::object(tag.into(), &bytes);
        for bytes in [&bytes, &wrapped] {
            if let Ok(script) = CommandScript::parse(bytes) {
                prop_assert_eq!(CommandScript::parse(&script.to_bytes()), Ok(script));
            }
            if let Ok(script) = ResponseScript::parse(bytes) {
                prop_assert_eq!(ResponseScript::parse(&script.to_bytes()), Ok(script));
            }
        }
    }
}

#[test]
fn scripts_are_written_as_ts_102_226_says() {
    let script = CommandScript {
        commands: vec![get(0x0066), delete()],
    };
    let text = "AA 18 22 05 80CA006600 22 0F 80E40000094F07F048594452010200";
    assert_eq!(hex::encode(&script.to_bytes()), text.replace(' ', ""));
    assert_eq!(CommandScript::parse(&script.to_bytes()), Ok(script));
    let responses = ResponseScript::new(vec![
        Response::ok(vec![1]),
        Response::status(StatusWord::NOT_FOUND),
    ]);
    let text = "AB 0C 80 01 02 23 03 019000 23 02 6A82";
    assert_eq!(hex::encode(&responses.to_bytes()), text.replace(' ', ""));
    assert_eq!(ResponseScript::parse(&responses.to_bytes()), Ok(responses));
    let refused = ResponseScript::refused(BadFormat::UnknownTag);
    assert_eq!(hex::encode(&refused.to_bytes()), "AB06800100900101");
    assert_eq!(ResponseScript::parse(&refused.to_bytes()), Ok(refused));
    let many = ResponseScript {
        executed: 300,
        ..ResponseScript::default()
    };
    assert_eq!(hex::encode(&many.to_bytes()), "AB048002012C");
}

#[test]
fn malformed_scripts_are_placed() {
    let parse = |text: &str| {
        CommandScript::parse(&hex::decode(&text.replace(' ', "")).unwrap()).unwrap_err()
    };
    assert_eq!(parse(""), FormatError::Tlv(TlvError::Truncated { at: 0 }));
    assert_eq!(parse("AB 00"), FormatError::Tag { at: 2, tag: 0xAB });
    assert_eq!(
        parse("AA 04 22 03 80CA"),
        FormatError::Tlv(TlvError::Truncated { at: 2 })
    );
    assert_eq!(
        parse("AA 05 22 03 80CA00"),
        FormatError::Apdu {
            at: 4,
            error: ApduError::TooShort(3)
        }
    );
    assert_eq!(
        parse("AA 08 22 04 80CA0066 23 00"),
        FormatError::Tag { at: 10, tag: 0x23 }
    );
    assert_eq!(parse("AA 00 00"), FormatError::Trailing { at: 2 });
    assert_eq!(
        parse("AA 80"),
        FormatError::Tlv(TlvError::Unsupported { at: 0 })
    );
    assert_eq!(parse("AB 00").reason(), BadFormat::UnknownTag);
    assert_eq!(
        ResponseScript::parse(&[0xAB, 0]),
        Err(FormatError::NotCounted)
    );
}
