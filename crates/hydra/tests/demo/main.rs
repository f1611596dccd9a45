//! `hydra demo` as its user runs it: months, tariffs, seeds, bad input, and a kill at any moment.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod bill;
mod found;
mod keep;
mod peers;
mod run;
mod seed;
