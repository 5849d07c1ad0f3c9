//! What a machine needs besides the components: kernel modules and settings, folders, the user.

use super::{Component, kube_proxy, paths};
use crate::cluster::CaRole;
use crate::cluster::{ClusterSpec, Node, NodeCredentials, NodeRole, SystemUser};
use crate::net::Cidr;

fn lines(lines: &[impl AsRef<str>]) -> String {
    lines.iter().map(|line| format!("{}\n", line.as_ref())).collect()
}

/// Kernel modules and settings of a worker (kubernetes.io, "Container Runtimes").
pub(super) fn worker_files(spec: &ClusterSpec) -> [(&'static str, String); 2] {
    let mut modules = vec!["overlay", "br_netfilter"];
    if kube_proxy::mode(spec) == Some("ipvs") {
        // pkg/util/ipvs: GetRequiredIPVSModules
        modules.extend(["ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack"]);
    }
    let mut settings = vec![
        "net.bridge.bridge-nf-call-iptables = 1",
        "net.bridge.bridge-nf-call-ip6tables = 1",
        "net.ipv4.ip_forward = 1",
    ];
    if spec.network.pod_cidrs.iter().any(Cidr::is_ipv6) {
        settings.push("net.ipv6.conf.all.forwarding = 1");
    }
    [(paths::KERNEL_MODULES, lines(&modules)), (paths::KERNEL_SETTINGS, lines(&settings))]
}

/// The user of the control plane (sysusers.d(5)), and folders and owners (tmpfiles.d(5)), as far as the
/// node has any.
pub(super) fn files(spec: &ClusterSpec, node: &Node) -> Vec<(&'static str, String)> {
    let mut files = Vec::new();
    let user = spec.user.as_ref().filter(|_| node.has(NodeRole::ControlPlane));
    if let Some(user) = user {
        files.push((paths::SYSTEM_USERS, lines(&system_user(user))));
    }
    let mut entries = Vec::new();
    if node.has(NodeRole::Worker) {
        entries.push(format!("d {} 0755 root root", paths::STATIC_PODS));
    }
    let mut data = |folder: Option<&crate::name::FolderPath>, role| {
        if let Some(folder) = folder.filter(|_| node.has(role)) {
            entries.push(format!("d {folder} 0700 root root"));
        }
    };
    data(spec.folders.kubelet.as_ref(), NodeRole::Worker);
    data(spec.folders.etcd.as_ref(), NodeRole::Etcd);
    let owner = |component| match user.filter(|_| runs_as_user(component)) {
        Some(user) => format!("{} {}", user.name, user.group),
        None => "root root".to_owned(),
    };
    for component in Component::ALL.into_iter().filter(|component| component.runs_on(node)) {
        if let Some(folder) = paths::logs(spec, component) {
            entries.push(format!("d {folder} 0750 {}", owner(component)));
        }
    }
    if user.is_some() {
        let owner = owner(Component::KubeApiserver);
        entries
            .extend(secrets_of_the_control_plane(spec).iter().map(|path| format!("z {path} 0600 {owner}")));
    }
    if !entries.is_empty() {
        files.push((paths::TEMPORARY_FILES, lines(&entries)));
    }
    files
}

/// Whether the component runs as the cluster file's user; the others need root.
pub(super) fn runs_as_user(component: Component) -> bool {
    matches!(
        component,
        Component::KubeApiserver | Component::KubeControllerManager | Component::KubeScheduler
    )
}

fn system_user(user: &SystemUser) -> Vec<String> {
    let SystemUser { name, group, id } = user;
    let number = id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let rest = "\"Kubernetes control plane\" / /usr/sbin/nologin";
    if group.as_str() == name.as_str() {
        return vec![format!("u {name} {number} {rest}")];
    }
    vec![format!("g {group} {number}"), format!("u {name} {number}:{group} {rest}")]
}

/// The files with keys or tokens that the three components of the control plane read.
fn secrets_of_the_control_plane(spec: &ClusterSpec) -> Vec<String> {
    let mut secrets: Vec<String> = paths::keys_of(spec, NodeRole::ControlPlane).collect();
    if spec.signs_requests() {
        secrets.push(paths::authority_key(spec.pki.authorities, CaRole::Cluster));
    }
    secrets.extend([paths::SERVICE_ACCOUNT_KEY].map(str::to_owned));
    let (kubeconfigs, keys): (Vec<String>, Vec<String>) =
        paths::kubeconfigs_of(spec, NodeRole::ControlPlane).unzip();
    secrets.extend(kubeconfigs);
    if spec.kubeconfig_certificates == crate::cluster::KubeconfigCertificates::Files {
        secrets.extend(keys);
    }
    if spec.join.node_credentials == NodeCredentials::StaticToken {
        secrets.push(paths::STATIC_TOKENS.to_owned());
    }
    secrets
}
