//! How certificates are signed.

use std::fmt;

use der::asn1::AnyRef;
use x509_cert::spki::AlgorithmIdentifierRef;

use super::{DigestAlgorithm, MessageDigest, ObjectIdentifier, oid};

/// How a certificate is signed.
///
/// | | AWS KMS' `SigningAlgorithm` | Google Cloud KMS' algorithm |
/// |---|---|---|
/// | [`EcdsaSha256`](Self::EcdsaSha256) | `ECDSA_SHA_256` | `EC_SIGN_P256_SHA256` |
/// | [`EcdsaSha384`](Self::EcdsaSha384) | `ECDSA_SHA_384` | `EC_SIGN_P384_SHA384` |
/// | [`RsaSha256`](Self::RsaSha256) | `RSASSA_PKCS1_V1_5_SHA_256` | `RSA_SIGN_PKCS1_2048_SHA256` and its like |
///
/// Both give ECDSA's signatures in DER. PKCS#11 and Azure Key Vault give two numbers of one length in a row (IEEE
/// P1363), of which whoever calls them makes the DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 over the SHA-256; the signature is the DER of `Ecdsa-Sig-Value` (RFC 3279, 2.2.3).
    EcdsaSha256,
    /// ECDSA on P-384 over the SHA-384; encoded in the same way.
    EcdsaSha384,
    /// RSA with PKCS#1 v1.5 padding over the SHA-256 (RFC 8017, 8.2).
    RsaSha256,
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaSha256 => "ECDSA on P-256 with SHA-256, in DER",
            Self::EcdsaSha384 => "ECDSA on P-384 with SHA-384, in DER",
            Self::RsaSha256 => "RSA (PKCS#1 v1.5) with SHA-256",
        })
    }
}

impl SignatureAlgorithm {
    /// How the message is hashed before it is signed.
    #[must_use]
    pub fn digest_algorithm(self) -> DigestAlgorithm {
        match self {
            Self::EcdsaSha256 | Self::RsaSha256 => DigestAlgorithm::Sha256,
            Self::EcdsaSha384 => DigestAlgorithm::Sha384,
        }
    }

    /// The digest of a message, for a KMS that signs digests: Google Cloud's `AsymmetricSign` takes one, and AWS'
    /// `Sign` one of any message (`MessageType` `DIGEST`) and messages of at most 4096 bytes (`RAW`).
    ///
    /// ```
    /// use kboot_core::x509::{DigestAlgorithm, SignatureAlgorithm};
    /// let digest = SignatureAlgorithm::EcdsaSha384.digest(b"message");
    /// assert_eq!(digest.algorithm(), DigestAlgorithm::Sha384);
    /// assert_eq!(digest.as_bytes().len(), 48);
    /// ```
    #[must_use]
    pub fn digest(self, message: &[u8]) -> MessageDigest {
        MessageDigest::of(self.digest_algorithm(), message)
    }

    /// Its object identifier (RFC 5758, 3.2 and RFC 4055, 5).
    pub(super) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::EcdsaSha256 => oid::ECDSA_WITH_SHA_256,
            Self::EcdsaSha384 => oid::ECDSA_WITH_SHA_384,
            Self::RsaSha256 => oid::SHA_256_WITH_RSA_ENCRYPTION,
        }
    }

    /// What says in a certificate how it is signed.
    pub(super) fn identifier(self) -> AlgorithmIdentifierRef<'static> {
        // RSA has a NULL there (RFC 4055, 5), ECDSA nothing (RFC 5758, 3.2).
        let parameters = (self == Self::RsaSha256).then_some(AnyRef::NULL);
        AlgorithmIdentifierRef { oid: self.oid(), parameters }
    }
}
