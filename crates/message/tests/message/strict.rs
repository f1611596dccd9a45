//! What is no message, and where it stops being one.

use hydra_message::{
    Attestation, Content, Error, Intervals, Measurement, Payload, Sign1, Statement, open,
};
use proptest::prelude::*;

use crate::sample::recipient_key;

#[test]
fn cbor_that_is_not_deterministic_is_refused_at_its_place() {
    let not_deterministic = |at| Error::NotDeterministic { at };
    let unsupported = |at| Error::Unsupported { at };
    let expected = |at, expected| Error::Unexpected { at, expected };
    let cases: [(&[u8], Error); 24] = [
        (&[], Error::Malformed { at: 0 }),
        (&[0x82, 0xA0], Error::Malformed { at: 2 }),
        (&[0x82, 0xA0, 0x80, 0x00], Error::Trailing { at: 3 }),
        (&[0x9F, 0xA0, 0x80, 0xFF], not_deterministic(0)),
        (&[0x82, 0xBF, 0xFF, 0x80], not_deterministic(1)),
        (&[0x82, 0xA1, 0x00, 0x5F, 0xFF, 0x80], not_deterministic(3)),
        (&[0x82, 0xA1, 0x00, 0x7F, 0xFF, 0x80], not_deterministic(3)),
        (&[0x98, 0x02, 0xA0, 0x80], not_deterministic(0)),
        (&[0x82, 0xA1, 0x00, 0x18, 0x17, 0x80], not_deterministic(3)),
        (
            &[0x82, 0xA1, 0x00, 0x19, 0x00, 0xFF, 0x80],
            not_deterministic(3),
        ),
        (&[0x82, 0xA1, 0x00, 0x38, 0x17, 0x80], not_deterministic(3)),
        (
            &[0x82, 0xA1, 0x00, 0x58, 0x01, 0xAA, 0x80],
            not_deterministic(3),
        ),
        (
            &[0x82, 0xA1, 0x00, 0x78, 0x01, 0x41, 0x80],
            not_deterministic(3),
        ),
        (
            &[0x82, 0xA2, 0x02, 0x00, 0x01, 0x00, 0x80],
            not_deterministic(4),
        ),
        (
            &[0x82, 0xA2, 0x01, 0x00, 0x01, 0x00, 0x80],
            not_deterministic(4),
        ),
        (&[0x82, 0xA1, 0x00, 0xF9, 0x3C, 0x00, 0x80], unsupported(3)),
        (&[0x82, 0xA1, 0x00, 0xF7, 0x80], unsupported(3)),
        (&[0x82, 0xA1, 0x80, 0x00, 0x80], unsupported(2)),
        (
            &[0x82, 0xA1, 0x00, 0x61, 0xFF, 0x80],
            Error::Malformed { at: 3 },
        ),
        (
            &[0x83, 0xA0, 0x80, 0x00],
            expected(0, "an array of claims and hidden claims"),
        ),
        (&[0x82, 0x80, 0x80], expected(1, "a map of claims")),
        (
            &[0x82, 0xA0, 0xA0],
            expected(2, "an array of hidden claims"),
        ),
        (
            &[0x82, 0xA0, 0x81, 0x81, 0x00],
            expected(3, "a hidden claim [key, value]"),
        ),
        (
            &[0x82, 0xA0, 0x82, 0x82, 0x05, 0x00, 0x82, 0x05, 0x00],
            expected(7, "a key that no other hidden claim has"),
        ),
    ];
    for (bytes, error) in cases {
        assert_eq!(Content::parse(bytes).unwrap_err(), error, "{bytes:02X?}");
    }
    let nested = [vec![0x82, 0xA1, 0x00], vec![0x81; 40], vec![0x00, 0x80]].concat();
    assert_eq!(Content::parse(&nested).unwrap_err(), unsupported(13));
}

#[test]
fn a_huge_announced_length_is_only_a_short_message() {
    for head in [0x9B, 0xBB, 0x5B, 0x7B] {
        let bytes = [&[head][..], &[0x7F; 8]].concat();
        assert!(matches!(
            Content::parse(&bytes),
            Err(Error::Malformed { .. })
        ));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let len = bytes.len();
        let offset = |error: Error| match error {
            Error::Malformed { at }
            | Error::NotDeterministic { at }
            | Error::Unsupported { at }
            | Error::Trailing { at }
            | Error::Unexpected { at, .. } => at,
            _ => 0,
        };
        for error in [
            Content::parse(&bytes).err(),
            Payload::parse(&bytes).err(),
            Sign1::parse(&bytes).err(),
            Attestation::parse(&bytes).err(),
            Statement::parse(&bytes).err(),
            Intervals::parse(&bytes).err(),
            Measurement::parse(&bytes).err(),
            open(&bytes, "x", &recipient_key()).err(),
        ]
        .into_iter()
        .flatten()
        {
            prop_assert!(offset(error) <= len);
        }
    }
}
