//! Messages from the card's pen to the server's eye: what goes round comes back, what was changed is refused, and the
//! CDDL file says the same as the code.
#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test has nothing better to do"
)]

#[path = "message/cddl.rs"]
mod cddl;
#[path = "message/change.rs"]
mod change;
#[path = "message/round.rs"]
mod round;
#[path = "message/sample.rs"]
mod sample;
#[path = "message/strict.rs"]
mod strict;
