//! Making, testing and throwing objects (JCVM 3.0.5 §7.5: new, newarray, checkcast, instanceof, athrow).

use super::operands::Operands;
use super::{Machine, Refusal};
use crate::error::{Fault, Stop};
use crate::exception::Exception;
use crate::firewall;
use crate::heap::Body;
use crate::ids::ObjRef;
use crate::memory::{ArrayKind, Storage};
use crate::package::Entry;

impl Machine<'_> {
    /// §7.5 new
    pub(super) fn new_object(&mut self) -> Result<(), Stop> {
        let Entry::Class(class) = self.entry_u2()? else {
            return Err(Fault::IllegalInstruction.into());
        };
        let obj = self
            .vm
            .new_object(class, self.active, Storage::Persistent)?;
        Ok(self.push_reference(obj)?)
    }

    /// §7.5 newarray
    pub(super) fn newarray(&mut self) -> Result<(), Stop> {
        let kind = primitive(self.u1()?).ok_or(Fault::IllegalInstruction)?;
        let length = self.pop_short()?;
        let array = self
            .vm
            .new_array(kind, length, self.active, Storage::Persistent)?;
        Ok(self.push_reference(array)?)
    }

    /// §7.5 anewarray
    pub(super) fn anewarray(&mut self) -> Result<(), Stop> {
        let Entry::Class(class) = self.entry_u2()? else {
            return Err(Fault::IllegalInstruction.into());
        };
        let length = self.pop_short()?;
        let array = self.vm.new_array(
            ArrayKind::Ref(Some(class)),
            length,
            self.active,
            Storage::Persistent,
        )?;
        Ok(self.push_reference(array)?)
    }

    /// §7.5 checkcast
    pub(super) fn checkcast(&mut self) -> Result<(), Stop> {
        let (kind, index) = (self.u1()?, self.u2()?);
        let obj = self.pop_reference()?;
        if !obj.is_null() {
            let fits = self.is_of_type(obj, kind, index);
            if !self.grant(fits)? {
                return Err(self.vm.throw_vm(Exception::ClassCast));
            }
        }
        Ok(self.push_reference(obj)?)
    }

    /// §7.5 instanceof
    pub(super) fn instanceof(&mut self) -> Result<(), Stop> {
        let (kind, index) = (self.u1()?, self.u2()?);
        let obj = self.pop_reference()?;
        let mut fits = false;
        if !obj.is_null() {
            let found = self.is_of_type(obj, kind, index);
            fits = self.grant(found)?;
        }
        Ok(self.push_short(fits.into())?)
    }

    /// JCRE 3.0.5 §6.2.8.2 and §6.2.8.8 to §6.2.8.10, then the type.
    fn is_of_type(&self, obj: ObjRef, kind: u8, index: u16) -> Result<bool, Refusal> {
        let object = self.object(obj)?;
        let class = match kind {
            0 | 14 => match self.entry(index)? {
                Entry::Class(class) => Some(class),
                _ => return Err(Fault::IllegalInstruction.into()),
            },
            _ => None,
        };
        let context = self.context();
        let allowed = match &object.body {
            Body::Instance { class: actual, .. } => {
                let target = class
                    .filter(|_| kind == 0)
                    .and_then(|class| self.vm.class(class));
                if target.is_some_and(|target| target.interface && target.shareable) {
                    let shareable = self
                        .vm
                        .class(*actual)
                        .is_some_and(|actual| actual.shareable);
                    firewall::may_share(context, object, shareable)
                } else {
                    firewall::may_name(context, object)
                }
            }
            _ => firewall::may_use_array(context, object),
        };
        if !allowed {
            return Err(Exception::Security.into());
        }
        Ok(match (class, &object.body) {
            (Some(class), Body::Refs { element, .. }) if kind == 14 => {
                self.vm.is_subclass(*element, class)
            }
            (Some(_), _) if kind == 14 => false,
            (Some(class), _) => self.vm.is_subclass(self.vm.class_of(object), class),
            (None, body) => body.array_kind().is_some() && body.array_kind() == primitive(kind),
        })
    }

    /// §7.5 athrow, behind the firewall (JCRE 3.0.5 §6.2.8.7)
    pub(super) fn athrow(&mut self) -> Result<(), Stop> {
        let obj = self.pop_reference()?;
        let allowed = self.object(obj).and_then(|object| {
            if !firewall::may_name(self.context(), object) {
                return Err(Exception::Security.into());
            }
            match object.body {
                Body::Instance { .. } => Ok(()),
                _ => Err(Fault::TypeConfusion.into()),
            }
        });
        self.grant(allowed)?;
        Err(Stop::Thrown(obj))
    }
}

/// The primitive array types (JCVM 3.0.5 §7.5 newarray).
fn primitive(kind: u8) -> Option<ArrayKind> {
    match kind {
        10 => Some(ArrayKind::Boolean),
        11 => Some(ArrayKind::Byte),
        12 => Some(ArrayKind::Short),
        13 => Some(ArrayKind::Int),
        _ => None,
    }
}
