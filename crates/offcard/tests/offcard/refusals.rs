//! Every reason for not believing a message, and every bit of one.

use hydra_message::{Error, Observed, sign1};
use hydra_offcard::ca::{CertificationAuthority, CertifiedKey, ChainError, TrustRoot};
use hydra_offcard::verify::{Refusal, Verified, verify};
use hydra_wire::Aid;

use crate::pen::{NOW, Pen, authority, key, root};

const WEIGHT: Observed = Observed::Weight { grams: 70_000 };

fn check(pen: &Pen, signed: &[u8]) -> Result<Verified, Refusal> {
    let speaker = Pen::telehealth().handover().speaker();
    assert_eq!(speaker.domain, pen.domain);
    verify(signed, "telecare", &[speaker], &root(), NOW)
}

fn written(change: impl FnOnce(&mut Pen)) -> Result<Verified, Refusal> {
    let mut pen = Pen::telehealth();
    change(&mut pen);
    let (message, _) = pen.measure(1, WEIGHT);
    let speaker = Pen::telehealth().handover().speaker();
    verify(&message.signed, "telecare", &[speaker], &root(), NOW)
}

#[test]
fn no_bit_of_a_signed_message_may_change() {
    let mut pen = Pen::telehealth();
    let (message, _) = pen.measure(1, WEIGHT);
    assert!(check(&pen, &message.signed).is_ok());
    for bit in 0..message.signed.len() * 8 {
        let mut changed = message.signed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let result = check(&pen, &changed);
        assert!(result.is_err(), "bit {bit} of byte {}", bit / 8);
    }
}

#[test]
fn each_link_of_the_argument_is_needed() {
    assert!(written(|_| {}).is_ok());

    let other_issuer = || CertificationAuthority::new("Hydra test issuer", key("other")).unwrap();
    assert!(matches!(
        written(|pen| pen.chain = pen.certificate(&other_issuer())),
        Err(Refusal::DomainChain(ChainError::Path(_)))
    ));
    assert!(matches!(
        written(|pen| pen.attestation = pen.attested(&other_issuer(), &pen.subject())),
        Err(Refusal::AttestationChain(ChainError::Path(_)))
    ));
    assert_eq!(
        written(|pen| pen.chain.clear()).unwrap_err(),
        Refusal::DomainChain(ChainError::Empty)
    );
    assert!(matches!(
        written(|pen| pen.chain = vec![vec![0x30, 0]]),
        Err(Refusal::DomainChain(ChainError::Path(_)))
    ));
    assert_eq!(
        written(|pen| pen.chain = vec![pen.chain[0].clone(); 3]).unwrap_err(),
        Refusal::DomainChain(ChainError::TooMany(3))
    );

    // A key that is certified for something else.
    let other = |domain: &str| CertifiedKey::Domain {
        card_id: Pen::telehealth().card_id,
        domain: domain.parse::<Aid>().unwrap(),
    };
    for what in [
        other("F0485944520102"),
        CertifiedKey::Attestation {
            card_id: Pen::telehealth().card_id,
        },
        CertifiedKey::Domain {
            card_id: [9; 8],
            domain: Pen::telehealth().domain,
        },
    ] {
        let refused = written(|pen| {
            pen.chain = authority().issue(&what, &pen.domain_key.public()).unwrap();
        });
        assert!(matches!(
            refused,
            Err(Refusal::DomainChain(ChainError::Subject { .. }))
        ));
    }
    // The domain's own key attests: its certificate does not say that it may.
    let refused = written(|pen| {
        pen.attestation =
            hydra_message::attest(&pen.subject(), &pen.chain, &pen.domain_key).unwrap();
    });
    assert!(matches!(
        refused,
        Err(Refusal::AttestationChain(ChainError::Subject { .. }))
    ));

    // A key that is not the certified one.
    assert_eq!(
        written(|pen| pen.domain_key = key("stolen")).unwrap_err(),
        Refusal::Message(Error::Signature)
    );
    assert_eq!(
        written(|pen| {
            let mut subject = pen.subject();
            subject.point = key("stolen").public().to_bytes();
            pen.attestation = pen.attested(&authority(), &subject);
        })
        .unwrap_err(),
        Refusal::OtherKey
    );

    // An attestation of something else.
    let attested = |change: fn(&mut hydra_message::Subject)| {
        written(|pen| {
            let mut subject = pen.subject();
            change(&mut subject);
            pen.attestation = pen.attested(&authority(), &subject);
        })
        .unwrap_err()
    };
    assert_eq!(
        attested(|subject| subject.card_id = [9; 8]),
        Refusal::OtherSpeaker { what: "card" }
    );
    assert_eq!(
        attested(|subject| subject.domain = "F0485944520102".parse().unwrap()),
        Refusal::OtherSpeaker { what: "domain" }
    );
    assert_eq!(attested(|subject| subject.code = None), Refusal::OtherCode);
    assert_eq!(
        attested(|subject| subject.code.as_mut().unwrap().1[31] ^= 1),
        Refusal::OtherCode
    );
    assert_eq!(
        attested(|subject| {
            subject.code.as_mut().unwrap().0 = "F04859445202020101".parse().unwrap();
        }),
        Refusal::OtherSpeaker { what: "applet" }
    );

    // A payload of somebody else.
    assert_eq!(
        written(|pen| pen.instance = "F04859445202020101".parse().unwrap()).unwrap_err(),
        Refusal::OtherSpeaker { what: "applet" }
    );
    assert_eq!(
        written(|pen| pen.card_id = [9; 8]).unwrap_err(),
        Refusal::OtherSpeaker { what: "domain" }
    );
    assert_eq!(
        written(|pen| pen.domain = "F0485944520102".parse().unwrap()).unwrap_err(),
        Refusal::OtherSpeaker { what: "domain" }
    );
}

#[test]
fn a_copy_is_not_for_the_provider_and_an_unattested_message_for_nobody() {
    let mut pen = Pen::telehealth();
    let (message, copy) = pen.measure(1, WEIGHT);
    assert_eq!(
        check(&pen, &copy.signed).unwrap_err(),
        Refusal::OtherRecipient("householder".to_owned())
    );
    let payload = hydra_message::Sign1::parse(&message.signed)
        .unwrap()
        .payload;
    let unattested = sign1(&payload, &pen.chain, None, &pen.domain_key).unwrap();
    assert_eq!(check(&pen, &unattested).unwrap_err(), Refusal::Unattested);
}

#[test]
fn no_certificate_is_valid_before_there_were_cards() {
    let mut pen = Pen::telehealth();
    let (message, _) = pen.measure(1, WEIGHT);
    let speaker = pen.handover().speaker();
    assert!(matches!(
        verify(&message.signed, "telecare", &[speaker], &root(), 0),
        Err(Refusal::DomainChain(ChainError::Path(_)))
    ));
}

#[test]
fn the_same_authority_issues_the_same_certificates() {
    let (one, two) = (authority(), authority());
    assert_eq!(one.root(), two.root());
    let pen = Pen::telehealth();
    assert_eq!(pen.certificate(&one), pen.certificate(&two));
    assert!(TrustRoot::new(&[0x30, 0]).is_err());
}
