//! The primitives against published vectors: `vectors/crypto/primitives.txt`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "vectors/asymmetric.rs"]
mod asymmetric;
#[path = "vectors/symmetric.rs"]
mod symmetric;
#[path = "vectors/wycheproof.rs"]
mod wycheproof;

use std::collections::{BTreeMap, BTreeSet};

use hydra_crypto::{
    AesKey, PublicKey, SecretKey, Sha1, Sha256, Siv, Unauthentic, aes_cbc_decrypt, aes_cbc_encrypt,
    aes_ecb_decrypt, aes_ecb_encrypt, cmac, cmac_verify, gcm_open, gcm_seal, hkdf_sha256,
    hmac_sha256, hmac_sha256_verify, sha1, sha256,
};

#[test]
fn published_vectors_hold() {
    let cases = cases(include_str!("../../../vectors/crypto/primitives.txt"));
    for case in &cases {
        case.check();
    }
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.kind).collect();
    let all = [
        "aes", "cbc", "cmac", "sha1", "sha256", "hmac", "hkdf", "gcm", "siv", "ecdsa", "ecdh",
    ];
    assert_eq!(kinds, BTreeSet::from(all));
}

struct Case<'a> {
    kind: &'a str,
    name: &'a str,
    fields: BTreeMap<&'a str, &'a str>,
}

impl Case<'_> {
    fn get(&self, field: &str) -> Vec<u8> {
        let value = self.fields.get(field);
        unhex(value.unwrap_or_else(|| panic!("{}: no field {field}", self.name)))
    }

    fn array<const N: usize>(&self, field: &str) -> [u8; N] {
        self.get(field).try_into().unwrap()
    }

    fn key(&self) -> AesKey {
        AesKey::new(&self.get("key")).unwrap()
    }

    fn text(&self) -> &[u8] {
        self.fields["text"].as_bytes()
    }

    fn check(&self) {
        let name = self.name;
        match self.kind {
            "aes" => {
                let (plain, cipher) = (self.array("plain"), self.array("cipher"));
                assert_eq!(aes_ecb_encrypt(&self.key(), &plain), cipher, "{name}");
                assert_eq!(aes_ecb_decrypt(&self.key(), &cipher), plain, "{name}");
            }
            "cbc" => {
                let (iv, plain, cipher) = (self.array("iv"), self.get("plain"), self.get("cipher"));
                assert_eq!(
                    aes_cbc_encrypt(&self.key(), &iv, &plain).unwrap(),
                    cipher,
                    "{name}"
                );
                assert_eq!(
                    aes_cbc_decrypt(&self.key(), &iv, &cipher).unwrap(),
                    plain,
                    "{name}"
                );
                assert!(aes_cbc_encrypt(&self.key(), &iv, &plain[1..]).is_err());
                assert!(aes_cbc_decrypt(&self.key(), &iv, &cipher[1..]).is_err());
            }
            "cmac" => {
                let (message, mac) = (self.get("message"), self.get("mac"));
                let (head, tail) = message.split_at(message.len() / 3);
                assert_eq!(cmac(&self.key(), &[&message])[..], mac, "{name}");
                assert_eq!(cmac(&self.key(), &[head, tail])[..], mac, "{name}");
                assert!(cmac_verify(&self.key(), &[&message], &mac[..8]));
                assert!(!cmac_verify(&self.key(), &[&message, &[0]], &mac[..8]));
                assert!(!cmac_verify(&self.key(), &[&message], &[]));
            }
            "sha1" => {
                let (head, tail) = self.text().split_at(2);
                assert_eq!(sha1(self.text()), self.array("digest"), "{name}");
                assert_eq!(
                    Sha1::new().chain(head).chain(tail).finish(),
                    self.array("digest")
                );
            }
            "sha256" => {
                let (head, tail) = self.text().split_at(2);
                assert_eq!(sha256(self.text()), self.array("digest"), "{name}");
                assert_eq!(
                    Sha256::new().chain(head).chain(tail).finish(),
                    self.array("digest")
                );
            }
            "hmac" => {
                let (key, mac) = (self.get("key"), self.array("mac"));
                assert_eq!(hmac_sha256(&key, &[self.text()]), mac, "{name}");
                assert!(hmac_sha256_verify(&key, &[self.text()], &mac));
                assert!(!hmac_sha256_verify(&key, &[self.text()], &mac[..31]));
            }
            "hkdf" => {
                let expected = self.get("out");
                let mut out = vec![0; expected.len()];
                hkdf_sha256(
                    &self.get("salt"),
                    &self.get("secret"),
                    &self.get("info"),
                    &mut out,
                )
                .unwrap();
                assert_eq!(out, expected, "{name}");
            }
            "siv" => {
                let siv = Siv::new(&self.get("key")).unwrap();
                let aad: Vec<Vec<u8>> = ["aad", "aad2", "nonce"]
                    .into_iter()
                    .filter(|field| self.fields.contains_key(field))
                    .map(|field| self.get(field))
                    .collect();
                let aad: Vec<&[u8]> = aad.iter().map(Vec::as_slice).collect();
                let mut data = self.get("plain");
                let iv = siv.seal(&aad, &mut data);
                assert_eq!(
                    (iv, &data),
                    (self.array("iv"), &self.get("cipher")),
                    "{name}"
                );
                assert!(siv.open(&aad, &iv, &mut data).is_ok(), "{name}");
                assert_eq!(data, self.get("plain"), "{name}");
                // Nothing of what was changed comes out.
                data = self.get("cipher");
                data[0] ^= 1;
                assert!(siv.open(&aad, &iv, &mut data).is_err(), "{name}");
                assert!(data.iter().all(|byte| *byte == 0), "{name}");
                assert!(siv.open(&aad[1..], &iv, &mut self.get("cipher")).is_err());
            }
            "gcm" => {
                let (nonce, aad) = (self.array("nonce"), self.get("aad"));
                let (plain, mut sealed) = (self.get("plain"), self.get("sealed"));
                assert_eq!(
                    gcm_seal(&self.key(), &nonce, &aad, &plain),
                    sealed,
                    "{name}"
                );
                assert_eq!(
                    gcm_open(&self.key(), &nonce, &aad, &sealed),
                    Ok(plain),
                    "{name}"
                );
                sealed[0] ^= 1;
                assert_eq!(
                    gcm_open(&self.key(), &nonce, &aad, &sealed),
                    Err(Unauthentic)
                );
            }
            "ecdsa" => {
                let secret = SecretKey::from_bytes(&self.array("secret")).unwrap();
                let mut signature = self.array("signature");
                assert_eq!(secret.public().to_bytes(), self.array("public"), "{name}");
                assert_eq!(secret.sign(self.text()), signature, "{name}");
                assert_eq!(secret.sign_hash(&sha256(self.text())), signature, "{name}");
                let public = secret.public();
                assert!(public.verify(self.text(), &signature).is_ok());
                assert!(public.verify_hash(&sha256(self.text()), &signature).is_ok());
                signature[63] ^= 1;
                assert!(public.verify(self.text(), &signature).is_err());
                assert!(public.verify(self.text(), &[0; 64]).is_err());
                assert!(public.verify(self.text(), &signature[..63]).is_err());
            }
            "ecdh" => {
                let secret = SecretKey::from_bytes(&self.array("secret")).unwrap();
                let peer = PublicKey::from_bytes(&self.get("peer")).unwrap();
                assert_eq!(secret.public().to_bytes(), self.array("public"), "{name}");
                assert_eq!(*secret.ecdh(&peer), self.array("shared"), "{name}");
            }
            other => panic!("{name}: unknown kind {other}"),
        }
    }
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix('[') {
            let (kind, name) = head.trim_end_matches(']').split_once(' ').unwrap();
            cases.push(Case {
                kind,
                name,
                fields: BTreeMap::new(),
            });
        } else if let Some((field, value)) = line.split_once('=') {
            let case = cases.last_mut().unwrap();
            case.fields.insert(field.trim(), value.trim());
        } else {
            assert!(line.is_empty(), "neither a case nor a field: {line}");
        }
    }
    cases
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "odd number of digits: {text}");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
