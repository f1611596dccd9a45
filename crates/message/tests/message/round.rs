//! Made, sealed, opened, verified, read.

use hydra_crypto::sha256;
use hydra_message::{
    Attestation, Content, Error, Intervals, Measurement, Outgoing, Payload, Purpose, Recipient,
    Sign1, Statement, StatementDetail, merkle, open, seal,
};
use hydra_wire::{Frame, FrameKind, SIZE_CLASSES};

use crate::sample::{
    blood_pressure, contents, detail, domain_key, intervals, key, make, recipient_key, salts,
    statement, weight,
};

#[test]
fn every_message_comes_back() {
    for (purpose, content) in contents() {
        for (made, name) in make(purpose, &content)
            .iter()
            .zip(["supplier", "householder"])
        {
            let signed = open(&made.sealed, name, &recipient_key()).unwrap();
            assert_eq!(signed, made.signed);
            let sign1 = Sign1::parse(&signed).unwrap();
            sign1.verify(&domain_key().public()).unwrap();
            assert_eq!(sign1.verify(&key(3).public()), Err(Error::Signature));
            assert_eq!(sign1.digest(), sha256(&signed));
            assert_eq!(sign1.x5chain, [vec![0x30; 440], vec![0x31; 420]]);

            let payload = Payload::parse(&sign1.payload).unwrap();
            assert_eq!(payload.recipient, name);
            assert_eq!((payload.purpose, payload.counter), (purpose, 7));
            assert_eq!(payload.previous, [6; 32]);
            let read = Content::parse(&content).unwrap();
            assert_eq!(payload.claims, read.claims());
            assert_eq!(payload.hidden.len(), read.hidden_count());
            assert_eq!(payload.disclosures.is_some(), name == "householder");

            let attestation = Attestation::parse(&sign1.attestation.unwrap()).unwrap();
            attestation.sign1.verify(&key(3).public()).unwrap();
            assert_eq!(attestation.subject.point, domain_key().public().to_bytes());
            assert_eq!(attestation.subject.code.unwrap().1, [5; 32]);
        }
    }
}

#[test]
fn claims_read_back_as_they_were_meant() {
    assert_eq!(
        Statement::parse(&statement().to_claims().unwrap()),
        Ok(statement())
    );
    for count in [0, 1, 48] {
        let claims = intervals(count).to_claims().unwrap();
        assert_eq!(Intervals::parse(&claims), Ok(intervals(count)));
    }
    for measurement in [weight(), blood_pressure()] {
        let claims = measurement.to_claims().unwrap();
        assert_eq!(Measurement::parse(&claims), Ok(measurement));
    }
    for rates in 1..=8 {
        let (_, content) = &contents()[rates - 1];
        let read = Content::parse(content).unwrap();
        let disclosures = read.disclosures(&salts(read.hidden_count())).unwrap();
        assert_eq!(
            StatementDetail::from_disclosures(&disclosures),
            Ok(detail(rates))
        );
        for missing in 0..disclosures.len() {
            let mut fewer = disclosures.clone();
            fewer.remove(missing);
            // A rate less is still a statement, of fewer rates, unless it leaves a gap or none.
            let last_of_several = rates > 1 && missing == rates + 1;
            assert_eq!(
                StatementDetail::from_disclosures(&fewer).is_ok(),
                last_of_several,
                "{rates} rates without {missing}"
            );
        }
    }
}

#[test]
fn every_frame_fills_its_size_class() {
    for len in (0..1_200).chain([3_000, 7_000, 15_900, 16_400, 40_000, 65_300, 65_536]) {
        for name in ["a", "supplier", "a name of thirty-two bytes, whole"] {
            let Some(name) = name.get(..name.len().min(32)) else {
                unreachable!()
            };
            let recipient = Recipient {
                point: &recipient_key().public(),
                name,
            };
            if len > 600 && len < 1_200 && len % 7 != 0 {
                continue;
            }
            let signed = vec![0xAB; len];
            let sealed = seal(&signed, &recipient, &key(4), [11; 12]).unwrap();
            let unframed = 10 + sealed.len();
            let frame = Frame {
                kind: FrameKind::Message,
                correlation: 1,
                payload: sealed.clone(),
            }
            .to_bytes();
            assert!(SIZE_CLASSES.contains(&frame.len()) || frame.len().is_multiple_of(16_384));
            assert!(frame.len() - unframed <= 2, "{len}: {unframed}");
            assert_eq!(open(&sealed, name, &recipient_key()).unwrap(), signed);
        }
    }
}

#[test]
fn a_message_opens_for_its_recipient_alone() {
    let [made, _] = make(Purpose::Statement, &contents()[0].1);
    assert_eq!(
        open(&made.sealed, "telecare", &recipient_key()),
        Err(Error::Recipient)
    );
    assert_eq!(open(&made.sealed, "supplier", &key(9)), Err(Error::Sealed));
}

#[test]
fn salts_and_names_are_checked() {
    let (_, content) = &contents()[0];
    let content = Content::parse(content).unwrap();
    let aid = "F0485944520102".parse().unwrap();
    let outgoing = |recipient| Outgoing {
        sender: &aid,
        instance: &aid,
        card_id: [0; 8],
        recipient,
        purpose: Purpose::Statement,
        counter: 1,
        previous: [0; 32],
    };
    assert_eq!(
        outgoing("supplier").payload(&content, &salts(6)),
        Err(Error::Salts {
            needed: 7,
            given: 6
        })
    );
    let long = "x".repeat(33);
    for name in ["", &long] {
        assert!(matches!(
            outgoing(name).payload(&content, &salts(7)),
            Err(Error::TooLong { .. })
        ));
        let recipient = Recipient {
            point: &recipient_key().public(),
            name,
        };
        assert!(matches!(
            seal(&[], &recipient, &key(4), [0; 12]),
            Err(Error::TooLong { .. })
        ));
    }
}

/// RFC 6962 §2.1 by its definition, against the levels of a tree that is built pairwise.
#[test]
fn merkle_roots_agree_with_a_tree_built_level_by_level() {
    for count in 0..70_u32 {
        let intervals: Vec<(u32, u32)> = (0..count).map(|n| (n * 1_800, n)).collect();
        let mut level: Vec<[u8; 32]> = (0..count)
            .map(|n| {
                let salt = sha256(&[&[9; 32][..], &n.to_be_bytes()].concat());
                let mut leaf = vec![0];
                leaf.extend(&salt[..16]);
                leaf.extend((n * 1_800).to_be_bytes());
                leaf.extend(n.to_be_bytes());
                sha256(&leaf)
            })
            .collect();
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => sha256(&[&[1][..], left, right].concat()),
                    // A last one without a partner rises as it is.
                    _ => pair[0],
                })
                .collect();
        }
        let expected = level.first().copied().unwrap_or_else(|| sha256(&[]));
        assert_eq!(merkle::root_of_intervals(&[9; 32], &intervals), expected);
    }
}
