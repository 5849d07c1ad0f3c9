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

/// A field of a file that says something else; of a secret, no more than tells it apart from another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldChange {
    /// Its name, with the names of what it is in before it.
    pub field: String,
    /// What it says; none where it is not there.
    pub from: Option<String>,
    /// What it is to say; none where it is to be gone.
    pub to: Option<String>,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, from, to } = self;
        match (from, to) {
            (Some(from), Some(to)) => write!(f, "{field}: {from} → {to}"),
            (None, Some(to)) => write!(f, "with {field}: {to}"),
            (Some(_), None) => write!(f, "without {field}"),
            (None, None) => f.write_str(field),
        }
    }
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
    /// What it says is not the same, field by field; secrets are not shown.
    Fields {
        /// Which fields, and what they say.
        changes: Vec<FieldChange>,
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
            Self::Fields { changes } => {
                // What one reads; the rest is in the difference of the files.
                const SHOWN: usize = 3;
                for (i, change) in changes.iter().take(SHOWN).enumerate() {
                    write!(f, "{}{change}", if i == 0 { "" } else { ", " })?;
                }
                match changes.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, ", and {more} more"),
                }
            }
            Self::Differs => f.write_str("it differs from what the cluster file asks for"),
        }
    }
}
