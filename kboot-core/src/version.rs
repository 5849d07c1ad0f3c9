//! Kubernetes versions, and the one place that knows which of them kboot writes files for.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::shown::excerpt;

/// Why a text is not a Kubernetes version that kboot covers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// It is not one at all.
    #[error("{value:?} is not a Kubernetes version: write v1.MINOR.PATCH, for example v1.36.4")]
    Malformed {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// kboot writes no files for it.
    #[error(
        "{value:?} is not a version that kboot covers: 1.{} to 1.{}",
        KubernetesVersion::MINORS.start(),
        KubernetesVersion::MINORS.end()
    )]
    NotCovered {
        /// The text, cut to its first 64 characters.
        value: String,
    },
}

/// A Kubernetes version that kboot covers: one of [`KubernetesVersion::MINORS`].
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
    /// The minor versions that are covered.
    pub const MINORS: RangeInclusive<u16> = 6..=37;

    /// The newest version covered.
    pub const LATEST: Self = Self { minor: *Self::MINORS.end(), patch: 0 };

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
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let value = || excerpt(text);
        let malformed = || VersionError::Malformed { value: value() };
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
        if !Self::MINORS.contains(&minor) {
            return Err(VersionError::NotCovered { value: value() });
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
#[expect(clippy::exhaustive_enums, reason = "there is no fourth direction")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in ["v1.6.0", "v1.20.2", "1.33.0", "v1.37.11"] {
            assert!(good.parse::<KubernetesVersion>().is_ok(), "{good}");
        }
        for bad in ["", "1", "1.36", "v2.0.0", "v1.5.9", "v1.036.0", "1.36.4-rc.1", "v1.+36.0"] {
            assert!(bad.parse::<KubernetesVersion>().is_err(), "{bad:?} was accepted");
        }
        let KubernetesVersion { minor: newest, .. } = KubernetesVersion::LATEST;
        let next = format!("v1.{}.0", newest + 1);
        assert_eq!(
            next.parse::<KubernetesVersion>().unwrap_err().to_string(),
            format!("{next:?} is not a version that kboot covers: 1.6 to 1.{newest}")
        );
    }
}
