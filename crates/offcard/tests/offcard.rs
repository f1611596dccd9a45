//! The servers, handed what cards write. In `issuance` and `month` a real card writes, elsewhere
//! a pen with fixed keys.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step of a test has nothing better to do"
)]

#[path = "offcard/examples.rs"]
mod examples;
#[path = "offcard/home.rs"]
mod home;
#[path = "offcard/household.rs"]
mod household;
#[path = "offcard/issuance.rs"]
mod issuance;
#[path = "offcard/month.rs"]
mod month;
#[path = "offcard/pen.rs"]
mod pen;
#[path = "offcard/python.rs"]
mod python;
#[path = "offcard/refusals.rs"]
mod refusals;
#[path = "offcard/servers.rs"]
mod servers;
