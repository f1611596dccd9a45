//! The card from outside: APDUs in, APDUs out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's helpers fail the test"
)]

mod fuzz;
mod host;
mod management;
mod outbox;
mod power;
mod secure_channel;
mod tearing;
mod terminal;
mod verified;
