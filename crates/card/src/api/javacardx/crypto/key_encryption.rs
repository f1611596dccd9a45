use hydra_vm::{Fault, ObjRef, Stop};

use crate::api::Cx;
use crate::api::javacard::security::key;

/// `setKeyCipher`: what is set from now on is decrypted with it; null for not at all. `SecurityException` for a `OneShot`,
/// which can't be kept.
pub(crate) fn set_key_cipher(cx: &mut Cx<'_>, this: ObjRef, cipher: ObjRef) -> Result<(), Stop> {
    if !cipher.is_null() {
        cx.check_object(cipher)?;
        if !cx.vm.is_instance(cipher, "javacardx/crypto/Cipher")? {
            return Err(Fault::TypeConfusion.into());
        }
    }
    cx.set_object(this, key::CIPHER, cipher)
}

/// `getKeyCipher`
pub(crate) fn get_key_cipher(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    cx.object(this, key::CIPHER)
}
