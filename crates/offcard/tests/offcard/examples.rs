//! The examples of docs/protocols.md §6 and §8 are what this code makes.

use hydra_crypto::{SecretKey, sha256};
use hydra_message::{
    Content, Outgoing, Purpose, Recipient, Sign1, Statement, StatementDetail, merkle, open, seal,
    sign1,
};
use hydra_offcard::ca::{CertificationAuthority, CertifiedKey, TrustRoot};
use hydra_offcard::verify::{Speaker, verify};
use hydra_tariff::{Interval, Tariff};
use hydra_wire::{Aid, hex};

use crate::pen::{NOW, TARIFF};

/// The fenced blocks of a section that are named ```` ```<name> ````, in order, without blanks.
fn blocks(section: &str) -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocols.md");
    let text = std::fs::read_to_string(path).unwrap();
    let start = text.find(&format!("\n## {section}. ")).unwrap() + 1;
    let end = text[start..]
        .find("\n## ")
        .map_or(text.len(), |n| start + n);
    let mut blocks = Vec::new();
    let mut lines = text[start..end].lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("```").filter(|name| !name.is_empty()) {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((name.to_owned(), body.join("\n")));
        }
    }
    blocks
}

/// A block of `label = hex` lines; lines that begin with a blank continue the one before.
fn values(body: &str) -> Vec<(String, Vec<u8>)> {
    let mut values: Vec<(String, String)> = Vec::new();
    for line in body.lines() {
        match line.split_once(" = ") {
            Some((label, value)) => values.push((label.to_owned(), value.to_owned())),
            None => values.last_mut().unwrap().1.push_str(line.trim()),
        }
    }
    values
        .into_iter()
        .map(|(label, text)| {
            let bytes = hex::decode(&text).unwrap_or_else(|| panic!("{label}"));
            (label, bytes)
        })
        .collect()
}

/// What the documents ought to say, ready to be pasted.
fn written(values: &[(&str, Vec<u8>)]) -> String {
    let mut text = String::new();
    for (label, value) in values {
        let digits = hex::encode(value);
        let first = digits.len().min(120 - label.len() - 3);
        text += &format!("{label} = {}\n", &digits[..first]);
        for line in digits.as_bytes()[first..].chunks(116) {
            text += &format!("    {}\n", std::str::from_utf8(line).unwrap());
        }
    }
    text
}

fn compare(section: &str, expected: &[(&str, Vec<u8>)]) {
    let found: Vec<(String, Vec<u8>)> = blocks(section)
        .iter()
        .filter(|(name, _)| name == "hex")
        .flat_map(|(_, body)| values(body))
        .collect();
    let same = found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(found, expected)| (found.0.as_str(), &found.1) == (expected.0, &expected.1));
    assert!(
        same,
        "the examples of section {section} should be:\n{}",
        written(expected)
    );
}

#[test]
fn the_tariff_example_is_what_the_compiler_makes() {
    let document = Tariff::from_toml(TARIFF).unwrap().to_compiled();
    let hash = sha256(&document).to_vec();
    compare("6", &[("document", document.clone()), ("hash", hash)]);
    let (_, toml) = blocks("6")
        .into_iter()
        .find(|(name, _)| name == "toml")
        .unwrap();
    assert_eq!(Tariff::from_toml(&toml).unwrap().to_compiled(), document);
}

#[test]
fn the_message_example_is_what_a_card_makes() {
    let key = |byte| SecretKey::from_bytes(&[byte; 32]).unwrap();
    let (authority_key, attestation_key, domain_key) = (key(1), key(2), key(3));
    let (ephemeral, householder) = (key(4), key(5));
    let card_id = [0xCA, 0, 0, 0, 0, 0, 0, 1];
    let domain: Aid = "F0485944520102".parse().unwrap();
    let instance: Aid = "F04859445202020101".parse().unwrap();

    let authority = CertificationAuthority::new("Example issuer", authority_key).unwrap();
    let attestation_chain = authority
        .issue(
            &CertifiedKey::Attestation { card_id },
            &attestation_key.public(),
        )
        .unwrap();
    let chain = authority
        .issue(
            &CertifiedKey::Domain {
                card_id,
                domain: domain.clone(),
            },
            &domain_key.public(),
        )
        .unwrap();
    let subject = hydra_message::Subject {
        card_id,
        domain: domain.clone(),
        point: domain_key.public().to_bytes(),
        code: Some((instance.clone(), [0xCC; 32])),
    };
    let attestation =
        hydra_message::attest(&subject, &attestation_chain, &attestation_key).unwrap();

    let intervals = [
        (1_359_676_800, 250),
        (1_359_678_600, 300),
        (1_359_680_400, 0),
    ];
    let leaf_salt_key = [0x11; 32];
    let tariff = Tariff::from_toml(TARIFF).unwrap();
    let bill = tariff
        .bill(&intervals.map(|(start, wh)| Interval { start, wh }), 1)
        .unwrap();
    let statement = Statement {
        from: 1_359_676_800,
        to: 1_359_763_200,
        account: "A-1001".to_owned(),
        tariff_hash: sha256(&tariff.to_compiled()),
        total_pence: bill.total.0,
        slots_expected: 48,
        slots_received: 3,
        missing: 45,
        repeated: 0,
        authentication: 0,
    };
    let detail = StatementDetail {
        opening_wh: 1_000_000,
        closing_wh: 1_000_550,
        rates: bill.lines.iter().map(|l| (l.wh.0, l.pence.0)).collect(),
        standing_pence: bill.standing.0,
        vat_pence: bill.vat.0,
        merkle_root: merkle::root_of_intervals(&leaf_salt_key, &intervals),
        leaf_salt_key,
    };
    let claims = statement.to_claims().unwrap();
    let content = [&[0x82][..], &claims, &detail.to_hidden().unwrap()].concat();
    let read = Content::parse(&content).unwrap();
    let salts: Vec<[u8; 16]> = (0..).take(read.hidden_count()).map(|n| [n; 16]).collect();
    let outgoing = Outgoing {
        sender: &domain,
        instance: &instance,
        card_id,
        recipient: "householder",
        purpose: Purpose::Statement,
        counter: 2,
        previous: [0; 32],
    };
    let payload = outgoing.copy_payload(&read, &salts).unwrap();
    let signed = sign1(&payload, &chain, Some(&attestation), &domain_key).unwrap();
    let recipient = Recipient {
        point: &householder.public(),
        name: "householder",
    };
    let sealed = seal(&signed, &recipient, &ephemeral, [0xBB; 12]).unwrap();

    let leaf = |index: u32| {
        let (start, wh) = intervals[usize::try_from(index).unwrap()];
        let salt = merkle::leaf_salt(&leaf_salt_key, index);
        merkle::leaf(&salt, start, wh).to_vec()
    };
    let disclosure = &read.disclosures(&salts).unwrap()[2];
    compare(
        "8",
        &[
            ("content", content.clone()),
            ("disclosure", disclosure.to_bytes().unwrap()),
            ("hidden", disclosure.digest().unwrap().to_vec()),
            ("salt", merkle::leaf_salt(&leaf_salt_key, 0).to_vec()),
            ("leaf", leaf(0)),
            ("leaf", leaf(1)),
            ("leaf", leaf(2)),
            ("root", detail.merkle_root.to_vec()),
            ("authority", authority.root().to_vec()),
            ("sealed", sealed.clone()),
        ],
    );

    // And back, from the document's bytes alone.
    let opened = open(&sealed, "householder", &householder).unwrap();
    assert_eq!(Sign1::parse(&opened).unwrap().payload, payload);
    let speaker = Speaker {
        card_id,
        domain,
        instance,
        code_hash: [0xCC; 32],
    };
    let root = TrustRoot::new(authority.root()).unwrap();
    verify(&opened, "householder", &[speaker], &root, NOW).unwrap();
    assert_eq!(
        &merkle_by_hand(&[leaf(0), leaf(1), leaf(2)]),
        &detail.merkle_root
    );
}

fn merkle_by_hand(leaves: &[Vec<u8>; 3]) -> [u8; 32] {
    let node = |left: &[u8], right: &[u8]| sha256(&[&[1], left, right].concat());
    node(&node(&leaves[0], &leaves[1]), &leaves[2])
}
