//! The object identifiers that kboot knows, each once.

pub use der::asn1::ObjectIdentifier;
/// PKCS#9, RFC 2985, 5.4.2
pub(super) use der::oid::db::rfc2985::PKCS_9_AT_EXTENSION_REQUEST as EXTENSION_REQUEST;
use der::oid::db::rfc2985::{PKCS_9_AT_CHALLENGE_PASSWORD, PKCS_9_AT_UNSTRUCTURED_NAME};
pub(super) use der::oid::db::rfc3280::EMAIL_ADDRESS;
pub(crate) use der::oid::db::rfc4519::{
    C as COUNTRY, CN as COMMON_NAME, DC as DOMAIN_COMPONENT, L as LOCALITY, O as ORGANIZATION,
    OU as ORGANIZATIONAL_UNIT, SERIAL_NUMBER, ST as STATE, STREET, UID as USER_ID,
};
pub(super) use der::oid::db::rfc5912::{
    ANY_EXTENDED_KEY_USAGE, DSA_WITH_SHA_1, ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512,
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER, ID_EC_PUBLIC_KEY, ID_KP_CLIENT_AUTH, ID_KP_CODE_SIGNING,
    ID_KP_EMAIL_PROTECTION, ID_KP_OCSP_SIGNING, ID_KP_SERVER_AUTH, ID_KP_TIME_STAMPING,
    MD_2_WITH_RSA_ENCRYPTION, MD_5_WITH_RSA_ENCRYPTION, RSA_ENCRYPTION, SECP_224_R_1, SECP_256_R_1,
    SECP_384_R_1, SECP_521_R_1, SHA_1_WITH_RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION,
    SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
pub(super) use der::oid::db::rfc8410::ID_ED_25519;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

// What const-oid's table lacks: RFC 3279, 2.2.3, RFC 4945, 5.1.3.12, and two vendors' purposes.
pub(super) const ECDSA_WITH_SHA_1: ObjectIdentifier = oid("1.2.840.10045.4.1");
pub(super) const ID_KP_IPSEC_END_SYSTEM: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.5");
pub(super) const ID_KP_IPSEC_TUNNEL: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.6");
pub(super) const ID_KP_IPSEC_USER: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.7");
pub(super) const MICROSOFT_SGC: ObjectIdentifier = oid("1.3.6.1.4.1.311.10.3.3");
pub(super) const NETSCAPE_SGC: ObjectIdentifier = oid("2.16.840.1.113730.4.1");

/// Curves of less than 256 bits (SEC 2; RFC 3279, 2.3.5): P-192, P-224, secp160r1 and their like.
pub(super) const WEAK_CURVES: [ObjectIdentifier; 9] = [
    oid("1.2.840.10045.3.1.1"),
    SECP_224_R_1,
    oid("1.3.132.0.32"),
    oid("1.3.132.0.31"),
    oid("1.3.132.0.8"),
    oid("1.3.132.0.9"),
    oid("1.3.132.0.30"),
    oid("1.3.132.0.1"),
    oid("1.3.132.0.26"),
];

/// What RFC 5280, 4.2.1 and PKCS#9 (RFC 2985) call an extension or an attribute of a request.
pub(super) fn name(oid: ObjectIdentifier) -> Option<&'static str> {
    Some(match oid {
        ID_CE_SUBJECT_KEY_IDENTIFIER => "subjectKeyIdentifier",
        ID_CE_KEY_USAGE => "keyUsage",
        ID_CE_SUBJECT_ALT_NAME => "subjectAltName",
        ID_CE_BASIC_CONSTRAINTS => "basicConstraints",
        ID_CE_EXT_KEY_USAGE => "extendedKeyUsage",
        EXTENSION_REQUEST => "extensionRequest",
        PKCS_9_AT_UNSTRUCTURED_NAME => "unstructuredName",
        PKCS_9_AT_CHALLENGE_PASSWORD => "challengePassword",
        _ => return None,
    })
}

/// The identifier whose encoding these bytes are; none for one that cannot be held without loss.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<ObjectIdentifier> {
    ObjectIdentifier::from_bytes(bytes).ok().filter(has_one_text)
}

/// Whether no other encoding reads as the same numbers: const-oid 0.10 takes zeros before a number, which
/// X.690, 8.19.2 forbids, and drops what goes beyond 32 bits, so that 2.5.4.4294967299 would read as the
/// common name's 2.5.4.3.
pub(super) fn has_one_text(oid: &ObjectIdentifier) -> bool {
    oid.as_bytes().split_inclusive(|byte| byte & 0x80 == 0).all(|number| match number {
        [0x80, ..] => false,
        [first, _, _, _, _] => *first <= 0x8f,
        _ => number.len() < 5,
    })
}
