//! Kubeconfigs: read without loss, built step by step, written as kubectl writes them.
//!
//! Source: `staging/src/k8s.io/client-go/tools/clientcmd` of Kubernetes.

mod builder;
mod model;

pub use builder::{KubeconfigBuilder, Ready, WantsCredential, WantsTrust, WantsUser};
pub use model::{Cluster, Context, Exec, ExecVariable, Kubeconfig, Named, Unknown, User};

use crate::pki::PkiError;

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
    /// The document is not a kubeconfig.
    #[error("not a kubeconfig: {problem}")]
    Malformed {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The current context leads nowhere.
    #[error("the current context cannot be used: {problem}")]
    CurrentContext {
        /// What is missing.
        problem: String,
    },
    /// A key or certificate in it cannot be read or written.
    #[error("a certificate or key of the kubeconfig cannot be used")]
    Pki(#[from] PkiError),
}
