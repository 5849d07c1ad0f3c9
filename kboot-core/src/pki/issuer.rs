//! Authorities without their keys: what an issued certificate takes from its issuer.

use std::fmt;
use std::sync::Arc;

use super::{CertificateTemplate, PkiError};
use crate::cluster::CaRole;
use crate::env::{Env, RandomUnavailable};
use crate::time::{Lifetime, Timestamp, Validity};
use crate::x509::{
    Certificate, Content, KeyAlgorithm, Pin, PublicKey, Signatory, TlsUsage, UnsignedCertificate, X509Error,
    authority_key_extension, leaf_extensions,
};

/// Random and 128 bits long; RFC 5280, 4.1.2.2 allows 20 octets.
pub(super) type SerialNumber = [u8; 16];

pub(super) fn serial_number(env: &mut Env) -> Result<SerialNumber, RandomUnavailable> {
    let mut serial = SerialNumber::default();
    env.fill(&mut serial)?;
    Ok(serial)
}

/// The certificate of an authority that may sign others; its key is elsewhere.
///
/// It prepares certificates, which a [`SigningKey`](crate::x509::SigningKey) then signs;
/// [`CertificateAuthority`](super::CertificateAuthority) has the key beside it.
pub struct Issuer {
    pub(super) certificate: Certificate,
    pub(super) signatory: Arc<Signatory>,
    /// The extension that leads leaves to this authority's key, DER.
    pub(super) key_extension: Vec<u8>,
    pub(super) validity: Validity,
    /// Which of a cluster's it is, where that is known.
    pub(super) authority: Option<CaRole>,
}

impl Issuer {
    /// Takes an authority's certificate: its subject will stand in every leaf byte for byte.
    ///
    /// # Errors
    /// [`PkiError::NotAnAuthority`] where the certificate may not sign or its key is of a kind that kboot
    /// does not know, [`PkiError::AuthorityNotValidNow`] outside its life.
    pub fn load(certificate: Certificate, now: Timestamp) -> Result<Self, PkiError> {
        let facts = certificate.facts();
        let subject = facts.subject.clone();
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
        let Some(algorithm) = KeyAlgorithm::of_public_key(&facts.public_key) else {
            let problem = "its key is not ECDSA P-256 or P-384, or RSA with 2048, 3072 or 4096 bits";
            return Err(PkiError::NotAnAuthority { subject, problem });
        };
        let (key_extension, validity) = (authority_key_extension(facts.key_id.as_deref())?, facts.validity);
        let authority = CaRole::of_common_name(&facts.common_name);
        let signatory = Arc::new(Signatory { subject, public_key: facts.public_key.clone(), algorithm });
        Ok(Self { certificate, signatory, key_extension, validity, authority })
    }

    /// Says which of a cluster's authorities it is, where its common name does not or says another.
    #[must_use]
    pub fn with_ca_role(mut self, authority: CaRole) -> Self {
        self.authority = Some(authority);
        self
    }

    /// The authority of a cluster that it is, by its common name or by [`Issuer::with_ca_role`]; none where
    /// neither says it.
    #[must_use]
    pub fn authority(&self) -> Option<CaRole> {
        self.authority
    }

    /// Refuses what would open etcd, or let somebody speak for others, unless it was made for that.
    pub(super) fn check_template(&self, template: &CertificateTemplate) -> Result<(), PkiError> {
        let is_harmless = match (self.authority, template.authority, template.usage) {
            (Some(CaRole::Etcd | CaRole::FrontProxy), None, TlsUsage::Server) => true,
            (Some(CaRole::Etcd), None, TlsUsage::ServerAndClient) => template.may_be_member_of_etcd(),
            _ => false,
        };
        if is_harmless { Ok(()) } else { self.check_purpose(template.authority) }
    }

    /// Refuses what is not from this authority, where this one is etcd's or the front proxy's.
    pub(super) fn check_purpose(&self, wanted: Option<CaRole>) -> Result<(), PkiError> {
        match self.authority {
            Some(authority @ (CaRole::Etcd | CaRole::FrontProxy)) if wanted != Some(authority) => {
                Err(PkiError::WrongAuthority { subject: self.certificate.facts().subject.clone(), authority })
            }
            _ => Ok(()),
        }
    }

    /// Prepares a certificate for a public key: valid from five minutes ago, never longer than the authority.
    ///
    /// # Errors
    /// [`PkiError::WrongAuthority`] for a client of the API server where this is etcd's authority or the front
    /// proxy's, [`PkiError::Unrestricted`] for a client in `system:masters` (see [`crate::danger`]),
    /// [`X509Error::UnsupportedKind`] for a key of another kind than those of [`KeyAlgorithm`],
    /// [`PkiError::EmptyValidity`] where nothing of the lifetime is left,
    /// [`PkiError`] where encoding fails.
    pub fn prepare(
        &self,
        template: &CertificateTemplate,
        public_key: &PublicKey,
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<UnsignedCertificate, PkiError> {
        template.check_restricted()?;
        self.prepare_even_unrestricted(template, public_key, lifetime, env)
    }

    /// Prepares for a client in `system:masters` as well; everybody outside goes through `danger`.
    pub(crate) fn prepare_even_unrestricted(
        &self,
        template: &CertificateTemplate,
        public_key: &PublicKey,
        lifetime: Lifetime,
        env: &mut Env,
    ) -> Result<UnsignedCertificate, PkiError> {
        self.check_template(template)?;
        supported(public_key)?;
        let validity = self.validity_from(env.now(), lifetime)?;
        self.prepare_numbered(template, public_key, validity, &serial_number(env)?)
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
        public_key: &PublicKey,
        validity: Validity,
        serial: &SerialNumber,
    ) -> Result<UnsignedCertificate, PkiError> {
        let validity = validity.within(self.validity);
        if validity.not_before >= validity.not_after {
            return Err(PkiError::EmptyValidity);
        }
        let subject = template.subject.to_der()?;
        let content = self.content(template, &subject, public_key, validity, serial)?;
        Ok(UnsignedCertificate::new(&self.signatory, content.to_der()?))
    }

    pub(super) fn content<'a>(
        &'a self,
        template: &CertificateTemplate,
        subject: &'a [u8],
        public_key: &'a PublicKey,
        validity: Validity,
        serial: &'a [u8],
    ) -> Result<Content<'a>, PkiError> {
        Ok(Content {
            serial,
            issuer: self.subject_der(),
            algorithm: self.algorithm().signature(),
            validity,
            subject,
            public_key: public_key.der(),
            extensions: leaf_extensions(
                template.usage,
                template.key_usage,
                &template.alt_names,
                false,
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
        self.signatory.algorithm
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.signatory.public_key
    }

    /// The Name that stands in leaves byte for byte, DER.
    pub(super) fn subject_der(&self) -> &[u8] {
        self.certificate.facts().subject_name.der()
    }

    /// The pin that `kubeadm join --discovery-token-ca-cert-hash` takes.
    #[must_use]
    pub fn pin(&self) -> Pin {
        self.public_key().pin()
    }
}

/// What the key is, where it is of a kind that is certified.
pub(super) fn supported(key: &PublicKey) -> Result<KeyAlgorithm, X509Error> {
    KeyAlgorithm::of_public_key(key).ok_or_else(|| X509Error::UnsupportedKind { kind: key.kind().clone() })
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({:?})", self.certificate)
    }
}
