//! A simulated electricity meter: it pushes the clock and its register over DLMS/COSEM (protocols.md §10) and repeats what the hub has not
//! confirmed. Started again, it plays from the beginning with the same invocation ids, as a meter would that remembers nothing; the card
//! ignores what it has seen.

use std::net::SocketAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::device::{self, DeviceError, Frame};
use crate::readings::Reading;

/// Invocation ids have 24 bits and begin with 1.
const LARGEST_INVOCATION: u32 = 0x00FF_FFFF;
/// long-invoke-id-and-priority: the service is confirmed.
const CONFIRMED: u32 = 0x4000_0000;
/// A data-notification-confirm with its wrapper.
const CONFIRMATION: usize = 14;

/// One data-notification: the clock at the start of an interval, and the register at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push {
    /// The meter's number for it, never used again.
    pub invocation: u32,
    /// Start of the interval, seconds since 1970 UTC.
    pub start: u32,
    /// Register 1-0:1.8.0 at its end, Wh.
    pub register: u64,
}

/// What a meter pushes for these readings, in order of time: first the opening register, with the clock one interval before `from`. A repeated
/// reading is pushed again with the same clock and register; the register advances by the first of a start alone.
pub fn pushes(
    readings: &[Reading],
    from: u32,
    interval: u32,
    opening: u64,
) -> Result<Vec<Push>, MeterError> {
    let before = from
        .checked_sub(interval)
        .ok_or(MeterError::TooEarly { from, interval })?;
    let mut pushes = Vec::with_capacity(readings.len() + 1);
    pushes.push(Push {
        invocation: invocation(0)?,
        start: before,
        register: opening,
    });
    let mut register = opening;
    for (index, reading) in (1..).zip(readings) {
        if !reading.repeated {
            register = register
                .checked_add(reading.wh.into())
                .ok_or(MeterError::Overflow {
                    start: reading.start,
                })?;
        }
        pushes.push(Push {
            invocation: invocation(index)?,
            start: reading.start,
            register,
        });
    }
    Ok(pushes)
}

/// The id of the push at this place.
fn invocation(index: usize) -> Result<u32, MeterError> {
    u32::try_from(index + 1)
        .ok()
        .filter(|id| *id <= LARGEST_INVOCATION)
        .ok_or(MeterError::TooMany)
}

/// Connects to the hub and delivers the pushes; returns when the last is confirmed. `progress` hears how many are.
pub async fn play(
    hub: SocketAddr,
    pushes: &[Push],
    progress: impl FnMut(u64),
) -> Result<(), DeviceError> {
    let frames = pushes.iter().map(|push| Frame {
        token: CONFIRMED | push.invocation,
        bytes: push.to_bytes(),
    });
    device::deliver(hub, frames, confirmation, progress).await
}

impl Push {
    /// The push as it goes over the wire: wrapper, data-notification, and the structure of two values.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = vec![0x0F];
        body.extend((CONFIRMED | self.invocation).to_be_bytes());
        // No date-time; a structure of two.
        body.extend([0x00, 0x02, 0x02]);
        body.extend([0x09, 0x0C]);
        body.extend(clock(self.start));
        body.push(0x15);
        body.extend(self.register.to_be_bytes());
        let mut frame = vec![0, 1, 0, 1, 0, 1, 0];
        frame.push(u8::try_from(body.len()).unwrap_or(u8::MAX));
        frame.extend(body);
        frame
    }
}

/// The twelve bytes of a COSEM date-time (Blue Book, date and time formats): UTC, deviation 0, status good.
fn clock(seconds: u32) -> [u8; 12] {
    let time = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(seconds.into());
    let time = TimeZone::UTC.to_datetime(time);
    let [year_high, year_low] = time.year().to_be_bytes();
    let [month, day, weekday, hour, minute, second] = [
        time.month(),
        time.day(),
        time.weekday().to_monday_one_offset(),
        time.hour(),
        time.minute(),
        time.second(),
    ]
    .map(i8::cast_unsigned);
    [
        year_high, year_low, month, day, weekday, hour, minute, second, 0, 0, 0, 0,
    ]
}

/// The long-invoke-id-and-priority of a data-notification-confirm.
fn confirmation(received: &[u8]) -> Result<Option<(u32, usize)>, String> {
    let Some(frame) = received.first_chunk::<CONFIRMATION>() else {
        return Ok(None);
    };
    match *frame {
        [0, 1, 0, 1, 0, 1, 0, 6, 0x10, a, b, c, d, 0] => {
            Ok(Some((u32::from_be_bytes([a, b, c, d]), CONFIRMATION)))
        }
        _ => Err(format!(
            "{} is no data-notification-confirm",
            hydra_wire::hex::encode(frame)
        )),
    }
}

/// Why readings can't be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeterError {
    /// There is no moment for the opening register.
    #[error("the first interval at {from} has none of {interval} seconds before it")]
    TooEarly {
        /// Start of the period, seconds since 1970 UTC.
        from: u32,
        /// Seconds.
        interval: u32,
    },
    /// More pushes than invocation ids.
    #[error("a meter can number 16,777,215 pushes and no more")]
    TooMany,
    /// The register can't hold the sum.
    #[error("the register overflows in the interval at {start}")]
    Overflow {
        /// Start of the interval, seconds since 1970 UTC.
        start: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(start: u32, wh: u32, repeated: bool) -> Reading {
        Reading {
            start,
            wh,
            repeated,
        }
    }

    #[test]
    fn the_register_opens_advances_and_is_repeated() {
        let readings = [
            reading(3_600, 100, false),
            reading(3_600, 900, true),
            reading(7_200, 0, false),
            reading(9_000, 5, false),
        ];
        let pushes = pushes(&readings, 3_600, 1_800, 1_000).unwrap();
        let seen: Vec<_> = pushes
            .iter()
            .map(|push| (push.invocation, push.start, push.register))
            .collect();
        assert_eq!(
            seen,
            [
                (1, 1_800, 1_000),
                (2, 3_600, 1_100),
                (3, 3_600, 1_100),
                (4, 7_200, 1_100),
                (5, 9_000, 1_105),
            ]
        );
    }

    #[test]
    fn what_a_meter_cannot_say_is_refused() {
        let full = [reading(3_600, 1, false)];
        assert_eq!(
            pushes(&full, 3_600, 1_800, u64::MAX),
            Err(MeterError::Overflow { start: 3_600 })
        );
        assert_eq!(
            pushes(&full, 60, 1_800, 0),
            Err(MeterError::TooEarly {
                from: 60,
                interval: 1_800
            })
        );
        assert_eq!(invocation(0x00FF_FFFE), Ok(0x00FF_FFFF));
        assert_eq!(invocation(0x00FF_FFFF), Err(MeterError::TooMany));
    }

    #[test]
    fn a_push_is_what_the_protocol_says() {
        let push = Push {
            invocation: 7,
            start: 1_359_678_600,
            register: 123_456,
        };
        assert_eq!(
            hydra_wire::hex::encode(&push.to_bytes()),
            "000100010001001F0F40000007000202090C07DD020105001E000000000015000000000001E240"
        );
        let clock = clock(u32::MAX);
        assert_eq!(clock[..8], [0x08, 0x3A, 2, 7, 7, 6, 28, 15]);
    }

    #[test]
    fn only_a_confirmation_confirms() {
        let good = [0, 1, 0, 1, 0, 1, 0, 6, 0x10, 0x40, 0, 0, 7, 0];
        assert_eq!(confirmation(&good), Ok(Some((0x4000_0007, 14))));
        assert_eq!(confirmation(&good[..13]), Ok(None));
        let mut failed = good;
        failed[13] = 2;
        assert!(confirmation(&failed).is_err());
    }
}
