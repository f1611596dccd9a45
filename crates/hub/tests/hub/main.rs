//! The hub against a model of the card's virtual terminal: the core step by step, then the shell over sockets.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod router;
mod schedule;
mod shell;
mod terminal;
