//! A bundle's files on their machines: each node's script is run there, in an order that keeps a running cluster running.
//!
//! Where none of the control plane's machines is well, all are installed and then waited for together. Otherwise they are
//! taken one at a time, first those that are not well, and none is touched while another is not well. A machine is well
//! when its kube-apiserver says `/readyz`, its etcd `/health`, and systemd that its units are active. Then come the
//! manifests, by server-side apply, and the workers. The first failure ends it; run again, it does what is missing, since
//! a script changes nothing on a machine that is as it is to be.

mod archive;
mod error;
mod live;
mod machine;
mod order;
mod outcome;
mod run;
mod seen;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use error::PushError;
pub use machine::{MachineError, Machines};
pub use order::{Health, Order};
pub use outcome::{Event, Outcome, Pushed};
use tokio::time::Instant;

use crate::bundle::Bundle;
use crate::cluster::ClusterSpec;
use crate::name::NodeName;
use live::Live;
use run::{Cluster, ELECTION, Run};

/// How long a server may take to say how it is.
const QUESTION: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_secs(1);

/// A push that is about to begin.
///
/// ```no_run
/// use std::time::Duration;
/// use kboot_core::cluster::Node;
/// use kboot_core::online::push::{MachineError, Machines, Push};
/// use kboot_core::secret::SecretBytes;
/// use kboot_core::{Bundle, ClusterSpec};
///
/// struct Ssh;
///
/// impl Machines for Ssh {
///     async fn run(&self, node: &Node, command: &str, input: &SecretBytes) -> Result<String, MachineError> {
///         // Your own way to node.address().
/// #       let _ = (node, command, input);
/// #       Err(MachineError::Unreachable { reason: String::new() })
///     }
/// }
///
/// # async fn example(spec: &ClusterSpec, bundle: &Bundle) -> Result<(), Box<dyn std::error::Error>> {
/// let push = Push::connect(spec, bundle, &[], Duration::from_secs(300)).await?;
/// let pushed = push.run(&Ssh, &mut |event| eprintln!("{event:?}")).await;
/// if let Some(error) = pushed.stopped {
///     return Err(error.into());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Push<'a> {
    spec: &'a ClusterSpec,
    bundle: &'a Bundle,
    live: Live,
    order: Order,
    limit: Duration,
}

impl std::fmt::Debug for Push<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { spec: _, bundle: _, live: _, order, limit } = self;
        f.debug_struct("Push").field("order", order).field("limit", limit).finish_non_exhaustive()
    }
}

impl<'a> Push<'a> {
    /// Asks how the machines of the control plane and of etcd are, and finds the order. `nodes` are those that are meant,
    /// all where there are none. Each step may take `limit`: a script, and a wait for health.
    ///
    /// # Errors
    /// [`PushError`] where a node is not of the cluster file, where the bundle's credentials cannot be used, and where one
    /// that runs is meant while one that does not is not.
    pub async fn connect(
        spec: &'a ClusterSpec,
        bundle: &'a Bundle,
        nodes: &[NodeName],
        limit: Duration,
    ) -> Result<Self, PushError> {
        let is_known = |name: &&NodeName| spec.nodes().iter().any(|node| node.name() == *name);
        if let Some(node) = nodes.iter().find(|name| !is_known(name)) {
            return Err(PushError::NoSuchNode { node: node.clone() });
        }
        let live = Live::of(spec, bundle, QUESTION.min(limit)).await?;
        let members: Vec<_> = spec.nodes().iter().filter(|node| order::is_member(spec, node)).collect();
        let begin = Instant::now();
        let health = loop {
            let health = members.iter().map(async |node| (node.name().clone(), live.health(node).await));
            let health = futures::future::join_all(health).await;
            // All at once are installed only where it is not an election of etcd that has them all say no.
            let says_no = health.iter().any(|(_, health)| matches!(health, Health::Sick { .. }));
            let is_good = health.iter().any(|(_, health)| *health == Health::Good);
            if is_good || !says_no || begin.elapsed() >= ELECTION.min(limit) {
                break health;
            }
            tokio::time::sleep(REST).await;
        };
        let order = order::order(spec, |node| nodes.is_empty() || nodes.contains(node.name()), &health)?;
        Ok(Self { spec, bundle, live, order, limit })
    }

    /// In which order the machines come, and how those of the control plane and of etcd are.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Installs one machine after the other and says what comes of each. It needs a tokio runtime with time and network.
    pub async fn run(self, machines: &impl Machines, tell: &mut (dyn FnMut(Event<'_>) + Send)) -> Pushed {
        let Self { spec, bundle, live, order, limit } = &self;
        Run { spec, bundle, machines, cluster: live, limit: *limit, rest: REST.min(*limit), tell }
            .run(order)
            .await
    }
}
