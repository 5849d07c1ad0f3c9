//! Why a bundle cannot be read, rendered or written.

use std::io;
use std::path::{Path, PathBuf};

use super::cluster_identity::ClusterIdentity;
use super::loose_mode::{self, LooseMode};
use crate::error::ErrorKind;
use crate::kubeconfig::KubeconfigError;
use crate::name::NodeName;
use crate::pki::PkiError;
use crate::token::TokenError;

/// Why a bundle cannot be read, rendered or written. Every variant names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The operating system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Something else lies where a file or folder belongs.
    #[error("{} is {found}, expected {expected}; move it away and run again", path.display())]
    UnexpectedKind {
        /// Where.
        path: PathBuf,
        /// What is there.
        found: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// Files and folders are open to more people than they should be.
    #[error("{}", loose_mode::message(found))]
    LooseMode {
        /// All that were found.
        found: Vec<LooseMode>,
    },
    /// A file or folder belongs to somebody else, who could have put anything there.
    #[error("{} belongs to user {owner}; kboot trusts what belongs to you or to root", path.display())]
    ForeignOwner {
        /// Where.
        path: PathBuf,
        /// The user's number.
        owner: u32,
    },
    /// The folder was built for another cluster, whose authorities this one would get.
    #[error(
        "{} was built for {held}, and the cluster file is of {asked}, {difference}: it would take over the authorities \
         and keys; build into another folder, or, where it is the same cluster, renamed or moved, say so", path.display()
    )]
    AnotherCluster {
        /// The folder.
        path: PathBuf,
        /// The cluster that it was built for.
        held: Box<ClusterIdentity>,
        /// The cluster of the file.
        asked: Box<ClusterIdentity>,
        /// What tells them apart.
        difference: &'static str,
    },
    /// `kboot.json`, by which a folder is known, cannot be read.
    #[error(
        "{} cannot be used: {problem}; put it back, or move it away if the folder is surely this cluster's",
        path.display()
    )]
    Inventory {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An authority that was there is gone.
    #[error(
        "{} is gone, but nodes or kboot.json say that it was there; put it back with its key, \
         or build into a new folder to make a new cluster", path.display()
    )]
    LostAuthority {
        /// The certificate.
        path: PathBuf,
    },
    /// A key or certificate that is there cannot be used.
    #[error("{} cannot be used", path.display())]
    Pki {
        /// Where.
        path: PathBuf,
        /// Why.
        source: PkiError,
    },
    /// An authority's certificate is there without its key.
    #[error(
        "{} is there but its private key {} is not; put the key back, \
         or build into a new folder to make a new cluster",
        certificate.display(), key.display()
    )]
    MissingKey {
        /// The certificate.
        certificate: PathBuf,
        /// Where the key should be.
        key: PathBuf,
    },
    /// A kubeconfig that is there cannot be used, and may hold a key that exists nowhere else.
    #[error("{} cannot be used; repair it, or move it away to get a new one", path.display())]
    Kubeconfig {
        /// Where.
        path: PathBuf,
        /// Why.
        source: KubeconfigError,
    },
    /// The Secret of the bootstrap token cannot be used.
    #[error("{} cannot be used; repair it, or move it away to get a new token", path.display())]
    Token {
        /// Where.
        path: PathBuf,
        /// Why.
        source: TokenError,
    },
    /// A new bootstrap token was asked for where nodes do not join by one.
    #[error(
        "a new token was asked for, but nodes of this cluster join without a bootstrap token; leave that out, or write \
         join.nodeCredentials: bootstrap-token"
    )]
    NoJoinToken,
    /// Writing the bundle would destroy a key or an authority.
    #[error("{} holds another key, authority or user than this bundle; nothing is ever overwritten there: use an empty folder, or build from the keys that are there", path.display())]
    WouldOverwriteKey {
        /// Where.
        path: PathBuf,
    },
    /// A file that was to be new is there.
    #[error("{} is there already and is not overwritten", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// Another build, or a push, works on the folder.
    #[error("another kboot is at work in {}; wait until it is done", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// A node whose name is no folder's on this system.
    #[error(
        "node {node} can have no folder here: Windows takes the name, whatever follows its first dot, for a device; build \
         on another system, or name the node otherwise"
    )]
    NodeName {
        /// The node.
        node: NodeName,
    },
    /// A file could not be rendered.
    #[error("{path} cannot be rendered")]
    Render {
        /// The file.
        path: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl BundleError {
    /// A key or certificate in a file that cannot be used.
    pub(super) fn unusable<E: Into<PkiError>>(path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |source| Self::Pki { path, source: source.into() }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. } | Self::Locked { .. } => ErrorKind::Io,
            Self::Render { .. } => ErrorKind::Internal,
            _ => ErrorKind::Input,
        }
    }
}
