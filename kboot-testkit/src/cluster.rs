//! One picture of a cluster, which generated requests and the corpus share.

/// A machine of that cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Node {
    /// The node's name.
    pub name: &'static str,
    /// Its addresses: the inventory's and, once joined, the Node's InternalIP and ExternalIP.
    pub addresses: &'static [&'static str],
    /// Its DNS names besides its own name.
    pub dns_names: &'static [&'static str],
    /// The id of the bootstrap token that was made for it.
    pub token_id: &'static str,
    /// Whether there is a Node of this name already.
    pub joined: bool,
    /// What its Node claims besides: addresses and names that nobody gave it.
    pub claims: &'static [&'static str],
}

const fn node(
    name: &'static str,
    addresses: &'static [&'static str],
    dns_names: &'static [&'static str],
    token_id: &'static str,
    joined: bool,
) -> Node {
    Node { name, addresses, dns_names, token_id, joined, claims: &[] }
}

/// The machines.
pub const NODES: &[Node] = &[
    node("master-1", &["192.168.5.11"], &["master-1.example.com"], "m1m1m1", true),
    node("worker-1", &["192.168.5.21"], &["worker-1.example.com"], "w1w1w1", true),
    node("worker-2", &["192.168.5.22", "fd00:5::22"], &[], "w2w2w2", true),
    node("worker-3", &["fd00:5::23"], &[], "w3w3w3", true),
    // Its kubelet was told to report the master's address.
    Node {
        claims: &["192.168.5.11", "api.example.com"],
        ..node("worker-9", &["192.168.5.29"], &[], "w9w9w9", true)
    },
    node(
        "ip-10-240-0-24.eu-west-1.compute.internal",
        &["10.240.0.24", "203.0.113.24"],
        &["ec2-203-0-113-24.eu-west-1.compute.amazonaws.com"],
        "awsaws",
        true,
    ),
    node(
        "db-1.rack-2.example.com",
        &["192.168.5.31", "192.168.6.31", "192.168.7.31"],
        &["db-1"],
        "db1db1",
        true,
    ),
    node("worker-4", &["192.168.5.24"], &["worker-4.example.com"], "w4w4w4", false),
    node("worker-5.example.com", &["192.168.5.25", "fd00:5::25"], &[], "w5w5w5", false),
];

/// The cluster's DNS domain.
pub const DNS_DOMAIN: &str = "cluster.local";

/// The ranges of its services' addresses.
pub const SERVICE_RANGES: &[&str] = &["10.96.0.0/12", "fd00:10:96::/112"];

/// The ranges of its pods' addresses.
pub const POD_RANGES: &[&str] = &["10.244.0.0/16"];

/// Its namespaces besides those of every cluster.
pub const NAMESPACES: &[&str] = &["monitoring", "security"];

/// Names and addresses of its API servers' load balancer.
pub const API_SERVER: &[&str] = &["192.168.5.10", "k8s.example.com", "*.api.k8s.example.com"];

/// Someone who may have a client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct User {
    /// The common name.
    pub name: &'static str,
    /// The common names that are as good: the same, or one with `*` at its end.
    pub pattern: &'static str,
    /// The groups that it may be in.
    pub groups: &'static [&'static str],
    /// Who asks for it: itself, or who issues for others.
    pub requestor: &'static str,
}

const fn person(name: &'static str, groups: &'static [&'static str]) -> User {
    User { name, pattern: name, groups, requestor: name }
}

const fn pipeline(name: &'static str) -> User {
    User { name, pattern: "jenkins-*", groups: &["ci"], requestor: ISSUER }
}

/// The people and pipelines.
pub const USERS: &[User] = &[
    person("jane", &["dev"]),
    person("joe@example.com", &["dev", "ops"]),
    person("anne.lee", &[]),
    pipeline("jenkins-deployer"),
    pipeline("jenkins-nightly"),
];

/// The service account that asks for the pipelines' certificates.
pub const ISSUER: &str = "system:serviceaccount:ci:certificate-issuer";

/// When the picture was taken, RFC 3339: after every request of the corpus.
pub const NOW: &str = "2026-01-15T10:00:00Z";

/// All of it, or another cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Picture<'a> {
    /// The machines.
    pub nodes: &'a [Node],
    /// The people and pipelines.
    pub users: &'a [User],
    /// The cluster's DNS domain.
    pub dns_domain: &'a str,
    /// The ranges of its services' addresses.
    pub service_ranges: &'a [&'a str],
}

/// The corpus' cluster.
pub const PICTURE: Picture<'static> =
    Picture { nodes: NODES, users: USERS, dns_domain: DNS_DOMAIN, service_ranges: SERVICE_RANGES };
