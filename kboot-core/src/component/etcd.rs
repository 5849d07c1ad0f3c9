//! etcd: every client and every peer shows a certificate of etcd's own authority.

use std::net::{IpAddr, Ipv4Addr};

use super::{Component, Flags, paths};
use crate::cluster::CaRole;
use crate::cluster::{ClusterSpec, Node, NodeRole};
use crate::net::ApiEndpoint;
use crate::pki::Profile;

const CLIENT_PORT: u16 = 2379;
const PEER_PORT: u16 = 2380;

fn url(address: IpAddr, port: u16) -> String {
    ApiEndpoint::of(address, port).to_string()
}

/// The members as kube-apiserver's `--etcd-servers` takes them.
pub(super) fn servers(spec: &ClusterSpec) -> String {
    let members = spec.nodes_with(NodeRole::Etcd).map(|node| url(node.address(), CLIENT_PORT));
    members.collect::<Vec<_>>().join(",")
}

pub(super) fn flags(spec: &ClusterSpec, node: &Node) -> Flags {
    let mut flags = Flags::new(Component::Etcd, spec);
    let client_url = url(node.address(), CLIENT_PORT);
    let peer_url = url(node.address(), PEER_PORT);
    let local = url(Ipv4Addr::LOCALHOST.into(), CLIENT_PORT);
    let authority = paths::authority_certificate(spec.pki.authorities, CaRole::Etcd);
    let members = spec
        .nodes_with(NodeRole::Etcd)
        .map(|node| format!("{}={}", node.name(), url(node.address(), PEER_PORT)));
    flags.set("name", node.name().as_str());
    flags.set("data-dir", paths::etcd_data(spec));
    flags.set("advertise-client-urls", &client_url);
    flags
        .set("listen-client-urls", if client_url == local { local } else { format!("{local},{client_url}") });
    flags.set("initial-advertise-peer-urls", &peer_url);
    flags.set("listen-peer-urls", peer_url);
    flags.set("initial-cluster", members.collect::<Vec<_>>().join(","));
    flags.set("initial-cluster-state", "new");
    flags.set("initial-cluster-token", spec.name.as_str());
    flags.set("client-cert-auth", "true");
    flags.set("cert-file", paths::certificate(Profile::EtcdServer));
    flags.set("key-file", paths::key(Profile::EtcdServer));
    flags.set("trusted-ca-file", &authority);
    flags.set("peer-client-cert-auth", "true");
    flags.set("peer-cert-file", paths::certificate(Profile::EtcdPeer));
    flags.set("peer-key-file", paths::key(Profile::EtcdPeer));
    flags.set("peer-trusted-ca-file", authority);
    flags
}
