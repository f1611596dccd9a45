//! What the VM asks of the runtime around it.

use hydra_cap::api::MethodId;
use hydra_cap::opcode::Opcode;

use crate::args::Args;
use crate::error::Stop;
use crate::package::Package;
use crate::value::Value;
use crate::vm::Vm;

/// Runs the methods of the API.
pub trait Host {
    /// Runs an API method: static, constructor, virtual or interface. For all but static ones the first argument is
    /// `this`, never null and of the method's class. [`Vm::caller`] says on whose behalf.
    fn native(&mut self, vm: &mut Vm, method: MethodId, args: Args) -> Result<Option<Value>, Stop>;
}

/// Watches execution; costs nothing when there is none.
pub trait Observer: Send + Sync {
    /// Called before each instruction, with its place in the package's Method component.
    fn instruction(&self, package: &Package, offset: u32, opcode: Opcode);
}
