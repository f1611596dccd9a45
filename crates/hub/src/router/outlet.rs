use std::time::Duration;

use hydra_wire::FrameKind;

/// Why a port gets no further output just now. A port without an outlet can take one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlet {
    /// This output is being brought to it; correlation, kind, bytes.
    OnItsWay(u32, FrameKind, usize),
    /// It has this output; the card does not know yet.
    Delivered(u32, FrameKind),
    /// It refused or failed; nothing is tried before this time.
    Paused(Duration),
    /// Nobody is there.
    Shut,
}

/// How long a port is left alone after so many failures: a quarter of a second, doubling up to a minute.
pub(crate) fn pause(failures: u64) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1).min(8)).unwrap_or(8);
    (Duration::from_millis(250) * 2_u32.pow(doublings)).min(Duration::from_secs(60))
}
