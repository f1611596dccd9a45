pub(crate) mod cipher;
