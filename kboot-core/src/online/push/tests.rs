//! Pushes onto machines that are played, in every state that they may be in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::machine::{MachineError, Machines};
use super::order::{Health, order};
use super::outcome::{Event, Outcome, Pushed};
use super::run::{Cluster, Run};
use super::seen::{Labels, Ready, Seen};
use super::{PushError, order as orders};
use crate::cluster::Node;
use crate::name::NodeName;
use crate::secret::SecretBytes;
use crate::{Bundle, CaSet, ClusterSpec, Env};

const CLUSTER: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.22.0
  controlPlaneEndpoint: 192.0.2.9
  pki: {key: ecdsa-p256}
  nodes:
  - {name: w1, addresses: [192.0.2.4], roles: [worker]}
  - {name: m1, addresses: [192.0.2.1], roles: [control-plane, etcd, worker]}
  - {name: m2, addresses: [192.0.2.2], roles: [control-plane, etcd]}
  - {name: m3, addresses: [192.0.2.3], roles: [control-plane, etcd]}
  - {name: w2, addresses: [192.0.2.5], roles: [worker], labels: {team: a}}
";

/// Machines and what they have to say; each notes what happens.
#[derive(Default)]
struct World {
    calls: Mutex<Vec<String>>,
    /// How often a node was asked for.
    asked: AtomicUsize,
    /// What was given to nodes.
    labels: Mutex<BTreeMap<NodeName, Labels>>,
    /// The members that are well.
    well: Mutex<BTreeSet<String>>,
    /// The machines whose units run.
    active: Mutex<BTreeSet<String>>,
    /// What a machine's script says; one without an entry cannot be reached.
    scripts: BTreeMap<&'static str, &'static str>,
    /// Members that their own script makes well, once most of them have run.
    starts: bool,
    /// A machine whose script does not make it well.
    broken: Option<&'static str>,
    /// A machine that hangs.
    hangs: Option<&'static str>,
    /// Another member that ends while this one's script runs.
    falls: Option<(&'static str, &'static str)>,
}

const DONE: &str = "written /etc/x\nsystemctl start --no-block etcd\nx: 9 of 9 files changed\n";
const SAME: &str = "x: 0 of 9 files changed\n";

impl World {
    fn new(well: &[&str], scripts: &[(&'static str, &'static str)]) -> Self {
        let well: BTreeSet<String> = well.iter().map(|name| (*name).to_owned()).collect();
        let (active, scripts) = (Mutex::new(well.clone()), scripts.iter().copied().collect());
        Self { well: Mutex::new(well), active, scripts, ..Self::default() }
    }

    fn note(&self, what: String) {
        self.calls.lock().unwrap().push(what);
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// Without labels, which are given as soon as a node is there.
    fn steps(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| !call.starts_with("label")).collect()
    }
}

impl Machines for World {
    async fn run(&self, node: &Node, command: &str, input: &SecretBytes) -> Result<String, MachineError> {
        let name = node.name().as_str();
        let Some(script) = self.scripts.get(name) else {
            return Err(MachineError::Unreachable { reason: "no route to host".to_owned() });
        };
        if !command.contains("/install.sh") {
            let units = command.split(' ').filter(|word| word.contains("kube") || word.contains("etcd"));
            let state = if self.active.lock().unwrap().contains(name) { "active\n" } else { "inactive\n" };
            return Ok(units.map(|_| state).collect());
        }
        assert!(input.expose_secret().starts_with(b"install.sh\0"), "an archive");
        self.note(format!("install {name}"));
        if self.hangs == Some(name) {
            std::future::pending::<()>().await;
        }
        if let Some((_, fallen)) = self.falls.filter(|(by, _)| *by == name) {
            self.well.lock().unwrap().remove(fallen);
        }
        if self.broken != Some(name) {
            self.active.lock().unwrap().insert(name.to_owned());
            let installed = self.calls().iter().filter(|call| call.starts_with("install m")).count();
            if !self.starts {
                self.well.lock().unwrap().insert(name.to_owned());
            } else if installed >= 3 {
                self.well.lock().unwrap().extend(["m1", "m2", "m3"].map(str::to_owned));
            }
        }
        Ok((*script).to_owned())
    }
}

impl Cluster for World {
    async fn health(&self, node: &Node) -> Health {
        if self.well.lock().unwrap().contains(node.name().as_str()) {
            return Health::Good;
        }
        Health::Closed { reason: "connection refused".to_owned() }
    }

    async fn apply(&self) -> Result<[usize; 3], PushError> {
        self.note("apply".to_owned());
        Ok([1, 0, 0])
    }

    async fn node(&self, name: &NodeName) -> Result<Option<Seen>, PushError> {
        // A kubelet that is well says so again and again.
        let renewed = Some(self.asked.fetch_add(1, Ordering::Relaxed).to_string());
        Ok(Some(Seen {
            ready: Ready::Yes,
            labels: self.labels.lock().unwrap().get(name).cloned().unwrap_or_else(|| {
                let labels = [("node-role.kubernetes.io/master", ""), ("team", "b")];
                labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
            }),
            renewed,
        }))
    }

    async fn label(&self, name: &NodeName, labels: &Labels) -> Result<(), PushError> {
        self.labels.lock().unwrap().entry(name.clone()).or_default().extend(labels.clone());
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.note(format!("label {name} {}", labels.join(" ")));
        Ok(())
    }

    async fn pending_requests(&self, nodes: &[NodeName]) -> Vec<String> {
        nodes.iter().map(ToString::to_string).collect()
    }
}

/// What comes of a push of these nodes, all where there are none.
fn push(world: &World, nodes: &[&str]) -> Result<(Pushed, Vec<String>), PushError> {
    let spec: ClusterSpec = CLUSTER.parse().unwrap();
    let mut env = Env::system();
    let pki = CaSet::create(&spec, &mut env).unwrap().issue(&spec, &mut env).unwrap();
    let bundle = Bundle::render(&spec, &pki).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut health = Vec::new();
        for node in spec.nodes().iter().filter(|node| orders::is_member(&spec, node)) {
            health.push((node.name().clone(), world.health(node).await));
        }
        let order = order(&spec, |node| nodes.is_empty() || nodes.contains(&node.name().as_str()), &health)?;
        let mut told = Vec::new();
        let mut tell = |event: Event<'_>| {
            if let Event::Waits { node, reason } = event {
                told.push(format!("{node}: {reason}"));
            }
        };
        let run = Run {
            spec: &spec,
            bundle: &bundle,
            machines: world,
            cluster: world,
            limit: Duration::from_millis(200),
            rest: Duration::from_millis(5),
            tell: &mut tell,
        };
        Ok((run.run(&order).await, told))
    })
}

fn outcomes(pushed: &Pushed) -> String {
    let words: Vec<String> =
        pushed.nodes.iter().map(|(name, outcome)| format!("{name} {}", outcome.as_str())).collect();
    words.join(", ")
}

const ALL: [(&str, &str); 5] = [("m1", DONE), ("m2", DONE), ("m3", DONE), ("w1", DONE), ("w2", DONE)];

#[test]
fn a_new_cluster_is_installed_as_a_whole_and_workers_come_after_the_manifests() {
    let world = World { starts: true, ..World::new(&[], &ALL) };
    let (pushed, _) = push(&world, &[]).unwrap();
    assert!(pushed.stopped.is_none(), "{:?}", pushed.stopped);
    assert_eq!(outcomes(&pushed), "m1 changed, m2 changed, m3 changed, w1 changed, w2 changed");
    let calls = [
        "install m1",
        "install m2",
        "install m3",
        "apply",
        "install w1",
        "install w2",
        // The file's, whatever the node had: a kubelet gives labels when it registers, and never again.
        "label w2 team=a",
        "label m1 node-role.kubernetes.io/control-plane=",
    ];
    assert_eq!(world.calls(), calls);
    assert_eq!(pushed.pending_requests.len(), 5);
}

#[test]
fn what_is_as_it_is_to_be_is_left_so() {
    let world = World::new(&["m1", "m2", "m3", "w1", "w2"], &ALL.map(|(name, _)| (name, SAME)));
    let (pushed, told) = push(&world, &[]).unwrap();
    assert!(pushed.stopped.is_none(), "{:?}", pushed.stopped);
    assert!(pushed.nodes.iter().all(|(_, outcome)| *outcome == Outcome::Unchanged));
    assert_eq!(told, [""; 0]);
}

#[test]
fn one_that_is_down_comes_first_and_is_waited_for() {
    let world = World::new(&["m1", "m2", "w1", "w2"], &ALL);
    let (pushed, _) = push(&world, &[]).unwrap();
    assert!(pushed.stopped.is_none(), "{:?}", pushed.stopped);
    assert_eq!(world.steps()[..4], ["install m3", "install m1", "install m2", "apply"]);

    // Where it stays down, or out of reach, no other is touched.
    let broken = World { broken: Some("m3"), ..World::new(&["m1", "m2"], &ALL) };
    let (pushed, told) = push(&broken, &[]).unwrap();
    assert_eq!(broken.calls(), ["install m3"]);
    assert_eq!(outcomes(&pushed), "m3 failed, m1 left, m2 left, w1 left, w2 left");
    let error = pushed.stopped.unwrap().to_string();
    assert!(error.contains("m3 has its files, and is not well"), "{error}");
    assert!(error.contains("connection refused; etcd is inactive; kube-apiserver is inactive"), "{error}");
    assert!(told.iter().all(|line| line == "m3: connection refused"), "{told:?}");

    let far = World::new(&["m1", "m2"], &[("m1", DONE), ("m2", DONE)]);
    let (pushed, _) = push(&far, &[]).unwrap();
    assert_eq!(far.calls(), [""; 0]);
    assert_eq!(pushed.stopped.unwrap().to_string(), "m3: it cannot be reached: no route to host");
    assert_eq!(outcomes(&pushed_of(&far)), "m3 failed, m1 left, m2 left, w1 left, w2 left");
}

fn pushed_of(world: &World) -> Pushed {
    push(world, &[]).unwrap().0
}

#[test]
fn a_machine_that_runs_stays_so_while_another_does_not() {
    let world = World::new(&["m1", "m3"], &ALL);
    let error = push(&world, &["m1"]).unwrap_err().to_string();
    assert_eq!(error, "m1 runs, and stays as it is while m2 does not: connection refused");
    // The one that is down, and workers, may be named.
    assert!(push(&world, &["w2"]).unwrap().0.stopped.is_none());
    assert!(push(&world, &["m2"]).unwrap().0.stopped.is_none());
    assert_eq!(world.steps(), ["apply", "install w2", "install m2", "apply"]);
}

#[test]
fn one_that_falls_meanwhile_is_seen_before_the_next_is_touched() {
    let world = World { falls: Some(("m1", "m3")), ..World::new(&["m1", "m2", "m3"], &ALL) };
    let (pushed, _) = push(&world, &[]).unwrap();
    assert_eq!(world.steps(), ["install m1"]);
    assert_eq!(outcomes(&pushed), "m1 changed, m2 left, m3 left, w1 left, w2 left");
    let error = pushed.stopped.unwrap().to_string();
    assert_eq!(error, "m2 runs, and stays as it is while m3 does not: connection refused");
}

#[test]
fn a_control_plane_that_only_cannot_be_seen_is_no_new_one() {
    let world = World::new(&[], &ALL);
    world.active.lock().unwrap().insert("m2".to_owned());
    let (pushed, _) = push(&world, &[]).unwrap();
    assert_eq!(world.calls(), [""; 0]);
    let error = pushed.stopped.unwrap();
    assert!(matches!(&error, PushError::OutOfSight { node, .. } if node.as_str() == "m2"), "{error}");
}

#[test]
fn what_hangs_ends_with_the_limit() {
    let world = World { hangs: Some("m1"), ..World::new(&["m1", "m2", "m3"], &ALL) };
    let (pushed, _) = push(&world, &[]).unwrap();
    assert_eq!(pushed.stopped.unwrap().to_string(), "m1: not done within 0 s");
}

#[test]
fn one_that_only_says_no_comes_after_those_that_do_not_answer() {
    let spec: ClusterSpec = CLUSTER.parse().unwrap();
    let reason = || "etcd has no leader".to_owned();
    let health = [
        ("m1", Health::Sick { reason: reason() }),
        ("m2", Health::Good),
        ("m3", Health::Closed { reason: reason() }),
    ];
    let health = health.map(|(name, health)| (name.parse::<NodeName>().unwrap(), health));
    let order = order(&spec, |_| true, &health).unwrap();
    let names: Vec<&str> = order.members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names, order.starts), (vec!["m3", "m1", "m2"], false));
    assert_eq!(order.workers.iter().map(NodeName::as_str).collect::<Vec<_>>(), ["w1", "w2"]);
}
