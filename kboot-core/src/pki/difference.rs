//! How a certificate differs from the one that would be issued.

use std::fmt;

use crate::time::Timestamp;
use crate::x509::SubjectAltNames;

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
