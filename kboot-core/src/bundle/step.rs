//! What happens to each file, and why.

use std::fmt;
use std::sync::Arc;

use super::path::ArtifactPath;
use crate::pki::Replaced;
use crate::version::VersionChange;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "kboot never deletes")]
pub enum FileAction {
    /// It is not there.
    Create,
    /// It is there and right.
    Keep,
    /// It is there and differs.
    Replace,
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Keep => "keep",
            Self::Replace => "replace",
        })
    }
}

/// One file of a plan.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlanStep {
    /// Which file.
    pub path: ArtifactPath,
    /// What happens to it.
    pub action: FileAction,
    /// Why, where it is replaced.
    pub reason: Option<Arc<StepReason>>,
}

/// Why a file that is there is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepReason {
    /// The certificate or token in it did not do.
    Replaced(Replaced),
    /// The folder goes to another version of Kubernetes.
    VersionChange(VersionChange),
    /// Flags, directives or fields are others.
    Settings {
        /// Which of them are gone, new and other.
        changes: String,
    },
    /// It is not what the cluster file asks for, and no more is known.
    Differs,
}

impl fmt::Display for StepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced(reason) => reason.fmt(f),
            Self::VersionChange(change) => change.fmt(f),
            Self::Settings { changes } => f.write_str(changes),
            Self::Differs => f.write_str("it differs from what the cluster file asks for"),
        }
    }
}
