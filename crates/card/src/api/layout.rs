use hydra_vm::ApiLayout;
use hydra_vm::FieldKind::{self, Ref, Short};

/// The words that natives keep in API objects; each native's file names them.
const FIELDS: &[(&str, &[FieldKind])] = &[
    ("javacard/framework/AID", &[Ref]),
    ("javacard/framework/OwnerPIN", &[Ref, Ref]),
    ("javacard/security/MessageDigest", &[Short]),
    ("javacard/security/RandomData", &[Short]),
    ("javacard/security/KeyPair", &[Short, Short, Ref, Ref]),
    ("javacard/security/Signature", &[Short, Short, Ref]),
    ("javacardx/crypto/Cipher", &[Short, Short, Ref, Ref, Ref]),
    // Keys: type, size, K, value, P, A, B, G, R.
    ("javacard/security/AESKey", KEY),
    ("javacard/security/ECPublicKey", KEY),
    ("javacard/security/ECPrivateKey", KEY),
];

const KEY: &[FieldKind] = &[Short, Short, Short, Ref, Ref, Ref, Ref, Ref, Ref];

/// The layout of every API class that has words of its own.
pub(crate) fn layout() -> ApiLayout {
    FIELDS
        .iter()
        .fold(ApiLayout::new(), |layout, (class, fields)| {
            layout.class(class, fields)
        })
}
