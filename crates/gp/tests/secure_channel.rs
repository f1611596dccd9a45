//! The two ends of SCP03 against each other: what is altered on the way is refused, and the session is gone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_crypto::{AesKey, SeededRandom};
use hydra_gp::KeySet;
use hydra_gp::scp03::{
    CardPending, CardSession, HostError, HostPending, HostSession, MAX_SEQUENCE, SecurityLevel,
};
use hydra_wire::{Aid, Command, Response, StatusWord};
use proptest::prelude::*;

fn domain() -> Aid {
    "A000000151000000".parse().unwrap()
}

fn keys(n: u64) -> KeySet {
    KeySet::draw(&mut SeededRandom::new(b"keys"), 0x30, "set", n)
}

fn opened(sequence: u32) -> (HostPending, CardPending, Response) {
    let keys = keys(0);
    let (host, command) = HostSession::open(&keys, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    let (card, answer) =
        CardSession::initialize_update(&keys, sequence, &domain(), &[0; 10], &command.data)
            .unwrap();
    (host, card, answer)
}

fn session(level: SecurityLevel) -> (HostSession, CardSession) {
    let (host, card, answer) = opened(5);
    let (host, command) = host.answer(&answer, level).unwrap();
    (host, card.external_authenticate(&command).unwrap())
}

fn secured_level() -> impl Strategy<Value = SecurityLevel> {
    prop_oneof![
        Just(SecurityLevel::C_MAC),
        Just(SecurityLevel::C_DECRYPTION),
        Just(SecurityLevel::C_MAC_R_MAC),
        Just(SecurityLevel::C_DECRYPTION_R_MAC),
        Just(SecurityLevel::FULL),
    ]
}

fn r_mac_level() -> impl Strategy<Value = SecurityLevel> {
    prop_oneof![
        Just(SecurityLevel::C_MAC_R_MAC),
        Just(SecurityLevel::C_DECRYPTION_R_MAC),
        Just(SecurityLevel::FULL),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    (
        any::<bool>(),
        any::<[u8; 3]>(),
        proptest::collection::vec(any::<u8>(), 0..600),
        proptest::option::of(1..=65_536u32),
    )
        .prop_map(|(proprietary, [ins, p1, p2], data, ne)| {
            let cla = if proprietary { 0x80 } else { 0x00 };
            let command = Command::new(cla, ins, p1, p2).with_data(&data);
            match ne {
                Some(ne) => command.with_le(ne),
                None => command,
            }
        })
}

fn any_response() -> impl Strategy<Value = Response> {
    (
        proptest::collection::vec(any::<u8>(), 0..300),
        prop_oneof![
            Just(0x9000),
            Just(0x6310),
            Just(0x6283),
            Just(0x6A88),
            Just(0x6985),
            Just(0x9100),
        ],
    )
        .prop_map(|(data, sw)| Response {
            data,
            sw: StatusWord(sw),
        })
}

proptest! {
    #[test]
    fn a_conversation_arrives(
        level in secured_level(),
        talk in proptest::collection::vec((any_command(), any_response()), 1..6),
        channel in 0..20u8,
    ) {
        let (mut host, mut card) = session(level);
        for (command, response) in talk {
            let (wrapped, ticket) = host.wrap(&command).unwrap();
            // Through bytes, and on another channel than the host knew of.
            let carried = Command::parse(&wrapped.to_bytes()).unwrap().on_channel(channel);
            let received = card.unwrap(&carried).unwrap();
            prop_assert_eq!(received.channel(), channel);
            let received = received.on_channel(0);
            prop_assert_eq!(
                (received.cla, received.ins, received.p1, received.p2, &received.data, received.ne),
                (command.cla, command.ins, command.p1, command.p2, &command.data, command.ne)
            );
            let answered = host.unwrap(&ticket, &card.wrap(response.clone())).unwrap();
            let error = !(response.sw.is_success() || matches!(response.sw.0 >> 8, 0x62 | 0x63));
            prop_assert_eq!(answered.sw, response.sw);
            if level.has_r_mac() && error {
                prop_assert!(answered.data.is_empty());
            } else {
                prop_assert_eq!(answered.data, response.data);
            }
        }
    }

    #[test]
    fn a_command_with_a_flipped_bit_is_refused_and_ends_the_session(
        level in secured_level(),
        command in any_command(),
        at: prop::sample::Index,
        bit in 0..8u8,
    ) {
        let (mut host, mut card) = session(level);
        let (wrapped, _) = host.wrap(&command).unwrap();
        let mut altered = wrapped.clone();
        // The class byte is left out here: its bits also say which channel and kind of messaging, see below.
        let covered = 3 + altered.data.len();
        match at.index(covered) {
            0 => altered.ins ^= 1 << bit,
            1 => altered.p1 ^= 1 << bit,
            2 => altered.p2 ^= 1 << bit,
            n => altered.data[n - 3] ^= 1 << bit,
        }
        prop_assert_eq!(card.unwrap(&altered), Err(StatusWord::INCORRECT_SECURE_MESSAGING));
        prop_assert!(!card.is_open());
        prop_assert_eq!(card.unwrap(&wrapped), Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED));
        prop_assert_eq!(card.wrap(Response::ok(vec![1])), Response::status(StatusWord::NO_ERROR));
    }

    #[test]
    fn a_command_that_is_cut_or_grown_is_refused(
        level in secured_level(),
        command in any_command(),
        at: prop::sample::Index,
        grow in proptest::collection::vec(any::<u8>(), 1..20),
    ) {
        let (mut host, _) = session(level);
        let (wrapped, _) = host.wrap(&command).unwrap();
        let attempt = |data: &[u8]| {
            let mut altered = wrapped.clone();
            altered.data = data.to_vec();
            let (mut host, mut card) = session(level);
            host.wrap(&command).unwrap();
            (card.unwrap(&altered), card.is_open())
        };
        let cut = &wrapped.data[..at.index(wrapped.data.len())];
        prop_assert_eq!(attempt(cut), (Err(StatusWord::INCORRECT_SECURE_MESSAGING), false));
        let grown = [&wrapped.data[..], &grow].concat();
        prop_assert_eq!(attempt(&grown), (Err(StatusWord::INCORRECT_SECURE_MESSAGING), false));
    }

    #[test]
    fn a_response_with_a_flipped_bit_is_refused(
        level in r_mac_level(),
        data in proptest::collection::vec(any::<u8>(), 0..300),
        at: prop::sample::Index,
        bit in 0..8u8,
    ) {
        let (mut host, mut card) = session(level);
        let (wrapped, ticket) = host.wrap(&Command::new(0x80, 0xCA, 0, 0x66)).unwrap();
        card.unwrap(&wrapped).unwrap();
        let mut bytes = card.wrap(Response::ok(data)).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let altered = Response::parse(&bytes).unwrap();
        prop_assert_eq!(host.unwrap(&ticket, &altered), Err(HostError::ResponseMac));
    }

    #[test]
    fn an_authentication_with_a_flipped_bit_is_refused(
        level in secured_level(),
        at: prop::sample::Index,
        bit in 0..8u8,
    ) {
        let (host, card, answer) = opened(9);
        let (_, mut command) = host.answer(&answer, level).unwrap();
        let at = at.index(command.data.len());
        command.data[at] ^= 1 << bit;
        let expected = if at < 8 {
            StatusWord::AUTHENTICATION_FAILED
        } else {
            StatusWord::INCORRECT_SECURE_MESSAGING
        };
        prop_assert_eq!(card.external_authenticate(&command).map(|_| ()), Err(expected));
    }

    #[test]
    fn an_answer_with_a_flipped_bit_is_refused(at: prop::sample::Index, bit in 0..8u8) {
        let (host, _, mut answer) = opened(9);
        // Diversification data is the card's word alone, and so is the counter until it is held against the challenge.
        let at = 10 + at.index(3 + 16);
        answer.data[at] ^= 1 << bit;
        let refused = host.answer(&answer, SecurityLevel::FULL).is_err();
        // Of i = 70 the bits count that say how long the fields are, whether the counter is there, and what the card can.
        let counts = at != 12 || matches!(1 << bit, 0x01 | 0x10 | 0x20 | 0x40);
        prop_assert_eq!(refused, counts);
    }

    #[test]
    fn bytes_of_any_kind_never_panic(
        answer in proptest::collection::vec(any::<u8>(), 0..60),
        cla: u8,
        data in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let (host, pending, _) = opened(9);
        prop_assert!(host.answer(&Response::ok(answer), SecurityLevel::FULL).is_err());
        let command = Command::new(cla, 0x82, 0x33, 0).with_data(&data);
        prop_assert!(pending.external_authenticate(&command).is_err());
        let (_, mut card) = session(SecurityLevel::FULL);
        prop_assert!(card.unwrap(&Command::new(cla, 0xE2, 0, 0).with_data(&data)).is_err());
        prop_assert!(!card.is_open());
    }
}

#[test]
fn a_plain_command_ends_a_secured_session() {
    for level in [SecurityLevel::C_MAC, SecurityLevel::FULL] {
        let (_, mut card) = session(level);
        let plain = Command::new(0x80, 0xCA, 0, 0x66);
        assert_eq!(
            card.unwrap(&plain),
            Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED)
        );
        assert!(!card.is_open());
    }
}

#[test]
fn a_secured_command_ends_a_session_without_security() {
    let (_, mut card) = session(SecurityLevel::NONE);
    let plain = Command::new(0x80, 0xCA, 0, 0x66);
    assert_eq!(card.unwrap(&plain), Ok(plain));
    assert_eq!(
        card.unwrap(&Command::new(0x84, 0xCA, 0, 0x66).with_data(&[0; 8])),
        Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED)
    );
    assert!(!card.is_open());
}

#[test]
fn the_class_byte_is_covered() {
    for flip in [0x80, 0x04, 0x08, 0x10] {
        let (mut host, mut card) = session(SecurityLevel::FULL);
        let (mut wrapped, _) = host.wrap(&Command::new(0x80, 0xCA, 0, 0x66)).unwrap();
        wrapped.cla ^= flip;
        assert!(card.unwrap(&wrapped).is_err(), "{flip:02X}");
        assert!(!card.is_open());
    }
}

#[test]
fn replay_and_reordering_are_refused() {
    let (mut host, mut card) = session(SecurityLevel::FULL);
    let (first, _) = host.wrap(&Command::new(0x80, 0xF2, 0x40, 2)).unwrap();
    let (second, _) = host.wrap(&Command::new(0x80, 0xF2, 0x40, 3)).unwrap();
    assert!(card.unwrap(&first).is_ok());
    assert_eq!(
        card.unwrap(&first),
        Err(StatusWord::INCORRECT_SECURE_MESSAGING)
    );

    let (_, mut card) = session(SecurityLevel::FULL);
    assert_eq!(
        card.unwrap(&second),
        Err(StatusWord::INCORRECT_SECURE_MESSAGING)
    );
}

#[test]
fn a_response_belongs_to_its_command() {
    let (mut host, mut card) = session(SecurityLevel::FULL);
    let (first, first_ticket) = host.wrap(&Command::new(0x80, 0xCA, 0, 0x66)).unwrap();
    let (second, second_ticket) = host.wrap(&Command::new(0x80, 0xCA, 0, 0xE0)).unwrap();
    card.unwrap(&first).unwrap();
    let one = card.wrap(Response::ok(vec![1]));
    card.unwrap(&second).unwrap();
    let two = card.wrap(Response::ok(vec![2]));
    assert_eq!(host.unwrap(&first_ticket, &one).unwrap().data, [1]);
    assert_eq!(host.unwrap(&second_ticket, &two).unwrap().data, [2]);
    assert_eq!(
        host.unwrap(&first_ticket, &two),
        Err(HostError::ResponseMac)
    );
    // An error's status word comes bare; data beside it is somebody else's.
    let bare = Response::status(StatusWord::DATA_NOT_FOUND);
    assert_eq!(host.unwrap(&first_ticket, &bare), Ok(bare.clone()));
    let laden = Response {
        data: vec![0; 8],
        ..bare
    };
    assert_eq!(
        host.unwrap(&first_ticket, &laden),
        Err(HostError::ResponseMac)
    );
}

#[test]
fn other_keys_open_nothing() {
    let (_, card, answer) = opened(1);
    let (host, _) = HostSession::open(&keys(1), &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    assert_eq!(
        host.clone()
            .answer(&answer, SecurityLevel::FULL)
            .map(|_| ()),
        Err(HostError::CardCryptogram)
    );
    // A host that goes on regardless is refused by the card.
    let (_, command) = host.predict(1, &domain(), SecurityLevel::FULL).unwrap();
    assert_eq!(
        card.external_authenticate(&command).map(|_| ()),
        Err(StatusWord::AUTHENTICATION_FAILED)
    );
}

#[test]
fn a_prediction_is_confirmed_or_corrected() {
    let (host, card, answer) = opened(7);
    let (_, interactive) = host.clone().answer(&answer, SecurityLevel::FULL).unwrap();
    let (_, predicted) = host.predict(7, &domain(), SecurityLevel::FULL).unwrap();
    assert_eq!(interactive, predicted);
    assert!(card.external_authenticate(&predicted).is_ok());
    assert_eq!(host.confirm(&answer, 7, &domain()), Ok(()));
    assert_eq!(
        host.confirm(&answer, 6, &domain()),
        Err(HostError::Sequence {
            predicted: 6,
            card: 7
        })
    );
    let other: Aid = "F0485944520102".parse().unwrap();
    assert_eq!(host.confirm(&answer, 7, &other), Err(HostError::Challenge));
}

#[test]
fn what_a_session_cannot_begin_with() {
    let keys = keys(0);
    let open = |sequence, challenge: &[u8]| {
        CardSession::initialize_update(&keys, sequence, &domain(), &[0; 10], challenge).map(|_| ())
    };
    assert_eq!(open(1, &[0; 16]), Err(StatusWord::WRONG_DATA));
    assert_eq!(open(MAX_SEQUENCE, &[0; 8]), Ok(()));
    assert_eq!(
        open(MAX_SEQUENCE + 1, &[0; 8]),
        Err(StatusWord::CONDITIONS_NOT_SATISFIED)
    );
    assert!(HostSession::open(&keys, &[0; 9]).is_err());

    let (host, card, answer) = opened(1);
    let (_, mut command) = host.answer(&answer, SecurityLevel::FULL).unwrap();
    command.cla = 0x80;
    assert_eq!(
        card.external_authenticate(&command).map(|_| ()),
        Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED)
    );
    // R-MAC without C-MAC is no level.
    let (host, card, answer) = opened(1);
    let (_, mut command) = host.answer(&answer, SecurityLevel::FULL).unwrap();
    command.p1 = 0x10;
    assert_eq!(
        card.external_authenticate(&command).map(|_| ()),
        Err(StatusWord::INCORRECT_P1P2)
    );
    // The level is under the MAC: it cannot be lowered on the way.
    let (host, card, answer) = opened(1);
    let (_, mut command) = host.answer(&answer, SecurityLevel::FULL).unwrap();
    command.p1 = 0x01;
    assert_eq!(
        card.external_authenticate(&command).map(|_| ()),
        Err(StatusWord::INCORRECT_SECURE_MESSAGING)
    );
}

#[test]
fn a_refusal_and_other_protocols_are_told_apart() {
    let (host, _, answer) = opened(1);
    let answered = |change: &dyn Fn(&mut Response)| {
        let mut answer = answer.clone();
        change(&mut answer);
        host.clone()
            .answer(&answer, SecurityLevel::FULL)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(
        answered(&|answer| *answer = Response::status(StatusWord::DATA_NOT_FOUND)),
        HostError::Status(StatusWord::DATA_NOT_FOUND)
    );
    assert_eq!(
        answered(&|answer| answer.data.truncate(20)),
        HostError::Malformed { len: 20 }
    );
    assert_eq!(
        answered(&|answer| answer.data[11] = 0x02),
        HostError::Protocol(0x02)
    );
    assert_eq!(
        answered(&|answer| answer.data[10] = 0x31),
        HostError::KeyVersion(0x31)
    );
    assert_eq!(
        answered(&|answer| answer.data[12] = 0x30),
        HostError::Level {
            level: SecurityLevel::FULL,
            parameter: 0x30
        }
    );
}

#[test]
fn nothing_secret_prints() {
    let key = AesKey::aes128(&[0xAB; 16]);
    let keys = KeySet::new(0x30, key.clone(), key.clone(), key);
    let (host, _) = HostSession::open(&keys, &[0; 8]).unwrap();
    let (card, answer) =
        CardSession::initialize_update(&keys, 1, &domain(), &[0; 10], &[0; 8]).unwrap();
    let text = format!("{keys:?} {host:?} {card:?}");
    let (host, command) = host.answer(&answer, SecurityLevel::FULL).unwrap();
    let card = card.external_authenticate(&command).unwrap();
    let text = format!("{text} {host:?} {card:?}");
    assert!(!text.to_uppercase().contains("AB, AB") && !text.contains("171, 171"));
    assert!(text.contains("KeySet(version 30)"));
}
