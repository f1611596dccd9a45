use hydra_vm::ApiLayout;
use hydra_vm::FieldKind::{self, Ref, Short};

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

/// The layout of every API class that has words of its own.
pub(crate) fn layout() -> ApiLayout {
    let layout = FIELDS
        .iter()
        .fold(ApiLayout::new(), |layout, (class, fields)| {
            layout.class(class, fields)
        });
    let layout = layout.implements(
        "javacard/security/Signature",
        "javacard/security/SignatureMessageRecovery",
    );
    key::Kind::classes().fold(layout, |layout, class| {
        layout
            .class(class, key::FIELDS)
            .implements(class, "javacardx/crypto/KeyEncryption")
            // Domain parameters are of interfaces that are not below this one.
            .implements(class, "javacard/security/Key")
    })
}
