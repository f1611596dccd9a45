//! Values that cross between bytecode and its host, and method addresses.

use hydra_cap::api::MethodId;

use crate::ids::{ObjRef, PackageId};

/// An argument or a result. boolean and byte are widened to short, as on the operand stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// boolean, byte or short.
    Short(i16),
    /// int.
    Int(i32),
    /// A reference.
    Ref(ObjRef),
}

impl Value {
    /// A Java boolean.
    pub fn boolean(value: bool) -> Self {
        Self::Short(i16::from(value))
    }
}

/// A method that can be invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MethodRef {
    /// Bytecode: the offset of its header in the package's Method component.
    Code {
        /// The package.
        package: PackageId,
        /// The offset.
        offset: u32,
    },
    /// A method of the API, which the host runs.
    Native(MethodId),
}
