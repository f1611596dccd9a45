//! Blood pressure monitor and scale: GATT characteristics (Bluetooth GATT Specification Supplement), as a BLE gateway hands them on
//! over TCP: `length u16 | characteristic UUID u16 | measurement id u32 | value` (protocols.md §10).

use time::UtcOffset;

use crate::adapter::Protocol;
use crate::{FrameError, FrameFault, Submission, calendar};

/// Kind of a weight in the telehealth applet's measurement.
const KIND_WEIGHT: u8 = 0x01;
/// Kind of a blood pressure.
const KIND_BLOOD_PRESSURE: u8 = 0x02;
/// Length field, UUID and measurement id.
const HEADER: usize = 8;
/// The longest characteristic value there is (ATT).
const LARGEST_VALUE: usize = 512;
/// Flags of both characteristics: the unit is not the SI's or millimetres of mercury.
const OTHER_UNIT: u8 = 0x01;
/// Flags of both characteristics: a time stamp is present.
const TIME_STAMP: u8 = 0x02;
/// Flags of 2A35: the pulse rate is present.
const PULSE: u8 = 0x04;

/// A device that delivers one characteristic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gatt {
    /// Blood Pressure Measurement, in mmHg, with time stamp and pulse.
    BloodPressure = 0x2A35,
    /// Weight Measurement, in kg at a resolution of 0.005, with time stamp.
    Weight = 0x2A9D,
}

impl Gatt {
    /// The first frame in `buffer` and the bytes it takes; `None` until it is complete.
    ///
    /// The payload is the telehealth applet's measurement. Errors carry the offset in the frame.
    pub fn read(self, buffer: &[u8]) -> Result<Option<(Submission, usize)>, FrameError> {
        let Some((length, rest)) = buffer.split_first_chunk() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if !(HEADER - 2..=HEADER - 2 + LARGEST_VALUE).contains(&length) {
            let fault = FrameFault::Length {
                what: "a frame",
                found: length,
            };
            return Err(FrameError::new(0, fault));
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let mut fields = Fields { bytes: body, at: 2 };
        let [u0, u1, i0, i1, i2, i3] = fields.take()?;
        let uuid = u16::from_be_bytes([u0, u1]);
        FrameError::expect(2, "the characteristic", self as u64, uuid.into())?;
        let id = u32::from_be_bytes([i0, i1, i2, i3]);
        let payload = match self {
            Self::BloodPressure => blood_pressure(id, &mut fields)?,
            Self::Weight => weight(id, &mut fields)?,
        };
        if !fields.bytes.is_empty() {
            let fault = FrameFault::Length {
                what: "an excess",
                found: fields.bytes.len(),
            };
            return Err(FrameError::new(fields.at, fault));
        }
        let submission = Submission {
            correlation: id,
            payload,
            token: id,
        };
        Ok(Some((submission, 2 + length)))
    }

    /// The measurement id.
    pub fn confirmation(self, token: u32) -> Vec<u8> {
        token.to_be_bytes().to_vec()
    }
}

impl Protocol for Gatt {
    fn read(&self, buffer: &[u8]) -> Result<Option<(Submission, usize)>, FrameError> {
        (*self).read(buffer)
    }

    fn confirmation(&self, token: u32) -> Vec<u8> {
        (*self).confirmation(token)
    }
}

/// Blood Pressure Measurement: flags, systolic, diastolic, mean arterial pressure, time stamp, pulse rate, then user and status,
/// which nobody asked for.
fn blood_pressure(id: u32, fields: &mut Fields<'_>) -> Result<Vec<u8>, FrameError> {
    let flags = fields.flags(TIME_STAMP | PULSE, 0x1F)?;
    let [systolic, diastolic, _mean] = [fields.sfloat()?, fields.sfloat()?, fields.sfloat()?];
    let time = fields.time_stamp()?;
    let pulse = fields.sfloat()?;
    if flags & 0x08 != 0 {
        let [_user] = fields.take()?;
    }
    if flags & 0x10 != 0 {
        let [_, _] = fields.take()?;
    }
    let mut payload = measurement(KIND_BLOOD_PRESSURE, id, time);
    for value in [systolic, diastolic, pulse] {
        payload.extend(value.to_be_bytes());
    }
    Ok(payload)
}

/// Weight Measurement: flags, weight, time stamp, then user, body mass index and height, which nobody asked for.
fn weight(id: u32, fields: &mut Fields<'_>) -> Result<Vec<u8>, FrameError> {
    let flags = fields.flags(TIME_STAMP, 0x0F)?;
    let at = fields.at;
    let steps = u16::from_le_bytes(fields.take()?);
    if steps == u16::MAX {
        return Err(FrameError::new(
            at,
            FrameFault::Value("the scale could not measure"),
        ));
    }
    let time = fields.time_stamp()?;
    if flags & 0x04 != 0 {
        let [_user] = fields.take()?;
    }
    if flags & 0x08 != 0 {
        let [_, _, _, _] = fields.take()?;
    }
    let mut payload = measurement(KIND_WEIGHT, id, time);
    payload.extend((u32::from(steps) * 5).to_be_bytes());
    Ok(payload)
}

fn measurement(kind: u8, id: u32, time: u32) -> Vec<u8> {
    let mut payload = Vec::with_capacity(15);
    payload.push(kind);
    payload.extend(id.to_be_bytes());
    payload.extend(time.to_be_bytes());
    payload
}

/// What is left of a frame, and where it begins in it.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let Some((taken, rest)) = self.bytes.split_first_chunk() else {
            let end = self.at + self.bytes.len();
            return Err(FrameError::new(
                end,
                FrameFault::Value("the value is cut off"),
            ));
        };
        self.bytes = rest;
        self.at += N;
        Ok(*taken)
    }

    /// The flags: those that must be set, and all that are defined.
    fn flags(&mut self, needed: u8, defined: u8) -> Result<u8, FrameError> {
        let at = self.at;
        let [flags] = self.take()?;
        let refuse = |why| Err(FrameError::new(at, FrameFault::Value(why)));
        if flags & OTHER_UNIT != 0 {
            return refuse("the flags name another unit than mmHg or kg");
        }
        if flags & needed != needed {
            return refuse("the flags lack the time stamp or the pulse");
        }
        if flags & !defined != 0 {
            return refuse("the flags have reserved bits set");
        }
        Ok(flags)
    }

    /// A 16-bit float of IEEE 11073-20601 (mantissa 12 bits, exponent 4, base ten) as the nearest whole number.
    fn sfloat(&mut self) -> Result<u16, FrameError> {
        let at = self.at;
        let raw = u16::from_le_bytes(self.take()?);
        let refuse = |why| FrameError::new(at, FrameFault::Value(why));
        // NaN, not at this resolution, both infinities, and the reserved value between them.
        if matches!(raw, 0x07FE..=0x0802) {
            return Err(refuse("the device could not measure"));
        }
        let mantissa = u32::from(raw & 0x0FFF);
        if mantissa >= 0x0800 {
            return Err(refuse("a value below zero"));
        }
        let exponent = u32::from(raw >> 12);
        let whole = if exponent < 8 {
            mantissa.checked_mul(10_u32.pow(exponent))
        } else {
            let divisor = 10_u32.pow(16 - exponent);
            Some((mantissa + divisor / 2) / divisor)
        };
        whole
            .and_then(|whole| u16::try_from(whole).ok())
            .ok_or_else(|| refuse("a value of more than 16 bits"))
    }

    /// Date Time: year, month, day, hours, minutes, seconds; taken as UTC.
    fn time_stamp(&mut self) -> Result<u32, FrameError> {
        let at = self.at;
        let [y0, y1, fields @ ..] = self.take::<7>()?;
        calendar::seconds(u16::from_le_bytes([y0, y1]), fields, UtcOffset::UTC).ok_or_else(|| {
            FrameError::new(
                at,
                FrameFault::Value("the time stamp is no moment from 1970 to 2106"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 120.5/80 mmHg, mean 93, pulse 62, 2013-02-01 07:30:00, measurement 9.
    const PRESSURE: [u8; 24] = [
        0x00, 0x16, 0x2A, 0x35, 0x00, 0x00, 0x00, 0x09, // header
        0x06, 0xB5, 0xF4, 0x50, 0x00, 0x5D, 0x00, // flags, three floats: 1205e-1, 80, 93
        0xDD, 0x07, 0x02, 0x01, 0x07, 0x1E, 0x00, // time stamp
        0x3E, 0x00, // pulse
    ];

    fn changed(at: usize, byte: u8) -> Vec<u8> {
        let mut frame = PRESSURE.to_vec();
        frame[at] = byte;
        frame
    }

    #[test]
    fn a_blood_pressure_becomes_the_applets_measurement() {
        let (submission, used) = Gatt::BloodPressure.read(&PRESSURE).unwrap().unwrap();
        assert_eq!(used, PRESSURE.len());
        let mut expected = vec![2, 0, 0, 0, 9];
        expected.extend(1_359_703_800_u32.to_be_bytes());
        expected.extend([0, 121, 0, 80, 0, 62]);
        assert_eq!(submission.payload, expected);
        assert_eq!(Gatt::BloodPressure.confirmation(9), [0, 0, 0, 9]);
    }

    #[test]
    fn a_frame_waits_until_it_is_whole() {
        for cut in 0..PRESSURE.len() {
            assert_eq!(Gatt::BloodPressure.read(&PRESSURE[..cut]), Ok(None));
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_offset() {
        let cases = [
            (1, 5, 0, "a frame of 5 bytes"),
            (1, 0x15, 23, "cut off"),
            (3, 0x9D, 2, "characteristic"),
            (8, 0x07, 8, "unit"),
            (8, 0x02, 8, "pulse"),
            (8, 0x26, 8, "reserved"),
            (10, 0x54, 9, "more than 16 bits"),
            (12, 0x08, 11, "below zero"),
            (17, 13, 15, "moment"),
        ];
        for (place, byte, at, words) in cases {
            let error = Gatt::BloodPressure.read(&changed(place, byte)).unwrap_err();
            assert_eq!(error.at, at, "{place}: {error}");
            assert!(error.to_string().contains(words), "{place}: {error}");
        }
        for special in [0x07FE_u16, 0x07FF, 0x0800, 0x0801, 0x0802] {
            let mut frame = PRESSURE;
            frame[22..].copy_from_slice(&special.to_le_bytes());
            let error = Gatt::BloodPressure.read(&frame).unwrap_err();
            assert_eq!(
                error.to_string(),
                "at offset 22: the device could not measure"
            );
        }
    }

    #[test]
    fn bytes_behind_the_value_are_refused() {
        let mut frame = changed(1, 0x17);
        frame.push(0);
        let error = Gatt::BloodPressure.read(&frame).unwrap_err();
        assert_eq!(error.to_string(), "at offset 24: an excess of 1 bytes");
    }

    #[test]
    fn users_and_status_are_passed_over() {
        let mut frame = changed(8, 0x1E);
        frame[1] += 3;
        frame.extend([1, 0, 0]);
        let (submission, used) = Gatt::BloodPressure.read(&frame).unwrap().unwrap();
        assert_eq!((submission.payload.len(), used), (15, 27));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Gatt::BloodPressure.read(&bytes);
            let _ = Gatt::Weight.read(&bytes);
        }

        #[test]
        fn any_changed_frame_is_read_or_refused(at in 2..24usize, byte: u8) {
            let frame = changed(at, byte);
            if let Ok(Some((submission, used))) = Gatt::BloodPressure.read(&frame) {
                prop_assert_eq!(used, frame.len());
                prop_assert_eq!(submission.payload.len(), 15);
            }
        }
    }
}
