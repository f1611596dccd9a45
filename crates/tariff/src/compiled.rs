use crate::rate::{NAME_MAX, RATE_NAME_MAX};
use crate::{Price, Rate, Tariff, TariffError, VatRate, Window};

/// The version of the compiled document (protocols §6).
const VERSION: u8 = 1;

/// Why bytes are no compiled tariff document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompiledError {
    /// The document ends early.
    #[error("the tariff document is cut off at offset {at}")]
    Truncated {
        /// Byte offset.
        at: usize,
    },
    /// Bytes after its end.
    #[error("bytes after the end of the tariff document at offset {at}")]
    Trailing {
        /// Byte offset.
        at: usize,
    },
    /// Not version 1.
    #[error("the tariff document at offset 0 has version {0}, not 1")]
    Version(u8),
    /// A name that is empty, too long, or no UTF-8.
    #[error("no name of the right length in UTF-8 at offset {at}")]
    Name {
        /// Byte offset.
        at: usize,
    },
    /// The parts make no tariff.
    #[error("the tariff document at offset {at}: {error}")]
    Tariff {
        /// Byte offset of the part concerned.
        at: usize,
        /// What is wrong with it.
        error: TariffError,
    },
}

impl Tariff {
    /// The document as the applet takes it (protocols §6); its SHA-256 is the tariff hash.
    pub fn to_compiled(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(self.standing_charge().0.to_be_bytes());
        out.extend(self.vat().0.to_be_bytes());
        put_name(&mut out, self.name());
        put_count(&mut out, self.rates().len());
        for rate in self.rates() {
            put_name(&mut out, &rate.name);
            out.extend(rate.price.0.to_be_bytes());
            put_count(&mut out, rate.windows.len());
            for window in &rate.windows {
                out.extend(window.start.to_be_bytes());
                out.extend(window.end.to_be_bytes());
            }
        }
        out
    }

    /// Reads a compiled document, whole.
    pub fn from_compiled(bytes: &[u8]) -> Result<Self, CompiledError> {
        let mut r = Reader { bytes, at: 0 };
        let [version] = r.take()?;
        if version != VERSION {
            return Err(CompiledError::Version(version));
        }
        let standing_charge = Price(u32::from_be_bytes(r.take()?));
        let vat = VatRate(u16::from_be_bytes(r.take()?));
        let name = r.name(NAME_MAX)?;
        let rates_at = r.at;
        let [rate_count] = r.take()?;
        let mut rates = Vec::new();
        let mut rate_at = Vec::new();
        let mut window_at = Vec::new();
        for _ in 0..rate_count {
            rate_at.push(r.at);
            let name = r.name(RATE_NAME_MAX)?;
            let price = Price(u32::from_be_bytes(r.take()?));
            let [window_count] = r.take()?;
            let mut windows = Vec::new();
            let mut at = Vec::new();
            for _ in 0..window_count {
                at.push(r.at);
                windows.push(Window {
                    start: u16::from_be_bytes(r.take()?),
                    end: u16::from_be_bytes(r.take()?),
                });
            }
            window_at.push(at);
            rates.push(Rate {
                name,
                price,
                windows,
            });
        }
        if r.at != bytes.len() {
            return Err(CompiledError::Trailing { at: r.at });
        }
        Self::new(name, standing_charge, vat, rates).map_err(|error| {
            let at = match error {
                TariffError::Name | TariffError::RateCount | TariffError::NoRest => rates_at,
                TariffError::RateName { rate }
                | TariffError::RepeatedName { rate }
                | TariffError::WindowCount { rate }
                | TariffError::SecondRest { rate } => rate_at[rate],
                TariffError::Window { rate, window } | TariffError::Overlap { rate, window } => {
                    window_at[rate][window]
                }
            };
            CompiledError::Tariff { at, error }
        })
    }
}

/// Names of a [`Tariff`] have at most 32 bytes.
fn put_name(out: &mut Vec<u8>, name: &str) {
    put_count(out, name.len());
    out.extend_from_slice(name.as_bytes());
}

/// Nothing in a [`Tariff`] is counted beyond 32.
fn put_count(out: &mut Vec<u8>, count: usize) {
    out.push(u8::try_from(count).unwrap_or(u8::MAX));
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CompiledError> {
        let taken = self.bytes[self.at..]
            .first_chunk()
            .ok_or(CompiledError::Truncated { at: self.at })?;
        self.at += N;
        Ok(*taken)
    }

    fn name(&mut self, max: usize) -> Result<String, CompiledError> {
        let at = self.at;
        let [len] = self.take()?;
        let len = usize::from(len);
        if !(1..=max).contains(&len) {
            return Err(CompiledError::Name { at });
        }
        let bytes = self
            .bytes
            .get(self.at..self.at + len)
            .ok_or(CompiledError::Truncated { at: self.at })?;
        self.at += len;
        String::from_utf8(bytes.to_vec()).map_err(|_| CompiledError::Name { at })
    }
}
