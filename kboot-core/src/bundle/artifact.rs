//! A file in memory: its path, mode, sensitivity and content.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::secret::SecretBytes;
use crate::version::KubernetesVersion;

/// Whether a file's content may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no half secret")]
pub enum Sensitivity {
    /// Anyone may read it: mode 0644.
    Public,
    /// It holds a key or a token: mode 0600.
    Secret,
}

impl Sensitivity {
    /// The mode of the file.
    #[must_use]
    pub fn mode(self) -> u32 {
        match self {
            Self::Public => 0o644,
            Self::Secret => 0o600,
        }
    }
}

/// A path below the output folder: relative, without `.` and `..`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactPath(Box<str>);

impl ArtifactPath {
    /// A path from texts that kboot itself spells or that are validated names.
    pub(crate) fn new(path: impl Into<Box<str>>) -> Self {
        let path = path.into();
        debug_assert!(
            !path.starts_with('/') && !path.split('/').any(|part| matches!(part, "" | "." | "..")),
            "{path}"
        );
        Self(path)
    }

    /// A node's file, from its path on the node.
    pub(crate) fn on_node(node: &crate::name::NodeName, path: &str) -> Self {
        Self::new(format!("nodes/{node}{path}"))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path below a folder.
    #[must_use]
    pub fn below(&self, root: &Path) -> PathBuf {
        root.join(&*self.0)
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file's content; nodes share what is the same for all.
#[derive(Clone)]
#[allow(clippy::exhaustive_enums, reason = "as exhaustive as Sensitivity")]
pub enum Content {
    /// Anyone may read it.
    Public(Arc<str>),
    /// It holds a key or a token.
    Secret(Arc<SecretBytes>),
}

impl Content {
    /// The bytes, secret or not.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        match self {
            Self::Public(text) => text.as_bytes(),
            Self::Secret(bytes) => bytes.expose_secret(),
        }
    }

    /// Whether it may be shown.
    #[must_use]
    pub fn sensitivity(&self) -> Sensitivity {
        match self {
            Self::Public(_) => Sensitivity::Public,
            Self::Secret(_) => Sensitivity::Secret,
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(text) => write!(f, "{} bytes", text.len()),
            Self::Secret(bytes) => bytes.fmt(f),
        }
    }
}

/// A file in memory.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Artifact {
    /// Where it belongs.
    pub path: ArtifactPath,
    /// What it holds.
    pub content: Content,
    /// Why it is made anew although one was there, where that is known.
    pub reason: Option<Arc<str>>,
}

/// Every file of a cluster, in the order in which they are written: what others are made from first.
///
/// ```
/// # use kboot_core::{Authorities, Bundle, ClusterSpec, Env};
/// # let spec: ClusterSpec = include_str!("../../../examples/single-node.yaml").parse()?;
/// let mut env = Env::system();
/// let authorities = Authorities::create(&spec, &mut env)?;
/// let bundle = Bundle::render(&spec, &authorities.issue(&spec, &mut env)?)?;
/// assert!(bundle.artifacts().iter().any(|artifact| artifact.path.as_str() == "admin.conf"));
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Bundle {
    pub(super) artifacts: Vec<Artifact>,
    pub(super) kubernetes_version: KubernetesVersion,
}

impl Bundle {
    /// The files.
    #[must_use]
    pub fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }
}
