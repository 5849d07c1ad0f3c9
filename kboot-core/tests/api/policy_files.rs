//! The files about requests: policies, inventories, contexts and lists; what they mean and what is refused.

use std::collections::BTreeSet;
use std::io::Read;

use crate::common::now;
use kboot_core::document::{Document, DocumentError};
use kboot_core::net::Host;
use kboot_core::policy::{ContextDocument, Inventory, KeyOwner, Nodes, Policy, Preset, Reason, Verdict};
use kboot_core::time::Timestamp;
use kboot_core::x509::{KeyAlgorithm, PrivateKey};
use kboot_core::{CaSet, ClusterSpec, Env};
use kboot_core::{
    csr::{CertificateSigningRequest, ListError, Requestor, Signer, read_list},
    x509::CertificateRequest,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

fn joining(name: &str, node: &str, key: &PrivateKey) -> CertificateSigningRequest {
    let request = CertificateRequest::for_kubelet_client(&node.parse().unwrap(), key).unwrap();
    CertificateSigningRequest::new(name, Signer::KubeApiserverClientKubelet, request.to_pem().as_bytes())
        .with_requestor(Requestor::user("system:bootstrap:abcdef").with_group("system:bootstrappers"))
}

/// The problems' paths and texts.
fn problems(error: &DocumentError) -> Vec<String> {
    error.problems.iter().map(ToString::to_string).collect()
}

fn inventory(nodes: &str) -> Result<Inventory, DocumentError> {
    format!("{{apiVersion: kboot.dev/v1alpha1, kind: NodeInventory, spec: {{nodes: [{nodes}]}}}}").parse()
}

fn context(spec: &str) -> Result<ContextDocument, DocumentError> {
    let mut document = ContextDocument::default();
    add(&mut document, spec)?;
    Ok(document)
}

fn add(document: &mut ContextDocument, spec: &str) -> Result<(), DocumentError> {
    document.add(&format!("apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec: {{{spec}}}"))
}

fn rule(text: &str) -> Result<Policy, DocumentError> {
    format!("{{apiVersion: kboot.dev/v1alpha1, kind: CsrPolicy, spec: {{rules: [{{name: r, {text}}}]}}}}")
        .parse()
}

#[test]
fn an_inventory_says_what_is_whose() {
    let read = inventory(
        "{name: worker-1, addresses: [192.168.5.21, 'fd00::21'], dnsNames: [worker-1.example.com], \
         tokenIds: [abcdef]}, {name: worker-2}",
    )
    .unwrap();
    let node = read.node(&"worker-1".parse().unwrap()).unwrap();
    assert_eq!((node.addresses.len(), node.dns_names.len(), node.token_ids.len()), (2, 1, 1));
    // As files were written before the other three kinds had their fields in spec.
    let older = "{apiVersion: kboot.dev/v1alpha1, kind: NodeInventory, nodes: [{name: worker-2}]}";
    assert_eq!(older.parse::<Inventory>(), inventory("{name: worker-2}"));
    let cluster = include_str!("../../../examples/three-masters.yaml");
    let spec: ClusterSpec = cluster.parse().unwrap();
    let read: Inventory = cluster.parse().unwrap();
    assert_eq!(read.nodes().count(), spec.nodes().len());
    for node in spec.nodes() {
        assert_eq!(read.node(node.name()).unwrap().addresses, node.addresses());
    }
}

#[test]
fn a_wrong_inventory_names_each_problem() {
    for (nodes, expected) in [
        ("{name: a}, {name: a}", "spec.nodes[1].name: a is listed before"),
        (
            "{name: a, tokenIds: [abcdef]}, {name: b, tokenIds: [abcdef]}",
            "spec.nodes[1].tokenIds[0]: abcdef belongs to a already",
        ),
        (
            "{name: a, addresses: [10.0.0.1]}, {name: b, addresses: [10.0.0.1]}",
            "spec.nodes[1].addresses[0]: 10.0.0.1 belongs to a already",
        ),
        ("{name: a, dnsNames: [b]}, {name: b}", "spec.nodes[0].dnsNames[0]: b belongs to b already"),
        ("{name: A}, {name: a.}", "spec.nodes[1].name: a is listed before"),
        ("{name: a_b}", "spec.nodes[0].name: \"a_b\" is not a node name"),
        ("{name: a, addresses: [10.0.0]}", "spec.nodes[0].addresses[0]: \"10.0.0\" is not an address"),
        (
            "{name: a, addresses: [\"10.0.0.1\\e[31m\"]}",
            "spec.nodes[0].addresses[0]: \"10.0.0.1\\u{1b}[31m\" is not an address",
        ),
        (
            "{name: a, addresses: [0.0.0.0]}",
            "spec.nodes[0].addresses[0]: 0.0.0.0 is not the address of one machine",
        ),
        (
            "{name: a, addresses: ['::ffff:10.0.0.1']}",
            "spec.nodes[0].addresses[0]: ::ffff:10.0.0.1 is not the address of one machine",
        ),
        ("{name: a, dnsNames: ['*.b']}", "spec.nodes[0].dnsNames[0]: \"*.b\" is not a DNS name"),
        ("{name: a, tokenIds: [abc]}", "spec.nodes[0].tokenIds[0]: is not the id"),
        ("{name: a, address: [10.0.0.1]}", "spec.nodes[0].address: unknown field; did you mean addresses?"),
        ("{addresses: []}", "spec.nodes[0].name: is missing"),
    ] {
        let error = inventory(nodes).unwrap_err();
        assert_eq!(error.problems.len(), 1, "{nodes}: {error}");
        assert!(problems(&error)[0].starts_with(expected), "{nodes}: {error}");
    }
    assert!("kind: Cluster".parse::<Inventory>().is_err());
    assert!("[".parse::<Inventory>().is_err());
    for (rest, expected) in [
        ("", "spec: is missing"),
        (", nodes: [], spec: {nodes: []}", "nodes: stands in spec too"),
        (", spec: {}", "spec.nodes: is missing"),
    ] {
        let text = format!("{{apiVersion: kboot.dev/v1alpha1, kind: NodeInventory{rest}}}");
        let error = text.parse::<Inventory>().unwrap_err();
        assert!(problems(&error)[0].starts_with(expected) && error.problems.len() == 1, "{rest}: {error}");
    }
    // A whole token stands in no message.
    let error = inventory("{name: a, tokenIds: [abcdef.0123456789abcdef]}").unwrap_err();
    assert!(!error.to_string().contains("0123456789abcdef"), "{error}");
}

/// As they stand in objects of real machines.
#[test]
fn odd_entries_of_an_inventory_are_understood_or_passed_over() {
    let read = inventory(
        "{name: PANDA, addresses: [10.0.0.1, 127.0.0.1, '::1', '::ffff:127.0.0.1'], \
         dnsNames: [Panda.Example.com., localhost]}, \
         {name: node1.local., addresses: [127.0.0.1], dnsNames: [NODE1.local., localhost.localdomain]}",
    )
    .unwrap();
    let panda = read.node(&"panda".parse().unwrap()).unwrap();
    assert_eq!(panda.addresses, ["10.0.0.1".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(panda.dns_names.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["panda.example.com"]);
    let node = read.node(&"node1.local".parse().unwrap()).unwrap();
    assert_eq!((node.addresses.len(), node.dns_names.len()), (0, 1));
    let warnings: Vec<&str> = read.warnings().iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "spec.nodes[0].addresses[1]",
            "spec.nodes[0].addresses[2]",
            "spec.nodes[0].addresses[3]",
            "spec.nodes[0].dnsNames[1]",
            "spec.nodes[1].addresses[0]",
            "spec.nodes[1].dnsNames[1]",
        ]
    );
    // The same spellings in what else is known.
    let document = context(
        "nodes: [{name: PANDA., addresses: [10.0.0.1], dnsNames: [Panda.Example.com.]}], \
         served: [{node: Panda, names: [PANDA., 10.0.0.1]}], dns: {Panda.Example.com.: [10.0.0.1]}",
    )
    .unwrap();
    let known = document.context(now());
    let panda = "panda".parse().unwrap();
    assert_eq!(
        known.nodes.as_ref().unwrap().get(&panda).unwrap().to_string(),
        "DNS:panda.example.com, IP:10.0.0.1"
    );
    assert_eq!(known.served[&panda].to_string(), "DNS:panda, IP:10.0.0.1");
    assert!(known.resolver.unwrap().addresses("panda.example.com").is_some());
}

#[test]
fn a_context_file_fills_a_context() {
    let node_key = key();
    let public = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, node_key.public_key().der())
    );
    let document = context(&format!(
        "now: 2026-11-21T10:00:00Z, cluster: {{serviceCIDRs: [10.96.0.0/12], dnsDomain: k8s.example}}, \
         signerDuration: 24h, nodes: [{{name: worker-1, addresses: [192.168.5.21], dnsNames: [worker-1]}}], \
         served: [{{node: worker-1, names: [worker-1, 192.168.5.21]}}], \
         dns: {{worker-1.example.com: [192.168.5.21]}}, \
         accessReviews: [{{user: 'system:bootstrap:abcdef', groups: [system:bootstrappers], nodeclient: true, selfnodeclient: false}}], \
         keys: [{{user: 'system:node:worker-1', publicKey: {}}}]",
        json!(public)
    ))
    .unwrap();
    let context = document.context(Timestamp::EPOCH);
    assert_eq!(context.now, now());
    assert_eq!(context.dns_domain.as_str(), "k8s.example");
    assert_eq!(context.service_cidrs.len(), 1);
    assert_eq!(context.signer_lifetime, "24h".parse().unwrap());
    let worker = "worker-1".parse().unwrap();
    assert_eq!(
        context.nodes.as_ref().unwrap().get(&worker).unwrap().to_string(),
        "DNS:worker-1, IP:192.168.5.21"
    );
    assert_eq!(context.served[&worker].ips().len(), 1);
    assert_eq!(context.resolver.unwrap().addresses("worker-1.example.com").unwrap().len(), 1);
    let policy = Preset::Upstream.policy();
    assert_eq!(policy.evaluate(&joining("a", "worker-1", &node_key), &context).verdict(), Verdict::Approve);
    let stolen = policy.evaluate(&joining("a", "worker-2", &node_key), &context);
    assert_eq!(stolen.reason(), Reason::KeyReused);
    // Nothing is known where nothing is said.
    let empty = ContextDocument::default();
    let nothing = empty.context(now());
    assert!(nothing.nodes.is_none() && nothing.history.is_none() && nothing.resolver.is_none());
}

#[test]
fn a_wrong_context_names_each_problem() {
    for (spec, expected) in [
        ("nows: x", "spec.nows: unknown field; did you mean now?"),
        ("now: yesterday", "spec.now: \"yesterday\" is not a time"),
        (
            "cluster: {serviceCIDRs: [10.96.0.0]}",
            "spec.cluster.serviceCIDRs[0]: \"10.96.0.0\" is not an address range",
        ),
        ("cluster: {dnsDomain: X}", "spec.cluster.dnsDomain: \"X\" is not a DNS name"),
        ("signerDuration: long", "spec.signerDuration: \"long\""),
        ("nodes: [{name: a}, {name: a}]", "spec.nodes[1].name: is listed before"),
        ("nodes: [{name: a, addresses: [x]}]", "spec.nodes[0].addresses[0]: \"x\" is not an address"),
        ("dns: {a: [x]}", "spec.dns.a[0]: \"x\" is not an address"),
        ("served: [{node: a, names: [b]}, {node: a, names: [c]}]", "spec.served[1]: a serves other names"),
        ("dns: {A: [10.0.0.1], a: [10.0.0.2]}", "spec.dns.a: has other addresses elsewhere"),
        (
            "accessReviews: [{user: u, nodeclient: true}, {user: u, nodeclient: false}]",
            "spec.accessReviews[1].nodeclient: contradicts",
        ),
        ("keys: [{user: u, publicKey: x}]", "spec.keys[0].publicKey: not readable as PEM"),
    ] {
        let error = context(spec).unwrap_err();
        assert!(problems(&error)[0].starts_with(expected), "{spec}: {error}");
    }
    for text in ["", "x", "{}", "{\"kind\": \"Pod\"}", "kind: NodeInventory", "kind: Node\nmetadata: {}"] {
        let mut document = ContextDocument::default();
        assert!(document.add(text).is_err(), "{text}");
    }
}

#[test]
fn context_files_add_up_and_do_not_contradict() {
    let mut document = context("now: 2026-11-21T10:00:00Z, nodes: [{name: a}]").unwrap();
    add(&mut document, "nodes: [{name: a}], cluster: {dnsDomain: cluster.local}").unwrap();
    let before = format!("{document:?}");
    for other in [
        "now: 2026-11-21T10:00:01Z",
        "nodes: [{name: a}, {name: b}]",
        "nodes: []",
        "nodes: [{name: a, addresses: [10.0.0.1]}]",
        "cluster: {dnsDomain: other.local}",
    ] {
        let error = add(&mut document, other).unwrap_err();
        assert!(error.to_string().contains("contradicts another file"), "{other}: {error}");
        assert_eq!(format!("{document:?}"), before, "{other} left something behind");
    }
    // The cluster file says which addresses are those of services.
    document.add(include_str!("../../../examples/three-masters.yaml")).unwrap();
    assert_eq!(document.context(now()).service_cidrs.len(), 1);
}

#[test]
fn the_nodes_of_kubectl_are_read() {
    let node = |name: &str, addresses: Value| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
               "status": {"addresses": addresses, "nodeInfo": {"x": 1}}})
    };
    let items = [
        node(
            "worker-1",
            json!([{"type": "InternalIP", "address": "192.168.5.21"}, {"type": "Hostname", "address": "Worker-1"},
                   {"type": "ExternalDNS", "address": "worker-1.example.com."}, {"type": "InternalDNS", "address": "10.0.0.9"},
                   {"type": "Other", "address": "1.2.3.4"}, {"type": "InternalIP", "address": "hostile\u{1b}"}]),
        ),
        node("worker-2", json!([])),
    ];
    let list = json!({"apiVersion": "v1", "items": items, "kind": "List"});
    let yaml = serde_yaml::to_string(&list).unwrap();
    let typed = format!(r#"{{"kind": "NodeList", "items": {}}}"#, json!(items));
    for text in [list.to_string(), yaml, typed] {
        let mut document = ContextDocument::default();
        document.add(&text).unwrap();
        let nodes = document.context(now()).nodes.unwrap();
        assert_eq!(nodes.len(), 2);
        assert_eq!(
            nodes.get(&"worker-1".parse().unwrap()).unwrap().to_string(),
            "DNS:worker-1, DNS:worker-1.example.com, IP:192.168.5.21"
        );
        assert!(nodes.get(&"worker-2".parse().unwrap()).unwrap().is_empty());
    }
    let mut none = ContextDocument::default();
    none.add(r#"{"kind": "NodeList", "items": []}"#).unwrap();
    assert_eq!(none.context(now()).nodes.map(|nodes| nodes.len()), Some(0));
}

#[test]
fn the_requests_of_kubectl_are_history_and_key_owners() {
    let spec: ClusterSpec = include_str!("../../../examples/single-node.yaml").parse().unwrap();
    let mut env = Env::system();
    let authorities = CaSet::create(&spec, &mut env).unwrap();
    let issued_key = key();
    let mut issued = json!(joining("csr-1", "worker-1", &issued_key));
    let certificate = authorities.cluster().certificate().to_pem();
    let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    issued["status"] = json!({
        "certificate": encode(&certificate),
        "conditions": [{"type": "Approved", "status": "True"}],
    });
    let open = joining("csr-2", "worker-2", &key());
    let mut document = ContextDocument::default();
    document.add(&json!({"kind": "List", "items": [issued.clone(), open]}).to_string()).unwrap();
    assert!(document.lists(&open));
    let mut context = document.context(now());
    assert!(context.key_owners.values().any(|owner| *owner == KeyOwner::User("kubernetes".to_owned())));
    let policy = rule(
        "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: [system:bootstrappers]}, \
         maxPending: {perNode: 1}, decision: approve",
    )
    .unwrap();
    let another = joining("csr-3", "worker-2", &key());
    assert_eq!(policy.evaluate(&another, &context).reason(), Reason::NoRule);
    context.history.as_mut().unwrap().remove(&open);
    context.nodes = Some(Nodes::default());
    assert_eq!(policy.evaluate(&another, &context).verdict(), Verdict::Approve);
    // The certificate of another signer says nothing about users.
    issued["spec"]["signerName"] = "example.com/mine".into();
    let mut elsewhere = ContextDocument::default();
    elsewhere.add(&issued.to_string()).unwrap();
    assert!(elsewhere.context(now()).key_owners.is_empty());
    // The same request twice is a mistake of the caller.
    assert!(document.add(&open.to_json()).is_err());
}

#[test]
fn dangerous_and_damaged_policies_are_refused() {
    let client = "signer: kubernetes.io/kube-apiserver-client, requestor: {groups: [dev]}, decision: approve";
    for (text, expected) in [
        (
            format!("{client}, subject: {{users: ['*']}}"),
            "spec.rules[0].subject.users: \"*\" would approve privileged",
        ),
        (
            format!("{client}, subject: {{users: [a], groups: [system:masters]}}"),
            "spec.rules[0].subject.groups: ",
        ),
        (client.to_owned(), "spec.rules[0].subject: is missing"),
        (
            "signer: example.com/mine, decision: hold".to_owned(),
            "spec.rules[0].signer: \"example.com/mine\" is not one of",
        ),
        (
            "signer: kubernetes.io/kubelet-serving, requestor: self, decision: approve, \
             subjectAltNames: {within: [{cidrs: [192.168.20.1/24]}]}"
                .to_owned(),
            "spec.rules[0].subjectAltNames.within[0].cidrs[0]: \"192.168.20.1/24\" is not an address range",
        ),
        ("signer: kubernetes.io/kubelet-serving, decision: maybe".to_owned(), "spec.rules[0].decision: "),
    ] {
        let error = rule(&text).unwrap_err();
        assert!(problems(&error)[0].starts_with(expected), "{text}: {error}");
    }
}

fn listed(text: &str) -> (Vec<String>, Option<String>) {
    let mut seen = Vec::new();
    let outcome = read_list(text.as_bytes(), |index, object| {
        assert_eq!(index, seen.len());
        seen.push(object.map_or_else(|error| format!("error: {error}"), |object| object.name().to_owned()));
        Ok::<(), ListError>(())
    });
    (seen, outcome.err().map(|error| error.to_string()))
}

#[test]
fn lists_of_requests_are_read_one_by_one() {
    let (a, b) = (json!(joining("a", "one", &key())), json!(joining("b", "two", &key())));
    let list = json!({"apiVersion": "v1", "items": [a, b], "kind": "List"});
    let pretty = serde_json::to_string_pretty(&a).unwrap();
    for text in [
        list.to_string(),
        json!([a, b]).to_string(),
        format!("{a}\n{b}\n"),
        format!("{pretty}{b}"),
        format!(r#"{{"kind": "List", "metadata": {{"a": [1]}}, "items": [{a}, {b}]}}"#),
        serde_yaml::to_string(&list).unwrap(),
    ] {
        assert_eq!(listed(&text), (vec!["a".to_owned(), "b".to_owned()], None), "{text}");
    }
    assert_eq!(listed(&serde_yaml::to_string(&a).unwrap()), (vec!["a".to_owned()], None));
    let (mut c, mut d) = (a, b);
    for object in [&mut c, &mut d] {
        object.as_object_mut().unwrap().retain(|field, _| field != "kind" && field != "apiVersion");
    }
    let typed = format!(r#"{{"kind": "CertificateSigningRequestList", "items": [{c}, {d}]}}"#);
    assert_eq!(listed(&typed).0, ["a", "b"]);
}

#[test]
fn one_bad_object_does_not_end_the_pass() {
    let good = json!(joining("good", "one", &key()));
    let large = json!({"kind": "CertificateSigningRequest", "spec": {"request": "A".repeat(2 << 20)}});
    let text = format!(r#"{{"items": [{{"kind": "Pod"}}, {large}, {good}, 7, {good}], "kind": "List"}}"#);
    let (seen, error) = listed(&text);
    assert_eq!(error, None);
    assert_eq!(seen.len(), 5);
    assert_eq!((seen[2].as_str(), seen[4].as_str()), ("good", "good"));
    let (seen, error) = listed(&format!(r#"{{"items": [{good}, {good}"#));
    assert_eq!(seen, ["good", "good"]);
    assert!(error.unwrap().starts_with("is not JSON: "));
}

/// A list that never ends, of which a reader that keeps it would run out of memory.
#[test]
fn an_object_without_end_takes_no_memory() {
    let endless = std::io::repeat(b'x').take(1 << 40);
    let text = br#"{"items":[{"a":""#.chain(endless).chain(&br#""}]}"#[..]);
    let outcome = read_list(text, |_, _| Ok::<(), ListError>(()));
    let error = outcome.unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(
        format!("{error}: {source}"),
        "cannot be read: an object in it, or a list that says only at its end what its objects are, is too large"
    );
}

fn serving(node: &str, names: &[&str]) -> CertificateSigningRequest {
    let names = names.iter().map(|name| name.parse::<Host>().unwrap()).collect();
    let request = CertificateRequest::for_kubelet_serving(&node.parse().unwrap(), &names, &key()).unwrap();
    CertificateSigningRequest::new("a", Signer::KubeletServing, request.to_pem().as_bytes())
        .with_requestor(Requestor::user(&format!("system:node:{node}")).with_group("system:nodes"))
}

/// What postfinance's approver does with the same requests, but that it denies where DNS does not answer
/// (`DNSCheck` and `WhitelistedIPCheck` there).
#[test]
fn the_postfinance_preset_decides_as_its_model() {
    let policy = Preset::Postfinance.policy();
    let facts = context(
        "cluster: {serviceCIDRs: [10.96.0.0/12], apiServer: [10.0.0.30]}, \
             dns: {node-1.example.com: [10.0.0.1], node-1: [10.0.0.1, 10.0.0.2], node-12: [10.0.0.1]}",
    )
    .unwrap();
    for (names, verdict) in [
        (&["10.0.0.1"][..], Verdict::Approve),
        (&["node-1.example.com", "10.0.0.1"], Verdict::Approve),
        (&["node-1", "10.0.0.1", "10.0.0.2"], Verdict::Approve),
        (&["node-1", "10.0.0.3"], Verdict::Deny),
        (&["node-1", "node-1.example.com"], Verdict::Deny),
        (&["other.example.com", "10.0.0.1"], Verdict::Deny),
        // A prefix without a dot is enough there.
        (&["node-12", "10.0.0.1"], Verdict::Deny),
        // There it is denied for good.
        (&["node-1.unknown.example.com", "10.0.0.1"], Verdict::Hold),
        // What no other approver refuses.
        (&["127.0.0.1"], Verdict::Deny),
    ] {
        let decision = policy.evaluate(&serving("node-1", names), &facts.context(now()));
        assert_eq!(decision.verdict(), verdict, "{names:?}: {}", decision.summary());
    }
    let long = serving("node-1", &["10.0.0.1"]).with_expiration("368d".parse().unwrap());
    assert_eq!(policy.evaluate(&long, &facts.context(now())).verdict(), Verdict::Deny);
    let ignored = joining("b", "node-1", &key());
    assert_eq!(policy.evaluate(&ignored, &facts.context(now())).reason(), Reason::SignerNotRuled);
}

#[test]
fn warnings_say_what_is_probably_not_meant() {
    let serving = "signer: kubernetes.io/kubelet-serving, requestor: self, decision: approve";
    for (text, expected) in [
        (
            "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {tokenIds: [abcdef]}, decision: approve".to_owned(),
            Some("spec.rules[0].node: no node names and no inventory"),
        ),
        (
            "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {tokenIds: [abcdef]}, \
             node: {names: ['worker-*']}, decision: approve"
                .to_owned(),
            None,
        ),
        (
            format!("{serving}, subjectAltNames: {{within: [nodeStatus, nodeName], anyNodeMayClaim: [addresses]}}"),
            Some("spec.rules[0].subjectAltNames.anyNodeMayClaim: any node may get a certificate for any address"),
        ),
        (
            "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {tokenIds: [abcdef]}, \
             node: {names: ['worker-*'], mayRejoin: true}, decision: approve"
                .to_owned(),
            Some("spec.rules[0].node.mayRejoin: whom the rule matches may take over a node that has joined"),
        ),
        (format!("{serving}, subjectAltNames: {{within: [nodeName, {{cidrs: [10.0.0.0/8]}}]}}"), None),
        (
            format!("{serving}, subjectAltNames: {{within: [dns, {{cidrs: [10.0.0.0/8]}}], maxDns: 0}}"),
            Some("spec.rules[0].subjectAltNames.maxDns: "),
        ),
        (
            "signer: kubernetes.io/kubelet-serving, decision: hold}, \
             {name: s, signer: kubernetes.io/kubelet-serving, decision: deny"
                .to_owned(),
            Some("spec.rules[1]: is never reached: r before it"),
        ),
    ] {
        let warnings = rule(&text).unwrap().warnings();
        let first = warnings.first().map(ToString::to_string);
        match expected {
            None => assert_eq!(first, None, "{text}"),
            Some(expected) => assert!(first.is_some_and(|first| first.starts_with(expected)), "{text}: {warnings:?}"),
        }
    }
}

/// The table of a rule's fields in docs/csr.md, beside the schema.
#[test]
fn the_documentation_has_every_field_of_a_rule() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/csr.md");
    let document = std::fs::read_to_string(document).unwrap();
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let words: BTreeSet<&str> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).collect();
    let schema: Value = serde_json::from_str(<Policy as Document>::schema()).unwrap();
    for (name, field) in schema.pointer("/$defs/rule/properties").unwrap().as_object().unwrap() {
        let parts = field["properties"].as_object().into_iter().flatten();
        let parts: Vec<&str> = parts.map(|(part, _)| part.as_str()).collect();
        assert!(words.contains(name.as_str()) || !parts.is_empty(), "{name}");
        for part in parts {
            let whole = format!("{name}.{part}");
            assert!(words.contains(part) || words.contains(whole.as_str()), "{whole}");
        }
    }
}

/// JSON of any shape.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[\\PC\\n\"{}\\[\\],:]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("items|kind|[a-z\"{}]{0,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Every element is seen once, whatever stands in it, and however it is laid out.
    #[test]
    fn every_object_of_a_list_is_seen(items in prop::collection::vec(any_json(), 0..8), pretty: bool) {
        let list = json!({"apiVersion": "v1", "items": items, "kind": "List", "zzz": {"items": [1]}});
        let text = if pretty { serde_json::to_string_pretty(&list).unwrap() } else { list.to_string() };
        let (seen, error) = listed(&text);
        prop_assert_eq!((seen.len(), error), (items.len(), None));
    }

    #[test]
    fn no_text_panics(text in prop_oneof![
        "\\PC{0,200}",
        "[\\[\\]{}\":, a\\\\\n]{0,60}",
        any_json().prop_map(|value| value.to_string()),
        any_json().prop_map(|value| json!({"kind": "CsrContext", "apiVersion": "kboot.dev/v1alpha1", "spec": value}).to_string()),
        any_json().prop_map(|value| json!({"kind": "NodeInventory", "apiVersion": "kboot.dev/v1alpha1", "nodes": value}).to_string()),
        any_json().prop_map(|value| json!({"kind": "NodeInventory", "apiVersion": "kboot.dev/v1alpha1", "spec": {"nodes": value}}).to_string()),
        any_json().prop_map(|value| json!({"kind": "List", "items": [{"kind": "Node", "metadata": {"name": "a"}, "status": value}]}).to_string()),
    ]) {
        let _ = listed(&text);
        let _ = ContextDocument::default().add(&text);
        let _ = text.parse::<Inventory>();
        let _ = text.parse::<Policy>();
    }
}

#[test]
fn an_empty_list_must_say_of_what() {
    let mut document = ContextDocument::default();
    let error = document.add(r#"{"apiVersion": "v1", "kind": "List", "items": []}"#).unwrap_err();
    assert!(error.to_string().contains("kubectl get --raw /api/v1/nodes"), "{error}");
    document.add(r#"{"apiVersion": "v1", "kind": "NodeList", "items": []}"#).unwrap();
    let requests = r#"{"kind": "CertificateSigningRequestList", "items": []}"#;
    document.add(requests).unwrap();
    let context = document.context(now());
    assert_eq!((context.nodes.unwrap().len(), context.history.is_some()), (0, true));
}

#[test]
fn a_problem_does_not_quote_a_whole_file() {
    let long = format!("kind: !!{} a", "x\u{202e}".repeat(100_000));
    for error in [long.parse::<Policy>().unwrap_err(), context(&long).unwrap_err()] {
        let text = error.to_string();
        assert!(text.len() < 5_000 && !text.contains('\u{202e}'), "{} bytes", text.len());
    }
}
