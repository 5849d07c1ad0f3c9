//! Why a push stops.

use std::time::Duration;

use super::machine::MachineError;
use crate::kind::ErrorKind;
use crate::name::NodeName;
use crate::online::OnlineError;
use crate::online::apply::FieldConflict;

/// Why a push stops, or does not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The cluster file has no such node.
    #[error("the cluster file has no node {node}")]
    NoSuchNode {
        /// Its name.
        node: NodeName,
    },
    /// The bundle is of another cluster file.
    #[error("the bundle has nothing for {node}")]
    NotInBundle {
        /// The node.
        node: NodeName,
    },
    /// The bundle has no kubeconfig of an administrator that can be used.
    #[error("super-admin.conf cannot be used: {reason}")]
    Kubeconfig {
        /// What is wrong with it.
        reason: String,
    },
    /// tar has no room for a path.
    #[error("{path:?} is too long a path for tar: 100 bytes after the last of its folders, 155 before")]
    PathTooLong {
        /// The path.
        path: String,
    },
    /// A machine that runs was not to be taken down while another one is not well.
    #[error("{node} runs, and stays as it is while {sick} does not: {reason}")]
    OthersSick {
        /// The machine that was next.
        node: NodeName,
        /// The one that is not well.
        sick: NodeName,
        /// What is wrong there.
        reason: String,
    },
    /// Nobody could be asked how the control plane is, and it runs.
    #[error(
        "{node} runs {unit}, but it cannot be asked from here whether it is well: {reason}. All machines of the control \
         plane at once would be an outage; run this where they can be reached"
    )]
    OutOfSight {
        /// The machine.
        node: NodeName,
        /// What runs there.
        unit: &'static str,
        /// Why it cannot be asked.
        reason: String,
    },
    /// The machine's part was not done.
    #[error("{node}: {problem}")]
    Machine {
        /// The machine.
        node: NodeName,
        /// What happened.
        problem: MachineError,
    },
    /// The machine has its files, and does not run well.
    #[error("{node} has its files, and is not well after {} s: {reason}", limit.as_secs())]
    NotWell {
        /// The machine.
        node: NodeName,
        /// What is wrong.
        reason: String,
        /// How long was waited.
        limit: Duration,
    },
    /// Other managers have set fields of a manifest otherwise.
    #[error(
        "{object} of the manifests is in conflict: {}; kboot cluster apply --force-conflicts takes the fields over",
        conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    Conflict {
        /// The object.
        object: String,
        /// Its fields.
        conflicts: Vec<FieldConflict>,
    },
    /// A manifest cannot be read.
    #[error("{file} cannot be used")]
    Manifest {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        problem: crate::document::DocumentError,
    },
    /// The API server does not do what it is asked for.
    #[error(transparent)]
    Online(#[from] OnlineError),
}

impl PushError {
    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoSuchNode { .. } | Self::NotInBundle { .. } | Self::PathTooLong { .. } => ErrorKind::Input,
            Self::Kubeconfig { .. } | Self::Manifest { .. } => ErrorKind::Input,
            Self::Online(error) => error.kind(),
            _ => ErrorKind::Cluster,
        }
    }
}
