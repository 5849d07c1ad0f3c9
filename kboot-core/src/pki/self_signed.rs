//! The certificates of new authorities, which sign for themselves.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use super::issuer::{serial_number, supported};
use super::{Issuer, PkiError, Subject};
use crate::cluster::CaRole;
use crate::env::Env;
use crate::name::is_dns1123_subdomain;
use crate::time::{Lifetime, Validity};
use crate::x509::{
    Certificate, Content, PublicKey, Signatory, UnsignedCertificate, authority_extensions,
    authority_key_extension, readable_der,
};

/// A new authority that lacks nothing but its signature.
pub(super) struct SelfSigned {
    pub(super) certificate: UnsignedCertificate,
    signatory: Arc<Signatory>,
    key_extension: Vec<u8>,
    validity: Validity,
}

impl SelfSigned {
    pub(super) fn prepare(
        subject: &Subject,
        public_key: &PublicKey,
        lifetime: Lifetime,
        path_length: Option<u8>,
        env: &mut Env,
    ) -> Result<Self, PkiError> {
        let algorithm = supported(public_key)?;
        let validity = Validity::starting(env.now(), lifetime)?;
        if lifetime == Lifetime::ZERO {
            return Err(PkiError::EmptyValidity);
        }
        let subject_der = subject.to_der()?;
        // RFC 7093, 2 (1): the leftmost 160 bits of the SHA-256 of the key
        let digest = digest(&SHA256, public_key.der());
        let key_id = digest.as_ref().iter().copied().take(20).collect::<Vec<_>>();
        // Kubernetes 1.22 and later write the common name as a DNS name too; upstream sets no path length.
        let dns_name = Some(subject.common_name().as_str()).filter(|name| is_dns1123_subdomain(name));
        let tbs = Content {
            serial: &serial_number(env)?,
            issuer: &subject_der,
            algorithm: algorithm.signature(),
            validity,
            subject: &subject_der,
            public_key: public_key.der(),
            extensions: authority_extensions(dns_name, &key_id, path_length)?,
        }
        .to_der()?;
        let subject = readable_der(&subject_der);
        let signatory = Arc::new(Signatory { subject, public_key: public_key.clone(), algorithm });
        Ok(Self {
            certificate: UnsignedCertificate::new(&signatory, tbs),
            signatory,
            key_extension: authority_key_extension(Some(&key_id))?,
            validity,
        })
    }

    /// The authority, once its certificate is signed.
    pub(super) fn issuer(self, certificate: Certificate, subject: &Subject) -> Issuer {
        let Self { certificate: _, signatory, key_extension, validity } = self;
        let authority = CaRole::of_common_name(subject.common_name().as_str());
        Issuer { certificate, signatory, key_extension, validity, authority }
    }
}

impl Issuer {
    /// Prepares the self-signed certificate of a new authority whose key is elsewhere: the one that
    /// [`CertificateAuthority::with_key`](super::CertificateAuthority::with_key) makes. Once it is signed,
    /// [`Issuer::load`] takes it.
    ///
    /// ```
    /// use kboot_core::{Env, pki::{Issuer, Subject}, x509::SigningKey};
    /// # use kboot_core::x509::{KeyAlgorithm, PrivateKey};
    /// # let mut env = Env::system();
    /// # let vault = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// # let vault: &dyn SigningKey = &vault;
    /// let subject = Subject::new("kubernetes".parse()?);
    /// let unsigned = Issuer::prepare_self_signed(&subject, vault.public_key(), "10y".parse()?, &mut env)?;
    /// let issuer = Issuer::load(unsigned.sign_with(vault)?, env.now())?;
    /// assert!(issuer.certificate().is_signed_by(issuer.certificate()));
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`X509Error::UnsupportedKind`](crate::x509::X509Error::UnsupportedKind) for a key of another kind than those of
    /// [`KeyAlgorithm`](crate::x509::KeyAlgorithm), [`PkiError::EmptyValidity`] for a lifetime of zero, [`PkiError`]
    /// for one past the year 9999.
    pub fn prepare_self_signed(
        subject: &Subject,
        public_key: &PublicKey,
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<UnsignedCertificate, PkiError> {
        Ok(SelfSigned::prepare(subject, public_key, lifetime, None, env)?.certificate)
    }
}
