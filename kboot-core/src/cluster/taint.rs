//! What a kubelet registers its node with: taints, and which labels it may give.

use std::fmt;
use std::str::FromStr;

use crate::name::{LabelKey, LabelValue, NameError};
use crate::shown::excerpt;

/// What a taint does to pods that do not tolerate it (`core/v1`, `TaintEffect`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a new effect must be thought of everywhere")]
pub enum TaintEffect {
    /// None is placed on the node.
    NoSchedule,
    /// None is placed on the node where another one has room.
    PreferNoSchedule,
    /// None is placed on the node, and those that run there are evicted.
    NoExecute,
}

impl TaintEffect {
    const ALL: [Self; 3] = [Self::NoSchedule, Self::PreferNoSchedule, Self::NoExecute];

    /// The effect as Kubernetes spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

impl fmt::Display for TaintEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What keeps pods from a node that do not tolerate it, as `kubectl taint` takes it: `KEY[=VALUE]:EFFECT`.
///
/// ```
/// use kboot_core::cluster::{Taint, TaintEffect};
/// let taint: Taint = "dedicated=db:NoSchedule".parse()?;
/// assert_eq!((taint.key.as_str(), taint.value.as_str()), ("dedicated", "db"));
/// assert_eq!(taint.effect, TaintEffect::NoSchedule);
/// assert_eq!("dedicated:NoExecute".parse::<Taint>()?.to_string(), "dedicated:NoExecute");
/// assert!("dedicated=db".parse::<Taint>().is_err());
/// # Ok::<(), kboot_core::cluster::TaintError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "these are all that a taint has when a node registers")]
pub struct Taint {
    /// The key.
    pub key: LabelKey,
    /// The value, which may be empty.
    pub value: LabelValue,
    /// What it does.
    pub effect: TaintEffect,
}

/// Why a text is no taint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaintError {
    /// There is no colon.
    #[error("{text:?} is not a taint: write KEY[=VALUE]:EFFECT, for example dedicated=db:NoSchedule")]
    NoEffect {
        /// The text, cut to its first 64 characters.
        text: String,
    },
    /// The effect is none.
    #[error(
        "{effect:?} is not the effect of a taint: the effects are NoSchedule, PreferNoSchedule and NoExecute"
    )]
    Effect {
        /// What stands after the colon, cut to its first 64 characters.
        effect: String,
    },
    /// The key or the value is none.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl FromStr for Taint {
    type Err = TaintError;

    fn from_str(text: &str) -> Result<Self, TaintError> {
        let no_effect = || TaintError::NoEffect { text: excerpt(text) };
        let (name, effect) = text.rsplit_once(':').ok_or_else(no_effect)?;
        let (key, value) = name.split_once('=').unwrap_or((name, ""));
        let found = TaintEffect::ALL.into_iter().find(|known| known.as_str() == effect);
        let effect = found.ok_or_else(|| TaintError::Effect { effect: excerpt(effect) })?;
        Ok(Self { key: key.parse()?, value: value.parse()?, effect })
    }
}

impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, effect } = self;
        if value.as_str().is_empty() {
            return write!(f, "{key}:{effect}");
        }
        write!(f, "{key}={value}:{effect}")
    }
}

/// Whether a kubelet may give its own Node a label, as itself (`ValidateKubeletFlags`) and NodeRestriction see it:
/// of Kubernetes' own names, those of `kubelet/pkg/apis/well_known_labels.go` alone.
pub(super) fn may_be_set_by_a_kubelet(key: &LabelKey) -> bool {
    const LABELS: [&str; 11] = [
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    ];
    let Some((namespace, _)) = key.as_str().split_once('/') else { return true };
    let is_in = |wanted: &str| {
        namespace.strip_suffix(wanted).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let is_of_kubernetes = is_in("kubernetes.io") || is_in("k8s.io");
    !is_of_kubernetes
        || is_in("kubelet.kubernetes.io")
        || is_in("node.kubernetes.io")
        || LABELS.contains(&key.as_str())
}
