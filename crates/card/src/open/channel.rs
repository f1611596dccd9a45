//! What one logical channel remembers until it is closed.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::registry::EntryId;
use crate::domain::session::Session;
use crate::tpdu::Waiting;

/// Channels that a host can name: 0 to 19 (ISO/IEC 7816-4 §5.4.1).
pub(crate) const HOST_CHANNELS: u8 = 20;
/// The virtual terminal's channel for scripts. No class byte can name it or those after it.
pub(crate) const SCRIPT_CHANNEL: u8 = 0x20;
/// The virtual terminal's channels for applets.
pub(crate) const APPLET_CHANNELS: core::ops::RangeInclusive<u8> = 0x21..=0xFF;

/// An open logical channel.
pub(crate) struct Channel {
    /// The selected application. It may have been deleted since.
    pub(crate) selected: EntryId,
    /// What a security domain remembers of its application session.
    pub(crate) session: Session,
    /// What the host has been told to fetch.
    pub(crate) waiting: Option<Waiting>,
    /// What ENVELOPE commands have brought of a long command under T=0.
    pub(crate) enclosed: Vec<u8>,
}

impl Channel {
    /// A channel on which this application has just been selected: in a box, since it is large and a map has room for
    /// eleven at once.
    pub(crate) fn new(selected: EntryId) -> Box<Self> {
        Box::new(Self {
            selected,
            session: Session::default(),
            waiting: None,
            enclosed: Vec::new(),
        })
    }
}
