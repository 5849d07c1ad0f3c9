//! Whether a signature was made by a key: the one place where signatures are verified.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};

use super::oid;
use super::{KeyKind, ObjectIdentifier, PublicKey};

/// Whether a signature was made by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a match that forgets one would take it for valid")]
pub enum SignatureCheck {
    /// It was.
    Valid,
    /// It was not.
    Invalid,
    /// The signature uses MD5 or SHA-1, so others can make one too.
    Weak,
    /// The algorithm is not one that kboot verifies, or the key is not.
    Unknown,
}

impl SignatureCheck {
    /// `right`, `wrong`, `weak` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "right",
            Self::Invalid => "wrong",
            Self::Weak => "weak",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for SignatureCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "by its own key",
            Self::Invalid => "NOT by its own key",
            Self::Weak => "with MD5 or SHA-1, which proves nothing",
            Self::Unknown => "in a way that kboot does not know, so it proves nothing",
        })
    }
}

impl PublicKey {
    /// Whether a signature over `message` is this key's; `algorithm` and `parameters` (DER) are those of its
    /// AlgorithmIdentifier.
    pub(super) fn check_signature(
        &self,
        algorithm: ObjectIdentifier,
        parameters: Option<&[u8]>,
        message: &[u8],
        signature: &[u8],
    ) -> SignatureCheck {
        // RSA has a NULL there (RFC 4055, 5), the others nothing (RFC 5758, 3.2; RFC 8410, 3).
        if !matches!(parameters, None | Some([5, 0])) {
            return SignatureCheck::Unknown;
        }
        let algorithm: &dyn VerificationAlgorithm = match (self.kind(), algorithm) {
            // MD2, MD5 and SHA-1 with RSA (RFC 8017, A.2.4)
            (
                _,
                oid::MD_2_WITH_RSA_ENCRYPTION
                | oid::MD_5_WITH_RSA_ENCRYPTION
                | oid::SHA_1_WITH_RSA_ENCRYPTION
                | oid::ECDSA_WITH_SHA_1
                | oid::DSA_WITH_SHA_1,
            ) => return SignatureCheck::Weak,
            (KeyKind::EcdsaP256, oid::ECDSA_WITH_SHA_256) => &ECDSA_P256_SHA256_ASN1,
            (KeyKind::EcdsaP256, oid::ECDSA_WITH_SHA_384) => &ECDSA_P256_SHA384_ASN1,
            (KeyKind::EcdsaP256, oid::ECDSA_WITH_SHA_512) => &ECDSA_P256_SHA512_ASN1,
            (KeyKind::EcdsaP384, oid::ECDSA_WITH_SHA_256) => &ECDSA_P384_SHA256_ASN1,
            (KeyKind::EcdsaP384, oid::ECDSA_WITH_SHA_384) => &ECDSA_P384_SHA384_ASN1,
            (KeyKind::EcdsaP384, oid::ECDSA_WITH_SHA_512) => &ECDSA_P384_SHA512_ASN1,
            (KeyKind::EcdsaP521, oid::ECDSA_WITH_SHA_256) => &ECDSA_P521_SHA256_ASN1,
            (KeyKind::EcdsaP521, oid::ECDSA_WITH_SHA_384) => &ECDSA_P521_SHA384_ASN1,
            (KeyKind::EcdsaP521, oid::ECDSA_WITH_SHA_512) => &ECDSA_P521_SHA512_ASN1,
            (KeyKind::Ed25519, oid::ID_ED_25519) => &ED25519,
            (KeyKind::Rsa { bits: 2048..=8192, .. }, oid::SHA_256_WITH_RSA_ENCRYPTION) => {
                &RSA_PKCS1_2048_8192_SHA256
            }
            (KeyKind::Rsa { bits: 2048..=8192, .. }, oid::SHA_384_WITH_RSA_ENCRYPTION) => {
                &RSA_PKCS1_2048_8192_SHA384
            }
            (KeyKind::Rsa { bits: 2048..=8192, .. }, oid::SHA_512_WITH_RSA_ENCRYPTION) => {
                &RSA_PKCS1_2048_8192_SHA512
            }
            _ => return SignatureCheck::Unknown,
        };
        let is_valid = UnparsedPublicKey::new(algorithm, self.bits()).verify(message, signature).is_ok();
        if is_valid { SignatureCheck::Valid } else { SignatureCheck::Invalid }
    }
}
