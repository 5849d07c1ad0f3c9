//! The cluster's own network, and machines' addresses beside it.

use std::net::IpAddr;

use super::Found;
use crate::cluster::{Network, Node, NodeRole, document};
use crate::net::{ApiEndpoint, Cidr, Host};
use crate::release::gates;
use crate::version::KubernetesVersion;

/// Holds the addresses of machines against the cluster's own network.
pub(super) fn addresses(
    found: &mut Found,
    network: &Network,
    nodes: &[Node],
    endpoint: Option<&ApiEndpoint>,
) {
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
    if let Host::Ip(address) = endpoint.host()
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

// What stands where the file says nothing; the schema tells people the same.
pub(in crate::cluster) const SERVICE_RANGE: &str = "10.96.0.0/12";
pub(in crate::cluster) const POD_RANGE: &str = "10.244.0.0/16";
pub(in crate::cluster) const DNS_DOMAIN: &str = "cluster.local";

const SERVICES: &str = "spec.network.serviceCIDRs";
const PODS: &str = "spec.network.podCIDRs";
const DOMAIN: &str = "spec.network.dnsDomain";
const DNS: &str = "spec.network.clusterDNS";
const ETCD_SECRET: &str = "spec.network.etcdClientSecret";

pub(super) fn network(
    found: &mut Found,
    network: &document::Network,
    version: Option<KubernetesVersion>,
) -> Option<Network> {
    let before = found.problems.len();
    let service_cidrs = ranges(found, SERVICES, network.service_cidrs.as_deref(), SERVICE_RANGE);
    let pod_cidrs = ranges(found, PODS, network.pod_cidrs.as_deref(), POD_RANGE);
    check_service_ranges(found, &service_cidrs, &pod_cidrs, version);
    check_pod_ranges(found, &pod_cidrs);
    if found.problems.len() == before && families(&service_cidrs) != families(&pod_cidrs) {
        found.add(PODS, "must be of the same address families as spec.network.serviceCIDRs");
    }
    let domain = network.dns_domain.as_deref().unwrap_or(DNS_DOMAIN);
    let dns_domain = found.parse(DOMAIN, domain);
    if domain.len() > 200 {
        found.add(DOMAIN, "must have at most 200 characters: services' names come before it");
    }
    let cluster_dns = cluster_dns(found, network.cluster_dns.as_deref(), &service_cidrs);
    let etcd_client_secret = match &network.etcd_client_secret {
        None => None,
        Some(name) if name == "metrics-server-certificate" => {
            found.add(ETCD_SECRET, "is the name of another Secret that kboot writes");
            None
        }
        Some(name) => Some(found.parse(ETCD_SECRET, name)?),
    };
    Some(Network { service_cidrs, pod_cidrs, dns_domain: dns_domain?, cluster_dns, etcd_client_secret })
}

/// One range, or two of different families.
fn ranges(found: &mut Found, path: &str, texts: Option<&[String]>, default: &str) -> Vec<Cidr> {
    let default = [default.to_owned()];
    let texts = texts.unwrap_or(&default);
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
}

fn families(ranges: &[Cidr]) -> Vec<bool> {
    let mut families: Vec<bool> = ranges.iter().map(Cidr::is_ipv6).collect();
    families.sort_unstable();
    families
}

fn check_service_ranges(
    found: &mut Found,
    service_cidrs: &[Cidr],
    pod_cidrs: &[Cidr],
    version: Option<KubernetesVersion>,
) {
    let takes_large = version.is_none_or(|version| gates::LARGE_IPV6_SERVICE_RANGES.contains(version));
    for (i, service) in service_cidrs.iter().enumerate() {
        let path = format!("{SERVICES}[{i}]");
        for pods in pod_cidrs.iter().filter(|pods| pods.overlaps(service)) {
            found.add(&path, format!("{service} overlaps the pod range {pods}"));
        }
        // kube-apiserver's validateServiceNode: at most 20 bits of addresses, and of IPv6 now 64.
        let widest = match (service.is_ipv6(), takes_large) {
            (false, _) => 12,
            (true, true) => 64,
            (true, false) => 108,
        };
        if service.prefix() < widest {
            found.add(&path, format!("{service} is too large for kube-apiserver; use /{widest} or smaller"));
        }
        if service.nth(10).is_none() {
            found.add(&path, format!("{service} is too small: it has no tenth address for DNS"));
        }
    }
}

fn check_pod_ranges(found: &mut Found, pod_cidrs: &[Cidr]) {
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
}

/// The tenth address of the first range of services.
pub(in crate::cluster) fn default_cluster_dns(service_cidrs: &[Cidr]) -> Vec<IpAddr> {
    service_cidrs.first().and_then(|range| range.nth(10)).into_iter().collect()
}

/// The addresses of the cluster's DNS: those of the file, else the default.
fn cluster_dns(found: &mut Found, texts: Option<&[String]>, service_cidrs: &[Cidr]) -> Vec<IpAddr> {
    let Some(texts) = texts else { return default_cluster_dns(service_cidrs) };
    let addresses = found.addresses(DNS, texts);
    if texts.is_empty() {
        found.add(DNS, "must have an address; leave the field out for the default");
    }
    for (i, address) in &addresses {
        let path = format!("{DNS}[{i}]");
        if !service_cidrs.is_empty() && !service_cidrs.iter().any(|range| range.contains(*address)) {
            found.add(&path, format!("{address} lies outside spec.network.serviceCIDRs"));
        }
        if service_cidrs.iter().any(|range| [range.nth(0), range.nth(1)].contains(&Some(*address))) {
            found.add(&path, format!("{address} is the API server's or the range's own"));
        }
    }
    addresses.into_iter().map(|(_, address)| address).collect()
}
