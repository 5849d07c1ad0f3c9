//! Signatures as `x509.checkSignature` verifies them: also those that Go still takes on requests, as SHA-1.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{self, ED25519, UnparsedPublicKey, VerificationAlgorithm};

use super::bignum::Modulus;
use super::der::{Reader, Result, SEQUENCE};
use super::key::{Curve, PublicKey};
use super::p224;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Pkcs1(Hash),
    Pss(Hash),
    Ecdsa(Hash),
    Dsa,
    Ed25519,
}

/// Go's names where a hash is refused.
enum Algorithm {
    Known(Scheme),
    Insecure(&'static str),
    Unknown,
}

/// Whether `signature` is one of `message` by the key.
pub(crate) fn check(
    oid: &str,
    parameters: &[u8],
    message: &[u8],
    signature: &[u8],
    key: Option<&PublicKey>,
    minor: u32,
) -> Result<()> {
    let unimplemented = || Err("x509: cannot verify signature: algorithm unimplemented".to_owned());
    let scheme = match algorithm(oid, parameters) {
        Algorithm::Known(scheme) => scheme,
        Algorithm::Insecure(name) => {
            return Err(format!("x509: cannot verify signature: insecure algorithm {name}"));
        }
        Algorithm::Unknown => return unimplemented(),
    };
    let Some(key) = key else { return unimplemented() };
    let holds = match (scheme, key) {
        (Scheme::Pkcs1(hash), PublicKey::Rsa { modulus, exponent }) => {
            return rsa(modulus, *exponent, signature, |encoded, _| {
                encoded == pkcs1(hash, message, encoded.len())
            });
        }
        (Scheme::Pss(hash), PublicKey::Rsa { modulus, exponent }) => {
            return rsa(modulus, *exponent, signature, |encoded, bits| pss(hash, message, encoded, bits));
        }
        (Scheme::Ecdsa(hash), PublicKey::Ecdsa { curve, point }) => {
            (ecdsa(*curve, hash, point, message, signature), "x509: ECDSA verification failure")
        }
        (Scheme::Ed25519, PublicKey::Ed25519(key)) => (
            UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
            "x509: Ed25519 verification failure",
        ),
        // Since Go 1.16 DSA is read and not verified. Kubernetes 1.20 still does; here such a signature is wrong then.
        (Scheme::Dsa, PublicKey::Dsa) if minor > 20 => return unimplemented(),
        (Scheme::Dsa, PublicKey::Dsa) => (false, "x509: DSA verification failure"),
        (scheme, key) => {
            let wants = match scheme {
                Scheme::Pkcs1(_) | Scheme::Pss(_) => "RSA",
                Scheme::Ecdsa(_) => "ECDSA",
                Scheme::Dsa => "DSA",
                Scheme::Ed25519 => "Ed25519",
            };
            return Err(format!(
                "x509: signature algorithm specifies an {wants} public key, but have public key of type {}",
                key.go_type()
            ));
        }
    };
    if holds.0 { Ok(()) } else { Err(holds.1.to_owned()) }
}

fn algorithm(oid: &str, parameters: &[u8]) -> Algorithm {
    let known = |scheme| Algorithm::Known(scheme);
    match oid {
        "1.2.840.113549.1.1.4" => Algorithm::Insecure("MD5-RSA"),
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => known(Scheme::Pkcs1(Hash::Sha1)),
        "1.2.840.113549.1.1.11" => known(Scheme::Pkcs1(Hash::Sha256)),
        "1.2.840.113549.1.1.12" => known(Scheme::Pkcs1(Hash::Sha384)),
        "1.2.840.113549.1.1.13" => known(Scheme::Pkcs1(Hash::Sha512)),
        "1.2.840.113549.1.1.10" => {
            pss_hash(parameters).map_or(Algorithm::Unknown, |hash| known(Scheme::Pss(hash)))
        }
        "1.2.840.10040.4.3" | "2.16.840.1.101.3.4.3.2" => known(Scheme::Dsa),
        "1.2.840.10045.4.1" => known(Scheme::Ecdsa(Hash::Sha1)),
        "1.2.840.10045.4.3.2" => known(Scheme::Ecdsa(Hash::Sha256)),
        "1.2.840.10045.4.3.3" => known(Scheme::Ecdsa(Hash::Sha384)),
        "1.2.840.10045.4.3.4" => known(Scheme::Ecdsa(Hash::Sha512)),
        // RFC 8410, section 3: parameters are absent.
        "1.3.101.112" if parameters.is_empty() => known(Scheme::Ed25519),
        _ => Algorithm::Unknown,
    }
}

/// The hash of PSS parameters, which have to be the usual ones: the same hash in the mask, a salt of its length.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let mut outer = Reader::new(parameters);
    let mut fields = outer.sequence("pssParameters").ok()?;
    fields.explicit(0).ok().filter(|found| *found)?;
    let (oid, null) = read_identifier(&mut fields)?;
    fields.explicit(1).ok().filter(|found| *found)?;
    let (mask_oid, mask_hash) = read_identifier(&mut fields)?;
    fields.explicit(2).ok().filter(|found| *found)?;
    let salt = fields.small_integer().ok()?;
    if fields.explicit(3).ok()? {
        fields.small_integer().ok().filter(|field| *field == 1)?;
    }
    let (inner_oid, inner_null) = read_identifier(&mut Reader::new(&mask_hash))?;
    let usual =
        null == [5, 0] && inner_null == [5, 0] && mask_oid == "1.2.840.113549.1.1.8" && inner_oid == oid;
    match (oid.as_str(), salt) {
        _ if !usual => None,
        ("2.16.840.1.101.3.4.2.1", 32) => Some(Hash::Sha256),
        ("2.16.840.1.101.3.4.2.2", 48) => Some(Hash::Sha384),
        ("2.16.840.1.101.3.4.2.3", 64) => Some(Hash::Sha512),
        _ => None,
    }
}

fn read_identifier(reader: &mut Reader<'_>) -> Option<(String, Vec<u8>)> {
    let sequence = reader.expect(SEQUENCE, "AlgorithmIdentifier").ok()?;
    let (oid, parameters) = super::request::identifier(sequence.content).ok()?;
    Some((oid, parameters.to_vec()))
}

impl Hash {
    fn of(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    /// What stands before the hash in a PKCS#1 signature: a DigestInfo up to it (RFC 8017, section 9.2).
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
            Self::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            Self::Sha384 => b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
            Self::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
        }
    }
}

/// The largest modulus that is computed with, in octets: 16,384 bits, aws-lc's own limit.
const LARGEST_MODULUS: usize = 2048;

fn rsa(modulus: &[u8], exponent: u64, signature: &[u8], holds: impl Fn(&[u8], usize) -> bool) -> Result<()> {
    let recovered = Some(modulus)
        .filter(|octets| octets.len() <= LARGEST_MODULUS && exponent <= 0x7fff_ffff)
        .and_then(|octets| {
            let modulus = Modulus::new(octets)?;
            let signature = modulus.number(signature)?;
            Some((modulus.octets(&modulus.pow(&signature, &exponent.to_be_bytes())), modulus.bits()))
        });
    match recovered {
        Some((encoded, bits)) if holds(&encoded, bits) => Ok(()),
        _ => Err("crypto/rsa: verification error".to_owned()),
    }
}

/// EMSA-PKCS1-v1_5; empty where it does not fit.
fn pkcs1(hash: Hash, message: &[u8], size: usize) -> Vec<u8> {
    let info = [hash.prefix(), &hash.of(message)].concat();
    let Some(padding) = size.checked_sub(info.len() + 3).filter(|padding| *padding >= 8) else {
        return Vec::new();
    };
    [&[0, 1][..], &vec![0xff; padding], &[0], &info].concat()
}

/// EMSA-PSS with a salt as long as the hash (RFC 8017, section 9.1.2).
fn pss(hash: Hash, message: &[u8], encoded: &[u8], modulus_bits: usize) -> bool {
    let bits = modulus_bits.saturating_sub(1);
    let size = bits.div_ceil(8);
    let Some(encoded) = encoded.get(encoded.len().saturating_sub(size)..) else { return false };
    let digest = hash.of(message);
    let Some((masked, tail)) = size.checked_sub(digest.len() + 1).and_then(|at| encoded.split_at_checked(at))
    else {
        return false;
    };
    let Some((0xbc, inner)) = tail.split_last() else { return false };
    let unused = 8 * size - bits;
    let mask: Vec<u8> = (0_u32..)
        .flat_map(|counter| hash.of(&[inner, &counter.to_be_bytes()].concat()))
        .take(masked.len())
        .collect();
    let mut data: Vec<u8> = masked.iter().zip(&mask).map(|(a, b)| a ^ b).collect();
    if let (Some(first), Some(masked)) = (data.first_mut(), masked.first()) {
        if u16::from(*masked) >> (8 - unused) != 0 {
            return false;
        }
        *first &= 0xff >> unused;
    }
    let Some((padding, salt)) = data.len().checked_sub(digest.len()).and_then(|at| data.split_at_checked(at))
    else {
        return false;
    };
    let zeros_and_one =
        padding.split_last().is_some_and(|(last, zeros)| *last == 1 && zeros.iter().all(|octet| *octet == 0));
    zeros_and_one && hash.of(&[&[0; 8], &digest[..], salt].concat()) == inner
}

fn ecdsa(curve: Curve, hash: Hash, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let algorithm: &'static dyn VerificationAlgorithm = match (curve, hash) {
        (Curve::P224, _) => return p224::verify(point, &hash.of(message), signature),
        (Curve::P256, Hash::Sha1) => &signature::ECDSA_P256_SHA1_ASN1,
        (Curve::P256, Hash::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &signature::ECDSA_P256_SHA512_ASN1,
        // aws-lc-rs has no such pair, and nobody signs so.
        (Curve::P384, Hash::Sha1) => return false,
        (Curve::P384, Hash::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &signature::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha1) => &signature::ECDSA_P521_SHA1_ASN1,
        (Curve::P521, Hash::Sha256) => &signature::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &signature::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &signature::ECDSA_P521_SHA512_ASN1,
    };
    UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
}
