//! A simulated blood pressure monitor and a scale, as a BLE gateway hands on their measurements (protocols.md §10): invented values, the
//! same for the same seed, repeated until the hub has confirmed them. Started again, they begin from the first with the same ids.

use std::net::SocketAddr;

use hydra_crypto::Random;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::device::{self, DeviceError, Frame};

const DAY: u32 = 86_400;
/// Blood Pressure Measurement.
const BLOOD_PRESSURE: u16 = 0x2A35;
/// Weight Measurement.
const WEIGHT: u16 = 0x2A9D;
/// A scale's resolution, grams.
const RESOLUTION: u32 = 5;

/// A blood pressure and a pulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BloodPressure {
    /// The monitor's number for it, never used again.
    pub id: u32,
    /// When, seconds since 1970 UTC.
    pub time: u32,
    /// mmHg.
    pub systolic: u16,
    /// mmHg.
    pub diastolic: u16,
    /// Beats a minute.
    pub pulse: u16,
}

/// A weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The scale's number for it, never used again.
    pub id: u32,
    /// When, seconds since 1970 UTC.
    pub time: u32,
    /// Grams, a multiple of five.
    pub grams: u32,
}

/// A measurement each morning between 07:00 and 07:59, from `from` (included) to `to` (excluded), both midnight UTC.
pub fn blood_pressures(random: &mut dyn Random, from: u32, to: u32) -> Vec<BloodPressure> {
    days(from, to, 1)
        .map(|(id, midnight)| {
            let [minute, second, systolic, diastolic, pulse] = draw(random, "blood pressure", id);
            BloodPressure {
                id,
                time: midnight + 7 * 3_600 + u32::from(minute % 60) * 60 + u32::from(second % 60),
                systolic: 112 + u16::from(systolic % 27),
                diastolic: 70 + u16::from(diastolic % 17),
                pulse: 56 + u16::from(pulse % 25),
            }
        })
        .collect()
}

/// A measurement a week, on the first morning and every seventh after it, between 06:00 and 06:59.
pub fn weights(random: &mut dyn Random, from: u32, to: u32) -> Vec<Weight> {
    days(from, to, 7)
        .map(|(id, midnight)| {
            let [minute, second, high, low] = draw(random, "weight", id);
            let steps = u32::from(u16::from_be_bytes([high, low])) % 401;
            Weight {
                id,
                time: midnight + 6 * 3_600 + u32::from(minute % 60) * 60 + u32::from(second % 60),
                grams: 71_000 + steps * RESOLUTION,
            }
        })
        .collect()
}

/// Every `every`th midnight of the span, numbered from 1.
fn days(from: u32, to: u32, every: u32) -> impl Iterator<Item = (u32, u32)> {
    let step = usize::try_from(u64::from(DAY) * u64::from(every)).unwrap_or(usize::MAX);
    (1..).zip((from..to).step_by(step))
}

fn draw<const N: usize>(random: &mut dyn Random, purpose: &str, id: u32) -> [u8; N] {
    let mut out = [0; N];
    random.draw(purpose, id.into(), &mut out);
    out
}

/// Connects the monitor's gateway to the hub and delivers; returns when the last is confirmed. `progress` hears how many are.
pub async fn play_blood_pressures(
    hub: SocketAddr,
    measurements: &[BloodPressure],
    progress: impl FnMut(u64),
) -> Result<(), DeviceError> {
    let frames = measurements.iter().map(|measurement| Frame {
        token: measurement.id,
        bytes: measurement.to_bytes(),
    });
    device::deliver(hub, frames, confirmation, progress).await
}

/// Connects the scale's gateway to the hub and delivers; returns when the last is confirmed. `progress` hears how many are.
pub async fn play_weights(
    hub: SocketAddr,
    measurements: &[Weight],
    progress: impl FnMut(u64),
) -> Result<(), DeviceError> {
    let frames = measurements.iter().map(|measurement| Frame {
        token: measurement.id,
        bytes: measurement.to_bytes(),
    });
    device::deliver(hub, frames, confirmation, progress).await
}

impl BloodPressure {
    /// The gateway's frame: mmHg, time stamp and pulse present, mean arterial pressure a third of the way from diastolic to systolic.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mean = self.diastolic + self.systolic.saturating_sub(self.diastolic) / 3;
        let mut value = vec![0x06];
        for pressure in [self.systolic, self.diastolic, mean] {
            value.extend(pressure.to_le_bytes());
        }
        value.extend(time_stamp(self.time));
        value.extend(self.pulse.to_le_bytes());
        frame(BLOOD_PRESSURE, self.id, &value)
    }
}

impl Weight {
    /// The gateway's frame: kg, time stamp present.
    pub fn to_bytes(&self) -> Vec<u8> {
        let steps = u16::try_from(self.grams / RESOLUTION).unwrap_or(u16::MAX);
        let mut value = vec![0x02];
        value.extend(steps.to_le_bytes());
        value.extend(time_stamp(self.time));
        frame(WEIGHT, self.id, &value)
    }
}

/// `length u16 | characteristic UUID u16 | measurement id u32 | value`.
fn frame(characteristic: u16, id: u32, value: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(value.len() + 8);
    frame.extend(
        u16::try_from(value.len() + 6)
            .unwrap_or(u16::MAX)
            .to_be_bytes(),
    );
    frame.extend(characteristic.to_be_bytes());
    frame.extend(id.to_be_bytes());
    frame.extend_from_slice(value);
    frame
}

/// GATT's Date Time: year (little-endian), month, day, hours, minutes, seconds.
fn time_stamp(seconds: u32) -> [u8; 7] {
    let time = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(seconds.into());
    let time = TimeZone::UTC.to_datetime(time);
    let [year_low, year_high] = time.year().to_le_bytes();
    let [month, day, hour, minute, second] = [
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
    ]
    .map(i8::cast_unsigned);
    [year_low, year_high, month, day, hour, minute, second]
}

/// The measurement id.
fn confirmation(received: &[u8]) -> Result<Option<(u32, usize)>, String> {
    Ok(received
        .first_chunk()
        .map(|id| (u32::from_be_bytes(*id), id.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hydra_crypto::SeededRandom;

    /// 2013-02-01 and 2013-03-01.
    const FEBRUARY: (u32, u32) = (1_359_676_800, 1_362_096_000);

    #[test]
    fn a_month_has_a_blood_pressure_a_day_and_a_weight_a_week() {
        let (from, to) = FEBRUARY;
        let mut random = SeededRandom::new(b"1");
        let pressures = blood_pressures(&mut random, from, to);
        let weights = weights(&mut random, from, to);
        assert_eq!(
            pressures.iter().map(|p| p.id).collect::<Vec<_>>(),
            (1..=28).collect::<Vec<_>>()
        );
        assert_eq!(
            weights
                .iter()
                .map(|w| (w.time - from) / DAY)
                .collect::<Vec<_>>(),
            [0, 7, 14, 21]
        );
        for (day, pressure) in (0..).zip(&pressures) {
            assert_eq!((pressure.time - from) / DAY, day);
            assert!(
                (112..139).contains(&pressure.systolic) && (70..87).contains(&pressure.diastolic)
            );
        }
        // Nothing in a draw depends on what was drawn before.
        assert_eq!(
            blood_pressures(&mut SeededRandom::new(b"1"), from, to),
            pressures
        );
        assert_ne!(
            blood_pressures(&mut SeededRandom::new(b"2"), from, to),
            pressures
        );
    }

    #[test]
    fn frames_are_what_the_protocol_says() {
        let pressure = BloodPressure {
            id: 9,
            time: 1_359_703_800,
            systolic: 120,
            diastolic: 80,
            pulse: 62,
        };
        assert_eq!(
            hydra_wire::hex::encode(&pressure.to_bytes()),
            "00162A350000000906780050005D00DD070201071E003E00"
        );
        let weight = Weight {
            id: 5,
            time: 1_359_703_800,
            grams: 70_500,
        };
        assert_eq!(
            hydra_wire::hex::encode(&weight.to_bytes()),
            "00102A9D00000005021437DD070201071E00"
        );
    }
}
