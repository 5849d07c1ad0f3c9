//! Digests of what is to be signed, for whoever signs digests.

use std::fmt;

use aws_lc_rs::digest::{SHA256, SHA384, digest};

use crate::shown::hex;

/// How a message is hashed (FIPS 180-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-256: 32 bytes.
    Sha256,
    /// SHA-384: 48 bytes.
    Sha384,
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
        })
    }
}

/// The digest of a message, which a KMS signs in the message's place; see
/// [`SignatureAlgorithm::digest`](super::SignatureAlgorithm::digest).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageDigest {
    algorithm: DigestAlgorithm,
    bytes: Vec<u8>,
}

impl MessageDigest {
    pub(super) fn of(algorithm: DigestAlgorithm, message: &[u8]) -> Self {
        let hash = match algorithm {
            DigestAlgorithm::Sha256 => &SHA256,
            DigestAlgorithm::Sha384 => &SHA384,
        };
        Self { algorithm, bytes: digest(hash, message).as_ref().to_vec() }
    }

    /// How the message was hashed.
    #[must_use]
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// As [`MessageDigest::as_bytes`].
impl AsRef<[u8]> for MessageDigest {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for MessageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageDigest({} {})", self.algorithm, hex(&self.bytes))
    }
}
