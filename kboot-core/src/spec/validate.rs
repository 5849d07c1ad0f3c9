//! From texts to values, with the checks that look at more than one field.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use super::document::{self, Document};
use super::{
    ClusterSpec, Folders, Join, JoinTokenSpec, KubeconfigCertificates, Network, Node, NodeCredentials,
    NodeRole, Overrides, Pki, Problem, Runtime, ServingCertificates, SystemUser, UnitArguments,
};
use crate::component::{Component, check_overrides};
use crate::name::FolderPath;
use crate::net::{AltName, ApiEndpoint, Cidr, is_of_one_machine};
use crate::pki::{AuthorityLayout, KeyAlgorithm, SubjectDefaults};
use crate::time::Lifetime;
use crate::version::KubernetesVersion;

/// Problems as they are found; every step goes on with what it has.
#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, path: impl AsRef<str>, problem: impl Into<String>) {
        self.0.push(Problem::new(path.as_ref(), problem));
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, path: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(path, error.to_string());
                None
            }
        }
    }

    /// Each item with its index; those that are wrong are left out.
    fn parse_all<T: FromStr<Err: Display>>(&mut self, path: &str, texts: &[String]) -> Vec<(usize, T)> {
        let items = texts.iter().enumerate();
        items.filter_map(|(i, text)| Some((i, self.parse(&format!("{path}[{i}]"), text)?))).collect()
    }
}

pub(super) fn validate(document: Document) -> Result<ClusterSpec, Vec<Problem>> {
    let mut found = Found::default();
    let mut warnings = Found::default();
    let Document { metadata, spec } = document;
    let name = found.parse("metadata.name", &metadata.name);
    let version = found.parse::<KubernetesVersion>("spec.kubernetesVersion", &spec.kubernetes_version);
    let endpoint = found.parse::<ApiEndpoint>("spec.controlPlaneEndpoint", &spec.control_plane_endpoint);
    let network = network(&mut found, &spec.network, version);
    let pki = pki(&mut found, &mut warnings, spec.pki);
    let join = join(&mut found, &mut warnings, spec.join, version);
    let runtime_name = runtime(&mut found, spec.runtime.name.as_deref(), version);
    let sandbox_image =
        spec.runtime.sandbox_image.and_then(|image| found.parse("spec.runtime.sandboxImage", &image));
    let verify_image = spec.verify.and_then(|verify| found.parse("spec.verify.image", &verify.image));
    let user = spec.user.and_then(|user| system_user(&mut found, &user));
    let folders = folders(&mut found, &mut warnings, &spec.folders, version);
    let nodes = nodes(&mut found, &mut warnings, spec.nodes);
    if let Some(network) = &network {
        addresses(&mut found, network, &nodes, endpoint.as_ref());
        if network.service_cidrs.len() == 2 && version.is_some_and(|version| version.minor() < 23) {
            found.add("spec.network.serviceCIDRs", "two address families need Kubernetes 1.23 or later");
        }
    }
    let components = components(&mut found, &mut warnings, spec.components, version);
    match (name, version, endpoint, network, pki, join) {
        (
            Some(name),
            Some(kubernetes_version),
            Some(control_plane_endpoint),
            Some(network),
            Some(pki),
            Some(join),
        ) if found.0.is_empty() => Ok(ClusterSpec {
            name,
            kubernetes_version,
            control_plane_endpoint,
            network,
            pki,
            join,
            runtime: runtime_name,
            sandbox_image,
            kubeconfig_certificates: match spec.kubeconfigs.certificates.as_deref() {
                Some("files") => KubeconfigCertificates::Files,
                _ => KubeconfigCertificates::Embedded,
            },
            unit_arguments: match spec.units.arguments.as_deref() {
                Some("environment-file") => UnitArguments::EnvironmentFile,
                _ => UnitArguments::Inline,
            },
            user,
            folders,
            verify_image,
            nodes,
            components,
            warnings: warnings.0,
        }),
        _ => Err(found.0),
    }
}

/// Holds the addresses of machines against the cluster's own network.
fn addresses(found: &mut Found, network: &Network, nodes: &[Node], endpoint: Option<&ApiEndpoint>) {
    let ranges = || network.service_cidrs.iter().chain(&network.pod_cidrs);
    let family = |ipv6: bool| if ipv6 { "IPv6" } else { "IPv4" };
    let Some(primary) = network.service_cidrs.first().map(Cidr::is_ipv6) else { return };
    for (index, node) in nodes.iter().enumerate() {
        let path = format!("spec.nodes[{index}].addresses");
        for address in &node.addresses {
            if let Some(cidr) = ranges().find(|cidr| cidr.contains(*address)) {
                found.add(&path, format!("{address} lies in {cidr}, a range of the cluster's own network"));
            }
        }
        // kube-apiserver: the advertised address must be of the first service range's family.
        match node.addresses.first() {
            Some(first) if first.is_ipv6() != primary => {
                let (own, wanted) = (family(first.is_ipv6()), family(primary));
                found.add(
                    &path,
                    format!("the first is {own}, and spec.network.serviceCIDRs begins with {wanted}"),
                );
            }
            _ => {}
        }
        let both = network.service_cidrs.iter().any(|range| range.is_ipv6() != primary);
        let has = |ipv6: bool| node.addresses.iter().any(|address| address.is_ipv6() == ipv6);
        if both && node.has(NodeRole::Worker) && !(has(true) && has(false)) {
            found.add(&path, "must have an address of each family: the cluster's network has two");
        }
    }
    let Some(endpoint) = endpoint else { return };
    if let AltName::Ip(address) = endpoint.host()
        && let Some(cidr) = ranges().find(|cidr| cidr.contains(*address))
    {
        found.add(
            "spec.controlPlaneEndpoint",
            format!("{address} lies in {cidr}, a range of the cluster's own network"),
        );
    }
    // The API servers listen on this port, beside etcd, the kubelet and the other components.
    if [2379, 2380, 10248, 10249, 10250, 10256, 10257, 10259].contains(&endpoint.port()) {
        found.add(
            "spec.controlPlaneEndpoint",
            format!("port {} belongs to another component", endpoint.port()),
        );
    }
}

fn network(
    found: &mut Found,
    network: &document::Network,
    version: Option<KubernetesVersion>,
) -> Option<Network> {
    const SERVICES: &str = "spec.network.serviceCIDRs";
    const PODS: &str = "spec.network.podCIDRs";
    const DNS: &str = "spec.network.clusterDNS";
    let before = found.0.len();
    let ranges = |found: &mut Found, path: &str, texts: &Option<Vec<String>>, default: &str| -> Vec<Cidr> {
        let default = [default.to_owned()];
        let texts = texts.as_deref().unwrap_or(&default);
        let parsed = found.parse_all::<Cidr>(path, texts);
        if texts.is_empty() || texts.len() > 2 {
            found.add(path, "must have one range, or two of different families");
        }
        let ranges: Vec<Cidr> = parsed.into_iter().map(|(_, cidr)| cidr).collect();
        if let [first, second] = ranges[..]
            && first.is_ipv6() == second.is_ipv6()
        {
            found.add(path, "two ranges must be of different families, one IPv4 and one IPv6");
        }
        ranges
    };
    let service_cidrs = ranges(found, SERVICES, &network.service_cidrs, "10.96.0.0/12");
    let pod_cidrs = ranges(found, PODS, &network.pod_cidrs, "10.244.0.0/16");
    for (i, service) in service_cidrs.iter().enumerate() {
        for pods in pod_cidrs.iter().filter(|pods| pods.overlaps(service)) {
            found.add(format!("{SERVICES}[{i}]"), format!("{service} overlaps the pod range {pods}"));
        }
        // kube-apiserver's validateServiceNode: at most 20 bits of addresses (IPv6: 64 from 1.33 on).
        let widest = match (service.is_ipv6(), version.is_none_or(|v| v.minor() >= 33)) {
            (false, _) => 12,
            (true, true) => 64,
            (true, false) => 108,
        };
        if service.prefix() < widest {
            found.add(
                format!("{SERVICES}[{i}]"),
                format!("{service} is too large for kube-apiserver; use /{widest} or smaller"),
            );
        }
        if service.nth(10).is_none() {
            found.add(
                format!("{SERVICES}[{i}]"),
                format!("{service} is too small: it has no tenth address for DNS"),
            );
        }
    }
    for (i, pods) in pod_cidrs.iter().enumerate() {
        // kube-controller-manager hands each node a /24 or /64, of at most 65,536 (cidrset.go).
        let (narrowest, widest) = if pods.is_ipv6() { (64, 48) } else { (24, 8) };
        if !(widest..=narrowest).contains(&pods.prefix()) {
            found.add(
                format!("{PODS}[{i}]"),
                format!(
                    "{pods} cannot be cut into a /{narrowest} for each node; use /{widest} to /{narrowest}"
                ),
            );
        }
    }
    let families = |ranges: &[Cidr]| {
        let mut families: Vec<bool> = ranges.iter().map(Cidr::is_ipv6).collect();
        families.sort_unstable();
        families
    };
    if found.0.len() == before && families(&service_cidrs) != families(&pod_cidrs) {
        found.add(PODS, "must be of the same address families as spec.network.serviceCIDRs");
    }
    let domain = network.dns_domain.as_deref().unwrap_or("cluster.local");
    let dns_domain = found.parse("spec.network.dnsDomain", domain);
    if domain.len() > 200 {
        found.add(
            "spec.network.dnsDomain",
            "must have at most 200 characters: services' names come before it",
        );
    }
    let cluster_dns = match &network.cluster_dns {
        None => service_cidrs.first().and_then(|range| range.nth(10)).into_iter().collect(),
        Some(texts) => {
            let addresses = found.parse_all::<IpAddr>(DNS, texts);
            if texts.is_empty() {
                found.add(DNS, "must have an address; leave the field out for the default");
            }
            for (i, address) in &addresses {
                if !service_cidrs.is_empty() && !service_cidrs.iter().any(|range| range.contains(*address)) {
                    found.add(
                        format!("{DNS}[{i}]"),
                        format!("{address} lies outside spec.network.serviceCIDRs"),
                    );
                }
                if service_cidrs.iter().any(|range| [range.nth(0), range.nth(1)].contains(&Some(*address))) {
                    found.add(
                        format!("{DNS}[{i}]"),
                        format!("{address} is the API server's or the range's own"),
                    );
                }
            }
            addresses.into_iter().map(|(_, address)| address).collect()
        }
    };
    let etcd_client_secret = match &network.etcd_client_secret {
        None => None,
        Some(name) if name == "metrics-server-certificate" => {
            found.add("spec.network.etcdClientSecret", "is the name of another Secret that kboot writes");
            None
        }
        Some(name) => Some(found.parse("spec.network.etcdClientSecret", name)?),
    };
    Some(Network { service_cidrs, pod_cidrs, dns_domain: dns_domain?, cluster_dns, etcd_client_secret })
}

fn pki(found: &mut Found, warnings: &mut Found, pki: document::Pki) -> Option<Pki> {
    let authorities = match pki.authorities.as_deref() {
        Some("single") => {
            warnings.add(
                "spec.pki.authorities",
                "with a single authority every certificate of the cluster, a kubelet's too, is accepted by etcd; \
                 prefer separate",
            );
            AuthorityLayout::Single
        }
        _ => AuthorityLayout::Separate,
    };
    let key = found.parse::<KeyAlgorithm>("spec.pki.key", pki.key.as_deref().unwrap_or("ecdsa-p256"));
    let lifetime = |found: &mut Found, path: &str, text: Option<String>, default: &str| {
        let lifetime = found.parse::<Lifetime>(path, text.as_deref().unwrap_or(default))?;
        if lifetime <= Lifetime::BACKDATE {
            found.add(path, "must be longer than five minutes");
        }
        Some(lifetime)
    };
    let authority = lifetime(found, "spec.pki.validity.authority", pki.validity.authority, "10y");
    let certificate = lifetime(found, "spec.pki.validity.certificate", pki.validity.certificate, "1y");
    if let (Some(authority), Some(certificate)) = (authority, certificate)
        && certificate > authority
    {
        found.add(
            "spec.pki.validity.certificate",
            format!(
                "{certificate} is longer than its authority's {authority}; nothing outlives its authority"
            ),
        );
    }
    // Nothing may reach past the year 9999; a cluster built in this century has room for 7,900 years.
    if let (Some(lifetime), Ok(most)) = (authority, Lifetime::from_days(1000 * 365))
        && lifetime > most
    {
        found.add("spec.pki.validity.authority", "must be at most 1000y");
    }
    let document::Subject { country, state, locality, organizational_unit } = pki.subject;
    let subject = SubjectDefaults { country, state, locality, organizational_unit };
    for (field, problem) in subject.problems() {
        found.add(format!("spec.pki.subject.{field}"), problem);
    }
    let names = found.parse_all::<AltName>("spec.pki.apiServerSANs", &pki.api_server_sans);
    Some(Pki {
        authorities,
        key: key?,
        authority_lifetime: authority?,
        certificate_lifetime: certificate?,
        subject,
        api_server_sans: names.into_iter().map(|(_, name)| name).collect(),
    })
}

/// The first minor version whose kubelets ask for serving certificates unless told otherwise
/// (feature gate RotateKubeletServerCertificate, beta).
const SERVING_REQUESTS: u16 = 12;

fn join(
    found: &mut Found,
    warnings: &mut Found,
    join: document::Join,
    version: Option<KubernetesVersion>,
) -> Option<Join> {
    let asks_for_serving = version.is_none_or(|version| version.minor() >= SERVING_REQUESTS);
    if !asks_for_serving && join.serving_certificates.as_deref() == Some("csr") {
        found.add(
            "spec.join.servingCertificates",
            "kubelets ask for serving certificates from Kubernetes 1.12 on; use issued",
        );
    }
    if join.node_credentials.as_deref() == Some("static-token") {
        warnings.add(
            "spec.join.nodeCredentials",
            "a static token lives until kube-apiserver restarts without it; prefer bootstrap-token",
        );
    }
    let description = join.token.description.unwrap_or_default();
    if description.chars().any(char::is_control) {
        found.add("spec.join.token.description", "must not hold control characters");
    }
    if join.token.ttl.as_deref() == Some("0") {
        warnings.add("spec.join.token.ttl", "a bootstrap token that never ends lets machines in for ever");
    }
    let ttl = found.parse("spec.join.token.ttl", join.token.ttl.as_deref().unwrap_or("24h"))?;
    Some(Join {
        node_credentials: match join.node_credentials.as_deref() {
            Some("certificate") => NodeCredentials::Certificate,
            Some("static-token") => NodeCredentials::StaticToken,
            _ => NodeCredentials::BootstrapToken,
        },
        serving_certificates: match join.serving_certificates.as_deref() {
            Some("issued") => ServingCertificates::Issued,
            None if !asks_for_serving => ServingCertificates::Issued,
            _ => ServingCertificates::Csr,
        },
        token: JoinTokenSpec { ttl, description },
    })
}

fn runtime(found: &mut Found, name: Option<&str>, version: Option<KubernetesVersion>) -> Runtime {
    match name {
        Some("cri-o") => Runtime::Crio,
        Some("docker") => {
            if let Some(version) = version.filter(|version| version.minor() >= 24) {
                found.add(
                    "spec.runtime.name",
                    format!(
                        "Kubernetes {version} has no dockershim (removed in 1.24); use containerd or cri-o"
                    ),
                );
            }
            Runtime::Docker
        }
        Some("containerd") => Runtime::Containerd,
        // Up to then the kubelet's own default was the one way that was common.
        _ if version.is_some_and(|version| version.minor() < 20) => Runtime::Docker,
        _ => Runtime::Containerd,
    }
}

fn system_user(found: &mut Found, user: &document::User) -> Option<SystemUser> {
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

fn folders(
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
    if let (Some(_), Some(version)) = (&valid.logs, version.filter(|version| version.minor() >= 26)) {
        warnings.add(
            "spec.folders.logs",
            format!("Kubernetes {version} writes no log files (removed in 1.26); logs go to the journal"),
        );
    }
    valid
}

const RESERVED_NAMES: [&str; 5] = [
    "front-proxy-client",
    "kube-apiserver-etcd-client",
    "kube-apiserver-kubelet-client",
    "kubernetes-admin",
    "kubernetes-super-admin",
];

fn nodes(found: &mut Found, warnings: &mut Found, nodes: Vec<document::Node>) -> Vec<Node> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut addresses: HashMap<IpAddr, String> = HashMap::new();
    let mut valid = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.into_iter().enumerate() {
        let path = format!("spec.nodes[{i}]");
        let name = found.parse(&format!("{path}.name"), &node.name);
        if let Some(first) = names.insert(node.name.clone(), i) {
            found.add(
                format!("{path}.name"),
                format!("{:?} is already the name of spec.nodes[{first}]", node.name),
            );
        }
        // etcd's certificates have the node's name for a common name; under a single authority that is a user.
        if RESERVED_NAMES.contains(&node.name.as_str()) {
            found
                .add(format!("{path}.name"), format!("{:?} is the name of a user of the cluster", node.name));
        }
        if node.addresses.is_empty() {
            found.add(format!("{path}.addresses"), "must have an address");
        }
        let own = found.parse_all::<IpAddr>(&format!("{path}.addresses"), &node.addresses);
        for (j, address) in &own {
            let here = format!("{path}.addresses[{j}]");
            if !is_of_one_machine(*address) || address.is_loopback() {
                found.add(&here, format!("{address} is not an address of one machine"));
            }
            if let Some(other) = addresses.insert(*address, here.clone()) {
                found.add(&here, format!("{address} is already {other}"));
            }
        }
        if node.roles.is_empty() {
            found.add(format!("{path}.roles"), "must have a role: control-plane, etcd or worker");
        }
        let mut roles: Vec<NodeRole> = node.roles.iter().filter_map(|role| node_role(role)).collect();
        roles.sort_unstable();
        roles.dedup();
        if let Some(name) = name {
            valid.push(Node {
                name,
                addresses: own.into_iter().map(|(_, address)| address).collect(),
                roles,
            });
        }
    }
    let count = |role| valid.iter().filter(|node| node.has(role)).count();
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

fn node_role(text: &str) -> Option<NodeRole> {
    match text {
        "control-plane" => Some(NodeRole::ControlPlane),
        "etcd" => Some(NodeRole::Etcd),
        "worker" => Some(NodeRole::Worker),
        _ => None,
    }
}

fn components(
    found: &mut Found,
    warnings: &mut Found,
    components: BTreeMap<String, document::Component>,
    version: Option<KubernetesVersion>,
) -> BTreeMap<Component, Overrides> {
    let mut valid = BTreeMap::new();
    for (key, document::Component { config, extra_args }) in components {
        let Some(component) = Component::ALL.into_iter().find(|component| component.key() == key) else {
            continue;
        };
        let overrides = Overrides { config, extra_args };
        if let Some(version) = version {
            let findings = check_overrides(component, version, &overrides);
            let below = |field: &str| format!("spec.components.{key}.{field}");
            findings.errors.into_iter().for_each(|(field, problem)| found.add(below(&field), problem));
            findings.warnings.into_iter().for_each(|(field, problem)| warnings.add(below(&field), problem));
        }
        valid.insert(component, overrides);
    }
    valid
}
