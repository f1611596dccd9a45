pub(crate) mod object;
pub(crate) mod throwable;
