//! What holds of every key, message and draw.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_crypto::{
    AesKey, InvalidKey, KeyLength, PublicKey, Random, SecretKey, SeededRandom, TooMuchOutput,
    aes_cbc_decrypt, aes_cbc_encrypt, gcm_open, gcm_seal, hkdf_sha256, hmac_sha256,
};
use proptest::prelude::*;

fn key() -> impl Strategy<Value = AesKey> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 16),
        proptest::collection::vec(any::<u8>(), 24),
        proptest::collection::vec(any::<u8>(), 32),
    ]
    .prop_map(|bytes| AesKey::new(&bytes).unwrap())
}

proptest! {
    #[test]
    fn cbc_comes_back(key in key(), iv: [u8; 16], blocks in proptest::collection::vec(any::<[u8; 16]>(), 0..20)) {
        let data = blocks.concat();
        let sealed = aes_cbc_encrypt(&key, &iv, &data).unwrap();
        prop_assert_eq!(aes_cbc_decrypt(&key, &iv, &sealed).unwrap(), data);
    }

    #[test]
    fn a_flipped_bit_is_never_opened(
        key in key(),
        nonce: [u8; 12],
        aad in proptest::collection::vec(any::<u8>(), 1..40),
        data in proptest::collection::vec(any::<u8>(), 0..80),
        at: prop::sample::Index,
        bit in 0..8u8,
    ) {
        let sealed = gcm_seal(&key, &nonce, &aad, &data);
        let mut all = [&nonce[..], &aad, &sealed].concat();
        all[at.index(12 + aad.len() + sealed.len())] ^= 1 << bit;
        let (nonce, rest) = all.split_first_chunk().unwrap();
        let (aad, sealed) = rest.split_at(aad.len());
        prop_assert!(gcm_open(&key, nonce, aad, sealed).is_err());
    }

    #[test]
    fn both_ends_of_ecdh_agree(a: u64, b: u64) {
        let mut random = SeededRandom::new(b"ecdh");
        let a = SecretKey::draw(&mut random, "a", a);
        let b = SecretKey::draw(&mut random, "b", b);
        prop_assert_eq!(*a.ecdh(&b.public()), *b.ecdh(&a.public()));
    }

    #[test]
    fn points_come_back(n: u64) {
        let public = SecretKey::draw(&mut SeededRandom::new(b"points"), "p", n).public();
        prop_assert_eq!(PublicKey::from_bytes(&public.to_bytes()), Ok(public));
    }
}

#[test]
fn a_draw_depends_on_its_name_alone() {
    let draw = |random: &mut SeededRandom, purpose: &str, counter| {
        let mut out = [0; 40];
        random.draw(purpose, counter, &mut out);
        out
    };
    let mut one = SeededRandom::new(b"seed");
    let mut two = SeededRandom::new(b"seed");
    let (a, b) = (draw(&mut one, "salt", 1), draw(&mut one, "salt", 2));
    assert_eq!(draw(&mut two, "salt", 2), b);
    assert_eq!(draw(&mut two, "salt", 1), a);
    assert_ne!(a, b);
    assert_ne!(draw(&mut two, "nonce", 1), a);
    assert_ne!(draw(&mut SeededRandom::new(b"other"), "salt", 1), a);
    assert_ne!(draw(&mut one.fork("card"), "salt", 1), a);
    assert_ne!(
        draw(&mut one.fork("card"), "salt", 1),
        draw(&mut one.fork("hub"), "salt", 1)
    );
    // The form is part of the contract: whoever knows the seed can make the draw again.
    let first = hmac_sha256(
        b"seed",
        &[&[0, 0, 0, 4], b"salt", &1u64.to_be_bytes(), &[0; 4]],
    );
    assert_eq!(a[..32], first);
}

#[test]
fn what_is_no_key_is_refused() {
    assert_eq!(AesKey::new(&[0; 17]), Err(KeyLength(17)));
    assert_eq!(SecretKey::from_bytes(&[0; 32]).map(|_| ()), Err(InvalidKey));
    assert_eq!(
        SecretKey::from_bytes(&[0xFF; 32]).map(|_| ()),
        Err(InvalidKey)
    );
    let mut off_the_curve = SecretKey::draw(&mut SeededRandom::new(b""), "k", 0)
        .public()
        .to_bytes();
    off_the_curve[64] ^= 1;
    assert_eq!(PublicKey::from_bytes(&off_the_curve), Err(InvalidKey));
    assert_eq!(PublicKey::from_bytes(&[0]), Err(InvalidKey));
    assert_eq!(
        hkdf_sha256(&[], &[], &[], &mut [0; 8161]),
        Err(TooMuchOutput(8161))
    );
}

#[test]
fn secrets_do_not_print() {
    let key = AesKey::aes128(&[0xAB; 16]);
    assert_eq!(format!("{key:?}"), "AesKey(128 bits)");
    let secret = SecretKey::from_bytes(&[0x11; 32]).unwrap();
    assert_eq!(format!("{secret:?}"), "SecretKey(P-256)");
    assert_eq!(format!("{:?}", SeededRandom::new(b"s")), "SeededRandom(…)");
}

#[cfg(feature = "system")]
#[test]
fn the_system_never_repeats_itself() {
    let mut random = hydra_crypto::SystemRandom::new().unwrap();
    let mut draws = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        let mut out = [0; 16];
        random.draw("same", 0, &mut out);
        draws.insert(out);
    }
    assert_eq!(draws.len(), 1000);
}
