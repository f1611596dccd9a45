use hydra_vm::{ObjRef, Stop, Value};

use super::Cx;

/// The result that a sensitive method left for `javacardx.security.SensitiveResult`; `api/sensitive.txt` lists the
/// methods. Every entry into an applet and every exception of such a method takes it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kept {
    #[default]
    Unassigned,
    Boolean(bool),
    Short(i16),
    Reference(ObjRef),
}

impl Kept {
    pub(super) fn boolean(value: Value) -> Self {
        match value {
            Value::Short(value) => Self::Boolean(value != 0),
            _ => Self::Unassigned,
        }
    }

    pub(super) fn short(value: Value) -> Self {
        match value {
            Value::Short(value) => Self::Short(value),
            _ => Self::Unassigned,
        }
    }

    pub(super) fn reference(value: Value) -> Self {
        match value {
            Value::Ref(value) => Self::Reference(value),
            _ => Self::Unassigned,
        }
    }
}

impl Cx<'_> {
    /// Keeps a sensitive method's result.
    pub(super) fn keep(
        &mut self,
        result: Result<Option<Value>, Stop>,
        kept: fn(Value) -> Kept,
    ) -> Result<Option<Value>, Stop> {
        self.state.kept = match result {
            Ok(Some(value)) => kept(value),
            _ => Kept::Unassigned,
        };
        result
    }

    /// `SecurityException` unless the kept result is as the applet thinks.
    pub(crate) fn assert_kept(&mut self, holds: impl FnOnce(Kept) -> bool) -> Result<(), Stop> {
        if holds(self.state.kept) {
            Ok(())
        } else {
            self.throw("java/lang/SecurityException", 0)
        }
    }
}
