//! What a check has to say of something that exists: one form for configuration files, kubeconfigs and nodes.

use std::fmt;

use serde::{Serialize, Serializer};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Good to know: nothing is wrong.
    Note,
    /// It may be meant, or it could not be found out: somebody should have a look.
    Warning,
    /// It does not work: a program refuses it or ignores what was meant, or a connection will fail.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What one kind of check can find: an enum with the facts in its fields, whose `Display` says what is wrong
/// and what would be right.
pub trait Detail: fmt::Display {
    /// The word for it, which stays the same from release to release.
    fn code(&self) -> &'static str;

    /// The line and the column, from 1, in the text that was checked, where that is known.
    fn line_and_column(&self) -> Option<(u64, u64)> {
        None
    }
}

/// One thing that a check found. It never holds a secret.
///
/// Serialized, it is `{severity, code, path, reason}`, with `line` and `column` where they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding<D> {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is, for example `users[kube-proxy].client-key` or `line 12`.
    pub path: String,
    /// What it is.
    pub detail: D,
}

impl<D> Finding<D> {
    pub(crate) fn new(severity: Severity, path: impl Into<String>, detail: D) -> Self {
        Self { severity, path: path.into(), detail }
    }

    #[cfg_attr(not(feature = "kube"), expect(dead_code, reason = "nodes alone have something to note"))]
    pub(crate) fn note(path: impl Into<String>, detail: D) -> Self {
        Self::new(Severity::Note, path, detail)
    }

    pub(crate) fn error(path: impl Into<String>, detail: D) -> Self {
        Self::new(Severity::Error, path, detail)
    }

    pub(crate) fn warning(path: impl Into<String>, detail: D) -> Self {
        Self::new(Severity::Warning, path, detail)
    }

    /// The finding as one of a room that has others beside it.
    pub(crate) fn map<E>(self, detail: impl FnOnce(D) -> E) -> Finding<E> {
        let Self { severity, path, detail: own } = self;
        Finding { severity, path, detail: detail(own) }
    }
}

impl<D: Detail> Finding<D> {
    /// The word for what it is, which stays the same from release to release.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.detail.code()
    }
}

impl<D: fmt::Display> fmt::Display for Finding<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => self.detail.fmt(f),
            path => write!(f, "{path}: {}", self.detail),
        }
    }
}

impl<D: Detail> Serialize for Finding<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let Self { severity, path, detail } = self;
        let place = detail.line_and_column();
        let mut fields = serializer.serialize_struct("Finding", if place.is_some() { 6 } else { 4 })?;
        fields.serialize_field("severity", severity)?;
        fields.serialize_field("code", detail.code())?;
        fields.serialize_field("path", path)?;
        fields.serialize_field("reason", &detail.to_string())?;
        if let Some((line, column)) = place {
            fields.serialize_field("line", &line)?;
            fields.serialize_field("column", &column)?;
        }
        fields.end()
    }
}
