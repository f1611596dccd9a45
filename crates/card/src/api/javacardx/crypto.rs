pub(crate) mod aead_cipher;
pub(crate) mod cipher;
pub(crate) mod cipher_one_shot;
pub(crate) mod key_encryption;
