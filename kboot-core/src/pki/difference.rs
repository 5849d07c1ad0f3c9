//! How a certificate differs from the one that would be issued.

use std::fmt;

use super::{CertificateTemplate, Issuer, PkiError};
use crate::time::{Timestamp, Validity};
use crate::x509::{Certificate, SubjectAltNames, readable_der};

/// Why an existing certificate is not what its authority would issue now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// It has expired.
    Expired {
        /// The last moment of its life.
        not_after: Timestamp,
    },
    /// It is not valid yet.
    NotYetValid {
        /// The first moment of its life.
        not_before: Timestamp,
    },
    /// It ends after its authority.
    OutlivesAuthority {
        /// The last moment of the authority's life.
        not_after: Timestamp,
    },
    /// Another authority signed it.
    Authority,
    /// It is for somebody else.
    Subject {
        /// Whom it is for.
        found: String,
        /// Whom it should be for.
        wanted: String,
    },
    /// It has other alternative names.
    AltNames {
        /// Those that it has.
        found: SubjectAltNames,
        /// Those that it should have.
        wanted: SubjectAltNames,
    },
    /// Its usages or other extensions are not the same.
    Extensions,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { not_after } => write!(f, "expired on {not_after}"),
            Self::NotYetValid { not_before } => write!(f, "not valid before {not_before}"),
            Self::OutlivesAuthority { not_after } => {
                write!(f, "outlives its authority, which ends on {not_after}")
            }
            Self::Authority => f.write_str("signed by another authority"),
            Self::Subject { found, wanted } => write!(f, "subject is {found}, wanted {wanted}"),
            Self::AltNames { found, wanted } => {
                write!(f, "alternative names are {found}, wanted {wanted}")
            }
            Self::Extensions => f.write_str("usages or other extensions differ"),
        }
    }
}

impl Issuer {
    /// Why an existing certificate is not what this authority would issue from the template now; none
    /// where it is: same bytes but for the serial number, the validity and the key.
    ///
    /// # Errors
    /// [`PkiError`] where the template cannot be encoded.
    pub fn differs(
        &self,
        certificate: &Certificate,
        template: &CertificateTemplate,
        now: Timestamp,
    ) -> Result<Option<Difference>, PkiError> {
        let (facts, last) = (certificate.facts(), self.validity.not_after);
        let Validity { not_before, not_after } = facts.validity;
        if not_after < now {
            return Ok(Some(Difference::Expired { not_after }));
        }
        if not_before > now {
            return Ok(Some(Difference::NotYetValid { not_before }));
        }
        if not_after > last {
            return Ok(Some(Difference::OutlivesAuthority { not_after: last }));
        }
        if !certificate.is_signed_by(&self.certificate) {
            return Ok(Some(Difference::Authority));
        }
        let subject = template.subject.to_der()?;
        if facts.subject_name.der() != subject {
            let (found, wanted) = (facts.subject.clone(), readable_der(&subject));
            return Ok(Some(Difference::Subject { found, wanted }));
        }
        if facts.alt_names != template.alt_names {
            let (found, wanted) = (facts.alt_names.clone(), template.alt_names.clone());
            return Ok(Some(Difference::AltNames { found, wanted }));
        }
        let wanted = self.content(template, &subject, &facts.public_key, facts.validity, &facts.serial)?;
        let is_same = certificate.to_be_signed() == wanted.to_der()?;
        Ok((!is_same).then_some(Difference::Extensions))
    }
}
