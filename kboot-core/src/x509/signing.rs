//! Signing in two phases: the bytes to be signed, and the certificate with their signature.

use std::fmt;
use std::sync::Arc;

use super::{
    Certificate, KeyAlgorithm, MessageDigest, PrivateKey, PublicKey, SignatureAlgorithm, SignatureCheck,
    SigningError, X509Error, encode,
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

    /// The signature over the message, which is not hashed yet, by [`KeyAlgorithm::signature`]; where the service wants
    /// a digest, [`SignatureAlgorithm::digest`] makes it.
    ///
    /// # Errors
    /// [`SigningError`] where the key cannot be reached or refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError>;
}

/// A [`SigningKey`] whose signatures are waited for: one in a KMS that is called over a network.
///
/// Its futures run on any executor. It is no `dyn` type, and nothing here needs one: who chooses among services at
/// run time writes an enum of them.
///
/// ```
/// use kboot_core::x509::{AsyncSigningKey, KeyAlgorithm, MessageDigest, PublicKey, SigningError};
/// # #[derive(Debug, Clone, Copy)] struct Sealed;
/// # impl std::fmt::Display for Sealed { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("sealed") } }
/// # impl std::error::Error for Sealed {}
/// # struct Client;
/// # impl Client { async fn sign_digest(&self, _: &str, _: &MessageDigest) -> Result<Vec<u8>, Sealed> { Err(Sealed) } }
/// struct Kms { client: Client, name: String, algorithm: KeyAlgorithm, public_key: PublicKey }
/// impl AsyncSigningKey for Kms {
///     fn algorithm(&self) -> KeyAlgorithm { self.algorithm }
///     fn public_key(&self) -> &PublicKey { &self.public_key }
///     async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
///         let digest = self.algorithm.signature().digest(message);
///         self.client.sign_digest(&self.name, &digest).await.map_err(SigningError::new)
///     }
/// }
/// ```
pub trait AsyncSigningKey {
    /// The algorithm and size; [`KeyAlgorithm::of_public_key`] says it.
    fn algorithm(&self) -> KeyAlgorithm;

    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// What [`SigningKey::sign`] gives, once it is there.
    ///
    /// # Errors
    /// [`SigningError`] where the key cannot be reached or refuses.
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Vec<u8>, SigningError>> + Send;
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

/// Whose signature a certificate wants.
#[derive(Debug)]
pub(crate) struct Signatory {
    pub(crate) subject: String,
    pub(crate) public_key: PublicKey,
    pub(crate) algorithm: KeyAlgorithm,
}

/// A certificate that lacks nothing but its signature. It borrows nothing, so it may be signed on another thread or in
/// a task of its own, and a failure to sign leaves it as it was.
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
pub struct UnsignedCertificate {
    issuer: Arc<Signatory>,
    tbs: Vec<u8>,
}

impl UnsignedCertificate {
    /// A TBSCertificate in DER.
    pub(crate) fn new(issuer: &Arc<Signatory>, tbs: Vec<u8>) -> Self {
        Self { issuer: Arc::clone(issuer), tbs }
    }

    /// The bytes to be signed: the DER of the TBSCertificate (RFC 5280, 4.1.1.3), not hashed.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.tbs
    }

    /// The algorithm by which the bytes are to be signed.
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.issuer.algorithm.signature()
    }

    /// The digest of the bytes to be signed, for a KMS that signs digests, by the hash of
    /// [`UnsignedCertificate::signature_algorithm`].
    ///
    /// ```
    /// # use kboot_core::{Env, pki::{CertificateAuthority, CertificateTemplate}, x509::{DigestAlgorithm, KeyAlgorithm, PrivateKey}};
    /// # let mut env = Env::system();
    /// # let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
    /// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// # let template = CertificateTemplate::client("jane".parse()?);
    /// # let (issuer, key) = (authority.issuer(), key.public_key());
    /// let digest = issuer.prepare(&template, key, "1y".parse()?, &mut env)?.digest();
    /// assert_eq!(digest.algorithm(), DigestAlgorithm::Sha256);
    /// assert_eq!(digest.as_bytes().len(), 32);
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    #[must_use]
    pub fn digest(&self) -> MessageDigest {
        self.signature_algorithm().digest(&self.tbs)
    }

    /// The certificate with this signature, which must be the issuer's.
    ///
    /// # Errors
    /// [`X509Error::WrongSignature`] where the issuer's key did not sign these bytes.
    pub fn assemble(&self, signature: &[u8]) -> Result<Certificate, X509Error> {
        let (issuer, expected) = (&self.issuer, self.signature_algorithm());
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
    pub fn sign_with(&self, key: &dyn SigningKey) -> Result<Certificate, X509Error> {
        self.issuer.check_key(key.public_key(), key.algorithm())?;
        let signature = key.sign(&self.tbs)?;
        self.assemble(&signature)
    }

    /// Has the bytes signed by a key that is waited for, and checks the signature.
    ///
    /// ```
    /// use kboot_core::x509::{AsyncSigningKey, Certificate};
    /// use kboot_core::{Env, Error, pki::{CertificateTemplate, Issuer}, x509::PublicKey};
    /// async fn client(issuer: &Issuer, kms: &impl AsyncSigningKey, key: &PublicKey, env: &mut Env) -> Result<Certificate, Error> {
    ///     let template = CertificateTemplate::client("jane".parse()?);
    ///     let unsigned = issuer.prepare(&template, key, "1y".parse()?, env)?;
    ///     Ok(unsigned.sign_with_async(kms).await?)
    /// }
    /// # use kboot_core::{pki::CertificateAuthority, x509::{KeyAlgorithm, PrivateKey, SigningError, SigningKey}};
    /// # use std::task::{Context, Poll, Waker};
    /// # struct Kms(PrivateKey);
    /// # impl AsyncSigningKey for Kms {
    /// #     fn algorithm(&self) -> KeyAlgorithm { self.0.algorithm() }
    /// #     fn public_key(&self) -> &PublicKey { self.0.public_key() }
    /// #     async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> { SigningKey::sign(&self.0, message) }
    /// # }
    /// # let mut env = Env::system();
    /// # let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
    /// # let kms = Kms(PrivateKey::from_der(authority.key().to_pkcs8_der()?.expose_secret())?);
    /// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// # let mut waiting = std::pin::pin!(client(authority.issuer(), &kms, key.public_key(), &mut env));
    /// # let Poll::Ready(certificate) = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    /// # assert!(certificate?.is_signed_by(authority.certificate()));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`UnsignedCertificate::sign_with`].
    pub async fn sign_with_async<K: AsyncSigningKey + ?Sized>(
        &self,
        key: &K,
    ) -> Result<Certificate, X509Error> {
        self.issuer.check_key(key.public_key(), key.algorithm())?;
        let signature = key.sign(&self.tbs).await?;
        self.assemble(&signature)
    }

    /// The certificate signed by the issuer's key in this process, whose signatures need no check.
    pub(crate) fn sign_here(&self, key: &PrivateKey) -> Result<Certificate, X509Error> {
        let signature = key.sign(&self.tbs)?;
        self.with_signature(&signature)
    }

    fn with_signature(&self, signature: &[u8]) -> Result<Certificate, X509Error> {
        let der = encode::signed(&self.tbs, self.signature_algorithm(), signature)?;
        Ok(Certificate::from_encoder(der))
    }
}

impl Signatory {
    /// Refuses a key that is not this one, before it is asked for a signature.
    pub(crate) fn check_key(&self, key: &PublicKey, algorithm: KeyAlgorithm) -> Result<(), X509Error> {
        if *key != self.public_key {
            return Err(X509Error::KeyMismatch { subject: self.subject.clone() });
        }
        if algorithm != self.algorithm {
            return Err(X509Error::KeyAlgorithm {
                said: algorithm.to_string(),
                is: self.algorithm.to_string(),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for UnsignedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnsignedCertificate({} bytes for {})", self.tbs.len(), self.issuer.subject)
    }
}
