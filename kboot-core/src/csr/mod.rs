//! CertificateSigningRequests: what they ask for, and who asks.
//!
//! [`CertificateRequest`](crate::x509::CertificateRequest) is the PKCS#10 request (RFC 2986) in facts;
//! [`CertificateSigningRequest`] is the object of `certificates.k8s.io/v1` around it. Neither is believed: [`crate::policy`] decides.

mod condition;
mod create;
mod file;
mod list;
mod metadata;
mod object;
mod requestor;
mod signer;
mod stage;
pub mod usage;

pub use crate::document::ListError;
pub use condition::Condition;
pub(crate) use create::SHORTEST_EXPIRATION;
pub use create::{check_expiration, check_name};
pub use file::{RequestInFile, read};
pub use list::{MAX_OBJECT_BYTES, read_list};
pub use metadata::ObjectMeta;
pub use object::CertificateSigningRequest;
#[cfg(feature = "k8s-openapi")]
pub(crate) use object::Fields;
pub use requestor::Requestor;
pub use signer::Signer;
pub use stage::Stage;

use crate::time::Lifetime;
use crate::version::KubernetesVersion;
use crate::x509::{AttributeTypeAndValue, ObjectIdentifier, RequestError};

impl AttributeTypeAndValue {
    /// The type that Kubernetes 1.33 and later takes for the user's UID
    /// (`apiserver/pkg/authentication/request/x509/x509.go`).
    pub const UID: ObjectIdentifier = crate::pki::UID;
}

/// Why something is not a request, or not one that kboot reads or the API server takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrError {
    /// The PKCS#10 request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A signer that kboot does not decide for.
    #[error(
        "{value:?} is not a signer that kboot decides for: use kubernetes.io/kube-apiserver-client, \
         kubernetes.io/kube-apiserver-client-kubelet or kubernetes.io/kubelet-serving"
    )]
    UnknownSigner {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// The object around the request is not one.
    #[error("{path}: {problem}")]
    Object {
        /// The field.
        path: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// No object can have this name.
    #[error("{name:?} cannot be an object's name; use lower-case letters, digits, '-' and '.'")]
    InvalidName {
        /// The name, cut to its first 64 characters.
        name: String,
    },
    /// A condition's reason that is not one word in CamelCase.
    #[error(
        "{reason:?} is not the reason of a condition: write one word in CamelCase, such as KnownNode (letters and digits, and \
         within it also '_', ',' and ':'; at most 1024)"
    )]
    ConditionReason {
        /// The reason, cut to its first 64 characters.
        reason: String,
    },
    /// The lifetime that is asked for is shorter than any that the API server lets ask for.
    #[error("the API server refuses less than 10m")]
    ExpirationTooShort {
        /// What is asked for.
        asked: Lifetime,
    },
    /// This version has no field for a lifetime.
    #[error("Kubernetes before 1.22 has no expirationSeconds")]
    NoExpiration {
        /// The version.
        version: KubernetesVersion,
    },
}

impl CsrError {
    /// A stable word for it, for logs and scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Request(error) => error.code(),
            Self::UnknownSigner { .. } => "unknown-signer",
            Self::Object { .. } => "not-an-object",
            Self::InvalidName { .. } => "invalid-name",
            Self::ConditionReason { .. } => "condition-reason",
            Self::ExpirationTooShort { .. } => "expiration-too-short",
            Self::NoExpiration { .. } => "no-expiration",
        }
    }
}
