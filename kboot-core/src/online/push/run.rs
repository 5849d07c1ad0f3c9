//! The steps of a push, over whoever runs commands and whoever answers for the cluster.

use std::time::Duration;

use tokio::time::Instant;

use super::archive::archive;
use super::error::PushError;
use super::machine::{Machines, has_changed, install, states_of, within};
use super::order::{Health, Order, is_member};
use super::outcome::{Event, Outcome, Pushed};
use super::seen::{Labels, Ready, Seen, lacking};
use crate::bundle::Bundle;
use crate::cluster::{ClusterSpec, ControlPlane, Node, NodeRole};
use crate::component::Component;
use crate::name::NodeName;
use crate::secret::SecretBytes;

/// Longer than etcd takes to elect a leader, and kube-apiserver to see it.
pub(super) const ELECTION: Duration = Duration::from_secs(20);

/// How many rests a program gets to end on what it does not understand: less than its unit's `RestartSec`.
const SETTLED: u32 = 3;

/// Who answers for the cluster.
pub(super) trait Cluster: Sync {
    /// How a member's own servers are.
    fn health(&self, node: &Node) -> impl Future<Output = Health> + Send;
    /// Applies the manifests: how many are created, updated and kept.
    fn apply(&self) -> impl Future<Output = Result<[usize; 3], PushError>> + Send;
    /// The Node of this name; none where there is none.
    fn node(&self, name: &NodeName) -> impl Future<Output = Result<Option<Seen>, PushError>> + Send;
    /// Gives a Node labels.
    fn label(&self, name: &NodeName, labels: &Labels) -> impl Future<Output = Result<(), PushError>> + Send;
    /// The undecided requests for serving certificates of these nodes.
    fn pending_requests(&self, nodes: &[NodeName]) -> impl Future<Output = Vec<String>> + Send;
}

/// A push at work.
pub(super) struct Run<'a, M, C> {
    pub(super) spec: &'a ClusterSpec,
    pub(super) bundle: &'a Bundle,
    pub(super) machines: &'a M,
    pub(super) cluster: &'a C,
    /// How long each step may take.
    pub(super) limit: Duration,
    /// How long it rests before it asks again.
    pub(super) rest: Duration,
    pub(super) tell: &'a mut (dyn FnMut(Event<'_>) + Send),
}

impl<'a, M: Machines, C: Cluster> Run<'a, M, C> {
    pub(super) async fn run(mut self, order: &Order) -> Pushed {
        let names = order.members.iter().map(|(name, _)| name).chain(&order.workers);
        let nodes = names.map(|name| (name.clone(), Outcome::Left)).collect();
        let mut pushed =
            Pushed { nodes, pending_requests: Vec::new(), without_network: Vec::new(), stopped: None };
        if let Err(error) = self.steps(order, &mut pushed).await {
            if let PushError::Machine { node, .. } | PushError::NotWell { node, .. } = &error {
                pushed.set(node, Outcome::Failed);
            }
            pushed.stopped = Some(error);
        } else if self.has_control_plane() {
            let nodes: Vec<NodeName> = pushed.nodes.iter().map(|(name, _)| name.clone()).collect();
            pushed.pending_requests = self.cluster.pending_requests(&nodes).await;
        }
        pushed
    }

    async fn steps(&mut self, order: &Order, pushed: &mut Pushed) -> Result<(), PushError> {
        let members = order.members.iter().map(|(name, health)| Ok((self.named(name)?, health)));
        let members = members.collect::<Result<Vec<_>, PushError>>()?;
        let workers = order.workers.iter().map(|name| self.named(name)).collect::<Result<Vec<_>, _>>()?;
        if order.starts {
            for (node, health) in &members {
                self.is_in_sight(node, health).await?;
            }
            let mut installed = Vec::new();
            for (node, _) in &members {
                installed.push(self.install(node).await?);
            }
            let deadline = Instant::now() + self.limit;
            for ((node, _), outcome) in members.iter().zip(installed) {
                self.until_well(node, outcome, deadline).await?;
                pushed.set(node.name(), outcome);
            }
        } else {
            for (node, _) in &members {
                // It may have come to itself, or fallen, since the order was made.
                if self.is_well(node).await {
                    self.until_others_well(node).await?;
                }
                let outcome = self.replace(node).await?;
                pushed.set(node.name(), outcome);
            }
        }
        if self.has_control_plane() {
            // Before the workers: their kubelets join by a token and roles that are in there.
            let [created, updated, kept] = self.cluster.apply().await?;
            (self.tell)(Event::Applied { created, updated, kept });
        }
        let mut installed = Vec::new();
        for node in &workers {
            installed.push(self.replace(node).await?);
        }
        // Those that join are waited for together.
        let deadline = Instant::now() + self.limit;
        for (node, _) in members.iter().filter(|(node, _)| node.has(NodeRole::Worker)) {
            self.until_joined(node, None, deadline, pushed).await?;
        }
        for (node, outcome) in workers.iter().zip(installed) {
            self.until_joined(node, None, deadline, pushed).await?;
            pushed.set(node.name(), outcome);
        }
        Ok(())
    }

    fn has_control_plane(&self) -> bool {
        self.spec.control_plane() == ControlPlane::Nodes
    }

    fn named(&self, name: &NodeName) -> Result<&'a Node, PushError> {
        let found = self.spec.nodes().iter().find(|node| node.name() == name);
        found.ok_or_else(|| PushError::NoSuchNode { node: name.clone() })
    }

    /// Where nobody answers, the machine itself says whether something runs there that only cannot be seen from here.
    async fn is_in_sight(&self, node: &Node, health: &Health) -> Result<(), PushError> {
        let Health::Closed { reason } = health else { return Ok(()) };
        let is_api_server = node.has(NodeRole::ControlPlane);
        let unit = if is_api_server { Component::KubeApiserver } else { Component::Etcd }.as_str();
        if self.states(node, &[unit]).await?.is_empty() {
            let (node, reason) = (node.name().clone(), reason.clone());
            return Err(PushError::OutOfSight { node, unit, reason });
        }
        Ok(())
    }

    /// Whether a member is well, or becomes so by itself: while etcd elects another leader no API server is ready.
    async fn is_well(&mut self, node: &Node) -> bool {
        let deadline = Instant::now() + self.limit.min(ELECTION);
        loop {
            match self.cluster.health(node).await {
                Health::Good => return true,
                Health::Sick { .. } if Instant::now() < deadline => tokio::time::sleep(self.rest).await,
                Health::Sick { .. } | Health::Closed { .. } => return false,
            }
        }
    }

    /// While etcd elects another leader, no API server is ready: that passes.
    async fn until_others_well(&mut self, node: &Node) -> Result<(), PushError> {
        let deadline = Instant::now() + self.limit.min(ELECTION);
        let members = self.spec.nodes().iter().filter(|other| is_member(self.spec, other));
        for other in members.filter(|other| other.name() != node.name()) {
            while let Some(reason) = self.cluster.health(other).await.reason() {
                if Instant::now() >= deadline {
                    let (node, sick) = (node.name().clone(), other.name().clone());
                    return Err(PushError::OthersSick { node, sick, reason: reason.to_owned() });
                }
                self.wait(other, reason, false).await?;
            }
        }
        Ok(())
    }

    /// A machine on its own: once it is done it runs as it did before.
    async fn replace(&mut self, node: &Node) -> Result<Outcome, PushError> {
        let is_asked = self.has_control_plane() && node.has(NodeRole::Worker);
        let before = if is_asked { self.asked(node).await? } else { None };
        let outcome = self.install(node).await?;
        let deadline = Instant::now() + self.limit;
        if is_member(self.spec, node) {
            self.until_well(node, outcome, deadline).await?;
        }
        if outcome == Outcome::Changed && before.is_some_and(|seen| seen.ready == Ready::Yes) {
            // What the kubelet from before said until its restart does not count.
            let renewed = self.asked(node).await?.and_then(|seen| seen.renewed);
            self.until_joined(node, renewed.as_deref(), deadline, &mut Pushed::default()).await?;
        }
        Ok(outcome)
    }

    /// The Node as it is. While a member is installed nobody may answer for it, which is no error.
    async fn asked(&self, node: &Node) -> Result<Option<Seen>, PushError> {
        match self.cluster.node(node.name()).await {
            Err(_) if is_member(self.spec, node) => Ok(None),
            seen => seen,
        }
    }

    async fn install(&mut self, node: &Node) -> Result<Outcome, PushError> {
        (self.tell)(Event::Installs { node: node.name() });
        let archive = archive(self.bundle, node.name())?;
        let said = self.command(node, &install(self.limit), &archive).await?;
        (self.tell)(Event::Installed { node: node.name(), said: &said });
        Ok(if has_changed(&said) { Outcome::Changed } else { Outcome::Unchanged })
    }

    async fn command(&self, node: &Node, command: &str, input: &SecretBytes) -> Result<String, PushError> {
        let done = within(self.machines, node, command, input, self.limit).await;
        done.map_err(|problem| PushError::Machine { node: node.name().clone(), problem })
    }

    /// The units that are not active, each with its state.
    async fn states(&self, node: &Node, units: &[&str]) -> Result<Vec<String>, PushError> {
        let said = self.command(node, &states_of(units), &SecretBytes::new(Vec::new())).await?;
        let mut states = said.lines().map(str::trim);
        let states = units.iter().map(|unit| (unit, states.next().unwrap_or("unknown")));
        let not_active = states.filter(|(_, state)| *state != "active");
        Ok(not_active.map(|(unit, state)| format!("{unit} is {state}")).collect())
    }

    async fn until_well(
        &mut self,
        node: &Node,
        outcome: Outcome,
        deadline: Instant,
    ) -> Result<(), PushError> {
        let is_early =
            |component: &Component| !matches!(component, Component::Kubelet | Component::KubeProxy);
        let units: Vec<&str> = units_of(node).filter(is_early).map(Component::as_str).collect();
        // A program that ends at once, for a flag that it does not know, was active for a moment.
        let mut is_settled = outcome != Outcome::Changed;
        loop {
            let health = self.cluster.health(node).await;
            let is_over = Instant::now() >= deadline;
            let mut problems: Vec<String> = health.reason().map(str::to_owned).into_iter().collect();
            // While nothing answers, systemd need not be asked again and again.
            if health == Health::Good || is_over {
                problems.extend(self.states(node, &units).await?);
            }
            if problems.is_empty() && is_settled {
                return Ok(());
            }
            if problems.is_empty() {
                tokio::time::sleep(self.rest * SETTLED).await;
                is_settled = true;
            } else {
                is_settled = outcome != Outcome::Changed;
                self.wait(node, &problems.join("; "), is_over).await?;
            }
        }
    }

    /// Until its kubelet has said that it is alive since, and the node is Ready.
    async fn until_joined(
        &mut self,
        node: &Node,
        renewed_before: Option<&str>,
        deadline: Instant,
        pushed: &mut Pushed,
    ) -> Result<(), PushError> {
        let units: Vec<&str> = units_of(node).map(Component::as_str).collect();
        loop {
            let is_over = Instant::now() >= deadline;
            let seen =
                if self.has_control_plane() { self.seen(node, renewed_before).await } else { Ok(None) };
            let reason = match seen {
                Ok(seen) => {
                    let not_active = self.states(node, &units).await?;
                    if not_active.is_empty() {
                        return self.label(node, seen, pushed).await;
                    }
                    not_active.join("; ")
                }
                Err(reason) => reason,
            };
            self.wait(node, &reason, is_over).await?;
        }
    }

    /// What the API server says of a node that has joined; why it has not, where it has not.
    async fn seen(&self, node: &Node, renewed_before: Option<&str>) -> Result<Option<Seen>, String> {
        let seen = match self.cluster.node(node.name()).await {
            Err(error) => return Err(error.to_string()),
            Ok(None) => return Err("its kubelet has not joined".to_owned()),
            Ok(Some(seen)) => seen,
        };
        if renewed_before.is_some() && seen.renewed.as_deref() == renewed_before {
            return Err("its kubelet has not said that it is alive".to_owned());
        }
        match &seen.ready {
            Ready::No { reason } => Err(format!("the node is not Ready: {reason}")),
            Ready::Yes | Ready::WithoutNetwork => Ok(Some(seen)),
        }
    }

    async fn label(&mut self, node: &Node, seen: Option<Seen>, pushed: &mut Pushed) -> Result<(), PushError> {
        let Some(seen) = seen else { return Ok(()) };
        if seen.ready == Ready::WithoutNetwork {
            pushed.without_network.push(node.name().clone());
        }
        let lacking = lacking(self.spec.kubernetes_version(), node, &seen.labels);
        if !lacking.is_empty() {
            self.cluster.label(node.name(), &lacking).await?;
            (self.tell)(Event::Labelled { node: node.name(), labels: &lacking });
        }
        Ok(())
    }

    async fn wait(&mut self, node: &Node, reason: &str, is_over: bool) -> Result<(), PushError> {
        if is_over {
            let (node, reason) = (node.name().clone(), reason.to_owned());
            return Err(PushError::NotWell { node, reason, limit: self.limit });
        }
        (self.tell)(Event::Waits { node: node.name(), reason });
        tokio::time::sleep(self.rest).await;
        Ok(())
    }
}

fn units_of(node: &Node) -> impl Iterator<Item = Component> {
    Component::ALL.into_iter().filter(|component| component.runs_on(node))
}
