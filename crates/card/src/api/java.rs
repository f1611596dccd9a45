pub(crate) mod lang;
