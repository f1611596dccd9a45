//! Searches what passed the relay for what it must not see.
//!
//! A plaintext is found when any 8 bytes of it in a row stand in the searched bytes: raw, or written as hexadecimal (either
//! case) or base64 (either alphabet, any alignment). A canary, a text planted in plaintexts, is found whole in the same
//! encodings. Windows of fewer than [`DISTINCT`] different bytes are left out: runs of zeros say nothing.

use std::collections::HashSet;

/// Bytes of a window: what is found is this long at least.
pub const WINDOW: usize = 8;
/// A window with fewer different bytes than this is not looked for.
pub const DISTINCT: usize = 4;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Wiretap {
    windows: HashSet<u64>,
}

impl Wiretap {
    /// Looks for nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for every window of this plaintext or canary too.
    pub fn plant(&mut self, plaintext: &[u8]) {
        self.windows
            .extend(windows(plaintext).filter(|window| telling(*window)));
    }

    /// Leaves out the windows of what the relay is told anyway: the names of its topics.
    pub fn known(&mut self, public: &[u8]) {
        for window in windows(public) {
            self.windows.remove(&window);
        }
    }

    /// How many different windows are looked for.
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// How many windows stand in these bytes, in any encoding.
    pub fn hits(&self, bytes: &[u8]) -> u64 {
        let raw = self.raw(bytes);
        let hexadecimal: u64 = runs(bytes, |byte| byte.is_ascii_hexdigit(), 2 * WINDOW)
            .flat_map(|run| [0, 1].map(|shift| decode_hex(&run[shift..])))
            .map(|decoded| self.raw(&decoded))
            .sum();
        let base64: u64 = runs(bytes, is_base64, WINDOW * 4 / 3)
            .flat_map(|run| (0..4).map(|shift| decode_base64(run.get(shift..).unwrap_or_default())))
            .map(|decoded| self.raw(&decoded))
            .sum();
        raw + hexadecimal + base64
    }

    /// Whether the search finds each of these plaintexts planted in a copy of `bytes`, in every encoding; plaintexts without a telling
    /// window are passed over.
    pub fn control(&self, bytes: &[u8], plaintexts: &[Vec<u8>]) -> bool {
        let before = self.hits(bytes);
        plaintexts
            .iter()
            .filter(|text| windows(text).any(|window| self.windows.contains(&window)))
            .all(|text| {
                let encodings: [Vec<u8>; 4] = [
                    text.clone(),
                    encode_hex(text, b"0123456789abcdef"),
                    encode_hex(text, b"0123456789ABCDEF"),
                    encode_base64(text),
                ];
                encodings.iter().all(|encoded| {
                    // In the middle, between the neighbours it would really have.
                    let middle = bytes.len() / 2;
                    let start = middle.saturating_sub(64);
                    let end = (middle + 64).min(bytes.len());
                    let copy = [&bytes[start..middle], encoded, &bytes[middle..end]].concat();
                    self.hits(&copy) > 0
                })
            })
            && before == self.hits(bytes)
    }

    fn raw(&self, bytes: &[u8]) -> u64 {
        windows(bytes)
            .map(|window| u64::from(self.windows.contains(&window)))
            .sum()
    }
}

fn windows(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.windows(WINDOW).map(|window| {
        window
            .iter()
            .fold(0, |word, byte| (word << 8) | u64::from(*byte))
    })
}

fn telling(window: u64) -> bool {
    let mut bytes = window.to_be_bytes();
    bytes.sort_unstable();
    1 + bytes.windows(2).filter(|pair| pair[0] != pair[1]).count() >= DISTINCT
}

/// The longest runs of bytes of a kind that are at least `least` long.
fn runs(bytes: &[u8], kind: fn(u8) -> bool, least: usize) -> impl Iterator<Item = &[u8]> {
    bytes
        .split(move |byte| !kind(*byte))
        .filter(move |run| run.len() >= least)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn decode_hex(run: &[u8]) -> Vec<u8> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10) & 0x0F,
    };
    run.chunks_exact(2)
        .map(|pair| (nibble(pair[0]) << 4) | nibble(pair[1]))
        .collect()
}

fn decode_base64(run: &[u8]) -> Vec<u8> {
    let sextet = |symbol: u8| -> u32 {
        u32::from(match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' | b'-' => 62,
            _ => 63,
        })
    };
    run.chunks(4)
        .flat_map(|group| {
            let bits = group
                .iter()
                .fold(0, |bits, symbol| (bits << 6) | sextet(*symbol))
                << (6 * (4 - group.len()));
            let [_, a, b, c] = bits.to_be_bytes();
            [a, b, c].into_iter().take(group.len() * 6 / 8)
        })
        .collect()
}

fn encode_hex(bytes: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|byte| {
            [
                digits[usize::from(byte >> 4)],
                digits[usize::from(byte & 15)],
            ]
        })
        .collect()
}

fn encode_base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|group| {
            let mut padded = [0; 4];
            padded[1..=group.len()].copy_from_slice(group);
            let bits = u32::from_be_bytes(padded);
            (0..=group.len()).map(move |symbol| {
                let index = (bits >> (18 - 6 * symbol)) & 0x3F;
                ALPHABET[usize::try_from(index).unwrap_or_default()]
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"\x01\x02\x03\xA1\xB2\xC3\xD4\xE5\xF6\x17\x28\x39";

    #[test]
    fn what_is_there_is_found_in_every_encoding_and_alignment() {
        let mut tap = Wiretap::new();
        tap.plant(SECRET);
        for before in 0..6 {
            let noise = vec![b'x'; before];
            for encoded in [
                SECRET.to_vec(),
                encode_hex(SECRET, b"0123456789abcdef"),
                encode_hex(SECRET, b"0123456789ABCDEF"),
                encode_base64(SECRET),
                encode_base64(&[&noise, SECRET].concat()),
                encode_base64(SECRET)
                    .iter()
                    .map(|symbol| if *symbol == b'+' { b'-' } else { *symbol })
                    .collect(),
            ] {
                assert!(
                    tap.hits(&[&noise[..], &encoded, b"zz"].concat()) > 0,
                    "{encoded:?}"
                );
            }
        }
    }

    #[test]
    fn seven_bytes_are_not_enough_and_zeros_say_nothing() {
        let mut tap = Wiretap::new();
        tap.plant(SECRET);
        tap.plant(&[0; 40]);
        assert_eq!(tap.hits(&SECRET[..7]), 0);
        assert_eq!(tap.hits(&[0; 100]), 0);
        assert_eq!(tap.len(), SECRET.len() - WINDOW + 1);
        tap.known(SECRET);
        assert!(tap.is_empty());
    }

    #[test]
    fn the_control_finds_what_is_planted_and_fails_when_the_search_is_blind() {
        let mut tap = Wiretap::new();
        tap.plant(SECRET);
        let bytes: Vec<u8> = (0..2_000_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        assert_eq!(tap.hits(&bytes), 0);
        assert!(tap.control(&bytes, &[SECRET.to_vec()]));
    }
}
