//! Why execution stopped.

use core::fmt;

use crate::ids::ObjRef;

/// Why a method did not return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// An exception that nothing caught. Applet code can catch it.
    Thrown(ObjRef),
    /// The code did what a verified program can't, or a limit was reached. Nothing can catch it; the card must stop the applet.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What a verified program can't do, or a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An operand had another type than the instruction needs.
    TypeConfusion,
    /// A pop from an empty operand stack, or a push beyond the method's declared depth.
    OperandStack,
    /// A local variable outside of the frame.
    LocalVariable,
    /// No room for another frame, or natives and bytecode nested too deeply.
    StackOverflow,
    /// A reference to an object that is gone.
    DanglingReference,
    /// A method was called that has no code.
    AbstractMethod,
    /// A byte that is no instruction of the Java Card VM, or control left the method.
    IllegalInstruction,
    /// Arguments that do not fit the method's signature.
    Signature,
    /// A field, method, class or package that does not exist.
    NoSuchMember,
    /// `commit` or `abort` without a transaction.
    NoTransaction,
    /// The step limit of [`Limits`](crate::Limits) was reached.
    StepLimit,
    /// The host has no native for an API method.
    NoNative,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TypeConfusion => "an operand has the wrong type",
            Self::OperandStack => "the operand stack is out of bounds",
            Self::LocalVariable => "a local variable is out of bounds",
            Self::StackOverflow => "calls are nested too deeply",
            Self::DanglingReference => "a reference leads to no object",
            Self::AbstractMethod => "an abstract method was called",
            Self::IllegalInstruction => "not an instruction",
            Self::Signature => "arguments do not fit the method",
            Self::NoSuchMember => "no such class or member",
            Self::NoTransaction => "no transaction is in progress",
            Self::StepLimit => "the step limit is reached",
            Self::NoNative => "the API method has no native",
        })
    }
}

impl core::error::Error for Fault {}
