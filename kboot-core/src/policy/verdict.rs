//! The three decisions, and the three answers that lead to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is decided on a request, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth")]
pub enum Verdict {
    /// Sign it.
    Approve,
    /// Never sign it.
    Deny,
    /// Leave it pending.
    Hold,
}

impl Verdict {
    /// `approve`, `deny` or `hold`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Hold => "hold",
        }
    }
}

/// The answer of one clause or one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "three-valued logic has three values")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// It cannot be said.
    Unknown,
}

impl Answer {
    /// `yes`, `no` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// What it comes to for a request.
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Yes => Verdict::Approve,
            Self::No => Verdict::Deny,
            Self::Unknown => Verdict::Hold,
        }
    }
}
