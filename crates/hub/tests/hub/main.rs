//! The hub against a model of the card's virtual terminal: the core step by step, then the shell over sockets.

mod router;
mod shell;
mod terminal;
