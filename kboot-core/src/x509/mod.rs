//! X.509 (RFC 5280) and PKCS#10 (RFC 2986): keys, names, certificates and requests.
//!
//! Certificates are read by `x509-parser`, requests by a strict walk of our own ([`CertificateRequest`] says
//! why); both give the same types. Nothing here knows what a certificate is used for.

mod anomaly;
mod certificate;
mod digest;
mod encode;
mod error;
mod extensions;
mod facts;
mod general_name;
mod key_algorithm;
mod key_kind;
mod limits;
mod name;
mod oid;
pub(crate) mod pem;
mod pin;
mod private_key;
mod public_key;
mod request;
mod signature;
mod signature_algorithm;
mod signing;
mod tlv;
mod usage;
mod verify;

pub use anomaly::EncodingAnomaly;
pub use certificate::Certificate;
pub use digest::{DigestAlgorithm, MessageDigest};
pub(crate) use encode::{Content, authority_extensions, authority_key_extension, leaf_extensions};
pub use error::{RequestError, SigningError, X509Error};
pub use facts::CertificateFacts;
pub use general_name::{GeneralName, SubjectAltNames};
pub use key_algorithm::KeyAlgorithm;
pub use key_kind::KeyKind;
pub use name::{AttributeTypeAndValue, DistinguishedName, RelativeDistinguishedName};
pub(crate) use name::{NameEncoder, attribute_type, readable_der};
pub use oid::ObjectIdentifier;
pub use pin::Pin;
pub use private_key::PrivateKey;
pub use public_key::PublicKey;
pub use request::{
    CertificateRequest, ExtensionAnomaly, ExtensionContent, RequestAttribute, RequestedExtension,
};
pub use signature::SignatureCheck;
pub use signature_algorithm::SignatureAlgorithm;
pub(crate) use signing::Signatory;
pub use signing::{AsyncSigningKey, SigningKey, UnsignedCertificate};
pub use usage::{ExtendedKeyUsage, KeyUsage, TlsUsage};
pub use verify::{OutsideOfLife, Verification, VerificationFailure};
