//! The Java Card virtual machine: heap, linker, firewall, transactions, interpreter, persistence and garbage collection.
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

mod error;
mod host;
mod ids;
mod layout;
mod link;
mod memory;
mod persist;
mod value;
mod vm;

pub use error::{Fault, Stop};
pub use host::{Host, Observer};
pub use ids::{AppletId, ClassIndex, ContextId, ObjRef, Owner, PackageId};
pub use layout::{ApiLayout, FieldKind};
pub use link::LinkError;
pub use memory::{ArrayKind, Atomicity, Clear, EntryPoint, Limits, Storage};
pub use persist::{Changes, RecordKey, RestoreError};
pub use value::{MethodRef, Value};
pub use vm::Vm;
