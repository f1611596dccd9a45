//! One of each message, by fixed keys.

use hydra_crypto::{SecretKey, sha256};
use hydra_message::{
    Content, Intervals, Measurement, Observed, Outgoing, Purpose, Recipient, Salt, Statement,
    StatementDetail, Subject, attest, seal, sign1,
};
use hydra_wire::Aid;

pub(crate) fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes(&[number; 32]).unwrap()
}

pub(crate) fn domain_key() -> SecretKey {
    key(1)
}

pub(crate) fn recipient_key() -> SecretKey {
    key(2)
}

pub(crate) fn statement() -> Statement {
    Statement {
        from: 1_359_676_800,
        to: 1_362_096_000,
        account: "A-1001".to_owned(),
        tariff_hash: [7; 32],
        total_pence: 9_876,
        slots_expected: 1_344,
        slots_received: 1_342,
        missing: 2,
        repeated: 3,
        authentication: 0,
    }
}

pub(crate) fn detail(rates: usize) -> StatementDetail {
    StatementDetail {
        opening_wh: 12_345_678,
        closing_wh: 12_345_678 + 5_000_000_000,
        rates: (0..rates as u64)
            .map(|rate| (1 << (rate * 8), rate * 300))
            .collect(),
        standing_pence: 1_494,
        vat_pence: 470,
        merkle_root: [8; 32],
        leaf_salt_key: [9; 32],
    }
}

pub(crate) fn intervals(count: u32) -> Intervals {
    Intervals(
        (0..count)
            .map(|n| (1_359_676_800 + n * 1_800, n * 37))
            .collect(),
    )
}

pub(crate) fn weight() -> Measurement {
    Measurement {
        time: 1_359_700_000,
        id: 70_000,
        patient: "p-17".to_owned(),
        observed: Observed::Weight { grams: 72_345 },
    }
}

pub(crate) fn blood_pressure() -> Measurement {
    Measurement {
        observed: Observed::BloodPressure {
            systolic: 128,
            diastolic: 81,
            pulse: 66,
        },
        ..weight()
    }
}

/// `[claims, hidden]` as an applet writes it.
pub(crate) fn content(claims: &[u8], hidden: &[u8]) -> Vec<u8> {
    [&[0x82], claims, hidden].concat()
}

pub(crate) fn contents() -> Vec<(Purpose, Vec<u8>)> {
    let none = [0x80];
    let claims = statement().to_claims().unwrap();
    let mut all: Vec<(Purpose, Vec<u8>)> = (1..=8)
        .map(|rates| {
            let hidden = detail(rates).to_hidden().unwrap();
            (Purpose::Statement, content(&claims, &hidden))
        })
        .collect();
    for count in [0, 1, 23, 24, 48] {
        let claims = intervals(count).to_claims().unwrap();
        all.push((Purpose::Intervals, content(&claims, &none)));
    }
    for measurement in [weight(), blood_pressure()] {
        let claims = measurement.to_claims().unwrap();
        all.push((Purpose::Measurement, content(&claims, &none)));
    }
    all
}

pub(crate) fn salts(count: usize) -> Vec<Salt> {
    (0..count)
        .map(|n| {
            sha256(&[u8::try_from(n).unwrap()])[..16]
                .try_into()
                .unwrap()
        })
        .collect()
}

pub(crate) struct Made {
    pub(crate) content: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) attestation: Vec<u8>,
    pub(crate) signed: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

/// The message, and the householder's copy of it.
pub(crate) fn make(purpose: Purpose, content: &[u8]) -> [Made; 2] {
    let domain: Aid = "F0485944520102".parse().unwrap();
    let instance: Aid = "F04859445202020101".parse().unwrap();
    let read = Content::parse(content).unwrap();
    let salts = salts(read.hidden_count());
    let subject = Subject {
        card_id: [0xC4; 8],
        domain: domain.clone(),
        point: domain_key().public().to_bytes(),
        code: Some((instance.clone(), [5; 32])),
    };
    // Certificates are opaque here; their chains are the business of who verifies them.
    let chain = [vec![0x30; 440], vec![0x31; 420]];
    let attestation = attest(&subject, &chain[1..], &key(3)).unwrap();
    ["supplier", "householder"].map(|name| {
        let outgoing = Outgoing {
            sender: &domain,
            instance: &instance,
            card_id: [0xC4; 8],
            recipient: name,
            purpose,
            counter: 7,
            previous: [6; 32],
        };
        let payload = if name == "supplier" {
            outgoing.payload(&read, &salts)
        } else {
            outgoing.copy_payload(&read, &salts)
        }
        .unwrap();
        let signed = sign1(&payload, &chain, Some(&attestation), &domain_key()).unwrap();
        let recipient = Recipient {
            point: &recipient_key().public(),
            name,
        };
        let sealed = seal(&signed, &recipient, &key(4), [11; 12]).unwrap();
        Made {
            content: content.to_vec(),
            payload,
            attestation: attestation.clone(),
            signed,
            sealed,
        }
    })
}
