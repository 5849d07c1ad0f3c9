//! Signing in two phases: the bytes to be signed, and the certificate with their signature.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};

use super::certificate::is_signature_of;
use super::{Certificate, Issuer, KeyAlgorithm, PkiError, PrivateKey, encode};

/// How a certificate is signed.
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

/// A private key that signs and does not have to be here: one in a KMS or an HSM, or a [`PrivateKey`].
///
/// ```
/// use kboot_core::pki::{KeyAlgorithm, PrivateKey, SigningError, SigningKey};
/// # fn ask_the_vault(_: &[u8]) -> Result<Vec<u8>, std::io::Error> { Err(std::io::Error::other("the vault is sealed")) }
/// struct Vault { public_key: Vec<u8> }
/// impl SigningKey for Vault {
///     fn algorithm(&self) -> KeyAlgorithm { KeyAlgorithm::EcdsaP256 }
///     fn public_key_der(&self) -> &[u8] { &self.public_key }
///     fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
///         ask_the_vault(message).map_err(SigningError::new)
///     }
/// }
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let error = Vault { public_key: key.public_key_der().to_vec() }.sign(b"").unwrap_err();
/// # assert_eq!(error.to_string(), "the signing key made no signature: the vault is sealed");
/// # Ok::<(), kboot_core::pki::PkiError>(())
/// ```
pub trait SigningKey {
    /// The algorithm and size.
    fn algorithm(&self) -> KeyAlgorithm;

    /// The public half as a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    fn public_key_der(&self) -> &[u8];

    /// The signature over the message, which is not hashed yet, by [`KeyAlgorithm::signature`].
    ///
    /// # Errors
    /// [`SigningError`] where the key cannot be reached or refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError>;
}

impl SigningKey for PrivateKey {
    fn algorithm(&self) -> KeyAlgorithm {
        Self::algorithm(self)
    }

    fn public_key_der(&self) -> &[u8] {
        Self::public_key_der(self)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        Self::sign(self, message).map_err(SigningError::new)
    }
}

/// Why a [`SigningKey`] made no signature, in its own words.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the signing key made no signature: {source}")]
pub struct SigningError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl SigningError {
    /// Takes an error or a text.
    #[must_use]
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Arc::from(cause.into()) }
    }
}

/// Equal where one is the other's clone: two causes of unknown types cannot be compared.
impl PartialEq for SigningError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }
}

impl Eq for SigningError {}

/// A certificate that lacks nothing but its signature.
///
/// ```
/// use kboot_core::{Env, pki::{CertificateAuthority, CertificateTemplate, Issuer, KeyAlgorithm, PrivateKey, SigningKey}};
/// # let mut env = Env::system();
/// # let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
/// # let (certificate, far_away) = (authority.certificate().clone(), authority.key());
/// let issuer = Issuer::load(certificate, env.now())?;
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let template = CertificateTemplate::client("jane".parse()?).group("dev".parse()?);
/// let prepared = issuer.prepare(&template, key.public_key_der(), "1y".parse()?, &mut env)?;
/// println!("to be signed: {}", prepared.signature_algorithm());
/// let signature = SigningKey::sign(far_away, prepared.to_be_signed()).map_err(kboot_core::pki::PkiError::from)?;
/// let certificate = prepared.assemble(&signature)?;
/// assert!(certificate.is_signed_by(issuer.certificate())?);
/// # Ok::<(), kboot_core::Error>(())
/// ```
pub struct Prepared<'a> {
    issuer: &'a Issuer,
    tbs: Vec<u8>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(issuer: &'a Issuer, tbs: Vec<u8>) -> Self {
        Self { issuer, tbs }
    }

    /// The bytes to be signed: the DER of the TBSCertificate (RFC 5280, 4.1.1.3), not hashed.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.tbs
    }

    /// How they are to be signed.
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.issuer.algorithm().signature()
    }

    /// The certificate with this signature, which must be the issuer's.
    ///
    /// # Errors
    /// [`PkiError::WrongSignature`] where the issuer's key did not sign these bytes.
    pub fn assemble(self, signature: &[u8]) -> Result<Certificate, PkiError> {
        let algorithm = self.issuer.algorithm();
        let is_right = SubjectPublicKeyInfo::from_der(self.issuer.public_key_der()).is_ok_and(|(_, key)| {
            is_signature_of(&key, &algorithm.signature_oid().to_string(), &self.tbs, signature)
        });
        if !is_right {
            let (subject, expected) =
                (self.issuer.certificate().facts()?.subject, self.signature_algorithm());
            return Err(PkiError::WrongSignature { subject, expected });
        }
        self.with_signature(signature)
    }

    /// Has the bytes signed and checks the signature.
    ///
    /// # Errors
    /// [`PkiError::KeyMismatch`] where the key is not the issuer's, [`PkiError::SigningKey`] where it made
    /// no signature, [`PkiError::WrongSignature`] where it made a wrong one.
    pub fn sign_with(self, key: &dyn SigningKey) -> Result<Certificate, PkiError> {
        self.check_key(key.public_key_der(), key.algorithm())?;
        let signature = key.sign(&self.tbs)?;
        self.assemble(&signature)
    }

    /// The same for a key in this process, whose signatures need no check.
    pub(super) fn sign_here(self, key: &PrivateKey) -> Result<Certificate, PkiError> {
        let signature = key.sign(&self.tbs)?;
        self.with_signature(&signature)
    }

    fn check_key(&self, public_key_der: &[u8], algorithm: KeyAlgorithm) -> Result<(), PkiError> {
        if public_key_der != self.issuer.public_key_der() || algorithm != self.issuer.algorithm() {
            return Err(PkiError::KeyMismatch { subject: self.issuer.certificate().facts()?.subject });
        }
        Ok(())
    }

    fn with_signature(self, signature: &[u8]) -> Result<Certificate, PkiError> {
        let der = encode::signed(&self.tbs, self.issuer.algorithm(), signature)?;
        Ok(Certificate::from_encoder(der))
    }
}

impl fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({} bytes for {:?})", self.tbs.len(), self.issuer)
    }
}
