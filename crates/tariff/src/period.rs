use crate::Days;

const DAY: u32 = 86_400;

/// A billing period: whole days, cut into slots of one length from its start. The last slot may reach over its end.
///
/// ```
/// use hydra_tariff::Period;
///
/// let day = Period::new(86_400, 172_800, 1_800)?;
/// assert_eq!(day.slots(), 48);
/// // Two that begin in the first slot fill one; the second slot is filled by one that begins late.
/// assert_eq!(day.filled([86_400, 86_460, 88_260]), 2);
/// # Ok::<(), hydra_tariff::PeriodError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: u32,
    to: u32,
    interval: u32,
}

/// Why bounds and interval make no period that a card can bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// It ends before it begins, or at once.
    #[error("a period ends after it begins")]
    Order,
    /// It is too long for the card's signed 32 bits.
    #[error(
        "a period of {0} days is too long: 24855 are the most, which is less than 2^31 seconds"
    )]
    TooLong(u32),
    /// The standing charge is due for days.
    #[error("a period has whole days, not {0} seconds")]
    WholeDays(u32),
    /// The interval.
    #[error("an interval has 1 to 86400 seconds, not {0}")]
    Interval(u32),
}

impl Period {
    /// A period from `from` to `to` (excluded), seconds since 1970 UTC, with slots of `interval` seconds.
    pub fn new(from: u32, to: u32, interval: u32) -> Result<Self, PeriodError> {
        let length = to
            .checked_sub(from)
            .filter(|length| *length > 0)
            .ok_or(PeriodError::Order)?;
        if i32::try_from(length).is_err() {
            return Err(PeriodError::TooLong(length / DAY));
        }
        if length % DAY != 0 {
            return Err(PeriodError::WholeDays(length));
        }
        if !(1..=DAY).contains(&interval) {
            return Err(PeriodError::Interval(interval));
        }
        Ok(Self { from, to, interval })
    }

    /// Its days.
    pub fn days(&self) -> Days {
        (self.to - self.from) / DAY
    }

    /// How many slots begin in it.
    pub fn slots(&self) -> u32 {
        (self.to - self.from).div_ceil(self.interval)
    }

    /// Whether a start lies in it.
    pub fn contains(&self, start: u32) -> bool {
        (self.from..self.to).contains(&start)
    }

    /// In how many slots at least one of these intervals begins; the others are missing. Starts beyond the period fill nothing.
    pub fn filled(&self, starts: impl IntoIterator<Item = u32>) -> u32 {
        let mut slots: Vec<u32> = starts
            .into_iter()
            .filter(|start| self.contains(*start))
            .map(|start| (start - self.from) / self.interval)
            .collect();
        slots.sort_unstable();
        slots.dedup();
        u32::try_from(slots.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_card_can_bill_is_refused() {
        let (day, longest) = (DAY, 24_855 * DAY);
        assert_eq!(Period::new(day, day, 1_800), Err(PeriodError::Order));
        assert_eq!(Period::new(2 * day, day, 1_800), Err(PeriodError::Order));
        assert!(Period::new(day, day + longest, 1_800).is_ok());
        assert_eq!(
            Period::new(day, 2 * day + longest, 1_800),
            Err(PeriodError::TooLong(24_856))
        );
        assert_eq!(
            Period::new(day, day + 1_800, 1_800),
            Err(PeriodError::WholeDays(1_800))
        );
        for interval in [0, day + 1] {
            assert_eq!(
                Period::new(day, 2 * day, interval),
                Err(PeriodError::Interval(interval))
            );
        }
    }

    #[test]
    fn a_slot_is_filled_by_what_begins_in_it() {
        let period = Period::new(DAY, 2 * DAY, 3_600).unwrap();
        assert_eq!((period.slots(), period.days()), (24, 1));
        let at = |hour: u32, second: u32| DAY + hour * 3_600 + second;
        assert_eq!(period.filled([]), 0);
        assert_eq!(period.filled([at(0, 0), at(0, 3_599), at(2, 1)]), 2);
        assert_eq!(period.filled([DAY - 1, at(23, 3_599), at(24, 0)]), 1);
        // A quarter past each hour is as good as each hour.
        assert_eq!(period.filled((0..24).map(|hour| at(hour, 900))), 24);
    }

    /// Slots that do not divide the day: the last begins in the period and ends after it.
    #[test]
    fn the_last_slot_may_reach_over_the_end() {
        let period = Period::new(DAY, 2 * DAY, 7 * 3_600).unwrap();
        assert_eq!(period.slots(), 4);
        assert_eq!(period.filled((0..4).map(|slot| DAY + slot * 7 * 3_600)), 4);
    }
}
