use std::collections::BTreeSet;

use hydra_crypto::rsa::{self, RsaPair, RsaPrivate, RsaPublic};
use hydra_crypto::{
    DhGroup, DsaGroup, EcCurve, EcError, Ed25519, HashAlgorithm, NamedBinaryCurve, NamedCurve,
    Random, SeededRandom, X25519,
};

use super::{Case, cases};

#[test]
fn asymmetric_vectors_hold() {
    let cases = cases(include_str!("../../../../vectors/crypto/asymmetric.txt"));
    for case in &cases {
        check(case);
    }
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.kind).collect();
    let all = [
        "dh",
        "dsa",
        "ecdh",
        "ecdsa",
        "ecdsa-binary",
        "ed25519",
        "rfc6979",
        "rsa-9796",
        "rsa-encrypt",
        "rsa-oaep",
        "rsa-pkcs1",
        "rsa-pss",
        "x25519",
    ];
    assert_eq!(kinds, BTreeSet::from(all));
}

fn check(case: &Case<'_>) {
    let name = case.name;
    match case.kind {
        "rfc6979" => {
            for curve in curves(case) {
                let hash = hash(case).hash(&case.get("message"));
                let signature = curve.sign(&case.get("key"), &hash).unwrap();
                assert_eq!(signature, [case.get("r"), case.get("s")].concat(), "{name}");
            }
        }
        "ecdsa" => {
            let (key, public) = (case.get("key"), case.get("public"));
            let hash = hash(case).hash(&case.get("message"));
            let signature = [case.get("r"), case.get("s")].concat();
            for curve in curves(case) {
                assert_eq!(curve.public(&key).unwrap(), public, "{name}");
                assert!(curve.verify(&public, &hash, &signature), "{name}");
                let own = curve.sign(&key, &hash).unwrap();
                assert!(curve.verify(&public, &hash, &own), "{name}");
                for at in [0, signature.len() / 2, signature.len() - 1] {
                    let mut wrong = signature.clone();
                    wrong[at] ^= 1;
                    assert!(!curve.verify(&public, &hash, &wrong), "{name}");
                }
                let none = vec![0; signature.len()];
                assert!(!curve.verify(&public, &hash, &none), "{name}");
                assert!(!curve.verify(&public, &hash, &signature[1..]), "{name}");
                assert!(!curve.verify(&public, &[1; 20], &signature), "{name}");
            }
        }
        "ecdh" => {
            for curve in curves(case) {
                let point = curve.multiply(&case.get("key"), &case.get("peer")).unwrap();
                let x = &point[1..=curve.field_len()];
                assert_eq!(x, case.get("shared"), "{name}");
            }
        }
        "ed25519" => {
            let key = Ed25519::new(&case.array("key"));
            let (public, message) = (case.array("public"), case.get("message"));
            assert_eq!(key.public(), public, "{name}");
            assert_eq!(key.sign(&message).to_vec(), case.get("signature"), "{name}");
            let signature = case.get("signature");
            assert!(Ed25519::verify(&public, &message, &signature), "{name}");
            assert!(!Ed25519::verify(&public, b"other", &signature), "{name}");
        }
        "x25519" => {
            let shared = X25519::new(&case.array("key")).shared(&case.array("peer"));
            assert_eq!(shared.unwrap().to_vec(), case.get("shared"), "{name}");
            assert_eq!(X25519::new(&case.array("key")).shared(&[0; 32]), None);
        }
        "dh" => {
            let group = DhGroup::new(&case.get("p")).unwrap();
            let key = case.get("key");
            let public = group.power(&case.get("g"), &key).unwrap();
            assert_eq!(*public, case.get("public"), "{name}");
            let shared = group.power(&case.get("peer"), &key).unwrap();
            assert_eq!(*shared, case.get("shared"), "{name}");
            let mut minus = case.get("p");
            *minus.last_mut().unwrap() -= 1;
            for trivial in [vec![0], vec![1], minus] {
                assert!(group.power(&trivial, &key).is_err(), "{name}");
            }
        }
        "dsa" => {
            let group = DsaGroup::new(&case.get("p"), &case.get("q"), &case.get("g")).unwrap();
            let (key, public) = (case.get("key"), case.get("public"));
            assert_eq!(group.public(&key).unwrap(), public, "{name}");
            let hash = hash(case).hash(&case.get("message"));
            let signature = [case.get("r"), case.get("s")].concat();
            assert!(group.verify(&public, &hash, &signature), "{name}");
            let own = group.sign(&key, &hash).unwrap();
            assert!(group.verify(&public, &hash, &own), "{name}");
            assert_eq!(own == signature, case.fields["nonce"] == "yes", "{name}");
            for at in 0..signature.len() {
                let mut wrong = signature.clone();
                wrong[at] ^= 1;
                assert!(!group.verify(&public, &hash, &wrong), "{name}");
            }
            assert!(!group.verify(&[1], &hash, &signature), "{name}");
            assert!(!group.verify(&public, &hash[1..], &signature), "{name}");
            assert!(!group.verify(&public, &hash, &[0; 40]), "{name}");
        }
        "ecdsa-binary" => check_binary(case),
        kind => check_rsa(case, kind),
    }
}

fn check_binary(case: &Case<'_>) {
    let name = case.name;
    let named = NamedBinaryCurve::ALL
        .iter()
        .find(|named| format!("{named:?}") == case.fields["curve"])
        .unwrap();
    let curve = EcCurve::binary(&named.parameters()).unwrap();
    let (key, public) = (case.get("key"), case.get("public"));
    assert_eq!(curve.public(&key).unwrap(), public, "{name}");
    let half = curve.order_len();
    let mut signature = vec![0; 2 * half];
    for (number, place) in ["r", "s"].iter().zip(signature.chunks_mut(half)) {
        let text = case.fields[number];
        let digits = super::unhex(&format!("{}{text}", &"0"[..text.len() % 2]));
        place[half - digits.len()..].copy_from_slice(&digits);
    }
    let hash = hash(case).hash(&case.get("message"));
    assert!(curve.verify(&public, &hash, &signature), "{name}");
    let own = curve.sign(&key, &hash).unwrap();
    assert!(curve.verify(&public, &hash, &own), "{name}");
    for at in [half - 1, 2 * half - 1] {
        let mut wrong = signature.clone();
        wrong[at] ^= 1;
        assert!(!curve.verify(&public, &hash, &wrong), "{name}");
    }
    let point = curve.multiply(&key, &case.get("peer")).unwrap();
    assert_eq!(point[1..=curve.field_len()], case.get("shared"), "{name}");
    // A point and its opposite are infinity; twice a point is its sum with itself.
    let minus_one = {
        let mut order = named.parameters().n.to_vec();
        *order.last_mut().unwrap() -= 1;
        curve.multiply(&order, &public).unwrap()
    };
    assert_eq!(
        curve.add(&public, &minus_one),
        Err(EcError::Point),
        "{name}"
    );
    assert_eq!(
        curve.add(&public, &public).unwrap(),
        *curve.multiply(&[2], &public).unwrap()
    );
    let mut off = public.clone();
    *off.last_mut().unwrap() ^= 1;
    assert_eq!(curve.check_point(&off), Err(EcError::Point), "{name}");
    assert_eq!(
        curve.check_scalar(named.parameters().n),
        Err(EcError::Scalar)
    );
}

fn check_rsa(case: &Case<'_>, kind: &str) {
    let name = case.name;
    let public = RsaPublic::new(&case.get("n"), &case.get("e")).unwrap();
    let parts = ["p", "q", "dp", "dq", "qinv"].map(|part| case.get(part));
    let [p, q, dp, dq, inverse] = &parts;
    let private = [
        RsaPrivate::new(&case.get("n"), &case.get("d")).unwrap(),
        RsaPrivate::from_primes(p, q, dp, dq, inverse).unwrap(),
        // The primes in the other order: q⁻¹ mod p is then p⁻¹ mod q, and the smaller may come first.
        RsaPrivate::new(
            &[&[0, 0], case.get("n").as_slice()].concat(),
            &case.get("d"),
        )
        .unwrap(),
    ];
    let message = case.get("message");
    let (length, bits) = (public.len(), public.bits());
    let each = |input: &[u8]| {
        let mut draw = drawer(b"blinding");
        private
            .iter()
            .map(|key| key.apply(input, &mut draw).unwrap().to_vec())
            .collect::<Vec<_>>()
    };
    match kind {
        "rsa-pkcs1" => {
            let digest = hash(case).hash(&message);
            let block = rsa::pkcs1_encode_hash(hash(case), &digest, length).unwrap();
            for signature in each(&block) {
                assert_eq!(signature, case.get("signature"), "{name}");
                assert_eq!(public.apply(&signature).unwrap(), block, "{name}");
            }
        }
        "rsa-9796" => {
            let digest = hash(case).hash(&message);
            let room = rsa::iso9796_capacity(length, digest.len()).unwrap();
            let (head, rest) = message.split_at(room.min(message.len()));
            let partial = !rest.is_empty();
            let block = rsa::iso9796_encode(head, partial, &digest, length).unwrap();
            for signature in each(&block) {
                assert_eq!(signature, case.get("signature"), "{name}");
            }
            let block = public.apply(&case.get("signature")).unwrap();
            let recovered = rsa::iso9796_decode(&block, digest.len()).unwrap();
            assert_eq!(recovered.message, head, "{name}");
            assert_eq!(recovered.hash, &digest[..], "{name}");
            assert_eq!(recovered.partial, partial, "{name}");
            for (at, byte) in [(0, 0x5A), (0, 0x4C), (length - 1, 0xCC), (1, 0xB0)] {
                let mut wrong = block.clone();
                wrong[at] = byte;
                let accepted = rsa::iso9796_decode(&wrong, digest.len()).is_ok();
                // The second byte is padding only where there is some.
                assert_eq!(accepted, at == 1 && block[0] & 0x0F == 0x0A, "{name} {at}");
            }
            assert!(rsa::iso9796_encode(&vec![0; room + 1], true, &digest, length).is_none());
        }
        "rsa-pss" => {
            let digest = hash(case).hash(&message);
            let salt = hash(case).len();
            let block = public.apply(&case.get("signature")).unwrap();
            assert!(
                rsa::pss_verify(hash(case), &digest, salt, &block, bits),
                "{name}"
            );
            assert!(
                !rsa::pss_verify(hash(case), &digest, salt - 1, &block, bits),
                "{name}"
            );
            assert!(
                !rsa::pss_verify(hash(case), &digest[1..], salt, &block, bits),
                "{name}"
            );
            let own = rsa::pss_encode(hash(case), &digest, &vec![7; salt], bits).unwrap();
            for signature in each(&own) {
                let block = public.apply(&signature).unwrap();
                assert!(
                    rsa::pss_verify(hash(case), &digest, salt, &block, bits),
                    "{name}"
                );
            }
        }
        "rsa-oaep" => {
            for block in each(&case.get("cipher")) {
                assert_eq!(
                    rsa::oaep_decode(hash(case), &block).unwrap(),
                    message,
                    "{name}"
                );
                let mut wrong = block.clone();
                wrong[length - 1] ^= 1;
                assert!(rsa::oaep_decode(hash(case), &wrong).is_err(), "{name}");
            }
            let block =
                rsa::oaep_encode(hash(case), &message, length, &mut |out| out.fill(9)).unwrap();
            assert_eq!(
                rsa::oaep_decode(hash(case), &block).unwrap(),
                message,
                "{name}"
            );
        }
        "rsa-encrypt" => {
            for block in each(&case.get("cipher")) {
                assert_eq!(
                    rsa::pkcs1_decode_encrypted(&block).unwrap(),
                    message,
                    "{name}"
                );
                assert!(rsa::pkcs1_decode_signed(&block).is_err(), "{name}");
            }
            let mut next = 0u8;
            let mut draw = |out: &mut [u8]| {
                for byte in out {
                    *byte = next;
                    next = next.wrapping_add(1);
                }
            };
            let block = rsa::pkcs1_encode_encrypted(&message, length, &mut draw).unwrap();
            assert_eq!(
                rsa::pkcs1_decode_encrypted(&block).unwrap(),
                message,
                "{name}"
            );
            assert!(
                rsa::pkcs1_encode_encrypted(&vec![1; length - 10], length, &mut draw).is_none()
            );
        }
        _ => panic!("{name}: {kind}"),
    }
}

/// The curve as it is recognised and by the formulas for any.
fn curves(case: &Case<'_>) -> [EcCurve; 2] {
    let name = case.fields["curve"];
    let named = NamedCurve::ALL
        .iter()
        .find(|named| format!("{named:?}") == name)
        .unwrap();
    [
        EcCurve::named(*named).unwrap(),
        EcCurve::generic(&named.parameters()).unwrap(),
    ]
}

fn hash(case: &Case<'_>) -> HashAlgorithm {
    match case.fields["hash"] {
        "sha1" => HashAlgorithm::Sha1,
        "sha224" => HashAlgorithm::Sha224,
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        other => panic!("{other}"),
    }
}

fn drawer(seed: &[u8]) -> impl FnMut(&mut [u8]) {
    let mut random = SeededRandom::new(seed);
    let mut counter = 0;
    move |out| {
        random.draw("test", counter, out);
        counter += 1;
    }
}

#[test]
fn every_named_curve_agrees_with_itself() {
    for named in NamedCurve::ALL {
        let mut draw = drawer(b"curves");
        let curves = [
            EcCurve::named(*named).unwrap(),
            EcCurve::generic(&named.parameters()).unwrap(),
        ];
        let [fast, any] = &curves;
        let (a, b) = (fast.draw(&mut draw).unwrap(), any.draw(&mut draw).unwrap());
        assert_eq!(a.len(), any.order_len());
        assert_eq!(fast.order_bits(), any.order_bits(), "{named:?}");
        let [pa, pb] = [&a, &b].map(|scalar| fast.public(scalar).unwrap());
        assert_eq!(pa, any.public(&a).unwrap(), "{named:?}");
        assert_eq!(
            fast.multiply(&a, &pb).unwrap(),
            any.multiply(&b, &pa).unwrap(),
            "{named:?}"
        );
        assert_eq!(fast.add(&pa, &pb).unwrap(), any.add(&pb, &pa).unwrap());
        let signature = fast.sign(&a, &[0xA5; 32]).unwrap();
        for curve in &curves {
            // The sum of a point with itself is twice it, with its negative infinity.
            let twice = curve.add(&pa, &pa).unwrap();
            assert_eq!(twice, *curve.multiply(&[2], &pa).unwrap(), "{named:?}");
            let mut order_less = named.parameters().n.to_vec();
            *order_less.last_mut().unwrap() -= 1;
            let negative = curve.multiply(&order_less, &pa).unwrap();
            assert_eq!(curve.add(&pa, &negative), Err(EcError::Point), "{named:?}");
            assert_eq!(curve.multiply(&[1], &pa).unwrap().to_vec(), pa, "{named:?}");
            assert!(curve.verify(&pa, &[0xA5; 32], &signature), "{named:?}");
            assert!(!curve.verify(&pb, &[0xA5; 32], &signature), "{named:?}");
            for bad in [&[][..], &[0], &[0, 0, 0], named.parameters().n] {
                assert_eq!(curve.check_scalar(bad), Err(EcError::Scalar), "{named:?}");
            }
            let mut off = pa.clone();
            *off.last_mut().unwrap() ^= 1;
            let mut compressed = pa[..=curve.field_len()].to_vec();
            compressed[0] = 2;
            for bad in [&off[..], &compressed, &[0], &[], &pa[..pa.len() - 1]] {
                assert_eq!(curve.check_point(bad), Err(EcError::Point), "{named:?}");
            }
        }
    }
}

#[test]
fn parameters_that_are_no_curves_are_refused() {
    let right = NamedCurve::P192.parameters();
    let mut off = right.g.to_vec();
    off[5] ^= 1;
    let mut even = right.p.to_vec();
    even[23] ^= 1;
    for wrong in [
        hydra_crypto::EcParameters { g: &off, ..right },
        hydra_crypto::EcParameters { p: &even, ..right },
        hydra_crypto::EcParameters { n: &[0], ..right },
        hydra_crypto::EcParameters {
            a: right.p,
            ..right
        },
        hydra_crypto::EcParameters {
            a: &[0],
            b: &[0],
            ..right
        },
        hydra_crypto::EcParameters {
            p: &[0xFF; 73],
            ..right
        },
    ] {
        assert!(EcCurve::new(&wrong).is_err());
    }
}

#[test]
fn a_private_key_whose_halves_do_not_fit_gives_nothing() {
    let mut draw = drawer(b"faults");
    for exponent in [&[3][..], &[1, 0, 1]] {
        let pair = RsaPair::generate(512, exponent, &mut draw).unwrap();
        let mut message = vec![0x5A; 64];
        message[0] = 0;
        let mut inverse = pair.inverse.to_vec();
        *inverse.last_mut().unwrap() ^= 2;
        let wrong = RsaPrivate::from_primes(&pair.p, &pair.q, &pair.dp, &pair.dq, &inverse);
        let result = wrong.unwrap().apply(&message, &mut draw);
        assert_eq!(result, Err(rsa::PrivateError::Fault));
    }
}

#[test]
fn rsa_pairs_of_every_kind_work() {
    for (bits, exponent) in [
        (512, &[3][..]),
        (736, &[1, 0, 1]),
        (1024, &[0, 1, 0, 1]),
        (1024, &[0x80, 0, 0, 0, 0, 0, 0, 0x0D]),
    ] {
        let mut draw = drawer(b"rsa");
        let pair = RsaPair::generate(bits, exponent, &mut draw).unwrap();
        assert_eq!(pair.modulus.len() * 8, usize::from(bits));
        assert!(pair.modulus[0] >= 0x80);
        let public = RsaPublic::new(&pair.modulus, exponent).unwrap();
        let keys = [
            RsaPrivate::new(&pair.modulus, &pair.private_exponent).unwrap(),
            RsaPrivate::from_primes(&pair.p, &pair.q, &pair.dp, &pair.dq, &pair.inverse).unwrap(),
        ];
        let mut message = vec![0x5A; public.len()];
        message[0] = 0;
        let cipher = public.apply(&message).unwrap();
        for key in &keys {
            assert_eq!(*key.apply(&cipher, &mut draw).unwrap(), message);
            assert!(key.apply(&pair.modulus, &mut draw).is_err());
        }
        assert!(public.apply(&pair.modulus).is_err());
    }
    for bad in [&[][..], &[0], &[1], &[4], &[1; 40]] {
        assert!(RsaPair::generate(512, bad, &mut |_| ()).is_err());
    }
    assert!(RsaPublic::new(&[4], &[3]).is_err());
    assert!(RsaPublic::new(&[5], &[0]).is_err());
    assert!(RsaPrivate::from_primes(&[1], &[5], &[1], &[1], &[1]).is_err());
}
