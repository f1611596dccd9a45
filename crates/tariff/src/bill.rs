use crate::{Days, Pence, Tariff, Wh};

/// Energy used in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Seconds since 1970 UTC.
    pub start: u32,
    /// Energy, Wh.
    pub wh: u32,
}

/// What a period costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// A line a rate, in the tariff's order, used or not.
    pub lines: Vec<Line>,
    /// Standing charge for the days of the period.
    pub standing: Pence,
    /// VAT on the sum of the lines and the standing charge.
    pub vat: Pence,
    /// Everything.
    pub total: Pence,
}

/// One rate's part of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The rate's name.
    pub name: String,
    /// Energy at this rate.
    pub wh: Wh,
    /// Its price, rounded once.
    pub pence: Pence,
}

/// The bill does not fit into 64 bits of pence or Wh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bill is larger than any number of pence or Wh that is meant")]
pub struct BillTooLarge;

impl Tariff {
    /// The bill for these intervals and days: per rate, Wh × price, exact, rounded once to a penny, half away from zero;
    /// the standing charge likewise; VAT on the sum of these, rounded the same way.
    pub fn bill(&self, intervals: &[Interval], days: Days) -> Result<Bill, BillTooLarge> {
        let mut energy = vec![0_u64; self.rates().len()];
        for interval in intervals {
            let sum = &mut energy[self.rate_at(interval.start)];
            *sum = sum
                .checked_add(u64::from(interval.wh))
                .ok_or(BillTooLarge)?;
        }
        let lines = self
            .rates()
            .iter()
            .zip(energy)
            .map(|(rate, wh)| {
                // Wh × 1/10000 penny per kWh.
                let exact = u128::from(wh) * u128::from(rate.price.0);
                Ok(Line {
                    name: rate.name.clone(),
                    wh: Wh(wh),
                    pence: rounded(exact, 10_000_000)?,
                })
            })
            .collect::<Result<Vec<Line>, BillTooLarge>>()?;
        let standing = rounded(
            u128::from(days) * u128::from(self.standing_charge().0),
            10_000,
        )?;
        let net = lines
            .iter()
            .try_fold(standing.0, |sum, line| sum.checked_add(line.pence.0))
            .ok_or(BillTooLarge)?;
        let vat = rounded(u128::from(net) * u128::from(self.vat().0), 10_000)?;
        Ok(Bill {
            lines,
            standing,
            vat,
            total: Pence(net.checked_add(vat.0).ok_or(BillTooLarge)?),
        })
    }
}

/// `numerator / denominator`, half away from zero; nothing here is negative.
fn rounded(numerator: u128, denominator: u128) -> Result<Pence, BillTooLarge> {
    let pence = (numerator + denominator / 2) / denominator;
    u64::try_from(pence).map(Pence).map_err(|_| BillTooLarge)
}
