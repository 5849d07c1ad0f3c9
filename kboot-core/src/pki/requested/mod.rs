//! Certificates that were requested and approved, as kube-controller-manager issues them.
//!
//! Sources: `pkg/controller/certificates/{authority,signer}` of Kubernetes 1.20 and 1.22, and
//! `CreateCertificate` of Go's `crypto/x509`.

#[cfg(test)]
mod tests;

use super::issuer::serial_number;
use super::subject::requested_name;
use super::{CertificateAuthority, Issuer, PkiError};
use crate::cluster::CaRole;
use crate::env::Env;
use crate::time::{Lifetime, Timestamp, Validity};
use crate::x509::{
    Certificate, Content, GeneralName, KeyUsage, PublicKey, SubjectAltNames, TlsUsage, UnsignedCertificate,
    leaf_extensions, readable_der,
};

/// All that goes from a request into its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestedContent {
    /// Left out where it is empty, as upstream does.
    pub(crate) common_name: String,
    pub(crate) organizations: Vec<String>,
    /// In the order of the request, duplicates too; kinds that are not issued are left out.
    pub(crate) alternative_names: Vec<GeneralName>,
    /// The key, as it stands in the request.
    pub(crate) public_key: PublicKey,
    pub(crate) usage: TlsUsage,
    /// Of these, digital signature and key encipherment alone.
    pub(crate) key_usage: KeyUsage,
}

/// Ten minutes: no shorter certificate is issued on request.
const SHORTEST: i64 = 600;
/// Eight hours: from here on the time before now is taken from the lifetime, not added to it.
const LONG: i64 = 8 * 3600;

impl Issuer {
    /// Prepares the certificate of an approved request. `requested` is its `expirationSeconds`, `limit`
    /// what kube-controller-manager calls `--cluster-signing-duration`.
    ///
    /// # Errors
    /// [`PkiError::WrongAuthority`] from etcd's authority or the front proxy's,
    /// [`PkiError::AuthorityNotValidNow`] outside the authority's life, [`PkiError::EmptyValidity`] for a
    /// limit of zero, [`PkiError::IssuersName`] and [`PkiError::IssuersKey`] for what is the authority's own,
    /// [`X509Error::Unencodable`](crate::x509::X509Error::Unencodable) for a name that is not ASCII,
    /// [`PkiError::Random`] without randomness.
    pub(crate) fn prepare_requested(
        &self,
        content: &RequestedContent,
        requested: Option<Lifetime>,
        limit: Lifetime,
        env: &mut Env,
    ) -> Result<UnsignedCertificate, PkiError> {
        self.check_purpose(Some(CaRole::Cluster))?;
        let validity = self.requested_validity(env.now(), requested, limit)?;
        let subject = requested_name(&content.common_name, &content.organizations)?;
        let of_authority = self.certificate.facts();
        if readable_der(&subject) == of_authority.subject {
            return Err(PkiError::IssuersName { subject: of_authority.subject.clone() });
        }
        // Its holder could stand in for the authority wherever a key is asked and not a name.
        if content.public_key == of_authority.public_key {
            return Err(PkiError::IssuersKey { subject: of_authority.subject.clone() });
        }
        let names = SubjectAltNames::as_requested(&content.alternative_names);
        let is_nameless = content.common_name.is_empty() && content.organizations.is_empty();
        let extensions =
            leaf_extensions(content.usage, content.key_usage, &names, is_nameless, &self.key_extension)?;
        let tbs = Content {
            serial: &serial_number(env)?,
            issuer: self.subject_der(),
            algorithm: self.algorithm().signature(),
            validity,
            subject: &subject,
            public_key: content.public_key.der(),
            extensions,
        }
        .to_der()?;
        Ok(UnsignedCertificate::new(&self.signatory, tbs))
    }

    /// Upstream's rule since 1.22, which from eight hours on is also that of the versions before.
    fn requested_validity(
        &self,
        now: Timestamp,
        requested: Option<Lifetime>,
        limit: Lifetime,
    ) -> Result<Validity, PkiError> {
        let Validity { not_before, not_after: last } = self.validity;
        if now < not_before || now >= last {
            let subject = self.certificate.facts().subject.clone();
            return Err(PkiError::AuthorityNotValidNow { subject, not_before, not_after: last, now });
        }
        // Where the limit is below ten minutes upstream exceeds it; here nothing does.
        let asked = requested.unwrap_or(limit).seconds().max(SHORTEST);
        let lifetime = asked.min(limit.seconds());
        let backdate = Lifetime::BACKDATE.seconds();
        let rest = if lifetime < LONG { lifetime } else { lifetime - backdate };
        let not_after = Timestamp::from_unix((now.unix() + rest).min(last.unix()))?;
        if not_after <= now {
            return Err(PkiError::EmptyValidity);
        }
        Ok(Validity { not_before: now.before(Lifetime::BACKDATE)?, not_after })
    }
}

impl CertificateAuthority {
    /// Issues the certificate of an approved request, as [`Issuer::prepare_requested`] prepares it.
    ///
    /// # Errors
    /// What [`Issuer::prepare_requested`] can fail with, and what signing can.
    pub(crate) fn sign_requested(
        &self,
        content: &RequestedContent,
        requested: Option<Lifetime>,
        limit: Lifetime,
        env: &mut Env,
    ) -> Result<Certificate, PkiError> {
        Ok(self.issuer().prepare_requested(content, requested, limit, env)?.sign_here(self.key())?)
    }
}
