//! Electricity meter: DLMS/COSEM data-notifications over the TCP wrapper, version 1 (IEC 62056-4-7).
//!
//! The codec is `dlms-cosem-rs`; what is here is the one push that protocols.md §10 fixes, and its confirmation, which that codec lacks.

use dlms_cosem_rs::axdr::{Data, DateTime};
use dlms_cosem_rs::codec::{Decode, ErrorKind, Reader};
use dlms_cosem_rs::transport::wrapper::{Header, StreamReassembler, Wpdu};
use dlms_cosem_rs::xdlms::OptionalDateTime;
use time::UtcOffset;

use crate::adapter::Protocol;
use crate::{FrameError, FrameFault, Submission, calendar};

/// The wrapper ports of hub and meter, both ways.
pub const WPORT: u16 = 1;
/// APDU tag of a data-notification.
const DATA_NOTIFICATION: u8 = 0x0F;
/// APDU tag of a data-notification-confirm.
const DATA_NOTIFICATION_CONFIRM: u8 = 0x10;
/// Data-access-result success.
const SUCCESS: u8 = 0x00;
/// A-XDR tag of a structure.
const STRUCTURE: u8 = 0x02;
/// The low bits of long-invoke-id-and-priority that are the invocation id.
const INVOCATION: u32 = 0x00FF_FFFF;
/// A push of this protocol has 37 bytes; this leaves room for a date-time and rules out anything else.
const LARGEST_APDU: u16 = 256;

/// The meter's protocol.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dlms;

impl Dlms {
    /// The first push in `buffer` and the bytes it takes; `None` until it is complete.
    ///
    /// The payload is the electricity applet's reading: invocation id, interval start, register. Errors carry the offset in the
    /// frame, wrapper included.
    pub fn read(&self, buffer: &[u8]) -> Result<Option<(Submission, usize)>, FrameError> {
        let Some((frame, used)) = StreamReassembler::new(LARGEST_APDU).next_pdu(buffer)? else {
            return Ok(None);
        };
        push(&frame).map(|submission| Some((submission, used)))
    }

    /// data-notification-confirm: the same long-invoke-id-and-priority, result success.
    pub fn confirmation(&self, token: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(14);
        for word in [1, WPORT, WPORT, 6] {
            out.extend(word.to_be_bytes());
        }
        out.push(DATA_NOTIFICATION_CONFIRM);
        out.extend(token.to_be_bytes());
        out.push(SUCCESS);
        out
    }
}

impl Protocol for Dlms {
    fn read(&self, buffer: &[u8]) -> Result<Option<(Submission, usize)>, FrameError> {
        Self::read(self, buffer)
    }

    fn confirmation(&self, token: u32) -> Vec<u8> {
        Self::confirmation(self, token)
    }
}

fn push(frame: &Wpdu<'_>) -> Result<Submission, FrameError> {
    let header = frame.header;
    FrameError::expect(2, "source wPort", WPORT.into(), header.source.into())?;
    FrameError::expect(
        4,
        "destination wPort",
        WPORT.into(),
        header.destination.into(),
    )?;
    let mut reader = Reader::with_base(frame.apdu, Header::LEN);
    let tag = reader.u8()?;
    FrameError::expect(
        Header::LEN,
        "the APDU's tag",
        DATA_NOTIFICATION.into(),
        tag.into(),
    )?;
    let token = reader.u32()?;
    let at = reader.offset();
    OptionalDateTime::decode(&mut reader)
        .map_err(|error| FrameError::new(at, FrameFault::Dlms(error.kind)))?;

    let at = reader.offset();
    FrameError::expect(at, "the body's tag", STRUCTURE.into(), reader.u8()?.into())?;
    let at = reader.offset();
    FrameError::expect(at, "the number of values", 2, reader.length()? as u64)?;
    let start = clock(&mut reader)?;
    let at = reader.offset();
    let Data::Long64Unsigned(register) = Data::decode(&mut reader)? else {
        return Err(FrameError::new(
            at,
            FrameFault::Value("the register is no long64-unsigned"),
        ));
    };
    if !reader.is_empty() {
        return Err(reader.err(ErrorKind::InvalidLength).into());
    }

    let correlation = token & INVOCATION;
    let mut payload = Vec::with_capacity(16);
    payload.extend(correlation.to_be_bytes());
    payload.extend(start.to_be_bytes());
    payload.extend(register.to_be_bytes());
    Ok(Submission {
        correlation,
        payload,
        token,
    })
}

/// The clock's octet-string (Blue Book, date and time formats) as seconds since 1970.
fn clock(reader: &mut Reader<'_>) -> Result<u32, FrameError> {
    let at = reader.offset();
    let refuse = |at, why| Err(FrameError::new(at, FrameFault::Value(why)));
    let Data::OctetString(octets) = Data::decode(reader)? else {
        return refuse(at, "the clock is no octet-string");
    };
    let Ok(octets) = <[u8; 12]>::try_from(octets) else {
        return Err(FrameError::new(
            at + 1,
            FrameFault::Length {
                what: "a clock",
                found: octets.len(),
            },
        ));
    };
    // Behind the string's tag and length.
    let at = at + 2;
    let clock = DateTime::from_bytes(octets);
    if !clock.status.is_not_specified() && clock.status.invalid() {
        return refuse(at + 11, "the meter calls its clock invalid");
    }
    // The deviation is what UTC is ahead of local time, in minutes.
    let offset = clock
        .deviation
        .checked_neg()
        .filter(|minutes| minutes.unsigned_abs() <= 720)
        .and_then(|minutes| UtcOffset::from_whole_seconds(i32::from(minutes) * 60).ok());
    let Some(offset) = offset else {
        return refuse(at + 9, "the clock's deviation from UTC is not specified");
    };
    let fields = [
        clock.month,
        clock.day_of_month,
        clock.hour,
        clock.minute,
        clock.second,
    ];
    match calendar::seconds(clock.year, fields, offset) {
        Some(seconds) => Ok(seconds),
        None => refuse(at, "the clock shows no moment from 1970 to 2106"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A push written byte by byte from protocols.md §10: invocation 7, 2013-02-01 00:30 UTC, 123,456 Wh.
    const PUSH: [u8; 39] = [
        0x00, 0x01, 0x00, 0x01, 0x00, 0x01, 0x00, 0x1F, // wrapper: version, wPorts, 31 bytes
        0x0F, 0x40, 0x00, 0x00, 0x07, 0x00, // data-notification, no date-time
        0x02, 0x02, // structure of two
        0x09, 0x0C, 0x07, 0xDD, 0x02, 0x01, 0xFF, 0x00, 0x1E, 0x00, 0xFF, 0x00, 0x00,
        0x00, // clock
        0x15, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xE2, 0x40, // long64-unsigned
    ];

    fn error(frame: &[u8]) -> FrameError {
        Dlms.read(frame).expect_err("refused")
    }

    fn changed(at: usize, byte: u8) -> Vec<u8> {
        let mut frame = PUSH.to_vec();
        frame[at] = byte;
        frame
    }

    #[test]
    fn a_push_becomes_the_applets_reading() {
        let (submission, used) = Dlms.read(&PUSH).unwrap().unwrap();
        assert_eq!(used, PUSH.len());
        assert_eq!(submission.correlation, 7);
        assert_eq!(submission.token, 0x4000_0007);
        let mut reading = vec![0, 0, 0, 7];
        reading.extend(1_359_678_600_u32.to_be_bytes());
        reading.extend(123_456_u64.to_be_bytes());
        assert_eq!(submission.payload, reading);
        assert_eq!(
            Dlms.confirmation(submission.token),
            [0, 1, 0, 1, 0, 1, 0, 6, 0x10, 0x40, 0, 0, 7, 0]
        );
    }

    #[test]
    fn a_push_waits_until_it_is_whole() {
        for cut in 0..PUSH.len() {
            assert_eq!(Dlms.read(&PUSH[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn a_deviation_moves_the_clock_to_utc() {
        // Local time one hour ahead: deviation -60.
        let mut frame = changed(27, 0xFF);
        frame[28] = 0xC4;
        let (submission, _) = Dlms.read(&frame).unwrap().unwrap();
        assert_eq!(submission.payload[4..8], 1_359_675_000_u32.to_be_bytes());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_offset() {
        let cases = [
            (1, 2, 0, "invalid value"),
            (3, 9, 2, "source wPort"),
            (5, 9, 4, "destination wPort"),
            (6, 9, 6, "length"),
            (8, 0xC4, 8, "tag"),
            (13, 5, 13, "length"),
            (14, 1, 14, "body"),
            (15, 3, 15, "number of values"),
            (16, 0x0A, 16, "octet-string"),
            (17, 0x0B, 17, "a clock of 11 bytes"),
            (20, 13, 18, "moment"),
            (21, 31, 18, "moment"),
            (27, 0x80, 27, "deviation"),
            (29, 0x01, 29, "invalid"),
            (30, 0x14, 30, "long64-unsigned"),
        ];
        for (place, byte, at, words) in cases {
            let error = error(&changed(place, byte));
            assert_eq!(error.at, at, "{place}: {error}");
            assert!(error.to_string().contains(words), "{place}: {error}");
        }
    }

    #[test]
    fn bytes_behind_the_push_are_refused() {
        let mut frame = changed(7, 0x20);
        frame.push(0);
        assert_eq!(error(&frame).at, 39);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Dlms.read(&bytes);
        }

        #[test]
        fn any_changed_push_is_read_or_refused(at in 8..39usize, byte: u8) {
            let frame = changed(at, byte);
            if let Ok(Some((submission, used))) = Dlms.read(&frame) {
                prop_assert_eq!(used, frame.len());
                prop_assert_eq!(submission.payload.len(), 16);
            }
        }
    }
}
