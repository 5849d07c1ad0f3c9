//! Authorities without their keys: what an issued certificate takes from its issuer.

use std::fmt;

use super::certificate::pin_of;
use super::encode::{Content, authority_key_extension, leaf_extensions};
use super::profile::ExtendedUsage;
use super::{
    Authority, Certificate, CertificateFacts, CertificateTemplate, KeyAlgorithm, PkiError, Prepared,
};
use crate::env::{Env, RandomUnavailable};
use crate::time::{Lifetime, Timestamp, Validity};

/// Random and 128 bits long; RFC 5280, 4.1.2.2 allows 20 octets.
pub(super) type SerialNumber = [u8; 16];

pub(super) fn serial_number(env: &mut Env) -> Result<SerialNumber, RandomUnavailable> {
    let mut serial = SerialNumber::default();
    env.fill(&mut serial)?;
    Ok(serial)
}

/// The certificate of an authority that may sign others; its key is elsewhere.
///
/// It prepares certificates, which a [`SigningKey`](super::SigningKey) then signs;
/// [`CertificateAuthority`](super::CertificateAuthority) has the key beside it.
pub struct Issuer {
    pub(super) certificate: Certificate,
    pub(super) subject_der: Vec<u8>,
    /// The extension that leads leaves to this authority's key, DER.
    pub(super) key_extension: Vec<u8>,
    pub(super) validity: Validity,
    pub(super) algorithm: KeyAlgorithm,
    pub(super) public_key_der: Vec<u8>,
    /// Which of a cluster's it is, where that is known.
    pub(super) authority: Option<Authority>,
}

impl Issuer {
    /// Takes an authority's certificate: its subject will stand in every leaf byte for byte.
    ///
    /// # Errors
    /// [`PkiError::NotAnAuthority`] where the certificate may not sign or its key is of a kind that kboot
    /// does not know, [`PkiError::AuthorityNotValidNow`] outside its life.
    pub fn load(certificate: Certificate, now: Timestamp) -> Result<Self, PkiError> {
        let facts = certificate.facts()?;
        Self::of(certificate, facts, now)
    }

    pub(super) fn of(
        certificate: Certificate,
        facts: CertificateFacts,
        now: Timestamp,
    ) -> Result<Self, PkiError> {
        let subject = facts.subject;
        if !facts.is_authority {
            return Err(PkiError::NotAnAuthority {
                subject,
                problem: "its basic constraints do not say CA:TRUE",
            });
        }
        if !facts.may_sign_certificates {
            return Err(PkiError::NotAnAuthority {
                subject,
                problem: "its key usage has no certificate signing",
            });
        }
        if facts.is_constrained {
            let problem =
                "its extended key usage or name constraints exclude certificates that a cluster needs";
            return Err(PkiError::NotAnAuthority { subject, problem });
        }
        if !facts.validity.contains(now) {
            let Validity { not_before, not_after } = facts.validity;
            return Err(PkiError::AuthorityNotValidNow { subject, not_before, not_after, now });
        }
        let Some(algorithm) = KeyAlgorithm::of_public_key(&facts.public_key_der) else {
            let problem = "its key is not ECDSA P-256 or P-384, or RSA with 2048, 3072 or 4096 bits";
            return Err(PkiError::NotAnAuthority { subject, problem });
        };
        Ok(Self {
            certificate,
            subject_der: facts.subject_der,
            key_extension: authority_key_extension(facts.key_id.as_deref())?,
            validity: facts.validity,
            algorithm,
            public_key_der: facts.public_key_der,
            authority: Authority::of_common_name(&facts.common_name),
        })
    }

    /// The same as one of a cluster's authorities, where its common name does not say it or says another.
    #[must_use]
    pub fn known_as(mut self, authority: Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Which of a cluster's authorities it is, by its common name or by [`Issuer::known_as`]; none where
    /// neither says it.
    #[must_use]
    pub fn authority(&self) -> Option<Authority> {
        self.authority
    }

    /// Refuses what would open etcd, or let somebody speak for others, unless it was made for that.
    pub(super) fn check_template(&self, template: &CertificateTemplate) -> Result<(), PkiError> {
        let is_harmless = match (self.authority, template.authority, template.usage) {
            (Some(Authority::Etcd | Authority::FrontProxy), None, ExtendedUsage::Server) => true,
            (Some(Authority::Etcd), None, ExtendedUsage::ServerAndClient) => template.may_be_member_of_etcd(),
            _ => false,
        };
        if is_harmless { Ok(()) } else { self.check_purpose(template.authority) }
    }

    /// Refuses what is not from this authority, where this one is etcd's or the front proxy's.
    pub(super) fn check_purpose(&self, wanted: Option<Authority>) -> Result<(), PkiError> {
        match self.authority {
            Some(authority @ (Authority::Etcd | Authority::FrontProxy)) if wanted != Some(authority) => {
                Err(PkiError::WrongAuthority { subject: self.certificate.facts()?.subject, authority })
            }
            _ => Ok(()),
        }
    }

    /// Prepares a certificate for a public key, a DER SubjectPublicKeyInfo: valid from five minutes ago,
    /// never longer than the authority.
    ///
    /// # Errors
    /// [`PkiError::WrongAuthority`] for a client of the API server where this is etcd's authority or the front
    /// proxy's, [`PkiError::UnsupportedKey`] for a key of another kind than those of [`KeyAlgorithm`],
    /// [`PkiError::EmptyValidity`] where nothing of the lifetime is left,
    /// [`PkiError`] where encoding fails.
    pub fn prepare(
        &self,
        template: &CertificateTemplate,
        public_key_der: &[u8],
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<Prepared<'_>, PkiError> {
        self.check_template(template)?;
        KeyAlgorithm::of_public_key(public_key_der).ok_or(PkiError::UnsupportedKey)?;
        let validity = self.validity_from(env.now(), lifetime)?;
        self.prepare_numbered(template, public_key_der, validity, &serial_number(env)?)
    }

    pub(super) fn validity_from(&self, now: Timestamp, lifetime: Lifetime) -> Result<Validity, PkiError> {
        let validity = Validity::starting(now, lifetime)?;
        if validity.within(self.validity).not_after <= now {
            return Err(PkiError::EmptyValidity);
        }
        Ok(validity)
    }

    pub(super) fn prepare_numbered(
        &self,
        template: &CertificateTemplate,
        public_key_der: &[u8],
        validity: Validity,
        serial: &SerialNumber,
    ) -> Result<Prepared<'_>, PkiError> {
        let validity = validity.within(self.validity);
        if validity.not_before >= validity.not_after {
            return Err(PkiError::EmptyValidity);
        }
        let subject = template.subject.to_der()?;
        let content = self.content(template, &subject, public_key_der, validity, serial)?;
        Ok(Prepared::new(self, content.to_der()?))
    }

    pub(super) fn content<'a>(
        &'a self,
        template: &CertificateTemplate,
        subject: &'a [u8],
        public_key: &'a [u8],
        validity: Validity,
        serial: &'a [u8],
    ) -> Result<Content<'a>, PkiError> {
        Ok(Content {
            serial,
            issuer: &self.subject_der,
            issuer_algorithm: self.algorithm,
            validity,
            subject,
            public_key,
            extensions: leaf_extensions(
                template.usage,
                template.key_usage.into(),
                (&template.alt_names).into(),
                &self.key_extension,
            )?,
        })
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The period of validity.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The algorithm and size of the key.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The public key as a DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// The pin that `kubeadm join --discovery-token-ca-cert-hash` takes: `sha256:` and the hexadecimal
    /// SHA-256 of the SubjectPublicKeyInfo (kubeadm's `pubkeypin`).
    #[must_use]
    pub fn pin(&self) -> String {
        pin_of(&self.public_key_der)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({:?})", self.certificate)
    }
}
