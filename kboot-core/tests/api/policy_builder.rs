//! Policies and inventories built in code: the same values, and the same mistakes, as from their files.

use kboot_core::policy::{Inventory, InventoryNode, PolicyError};
use kboot_core::{ClusterSpec, name::NodeName};
use proptest::prelude::*;
use proptest::sample::select;

fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}

fn node(addresses: &[&str], dns_names: &[&str], tokens: &[&str]) -> InventoryNode {
    let node = addresses
        .iter()
        .fold(InventoryNode::new(), |node, address| node.with_address(address.parse().unwrap()));
    let node = dns_names.iter().fold(node, |node, name| node.with_dns_name(name.parse().unwrap()));
    tokens.iter().fold(node, |node, id| node.with_token(id.parse().unwrap()))
}

fn problems(error: &PolicyError) -> Vec<String> {
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_node_is_listed_replaced_and_taken_out() {
    let mut inventory = Inventory::default();
    let first = node(&["10.0.0.1"], &["a.example.com"], &["abcdef"]);
    assert_eq!(inventory.insert(name("a"), first.clone()), Ok(None));
    // In the place of the first, which has nothing any more.
    let second = node(&["10.0.0.2"], &["a"], &["abcdef"]);
    assert_eq!(inventory.insert(name("a"), second.clone()), Ok(Some(first.clone())));
    let other = node(&["10.0.0.1"], &["a.example.com"], &[]);
    assert_eq!(inventory.insert(name("b"), other.clone()), Ok(None));
    assert_eq!(inventory.node(&name("a")), Some(&second));
    assert_eq!(inventory.remove(&name("a")), Some(second));
    assert_eq!(inventory.remove(&name("a")), None);
    assert_eq!(inventory, Inventory::from_nodes([(name("b"), other)]).unwrap());
    // What was a's is anybody's, its name too.
    assert_eq!(inventory.insert(name("c"), node(&["10.0.0.2"], &["a"], &["abcdef"])), Ok(None));
}

#[test]
fn what_a_node_cannot_have_is_refused_all_at_once_and_changes_nothing() {
    let has = node(&["10.0.0.1"], &["a.example.com"], &["abcdef"]);
    let mut inventory = Inventory::from_nodes([(name("a"), has), (name("b"), node(&[], &[], &[]))]).unwrap();
    let before = inventory.clone();
    let wrong = node(
        &["10.0.0.2", "10.0.0.1", "127.0.0.1", "0.0.0.0", "::ffff:10.0.0.9"],
        &["b", "a", "a.example.com", "10.0.0.1", "localhost"],
        &["abcdef"],
    );
    let error = inventory.insert(name("b"), wrong.clone()).unwrap_err();
    let said = [
        "addresses[1]: 10.0.0.1 belongs to a already",
        "addresses[2]: 127.0.0.1 is every machine's own; leave it out",
        "addresses[3]: 0.0.0.0 is not the address of one machine",
        "addresses[4]: ::ffff:10.0.0.9 is not the address of one machine",
        "dnsNames[1]: a belongs to a already",
        "dnsNames[2]: a.example.com belongs to a already",
        "dnsNames[3]: 10.0.0.1 belongs to a already",
        "dnsNames[4]: localhost is every machine's own; leave it out",
        "tokenIds[0]: abcdef belongs to a already",
    ];
    assert_eq!(problems(&error), said.map(|problem| format!("nodes[b].{problem}")));
    let error = inventory.insert(name("a.example.com"), node(&[], &[], &[])).unwrap_err();
    assert_eq!(problems(&error), ["nodes[a.example.com].name: a.example.com is a DNS name of a already"]);
    assert_eq!(inventory, before);
    // From nodes as from a file, under the file's paths.
    let has = node(&["10.0.0.1"], &["a.example.com"], &["abcdef"]);
    let nodes = [(name("a"), has), (name("a"), node(&[], &[], &[])), (name("b"), wrong)];
    let error = Inventory::from_nodes(nodes).unwrap_err();
    let listed = "spec.nodes[1].name: a is listed before".to_owned();
    let said = said.map(|problem| format!("spec.nodes[2].{problem}"));
    assert_eq!(problems(&error), [listed].into_iter().chain(said).collect::<Vec<_>>());
}

#[test]
fn a_cluster_files_nodes_are_written_as_an_inventory() {
    let spec: ClusterSpec = include_str!("../../../examples/three-masters.yaml").parse().unwrap();
    let inventory = Inventory::from(&spec);
    let read: Inventory = inventory.to_yaml().unwrap().parse().unwrap();
    assert!(inventory.nodes().count() > 0 && read.nodes().eq(inventory.nodes()));
    assert_eq!(Inventory::default().to_yaml().unwrap().parse(), Ok(Inventory::default()));
}

/// Names that YAML could take for something else among them.
fn nodes() -> impl Strategy<Value = Vec<(NodeName, InventoryNode)>> {
    let names = ["10.0", "1e3", "null", "no", "0x10", "worker-1", "worker-2.example.com", "a", "b", "123456"];
    let tokens = ["123456", "1e1234", "abcdef", "000000"];
    let address = select(vec!["10.0.0.1", "10.0.0.2", "fd00::1", "192.168.0.1", "127.0.0.1", "224.0.0.1"]);
    let lists = (
        proptest::collection::vec(address, 0..3),
        proptest::collection::vec(select(names.to_vec()), 0..2),
        proptest::collection::vec(select(tokens.to_vec()), 0..2),
    );
    let one = (select(names.to_vec()), lists)
        .prop_map(|(own, (addresses, dns_names, tokens))| (name(own), node(&addresses, &dns_names, &tokens)));
    proptest::collection::vec(one, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inventories_are_the_same_built_written_and_read(nodes in nodes()) {
        let built = Inventory::from_nodes(nodes.clone());
        let mut inserted = Inventory::default();
        let mut all_taken = true;
        for (name, node) in &nodes {
            all_taken &= inserted.insert(name.clone(), node.clone()).is_ok_and(|before| before.is_none());
        }
        prop_assert_eq!(built.is_ok(), all_taken, "{:?}", built);
        for inventory in [built.unwrap_or_default(), inserted.clone()] {
            let text = inventory.to_yaml().unwrap();
            prop_assert_eq!(text.parse::<Inventory>(), Ok(inventory), "{}", text);
        }
        for (name, node) in nodes {
            if inserted.node(&name) == Some(&node) {
                let before = inserted.clone();
                inserted.remove(&name);
                prop_assert_eq!(inserted.insert(name, node), Ok(None));
                prop_assert_eq!(&inserted, &before);
            }
        }
    }
}
