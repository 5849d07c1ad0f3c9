//! Private keys: made, read in every form that is about, written as kubeadm does and as everybody reads.

use std::fmt;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair, RSA_PKCS1_SHA256,
};
use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::{Decode, Encode};
use rustls_pki_types::pem::SectionKind;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_cert::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use zeroize::Zeroizing;

use super::oid::ID_EC_PUBLIC_KEY;
use super::{KeyAlgorithm, PublicKey, X509Error, pem};
use crate::secret::{SecretBytes, SecretText};

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A private key.
///
/// There is no `Clone`, `Display` or serialization: the ways out are [`PrivateKey::to_pem`] as kubeadm writes
/// keys, and [`PrivateKey::to_pkcs8_pem`] and [`PrivateKey::to_pkcs8_der`] for readers of PKCS#8 alone.
///
/// ```
/// use kboot_core::x509::{KeyAlgorithm, PrivateKey};
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let again = PrivateKey::from_pem(key.to_pem()?.expose_secret().as_bytes())?;
/// assert_eq!(key.public_key(), again.public_key());
/// # Ok::<(), kboot_core::x509::X509Error>(())
/// ```
pub struct PrivateKey {
    pair: Pair,
    algorithm: KeyAlgorithm,
    public: PublicKey,
}

impl PrivateKey {
    /// Makes a new key with the operating system's randomness.
    ///
    /// # Errors
    /// [`X509Error::KeyGeneration`] where the cryptographic library fails.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, X509Error> {
        let failed = |_| X509Error::KeyGeneration;
        let ecdsa = |curve| EcdsaKeyPair::generate(curve).map(Pair::Ecdsa).map_err(failed);
        let rsa = |size| RsaKeyPair::generate(size).map(Pair::Rsa).map_err(failed);
        let pair = match algorithm {
            KeyAlgorithm::EcdsaP256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
            KeyAlgorithm::EcdsaP384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING)?,
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048)?,
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072)?,
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096)?,
        };
        Self::of(pair, algorithm)
    }

    fn of(pair: Pair, algorithm: KeyAlgorithm) -> Result<Self, X509Error> {
        let public = match &pair {
            Pair::Ecdsa(pair) => ecdsa_public_key(pair, algorithm).ok(),
            Pair::Rsa(pair) => AsDer::as_der(pair.public_key()).ok().map(|der| der.as_ref().to_vec()),
        };
        let public = public.and_then(|der| PublicKey::from_der(&der).ok());
        Ok(Self { pair, algorithm, public: public.ok_or(X509Error::KeyGeneration)? })
    }

    /// Reads the first private key of a PEM text: PKCS#1 (`RSA PRIVATE KEY`), SEC1 (`EC PRIVATE KEY`)
    /// or PKCS#8 (`PRIVATE KEY`). An `EC PARAMETERS` block before it, as openssl writes it, is skipped.
    ///
    /// # Errors
    /// [`X509Error::NoKey`] without such a block, [`X509Error::UnsupportedKey`] for a key that is not
    /// ECDSA P-256 or P-384 or RSA with 2048, 3072 or 4096 bits. No error shows any of the key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, X509Error> {
        let (kind, der) = pem::sections(pem)?
            .into_iter()
            .find(|(kind, _)| {
                matches!(
                    kind,
                    SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey | SectionKind::PrivateKey
                )
            })
            .ok_or(X509Error::NoKey)?;
        Self::from_section(kind, &der)
    }

    /// Reads a private key in DER: PKCS#8 (RFC 5208), SEC1 (RFC 5915) or PKCS#1 (RFC 8017, A.1.2).
    ///
    /// ```
    /// use kboot_core::x509::{KeyAlgorithm, PrivateKey};
    /// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// let again = PrivateKey::from_der(key.to_pkcs8_der()?.expose_secret())?;
    /// assert_eq!(key.public_key(), again.public_key());
    /// # Ok::<(), kboot_core::x509::X509Error>(())
    /// ```
    ///
    /// # Errors
    /// [`X509Error::UnsupportedKey`] for anything else, for a key that is not ECDSA P-256 or P-384 or RSA with
    /// 2048, 3072 or 4096 bits, and for one with bytes after it. The error shows nothing of the key.
    pub fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        // aws-lc reads over bytes that follow a key of an elliptic curve.
        AnyRef::from_der(der).map_err(|_| X509Error::UnsupportedKey)?;
        let kind = match PrivateKeyDer::try_from(der) {
            Ok(PrivateKeyDer::Pkcs1(_)) => SectionKind::RsaPrivateKey,
            Ok(PrivateKeyDer::Sec1(_)) => SectionKind::EcPrivateKey,
            Ok(PrivateKeyDer::Pkcs8(_)) => SectionKind::PrivateKey,
            _ => return Err(X509Error::UnsupportedKey),
        };
        Self::from_section(kind, der)
    }

    /// Reads the content of one PEM block of these kinds.
    pub(crate) fn from_section(kind: SectionKind, der: &[u8]) -> Result<Self, X509Error> {
        let ecdsa = || {
            [
                (&ECDSA_P256_SHA256_ASN1_SIGNING, KeyAlgorithm::EcdsaP256),
                (&ECDSA_P384_SHA384_ASN1_SIGNING, KeyAlgorithm::EcdsaP384),
            ]
            .into_iter()
            .find_map(|(curve, algorithm): (&'static EcdsaSigningAlgorithm, _)| {
                Some((Pair::Ecdsa(EcdsaKeyPair::from_private_key_der(curve, der).ok()?), algorithm))
            })
        };
        let rsa = |pair: RsaKeyPair| {
            let algorithm = match pair.public_modulus_len() {
                256 => KeyAlgorithm::Rsa2048,
                384 => KeyAlgorithm::Rsa3072,
                512 => KeyAlgorithm::Rsa4096,
                _ => return None,
            };
            Some((Pair::Rsa(pair), algorithm))
        };
        let found = match kind {
            SectionKind::RsaPrivateKey => RsaKeyPair::from_der(der).ok().and_then(rsa),
            SectionKind::EcPrivateKey => ecdsa(),
            _ => ecdsa().or_else(|| RsaKeyPair::from_pkcs8(der).ok().and_then(rsa)),
        };
        let (pair, algorithm) = found.ok_or(X509Error::UnsupportedKey)?;
        Self::of(pair, algorithm)
    }

    /// The key in PEM: `EC PRIVATE KEY` (SEC1) or `RSA PRIVATE KEY` (PKCS#1).
    ///
    /// # Errors
    /// [`X509Error::Encoding`] where the cryptographic library fails.
    pub fn to_pem(&self) -> Result<SecretText, X509Error> {
        let mut text = match &self.pair {
            Pair::Ecdsa(pair) => {
                let curve = sec1::EcParameters::NamedCurve(self.algorithm.curve());
                pem::write("EC PRIVATE KEY", &sec1(pair, Some(curve)).ok_or_else(unencodable)?)
            }
            Pair::Rsa(pair) => {
                let pkcs8 = rsa_pkcs8(pair)?;
                let info = pkcs8::PrivateKeyInfoRef::try_from(pkcs8.as_ref()).map_err(|_| unencodable())?;
                pem::write("RSA PRIVATE KEY", info.private_key.as_bytes())
            }
        };
        Ok(SecretText::new(std::mem::take(&mut *text)))
    }

    /// The key as PKCS#8 in DER (RFC 5208), byte for byte what openssl and Go write.
    ///
    /// # Errors
    /// [`X509Error::Encoding`] where the cryptographic library fails.
    pub fn to_pkcs8_der(&self) -> Result<SecretBytes, X509Error> {
        let mut der = self.pkcs8()?;
        Ok(SecretBytes::new(std::mem::take(&mut *der)))
    }

    /// The key as PKCS#8 in PEM: `PRIVATE KEY` (RFC 7468, 10).
    ///
    /// ```
    /// use kboot_core::x509::{KeyAlgorithm, PrivateKey};
    /// let pem = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?.to_pkcs8_pem()?;
    /// assert!(pem.expose_secret().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    /// # Ok::<(), kboot_core::x509::X509Error>(())
    /// ```
    ///
    /// # Errors
    /// [`X509Error::Encoding`] where the cryptographic library fails.
    pub fn to_pkcs8_pem(&self) -> Result<SecretText, X509Error> {
        let mut text = pem::write("PRIVATE KEY", &self.pkcs8()?);
        Ok(SecretText::new(std::mem::take(&mut *text)))
    }

    fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, X509Error> {
        match &self.pair {
            // The curve stands in the algorithm, and then not in the key (RFC 5915, 3, as openssl and Go read it).
            Pair::Ecdsa(pair) => {
                let key = sec1(pair, None).ok_or_else(unencodable)?;
                let curve = self.algorithm.curve();
                let algorithm =
                    AlgorithmIdentifier { oid: ID_EC_PUBLIC_KEY, parameters: Some(AnyRef::from(&curve)) };
                let key = OctetStringRef::new(&key).map_err(|_| unencodable())?;
                let info = pkcs8::PrivateKeyInfoRef::new(algorithm, key);
                info.to_der().map(Zeroizing::new).map_err(|_| unencodable())
            }
            Pair::Rsa(pair) => Ok(Zeroizing::new(rsa_pkcs8(pair)?.as_ref().to_vec())),
        }
    }

    /// The algorithm and size.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The public half as PEM `PUBLIC KEY` (RFC 7468, 13).
    #[must_use]
    pub fn public_key_pem(&self) -> String {
        std::mem::take(&mut *pem::write("PUBLIC KEY", self.public.der()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, X509Error> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| X509Error::Signing),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| X509Error::Signing)?;
                Ok(signature)
            }
        }
    }
}

/// PKCS#8, which everybody who takes a `PrivateKeyDer` reads. Only whoever gets it can overwrite it.
///
/// ```
/// use kboot_core::x509::{KeyAlgorithm, PrivateKey};
/// use rustls_pki_types::PrivateKeyDer;
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let der = PrivateKeyDer::try_from(&key)?;
/// assert_eq!(PrivateKey::try_from(&der)?.public_key(), key.public_key());
/// # Ok::<(), kboot_core::x509::X509Error>(())
/// ```
impl TryFrom<&PrivateKey> for PrivateKeyDer<'static> {
    type Error = X509Error;

    /// # Errors
    /// As [`PrivateKey::to_pkcs8_der`].
    fn try_from(key: &PrivateKey) -> Result<Self, X509Error> {
        let mut der = key.pkcs8()?;
        Ok(PrivatePkcs8KeyDer::from(std::mem::take(&mut *der)).into())
    }
}

impl TryFrom<&PrivateKeyDer<'_>> for PrivateKey {
    type Error = X509Error;

    /// # Errors
    /// As [`PrivateKey::from_der`].
    fn try_from(key: &PrivateKeyDer<'_>) -> Result<Self, X509Error> {
        Self::from_der(key.secret_der())
    }
}

/// aws-lc's own encoder computes the public point again; this takes the one that is there.
fn sec1(pair: &EcdsaKeyPair, parameters: Option<sec1::EcParameters>) -> Option<Zeroizing<Vec<u8>>> {
    let private = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&pair.private_key()).ok()?;
    let public_key = Some(pair.public_key().as_ref());
    let key = sec1::EcPrivateKey { private_key: private.as_ref(), parameters, public_key };
    key.to_der().ok().map(Zeroizing::new)
}

fn rsa_pkcs8(pair: &RsaKeyPair) -> Result<Pkcs8V1Der<'static>, X509Error> {
    AsDer::as_der(pair).map_err(|_| unencodable())
}

fn unencodable() -> X509Error {
    X509Error::Encoding { what: "private key" }
}

/// The SubjectPublicKeyInfo (RFC 5480, 2) of the point that the pair holds already.
fn ecdsa_public_key(pair: &EcdsaKeyPair, algorithm: KeyAlgorithm) -> der::Result<Vec<u8>> {
    let curve = algorithm.curve();
    SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier { oid: ID_EC_PUBLIC_KEY, parameters: Some(AnyRef::from(&curve)) },
        subject_public_key: BitStringRef::from_bytes(pair.public_key().as_ref())?,
    }
    .to_der()
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pair: _, algorithm, public: _ } = self;
        write!(f, "PrivateKey({algorithm}, [redacted])")
    }
}
