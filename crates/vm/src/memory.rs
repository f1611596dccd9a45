//! Words about memory: kinds of arrays, how long content lasts, limits.

use crate::ids::{ClassIndex, ContextId};

/// What an array holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayKind {
    /// `boolean[]`
    Boolean,
    /// `byte[]`
    Byte,
    /// `short[]`
    Short,
    /// `int[]`
    Int,
    /// References to objects of a class; `None` stands for `java.lang.Object`.
    Ref(Option<ClassIndex>),
}

/// How long an object's content lasts (JCRE 3.0.5 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Until it is deleted. Writes take part in transactions.
    Persistent,
    /// Until the card is reset; the object itself stays.
    ClearOnReset,
    /// Until its applet is deselected; the object itself stays.
    ClearOnDeselect,
    /// Object and content go at reset. For the JCRE's own objects.
    Session,
}

/// Whether a write takes part in the transaction in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// Undone by an abort.
    Atomic,
    /// Stays whatever happens, as `arrayCopyNonAtomic` and PIN try counters do.
    NonAtomic,
}

/// What to clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// Everything transient; objects for the session go.
    Reset,
    /// CLEAR_ON_DESELECT objects of one context.
    Deselect(ContextId),
}

/// The two kinds of JCRE entry point objects (JCRE 3.0.5 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryPoint {
    /// References to it may be kept (AID objects).
    Permanent,
    /// References to it can't be stored in fields or arrays (APDU, exceptions).
    Temporary,
}

/// How much a card has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all load files, as far as the card keeps them.
    pub code: usize,
    /// Bytes of persistent objects.
    pub persistent: usize,
    /// Bytes of CLEAR_ON_RESET content.
    pub transient_reset: usize,
    /// Bytes of CLEAR_ON_DESELECT content.
    pub transient_deselect: usize,
    /// Bytes of the commit buffer.
    pub commit: usize,
    /// Words of stack for locals and operands of all frames.
    pub stack: usize,
    /// Frames.
    pub frames: usize,
    /// Branches and calls that one command, or one other call of the runtime's, may make; natives take as many as their work is worth.
    pub steps: u64,
}

impl Limits {
    /// What [`Limits::default`] gives.
    pub const STANDARD: Self = Self {
        code: 2 * 1024 * 1024,
        persistent: 512 * 1024,
        transient_reset: 32 * 1024,
        transient_deselect: 32 * 1024,
        commit: 64 * 1024,
        stack: 4096,
        frames: 256,
        // A few seconds' worth.
        steps: 400_000_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::STANDARD
    }
}
