//! What no card can beat on this machine: the same work without one.

use std::hint::black_box;

use anyhow::Result;
use hydra_crypto::rsa::{RsaPair, RsaPrivate};
use hydra_crypto::{AesKey, Random, SecretKey, SystemRandom, aes_cbc_encrypt, sha256};

use super::repeated;

/// As many as one command copies.
const COPIES: usize = 10_000;

pub(super) fn copies() -> Result<f64> {
    let mut bytes = [0x5A_u8; 256];
    repeated(|| {
        for _ in 0..COPIES {
            black_box(&mut bytes).copy_within(..64, 128);
        }
        Ok(())
    })
}

/// Bytes that the rows with long arrays move, and how often in a command.
pub(super) const LONG: u16 = 16_000;
pub(super) const MOVES: u16 = 1_000;

pub(super) fn long_copies() -> Result<f64> {
    let (from, mut to) = (vec![0_u8; LONG.into()], vec![0_u8; LONG.into()]);
    repeated(|| {
        for _ in 0..MOVES {
            black_box(&mut to).copy_from_slice(black_box(&from));
        }
        Ok(())
    })
}

pub(super) fn long_comparisons() -> Result<f64> {
    let (first, second) = (vec![0_u8; LONG.into()], vec![0_u8; LONG.into()]);
    repeated(|| {
        for _ in 0..MOVES {
            black_box(black_box(&first) == black_box(&second));
        }
        Ok(())
    })
}

pub(super) fn long_fills() -> Result<f64> {
    let mut to = vec![0_u8; LONG.into()];
    repeated(|| {
        for _ in 0..MOVES {
            black_box(&mut to).fill(black_box(0));
        }
        Ok(())
    })
}

pub(super) fn aes_cbc() -> Result<f64> {
    let (key, data) = (AesKey::aes128(&[0x11; 16]), [0x5A; 240]);
    repeated(|| {
        black_box(aes_cbc_encrypt(black_box(&key), &[0; 16], &data)?);
        Ok(())
    })
}

pub(super) fn sha_256() -> Result<f64> {
    let data = [0x5A; 240];
    repeated(|| {
        black_box(sha256(black_box(&data)));
        Ok(())
    })
}

pub(super) fn sign() -> Result<f64> {
    let key = key()?;
    repeated(|| {
        black_box(key.sign(black_box(&[0x5A; 300])));
        Ok(())
    })
}

pub(super) fn verify() -> Result<f64> {
    let key = key()?;
    let (point, signature) = (key.public(), key.sign(&[0x5A; 300]));
    repeated(|| Ok(point.verify(black_box(&[0x5A; 300]), &signature)?))
}

/// The private operation of RSA-2048 with the Chinese remainder theorem, on a key that stands ready.
pub(super) fn rsa() -> Result<f64> {
    let mut random = SystemRandom::new()?;
    let mut counter = 0;
    let mut draw = |out: &mut [u8]| {
        random.draw("limit", counter, out);
        counter += 1;
    };
    let pair = RsaPair::generate(2048, &[1, 0, 1], &mut draw)?;
    let key = RsaPrivate::from_primes(&pair.p, &pair.q, &pair.dp, &pair.dq, &pair.inverse)?;
    let mut message = [0x5A; 256];
    message[0] = 0;
    repeated(|| {
        black_box(key.apply(black_box(&message), &mut draw)?);
        Ok(())
    })
}

fn key() -> Result<SecretKey> {
    Ok(SecretKey::draw(&mut SystemRandom::new()?, "limit", 0))
}
