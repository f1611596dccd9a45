pub(crate) mod jcint;
