pub(crate) mod cipher;
pub(crate) mod key_encryption;
