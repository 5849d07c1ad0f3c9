//! Facts said in code, and their way to text and back; the Nodes of a cluster that changes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use kboot_core::csr::Requestor;
use kboot_core::net::Host;
use kboot_core::policy::{AccessReviews, ContextBuilder, ContextDocument, Nodes};
use kboot_core::time::Timestamp;
use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey, PublicKey, SubjectAltNames};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use serde_json::json;

use crate::common::now;

static KEYS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| {
    let public = |_| {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        CertificateRequest::for_kubelet_client(&"n".parse().unwrap(), &key).unwrap().public_key().clone()
    };
    (0..3).map(public).collect()
});

fn names(texts: &[&str]) -> SubjectAltNames {
    texts.iter().map(|text| text.parse::<Host>().unwrap()).collect()
}

/// A name and groups.
type User = (String, BTreeSet<String>);

/// What a context file can say.
#[derive(Debug, Clone)]
struct Said {
    now: Option<i64>,
    service_cidrs: Option<Vec<u8>>,
    pod_cidrs: Option<Vec<u8>>,
    dns_domain: Option<String>,
    namespaces: BTreeSet<String>,
    api_server: Vec<String>,
    signer_duration: Option<i64>,
    nodes: Option<BTreeMap<String, Vec<String>>>,
    served: BTreeMap<String, Vec<String>>,
    dns: BTreeMap<String, Vec<IpAddr>>,
    reviews: BTreeMap<User, (Option<bool>, Option<bool>)>,
    keys: BTreeMap<usize, String>,
}

fn said() -> impl Strategy<Value = Said> {
    let name = || "[a-z]([a-z0-9-]{0,8}[a-z0-9])?";
    let host = || {
        prop_oneof![
            name(),
            "[a-z]{1,5}\\.example\\.com",
            any::<[u8; 4]>().prop_map(|octets| IpAddr::from(octets).to_string()),
            any::<[u16; 4]>()
                .prop_map(|[a, b, c, d]| IpAddr::from([0xfd00, 0, 0, 0, a, b, c, d]).to_string()),
        ]
    };
    let hosts = move || vec(host(), 0..4);
    let cidrs = || proptest::option::of(vec(any::<u8>(), 0..3));
    let cluster = (cidrs(), cidrs(), proptest::option::of(name()), btree_set(name(), 0..3), hosts());
    let user = || "\\PC{0,12}";
    let answers = (proptest::option::of(any::<bool>()), proptest::option::of(any::<bool>()));
    (
        (proptest::option::of(0..4_000_000_000_i64), cluster, proptest::option::of(1..100_000_000_i64)),
        proptest::option::of(btree_map(name(), hosts(), 0..4)),
        btree_map(name(), hosts(), 0..3),
        btree_map(name(), vec(any::<[u8; 4]>().prop_map(IpAddr::from), 0..3), 0..3),
        btree_map((user(), btree_set(user(), 0..3)), answers, 0..3),
        btree_map(0..3_usize, user(), 0..3),
    )
        .prop_map(|((now, cluster, signer_duration), nodes, served, dns, reviews, keys)| {
            let (service_cidrs, pod_cidrs, dns_domain, namespaces, api_server) = cluster;
            Said {
                now,
                service_cidrs,
                pod_cidrs,
                dns_domain,
                namespaces,
                api_server,
                signer_duration,
                nodes,
                served,
                dns,
                reviews,
                keys,
            }
        })
}

impl Said {
    fn builder(&self) -> ContextBuilder {
        let range = |octet: &u8| format!("10.{octet}.0.0/16").parse().unwrap();
        let hosts = |texts: &[String]| texts.iter().map(|text| text.parse::<Host>().unwrap()).collect();
        let mut b = ContextDocument::builder();
        if let Some(now) = self.now {
            b = b.with_now(Timestamp::from_unix(now).unwrap());
        }
        if let Some(ranges) = &self.service_cidrs {
            b = b.with_service_cidrs(ranges.iter().map(range));
        }
        if let Some(ranges) = &self.pod_cidrs {
            b = b.with_pod_cidrs(ranges.iter().map(range));
        }
        if let Some(domain) = &self.dns_domain {
            b = b.with_dns_domain(&domain.parse().unwrap());
        }
        b = self.namespaces.iter().fold(b, |b, name| b.with_namespace(name));
        b = self.api_server.iter().fold(b, |b, name| b.with_api_server(&name.parse().unwrap()));
        if let Some(seconds) = self.signer_duration {
            b = b.with_signer_duration(format!("{seconds}s").parse().unwrap());
        }
        if let Some(nodes) = &self.nodes {
            b = b.with_nodes(nodes.iter().map(|(name, status)| (name.parse().unwrap(), hosts(status))));
        }
        for (node, names) in &self.served {
            b = b.with_served(&node.parse().unwrap(), &hosts(names));
        }
        for (name, addresses) in &self.dns {
            b = b.with_dns(&name.parse().unwrap(), addresses.iter().copied());
        }
        for ((user, groups), (node_client, self_node_client)) in &self.reviews {
            let of = groups.iter().fold(Requestor::user(user), |of, group| of.with_group(group));
            let reviews = AccessReviews { node_client: *node_client, self_node_client: *self_node_client };
            b = b.with_access_reviews(&of, reviews);
        }
        self.keys.iter().fold(b, |b, (key, user)| b.with_key(user, &KEYS[*key]))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_built_is_written_and_read_again(said in said()) {
        let built = said.builder().build().unwrap();
        let text = built.to_yaml().unwrap();
        let mut read = ContextDocument::default();
        read.add(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&read, &built, "{}", text);
        let context = read.context(now());
        prop_assert_eq!(context.now, said.now.map_or_else(now, |now| Timestamp::from_unix(now).unwrap()));
        prop_assert_eq!(context.nodes.map(|nodes| nodes.len()), said.nodes.map(|nodes| nodes.len()));
        prop_assert_eq!(context.namespaces, said.namespaces);
        prop_assert_eq!(context.served.len(), said.served.len());
        prop_assert_eq!(context.key_owners.len(), said.keys.len());
        prop_assert_eq!(read.dns(), &said.dns);
        // What is said twice contradicts nothing.
        prop_assert!(read.add(&text).is_ok());
    }
}

#[test]
fn contradictions_are_said_all_at_once_with_their_paths() {
    let node = "worker-1".parse().unwrap();
    let (jane, of_nodes) = (Requestor::user("jane"), Requestor::user("jane").with_group("a").with_group("a"));
    let allowed = |node_client| AccessReviews { node_client: Some(node_client), self_node_client: None };
    let error = ContextDocument::builder()
        .with_namespace("kube-system")
        .with_namespace("Team")
        .with_nodes([("worker-1".parse().unwrap(), names(&["192.168.5.21"]))])
        .with_nodes([("worker-1".parse().unwrap(), names(&["192.168.5.22"]))])
        .with_served(&node, &names(&["worker-1"]))
        .with_served(&node, &names(&["worker-2"]))
        .with_dns(&"a.example".parse().unwrap(), ["10.0.0.1".parse().unwrap()])
        .with_dns(&"a.example".parse().unwrap(), [])
        .with_access_reviews(&jane, allowed(true))
        .with_access_reviews(&of_nodes, allowed(false))
        .with_access_reviews(&jane, allowed(false))
        .with_key("one", &KEYS[0])
        .with_key("two", &KEYS[0])
        .build()
        .unwrap_err();
    let paths: Vec<&str> = error.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "spec.cluster.namespaces[1]",
            "spec.nodes[1].name",
            "spec.served[1]",
            "spec.accessReviews[2].nodeclient",
            "spec.keys[1].publicKey",
            "spec.dns.a.example",
        ],
        "{error}"
    );
}

#[test]
fn what_a_context_file_has_no_field_for_is_not_left_out_in_silence() {
    let mut document = ContextDocument::default();
    document.add(r#"{"kind": "CertificateSigningRequestList", "items": []}"#).unwrap();
    document
        .add(
            "{apiVersion: kboot.dev/v1alpha1, kind: Cluster, metadata: {name: c}, spec: {kubernetesVersion: v1.36.4, \
             controlPlaneEndpoint: 192.168.0.1, nodes: [{name: m, addresses: [192.168.0.1], roles: [control-plane, \
             etcd]}]}}",
        )
        .unwrap();
    let error = document.to_yaml().unwrap_err();
    let paths: Vec<&str> = error.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["machines", "requests"]);
}

#[test]
fn nodes_are_said_anew_after_a_change() {
    let list = |address: &str| {
        json!({"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "worker-1"},
            "status": {"addresses": [{"type": "InternalIP", "address": address}]}}]})
        .to_string()
    };
    let mut document = ContextDocument::default();
    document.add(&list("10.0.0.1")).unwrap();
    // Two files of one command contradict each other.
    let error = document.add(&list("10.0.0.2")).unwrap_err().to_string();
    assert!(error.contains("contradicts another file's list of the Nodes about worker-1"), "{error}");

    let mut changed = ContextDocument::default();
    changed.add(&list("10.0.0.2")).unwrap();
    let nodes = changed.context(now()).nodes.unwrap();
    document.set_nodes(nodes.clone());
    assert_eq!(document.context(now()).nodes, Some(nodes));
    document.add(&list("10.0.0.2")).unwrap();
}

#[test]
fn one_node_among_many_is_changed_alone() {
    let node = |number: u32| {
        let [_, b, c, d] = number.to_be_bytes();
        (format!("worker-{number}").parse().unwrap(), [Host::Ip([10, b, c, d].into())].into_iter().collect())
    };
    let nodes: Nodes = (0..5000).map(node).collect();
    let document = ContextDocument::builder().with_nodes((0..5000).map(node)).build().unwrap();
    let mut context = document.context(now());
    assert_eq!(context.nodes.as_ref(), Some(&nodes));
    let start = std::time::Instant::now();
    let known = context.nodes.as_mut().unwrap();
    for number in 0..500 {
        let (name, _) = node(number);
        known.insert(name, names(&["172.16.0.1"]));
    }
    for number in 0..500 {
        let (name, status) = node(number);
        known.insert(name, status);
    }
    // Far more than it takes, and far less than to read 5,000 anew each time.
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(context.nodes, Some(nodes));
}

#[test]
fn a_list_may_say_its_kind_at_its_end() {
    let node = r#"{"metadata": {"name": "worker-1"}}"#;
    for text in [
        format!(r#"{{"apiVersion": "v1", "items": [{node}], "kind": "NodeList"}}"#),
        format!(r#"{{"items": [{node}], "kind": "NodeList", "metadata": {{"resourceVersion": "1"}}}}"#),
        r#"{"items": [], "kind": "NodeList"}"#.to_owned(),
    ] {
        let mut document = ContextDocument::default();
        document.add(&text).unwrap();
        let count = usize::from(text.contains("worker-1"));
        assert_eq!(document.context(now()).nodes.map(|nodes| nodes.len()), Some(count), "{text}");
    }
    let page = format!(r#"{{"items": [{node}], "kind": "NodeList", "metadata": {{"continue": "x"}}}}"#);
    let error = ContextDocument::default().add(&page).unwrap_err().to_string();
    assert!(error.contains("is a page of a longer list"), "{error}");
    // 16 MiB wait for their kind, and no more.
    let many =
        vec![format!(r#"{{"metadata": {{"name": "n"}}, "x": "{}"}}"#, "x".repeat(1 << 20)); 17].join(",");
    let error = ContextDocument::default().add(&format!(r#"{{"items": [{many}], "kind": "NodeList"}}"#));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("says only at its end what its objects are, is too large"), "{error}");
}
