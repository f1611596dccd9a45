//! What a card's outbox would write, by fixed keys.

use std::collections::BTreeMap;

use hydra_crypto::{Random, SecretKey, SeededRandom};
use hydra_gp::KeySet;
use hydra_message::{
    Content, Intervals, Measurement, Observed, Outgoing, Purpose, Recipient, Salt, Statement,
    StatementDetail, Subject, attest, merkle, seal, sign1,
};
use hydra_offcard::ca::{CertificationAuthority, CertifiedKey, TrustRoot};
use hydra_offcard::handover::Handover;
use hydra_offcard::protocol::{self, aid};
use hydra_offcard::provider::ProviderConfig;
use hydra_tariff::{Interval, Tariff};
use hydra_wire::{Aid, Frame, FrameKind};

pub(crate) const HUB: &str = "h1";
pub(crate) const NOW: u64 = 1_790_000_000;
pub(crate) const FROM: u32 = 1_359_676_800;
pub(crate) const DAY: u32 = 86_400;

pub(crate) const TARIFF: &str = r#"
name = "two-rate"
standing_charge = "53.35"
vat_percent = "5"
[[rate]]
name = "night"
price = "9.5"
windows = ["00:30-07:30"]
[[rate]]
name = "day"
price = "31.17"
"#;

pub(crate) fn tariff() -> Tariff {
    Tariff::from_toml(TARIFF).unwrap()
}

pub(crate) fn key(name: &str) -> SecretKey {
    SecretKey::draw(&mut SeededRandom::new(b"offcard tests"), name, 0)
}

pub(crate) fn authority() -> CertificationAuthority {
    CertificationAuthority::new("Hydra test issuer", key("issuer")).unwrap()
}

pub(crate) fn root() -> TrustRoot {
    TrustRoot::new(authority().root()).unwrap()
}

pub(crate) fn config(name: &str) -> ProviderConfig {
    ProviderConfig {
        name: name.to_owned(),
        key: key(name),
        root: root(),
        random: Box::new(SeededRandom::new(name.as_bytes())),
    }
}

/// One duty's side of a card.
#[derive(Clone)]
pub(crate) struct Pen {
    pub(crate) card_id: [u8; 8],
    pub(crate) domain: Aid,
    pub(crate) instance: Aid,
    pub(crate) code_hash: [u8; 32],
    pub(crate) domain_key: SecretKey,
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) attestation: Vec<u8>,
    provider: &'static str,
    counters: BTreeMap<&'static str, u32>,
    previous: BTreeMap<(&'static str, Purpose), [u8; 32]>,
    drawn: u64,
}

/// A sealed message, and what is in it.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) signed: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

impl Written {
    pub(crate) fn frame(&self) -> Vec<u8> {
        Frame {
            kind: FrameKind::Message,
            correlation: 1,
            payload: self.sealed.clone(),
        }
        .to_bytes()
    }
}

impl Pen {
    pub(crate) fn electricity() -> Self {
        Self::new(
            protocol::SUPPLIER,
            aid::ELECTRICITY_DOMAIN,
            aid::ELECTRICITY,
        )
    }

    pub(crate) fn telehealth() -> Self {
        Self::new(protocol::TELECARE, aid::TELEHEALTH_DOMAIN, aid::TELEHEALTH)
    }

    fn new(provider: &'static str, domain: &str, instance: &str) -> Self {
        let mut pen = Self {
            card_id: [0xC4, 0xAD, 0, 0, 0, 0, 0, 1],
            domain: domain.parse().unwrap(),
            instance: instance.parse().unwrap(),
            code_hash: [0xC0; 32],
            domain_key: key(domain),
            chain: Vec::new(),
            attestation: Vec::new(),
            provider,
            counters: BTreeMap::new(),
            previous: BTreeMap::new(),
            drawn: 0,
        };
        pen.chain = pen.certificate(&authority());
        pen.attestation = pen.attested(&authority(), &pen.subject());
        pen
    }

    pub(crate) fn certificate(&self, authority: &CertificationAuthority) -> Vec<Vec<u8>> {
        let what = CertifiedKey::Domain {
            card_id: self.card_id,
            domain: self.domain.clone(),
        };
        authority.issue(&what, &self.domain_key.public()).unwrap()
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject {
            card_id: self.card_id,
            domain: self.domain.clone(),
            point: self.domain_key.public().to_bytes(),
            code: Some((self.instance.clone(), self.code_hash)),
        }
    }

    pub(crate) fn attested(
        &self,
        authority: &CertificationAuthority,
        subject: &Subject,
    ) -> Vec<u8> {
        let key = key("attestation");
        let what = CertifiedKey::Attestation {
            card_id: self.card_id,
        };
        let chain = authority.issue(&what, &key.public()).unwrap();
        attest(subject, &chain, &key).unwrap()
    }

    pub(crate) fn handover(&self) -> Handover {
        Handover {
            hub: HUB.to_owned(),
            card_id: self.card_id,
            domain: self.domain.clone(),
            instance: self.instance.clone(),
            code_hash: self.code_hash,
            keys: KeySet::draw(
                &mut SeededRandom::new(b"domain keys"),
                0x31,
                self.provider,
                0,
            ),
            chain: self.chain.clone(),
        }
    }

    /// The message to the provider, and the householder's copy; or for intervals the householder's message alone.
    pub(crate) fn write(
        &mut self,
        purpose: Purpose,
        claims: &[u8],
        hidden: &[u8],
    ) -> (Option<Written>, Written) {
        let content = [&[0x82], claims, hidden].concat();
        let content = Content::parse(&content).unwrap();
        let mut random = SeededRandom::new(b"card");
        let salts: Vec<Salt> = (0..content.hidden_count() as u64)
            .map(|n| {
                let mut salt = [0; 16];
                random.draw("salt", self.drawn * 100 + n, &mut salt);
                salt
            })
            .collect();
        let provider = (purpose != Purpose::Intervals)
            .then(|| self.seal(purpose, self.provider, &content, &salts));
        let copy = self.seal(purpose, protocol::HOUSEHOLDER, &content, &salts);
        (provider, copy)
    }

    fn seal(
        &mut self,
        purpose: Purpose,
        name: &'static str,
        content: &Content<'_>,
        salts: &[Salt],
    ) -> Written {
        let counter = self.counters.entry(name).or_default();
        *counter += 1;
        let previous = self.previous.entry((name, purpose)).or_default();
        let outgoing = Outgoing {
            sender: &self.domain,
            instance: &self.instance,
            card_id: self.card_id,
            recipient: name,
            purpose,
            counter: *counter,
            previous: *previous,
        };
        let payload = if name == protocol::HOUSEHOLDER {
            outgoing.copy_payload(content, salts)
        } else {
            outgoing.payload(content, salts)
        }
        .unwrap();
        let signed = sign1(
            &payload,
            &self.chain,
            Some(&self.attestation),
            &self.domain_key,
        )
        .unwrap();
        *previous = hydra_crypto::sha256(&signed);
        self.drawn += 1;
        let sealed = self.seal_signed(&signed, name);
        Written { signed, sealed }
    }

    pub(crate) fn seal_signed(&self, signed: &[u8], name: &str) -> Vec<u8> {
        let mut random = SeededRandom::new(b"card");
        let ephemeral = SecretKey::draw(&mut random, "ephemeral", self.drawn);
        let mut iv = [0; 12];
        random.draw("iv", self.drawn, &mut iv);
        let recipient = Recipient {
            point: &key(name).public(),
            name,
        };
        seal(signed, &recipient, &ephemeral, iv).unwrap()
    }

    pub(crate) fn measure(&mut self, id: u32, observed: Observed) -> (Written, Written) {
        let measurement = Measurement {
            time: FROM + id * 3_600,
            id,
            patient: "p-17".to_owned(),
            observed,
        };
        let claims = measurement.to_claims().unwrap();
        let (message, copy) = self.write(Purpose::Measurement, &claims, &[0x80]);
        (message.unwrap(), copy)
    }

    /// A period of `days` days of half-hours: its messages to the householder, the statement, and its copy.
    pub(crate) fn bill(&mut self, from: u32, days: u32) -> (Vec<Written>, Written, Written) {
        let intervals = half_hours(from, days);
        let mut batches = Vec::new();
        for batch in intervals.chunks(48) {
            let claims = Intervals(batch.to_vec()).to_claims().unwrap();
            batches.push(self.write(Purpose::Intervals, &claims, &[0x80]).1);
        }
        let (statement, detail) = statement(from, days, &intervals);
        let (claims, hidden) = (statement.to_claims().unwrap(), detail.to_hidden().unwrap());
        let (message, copy) = self.write(Purpose::Statement, &claims, &hidden);
        (batches, message.unwrap(), copy)
    }
}

/// Half-hours with one missing a day.
pub(crate) fn half_hours(from: u32, days: u32) -> Vec<(u32, u32)> {
    (0..days * 48)
        .filter(|slot| slot % 48 != 17)
        .map(|slot| (from + slot * 1_800, slot * 7 % 913))
        .collect()
}

pub(crate) fn statement(
    from: u32,
    days: u32,
    intervals: &[(u32, u32)],
) -> (Statement, StatementDetail) {
    let tariff = tariff();
    let given: Vec<Interval> = intervals
        .iter()
        .map(|(start, wh)| Interval {
            start: *start,
            wh: *wh,
        })
        .collect();
    let bill = tariff.bill(&given, days).unwrap();
    let received = u32::try_from(intervals.len()).unwrap();
    let leaf_salt_key = [0x5A; 32];
    let statement = Statement {
        from,
        to: from + days * DAY,
        account: "A-1001".to_owned(),
        tariff_hash: hydra_crypto::sha256(&tariff.to_compiled()),
        total_pence: bill.total.0,
        slots_expected: days * 48,
        slots_received: received,
        missing: days * 48 - received,
        repeated: 1,
        authentication: 0,
    };
    let energy: u64 = intervals.iter().map(|(_, wh)| u64::from(*wh)).sum();
    let detail = StatementDetail {
        opening_wh: 1_000_000,
        closing_wh: 1_000_000 + energy,
        rates: bill
            .lines
            .iter()
            .map(|line| (line.wh.0, line.pence.0))
            .collect(),
        standing_pence: bill.standing.0,
        vat_pence: bill.vat.0,
        merkle_root: merkle::root_of_intervals(&leaf_salt_key, intervals),
        leaf_salt_key,
    };
    (statement, detail)
}

pub(crate) fn terms(from: u32, days: u32) -> hydra_offcard::supplier::Terms {
    hydra_offcard::supplier::Terms {
        account: "A-1001".to_owned(),
        tariff: tariff().to_compiled(),
        from,
        to: from + days * DAY,
        interval: 1_800,
    }
}

pub(crate) fn householder_point() -> [u8; 65] {
    key(protocol::HOUSEHOLDER).public().to_bytes()
}
