//! Public keys as `x509.parsePublicKey` takes them.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ParsedPublicKey,
};

use super::der::{self, Reader, Result};
use super::p224;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: u64 },
    Dsa,
    Ecdsa { curve: Curve, point: Vec<u8> },
    Ed25519(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P224,
    P256,
    P384,
    P521,
}

impl PublicKey {
    /// None of an algorithm that Go does not know.
    pub(crate) fn read(oid: &str, parameters: &[u8], octets: &[u8]) -> Result<Option<Self>> {
        match oid {
            "1.2.840.113549.1.1.1" => rsa(parameters, octets).map(Some),
            "1.2.840.10040.4.1" => dsa(parameters, octets).map(|()| Some(Self::Dsa)),
            "1.2.840.10045.2.1" => ecdsa(parameters, octets).map(Some),
            "1.3.101.112" if !parameters.is_empty() => {
                Err("x509: Ed25519 key encoded with illegal parameters".to_owned())
            }
            "1.3.101.112" if octets.len() != 32 => Err("x509: wrong Ed25519 public key size".to_owned()),
            "1.3.101.112" => Ok(Some(Self::Ed25519(octets.to_vec()))),
            _ => Ok(None),
        }
    }

    /// A SubjectPublicKeyInfo (`x509.ParsePKIXPublicKey`).
    pub(crate) fn from_info(octets: &[u8]) -> Result<Option<Self>> {
        let mut outer = Reader::new(octets);
        let mut info = outer.sequence("publicKeyInfo")?;
        let algorithm = info.expect(der::SEQUENCE, "AlgorithmIdentifier")?;
        let (oid, parameters) = super::request::identifier(algorithm.content)?;
        let key = info.bit_string()?;
        outer.finish("x509: trailing data after ASN.1 of public-key")?;
        Self::read(&oid, parameters, &key)
    }

    /// What Go's messages call it.
    pub(crate) fn go_type(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "*rsa.PublicKey",
            Self::Dsa => "*dsa.PublicKey",
            Self::Ecdsa { .. } => "*ecdsa.PublicKey",
            Self::Ed25519(_) => "ed25519.PublicKey",
        }
    }
}

fn rsa(parameters: &[u8], octets: &[u8]) -> Result<PublicKey> {
    if parameters != [5, 0] {
        return Err("x509: RSA key missing NULL parameters".to_owned());
    }
    let mut outer = Reader::new(octets);
    let mut key = outer.sequence("pkcs1PublicKey")?;
    let (modulus, exponent) = (key.big_integer()?, key.small_integer()?);
    outer.finish("x509: trailing data after RSA public key")?;
    if !is_positive(modulus) {
        return Err("x509: RSA modulus is not a positive number".to_owned());
    }
    let exponent = u64::try_from(exponent).ok().filter(|exponent| *exponent > 0);
    let exponent = exponent.ok_or("x509: RSA public exponent is not a positive number")?;
    Ok(PublicKey::Rsa { modulus: modulus.strip_prefix(&[0]).unwrap_or(modulus).to_vec(), exponent })
}

fn dsa(parameters: &[u8], octets: &[u8]) -> Result<()> {
    let mut key = Reader::new(octets);
    let public = key.big_integer()?;
    key.finish("x509: trailing data after DSA public key")?;
    let mut outer = Reader::new(parameters);
    let mut three = outer.sequence("dsaAlgorithmParameters")?;
    let mut positive = is_positive(public);
    for _ in 0..3 {
        positive &= is_positive(three.big_integer()?);
    }
    outer.finish("x509: trailing data after DSA parameters")?;
    if positive { Ok(()) } else { Err("x509: zero or negative DSA parameter".to_owned()) }
}

fn is_positive(integer: &[u8]) -> bool {
    integer.first().is_some_and(|first| first & 0x80 == 0) && integer.iter().any(|octet| *octet != 0)
}

fn ecdsa(parameters: &[u8], point: &[u8]) -> Result<PublicKey> {
    let mut reader = Reader::new(parameters);
    let oid = reader.oid().map_err(|_| "x509: failed to parse ECDSA parameters as named curve")?;
    reader.finish("x509: trailing data after ECDSA parameters")?;
    let (curve, size) = match oid.as_str() {
        "1.3.132.0.33" => (Curve::P224, 28),
        "1.2.840.10045.3.1.7" => (Curve::P256, 32),
        "1.3.132.0.34" => (Curve::P384, 48),
        "1.3.132.0.35" => (Curve::P521, 66),
        _ => return Err("x509: unsupported elliptic curve".to_owned()),
    };
    let on_curve = || match curve {
        Curve::P224 => p224::is_on_curve(point),
        Curve::P256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).is_ok(),
        Curve::P384 => ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point).is_ok(),
        Curve::P521 => ParsedPublicKey::new(&ECDSA_P521_SHA512_ASN1, point).is_ok(),
    };
    if point.first() != Some(&4) || point.len() != 1 + 2 * size || !on_curve() {
        return Err("x509: failed to unmarshal elliptic curve point".to_owned());
    }
    Ok(PublicKey::Ecdsa { curve, point: point.to_vec() })
}
