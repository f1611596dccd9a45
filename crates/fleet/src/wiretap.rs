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

/// A way to write bytes.
type Encode = fn(&[u8]) -> Vec<u8>;

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
        let mut hits = 0;
        self.search(bytes, |_| hits += 1);
        hits
    }

    /// Whether the search finds each of these plaintexts, in every encoding, planted in a copy of `bytes`: one copy an encoding,
    /// with the plaintexts spread evenly. Plaintexts without a window that is looked for are passed over.
    pub fn control(&self, bytes: &[u8], plaintexts: &[Vec<u8>]) -> bool {
        let telling: Vec<&Vec<u8>> = plaintexts
            .iter()
            .filter(|text| windows(text).any(|window| self.windows.contains(&window)))
            .collect();
        let encodings: [Encode; 6] = [
            <[u8]>::to_vec,
            |text| encode_hex(text, b"0123456789abcdef"),
            |text| encode_hex(text, b"0123456789ABCDEF"),
            |text| encode_base64(text, b"+/"),
            |text| encode_base64(text, b"-_"),
            |text| encode_base64(&[b"?", text].concat(), b"+/"),
        ];
        !telling.is_empty()
            && encodings.iter().all(|encode| {
                let stretch = bytes.len() / telling.len() + 1;
                let mut stretches = bytes.chunks(stretch);
                let mut copy = Vec::new();
                for text in &telling {
                    copy.extend_from_slice(stretches.next().unwrap_or_default());
                    // A byte of no alphabet, so that the text begins where its encoding does.
                    copy.push(0);
                    copy.extend(encode(text));
                    copy.push(0);
                }
                stretches.for_each(|rest| copy.extend_from_slice(rest));
                let mut found = HashSet::new();
                self.search(&copy, |window| {
                    found.insert(window);
                });
                telling
                    .iter()
                    .all(|text| windows(text).any(|window| found.contains(&window)))
            })
    }

    /// Tells each window that is found, as often as it is.
    fn search(&self, bytes: &[u8], mut found: impl FnMut(u64)) {
        let mut raw = |bytes: &[u8]| {
            windows(bytes)
                .filter(|window| self.windows.contains(window))
                .for_each(&mut found);
        };
        raw(bytes);
        for run in runs(bytes, |byte| byte.is_ascii_hexdigit(), 2 * WINDOW) {
            for shift in 0..2 {
                raw(&decode_hex(&run[shift..]));
            }
        }
        for run in runs(bytes, is_base64, WINDOW * 4 / 3) {
            for shift in 0..4 {
                raw(&decode_base64(run.get(shift..).unwrap_or_default()));
            }
        }
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

fn encode_base64(bytes: &[u8], last: &[u8; 2]) -> Vec<u8> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    bytes
        .chunks(3)
        .flat_map(|group| {
            let mut padded = [0; 4];
            padded[1..=group.len()].copy_from_slice(group);
            let bits = u32::from_be_bytes(padded);
            (0..=group.len()).map(move |symbol| {
                let index = (bits >> (18 - 6 * symbol)) & 0x3F;
                let index = usize::try_from(index).unwrap_or_default();
                ALPHABET
                    .get(index)
                    .copied()
                    .unwrap_or_else(|| last[index - ALPHABET.len()])
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
                encode_base64(SECRET, b"+/"),
                encode_base64(&[&noise, SECRET].concat(), b"+/"),
                encode_base64(SECRET, b"+/")
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
    fn the_control_finds_what_is_planted() {
        let mut tap = Wiretap::new();
        tap.plant(SECRET);
        tap.plant(OTHER);
        assert_eq!(tap.hits(&noise()), 0);
        assert!(tap.control(&noise(), &[SECRET.to_vec(), OTHER.to_vec()]));
    }

    #[test]
    fn the_control_fails_when_the_search_is_blind() {
        let mut tap = Wiretap::new();
        assert!(
            !tap.control(&noise(), &[SECRET.to_vec()]),
            "it looks for nothing"
        );
        tap.plant(SECRET);
        // Windows that no plaintext has: planted texts that are looked for under other bytes are not found.
        let mut other = Wiretap::new();
        other.plant(OTHER);
        assert!(!other.control(&noise(), &[SECRET.to_vec()]));
    }

    const OTHER: &[u8] = b"\xFE\x01\x33\x99\x10\x42\x17\x55\x80\xAA";

    fn noise() -> Vec<u8> {
        (0..2_000_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect()
    }
}
