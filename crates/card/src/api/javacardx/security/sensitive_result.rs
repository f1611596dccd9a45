//! Each assertion throws `SecurityException` when the kept result is another or none.

use hydra_vm::{ObjRef, Stop};

use crate::api::{Cx, Kept};

/// `assertEquals(Object)`: the same object, or both null.
pub(crate) fn assert_equals_object(cx: &mut Cx<'_>, object: ObjRef) -> Result<(), Stop> {
    cx.assert_kept(|kept| kept == Kept::Reference(object))
}

/// `assertTrue`
pub(crate) fn assert_true(cx: &mut Cx<'_>) -> Result<(), Stop> {
    cx.assert_kept(|kept| kept == Kept::Boolean(true))
}

/// `assertFalse`
pub(crate) fn assert_false(cx: &mut Cx<'_>) -> Result<(), Stop> {
    cx.assert_kept(|kept| kept == Kept::Boolean(false))
}

/// `assertNegative`
pub(crate) fn assert_negative(cx: &mut Cx<'_>) -> Result<(), Stop> {
    assert_less_than(cx, 0)
}

/// `assertPositive`
pub(crate) fn assert_positive(cx: &mut Cx<'_>) -> Result<(), Stop> {
    assert_greater_than(cx, 0)
}

/// `assertZero`
pub(crate) fn assert_zero(cx: &mut Cx<'_>) -> Result<(), Stop> {
    assert_equals_short(cx, 0)
}

/// `assertEquals(short)`
pub(crate) fn assert_equals_short(cx: &mut Cx<'_>, value: i16) -> Result<(), Stop> {
    cx.assert_kept(|kept| kept == Kept::Short(value))
}

/// `assertGreaterThan`
pub(crate) fn assert_greater_than(cx: &mut Cx<'_>, value: i16) -> Result<(), Stop> {
    cx.assert_kept(|kept| matches!(kept, Kept::Short(kept) if kept > value))
}

/// `assertLessThan`
pub(crate) fn assert_less_than(cx: &mut Cx<'_>, value: i16) -> Result<(), Stop> {
    cx.assert_kept(|kept| matches!(kept, Kept::Short(kept) if kept < value))
}

/// `reset`: no assertion holds after it.
pub(crate) fn reset(cx: &mut Cx<'_>) -> Result<(), Stop> {
    cx.state.kept = Kept::Unassigned;
    Ok(())
}
