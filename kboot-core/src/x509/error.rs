//! Why a key, a certificate or a request cannot be read, made or used.

use std::error::Error as StdError;
use std::sync::Arc;

use super::{KeyKind, SignatureAlgorithm};
use crate::time::TimeError;

/// Why a key or a certificate cannot be read, made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum X509Error {
    /// The text is not PEM.
    #[error("not readable as PEM: {problem}")]
    Pem {
        /// What is wrong.
        problem: &'static str,
    },
    /// No private key in the text.
    #[error(
        "no private key found: expected a PEM block RSA PRIVATE KEY, EC PRIVATE KEY or PRIVATE KEY (without a password)"
    )]
    NoKey,
    /// The key cannot be used.
    #[error(
        "the key is damaged or of an unsupported kind: use ECDSA P-256 or P-384, or RSA with 2048, 3072 or 4096 bits"
    )]
    UnsupportedKey,
    /// The key is of a kind that kboot makes no certificates for.
    #[error("the key is {kind}: use ECDSA P-256 or P-384, or RSA with 2048, 3072 or 4096 bits")]
    UnsupportedKind {
        /// What it is.
        kind: KeyKind,
    },
    /// The text is not a pin.
    #[error("{value:?} is not the pin of a key: use sha256: and 64 hexadecimal digits")]
    InvalidPin {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// No certificate in the text.
    #[error("no certificate found: expected a PEM block CERTIFICATE")]
    NoCertificate,
    /// The certificate cannot be decoded.
    #[error("the certificate is not valid DER (X.509)")]
    MalformedCertificate,
    /// An extension stands twice or cannot be decoded.
    #[error("the extension {oid} stands twice or is not valid DER (X.509)")]
    MalformedExtension {
        /// Its object identifier, which may be longer than an [`ObjectIdentifier`](super::ObjectIdentifier).
        oid: String,
    },
    /// The name of a key algorithm is not known.
    #[error("{value:?} is not a key algorithm: use ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 or rsa-4096")]
    UnknownKeyAlgorithm {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// The certificate and the private key are not a pair.
    #[error("the private key does not belong to the certificate {subject}")]
    KeyMismatch {
        /// The certificate's subject.
        subject: String,
    },
    /// A signing key of the right public key says another algorithm than that key's.
    #[error("the signing key says that it is {said}, and its public key is {is}")]
    KeyAlgorithm {
        /// What it says.
        said: String,
        /// What its public key is.
        is: String,
    },
    /// A value cannot stand in a certificate.
    #[error("{value:?} cannot stand in a certificate's {what}")]
    Unencodable {
        /// Which part of the certificate.
        what: &'static str,
        /// The value, cut to its first 64 characters.
        value: String,
    },
    /// An encoding failed.
    #[error("the {what} cannot be encoded")]
    Encoding {
        /// What was to be encoded.
        what: &'static str,
    },
    /// The cryptographic library made no key.
    #[error("the cryptographic library made no key")]
    KeyGeneration,
    /// The cryptographic library made no signature.
    #[error("the cryptographic library made no signature")]
    Signing,
    /// A key that is elsewhere made no signature.
    #[error(transparent)]
    SigningKey(#[from] SigningError),
    /// A signature that is not what was asked for.
    #[error("the signature was not made over these bytes by the key of {subject}: expected {expected}")]
    WrongSignature {
        /// The issuer's subject.
        subject: String,
        /// The algorithm and its encoding.
        expected: SignatureAlgorithm,
    },
    /// A time that a certificate cannot say.
    #[error(transparent)]
    Time(#[from] TimeError),
}

/// Why something is not a certificate request, or not one that kboot reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// More bytes than any request has.
    #[error("the request has {bytes} bytes; at most {} are read", super::limits::MAX_REQUEST_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not PEM.
    #[error("the request is not PEM: {problem}")]
    NotPem {
        /// What is wrong.
        problem: &'static str,
    },
    /// A PEM block of something else.
    #[error("the PEM block is a {label:?}; expected CERTIFICATE REQUEST")]
    WrongPemLabel {
        /// What it calls itself.
        label: String,
    },
    /// The inside of the PEM block is not base64.
    #[error("the request is not base64")]
    BadBase64,
    /// Not strict DER, or not a request.
    #[error("the request is not valid DER (PKCS#10, RFC 2986)")]
    Malformed,
    /// More names, attributes or extensions than are read.
    #[error("the request has more than {limit} names, attributes or extensions")]
    TooManyNames {
        /// The limit.
        limit: usize,
    },
}

impl RequestError {
    /// A stable word for it, for logs and scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::NotPem { .. } => "not-pem",
            Self::WrongPemLabel { .. } => "wrong-pem-label",
            Self::BadBase64 => "bad-base64",
            Self::Malformed => "malformed",
            Self::TooManyNames { .. } => "too-many-names",
        }
    }
}

/// Why a [`SigningKey`](super::SigningKey) made no signature, in its own words.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the signing key made no signature")]
pub struct SigningError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl SigningError {
    /// Takes an error or a text.
    #[must_use]
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Arc::from(cause.into()) }
    }
}

/// Equal where one is the other's clone: two causes of unknown types cannot be compared.
impl PartialEq for SigningError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }
}

impl Eq for SigningError {}
