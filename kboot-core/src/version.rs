//! Kubernetes versions, and the one place that knows which of them kboot writes files for.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a Kubernetes version that kboot covers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} {problem}")]
#[non_exhaustive]
pub struct VersionError {
    /// The text, cut to its first 64 characters.
    pub value: String,
    /// What is wrong, and what would be right.
    pub problem: &'static str,
}

/// A Kubernetes version that kboot covers: 1.6 to 1.37.
///
/// ```
/// use kboot_core::version::KubernetesVersion;
/// let version: KubernetesVersion = "v1.36.4".parse()?;
/// assert_eq!(version.minor(), 36);
/// assert_eq!(version.to_string(), "v1.36.4");
/// # Ok::<(), kboot_core::version::VersionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    minor: u16,
    patch: u16,
}

impl KubernetesVersion {
    /// The newest version covered, which `kboot cluster init` proposes.
    pub const LATEST: Self = Self { minor: 37, patch: 0 };

    /// The oldest minor version covered.
    const OLDEST_MINOR: u16 = 6;

    /// The number after `1.`.
    #[must_use]
    pub fn minor(self) -> u16 {
        self.minor
    }

    /// The way to another version; none where it is the same.
    #[must_use]
    pub fn change_to(self, to: Self) -> Option<VersionChange> {
        (self != to).then_some(VersionChange { from: self, to })
    }

    fn covered(minor: u16) -> bool {
        (Self::OLDEST_MINOR..=Self::LATEST.minor).contains(&minor)
    }
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let fail = |problem| VersionError { value: text.chars().take(64).collect(), problem };
        let malformed = || fail("is not a Kubernetes version: write v1.MINOR.PATCH, for example v1.36.4");
        let number = |part: &str| -> Option<u16> {
            let canonical = !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_digit())
                && (part == "0" || !part.starts_with('0'));
            canonical.then(|| part.parse().ok()).flatten()
        };
        let parts: Vec<&str> = text.strip_prefix('v').unwrap_or(text).split('.').collect();
        let (minor, patch) = match parts[..] {
            ["1", minor, patch] => (number(minor), number(patch)),
            _ => return Err(malformed()),
        };
        let (Some(minor), Some(patch)) = (minor, patch) else { return Err(malformed()) };
        if !Self::covered(minor) {
            return Err(fail("is not a version that kboot covers: 1.6 to 1.37"));
        }
        Ok(Self { minor, patch })
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}.{}", self.minor, self.patch)
    }
}

/// A cluster's way from one version to another.
///
/// ```
/// use kboot_core::version::{KubernetesVersion, VersionChangeKind};
/// let version = |text: &str| text.parse::<KubernetesVersion>();
/// let change = version("v1.33.1")?.change_to(version("v1.36.4")?).unwrap();
/// assert_eq!(change.kind(), VersionChangeKind::Jump);
/// # Ok::<(), kboot_core::version::VersionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionChange {
    /// The version before.
    pub from: KubernetesVersion,
    /// The version after.
    pub to: KubernetesVersion,
}

/// What Kubernetes says of such a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no fourth direction")]
pub enum VersionChangeKind {
    /// Upwards, by one minor version at most: supported.
    Upgrade,
    /// Upwards over a minor version: an API server must not skip one (the version skew policy).
    Jump,
    /// Downwards.
    Downgrade,
}

impl VersionChange {
    /// What Kubernetes says of it.
    #[must_use]
    pub fn kind(self) -> VersionChangeKind {
        if self.to < self.from {
            VersionChangeKind::Downgrade
        } else if self.to.minor > self.from.minor + 1 {
            VersionChangeKind::Jump
        } else {
            VersionChangeKind::Upgrade
        }
    }
}

impl fmt::Display for VersionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        match self.kind() {
            VersionChangeKind::Upgrade => write!(f, "Kubernetes {from} becomes {to}"),
            VersionChangeKind::Jump => write!(
                f,
                "Kubernetes {from} becomes {to}, which is supported one minor version at a time alone: go to v1.{} \
                 and roll it out first",
                from.minor + 1
            ),
            VersionChangeKind::Downgrade if to.minor == from.minor => {
                write!(f, "Kubernetes {from} goes back to {to} and loses what was mended in between")
            }
            VersionChangeKind::Downgrade => write!(
                f,
                "Kubernetes {from} goes back to {to}, which is not supported: what is stored in etcd by then, older \
                 API servers may not read; the way back is a backup of etcd from that version"
            ),
        }
    }
}

impl fmt::Display for VersionChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upgrade => "upgrade",
            Self::Jump => "jump",
            Self::Downgrade => "downgrade",
        })
    }
}

/// The minor versions that have something: a flag, a field of a configuration file.
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

impl VersionSpan {
    /// From two columns of a table: `1.N` each, or `>1.N` for something that came at some time after 1.N, and
    /// `?1.N` for something that went in 1.N or before; anything else is no bound.
    pub(crate) fn of_columns(since: &str, until: &str) -> Self {
        let exactly = |text| minor_of(text).map(|minor| Bound { minor, exact: true });
        let after = |minor: u16| Bound { minor: minor.saturating_add(1), exact: false };
        let at_latest = |minor| Bound { minor, exact: false };
        Self {
            since: exactly(since).or_else(|| minor_of(since.strip_prefix('>')?).map(after)),
            until: exactly(until).or_else(|| minor_of(until.strip_prefix('?')?).map(at_latest)),
        }
    }

    /// Why a version does not have it; nothing where it does.
    pub(crate) fn lacks(self, version: KubernetesVersion) -> Option<String> {
        match (self.since, self.until) {
            (_, Some(Bound { minor, exact })) if version.minor >= minor => {
                let or_before = if exact { "" } else { " or before" };
                Some(format!("removed in 1.{minor}{or_before}"))
            }
            (Some(Bound { minor, exact: true }), _) if version.minor < minor => {
                Some(format!("it came with 1.{minor}"))
            }
            (Some(Bound { minor, .. }), _) if version.minor < minor => {
                Some(format!("it came after 1.{}", minor.saturating_sub(1)))
            }
            _ => None,
        }
    }

    pub(crate) fn has(self, version: KubernetesVersion) -> bool {
        self.lacks(version).is_none()
    }
}

/// The number after `1.`.
pub(crate) fn minor_of(text: &str) -> Option<u16> {
    text.strip_prefix("1.")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in ["v1.6.0", "v1.20.2", "1.33.0", "v1.37.11"] {
            assert!(good.parse::<KubernetesVersion>().is_ok(), "{good}");
        }
        for bad in ["", "1", "1.36", "v2.0.0", "v1.5.9", "v1.38.0", "v1.036.0", "1.36.4-rc.1", "v1.+36.0"] {
            assert!(bad.parse::<KubernetesVersion>().is_err(), "{bad:?} was accepted");
        }
    }
}
