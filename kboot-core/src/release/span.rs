//! Spans of minor versions: which ones have something, and why another has not.

use std::fmt;

use crate::version::KubernetesVersion;

/// The minor versions that have something: a flag, a field of a configuration file, a behaviour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VersionSpan {
    /// The first with it, where there are covered ones without.
    since: Option<Bound>,
    /// The first without it.
    until: Option<Bound>,
}

#[derive(Debug, Clone, Copy)]
struct Bound {
    minor: u16,
    /// Whether it is known to be this one: a first with it may be later, a first without it earlier.
    exact: bool,
}

/// Why a version does not have something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "before, after, and not known to the version")]
pub enum Absence {
    /// This minor version was the first with it.
    CameWith(u16),
    /// It came at some time after this minor version.
    CameAfter(u16),
    /// This minor version was the first without it.
    RemovedIn(u16),
    /// This minor version was without it, and maybe one before.
    RemovedInOrBefore(u16),
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CameWith(minor) => write!(f, "it came with 1.{minor}"),
            Self::CameAfter(minor) => write!(f, "it came after 1.{minor}"),
            Self::RemovedIn(minor) => write!(f, "removed in 1.{minor}"),
            Self::RemovedInOrBefore(minor) => write!(f, "removed in 1.{minor} or before"),
        }
    }
}

impl VersionSpan {
    /// From this minor version on.
    pub(super) const fn since(minor: u16) -> Self {
        Self { since: Some(Bound { minor, exact: true }), until: None }
    }

    /// Up to the last minor version before this one.
    pub(super) const fn until(minor: u16) -> Self {
        Self { since: None, until: Some(Bound { minor, exact: true }) }
    }

    /// From two columns of a table: `1.N` each, or `>1.N` for something that came at some time after 1.N, and
    /// `?1.N` for something that went in 1.N or before; anything else is no bound.
    pub(super) fn of_columns(since: &str, until: &str) -> Self {
        let exactly = |text| minor_of(text).map(|minor| Bound { minor, exact: true });
        let after = |minor: u16| Bound { minor: minor.saturating_add(1), exact: false };
        let at_latest = |minor| Bound { minor, exact: false };
        Self {
            since: exactly(since).or_else(|| minor_of(since.strip_prefix('>')?).map(after)),
            until: exactly(until).or_else(|| minor_of(until.strip_prefix('?')?).map(at_latest)),
        }
    }

    /// Why a version does not have it; nothing where it does.
    pub(crate) fn lacks(self, version: KubernetesVersion) -> Option<Absence> {
        match (self.since, self.until) {
            (_, Some(Bound { minor, exact })) if version.minor() >= minor => {
                Some(if exact { Absence::RemovedIn(minor) } else { Absence::RemovedInOrBefore(minor) })
            }
            (Some(Bound { minor, exact }), _) if version.minor() < minor => Some(if exact {
                Absence::CameWith(minor)
            } else {
                Absence::CameAfter(minor.saturating_sub(1))
            }),
            _ => None,
        }
    }

    pub(crate) fn contains(self, version: KubernetesVersion) -> bool {
        self.lacks(version).is_none()
    }
}

/// The number after `1.`.
pub(super) fn minor_of(text: &str) -> Option<u16> {
    text.strip_prefix("1.")?.parse().ok()
}
