//! Arrays of byte, short and int components as bytes, the high one first, for `javacardx.framework.util`.

use alloc::vec::Vec;

use hydra_vm::{ArrayKind, Atomicity, ObjRef, Stop, Value};

use super::Cx;
use super::javacard::framework::sensitive_arrays::refuse_non_atomic;

const UTIL: &str = "javacardx/framework/util/UtilException";

/// `UtilException`'s reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UtilReason {
    IllegalValue = 1,
    TypeMismatched = 2,
}

/// An array of the applet's whose components are byte, short or int.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Components {
    array: ObjRef,
    /// Bytes of a component.
    pub(crate) width: usize,
    /// Number of components.
    pub(crate) length: usize,
}

impl Components {
    /// Null, an object out of reach, and anything else than an array of such components throw.
    pub(crate) fn of(cx: &mut Cx<'_>, array: ObjRef) -> Result<Self, Stop> {
        cx.check_object(array)?;
        let (width, length) = match cx.vm.array(array)? {
            Some((ArrayKind::Byte, length)) => (1, length),
            Some((ArrayKind::Short, length)) => (2, length),
            Some((ArrayKind::Int, length)) => (4, length),
            _ => return cx.util_error(UtilReason::IllegalValue),
        };
        Ok(Self {
            array,
            width,
            length: length.into(),
        })
    }

    /// Two arrays; that neither is null is looked at before what they hold.
    pub(crate) fn both(cx: &mut Cx<'_>, first: ObjRef, second: ObjRef) -> Result<[Self; 2], Stop> {
        cx.check_object(first)?;
        cx.check_object(second)?;
        Ok([Self::of(cx, first)?, Self::of(cx, second)?])
    }

    /// Throws unless these components are all inside; where they begin, and how many.
    pub(crate) fn range(
        self,
        cx: &mut Cx<'_>,
        offset: i16,
        count: i16,
    ) -> Result<(usize, usize), Stop> {
        let range = usize::try_from(offset)
            .ok()
            .zip(usize::try_from(count).ok());
        match range {
            Some((offset, count)) if offset + count <= self.length => Ok((offset, count)),
            _ => cx.out_of_bounds(),
        }
    }

    /// The bytes of components that are inside.
    pub(crate) fn read(self, cx: &mut Cx<'_>, offset: i16, count: i16) -> Result<Vec<u8>, Stop> {
        if self.width == 1 {
            return cx.bytes(self.array, offset, count);
        }
        let context = cx.context();
        let mut bytes = Vec::with_capacity(usize::from(count.unsigned_abs()) * self.width);
        for index in (offset..).take(usize::from(count.unsigned_abs())) {
            match cx.vm.element(self.array, index, context)? {
                Value::Short(value) => bytes.extend(value.to_be_bytes()),
                Value::Int(value) => bytes.extend(value.to_be_bytes()),
                Value::Ref(_) => {}
            }
        }
        Ok(bytes)
    }

    /// Writes whole components; all or none of them when the commit buffer is too small.
    pub(crate) fn write(
        self,
        cx: &mut Cx<'_>,
        offset: i16,
        bytes: &[u8],
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        if atomicity == Atomicity::NonAtomic {
            refuse_non_atomic(cx, self.array)?;
        }
        let context = cx.context();
        if self.width == 1 {
            return cx
                .vm
                .write_bytes(self.array, offset, bytes, context, atomicity);
        }
        if atomicity == Atomicity::Atomic {
            cx.reserve(self.array, 8 * (bytes.len() / self.width))?;
        }
        for (component, index) in bytes.chunks(self.width).zip(offset..) {
            let value = match *component {
                [a, b] => Value::Short(i16::from_be_bytes([a, b])),
                [a, b, c, d] => Value::Int(i32::from_be_bytes([a, b, c, d])),
                _ => break,
            };
            cx.vm
                .set_element(self.array, index, value, context, atomicity)?;
        }
        Ok(())
    }
}

impl Cx<'_> {
    /// `UtilException` with this reason.
    pub(crate) fn util_error<T>(&mut self, reason: UtilReason) -> Result<T, Stop> {
        self.throw(UTIL, reason as i16)
    }
}
