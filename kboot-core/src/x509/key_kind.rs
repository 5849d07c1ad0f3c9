//! The kinds of public key that there are.

use std::fmt;

use super::ObjectIdentifier;

/// The kind and the strength of a public key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA.
    Rsa {
        /// The length of the modulus in bits.
        bits: usize,
        /// Whether the exponent is odd and at least 65537 (FIPS 186-5, A.1.1).
        sound_exponent: bool,
    },
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// ECDSA on P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// An Ed25519 key for which anybody can sign: a point of small order, or one not written in the one
    /// way that there is.
    WeakEdwardsPoint,
    /// ECDSA on a curve of less than 256 bits.
    WeakCurve {
        /// The curve's object identifier.
        oid: ObjectIdentifier,
    },
    /// Anything else.
    Unknown {
        /// The object identifier of the curve, or of the algorithm.
        oid: ObjectIdentifier,
    },
    /// Of an algorithm whose identifier no [`ObjectIdentifier`] holds; in certificates alone.
    Unreadable,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits, sound_exponent: true } => write!(f, "RSA {bits}"),
            Self::Rsa { bits, sound_exponent: false } => write!(f, "RSA {bits} with a weak exponent"),
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::WeakEdwardsPoint => f.write_str("Ed25519 with a weak point"),
            Self::WeakCurve { oid } => write!(f, "ECDSA on the small curve {oid}"),
            Self::Unknown { oid } => write!(f, "algorithm {oid}"),
            Self::Unreadable => f.write_str("an algorithm that kboot cannot name"),
        }
    }
}
