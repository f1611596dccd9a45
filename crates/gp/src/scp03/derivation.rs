use alloc::vec::Vec;

use hydra_crypto::{AesKey, cmac};
use hydra_wire::Aid;
use zeroize::Zeroizing;

use super::{Mode, sequence_bytes};
use crate::KeySet;

/// Derivation constants (Amendment D Table 4-1).
const CARD_CRYPTOGRAM: u8 = 0x00;
const HOST_CRYPTOGRAM: u8 = 0x01;
const CARD_CHALLENGE: u8 = 0x02;
const S_ENC: u8 = 0x04;
const S_MAC: u8 = 0x06;
const S_RMAC: u8 = 0x07;

/// The session's keys (Amendment D §6.2.1).
#[derive(Clone)]
pub(super) struct SessionKeys {
    pub(super) enc: AesKey,
    pub(super) mac: AesKey,
    pub(super) rmac: AesKey,
}

impl SessionKeys {
    pub(super) fn derive(keys: &KeySet, host_challenge: &[u8], card_challenge: &[u8]) -> Self {
        let context = [host_challenge, card_challenge];
        Self {
            enc: session_key(&keys.enc, S_ENC, &context),
            mac: session_key(&keys.mac, S_MAC, &context),
            rmac: session_key(&keys.mac, S_RMAC, &context),
        }
    }

    /// Amendment D §6.2.2.2
    pub(super) fn card_cryptogram(&self, mode: Mode, context: &[&[u8]; 2]) -> Vec<u8> {
        derive(&self.mac, CARD_CRYPTOGRAM, mode.len(), context).to_vec()
    }

    /// Amendment D §6.2.2.3
    pub(super) fn host_cryptogram(&self, mode: Mode, context: &[&[u8]; 2]) -> Vec<u8> {
        derive(&self.mac, HOST_CRYPTOGRAM, mode.len(), context).to_vec()
    }
}

/// The pseudo-random card challenge over sequence counter and domain (Amendment D §6.2.2.1). Of the counter the low
/// three bytes count.
pub fn card_challenge(enc: &AesKey, mode: Mode, sequence: u32, domain: &Aid) -> Vec<u8> {
    derive(
        enc,
        CARD_CHALLENGE,
        mode.len(),
        &[&sequence_bytes(sequence), domain.as_bytes()],
    )
    .to_vec()
}

fn session_key(key: &AesKey, constant: u8, context: &[&[u8]; 2]) -> AesKey {
    key.sibling(|bytes| {
        let len = bytes.len();
        bytes.copy_from_slice(&derive(key, constant, len, context));
    })
}

/// NIST SP 800-108 in counter mode with CMAC (Amendment D §4.1.5).
fn derive(key: &AesKey, constant: u8, len: usize, context: &[&[u8]; 2]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(32));
    // At most 32 bytes are ever derived: two blocks, and a length of 256 bits.
    let [bits_high, bits_low] = u16::try_from(len * 8).unwrap_or(u16::MAX).to_be_bytes();
    for block in 1..=2 {
        let mut prefix = [0; 16];
        prefix[11] = constant;
        prefix[13] = bits_high;
        prefix[14] = bits_low;
        prefix[15] = block;
        out.extend(cmac(key, &[&prefix, context[0], context[1]]));
    }
    out.truncate(len);
    out
}
