//! A home's measured energy: a CSV file of intervals, `start,kwh`.
//!
//! Times without a zone are UTC. The interval is the most frequent step between starts; energy is kWh × 1000 rounded
//! half-even to whole Wh, by decimal digits and never by floats. A start that comes again is a repeated interval: the first row
//! counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use thiserror::Error;

const DAY: i64 = 86_400;

/// One row: when the interval began and what was used in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Start, seconds since 1970 UTC.
    pub start: u32,
    /// Energy of the interval, Wh.
    pub wh: u32,
    /// Whether an earlier row has the same start; such a row counts for nothing.
    pub repeated: bool,
}

/// Readings in order of time, a repeated one after the one it repeats, and the length of their interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readings {
    /// The rows.
    pub rows: Vec<Reading>,
    /// The most frequent step between starts, seconds; the shorter of two that are as frequent.
    pub interval: u32,
}

/// A span of whole days UTC, `to` excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// First day.
    pub from: Date,
    /// Day after the last.
    pub to: Date,
}

impl Readings {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, ReadingsError> {
        let bytes = fs::read(path).map_err(|source| ReadingsError::File {
            path: path.to_owned(),
            source,
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            ReadingsError::Row {
                path: path.to_owned(),
                line: 1 + good.iter().filter(|byte| **byte == b'\n').count(),
                problem: "not UTF-8".to_owned(),
            }
        })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a file; `path` is what errors call it.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ReadingsError> {
        let at = |line: usize, problem: String| ReadingsError::Row {
            path: path.to_owned(),
            line,
            problem,
        };
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim_end_matches('\r')));
        match lines.next() {
            Some((_, header)) if header.trim_start_matches('\u{FEFF}').trim() == "start,kwh" => {}
            _ => {
                return Err(at(
                    1,
                    "the first line must name the columns: start,kwh".to_owned(),
                ));
            }
        }
        let mut rows = Vec::new();
        for (number, line) in lines {
            if line.trim().is_empty() {
                continue;
            }
            let Some((start, kwh)) = line.split_once(',').filter(|(_, kwh)| !kwh.contains(','))
            else {
                return Err(at(number, "expected two columns, start,kwh".to_owned()));
            };
            let start = start_of(start.trim()).map_err(|problem| at(number, problem))?;
            let wh = watt_hours(kwh.trim()).map_err(|problem| at(number, problem))?;
            rows.push(Reading {
                start,
                wh,
                repeated: false,
            });
        }
        // A stable sort: of rows with one start, the first in the file stays the first.
        rows.sort_by_key(|row| row.start);
        for index in 1..rows.len() {
            rows[index].repeated = rows[index].start == rows[index - 1].start;
        }
        let interval = most_frequent_step(&rows).ok_or_else(|| ReadingsError::TooFew {
            path: path.to_owned(),
        })?;
        Ok(Self { rows, interval })
    }

    /// The rows that start within these days.
    pub fn within(&self, days: &Days) -> Result<Vec<Reading>, ReadingsError> {
        let (from, to) = days.bounds()?;
        Ok(self
            .rows
            .iter()
            .filter(|row| (from..to).contains(&row.start))
            .copied()
            .collect())
    }

    /// The first calendar month that the readings cover whole, or else the days from the first reading to the last.
    pub fn first_month(&self) -> Result<Days, ReadingsError> {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else {
            return Err(ReadingsError::Days("there are no readings".to_owned()));
        };
        let civil = |seconds: u32| {
            Timestamp::from_second(i64::from(seconds))
                .map(|time| TimeZone::UTC.to_datetime(time))
                .map_err(|error| ReadingsError::Days(error.to_string()))
        };
        let (first, last) = (civil(first.start)?, civil(last.start)?);
        let next = |date: Date| {
            date.last_of_month()
                .tomorrow()
                .map_err(|error| ReadingsError::Days(error.to_string()))
        };
        let from = if first
            == first
                .date()
                .first_of_month()
                .to_datetime(jiff::civil::Time::midnight())
        {
            first.date()
        } else {
            next(first.date())?
        };
        let to = next(from)?;
        if to
            <= last
                .date()
                .tomorrow()
                .map_err(|error| ReadingsError::Days(error.to_string()))?
        {
            return Ok(Days { from, to });
        }
        let to = last
            .date()
            .tomorrow()
            .map_err(|error| ReadingsError::Days(error.to_string()))?;
        Ok(Days {
            from: first.date(),
            to,
        })
    }
}

impl Days {
    /// From and to, as seconds since 1970 UTC.
    pub fn bounds(&self) -> Result<(u32, u32), ReadingsError> {
        if self.from >= self.to {
            return Err(ReadingsError::Days(format!(
                "{} is not before {}",
                self.from, self.to
            )));
        }
        Ok((midnight(self.from)?, midnight(self.to)?))
    }
}

fn midnight(date: Date) -> Result<u32, ReadingsError> {
    TimeZone::UTC
        .to_timestamp(date.at(0, 0, 0, 0))
        .ok()
        .and_then(|time| u32::try_from(time.as_second()).ok())
        .ok_or_else(|| ReadingsError::Days(format!("{date} is not between 1970 and 2106")))
}

/// A start: date and time with or without an offset.
fn start_of(text: &str) -> Result<u32, String> {
    // A zone's name, which needs its history, and a leap second, which no interval begins with.
    if text.contains('[')
        || text.ends_with(":60")
        || text.contains(":60Z")
        || text.contains(":60+")
        || text.contains(":60-")
    {
        return Err(format!("start \"{text}\" has a zone name or a leap second"));
    }
    let time = match text.parse::<Timestamp>() {
        Ok(time) => time,
        Err(_) => text
            .parse::<DateTime>()
            .ok()
            .filter(|_| text.len() > "2013-02-01".len())
            .and_then(|time| TimeZone::UTC.to_timestamp(time).ok())
            .ok_or_else(|| format!("start \"{text}\" is not a date and time"))?,
    };
    if time.subsec_nanosecond() != 0 {
        return Err(format!("start \"{text}\" is not a whole second"));
    }
    u32::try_from(time.as_second())
        .ok()
        .filter(|start| *start >= 86_400)
        .ok_or_else(|| format!("start \"{text}\" is not between 1970 and 2106"))
}

/// kWh as decimal digits, with or without an exponent, to whole Wh, half-even.
fn watt_hours(text: &str) -> Result<u32, String> {
    let wrong = || format!("kWh \"{text}\" is not a number");
    if let Some(magnitude) = text.strip_prefix('-') {
        // Minus nothing is nothing.
        return match watt_hours(magnitude) {
            Ok(0)
                if !magnitude.starts_with('-')
                    && !magnitude.contains(['1', '2', '3', '4', '5', '6', '7', '8', '9']) =>
            {
                Ok(0)
            }
            Ok(_) => Err(format!("kWh \"{text}\" is negative")),
            Err(_) => Err(wrong()),
        };
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|digit| digit.wrapping_sub(b'0'))
        .collect();
    if digits.is_empty()
        || digits.iter().any(|digit| *digit > 9)
        || exponent.abs() > 30
        || digits.len() > 60
    {
        return Err(wrong());
    }
    // The value in Wh is the digits × 10^shift.
    let shift = 3 + exponent - i32::try_from(fraction.len()).map_err(|_| wrong())?;
    let dropped = usize::try_from(-shift).unwrap_or(0).min(digits.len() + 1);
    let kept = digits.len().saturating_sub(dropped);
    let mut wh: u64 = 0;
    let scale = usize::try_from(shift).unwrap_or(0);
    for digit in digits[..kept]
        .iter()
        .copied()
        .chain(std::iter::repeat_n(0, scale))
    {
        wh = wh.saturating_mul(10).saturating_add(u64::from(digit));
    }
    if dropped > 0 && dropped <= digits.len() {
        let rest = &digits[kept..];
        let beyond = rest[1..].iter().any(|digit| *digit != 0);
        if rest[0] > 5 || rest[0] == 5 && (beyond || wh % 2 == 1) {
            wh += 1;
        }
    }
    u32::try_from(wh).map_err(|_| format!("kWh \"{text}\" is too large for one interval"))
}

fn most_frequent_step(rows: &[Reading]) -> Option<u32> {
    let mut steps = BTreeMap::new();
    for pair in rows
        .windows(2)
        .filter(|pair| pair[0].start != pair[1].start)
    {
        *steps.entry(pair[1].start - pair[0].start).or_insert(0_u32) += 1;
    }
    let (step, _) = steps
        .into_iter()
        .max_by_key(|(step, count)| (*count, std::cmp::Reverse(*step)))?;
    (i64::from(step) <= DAY).then_some(step)
}

/// Why a file has no readings to play.
#[derive(Debug, Error)]
pub enum ReadingsError {
    /// The file can't be read.
    #[error("reading {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A row is malformed.
    #[error("{}:{line}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// No interval can be found.
    #[error("{}: two different starts, at most a day apart, are needed to find the interval", path.display())]
    TooFew {
        /// The file.
        path: PathBuf,
    },
    /// The days make no span, or hold nothing.
    #[error("days: {0}")]
    Days(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Readings, ReadingsError> {
        Readings::parse(text, Path::new("x.csv"))
    }

    #[test]
    fn energy_is_rounded_half_even_by_digits() {
        for (kwh, wh) in [
            ("0", 0),
            ("-0.0", 0),
            ("0.0005", 0),
            ("0.0015", 2),
            ("0.00050001", 1),
            ("0.0004999999999999999999999999", 0),
            ("1.2345", 1234),
            ("1.2355", 1236),
            ("12", 12_000),
            (".5", 500),
            ("5.", 5_000),
            ("1e-3", 1),
            ("5e-4", 0),
            ("1.5E-3", 2),
            ("0.2e1", 2_000),
            ("1e-9", 0),
            ("4294967.295", u32::MAX),
        ] {
            assert_eq!(watt_hours(kwh), Ok(wh), "{kwh}");
        }
        for bad in [
            "",
            ".",
            "-",
            "-1",
            "-0.1",
            "+1",
            "1,5",
            "nan",
            "inf",
            "0x10",
            "1e",
            "1e99",
            "4294967.296",
            "１",
        ] {
            assert!(watt_hours(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_utc_unless_they_say_otherwise() {
        for text in [
            "2013-02-01 00:30:00",
            "2013-02-01T00:30:00Z",
            "2013-02-01 01:30:00+01:00",
            "2013-02-01T00:30",
        ] {
            assert_eq!(start_of(text), Ok(1_359_678_600), "{text}");
        }
        for bad in [
            "2013-02-30 00:00:00",
            "2013-02-01",
            "yesterday",
            "1969-12-31 23:00:00",
            "2013-02-01 00:00:00.5",
            "2013-02-01 00:00:00[Europe/London]",
            "2013-02-01 00:00:60",
            "2013-02-01 00:00:60Z",
        ] {
            assert!(start_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rows_are_sorted_and_the_first_of_a_start_counts() {
        let readings = parse(
            "start,kwh\n2013-02-01 01:00:00,0.1\n2013-02-01 00:00:00,0.2\n2013-02-01 00:00:00,0.3\n2013-02-01 00:30:00,0\n",
        )
        .unwrap();
        assert_eq!(readings.interval, 1_800);
        let rows: Vec<_> = readings
            .rows
            .iter()
            .map(|row| (row.start % 86_400, row.wh, row.repeated))
            .collect();
        assert_eq!(
            rows,
            [
                (0, 200, false),
                (0, 300, true),
                (1_800, 0, false),
                (3_600, 100, false)
            ]
        );
    }

    #[test]
    fn errors_name_file_and_line() {
        let rows = "start,kwh\n2013-02-01 00:00:00,0.1\n2013-02-01 00:30:00,-1\n";
        assert_eq!(
            parse(rows).unwrap_err().to_string(),
            "x.csv:3: kWh \"-1\" is negative"
        );
        assert!(
            parse("a,b\n")
                .unwrap_err()
                .to_string()
                .starts_with("x.csv:1: ")
        );
        assert!(
            parse("start,kwh\n2013-02-01 00:00:00,1\n")
                .unwrap_err()
                .to_string()
                .contains("two different starts")
        );
    }

    #[test]
    fn the_first_whole_month_is_found() {
        let row = |text: &str| format!("{text} 00:00:00,1\n");
        let text = format!(
            "start,kwh\n{}{}{}{}",
            row("2013-01-15"),
            row("2013-01-16"),
            row("2013-02-28"),
            row("2013-03-01")
        );
        let days = parse(&text).unwrap().first_month().unwrap();
        assert_eq!(
            (days.from.to_string(), days.to.to_string()),
            ("2013-02-01".to_owned(), "2013-03-01".to_owned())
        );
        assert_eq!(parse(&text).unwrap().within(&days).unwrap().len(), 1);
    }
}
