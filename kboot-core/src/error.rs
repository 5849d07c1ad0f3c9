//! The error that any step of the crate may end with.

use crate::env::RandomUnavailable;
pub use crate::kind::ErrorKind;
use crate::kubeconfig::KubeconfigError;
use crate::name::NameError;
use crate::net::NetError;
use crate::time::TimeError;
use crate::token::TokenError;
use crate::version::VersionError;
#[cfg(feature = "certificates")]
use crate::{
    bundle::BundleError,
    component::{ConfigurationError, LintError},
    csr::CsrError,
    document::{DocumentError, ListError},
    inspect::InspectError,
    pki::{CfsslCaError, CfsslError, IssueError, PkiError},
    x509::{RequestError, X509Error},
};

/// Any error of this crate; each area has its own type, which this one holds unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An address.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A time or a lifetime.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A Kubernetes version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// A file that people write: a cluster file, a policy, an inventory or a context file.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A key or a certificate.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    X509(#[from] X509Error),
    /// A cluster's certificate or authority.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// A file of certificates, requests, keys or a kubeconfig.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// One of cfssl's files.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Cfssl(#[from] CfsslError),
    /// A certificate request.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The object around a certificate request.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Csr(#[from] CsrError),
    /// A list of certificate requests.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    CsrList(#[from] ListError),
    /// A bootstrap token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A kubeconfig.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// Files and folders.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A configuration file.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// A unit, environment file or configuration file to check.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Lint(#[from] LintError),
    /// Randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

#[cfg(feature = "certificates")]
impl From<CfsslCaError> for Error {
    fn from(error: CfsslCaError) -> Self {
        match error {
            CfsslCaError::Request(error) => Self::Cfssl(error),
            CfsslCaError::Pki(error) => Self::Pki(error),
        }
    }
}

#[cfg(feature = "certificates")]
impl From<IssueError> for Error {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Pki(error) => Self::Pki(error),
            IssueError::Token(error) => Self::Token(error),
        }
    }
}

impl Error {
    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            #[cfg(feature = "certificates")]
            Self::X509(error) => crate::pki::of_x509(error),
            #[cfg(feature = "certificates")]
            Self::Pki(error) => error.kind(),
            #[cfg(feature = "certificates")]
            Self::Inspect(error) => error.kind(),
            #[cfg(feature = "certificates")]
            Self::Bundle(error) => error.kind(),
            #[cfg(feature = "certificates")]
            Self::Configuration(error) => error.kind(),
            #[cfg(feature = "certificates")]
            Self::CsrList(ListError::Io(_)) => ErrorKind::Io,
            Self::Random(_) => ErrorKind::Io,
            _ => ErrorKind::Input,
        }
    }
}
