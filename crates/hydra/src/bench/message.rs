//! A statement's message as the card makes it and as the supplier reads it; certificates are checked once a domain, not here.

use std::hint::black_box;

use anyhow::{Result, ensure};
use hydra_crypto::{PublicKey, Random, SecretKey, SystemRandom};
use hydra_message::{Content, Outgoing, Payload, Purpose, Recipient, Sign1, open, seal, sign1};
use hydra_wire::Aid;

use super::repeated;

const RECIPIENT: &str = "supplier";

/// A statement of ten claims and ten hidden ones, a chain of certificates and an attestation of usual sizes.
struct Statement {
    domain: SecretKey,
    supplier: SecretKey,
    supplier_point: PublicKey,
    content: Vec<u8>,
    salts: Vec<[u8; 16]>,
    random: SystemRandom,
    counter: u32,
}

impl Statement {
    fn new() -> Result<Self> {
        let mut random = SystemRandom::new()?;
        let domain = SecretKey::draw(&mut random, "domain", 0);
        let supplier = SecretKey::draw(&mut random, "supplier", 0);
        // {1: 0, … 10: 0}, then [[1, [0, 0]], … [10, [0, 0]]].
        let mut content = vec![0x82, 0xAA];
        content.extend((1..=10).flat_map(|key| [key, 0]));
        content.push(0x8A);
        content.extend((1..=10).flat_map(|key| [0x82, key, 0x82, 0, 0]));
        let salts = vec![[0x5A; 16]; Content::parse(&content)?.hidden_count()];
        Ok(Self {
            supplier_point: supplier.public(),
            domain,
            supplier,
            content,
            salts,
            random,
            counter: 0,
        })
    }

    fn seal(&mut self) -> Result<Vec<u8>> {
        self.counter += 1;
        let sender: Aid = "F0485944520102".parse()?;
        let instance: Aid = "F04859445202020101".parse()?;
        let outgoing = Outgoing {
            sender: &sender,
            instance: &instance,
            card_id: [7; 8],
            recipient: RECIPIENT,
            purpose: Purpose::Statement,
            counter: self.counter,
            previous: [0; 32],
        };
        let payload = outgoing.payload(&Content::parse(&self.content)?, &self.salts)?;
        let chain = [vec![0x30; 420], vec![0x30; 400]];
        let signed = sign1(&payload, &chain, Some(&[0xD2; 1_100]), &self.domain)?;
        let ephemeral = SecretKey::draw(&mut self.random, "ephemeral", self.counter.into());
        let mut iv = [0; 12];
        self.random.draw("iv", self.counter.into(), &mut iv);
        let recipient = Recipient {
            point: &self.supplier_point,
            name: RECIPIENT,
        };
        Ok(seal(&signed, &recipient, &ephemeral, iv)?)
    }
}

pub(super) fn signed_and_sealed() -> Result<f64> {
    let mut statement = Statement::new()?;
    repeated(|| {
        black_box(statement.seal()?);
        Ok(())
    })
}

pub(super) fn opened_and_verified() -> Result<f64> {
    let mut statement = Statement::new()?;
    let sealed = statement.seal()?;
    let signer = statement.domain.public();
    repeated(|| {
        let signed = Sign1::parse(&open(black_box(&sealed), RECIPIENT, &statement.supplier)?)?;
        signed.verify(&signer)?;
        ensure!(
            Payload::parse(&signed.payload)?.counter == 1,
            "another counter"
        );
        Ok(())
    })
}
