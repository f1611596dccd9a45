use std::fmt;

/// Energy in watt-hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wh(pub u64);

/// Money in whole pence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pence(pub u64);

/// A price in 1/10000 penny: per kWh, or per day for a standing charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(pub u32);

/// Value added tax in 1/100 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VatRate(pub u16);

/// A number of whole days, for which a standing charge is due.
pub type Days = u32;

impl fmt::Display for Wh {
    /// In kWh with three decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:03} kWh", self.0 / 1_000, self.0 % 1_000))
    }
}

impl fmt::Display for Pence {
    /// In pounds with two decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("£{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

impl fmt::Display for Price {
    /// In pence, with as many decimals as it has, four at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal(self.0, 4))
    }
}

impl fmt::Display for VatRate {
    /// In percent, with as many decimals as it has, two at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal(u32::from(self.0), 2))
    }
}

fn decimal(value: u32, places: usize) -> String {
    let scale = 10_u32.pow(u32::try_from(places).unwrap_or(0));
    let text = format!("{}.{:0places$}", value / scale, value % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
