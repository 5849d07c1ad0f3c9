//! Policies that come with kboot.

use std::fmt;
use std::str::FromStr;

use super::Policy;
use crate::document::DocumentError;
use crate::shown::excerpt;

/// A policy that comes with kboot; as a file it is [`Preset::file_text`].
///
/// ```
/// use kboot_core::policy::Preset;
/// let preset: Preset = "kubelet-serving".parse()?;
/// assert_eq!(preset.file_text().parse(), Ok(preset.policy()));
/// # Ok::<(), kboot_core::document::DocumentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// What kube-controller-manager approves, given the outcome of its SubjectAccessReviews.
    Upstream,
    /// Serving certificates for nodes whose names and addresses the inventory and the Node confirm.
    KubeletServing,
    /// First client certificates by bootstrap token, and their renewal.
    Bootstrap,
    /// The rules of postfinance's kubelet-csr-approver with its defaults.
    Postfinance,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 4] = [Self::Upstream, Self::KubeletServing, Self::Bootstrap, Self::Postfinance];

    /// The preset's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::KubeletServing => "kubelet-serving",
            Self::Bootstrap => "bootstrap",
            Self::Postfinance => "postfinance",
        }
    }

    /// What it decides, in a few words.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Upstream => "what kube-controller-manager approves, after its SubjectAccessReviews",
            Self::KubeletServing => "serving certificates of kubelets, by an inventory and the Node's status",
            Self::Bootstrap => "client certificates of kubelets: the first by bootstrap token, and renewals",
            Self::Postfinance => "what postfinance's kubelet-csr-approver approves with its defaults",
        }
    }

    /// The policy file, commented.
    #[must_use]
    pub fn file_text(self) -> &'static str {
        match self {
            Self::Upstream => include_str!("presets/upstream.yaml"),
            Self::KubeletServing => include_str!("presets/kubelet-serving.yaml"),
            Self::Bootstrap => include_str!("presets/bootstrap.yaml"),
            Self::Postfinance => include_str!("presets/postfinance.yaml"),
        }
    }

    /// The policy.
    #[must_use]
    pub fn policy(self) -> Policy {
        // The texts are part of the crate and tested; a policy without rules holds everything.
        self.file_text().parse().unwrap_or_else(|_| Policy::without_rules())
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Preset {
    type Err = DocumentError;
    fn from_str(text: &str) -> Result<Self, DocumentError> {
        let found = Self::ALL.into_iter().find(|preset| preset.as_str() == text);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            let shown = excerpt(text);
            DocumentError::one("", format!("{shown:?} is not a preset: use {known}"))
        })
    }
}
