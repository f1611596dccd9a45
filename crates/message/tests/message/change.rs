//! One bit changed anywhere is refused.

use hydra_message::{Attestation, Content, Error, Payload, Purpose, Sign1, open};

use crate::sample::{contents, domain_key, key, make, recipient_key};

fn flipped(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        (bit, changed)
    })
}

#[test]
fn no_bit_of_a_sealed_message_may_change() {
    let [made, _] = make(Purpose::Measurement, &contents().last().unwrap().1);
    assert!(open(&made.sealed, "supplier", &recipient_key()).is_ok());
    for (bit, changed) in flipped(&made.sealed) {
        let opened = open(&changed, "supplier", &recipient_key());
        assert!(opened.is_err(), "bit {bit}");
    }
}

/// Certificates are opaque to this crate, so what remains free is exactly their bytes.
#[test]
fn no_bit_of_a_signed_message_may_change_but_in_the_certificates() {
    let [_, made] = make(Purpose::Statement, &contents()[1].1);
    let signer = domain_key().public();
    let original = Sign1::parse(&made.signed).unwrap();
    for (bit, changed) in flipped(&made.signed) {
        let Ok(read) = Sign1::parse(&changed) else {
            continue;
        };
        if read.verify(&signer).is_err() {
            continue;
        }
        assert_eq!(read.payload, original.payload, "bit {bit}");
        if read.x5chain != original.x5chain {
            continue;
        }
        let attestation = read.attestation.unwrap();
        assert_ne!(
            Some(&attestation),
            original.attestation.as_ref(),
            "bit {bit}"
        );
        let refused = Attestation::parse(&attestation).map_or(true, |read| {
            let untouched = Attestation::parse(&made.attestation).unwrap();
            read.sign1.x5chain != untouched.sign1.x5chain
                || read.sign1.verify(&key(3).public()).is_err()
        });
        assert!(refused, "bit {bit}");
    }
}

/// Each payload that still reads is another payload: a bit never has two spellings of one meaning.
#[test]
fn a_changed_payload_never_reads_as_the_same() {
    for made in make(Purpose::Statement, &contents()[2].1) {
        let original = Payload::parse(&made.payload).unwrap();
        for (bit, changed) in flipped(&made.payload) {
            if let Ok(read) = Payload::parse(&changed) {
                assert_ne!(read, original, "bit {bit}");
            }
        }
    }
}

#[test]
fn what_is_cut_off_is_refused_where_it_ends() {
    let [_, made] = make(Purpose::Statement, &contents()[0].1);
    for len in 0..made.content.len() {
        let error = Content::parse(&made.content[..len]).unwrap_err();
        assert!(
            matches!(error, Error::Malformed { at } if at <= len),
            "{len}: {error}"
        );
    }
    for len in 0..made.payload.len() {
        let error = Payload::parse(&made.payload[..len]).unwrap_err();
        assert!(
            matches!(error, Error::Malformed { at } if at <= len),
            "{len}: {error}"
        );
    }
    for len in 0..made.signed.len() {
        let error = Sign1::parse(&made.signed[..len]).unwrap_err();
        assert!(
            matches!(error, Error::Malformed { at } if at <= len),
            "{len}: {error}"
        );
    }
    for len in 0..made.sealed.len() {
        let error = open(&made.sealed[..len], "supplier", &recipient_key()).unwrap_err();
        assert!(
            matches!(error, Error::Malformed { at } if at <= len),
            "{len}: {error}"
        );
    }
}
