//! Edge cases of C2SP's Wycheproof: `vectors/crypto/wycheproof.txt`. What is invalid must be refused, what is valid taken.

use std::collections::BTreeSet;

use hydra_crypto::rsa::{self, RsaPrivate, RsaPublic};
use hydra_crypto::{
    BlockCipher, Ccm, EcCurve, Ed25519, Gcm, HashAlgorithm, NamedCurve, Random, SeededRandom,
    X25519, ct_eq,
};

use super::{Case, cases};

#[test]
fn edge_cases_of_wycheproof_hold() {
    let cases = cases(include_str!("../../../../vectors/crypto/wycheproof.txt"));
    let mut wrong = Vec::new();
    for case in &cases {
        let (valid, holds) = (case.fields["result"] == "valid", holds(case));
        if valid != holds {
            wrong.push(format!("{} {}: {holds}", case.kind, case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.kind).collect();
    let all = [
        "aes-ccm",
        "aes-gcm",
        "ecdh",
        "ecdsa",
        "ed25519",
        "rsa-oaep",
        "rsa-pkcs1",
        "rsa-pss",
        "rsa-sign",
        "x25519",
    ];
    assert_eq!(kinds, BTreeSet::from(all));
}

/// Whether the computation takes the case's input and gives what it says.
fn holds(case: &Case<'_>) -> bool {
    let hash = || HashAlgorithm::Sha256.hash(&case.get("message"));
    match case.kind {
        "ecdh" => {
            let curve = curve(case);
            let point = curve.multiply(&case.get("key"), &case.get("peer"));
            point.is_ok_and(|point| point[1..=curve.field_len()] == case.get("shared"))
        }
        "ecdsa" => curve(case).verify(&case.get("public"), &hash(), &case.get("signature")),
        "ed25519" => {
            let (public, signature) = (case.array("public"), case.get("signature"));
            Ed25519::verify(&public, &case.get("message"), &signature)
        }
        "x25519" => {
            let shared = X25519::new(&case.array("key")).shared(&case.array("peer"));
            shared.is_some_and(|shared| shared[..] == case.get("shared"))
        }
        "aes-gcm" | "aes-ccm" => authenticated(case),
        "rsa-pkcs1" => {
            let block = decrypted(case);
            block.is_some_and(|block| {
                rsa::pkcs1_decode_encrypted(&block).is_ok_and(|found| found == case.get("message"))
            })
        }
        "rsa-oaep" => {
            let block = decrypted(case);
            block.is_some_and(|block| {
                rsa::oaep_decode(HashAlgorithm::Sha256, &block)
                    .is_ok_and(|found| found == case.get("message"))
            })
        }
        "rsa-sign" => {
            let block = rsa::pkcs1_encode_hash(HashAlgorithm::Sha256, &hash(), public(case).len());
            opened(case).is_some_and(|found| block == Some(found))
        }
        "rsa-pss" => {
            let salt = case.fields["salt"].parse().unwrap();
            let bits = public(case).bits();
            opened(case).is_some_and(|found| {
                rsa::pss_verify(HashAlgorithm::Sha256, &hash(), salt, &found, bits)
            })
        }
        other => panic!("{other}"),
    }
}

fn curve(case: &Case<'_>) -> EcCurve {
    let name = case.fields["curve"];
    let named = NamedCurve::ALL
        .iter()
        .find(|named| format!("{named:?}") == name);
    EcCurve::named(*named.unwrap()).unwrap()
}

fn authenticated(case: &Case<'_>) -> bool {
    let cipher = BlockCipher::aes(&case.get("key")).unwrap();
    let (nonce, aad, tag) = (case.get("nonce"), case.get("aad"), case.get("tag"));
    let mut data = case.get("sealed");
    let found = if case.kind == "aes-gcm" {
        // Who calls refuses an initial vector of nothing.
        if nonce.is_empty() {
            return false;
        }
        let mut mode = Gcm::new(&cipher, &nonce);
        mode.aad(&aad);
        mode.decrypt(&cipher, &mut data);
        mode.finish().to_vec()
    } else {
        let lengths = [&aad, &data].map(|part| u32::try_from(part.len()).unwrap());
        let Some(mut mode) = Ccm::new(&cipher, &nonce, lengths[0], lengths[1], tag.len()) else {
            return false;
        };
        mode.aad(&cipher, &aad);
        mode.decrypt(&cipher, &mut data);
        mode.finish(&cipher).to_vec()
    };
    found
        .get(..tag.len())
        .is_some_and(|found| ct_eq(found, &tag))
        && data == case.get("plain")
}

fn public(case: &Case<'_>) -> RsaPublic {
    RsaPublic::new(&case.get("n"), &case.get("e")).unwrap()
}

/// The block that a signature holds; none if it has another length than the modulus.
fn opened(case: &Case<'_>) -> Option<Vec<u8>> {
    let (key, signature) = (public(case), case.get("signature"));
    let fits = signature.len() == key.len();
    fits.then(|| key.apply(&signature).ok()).flatten()
}

fn decrypted(case: &Case<'_>) -> Option<Vec<u8>> {
    let key = RsaPrivate::new(&case.get("n"), &case.get("d")).unwrap();
    let (sealed, mut random) = (case.get("sealed"), SeededRandom::new(b"blinding"));
    let mut draw = |out: &mut [u8]| random.draw("blinding", 0, out);
    let fits = sealed.len() == key.len();
    let block = fits.then(|| key.apply(&sealed, &mut draw).ok()).flatten();
    block.map(|block| block.to_vec())
}
