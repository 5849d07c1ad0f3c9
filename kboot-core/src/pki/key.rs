//! Private keys: made, read in every form that upstream reads, written as upstream writes them.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair, RSA_PKCS1_SHA256,
};
use der::Encode;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use rustls_pki_types::pem::SectionKind;
use x509_cert::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use zeroize::Zeroizing;

use super::PkiError;
use super::pem;
use super::signing::SignatureAlgorithm;
use crate::secret::SecretText;

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
    /// Every algorithm, with the name that the cluster file has for it.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::EcdsaP256, "ecdsa-p256"),
        (Self::EcdsaP384, "ecdsa-p384"),
        (Self::Rsa2048, "rsa-2048"),
        (Self::Rsa3072, "rsa-3072"),
        (Self::Rsa4096, "rsa-4096"),
    ];

    pub(super) fn signature_oid(self) -> ObjectIdentifier {
        // RFC 5758, 3.2 and RFC 4055, 5
        const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
        const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
        const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
        match self.signature() {
            SignatureAlgorithm::EcdsaSha256 => ECDSA_SHA256,
            SignatureAlgorithm::EcdsaSha384 => ECDSA_SHA384,
            SignatureAlgorithm::RsaSha256 => RSA_SHA256,
        }
    }

    /// The curve of an ECDSA key (RFC 5480, 2.1.1.1).
    fn curve(self) -> ObjectIdentifier {
        const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
        const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
        if self == Self::EcdsaP384 { P384 } else { P256 }
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

    /// What a SubjectPublicKeyInfo in DER is the key of; none for kinds and sizes not listed here.
    pub(super) fn of_public_key(der: &[u8]) -> Option<Self> {
        let (rest, key) = x509_parser::prelude::SubjectPublicKeyInfo::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        match key.parsed().ok()? {
            PublicKey::RSA(rsa) => match rsa.key_size() {
                2048 => Some(Self::Rsa2048),
                3072 => Some(Self::Rsa3072),
                4096 => Some(Self::Rsa4096),
                _ => None,
            },
            PublicKey::EC(_) => {
                let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string();
                let is_curve = |algorithm: &Self| algorithm.curve().to_string() == curve;
                [Self::EcdsaP256, Self::EcdsaP384].into_iter().find(is_curve)
            }
            _ => None,
        }
    }

    pub(super) fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(algorithm, _)| algorithm == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for KeyAlgorithm {
    type Err = PkiError;
    fn from_str(text: &str) -> Result<Self, PkiError> {
        let found = Self::ALL.into_iter().find(|(_, name)| *name == text);
        found
            .map(|(algorithm, _)| algorithm)
            .ok_or_else(|| PkiError::UnknownKeyAlgorithm { value: text.chars().take(64).collect() })
    }
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A private key.
///
/// There is no `Clone`, `Display` or serialization: [`PrivateKey::to_pem`] is the one way out.
///
/// ```
/// use kboot_core::pki::{KeyAlgorithm, PrivateKey};
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let again = PrivateKey::from_pem(key.to_pem()?.expose_secret().as_bytes())?;
/// assert_eq!(key.public_key_der(), again.public_key_der());
/// # Ok::<(), kboot_core::pki::PkiError>(())
/// ```
pub struct PrivateKey {
    pair: Pair,
    algorithm: KeyAlgorithm,
    public: Vec<u8>,
}

impl PrivateKey {
    /// Makes a new key with the operating system's randomness.
    ///
    /// # Errors
    /// [`PkiError::KeyGeneration`] where the cryptographic library fails.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, PkiError> {
        let failed = |_| PkiError::KeyGeneration;
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

    fn of(pair: Pair, algorithm: KeyAlgorithm) -> Result<Self, PkiError> {
        let public = match &pair {
            Pair::Ecdsa(pair) => ecdsa_public_key(pair, algorithm).ok(),
            Pair::Rsa(pair) => AsDer::as_der(pair.public_key()).ok().map(|der| der.as_ref().to_vec()),
        };
        Ok(Self { pair, algorithm, public: public.ok_or(PkiError::KeyGeneration)? })
    }

    /// Reads the first private key of a PEM text: PKCS#1 (`RSA PRIVATE KEY`), SEC1 (`EC PRIVATE KEY`)
    /// or PKCS#8 (`PRIVATE KEY`). An `EC PARAMETERS` block before it, as openssl writes it, is skipped.
    ///
    /// # Errors
    /// [`PkiError::NoKey`] without such a block, [`PkiError::UnsupportedKey`] for a key that is not
    /// ECDSA P-256 or P-384 or RSA with 2048, 3072 or 4096 bits. No error shows any of the key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, PkiError> {
        let (kind, der) = pem::sections(pem)?
            .into_iter()
            .find(|(kind, _)| {
                matches!(
                    kind,
                    SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey | SectionKind::PrivateKey
                )
            })
            .ok_or(PkiError::NoKey)?;
        Self::from_section(kind, &der)
    }

    /// Reads the content of one PEM block of these kinds.
    pub(crate) fn from_section(kind: SectionKind, der: &[u8]) -> Result<Self, PkiError> {
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
        let (pair, algorithm) = found.ok_or(PkiError::UnsupportedKey)?;
        Self::of(pair, algorithm)
    }

    /// The key in upstream's PEM form: `EC PRIVATE KEY` (SEC1) or `RSA PRIVATE KEY` (PKCS#1).
    ///
    /// # Errors
    /// [`PkiError::Encoding`] where the cryptographic library fails.
    pub fn to_pem(&self) -> Result<SecretText, PkiError> {
        let failed = || PkiError::Encoding { what: "private key" };
        let mut text = match &self.pair {
            Pair::Ecdsa(pair) => pem::write("EC PRIVATE KEY", &self.sec1(pair).ok_or_else(failed)?),
            Pair::Rsa(pair) => {
                let pkcs8 = AsDer::as_der(pair).map_err(|_| failed())?;
                let info = pkcs8::PrivateKeyInfoRef::try_from(pkcs8.as_ref()).map_err(|_| failed())?;
                pem::write("RSA PRIVATE KEY", info.private_key.as_bytes())
            }
        };
        Ok(SecretText::new(std::mem::take(&mut *text)))
    }

    /// aws-lc's own encoder computes the public point again; this takes the one that is there.
    fn sec1(&self, pair: &EcdsaKeyPair) -> Option<Zeroizing<Vec<u8>>> {
        let private = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&pair.private_key()).ok()?;
        let key = sec1::EcPrivateKey {
            private_key: private.as_ref(),
            parameters: Some(sec1::EcParameters::NamedCurve(self.algorithm.curve())),
            public_key: Some(pair.public_key().as_ref()),
        };
        key.to_der().ok().map(Zeroizing::new)
    }

    /// The algorithm and size.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The public half as a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public
    }

    /// The public half as PEM `PUBLIC KEY`, as upstream writes `sa.pub`.
    #[must_use]
    pub fn public_key_pem(&self) -> String {
        std::mem::take(&mut *pem::write("PUBLIC KEY", &self.public))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| PkiError::Signing),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| PkiError::Signing)?;
                Ok(signature)
            }
        }
    }
}

/// The SubjectPublicKeyInfo (RFC 5480, 2) of the point that the pair holds already.
fn ecdsa_public_key(pair: &EcdsaKeyPair, algorithm: KeyAlgorithm) -> der::Result<Vec<u8>> {
    const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    let curve = algorithm.curve();
    SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier { oid: EC_PUBLIC_KEY, parameters: Some(AnyRef::from(&curve)) },
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
