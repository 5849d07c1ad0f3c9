//! A file in memory: where it belongs, what it is and what it holds.

use std::fmt;
use std::sync::Arc;

use super::path::ArtifactPath;
use super::place;
use super::step::StepReason;
use crate::name::{NodeName, UnixName};
use crate::pki::Origin;
use crate::secret::{SecretBytes, SecretText};
use crate::version::KubernetesVersion;

/// Whether a file's content may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no half secret")]
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

/// A file's content; nodes share what is the same for all.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "as exhaustive as Sensitivity")]
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

    /// Whether the artifact may be shown.
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

impl Content {
    /// What anyone may read.
    pub(super) fn public(text: impl Into<Arc<str>>) -> Self {
        Self::Public(text.into())
    }

    /// What holds a key or a token.
    pub(super) fn secret(text: &SecretText) -> Self {
        Self::Secret(Arc::new(SecretBytes::new(text.expose_secret().as_bytes().to_vec())))
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// An authority's private key.
    CaKey,
    /// An authority's certificate.
    CaCertificate,
    /// A private key.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// A certificate.
    Certificate,
    /// A kubeconfig.
    Kubeconfig,
    /// kube-apiserver's file of static tokens.
    StaticTokens,
    /// Objects for `kubectl apply`.
    Manifest,
    /// A systemd unit, or what is added to one.
    Unit,
    /// What a component or the operating system reads besides.
    Configuration,
    /// The script that installs a node's files, beside its folder.
    InstallScript,
    /// The list of what was issued, and for whom.
    Inventory,
}

/// The user and group that a file belongs to on its node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileOwner {
    /// The user.
    pub user: UnixName,
    /// The group.
    pub group: UnixName,
}

/// A file in memory.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Artifact {
    /// Where it belongs.
    pub path: ArtifactPath,
    /// The node that it is for, where it is one node's.
    pub node: Option<NodeName>,
    /// What it is.
    pub kind: FileKind,
    /// What it holds.
    pub content: Content,
    /// Whose it is on its node, where it is not root's.
    pub owner: Option<Arc<FileOwner>>,
    /// Why it is made anew although one was there, where that is known.
    pub reason: Option<Arc<StepReason>>,
}

impl Artifact {
    /// The mode that it is written with.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.content.sensitivity().mode()
    }

    /// Its path on its node, from `/` on; none for a file of no node.
    ///
    /// ```
    /// # use kboot_core::{Bundle, CaSet, ClusterSpec, Env};
    /// # let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
    /// # let mut env = Env::system();
    /// # let authorities = CaSet::create(&spec, &mut env)?;
    /// # let bundle = Bundle::render(&spec, &authorities.issue(&spec, &mut env)?)?;
    /// let (_, files) = bundle.nodes().next().ok_or("no node")?;
    /// assert!(files.iter().any(|file| file.path_on_node() == Some("/etc/kubernetes/pki/ca.crt")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn path_on_node(&self) -> Option<&str> {
        self.path.as_str().strip_prefix("nodes/")?.strip_prefix(self.node.as_ref()?.as_str())
    }

    /// A file of no node.
    pub(super) fn of_cluster(path: impl Into<Box<str>>, file: FileContent) -> Self {
        let FileContent { kind, content, reason } = file;
        Self { path: ArtifactPath::new(path), node: None, kind, content, owner: None, reason }
    }

    /// A file of a node, from its path there.
    pub(super) fn of_node(
        node: &NodeName,
        path: &str,
        file: FileContent,
        owner: Option<Arc<FileOwner>>,
    ) -> Self {
        let FileContent { kind, content, reason } = file;
        Self {
            path: ArtifactPath::on_node(node, path),
            node: Some(node.clone()),
            kind,
            content,
            owner,
            reason,
        }
    }
}

/// A file that has no place yet; many nodes may share it.
#[derive(Debug, Clone)]
pub(super) struct FileContent {
    pub(super) kind: FileKind,
    pub(super) content: Content,
    pub(super) reason: Option<Arc<StepReason>>,
}

impl FileContent {
    /// What anyone may read.
    pub(super) fn public(kind: FileKind, text: impl Into<Arc<str>>) -> Self {
        Self { kind, content: Content::public(text), reason: None }
    }

    /// What holds a key or a token.
    pub(super) fn secret(kind: FileKind, text: &SecretText) -> Self {
        Self { kind, content: Content::secret(text), reason: None }
    }

    /// With the reason that what it holds was made for.
    pub(super) fn made(self, origin: &Origin) -> Self {
        let reason = match origin {
            Origin::Kept | Origin::Made { reason: None } => None,
            Origin::Made { reason: Some(reason) } => Some(Arc::new(StepReason::Replaced(reason.clone()))),
        };
        Self { reason, ..self }
    }
}

/// Every file of a cluster, in the order in which they are written: what others are made from first.
///
/// ```
/// # use kboot_core::{Bundle, CaSet, ClusterSpec, Env};
/// # let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
/// let mut env = Env::system();
/// let authorities = CaSet::create(&spec, &mut env)?;
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

    /// Each node with its files, in the order of the cluster file: what an installer brings to that machine, with
    /// [`path_on_node`](Artifact::path_on_node), [`mode`](Artifact::mode), [`owner`](Artifact::owner) and
    /// [`content`](Artifact::content).
    ///
    /// ```
    /// # use kboot_core::{Bundle, CaSet, ClusterSpec, Env};
    /// # let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
    /// # let mut env = Env::system();
    /// # let authorities = CaSet::create(&spec, &mut env)?;
    /// # let bundle = Bundle::render(&spec, &authorities.issue(&spec, &mut env)?)?;
    /// for (node, files) in bundle.nodes() {
    ///     for file in files {
    ///         println!("{node}: {:?} {:o} {:?}", file.path_on_node(), file.mode(), file.content);
    ///     }
    /// }
    /// assert_eq!(bundle.nodes().count(), spec.nodes().len());
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    pub fn nodes(&self) -> impl Iterator<Item = (&NodeName, &[Artifact])> {
        // A node's files stand together.
        let of_one = self.artifacts.chunk_by(|one, next| one.node == next.node);
        of_one.filter_map(|files| Some((files.first()?.node.as_ref()?, files)))
    }

    /// The script that installs a node on its machine: for `sh`, as root, beside the node's folder. It copies what
    /// differs, with modes and owners, starts what the node runs, restarts what reads a file that has changed, and may
    /// be run again. None for a node that the bundle does not have.
    ///
    /// ```
    /// # use kboot_core::{Bundle, CaSet, ClusterSpec, Env};
    /// # let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
    /// # let mut env = Env::system();
    /// # let authorities = CaSet::create(&spec, &mut env)?;
    /// # let bundle = Bundle::render(&spec, &authorities.issue(&spec, &mut env)?)?;
    /// let script = bundle.install_script(spec.nodes()[0].name()).ok_or("no node")?;
    /// assert_eq!(script.path.as_str(), "install/node-1.sh");
    /// assert!(script.content.expose_bytes().starts_with(b"#!/bin/sh\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn install_script(&self, node: &NodeName) -> Option<&Artifact> {
        let path = place::install_script(node);
        self.artifacts.iter().find(|file| file.path.as_str() == path)
    }
}
