pub(crate) mod crypto;
