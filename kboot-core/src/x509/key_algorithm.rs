//! The kinds of key that kboot makes.

use std::fmt;
use std::str::FromStr;

use super::oid;
use super::{KeyKind, ObjectIdentifier, PublicKey, SignatureAlgorithm, X509Error};
use crate::shown::excerpt;

/// What a key is: the algorithm and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on P-256, signing with SHA-256.
    EcdsaP256,
    /// ECDSA on P-384, signing with SHA-384.
    EcdsaP384,
    /// RSA with 2048 bits, signing with SHA-256.
    Rsa2048,
    /// RSA with 3072 bits, signing with SHA-256.
    Rsa3072,
    /// RSA with 4096 bits, signing with SHA-256.
    Rsa4096,
}

impl KeyAlgorithm {
    /// Every algorithm, with its name in configuration.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::EcdsaP256, "ecdsa-p256"),
        (Self::EcdsaP384, "ecdsa-p384"),
        (Self::Rsa2048, "rsa-2048"),
        (Self::Rsa3072, "rsa-3072"),
        (Self::Rsa4096, "rsa-4096"),
    ];

    /// The curve of an ECDSA key (RFC 5480, 2.1.1.1).
    pub(super) fn curve(self) -> ObjectIdentifier {
        if self == Self::EcdsaP384 { oid::SECP_384_R_1 } else { oid::SECP_256_R_1 }
    }

    /// The signatures that such a key makes in certificates.
    #[must_use]
    pub fn signature(self) -> SignatureAlgorithm {
        match self {
            Self::EcdsaP256 => SignatureAlgorithm::EcdsaSha256,
            Self::EcdsaP384 => SignatureAlgorithm::EcdsaSha384,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => SignatureAlgorithm::RsaSha256,
        }
    }

    /// What a public key is; none for kinds and sizes not listed here. A [`SigningKey`](super::SigningKey) that is
    /// elsewhere learns it so from the public half that its KMS gives.
    ///
    /// ```
    /// use kboot_core::x509::{KeyAlgorithm, PrivateKey, PublicKey};
    /// let pem = PrivateKey::generate(KeyAlgorithm::EcdsaP384)?.public_key_pem();
    /// let key = PublicKey::from_pem(pem.as_bytes())?;
    /// assert_eq!(KeyAlgorithm::of_public_key(&key), Some(KeyAlgorithm::EcdsaP384));
    /// # Ok::<(), kboot_core::x509::X509Error>(())
    /// ```
    #[must_use]
    pub fn of_public_key(key: &PublicKey) -> Option<Self> {
        match key.kind() {
            KeyKind::EcdsaP256 => Some(Self::EcdsaP256),
            KeyKind::EcdsaP384 => Some(Self::EcdsaP384),
            KeyKind::Rsa { bits: 2048, .. } => Some(Self::Rsa2048),
            KeyKind::Rsa { bits: 3072, .. } => Some(Self::Rsa3072),
            KeyKind::Rsa { bits: 4096, .. } => Some(Self::Rsa4096),
            _ => None,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(algorithm, _)| algorithm == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for KeyAlgorithm {
    type Err = X509Error;
    fn from_str(text: &str) -> Result<Self, X509Error> {
        let found = Self::ALL.into_iter().find(|(_, name)| *name == text);
        found
            .map(|(algorithm, _)| algorithm)
            .ok_or_else(|| X509Error::UnknownKeyAlgorithm { value: excerpt(text) })
    }
}
