//! Signing in two phases: the bytes to be signed, and the certificate with their signature.

use std::fmt;

use super::{
    Certificate, KeyAlgorithm, PrivateKey, PublicKey, SignatureAlgorithm, SignatureCheck, SigningError,
    X509Error, encode,
};

/// A private key that signs and does not have to be here: one in a KMS or an HSM, or a [`PrivateKey`].
///
/// ```
/// use kboot_core::x509::{KeyAlgorithm, PrivateKey, PublicKey, SigningError, SigningKey};
/// # fn ask_the_vault(_: &[u8]) -> Result<Vec<u8>, std::io::Error> { Err(std::io::Error::other("the vault is sealed")) }
/// struct Vault { public_key: PublicKey }
/// impl SigningKey for Vault {
///     fn algorithm(&self) -> KeyAlgorithm { KeyAlgorithm::EcdsaP256 }
///     fn public_key(&self) -> &PublicKey { &self.public_key }
///     fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
///         ask_the_vault(message).map_err(SigningError::new)
///     }
/// }
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let error = Vault { public_key: key.public_key().clone() }.sign(b"").unwrap_err();
/// # assert_eq!(error.to_string(), "the signing key made no signature");
/// # assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the vault is sealed");
/// # Ok::<(), kboot_core::x509::X509Error>(())
/// ```
pub trait SigningKey {
    /// The algorithm and size.
    fn algorithm(&self) -> KeyAlgorithm;

    /// The public half.
    fn public_key(&self) -> &PublicKey;

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

    fn public_key(&self) -> &PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        Self::sign(self, message).map_err(SigningError::new)
    }
}

/// A certificate that lacks nothing but its signature.
///
/// ```
/// use kboot_core::{Env, pki::{CertificateAuthority, CertificateTemplate, Issuer}};
/// use kboot_core::x509::{KeyAlgorithm, PrivateKey, SigningKey, X509Error};
/// # let mut env = Env::system();
/// # let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
/// # let (certificate, far_away) = (authority.certificate().clone(), authority.key());
/// let issuer = Issuer::load(certificate, env.now())?;
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let template = CertificateTemplate::client("jane".parse()?).with_group("dev".parse()?);
/// let unsigned = issuer.prepare(&template, key.public_key(), "1y".parse()?, &mut env)?;
/// println!("to be signed: {}", unsigned.signature_algorithm());
/// let signature = SigningKey::sign(far_away, unsigned.to_be_signed()).map_err(X509Error::from)?;
/// let certificate = unsigned.assemble(&signature)?;
/// assert!(certificate.is_signed_by(issuer.certificate()));
/// # Ok::<(), kboot_core::Error>(())
/// ```
pub struct UnsignedCertificate<'a> {
    issuer: &'a Certificate,
    algorithm: KeyAlgorithm,
    tbs: Vec<u8>,
}

impl<'a> UnsignedCertificate<'a> {
    /// A TBSCertificate in DER, and its issuer with the kind of the issuer's key.
    pub(crate) fn new(issuer: &'a Certificate, algorithm: KeyAlgorithm, tbs: Vec<u8>) -> Self {
        Self { issuer, algorithm, tbs }
    }

    /// The bytes to be signed: the DER of the TBSCertificate (RFC 5280, 4.1.1.3), not hashed.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.tbs
    }

    /// The algorithm by which the bytes are to be signed.
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.algorithm.signature()
    }

    /// The certificate with this signature, which must be the issuer's.
    ///
    /// # Errors
    /// [`X509Error::WrongSignature`] where the issuer's key did not sign these bytes.
    pub fn assemble(self, signature: &[u8]) -> Result<Certificate, X509Error> {
        let (issuer, expected) = (self.issuer.facts(), self.signature_algorithm());
        let check = issuer.public_key.check_signature(expected.oid(), None, &self.tbs, signature);
        if check != SignatureCheck::Valid {
            return Err(X509Error::WrongSignature { subject: issuer.subject.clone(), expected });
        }
        self.with_signature(signature)
    }

    /// Has the bytes signed and checks the signature.
    ///
    /// # Errors
    /// [`X509Error::KeyMismatch`] where the key is not the issuer's, [`X509Error::SigningKey`] where it made
    /// no signature, [`X509Error::WrongSignature`] where it made a wrong one.
    pub fn sign_with(self, key: &dyn SigningKey) -> Result<Certificate, X509Error> {
        let issuer = self.issuer.facts();
        if *key.public_key() != issuer.public_key || key.algorithm() != self.algorithm {
            return Err(X509Error::KeyMismatch { subject: issuer.subject.clone() });
        }
        let signature = key.sign(&self.tbs)?;
        self.assemble(&signature)
    }

    /// The certificate signed by the issuer's key in this process, whose signatures need no check.
    pub(crate) fn sign_here(self, key: &PrivateKey) -> Result<Certificate, X509Error> {
        let signature = key.sign(&self.tbs)?;
        self.with_signature(&signature)
    }

    fn with_signature(self, signature: &[u8]) -> Result<Certificate, X509Error> {
        let der = encode::signed(&self.tbs, self.algorithm.signature(), signature)?;
        Ok(Certificate::from_encoder(der))
    }
}

impl fmt::Debug for UnsignedCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnsignedCertificate({} bytes for {:?})", self.tbs.len(), self.issuer)
    }
}
