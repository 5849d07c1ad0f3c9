//! The signers of Kubernetes whose requests kboot decides on.

use std::fmt;
use std::str::FromStr;

use super::CsrError;
use super::usage::{CLIENT_AUTH, SERVER_AUTH};
use crate::shown::excerpt;

/// A signer that kube-controller-manager runs (`api/certificates/v1/types.go`).
///
/// `kubernetes.io/legacy-unknown` is not among them: it signs anything for anybody, and v1 of the API has
/// no requests for it.
///
/// ```
/// use kboot_core::csr::Signer;
/// assert_eq!("kubernetes.io/kubelet-serving".parse(), Ok(Signer::KubeletServing));
/// assert!("example.com/mine".parse::<Signer>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each match on it decides what a certificate may say")]
pub enum Signer {
    /// Clients of kube-apiserver: people and programs.
    KubeApiserverClient,
    /// Kubelets as clients of kube-apiserver.
    KubeApiserverClientKubelet,
    /// Kubelets as servers.
    KubeletServing,
}

impl Signer {
    /// All signers.
    pub const ALL: [Self; 3] =
        [Self::KubeApiserverClient, Self::KubeApiserverClientKubelet, Self::KubeletServing];

    /// The name, as in `spec.signerName`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KubeApiserverClient => "kubernetes.io/kube-apiserver-client",
            Self::KubeApiserverClientKubelet => "kubernetes.io/kube-apiserver-client-kubelet",
            Self::KubeletServing => "kubernetes.io/kubelet-serving",
        }
    }

    /// Whether its certificates say which node their holder is.
    #[must_use]
    pub fn is_of_nodes(self) -> bool {
        self != Self::KubeApiserverClient
    }

    /// The extended usage of its certificates.
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::KubeApiserverClient | Self::KubeApiserverClientKubelet => CLIENT_AUTH,
            Self::KubeletServing => SERVER_AUTH,
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Signer {
    type Err = CsrError;
    fn from_str(text: &str) -> Result<Self, CsrError> {
        let found = Self::ALL.into_iter().find(|signer| signer.as_str() == text);
        found.ok_or_else(|| CsrError::UnknownSigner { value: excerpt(text) })
    }
}
