//! Whether what the supplier holds is the figure and nothing finer: every field of the signed statement is something that was agreed
//! before, one of the figure's own numbers, or the hash of a salted claim that the householder alone can open.

use hydra_message::{Digest, Error, Payload, Purpose, Sign1, Statement};

/// What supplier and household knew before the period began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Who the statement is for.
    pub recipient: String,
    /// Start of the period, seconds UTC.
    pub from: u32,
    /// Its end, excluded.
    pub to: u32,
    /// The account.
    pub account: String,
    /// SHA-256 of the compiled tariff.
    pub tariff_hash: Digest,
    /// Slots of the period.
    pub slots: u32,
    /// DER certificates of the domain's key, as the issuer handed them over.
    pub chain: Vec<Vec<u8>>,
}

/// What a statement holds beyond the figure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finer {
    /// It does not read as a signed message, or claims are there that the figure has not.
    #[error("other claims than the figure's: {0}")]
    Claims(Error),
    /// It is about something else.
    #[error("a message of purpose {0:?}")]
    Purpose(Purpose),
    /// Hidden claims are opened in it.
    #[error("{0} hidden claims are opened")]
    Opened(usize),
    /// A field that was agreed says something else: it could carry anything.
    #[error("the {0} is not what was agreed")]
    NotAgreed(&'static str),
    /// A hidden claim that the householder can't open: it could be anything.
    #[error("a hidden claim is none of the householder's copy")]
    Unexplained,
}

/// Reads the supplier's COSE_Sign1 beside the householder's copy of it; the figure, or what is finer.
pub fn figure_alone(sign1: &[u8], copy: &[u8], agreed: &Agreed) -> Result<Statement, Finer> {
    let signed = Sign1::parse(sign1).map_err(Finer::Claims)?;
    let payload = Payload::parse(&signed.payload).map_err(Finer::Claims)?;
    if payload.purpose != Purpose::Statement {
        return Err(Finer::Purpose(payload.purpose));
    }
    if let Some(disclosures) = &payload.disclosures {
        return Err(Finer::Opened(disclosures.len()));
    }
    let statement = Statement::parse(&payload.claims).map_err(Finer::Claims)?;
    let other = [
        ("recipient", payload.recipient == agreed.recipient),
        ("start", statement.from == agreed.from),
        ("end", statement.to == agreed.to),
        ("account", statement.account == agreed.account),
        ("tariff", statement.tariff_hash == agreed.tariff_hash),
        ("number of slots", statement.slots_expected == agreed.slots),
        ("certificate chain", signed.x5chain == agreed.chain),
    ]
    .into_iter()
    .find(|(_, same)| !same);
    if let Some((what, _)) = other {
        return Err(Finer::NotAgreed(what));
    }
    // Reading the copy checks that each of its hidden claims is the hash of what opens it.
    let copy = Sign1::parse(copy)
        .and_then(|copy| Payload::parse(&copy.payload))
        .map_err(Finer::Claims)?;
    if copy.disclosures.is_none() || copy.hidden != payload.hidden || copy.claims != payload.claims
    {
        return Err(Finer::Unexplained);
    }
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hydra_crypto::{SecretKey, SeededRandom, sha256};
    use hydra_message::{Content, Outgoing, StatementDetail, sign1};
    use hydra_wire::Aid;

    fn figure() -> Statement {
        Statement {
            from: 1_359_676_800,
            to: 1_359_763_200,
            account: "A-1001".to_owned(),
            tariff_hash: [7; 32],
            total_pence: 12_345,
            slots_expected: 48,
            slots_received: 47,
            missing: 1,
            repeated: 2,
            authentication: 0,
        }
    }

    fn agreed() -> Agreed {
        Agreed {
            recipient: "supplier".to_owned(),
            from: 1_359_676_800,
            to: 1_359_763_200,
            account: "A-1001".to_owned(),
            tariff_hash: [7; 32],
            slots: 48,
            chain: vec![b"leaf".to_vec(), b"issuer".to_vec()],
        }
    }

    fn hidden(opening_wh: u64) -> Vec<u8> {
        let detail = StatementDetail {
            opening_wh,
            closing_wh: 21_960_558,
            rates: vec![(58_792, 559), (322_830, 10_063)],
            standing_pence: 1_494,
            vat_pence: 606,
            merkle_root: [1; 32],
            leaf_salt_key: [2; 32],
        };
        detail.to_hidden().unwrap()
    }

    /// The message for the supplier, and the householder's copy.
    fn written(claims: &[u8], hidden: &[u8], purpose: Purpose) -> [Vec<u8>; 2] {
        let bytes = [&[0x82][..], claims, hidden].concat();
        let content = Content::parse(&bytes).unwrap();
        let salts: Vec<_> = (0..)
            .take(content.hidden_count())
            .map(|n| [n; 16])
            .collect();
        let aid: Aid = "F0485944520102".parse().unwrap();
        let outgoing = |recipient| Outgoing {
            sender: &aid,
            instance: &aid,
            card_id: [1; 8],
            recipient,
            purpose,
            counter: 1,
            previous: [0; 32],
        };
        let key = SecretKey::draw(&mut SeededRandom::new(b"figure"), "key", 0);
        let message = outgoing("supplier").payload(&content, &salts).unwrap();
        let copy = outgoing("householder")
            .copy_payload(&content, &salts)
            .unwrap();
        [message, copy].map(|payload| sign1(&payload, &agreed().chain, Some(b"x"), &key).unwrap())
    }

    #[test]
    fn the_figure_alone_is_the_figure() {
        let [message, copy] = written(
            &figure().to_claims().unwrap(),
            &hidden(5),
            Purpose::Statement,
        );
        assert_eq!(figure_alone(&message, &copy, &agreed()), Ok(figure()));
    }

    #[test]
    fn what_is_finer_is_found() {
        let claims = figure().to_claims().unwrap();
        let [message, copy] = written(&claims, &hidden(5), Purpose::Statement);
        // The householder's copy in the supplier's hands.
        let opened = figure_alone(&copy, &copy, &agreed());
        assert_eq!(opened, Err(Finer::Opened(8)));
        // A line as an eleventh claim.
        let mut more = claims.clone();
        more[0] += 1;
        more.extend([0x18, 30, 0x19, 0x01, 0x2C]);
        let [finer, its_copy] = written(&more, &hidden(5), Purpose::Statement);
        let found = figure_alone(&finer, &its_copy, &agreed());
        assert!(matches!(found, Err(Finer::Claims(_))), "{found:?}");
        // A "hash" that carries a register instead.
        let mut smuggled = message.clone();
        let hash = Payload::parse(&Sign1::parse(&message).unwrap().payload)
            .unwrap()
            .hidden[0];
        let at = smuggled
            .windows(32)
            .position(|bytes| bytes == hash)
            .unwrap();
        smuggled[at..at + 8].copy_from_slice(&21_960_558_u64.to_be_bytes());
        assert_eq!(
            figure_alone(&smuggled, &copy, &agreed()),
            Err(Finer::Unexplained)
        );
        // Something else altogether.
        let intervals = [0xA1, 0x01, 0x81, 0x82, 0x01, 0x02];
        let [other, its_copy] = written(&intervals, &[0x80], Purpose::Intervals);
        assert_eq!(
            figure_alone(&other, &its_copy, &agreed()),
            Err(Finer::Purpose(Purpose::Intervals))
        );
    }

    /// Every field that was agreed could carry something else.
    #[test]
    fn what_was_agreed_is_what_is_said() {
        let [message, copy] = written(
            &figure().to_claims().unwrap(),
            &hidden(5),
            Purpose::Statement,
        );
        type Change = fn(&mut Agreed);
        let changes: [(Change, &str); 7] = [
            (|agreed| agreed.recipient.push('x'), "recipient"),
            (|agreed| agreed.from += 1, "start"),
            (|agreed| agreed.to += 1, "end"),
            (|agreed| agreed.account = "58.792 kWh".to_owned(), "account"),
            (|agreed| agreed.tariff_hash = sha256(b"other"), "tariff"),
            (|agreed| agreed.slots -= 1, "number of slots"),
            (|agreed| agreed.chain.truncate(1), "certificate chain"),
        ];
        for (change, what) in changes {
            let mut agreed = agreed();
            change(&mut agreed);
            let found = figure_alone(&message, &copy, &agreed);
            assert_eq!(found, Err(Finer::NotAgreed(what)));
        }
    }
}
