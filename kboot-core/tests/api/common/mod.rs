//! Files for second opinions, and the cluster of the attack corpus, as kboot is told of it.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use kboot_core::net::Host;
use kboot_core::policy::{History, Policy, PolicyContext};
use kboot_core::time::Timestamp;
use kboot_testkit::{cluster, corpus};

/// Writes a file of a folder that is the test's own.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    File::create(folder.join(name)).unwrap().write_all(text.as_bytes()).unwrap();
}

/// When requests are decided on.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

pub(crate) fn policy() -> Policy {
    corpus::POLICY_YAML.parse().unwrap()
}

pub(crate) fn context() -> PolicyContext<'static> {
    let mut context = PolicyContext::at(now());
    context.service_cidrs = cluster::SERVICE_RANGES.iter().map(|range| range.parse().unwrap()).collect();
    context.pod_cidrs = cluster::POD_RANGES.iter().map(|range| range.parse().unwrap()).collect();
    context.namespaces = cluster::NAMESPACES.iter().map(|&name| name.to_owned()).collect();
    context.api_server = cluster::API_SERVER.iter().map(|name| name.parse::<Host>().unwrap()).collect();
    context.inventories.insert("inventory.yaml".to_owned(), corpus::INVENTORY_YAML.parse().unwrap());
    let joined = cluster::NODES.iter().filter(|node| node.joined);
    let nodes = joined.map(|node| {
        let texts = [&[node.name], node.addresses, node.dns_names, node.claims].concat();
        let names = texts.iter().map(|text| text.parse::<Host>().unwrap()).collect();
        (node.name.parse().unwrap(), names)
    });
    context.nodes = Some(nodes.collect());
    context.history = Some(History::default());
    context
}
