//! The machines: their names, addresses and roles, and what is the same on each.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::Found;
use crate::cluster::taint::may_be_set_by_a_kubelet;
use crate::cluster::{
    ControlPlane, Folders, Node, NodeCredentials, NodeRole, Overrides, Problem, Runtime, SystemUser, Taint,
    document,
};
use crate::identity::CLUSTER_USERS;
use crate::name::{FolderPath, LabelKey, LabelValue};
use crate::net::is_of_one_machine;
use crate::release::{Component, gates};
use crate::version::KubernetesVersion;

/// The runtime of a cluster file that names none: what kubelets of the version have built in.
pub(in crate::cluster) fn default_runtime(version: Option<KubernetesVersion>) -> Runtime {
    if version.is_some_and(|version| gates::DOCKER_BY_DEFAULT.contains(version)) {
        Runtime::Docker
    } else {
        Runtime::Containerd
    }
}

pub(super) fn runtime(
    found: &mut Found,
    name: Option<Runtime>,
    version: Option<KubernetesVersion>,
) -> Runtime {
    let runtime = name.unwrap_or_else(|| default_runtime(version));
    if let (Runtime::Docker, Some(version)) = (runtime, version)
        && let Some(why) = gates::DOCKERSHIM.lacks(version)
    {
        found.add(
            "spec.runtime.name",
            format!("Kubernetes {version} has no dockershim ({why}); use containerd or cri-o"),
        );
    }
    runtime
}

pub(super) fn system_user(found: &mut Found, user: &document::User) -> Option<SystemUser> {
    let name = found.parse("spec.user.name", &user.name);
    let group = found.parse("spec.user.group", user.group.as_ref().unwrap_or(&user.name));
    if user.name == "root" {
        found.add("spec.user.name", "root is what the control plane runs as without spec.user");
    }
    // Users that other programs share; whoever else runs as them would read the keys.
    for (field, name) in [("name", Some(&user.name)), ("group", user.group.as_ref())] {
        let shared = ["nobody", "nogroup", "daemon", "bin", "sys", "users", "etcd"];
        if name.is_some_and(|name| shared.contains(&name.as_str()) || (field == "group" && name == "root")) {
            found.add(format!("spec.user.{field}"), "is shared with other programs; give Kubernetes its own");
        }
    }
    // 65534 is nobody, 65535 is -1 as a 16-bit number.
    let id = user.id.and_then(|id| u16::try_from(id).ok().filter(|id| (1..65534).contains(id)));
    if user.id.is_some() && id.is_none() {
        found.add("spec.user.id", "must be 1 to 65533");
    }
    Some(SystemUser { name: name?, group: group?, id })
}

pub(super) fn folders(
    found: &mut Found,
    warnings: &mut Found,
    folders: &document::Folders,
    version: Option<KubernetesVersion>,
) -> Folders {
    let mut folder = |field: &str, text: &Option<String>| {
        text.as_ref().and_then(|text| found.parse(&format!("spec.folders.{field}"), text))
    };
    let valid = Folders {
        programs: folder("programs", &folders.programs),
        cni_plugins: folder("cniPlugins", &folders.cni_plugins),
        kubelet: folder("kubelet", &folders.kubelet),
        etcd: folder("etcd", &folders.etcd),
        logs: folder("logs", &folders.logs),
    };
    for (field, folder) in [("kubelet", &valid.kubelet), ("etcd", &valid.etcd), ("logs", &valid.logs)] {
        let Some(folder) = folder.as_ref().map(FolderPath::as_str) else { continue };
        // Its mode and owner are set: that must not happen to a folder of the system.
        let of_system = ["/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/run", "/sbin", "/sys", "/usr"];
        let top =
            ["/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/var", "/var/lib", "/var/log"];
        let is_below = |above: &str| folder == above || folder.starts_with(&format!("{above}/"));
        if of_system.iter().any(|above| is_below(above)) || top.contains(&folder) {
            found.add(
                format!("spec.folders.{field}"),
                format!("{folder} is the system's; use a folder of its own, such as /data/{field}"),
            );
        }
    }
    if valid.kubelet.is_some() && valid.kubelet == valid.etcd {
        found.add("spec.folders.etcd", "is the kubelet's folder too; each needs its own");
    }
    if let (Some(_), Some(version)) = (&valid.logs, version)
        && let Some(why) = gates::LOG_FILES.lacks(version)
    {
        warnings.add(
            "spec.folders.logs",
            format!("Kubernetes {version} writes no log files ({why}); logs go to the journal"),
        );
    }
    valid
}

/// What a file of workers alone cannot say, because it is for who runs the control plane to say.
pub(super) fn workers_alone(found: &mut Found, spec: &document::Spec) {
    let mut refuse = |is_said: bool, path: &str, why: &str| {
        if is_said {
            found.add(path, format!("{why}, which spec.controlPlane says is elsewhere; leave it out"));
        }
    };
    refuse(spec.pki.authorities.is_some(), "spec.pki.authorities", "etcd has them with the control plane");
    let is_static = spec.join.node_credentials == Some(NodeCredentials::StaticToken);
    refuse(is_static, "spec.join.nodeCredentials", "a static token is in a file of the control plane");
    refuse(spec.user.is_some(), "spec.user", "it is the user of the control plane");
    let has_secret = spec.network.etcd_client_secret.is_some();
    refuse(has_secret, "spec.network.etcdClientSecret", "it is made by the authority of etcd");
    for (i, node) in spec.nodes.iter().enumerate() {
        let is_more = node.roles.iter().any(|role| *role != NodeRole::Worker);
        refuse(is_more, &format!("spec.nodes[{i}].roles"), "control-plane and etcd are the control plane");
    }
}

pub(super) fn nodes(
    found: &mut Found,
    warnings: &mut Found,
    nodes: Vec<document::Node>,
    control_plane: ControlPlane,
) -> Vec<Node> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut addresses: HashMap<IpAddr, String> = HashMap::new();
    let mut valid = Vec::with_capacity(nodes.len());
    for (i, document) in nodes.into_iter().enumerate() {
        let path = format!("spec.nodes[{i}].");
        if let Some(first) = names.insert(document.name.clone(), i) {
            let problem = format!("{:?} is already the name of spec.nodes[{first}]", document.name);
            found.add(format!("{path}name"), problem);
        }
        valid.extend(one_node(found, &mut addresses, &path, &document));
    }
    let count = |role| valid.iter().filter(|node| node.has(role)).count();
    if control_plane == ControlPlane::External {
        if count(NodeRole::Worker) == 0 {
            found.add("spec.nodes", "no node has the role worker");
        }
        return valid;
    }
    if count(NodeRole::ControlPlane) == 0 {
        found.add("spec.nodes", "no node has the role control-plane");
    }
    match count(NodeRole::Etcd) {
        0 => found.add("spec.nodes", "no node has the role etcd"),
        even if even % 2 == 0 => warnings.add(
            "spec.nodes",
            format!("{even} etcd members bear no more failures than {}; use an odd number", even - 1),
        ),
        _ => {}
    }
    valid
}

/// A node that stands alone, its problems' paths within it.
pub(in crate::cluster) fn node(document: &document::Node) -> Result<Node, Vec<Problem>> {
    let mut found = Found::default();
    match one_node(&mut found, &mut HashMap::new(), "", document) {
        Some(node) if found.problems.is_empty() => Ok(node),
        _ => Err(found.problems.into()),
    }
}

/// One node, and where the addresses stand that others have; the path ends before the field's name.
fn one_node(
    found: &mut Found,
    taken: &mut HashMap<IpAddr, String>,
    path: &str,
    node: &document::Node,
) -> Option<Node> {
    let name = found.parse(&format!("{path}name"), &node.name);
    // etcd's certificates have the node's name for a common name; under a single authority that is a user.
    if CLUSTER_USERS.contains(&node.name.as_str()) {
        found.add(format!("{path}name"), format!("{:?} is the name of a user of the cluster", node.name));
    }
    if node.addresses.is_empty() {
        found.add(format!("{path}addresses"), "must have an address");
    }
    let own = found.addresses(&format!("{path}addresses"), &node.addresses);
    for (j, address) in &own {
        let here = format!("{path}addresses[{j}]");
        if !is_of_one_machine(*address) || address.is_loopback() {
            found.add(&here, format!("{address} is not an address of one machine"));
        }
        if let Some(other) = taken.insert(*address, here.clone()) {
            found.add(&here, format!("{address} is already {other}"));
        }
    }
    if node.roles.is_empty() {
        found.add(format!("{path}roles"), "must have a role: control-plane, etcd or worker");
    }
    let mut roles = node.roles.clone();
    roles.sort_unstable();
    roles.dedup();
    let (labels, taints) = (labels(found, path, node), taints(found, path, node));
    let addresses = own.into_iter().map(|(_, address)| address).collect();
    Some(Node { name: name?, addresses, roles, labels, taints })
}

/// What a machine without a kubelet cannot have: it is no Node of the cluster.
fn needs_kubelet(found: &mut Found, path: &str, node: &document::Node) {
    if !node.roles.contains(&NodeRole::Worker) {
        found.add(path, "a machine without the role worker has no kubelet and is no Node; leave it out");
    }
}

fn labels(found: &mut Found, path: &str, node: &document::Node) -> BTreeMap<LabelKey, LabelValue> {
    let path = format!("{path}labels");
    if !node.labels.is_empty() {
        needs_kubelet(found, &path, node);
    }
    let mut labels = BTreeMap::new();
    for (key, value) in &node.labels {
        let (Some(key), Some(value)) =
            (found.parse(&path, key), found.parse(&format!("{path}.{key}"), value))
        else {
            continue;
        };
        if !may_be_set_by_a_kubelet(&key) {
            let problem = format!(
                "a kubelet may not give its own node {key} (NodeRestriction); leave it out, and once the node is there: \
                 kubectl label node {} {key}={value}",
                node.name
            );
            found.add(&path, problem);
        }
        labels.insert(key, value);
    }
    labels
}

fn taints(found: &mut Found, path: &str, node: &document::Node) -> Option<Vec<Taint>> {
    let path = format!("{path}taints");
    let texts = node.taints.as_ref()?;
    if !texts.is_empty() {
        needs_kubelet(found, &path, node);
    }
    let mut taints: Vec<Taint> = Vec::new();
    for (i, taint) in found.parse_all::<Taint>(&path, texts) {
        // core/v1 validation: the pair is unique.
        if taints.iter().any(|other| (&other.key, other.effect) == (&taint.key, taint.effect)) {
            found.add(format!("{path}[{i}]"), format!("{}:{} is there already", taint.key, taint.effect));
        }
        taints.push(taint);
    }
    Some(taints)
}

/// Labels and taints of nodes, and those of all kubelets, which would take their place.
pub(super) fn registered_twice(
    found: &mut Found,
    nodes: &[Node],
    components: &BTreeMap<Component, Overrides>,
) {
    let Some(Overrides { config, extra_args }) = components.get(&Component::Kubelet) else { return };
    let mut add = |path: &str, field: &str| {
        let problem = format!("takes the place of spec.nodes[].{field}; say it in one of them");
        found.add(format!("spec.components.kubelet.{path}"), problem);
    };
    if extra_args.contains_key("node-labels") && nodes.iter().any(|node| !node.labels.is_empty()) {
        add("extraArgs.node-labels", "labels");
    }
    if nodes.iter().any(|node| node.taints.is_some()) {
        if extra_args.contains_key("register-with-taints") {
            add("extraArgs.register-with-taints", "taints");
        }
        if config.contains_key("registerWithTaints") {
            add("config.registerWithTaints", "taints");
        }
    }
}
