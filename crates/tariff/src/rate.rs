use crate::{Price, VatRate};

/// A minute of the day, UTC: 0 to 1440, where 1440 is the end of the day.
pub type MinuteOfDay = u16;

pub(crate) const DAY: MinuteOfDay = 1_440;
pub(crate) const RATES_MAX: usize = 8;
pub(crate) const WINDOWS_MAX: usize = 8;
pub(crate) const NAME_MAX: usize = 32;
pub(crate) const RATE_NAME_MAX: usize = 16;

/// A tariff, proven whole: 1 to 8 rates of at most 8 windows, exactly one rate without windows, and no minute in two windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    name: String,
    standing_charge: Price,
    vat: VatRate,
    rates: Vec<Rate>,
}

/// A price and when it applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// 1 to 16 bytes.
    pub name: String,
    /// Per kWh.
    pub price: Price,
    /// When; none for the rate that takes the rest.
    pub windows: Vec<Window>,
}

/// A part of the day, start inclusive (0 to 1439), end exclusive (1 to 1440); wraps midnight when start > end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first minute.
    pub start: MinuteOfDay,
    /// The minute after the last.
    pub end: MinuteOfDay,
}

impl Window {
    /// Whether this minute is in the window.
    pub fn contains(&self, minute: MinuteOfDay) -> bool {
        if self.start < self.end {
            (self.start..self.end).contains(&minute)
        } else {
            minute >= self.start || minute < self.end
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.start) || other.contains(self.start)
    }
}

/// Why parts make no tariff. Rates and windows are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TariffError {
    /// The tariff's name.
    #[error("the tariff's name must have 1 to 32 bytes")]
    Name,
    /// Too few or too many rates.
    #[error("a tariff has 1 to 8 rates")]
    RateCount,
    /// A rate's name.
    #[error("a rate's name must have 1 to 16 bytes")]
    RateName {
        /// Which rate.
        rate: usize,
    },
    /// Two rates of one name.
    #[error("another rate has the same name")]
    RepeatedName {
        /// The second of them.
        rate: usize,
    },
    /// More than 8 windows.
    #[error("a rate has at most 8 windows")]
    WindowCount {
        /// Which rate.
        rate: usize,
    },
    /// Minutes beyond the day, or a window that starts where it ends.
    #[error("a window goes from 00:00…23:59 to another time of the day, 00:01…24:00")]
    Window {
        /// Which rate.
        rate: usize,
        /// Which of its windows.
        window: usize,
    },
    /// A window shares minutes with an earlier one.
    #[error("the window overlaps another")]
    Overlap {
        /// Which rate.
        rate: usize,
        /// Which of its windows.
        window: usize,
    },
    /// Every rate has windows.
    #[error("exactly one rate must have no windows; here all have")]
    NoRest,
    /// A second rate without windows.
    #[error("exactly one rate must have no windows; this is the second")]
    SecondRest {
        /// The second of them.
        rate: usize,
    },
}

impl Tariff {
    /// A tariff of these parts.
    pub fn new(
        name: String,
        standing_charge: Price,
        vat: VatRate,
        rates: Vec<Rate>,
    ) -> Result<Self, TariffError> {
        if !(1..=NAME_MAX).contains(&name.len()) {
            return Err(TariffError::Name);
        }
        if !(1..=RATES_MAX).contains(&rates.len()) {
            return Err(TariffError::RateCount);
        }
        let mut windows: Vec<Window> = Vec::new();
        let mut rest = None;
        for (index, rate) in rates.iter().enumerate() {
            if !(1..=RATE_NAME_MAX).contains(&rate.name.len()) {
                return Err(TariffError::RateName { rate: index });
            }
            if rates[..index].iter().any(|other| other.name == rate.name) {
                return Err(TariffError::RepeatedName { rate: index });
            }
            if rate.windows.is_empty() && rest.replace(index).is_some() {
                return Err(TariffError::SecondRest { rate: index });
            }
            if rate.windows.len() > WINDOWS_MAX {
                return Err(TariffError::WindowCount { rate: index });
            }
            for (number, window) in rate.windows.iter().enumerate() {
                if window.start >= DAY
                    || !(1..=DAY).contains(&window.end)
                    || window.start == window.end
                {
                    return Err(TariffError::Window {
                        rate: index,
                        window: number,
                    });
                }
                if windows.iter().any(|other| other.overlaps(window)) {
                    return Err(TariffError::Overlap {
                        rate: index,
                        window: number,
                    });
                }
                windows.push(*window);
            }
        }
        if rest.is_none() {
            return Err(TariffError::NoRest);
        }
        Ok(Self {
            name,
            standing_charge,
            vat,
            rates,
        })
    }

    /// The tariff's name, 1 to 32 bytes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Due for each day.
    pub fn standing_charge(&self) -> Price {
        self.standing_charge
    }

    /// On everything.
    pub fn vat(&self) -> VatRate {
        self.vat
    }

    /// In the order of the document.
    pub fn rates(&self) -> &[Rate] {
        &self.rates
    }

    /// The index of the rate for energy of an interval that starts at these seconds since 1970 UTC.
    pub fn rate_at(&self, start: u32) -> usize {
        let minute = u16::try_from(start % 86_400 / 60).unwrap_or(0);
        let of_window = self
            .rates
            .iter()
            .position(|rate| rate.windows.iter().any(|window| window.contains(minute)));
        of_window
            .or_else(|| self.rates.iter().position(|rate| rate.windows.is_empty()))
            .unwrap_or(0)
    }
}
