//! Certificate authorities: made, loaded with every check that upstream leaves out, and signing.

use std::fmt;

use super::issuer::{SerialNumber, serial_number};
use super::self_signed::SelfSigned;
use super::{CertificateTemplate, Difference, Issuer, PkiError, Subject};
use crate::cluster::CaRole;
use crate::env::Env;
use crate::name::Username;
use crate::time::{Lifetime, Timestamp, Validity};
use crate::x509::{Certificate, KeyAlgorithm, Pin, PrivateKey, X509Error};

/// A certificate authority: a certificate that may sign others, and its private key.
///
/// ```
/// use kboot_core::{Env, pki::{CertificateAuthority, CertificateTemplate}, x509::{KeyAlgorithm, PrivateKey}};
/// let mut env = Env::system();
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let template = CertificateTemplate::client("jane".parse()?).with_group("dev".parse()?);
/// let certificate = authority.issue(&template, &key, "1y".parse()?, &mut env)?;
/// assert!(certificate.is_signed_by(authority.certificate()));
/// # Ok::<(), kboot_core::Error>(())
/// ```
pub struct CertificateAuthority {
    issuer: Issuer,
    key: PrivateKey,
}

impl Certificate {
    /// Reads the only certificate of a PEM text.
    ///
    /// # Errors
    /// As [`Certificate::from_pem`]; [`PkiError::SeveralCertificates`] where there are more.
    pub fn only_from_pem(text: &[u8]) -> Result<Self, PkiError> {
        match Self::count_in_pem(text)? {
            0 | 1 => Ok(Self::from_pem(text)?),
            found => Err(PkiError::SeveralCertificates { found }),
        }
    }
}

impl CertificateAuthority {
    /// Makes a key and a self-signed certificate.
    ///
    /// # Errors
    /// [`PkiError`] for a lifetime past the year 9999 or a failing cryptographic library.
    pub fn create(
        common_name: &str,
        algorithm: KeyAlgorithm,
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<Self, PkiError> {
        let name = common_name
            .parse::<Username>()
            .map_err(|e| X509Error::Unencodable { what: "subject", value: e.value })?;
        Self::with_key(&Subject::new(name), PrivateKey::generate(algorithm)?, lifetime, env)
    }

    /// Makes a self-signed certificate for a key that is there already.
    ///
    /// # Errors
    /// As [`CertificateAuthority::create`].
    pub fn with_key(
        subject: &Subject,
        key: PrivateKey,
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<Self, PkiError> {
        Self::with_path_length(subject, key, lifetime, None, env)
    }

    /// Creates an authority for a key that exists, with a limit on how many authorities may stand between it
    /// and a leaf (RFC 5280, 4.2.1.9).
    ///
    /// # Errors
    /// As [`CertificateAuthority::create`].
    pub fn with_path_length(
        subject: &Subject,
        key: PrivateKey,
        lifetime: Lifetime,
        path_length: Option<u8>,
        env: &mut Env,
    ) -> Result<Self, PkiError> {
        let prepared = SelfSigned::prepare(subject, key.public_key(), lifetime, path_length, env)?;
        let certificate = prepared.certificate.sign_here(&key)?;
        let issuer = prepared.issuer(certificate, subject);
        Ok(Self { issuer, key })
    }

    /// Takes an authority that exists: its subject will stand in every leaf byte for byte.
    ///
    /// # Errors
    /// [`X509Error::KeyMismatch`] where the key is another's, [`PkiError::NotAnAuthority`] where the
    /// certificate may not sign, [`PkiError::AuthorityNotValidNow`] outside its life.
    pub fn load(certificate: Certificate, key: PrivateKey, now: Timestamp) -> Result<Self, PkiError> {
        let facts = certificate.facts();
        if facts.public_key != *key.public_key() {
            return Err(X509Error::KeyMismatch { subject: facts.subject.clone() }.into());
        }
        Ok(Self { issuer: Issuer::load(certificate, now)?, key })
    }

    /// Reads both halves from PEM and loads them.
    ///
    /// # Errors
    /// As [`CertificateAuthority::load`], and where either is not readable.
    pub fn from_pem(certificate: &[u8], key: &[u8], now: Timestamp) -> Result<Self, PkiError> {
        Self::load(Certificate::from_pem(certificate)?, PrivateKey::from_pem(key)?, now)
    }

    /// Says which of a cluster's authorities it is, where its common name does not or says another: etcd's
    /// and the front proxy's make no clients of the API server.
    #[must_use]
    pub fn with_ca_role(self, authority: CaRole) -> Self {
        Self { issuer: self.issuer.with_ca_role(authority), ..self }
    }

    /// Issues a certificate for a key: valid from five minutes ago, never longer than the authority.
    ///
    /// # Errors
    /// [`PkiError::WrongAuthority`] for a client of the API server where this is etcd's authority or the front
    /// proxy's, [`PkiError::Unrestricted`] for a client in `system:masters` (see [`crate::danger`]),
    /// [`PkiError::EmptyValidity`] where nothing of the lifetime is left,
    /// [`PkiError`] where encoding or signing fails.
    pub fn issue(
        &self,
        template: &CertificateTemplate,
        key: &PrivateKey,
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<Certificate, PkiError> {
        template.check_restricted()?;
        self.issue_even_unrestricted(template, key, lifetime, env)
    }

    /// Issues to a client in `system:masters` as well; everybody outside goes through `danger`.
    pub(crate) fn issue_even_unrestricted(
        &self,
        template: &CertificateTemplate,
        key: &PrivateKey,
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<Certificate, PkiError> {
        self.issuer.check_template(template)?;
        let validity = self.issuer.validity_from(env.now(), lifetime)?;
        self.issue_numbered(template, key, validity, serial_number(env)?)
    }

    /// Whether a certificate of this lifetime could have been issued on the authority's first day; where
    /// it could, [`CertificateAuthority::issue`] cuts it to what is left.
    ///
    /// # Errors
    /// [`PkiError::OutlivesAuthority`] where it could not.
    pub fn check_lifetime(&self, lifetime: Lifetime) -> Result<(), PkiError> {
        let Validity { not_before, not_after } = self.validity();
        if lifetime.seconds() > not_after.unix() - not_before.unix() {
            return Err(PkiError::OutlivesAuthority { lifetime, not_after });
        }
        Ok(())
    }

    pub(super) fn issue_numbered(
        &self,
        template: &CertificateTemplate,
        key: &PrivateKey,
        validity: Validity,
        serial: SerialNumber,
    ) -> Result<Certificate, PkiError> {
        Ok(self
            .issuer
            .prepare_numbered(template, key.public_key(), validity, &serial)?
            .sign_here(&self.key)?)
    }

    /// What [`Issuer::differs`] says.
    ///
    /// # Errors
    /// [`PkiError`] where the template cannot be encoded.
    pub fn differs(
        &self,
        certificate: &Certificate,
        template: &CertificateTemplate,
        now: Timestamp,
    ) -> Result<Option<Difference>, PkiError> {
        self.issuer.differs(certificate, template, now)
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.issuer.certificate()
    }

    /// The certificate and what leaves take from it, without the key.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The period of validity.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.issuer.validity()
    }

    /// The pin that `kubeadm join --discovery-token-ca-cert-hash` takes.
    #[must_use]
    pub fn pin(&self) -> Pin {
        self.issuer.pin()
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateAuthority({:?})", self.certificate())
    }
}
