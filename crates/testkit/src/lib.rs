//! What tests share: observed command and response pairs ([`Dialogue`]), a medium whose power fails at any chosen
//! write ([`PowerCut`]), a card in its issuer's hands ([`Issued`]), and CAP files made from text ([`assembler`]).
//!
//! For tests only; nothing here is part of Hydra.
//!
//! ```
//! use hydra_testkit::Dialogue;
//!
//! let dialogue: Dialogue = "# a comment\n00A4040000 > 9000\n".parse()?;
//! assert_eq!(dialogue.exchanges[0].expected, [0x90, 0x00]);
//! # Ok::<(), hydra_testkit::DialogueError>(())
//! ```
#![warn(missing_docs)]

pub mod assembler;
mod blocks;
mod dialogue;
mod fault;
mod issued;
mod power;
mod vectors;

pub use blocks::behind_a_full_block;
pub use dialogue::{Dialogue, DialogueError, Exchange, Mismatch};
pub use fault::breaks_a_promise;
pub use issued::{Issued, IssuerError, status};
pub use power::{Cut, Loss, PowerCut, PowerFailed};
pub use vectors::cap;
