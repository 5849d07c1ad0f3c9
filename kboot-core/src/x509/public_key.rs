//! Public keys: a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), its kind and its strength.

use der::asn1::{BitStringRef, UintRef};
use der::{Decode, Tag};

use super::oid;
use super::tlv::{Tlv, fields};
use super::{KeyKind, Pin, RequestError, X509Error};

/// A public key: its SubjectPublicKeyInfo and what it is.
///
/// ```
/// use kboot_core::x509::{KeyAlgorithm, KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// assert_eq!(key.public_key().kind(), &KeyKind::EcdsaP256);
/// assert!(key.public_key().pin().to_string().starts_with("sha256:"));
/// # Ok::<(), kboot_core::x509::X509Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    der: Vec<u8>,
    kind: KeyKind,
    /// How many bytes at the end are the content of the BIT STRING.
    bits: usize,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER, strictly; a key of a kind that kboot does not know is one too.
    ///
    /// # Errors
    /// [`RequestError::Malformed`] where it is not one.
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        Self::of_tlv(Tlv::read(der)?)
    }

    pub(super) fn of_tlv(tlv: Tlv<'_>) -> Result<Self, RequestError> {
        let (kind, bits) = read(tlv)?;
        Ok(Self { der: tlv.bytes().to_vec(), kind, bits: bits.len() })
    }

    /// That of a certificate, whose reader is more lenient.
    pub(super) fn of_certificate(key: &x509_parser::prelude::SubjectPublicKeyInfo<'_>) -> Self {
        let bits = key.subject_public_key.data.len();
        Self::from_der(key.raw).unwrap_or_else(|_| {
            let oid = oid::from_bytes(key.algorithm.algorithm.as_bytes());
            let kind = oid.map_or(KeyKind::Unreadable, |oid| KeyKind::Unknown { oid });
            Self { der: key.raw.to_vec(), kind, bits }
        })
    }

    /// One that no signature is by.
    pub(super) fn unreadable() -> Self {
        Self { der: Vec::new(), kind: KeyKind::Unreadable, bits: 0 }
    }

    pub(crate) fn from_section(der: &[u8]) -> Result<Self, X509Error> {
        use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};
        match SubjectPublicKeyInfo::from_der(der) {
            Ok(([], key)) => Ok(Self::of_certificate(&key)),
            _ => Err(X509Error::Pem { problem: "its PUBLIC KEY is not one" }),
        }
    }

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

    /// The SHA-256 of the SubjectPublicKeyInfo.
    #[must_use]
    pub fn pin(&self) -> Pin {
        Pin::of_spki(&self.der)
    }

    /// The content of the BIT STRING.
    pub(crate) fn bits(&self) -> &[u8] {
        self.der.len().checked_sub(self.bits).and_then(|start| self.der.get(start..)).unwrap_or_default()
    }
}

/// Kind and bits of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
fn read(tlv: Tlv<'_>) -> Result<(KeyKind, &[u8]), RequestError> {
    let [algorithm, key] = fields(tlv.open(Tag::Sequence)?)?;
    let (oid, parameters) = algorithm.algorithm()?;
    let key = BitStringRef::from_der(key.bytes())
        .ok()
        .and_then(|key| key.as_bytes())
        .ok_or(RequestError::Malformed)?;
    let kind = match (oid, parameters) {
        // RFC 3279, 2.3.1: the parameters are NULL.
        (oid::RSA_ENCRYPTION, Some(parameters)) if parameters.bytes() == [5, 0] => rsa(key)?,
        // RFC 5480, 2.2: points may be compressed; Go takes none.
        (oid::ID_EC_PUBLIC_KEY, Some(curve)) if key.first() == Some(&4) => match curve.identifier() {
            Ok(oid::SECP_256_R_1) => KeyKind::EcdsaP256,
            Ok(oid::SECP_384_R_1) => KeyKind::EcdsaP384,
            Ok(oid::SECP_521_R_1) => KeyKind::EcdsaP521,
            Ok(small) if oid::WEAK_CURVES.contains(&small) => KeyKind::WeakCurve { oid: small },
            Ok(oid) => KeyKind::Unknown { oid },
            // Parameters of its own instead of a named curve: CVE-2020-0601 came of reading those.
            Err(_) => KeyKind::Unknown { oid },
        },
        (oid::ID_ED_25519, None) if is_weak_point(key) => KeyKind::WeakEdwardsPoint,
        (oid::ID_ED_25519, None) => KeyKind::Ed25519,
        _ => KeyKind::Unknown { oid },
    };
    Ok((kind, key))
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

fn rsa(key: &[u8]) -> Result<KeyKind, RequestError> {
    let [modulus, exponent] = fields(Tlv::read(key)?.open(Tag::Sequence)?)?;
    let number =
        |tlv| UintRef::from_der(tlv).map(|number| number.as_bytes()).map_err(|_| RequestError::Malformed);
    let (modulus, exponent) = (number(modulus.bytes())?, number(exponent.bytes())?);
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = modulus.len().saturating_mul(8).saturating_sub(usize::try_from(leading).unwrap_or(0));
    let is_odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
    Ok(KeyKind::Rsa { bits, sound_exponent: is_odd && (exponent.len() > 2) })
}
