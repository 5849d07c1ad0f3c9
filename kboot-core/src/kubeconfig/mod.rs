//! Kubeconfigs: read without loss, built step by step, written as kubectl writes them.
//!
//! Files that a kubeconfig names are read by the caller's own function (`ReadFile`); nothing here opens one. What
//! looks into certificates, `check`, `summary` and the builder's `trusting` and `with_certificate`, comes with the
//! feature `certificates`.
//!
//! Source: `staging/src/k8s.io/client-go/tools/clientcmd` of Kubernetes.

mod builder;
#[cfg(feature = "certificates")]
mod certificates;
#[cfg(feature = "certificates")]
mod check;
mod forms;
mod merge;
mod model;
mod paths;
mod pem;
#[cfg(feature = "certificates")]
mod summary;
mod userinfo;

#[cfg(feature = "certificates")]
pub(crate) use check::server_host;

#[cfg(feature = "files")]
pub(crate) use userinfo::without_userinfo;

pub use builder::{KubeconfigBuilder, Ready, WantsCredential, WantsTrust, WantsUser};
#[cfg(feature = "certificates")]
pub use check::{
    AuthProviderProblem, CheckEnvironment, CredentialPair, ExecProblem, FINDING_CODES, KubeconfigProblem,
    NotValidNow, ReadFile, UnreadableReference, UrlProblem,
};
pub use merge::{EntryKind, MergeAction, MergeChange, MergeSource, MergeStrategy, Merged, merge};
pub use model::{AuthProvider, Cluster, Context, Exec, ExecVariable, Kubeconfig, Named, Unknown, User};
#[cfg(feature = "certificates")]
pub use summary::{
    CertificateSummary, ClusterSummary, ContextSummary, Credential, KubeconfigSummary, UserSummary,
};

use std::path::PathBuf;

#[cfg(feature = "certificates")]
use crate::{pki::PkiError, x509::X509Error};

/// Why a kubeconfig cannot be read, built or written. No error shows a token or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KubeconfigError {
    /// The text is not YAML or JSON.
    #[error("not readable as YAML: {problem}")]
    Yaml {
        /// The problem, with line and column.
        problem: String,
    },
    /// A word that YAML 1.1, and so kubectl, takes for true or false.
    #[error(
        "a plain y, n, yes, no, on or off is a boolean to kubectl: quote it where a text is meant, else write \
         true or false"
    )]
    GoBoolean,
    /// The document is not a kubeconfig.
    #[error("not a kubeconfig: {problem}")]
    Malformed {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A field of another library's kubeconfig that this one has no place for, or the other way round.
    #[error("{path}: {problem}")]
    Field {
        /// The field, for example `users[jane].exec.env`.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The current context leads nowhere.
    #[error("the current context cannot be used: {problem}")]
    CurrentContext {
        /// What is missing.
        problem: String,
    },
    /// Kubeconfigs that cannot be merged.
    #[error("the kubeconfigs cannot be merged: {}", listed(conflicts))]
    Conflicts {
        /// Every entry that differs from one of its name.
        conflicts: Vec<MergeChange>,
    },
    /// A folder that relative paths cannot count from.
    #[error(
        "{folder:?} is not an absolute path in UTF-8: relative paths in a kubeconfig count from its folder"
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
    },
    /// What should be the authority's certificates is something else.
    #[error(
        "the cluster's authority cannot be used: {problem}; give one block CERTIFICATE in PEM, or several, and nothing \
         beside them"
    )]
    Authority {
        /// What is wrong.
        problem: &'static str,
    },
    /// A key or certificate in it cannot be read or written.
    #[cfg(feature = "certificates")]
    #[error("a certificate or key of the kubeconfig cannot be used")]
    X509(#[from] X509Error),
    /// No client certificate was issued.
    #[cfg(feature = "certificates")]
    #[error("a certificate or key of the kubeconfig cannot be used")]
    Pki(#[from] PkiError),
}

fn listed(conflicts: &[MergeChange]) -> String {
    conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
