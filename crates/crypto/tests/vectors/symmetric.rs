//! The algorithms that are chosen at run time: `vectors/crypto/symmetric.txt`. Every case is also computed in pieces of
//! every small size.

use std::collections::BTreeSet;

use hydra_crypto::{
    BlockCipher, CbcMac, Ccm, Cfb, Chain, Checksum, CmacState, Ctr, Gcm, Hash, HashAlgorithm, Hmac,
    Padding, Xts,
};

use super::{Case, cases, unhex};

#[test]
fn published_vectors_of_the_symmetric_algorithms_hold() {
    let cases = cases(include_str!("../../../../vectors/crypto/symmetric.txt"));
    for case in &cases {
        check(case);
    }
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.kind).collect();
    let all = [
        "aes-cbc",
        "aes-cfb",
        "aes-ctr",
        "aes-ecb",
        "aes-xts",
        "ccm",
        "cmac-block",
        "crc16",
        "crc32",
        "des-cbc",
        "des-ecb",
        "des-mac",
        "gcm-any",
        "hash",
        "hmac-all",
        "retail",
    ];
    assert_eq!(kinds, BTreeSet::from(all));
    let functions: BTreeSet<HashAlgorithm> = cases
        .iter()
        .filter(|case| case.kind == "hash")
        .map(function)
        .collect();
    assert_eq!(functions, BTreeSet::from(HashAlgorithm::ALL));
}

fn function(case: &Case<'_>) -> HashAlgorithm {
    match case.fields["function"] {
        "md5" => HashAlgorithm::Md5,
        "ripemd160" => HashAlgorithm::Ripemd160,
        "sha1" => HashAlgorithm::Sha1,
        "sha224" => HashAlgorithm::Sha224,
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        "sha3-224" => HashAlgorithm::Sha3_224,
        "sha3-256" => HashAlgorithm::Sha3_256,
        "sha3-384" => HashAlgorithm::Sha3_384,
        "sha3-512" => HashAlgorithm::Sha3_512,
        other => panic!("unknown function {other}"),
    }
}

fn cipher(case: &Case<'_>) -> BlockCipher {
    let key = case.get("key");
    match case.kind {
        "aes-ecb" | "aes-cbc" | "aes-ctr" | "aes-cfb" | "gcm-any" | "ccm" => {
            BlockCipher::aes(&key).unwrap()
        }
        "cmac-block" if case.name.contains("AES") => BlockCipher::aes(&key).unwrap(),
        _ => BlockCipher::des(&key).unwrap(),
    }
}

/// Lets `step` change `data` in pieces of `size` bytes.
fn in_pieces(data: &[u8], size: usize, mut step: impl FnMut(&mut [u8])) -> Vec<u8> {
    let mut out = data.to_vec();
    out.chunks_mut(size).for_each(&mut step);
    out
}

/// Pieces of these sizes, and all at once.
const SIZES: [usize; 6] = [1, 5, 16, 17, 40, 4096];

fn check(case: &Case<'_>) {
    let name = case.name;
    match case.kind {
        "hash" => {
            let (message, digest) = (case.get("message"), case.get("digest"));
            let function = function(case);
            assert_eq!(*function.hash(&message), digest[..], "{name}");
            assert_eq!(function.len(), digest.len());
            for size in SIZES {
                let mut hash = Hash::new(function);
                message.chunks(size).for_each(|piece| hash.update(piece));
                assert_eq!(*hash.finish_reset(), digest[..], "{name} by {size}");
                hash.update(b"forgotten");
                hash.reset();
                hash.update(&message);
                assert_eq!(*hash.finish(), digest[..], "{name} again");
            }
            resumes(function, &message, &digest);
        }
        "hmac-all" => {
            let (key, message, mac) = (case.get("key"), case.get("message"), case.get("mac"));
            for size in SIZES {
                let mut hmac = Hmac::new(function(case), &key);
                message.chunks(size).for_each(|piece| hmac.update(piece));
                assert!(hmac.clone().finish().starts_with(&mac), "{name} by {size}");
                assert!(!hmac.verify(&mac[1..]));
            }
        }
        "aes-ecb" | "des-ecb" => {
            let (plain, secret) = (case.get("plain"), case.get("cipher"));
            let cipher = cipher(case);
            let mut data = plain.clone();
            cipher.ecb_encrypt(&mut data).unwrap();
            assert_eq!(data, secret, "{name}");
            cipher.ecb_decrypt(&mut data).unwrap();
            assert_eq!(data, plain, "{name}");
            assert!(cipher.ecb_encrypt(&mut data[1..]).is_err());
            assert!(cipher.ecb_decrypt(&mut data[1..]).is_err());
        }
        "aes-cbc" | "des-cbc" => {
            let (plain, secret) = (case.get("plain"), case.get("cipher"));
            let cipher = cipher(case);
            for blocks in [1, 2, 100] {
                let mut chain = Chain::new(&case.get("iv"));
                let size = blocks * cipher.block_len();
                let out = in_pieces(&plain, size, |piece| {
                    cipher.cbc_encrypt(&mut chain, piece).unwrap();
                });
                assert_eq!(out, secret, "{name}");
                let mut chain = Chain::new(&case.get("iv"));
                let out = in_pieces(&secret, size, |piece| {
                    cipher.cbc_decrypt(&mut chain, piece).unwrap();
                });
                assert_eq!(out, plain, "{name}");
                let mut data = plain.clone();
                assert!(cipher.cbc_encrypt(&mut chain, &mut data[1..]).is_err());
            }
        }
        "aes-ctr" => {
            let (plain, secret) = (case.get("plain"), case.get("cipher"));
            let cipher = cipher(case);
            for size in SIZES {
                let mut mode = Ctr::new(&case.array("iv"));
                let out = in_pieces(&plain, size, |piece| mode.apply(&cipher, piece));
                assert_eq!(out, secret, "{name} by {size}");
            }
        }
        "aes-cfb" => {
            let (plain, secret) = (case.get("plain"), case.get("cipher"));
            let cipher = cipher(case);
            for size in SIZES {
                let mut mode = Cfb::new(&case.array("iv"));
                let out = in_pieces(&plain, size, |piece| mode.encrypt(&cipher, piece));
                assert_eq!(out, secret, "{name} by {size}");
                let mut mode = Cfb::new(&case.array("iv"));
                let out = in_pieces(&secret, size, |piece| mode.decrypt(&cipher, piece));
                assert_eq!(out, plain, "{name} by {size}");
            }
        }
        "aes-xts" => {
            let (plain, secret) = (case.get("plain"), case.get("cipher"));
            let key = case.get("key");
            let (data, tweaks) = key.split_at(key.len() / 2);
            let (cipher, tweaks) = (
                BlockCipher::aes(data).unwrap(),
                BlockCipher::aes(tweaks).unwrap(),
            );
            let mut out = plain.clone();
            Xts::new(&tweaks, &case.array("tweak"))
                .finish_encrypt(&cipher, &mut out)
                .unwrap();
            assert_eq!(out, secret, "{name}");
            Xts::new(&tweaks, &case.array("tweak"))
                .finish_decrypt(&cipher, &mut out)
                .unwrap();
            assert_eq!(out, plain, "{name}");
            if plain.len() >= 48 {
                let mut mode = Xts::new(&tweaks, &case.array("tweak"));
                mode.encrypt(&cipher, &mut out[..16]).unwrap();
                mode.finish_encrypt(&cipher, &mut out[16..]).unwrap();
                assert_eq!(out, secret, "{name} in two pieces");
            }
        }
        "cmac-block" => {
            let (message, mac) = (case.get("message"), case.get("mac"));
            let cipher = cipher(case);
            for size in SIZES {
                let mut state = CmacState::new();
                message
                    .chunks(size)
                    .for_each(|piece| state.update(&cipher, piece));
                let out = state.finish(&cipher);
                assert_eq!(out[..cipher.block_len()], mac, "{name} by {size}");
            }
        }
        "des-mac" | "retail" => {
            let (message, mac) = (case.get("message"), case.get("mac"));
            for size in SIZES {
                let mut state = CbcMac::new(Chain::default());
                let out = if case.kind == "retail" {
                    let key = case.get("key");
                    let (first, second) = key.split_at(8);
                    let first = BlockCipher::des(first).unwrap();
                    let second = BlockCipher::des(second).unwrap();
                    message
                        .chunks(size)
                        .for_each(|piece| state.update(&first, piece));
                    state.finish_retail(&first, &second, Padding::Bit)
                } else {
                    let cipher = cipher(case);
                    message
                        .chunks(size)
                        .for_each(|piece| state.update(&cipher, piece));
                    assert_eq!(
                        state.clone().finish(&cipher, Padding::None).is_ok(),
                        message.len().is_multiple_of(8)
                    );
                    state.finish(&cipher, Padding::Zeros)
                };
                assert_eq!(out.unwrap()[..mac.len()], mac, "{name} by {size}");
            }
        }
        "gcm-any" => {
            let (plain, secret) = (case.get("plain"), case.get("cipher"));
            let (iv, aad, tag) = (case.get("iv"), case.get("aad"), case.get("tag"));
            let cipher = cipher(case);
            for size in SIZES {
                let mut mode = Gcm::new(&cipher, &iv);
                aad.chunks(size).for_each(|piece| mode.aad(piece));
                let out = in_pieces(&plain, size, |piece| mode.encrypt(&cipher, piece));
                assert_eq!(out, secret, "{name} by {size}");
                assert!(mode.finish().starts_with(&tag), "{name} by {size}");
                let mut mode = Gcm::new(&cipher, &iv);
                aad.chunks(size).for_each(|piece| mode.aad(piece));
                let out = in_pieces(&secret, size, |piece| mode.decrypt(&cipher, piece));
                assert_eq!(out, plain, "{name} by {size}");
                assert!(mode.finish().starts_with(&tag), "{name} by {size}");
            }
        }
        "ccm" => {
            let (plain, sealed) = (case.get("plain"), case.get("sealed"));
            let (nonce, aad) = (case.get("nonce"), case.get("aad"));
            let (secret, tag) = sealed.split_at(plain.len());
            let cipher = cipher(case);
            let lengths = (
                u32::try_from(aad.len()).unwrap(),
                u32::try_from(plain.len()).unwrap(),
            );
            let new = || Ccm::new(&cipher, &nonce, lengths.0, lengths.1, tag.len()).unwrap();
            for size in SIZES {
                let mut mode = new();
                aad.chunks(size).for_each(|piece| mode.aad(&cipher, piece));
                let out = in_pieces(&plain, size, |piece| mode.encrypt(&cipher, piece));
                assert_eq!(out, secret, "{name} by {size}");
                assert!(mode.finish(&cipher).starts_with(tag), "{name} by {size}");
                let mut mode = new();
                aad.chunks(size).for_each(|piece| mode.aad(&cipher, piece));
                let out = in_pieces(secret, size, |piece| mode.decrypt(&cipher, piece));
                assert_eq!(out, plain, "{name} by {size}");
                assert!(mode.finish(&cipher).starts_with(tag), "{name} by {size}");
            }
        }
        "crc16" | "crc32" => {
            let message = case.get("message");
            let number = |field| u32::from_str_radix(case.fields[field], 16).unwrap();
            for size in SIZES {
                let mut checksum = if case.kind == "crc16" {
                    Checksum::Crc16(u16::try_from(number("initial")).unwrap())
                } else {
                    Checksum::Crc32(number("initial"))
                };
                message
                    .chunks(size)
                    .for_each(|piece| checksum.update(piece));
                assert_eq!(checksum.finish(), number("checksum"), "{name} by {size}");
            }
        }
        other => panic!("{name}: unknown kind {other}"),
    }
}

/// After each whole block the computation can stop and go on from the chaining value.
fn resumes(function: HashAlgorithm, message: &[u8], digest: &[u8]) {
    let mut hash = Hash::new(function);
    for (done, block) in message.chunks_exact(function.block_len()).enumerate() {
        hash.update(block);
        let Some(length) = function.chaining_len() else {
            assert!(hash.chaining().is_none());
            continue;
        };
        let chaining = hash.chaining().unwrap();
        assert_eq!(chaining.len(), length);
        let taken = (done + 1) * function.block_len();
        let total = u64::try_from(taken).unwrap();
        let mut resumed = Hash::resume(function, &chaining, total).unwrap();
        resumed.update(&message[taken..]);
        assert_eq!(*resumed.finish(), *digest, "{function:?} after {taken}");
        assert!(Hash::resume(function, &chaining, total + 1).is_none());
        assert!(Hash::resume(function, &chaining[1..], total).is_none());
        let mut within = hash.clone();
        within.update(&[0]);
        assert!(within.chaining().is_none());
    }
}

#[test]
fn ccm_takes_the_lengths_that_it_can_say() {
    let cipher = BlockCipher::aes(&[0; 16]).unwrap();
    for nonce in 0..16 {
        let fits = (7..=13).contains(&nonce);
        assert_eq!(
            Ccm::new(&cipher, &[0; 16][..nonce], 0, 0, 16).is_some(),
            fits,
            "{nonce}"
        );
    }
    for tag in 0..=18 {
        let fits = matches!(tag, 4 | 6 | 8 | 10 | 12 | 14 | 16);
        assert_eq!(Ccm::new(&cipher, &[0; 7], 0, 0, tag).is_some(), fits);
    }
    assert!(Ccm::new(&cipher, &[0; 13], 0, 0xFFFF, 16).is_some());
    assert!(Ccm::new(&cipher, &[0; 13], 0, 0x1_0000, 16).is_none());
}

/// SP 800-38C example 4: 65,536 bytes of additional data, whose length takes six bytes.
#[test]
fn ccm_takes_long_additional_data() {
    let key: Vec<u8> = (0x40..0x50).collect();
    let nonce: Vec<u8> = (0x10..0x1D).collect();
    let aad: Vec<u8> = (0..=255).cycle().take(65536).collect();
    let mut data: Vec<u8> = (0x20..0x40).collect();
    let cipher = BlockCipher::aes(&key).unwrap();
    let mut mode = Ccm::new(&cipher, &nonce, 65536, 32, 14).unwrap();
    mode.aad(&cipher, &aad);
    mode.encrypt(&cipher, &mut data);
    assert_eq!(
        data,
        unhex("69915DAD1E84C6376A68C2967E4DAB615AE0FD1FAEC44CC484828529463CCF72")
    );
    assert_eq!(
        mode.finish(&cipher)[..14],
        unhex("B4AC6BEC93E8598E7F0DADBCEA5B")
    );
}

#[test]
fn key_lengths_are_checked() {
    for length in 0..=64 {
        let key = vec![0; length];
        let aes = matches!(length, 16 | 24 | 32);
        assert_eq!(BlockCipher::aes(&key).is_ok(), aes, "{length}");
        let des = matches!(length, 8 | 16 | 24);
        assert_eq!(BlockCipher::des(&key).is_ok(), des, "{length}");
    }
}
