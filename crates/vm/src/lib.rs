//! The Java Card virtual machine (JCVM and JCRE 3.0.5, Classic): heap, linker, firewall, transactions, interpreter,
//! persistence and garbage collection.
//!
//! [`Vm`] holds all state of bytecode execution. The API's methods are the [`Host`]'s: the VM calls it with a
//! [`MethodId`](hydra_cap::api::MethodId) for everything that is not bytecode, and lends itself for the time.
//! It knows no cryptography, no APDU and no GlobalPlatform, and does no input or output: what lasts leaves as records
//! ([`Vm::take_changes`]) and comes back as such ([`Vm::restore`]).
//!
//! Code is not trusted. The linker looks at every instruction that can be reached; words of the operand stack carry
//! their type; and what no verified program can do stops with a [`Fault`], which is not an exception and can't be caught.
//!
//! ```
//! use hydra_vm::{ApiLayout, ArrayKind, Atomicity, ContextId, Limits, Owner, Storage, Vm};
//!
//! let mut vm = Vm::new(ApiLayout::new(), Limits::default());
//! let array = vm.new_array(ArrayKind::Byte, 4, Owner::JCRE, Storage::Persistent).unwrap();
//! vm.take_changes();
//! vm.begin()?;
//! vm.write_bytes(array, 0, &[1, 2], ContextId::JCRE, Atomicity::Atomic).unwrap();
//! vm.abort()?;
//! assert_eq!(vm.bytes(array, ContextId::JCRE), Ok(&[0; 4][..]));
//! # Ok::<(), hydra_vm::Fault>(())
//! ```
#![no_std]
#![warn(missing_docs)]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod args;
mod class;
mod collect;
mod error;
mod exception;
mod firewall;
mod heap;
mod host;
mod ids;
mod installation;
mod integrity;
mod interp;
mod layout;
mod link;
mod memory;
mod object;
mod package;
mod persist;
mod share;
mod transaction;
mod value;
mod vm;
mod word;

pub use args::Args;
pub use error::{Fault, Stop};
pub use host::{Host, Observer};
pub use ids::{AppletId, ClassIndex, ContextId, ObjRef, Owner, PackageId};
pub use layout::{ApiLayout, FieldKind};
pub use link::LinkError;
pub use memory::{ArrayKind, Atomicity, Clear, EntryPoint, Limits, Storage};
pub use package::Package;
pub use persist::{Changes, RecordKey, RestoreError};
pub use share::{CodeSharing, SharedCode};
pub use transaction::Savepoint;
pub use value::{MethodRef, Value};
pub use vm::Vm;
