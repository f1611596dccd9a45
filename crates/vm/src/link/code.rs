//! Looks at every instruction that control can reach.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use hydra_cap::opcode::{Instruction, Opcode, Operands};
use hydra_cap::{CapFile, ComponentTag, CpEntry, MethodHeader};

use super::LinkError;
use super::classes::api_interface;
use crate::class::parameter_words;
use crate::package::{Entry, Extent, StaticSizes};
use crate::vm::Vm;

/// What a byte of the Method component has been found to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Unseen,
    Start,
    Inside,
}

/// JCVM 3.0.5 §2.2.4.3: bytes of a method.
const LARGEST_METHOD: usize = 32767;

/// An offset in the Method component as an index: the reader has seen that it is inside.
pub(super) fn place(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn invalid(offset: usize, reason: &'static str) -> LinkError {
    LinkError::Invalid {
        component: ComponentTag::Method,
        offset,
        reason,
    }
}

/// Checks all methods that anything refers to, and gives their extents in order.
pub(super) fn check(vm: &Vm, cap: &CapFile, pool: &[Entry]) -> Result<Box<[Extent]>, LinkError> {
    let code = cap.method_info();
    let starts = method_starts(cap);
    let mut extents = Vec::new();
    let mut uses = vec![Use::Unseen; code.len()];
    let next = starts.iter().skip(1).map(Some).chain([None]);
    for (&header, next) in starts.iter().zip(next) {
        let block = cap
            .method()
            .block_of(header)
            .map_or(header, |block| block.end);
        let end = next.map_or(block, |next| block.min(*next));
        let extent = Extent {
            header,
            end: place(end),
        };
        Checker {
            vm,
            cap,
            pool,
            code,
            uses: &mut uses,
        }
        .method(extent)?;
        extents.push(extent);
    }
    Ok(extents.into_boxed_slice())
}

/// Where methods begin, as far as anything says so. What lies between the last instruction that can be reached and the
/// next of these is never run.
fn method_starts(cap: &CapFile) -> BTreeSet<u32> {
    let mut starts = BTreeSet::new();
    for class in cap.classes() {
        let methods = class.public_methods.iter().chain(&class.package_methods);
        starts.extend(methods.flatten());
    }
    starts.extend(cap.applets().iter().map(|applet| applet.install_method));
    starts.extend(
        cap.exported_classes()
            .flat_map(|class| &class.static_methods),
    );
    starts.extend(cap.constant_pool().iter().filter_map(|entry| match entry {
        CpEntry::StaticMethod(offset) => Some(*offset),
        _ => None,
    }));
    starts
}

struct Checker<'a> {
    vm: &'a Vm,
    cap: &'a CapFile,
    pool: &'a [Entry],
    code: &'a [u8],
    uses: &'a mut [Use],
}

impl Checker<'_> {
    fn method(&mut self, extent: Extent) -> Result<(), LinkError> {
        let start = place(extent.header);
        let body = self.code.get(..extent.end).unwrap_or_default();
        let header = body.get(start..).and_then(MethodHeader::read);
        let header = header.ok_or_else(|| invalid(start, "a method's header is cut short"))?;
        if header.is_abstract {
            return Ok(());
        }
        let first = start + usize::from(header.size);
        let locals = usize::from(header.nargs) + usize::from(header.max_locals);
        let mut pending = vec![first];
        for handler in &self.cap.method().handlers {
            let from = place(handler.start);
            if (first..extent.end).contains(&from) {
                let target = place(handler.handler);
                let end = from + usize::from(handler.length);
                if end > extent.end || !(first..extent.end).contains(&target) {
                    return Err(invalid(start, "an exception handler crosses methods"));
                }
                pending.push(target);
            }
        }
        while let Some(mut at) = pending.pop() {
            loop {
                match self.uses.get(at) {
                    Some(Use::Start) => break,
                    Some(Use::Unseen) if (first..extent.end).contains(&at) => {}
                    Some(Use::Inside) => {
                        return Err(invalid(at, "control enters the middle of an instruction"));
                    }
                    _ => return Err(invalid(at, "control leaves the method")),
                }
                let instruction = Instruction::decode(body, at)
                    .map_err(|error| invalid(error.offset(), "no instruction"))?;
                let inside = self
                    .uses
                    .get_mut(at + 1..at + instruction.length)
                    .unwrap_or_default();
                if inside.iter().any(|known| *known != Use::Unseen) {
                    return Err(invalid(at, "instructions overlap"));
                }
                inside.fill(Use::Inside);
                self.uses[at] = Use::Start;
                self.instruction(&instruction, locals)?;
                // JCVM 3.0.5 §2.2.4.3: a method has at most 32767 bytes; `ret` leans on it.
                if matches!(instruction.opcode, Opcode::Jsr | Opcode::Ret)
                    && at - first > LARGEST_METHOD
                {
                    return Err(invalid(at, "a subroutine in a method that is too large"));
                }
                let mut stray = false;
                instruction.for_each_target(|target| match usize::try_from(target) {
                    Ok(target) if (first..extent.end).contains(&target) => pending.push(target),
                    _ => stray = true,
                });
                if stray {
                    return Err(invalid(at, "a branch out of the method"));
                }
                if instruction.opcode.ends_flow() {
                    break;
                }
                at += instruction.length;
            }
        }
        Ok(())
    }

    fn instruction(&self, instruction: &Instruction<'_>, locals: usize) -> Result<(), LinkError> {
        let at = instruction.offset;
        if let Some((local, words)) = instruction.local_variable()
            && local + words > locals
        {
            return Err(invalid(at, "a local variable outside of the frame"));
        }
        let Some(index) = instruction.cp_index() else {
            return Ok(());
        };
        let entry = self
            .pool
            .get(usize::from(index))
            .ok_or_else(|| invalid(at, "no such constant pool entry"))?;
        if self.fits(instruction, *entry) {
            Ok(())
        } else {
            Err(invalid(
                at,
                "the constant pool entry is not what the instruction needs",
            ))
        }
    }

    fn fits(&self, instruction: &Instruction<'_>, entry: Entry) -> bool {
        use Opcode as O;
        match instruction.opcode {
            O::GetstaticA | O::PutstaticA => matches!(entry, Entry::StaticReference { .. }),
            O::GetstaticB | O::PutstaticB => self.static_primitive(entry, 1),
            O::GetstaticS | O::PutstaticS => self.static_primitive(entry, 2),
            O::GetstaticI | O::PutstaticI => self.static_primitive(entry, 4),
            O::GetfieldA
            | O::PutfieldA
            | O::GetfieldAW
            | O::PutfieldAW
            | O::GetfieldAThis
            | O::PutfieldAThis => {
                matches!(
                    entry,
                    Entry::Field {
                        reference: true,
                        ..
                    }
                )
            }
            O::GetfieldB
            | O::PutfieldB
            | O::GetfieldBW
            | O::PutfieldBW
            | O::GetfieldBThis
            | O::PutfieldBThis
            | O::GetfieldS
            | O::PutfieldS
            | O::GetfieldSW
            | O::PutfieldSW
            | O::GetfieldSThis
            | O::PutfieldSThis => {
                matches!(
                    entry,
                    Entry::Field {
                        reference: false,
                        ..
                    }
                )
            }
            O::GetfieldI
            | O::PutfieldI
            | O::GetfieldIW
            | O::PutfieldIW
            | O::GetfieldIThis
            | O::PutfieldIThis => {
                matches!(entry, Entry::Field { reference: false, word, last, .. } if last > word)
            }
            O::Invokevirtual => matches!(entry, Entry::Virtual { .. }),
            O::Invokespecial => match entry {
                Entry::StaticMethod(method) => method.nargs > 0 && method.is_static() != Some(true),
                Entry::Super { method, .. } => method.nargs > 0,
                _ => false,
            },
            O::Invokestatic => {
                matches!(entry, Entry::StaticMethod(method) if method.is_static() != Some(false))
            }
            O::Invokeinterface => {
                let Operands::Interface { nargs, token, .. } = instruction.operands else {
                    return false;
                };
                let Entry::Class(class) = entry else {
                    return false;
                };
                let Some(class) = self.vm.class(class).filter(|class| class.interface) else {
                    return false;
                };
                api_interface(class).is_none_or(|row| {
                    row.slots.get(usize::from(token)).is_some_and(|slot| {
                        parameter_words(slot.method.get().descriptor) + 1 == nargs
                    })
                })
            }
            O::New => match entry {
                Entry::Class(class) => self.vm.class(class).is_some_and(|class| class.instantiable),
                _ => false,
            },
            _ => matches!(entry, Entry::Class(_)),
        }
    }

    fn static_primitive(&self, entry: Entry, size: usize) -> bool {
        let Entry::StaticPrimitive { package, offset } = entry else {
            return false;
        };
        let sizes = match self.vm.package(package) {
            Some(package) => package.statics,
            None => StaticSizes::of(self.cap),
        };
        usize::from(offset) + size <= sizes.bytes
    }
}
