//! Names and addresses that are no node's: the API server's, services', pods' and every machine's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Compared;
use super::loopback::is_loopback_name;
use crate::name::Dns1123Subdomain;
use crate::policy::PolicyContext;
use crate::x509::SubjectAltNames;

/// Why a node may not have it, and who may say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Reserved {
    /// Nobody.
    Always(&'static str),
    /// It is the API server's, which may run on the node.
    ApiServers,
    /// It looks like what no node has, and an operator may know better.
    Unless(&'static str),
}

pub(in crate::policy) fn reserved(name: Compared<'_>, context: &PolicyContext<'_>) -> Option<Reserved> {
    let for_all = match name {
        Compared::Dns(name) => reserved_name(name, context),
        Compared::Ip(address) => reserved_address(address, context),
        Compared::Other => None,
    };
    match for_all {
        Some(Reserved::Always(why)) => Some(Reserved::Always(why)),
        _ if is_of_api_server(name, context) => Some(Reserved::ApiServers),
        other => other,
    }
}

/// The namespaces of every cluster (`pkg/controlplane`, `SystemNamespaces`).
const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Names under which clients reach a service, whatever the cluster's domain, and every machine itself.
fn reserved_name(name: &str, context: &PolicyContext<'_>) -> Option<Reserved> {
    if is_loopback_name(name) {
        return Some(Reserved::Always("every machine's own"));
    }
    if METADATA_NAMES.contains(&name) {
        return Some(Reserved::Always("the metadata server's"));
    }
    let below = |domain: &Dns1123Subdomain| name.strip_suffix(domain.as_str())?.strip_suffix('.');
    let is_of_domain =
        |domain: &Dns1123Subdomain| domain.as_str() == name || below(domain).is_some_and(is_service);
    if is_service(name) || context.dns_domains().any(is_of_domain) {
        return Some(Reserved::Always("a service's"));
    }
    // A namespace may be called like the last part of nodes' names.
    let ends_in_namespace =
        |name: &str| name.split_once('.').is_some_and(|(_, last)| context.namespaces.contains(last));
    let is_in_namespace = name.contains('.')
        && (ends_in_namespace(name) || context.dns_domains().filter_map(below).any(ends_in_namespace));
    is_in_namespace.then_some(Reserved::Unless("a service's: its end is a namespace"))
}

/// Whether pods find a service by this name, without the cluster's domain.
fn is_service(name: &str) -> bool {
    match name.rsplit_once('.') {
        None => matches!(name, "kubernetes" | "svc" | "pod"),
        // What pods write for short: their resolver adds svc and the domain.
        Some((_, last)) => {
            matches!(last, "svc" | "pod") || NAMESPACES.contains(&last) || name.contains(".svc.")
        }
    }
}

/// Names at which clouds serve a machine its credentials.
const METADATA_NAMES: [&str; 6] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Whether an IPv6 address stands for an IPv4 address, by which it is somebody else's or no machine's: compatible
/// and translated ones (RFC 4291, 2.5.5.1; RFC 2765), NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn stands_for_ipv4(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, ..] = address.segments();
    matches!([a, b, c, d, e, f], [0, 0, 0, 0, 0, 0] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, ..])
        || a == 0x2002
}

/// Addresses of the same, besides link-local ones: AWS (also for pods), Google, Oracle and Scaleway over IPv6, Azure,
/// Alibaba, Oracle.
const METADATA: [IpAddr; 8] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

fn reserved_address(address: IpAddr, context: &PolicyContext<'_>) -> Option<Reserved> {
    let is_link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    if address.is_loopback() {
        Some(Reserved::Always("every machine's own"))
    } else if is_link_local {
        Some(Reserved::Always("link-local, the same on every link"))
    } else if matches!(address, IpAddr::V6(address) if stands_for_ipv4(address)) {
        Some(Reserved::Always("an IPv4 address in the form of IPv6"))
    } else if METADATA.contains(&address) {
        Some(Reserved::Always("a cloud's metadata server's"))
    } else if context.service_ranges().any(|range| range.contains(address)) {
        Some(Reserved::Always("in the services' ranges"))
    } else if context.pod_ranges().any(|range| range.contains(address)) {
        Some(Reserved::Unless("in the pods' ranges"))
    } else {
        None
    }
}

fn is_of_api_server(name: Compared<'_>, context: &PolicyContext<'_>) -> bool {
    context.api_servers().any(|names: &SubjectAltNames| match name {
        Compared::Dns(name) => names.dns().iter().any(|known| covers(known, name)),
        Compared::Ip(address) => names.ips().contains(&address),
        Compared::Other => false,
    })
}

/// A wildcard stands for one label (RFC 9525, 6.3).
fn covers(known: &str, name: &str) -> bool {
    match known.strip_prefix("*.") {
        Some(parent) => name.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => known.eq_ignore_ascii_case(name),
    }
}
