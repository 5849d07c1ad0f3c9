//! Paths below the output folder.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::name::NodeName;

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
    pub(crate) fn on_node(node: &NodeName, path: &str) -> Self {
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
