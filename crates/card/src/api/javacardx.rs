pub(crate) mod apdu;
pub(crate) mod crypto;
pub(crate) mod framework;
pub(crate) mod security;
