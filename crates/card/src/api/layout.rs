use hydra_vm::ApiLayout;
use hydra_vm::FieldKind::{self, Ref, Short};

use super::javacard::security::key::kind::CLASSES;
use super::javacard::security::{key, key_agreement, named_parameter_spec, signature};
use super::javacardx::crypto::cipher;

/// The words that natives keep in API objects; each native's file names them.
const FIELDS: &[(&str, &[FieldKind])] = &[
    ("javacard/framework/AID", &[Ref]),
    ("javacard/framework/OwnerPIN", &[Ref, Ref]),
    ("javacard/framework/OwnerPINx", &[Ref, Ref]),
    ("javacard/framework/OwnerPINxWithPredecrement", &[Ref, Ref]),
    ("javacard/framework/service/Dispatcher", &[Ref, Ref]),
    ("javacard/security/Checksum", &[Short]),
    ("javacard/security/MessageDigest", &[Short]),
    ("javacard/security/RandomData", &[Short]),
    ("javacard/security/KeyPair", &[Short, Short, Ref, Ref]),
    (
        "javacard/security/NamedParameterSpec",
        named_parameter_spec::FIELDS,
    ),
    ("javacard/security/KeyAgreement", key_agreement::FIELDS),
    ("javacard/security/Signature", signature::FIELDS),
    ("javacardx/crypto/Cipher", cipher::FIELDS),
    ("org/globalplatform/GPRegistryEntry", &[Short]),
    ("javacardx/framework/math/BigNumber", &[Ref, Ref]),
    ("javacardx/framework/tlv/BERTag", &[Ref]),
    ("javacardx/framework/tlv/BERTLV", &[Ref, Ref, Short]),
];

/// [`FIELDS`] with those of the keys.
const ALL_FIELDS: &[(&str, &[FieldKind])] = &{
    let mut all: [(&str, &[FieldKind]); _] = [("", &[]); FIELDS.len() + CLASSES.len()];
    let mut i = 0;
    while i < all.len() {
        all[i] = if i < FIELDS.len() {
            FIELDS[i]
        } else {
            (CLASSES[i - FIELDS.len()], key::FIELDS)
        };
        i += 1;
    }
    all
};

/// The interfaces that the platform's objects have beside those in the table.
const IMPLEMENTED: &[(&str, &str)] = &{
    let mut all = [("", ""); 1 + 2 * CLASSES.len()];
    all[0] = (
        "javacard/security/Signature",
        "javacard/security/SignatureMessageRecovery",
    );
    let mut i = 0;
    while i < CLASSES.len() {
        all[1 + 2 * i] = (CLASSES[i], "javacardx/crypto/KeyEncryption");
        // Domain parameters are of interfaces that are not below this one.
        all[2 + 2 * i] = (CLASSES[i], "javacard/security/Key");
        i += 1;
    }
    all
};

/// The layout of every API class that has words of its own.
pub(crate) const LAYOUT: ApiLayout = ApiLayout::new()
    .with_fields(ALL_FIELDS)
    .with_implemented(IMPLEMENTED);
