//! The public key that a request asks a certificate for, and the request's signature by it.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use der::asn1::{BitStringRef, UintRef};
use der::{Decode, Tag};

use super::CsrError;
use super::tlv::{fields, identifier, open, parts};

/// A public key and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    pub(super) der: Vec<u8>,
    pub(super) kind: KeyKind,
    /// The content of the BIT STRING.
    pub(super) bits: Vec<u8>,
}

/// The kind and the strength of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        oid: String,
    },
    /// Anything else.
    Unknown {
        /// The object identifier of the curve, or of the algorithm.
        oid: String,
    },
}

/// Whether a request was signed by the key that it asks a certificate for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a match that forgets one would take it for right")]
pub enum SignatureCheck {
    /// It was.
    Right,
    /// It was not.
    Wrong,
    /// The signature uses MD5 or SHA-1, so others can make one too.
    Weak,
    /// The algorithm is not one that kboot verifies, or the key is not.
    Unknown,
}

impl RequestKey {
    /// The SubjectPublicKeyInfo, DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Kind and strength.
    #[must_use]
    pub fn kind(&self) -> &KeyKind {
        &self.kind
    }
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
        }
    }
}

/// Curves of less than 256 bits (SEC 2; RFC 3279, 2.3.5): P-192, P-224, secp160r1 and their like.
const WEAK_CURVES: [&str; 9] = [
    "1.2.840.10045.3.1.1",
    "1.3.132.0.33",
    "1.3.132.0.32",
    "1.3.132.0.31",
    "1.3.132.0.8",
    "1.3.132.0.9",
    "1.3.132.0.30",
    "1.3.132.0.1",
    "1.3.132.0.26",
];

/// A SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). `der` is left to the caller, who has it.
pub(super) fn read(tlv: &[u8]) -> Result<RequestKey, CsrError> {
    let [algorithm, key] = fields(open(tlv, Tag::Sequence)?)?;
    let (oid, parameters) = match parts(open(algorithm, Tag::Sequence)?)?.as_slice() {
        [oid] => (identifier(oid)?.to_string(), None),
        [oid, parameters] => (identifier(oid)?.to_string(), Some(*parameters)),
        _ => return Err(CsrError::Malformed),
    };
    let key = BitStringRef::from_der(key).ok().and_then(|key| key.as_bytes()).ok_or(CsrError::Malformed)?;
    let kind = match (oid.as_str(), parameters) {
        // RFC 3279, 2.3.1: the parameters are NULL.
        ("1.2.840.113549.1.1.1", Some([5, 0])) => rsa(key)?,
        // RFC 5480, 2.2: points may be compressed; neither Go nor anybody's kubelet takes them.
        ("1.2.840.10045.2.1", Some(curve)) if key.first() == Some(&4) => {
            match identifier(curve).map(|curve| curve.to_string()) {
                Ok(curve) => match curve.as_str() {
                    "1.2.840.10045.3.1.7" => KeyKind::EcdsaP256,
                    "1.3.132.0.34" => KeyKind::EcdsaP384,
                    "1.3.132.0.35" => KeyKind::EcdsaP521,
                    small if WEAK_CURVES.contains(&small) => KeyKind::WeakCurve { oid: curve },
                    _ => KeyKind::Unknown { oid: curve },
                },
                // Parameters of its own instead of a named curve: CVE-2020-0601 came of reading those.
                Err(_) => KeyKind::Unknown { oid },
            }
        }
        ("1.3.101.112", None) if is_weak_point(key) => KeyKind::WeakEdwardsPoint,
        ("1.3.101.112", None) => KeyKind::Ed25519,
        _ => KeyKind::Unknown { oid },
    };
    Ok(RequestKey { der: Vec::new(), kind, bits: key.to_vec() })
}

/// The eight points of Ed25519 whose order divides the cofactor, by their y: 0, 1, -1 and the two of the points
/// of order 8, little-endian; the sign of x is the last bit. For them signatures can be made without any key.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    little_endian(1),
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

const fn little_endian(number: u8) -> [u8; 32] {
    let mut octets = [0; 32];
    octets[0] = number;
    octets
}

/// RFC 8032, 5.1.3: y is less than 2^255 - 19, and nothing else reads as the same point. OpenSSL and Go take
/// larger ones modulo that, so the points of small order have more spellings.
fn is_weak_point(key: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(key) else { return false };
    y[31] &= 0x7f;
    let is_reduced = y[0] < 0xed || y[31] != 0x7f || y[1..31].iter().any(|octet| *octet != 0xff);
    !is_reduced || SMALL_ORDER.contains(&y)
}

fn rsa(key: &[u8]) -> Result<KeyKind, CsrError> {
    let [modulus, exponent] = fields(open(key, Tag::Sequence)?)?;
    let number =
        |tlv| UintRef::from_der(tlv).map(|number| number.as_bytes()).map_err(|_| CsrError::Malformed);
    let (modulus, exponent) = (number(modulus)?, number(exponent)?);
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = modulus.len().saturating_mul(8).saturating_sub(usize::try_from(leading).unwrap_or(0));
    let is_odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
    Ok(KeyKind::Rsa { bits, sound_exponent: is_odd && (exponent.len() > 2) })
}

/// The signature over `message`, whose AlgorithmIdentifier stands in `algorithm`.
pub(super) fn check_signature(
    key: &RequestKey,
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<SignatureCheck, CsrError> {
    let (oid, parameters) = match parts(open(algorithm, Tag::Sequence)?)?.as_slice() {
        [oid] => (identifier(oid)?, None),
        [oid, parameters] => (identifier(oid)?, Some(*parameters)),
        _ => return Err(CsrError::Malformed),
    };
    // RSA has a NULL there (RFC 4055, 5), the others nothing (RFC 5758, 3.2; RFC 8410, 3).
    if !matches!(parameters, None | Some([5, 0])) {
        return Ok(SignatureCheck::Unknown);
    }
    const SHA256: &str = "1.2.840.10045.4.3.2";
    const SHA384: &str = "1.2.840.10045.4.3.3";
    const SHA512: &str = "1.2.840.10045.4.3.4";
    let oid = oid.to_string();
    let algorithm: &dyn VerificationAlgorithm = match (&key.kind, oid.as_str()) {
        // MD2, MD5 and SHA-1 with RSA (RFC 8017, A.2.4), ecdsa-with-SHA1, dsa-with-sha1
        (
            _,
            "1.2.840.113549.1.1.2"
            | "1.2.840.113549.1.1.4"
            | "1.2.840.113549.1.1.5"
            | "1.2.840.10045.4.1"
            | "1.2.840.10040.4.3",
        ) => return Ok(SignatureCheck::Weak),
        (KeyKind::EcdsaP256, SHA256) => &ECDSA_P256_SHA256_ASN1,
        (KeyKind::EcdsaP256, SHA384) => &ECDSA_P256_SHA384_ASN1,
        (KeyKind::EcdsaP256, SHA512) => &ECDSA_P256_SHA512_ASN1,
        (KeyKind::EcdsaP384, SHA256) => &ECDSA_P384_SHA256_ASN1,
        (KeyKind::EcdsaP384, SHA384) => &ECDSA_P384_SHA384_ASN1,
        (KeyKind::EcdsaP384, SHA512) => &ECDSA_P384_SHA512_ASN1,
        (KeyKind::EcdsaP521, SHA256) => &ECDSA_P521_SHA256_ASN1,
        (KeyKind::EcdsaP521, SHA384) => &ECDSA_P521_SHA384_ASN1,
        (KeyKind::EcdsaP521, SHA512) => &ECDSA_P521_SHA512_ASN1,
        (KeyKind::Ed25519, "1.3.101.112") => &ED25519,
        (KeyKind::Rsa { bits: 2048..=8192, .. }, "1.2.840.113549.1.1.11") => &RSA_PKCS1_2048_8192_SHA256,
        (KeyKind::Rsa { bits: 2048..=8192, .. }, "1.2.840.113549.1.1.12") => &RSA_PKCS1_2048_8192_SHA384,
        (KeyKind::Rsa { bits: 2048..=8192, .. }, "1.2.840.113549.1.1.13") => &RSA_PKCS1_2048_8192_SHA512,
        _ => return Ok(SignatureCheck::Unknown),
    };
    let is_right = UnparsedPublicKey::new(algorithm, &key.bits).verify(message, signature).is_ok();
    Ok(if is_right { SignatureCheck::Right } else { SignatureCheck::Wrong })
}
