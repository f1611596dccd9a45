//! From JVM instructions to Java Card instructions, a method at a time.
//!
//! [`flow`] finds which pushes and stores meet in which pops and loads (webs); [`ranges`] finds which values each
//! can have; [`typing`] decides for each web whether one 16-bit word carries it exactly enough or an `int` is needed; [`emit`]
//! writes Java Card instructions; [`assemble`] gives them addresses.

pub(crate) mod assemble;
pub(crate) mod emit;
pub(crate) mod flow;
pub(crate) mod ranges;
pub(crate) mod typing;
