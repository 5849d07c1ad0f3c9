//! Why a virtual kubelet was not started, or is not where it should be.

use std::time::Duration;

use super::status::KubeletStatus;

/// Why a virtual kubelet was not started, or is not where it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KubeletError {
    /// What it was told to be cannot be.
    #[error("a virtual kubelet cannot be like this: {0}")]
    Setting(#[source] Box<kboot_core::Error>),
    /// A name of its own, or one that it is to ask for.
    #[error("{name:?} is no name or address: a node's name is of lower-case letters, digits, - and .")]
    Name {
        /// The name.
        name: String,
    },
    /// The version that it is to be of.
    #[error("there is no kubelet {asked:?}: they are of 1.20 to 1.37, written 1.36 or 1.36.4")]
    Version {
        /// What was asked for.
        asked: String,
    },
    /// The kubeconfig that it starts with.
    #[error("the bootstrap kubeconfig cannot be used: {0}")]
    Kubeconfig(#[source] Box<kube::config::KubeconfigError>),
    /// No client can be made of what it starts with, or was issued.
    #[error("no client can be made of its credentials: {0}")]
    Client(#[source] Box<kube::Error>),
    /// It did not come so far in this time.
    #[error("{node} is not {awaited} after {limit:?}: {status}")]
    TimedOut {
        /// The node.
        node: String,
        /// What was waited for.
        awaited: &'static str,
        /// How long.
        limit: Duration,
        /// Where it is instead.
        status: Box<KubeletStatus>,
    },
    /// Its task has ended, so it goes nowhere any more.
    #[error("{node} has been stopped: {status}")]
    Stopped {
        /// The node.
        node: String,
        /// Where it was last.
        status: Box<KubeletStatus>,
    },
}
