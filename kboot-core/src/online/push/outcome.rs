//! What a push tells while it works, and what came of it.

use std::collections::BTreeMap;

use super::error::PushError;
use crate::name::NodeName;

/// What a push tells while it works.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A machine gets its files, and its script runs.
    Installs {
        /// The machine.
        node: &'a NodeName,
    },
    /// A machine's script has run.
    Installed {
        /// The machine.
        node: &'a NodeName,
        /// What the script says, in lines.
        said: &'a str,
    },
    /// Something takes its time.
    Waits {
        /// The machine that is waited for.
        node: &'a NodeName,
        /// What is not yet as it is to be.
        reason: &'a str,
    },
    /// The manifests are in the cluster.
    Applied {
        /// How many objects are new.
        created: usize,
        /// How many are other than before.
        updated: usize,
        /// How many were so already.
        kept: usize,
    },
    /// A node has labels that its kubelet does not give it any more, or may not.
    Labelled {
        /// The node.
        node: &'a NodeName,
        /// The labels, each with its value.
        labels: &'a BTreeMap<String, String>,
    },
}

/// What came of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It has new files or other units run, and it is well.
    Changed,
    /// It was as it is to be.
    Unchanged,
    /// This is where the push stopped.
    Failed,
    /// It was not its turn yet, or it has its files and nobody waited for it.
    Left,
}

impl Outcome {
    /// `changed`, `unchanged`, `failed` or `left`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Left => "left",
        }
    }
}

/// What came of a push.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Pushed {
    /// Each machine that was meant, in the order of their turns.
    pub nodes: Vec<(NodeName, Outcome)>,
    /// The requests for serving certificates of these nodes' kubelets that nobody has decided on.
    pub pending_requests: Vec<String>,
    /// The nodes that are Ready but for a network for pods, which a bundle does not have.
    pub without_network: Vec<NodeName>,
    /// Why it stopped, where it did.
    pub stopped: Option<PushError>,
}

impl Pushed {
    pub(super) fn set(&mut self, node: &NodeName, outcome: Outcome) {
        let of_it = self.nodes.iter_mut().filter(|(name, _)| name == node);
        of_it.for_each(|(_, is)| *is = outcome);
    }
}
