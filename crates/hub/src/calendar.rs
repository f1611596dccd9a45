//! Calendar fields of devices to seconds since 1970, UTC.

use time::{Date, Month, Time, UtcOffset};

/// Seconds since 1970 of a civil date and time at an offset from UTC, as devices give them; `None` when there is no such
/// moment, or it lies outside 1970 to 2106.
pub(crate) fn seconds(
    year: u16,
    [month, day, hour, minute, second]: [u8; 5],
    offset: UtcOffset,
) -> Option<u32> {
    let month = Month::try_from(month).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, day).ok()?;
    let time = Time::from_hms(hour, minute, second).ok()?;
    let moment = date.with_time(time).assume_offset(offset);
    u32::try_from(moment.unix_timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_time_becomes_seconds() {
        let utc = UtcOffset::UTC;
        assert_eq!(seconds(1970, [1, 1, 0, 0, 0], utc), Some(0));
        assert_eq!(seconds(2013, [2, 1, 0, 0, 0], utc), Some(1_359_676_800));
        assert_eq!(seconds(2106, [2, 7, 6, 28, 15], utc), Some(u32::MAX));
        let summer = UtcOffset::from_hms(1, 0, 0).unwrap();
        assert_eq!(seconds(2013, [2, 1, 1, 0, 0], summer), Some(1_359_676_800));
    }

    #[test]
    fn moments_that_do_not_exist_are_none() {
        let utc = UtcOffset::UTC;
        assert_eq!(seconds(2013, [2, 29, 0, 0, 0], utc), None);
        assert_eq!(seconds(2013, [13, 1, 0, 0, 0], utc), None);
        assert_eq!(seconds(2013, [1, 1, 24, 0, 0], utc), None);
        assert_eq!(seconds(2106, [2, 7, 6, 28, 16], utc), None);
        assert_eq!(seconds(1969, [12, 31, 23, 59, 59], utc), None);
    }
}
