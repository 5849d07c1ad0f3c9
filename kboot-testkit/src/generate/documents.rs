//! The files that people write for kboot, and those of components, as values of JSON (which is YAML too) or as texts.
//!
//! Every `hostile_…` one must be refused.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{addresses, names, times, tokens};

const API_VERSION: &str = "kboot.dev/v1alpha1";

/// An object with these fields, less those that are none.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn text(value: Option<impl Into<Value>>) -> Option<Value> {
    value.map(Into::into)
}

fn node(number: usize, (name, labels): (String, Vec<(String, String)>), roles: &[&str]) -> Value {
    let name: String = name.chars().take(40).collect();
    let labels = labels.into_iter().map(|(key, value)| (format!("example.com/{key}"), value.into()));
    let labels: Map<String, Value> = labels.collect();
    json!({
        "name": format!("n{number}-{name}"),
        "addresses": [format!("198.51.100.{}", number + 1), format!("2001:db8:5::{}", number + 1)],
        "roles": roles,
        "labels": labels,
    })
}

/// A cluster file: a machine of the control plane and workers.
pub fn cluster_file() -> impl Strategy<Value = Value> {
    let machine = || ("[a-z0-9]{1,8}", vec(("[a-z]{1,8}", names::label_value()), 0..3));
    let machines = (machine(), vec(machine(), 0..4)).prop_map(|(first, others)| {
        let mut nodes = vec![node(0, first, &["control-plane", "etcd", "worker"])];
        nodes.extend(
            others.into_iter().enumerate().map(|(number, other)| node(number + 1, other, &["worker"])),
        );
        nodes
    });
    let endpoint = prop_oneof![
        Just("198.51.100.1".to_owned()),
        addresses::dns_name().prop_map(|name| format!("{name}:6443"))
    ];
    let version = (12..=37_u8, 0..20_u8).prop_map(|(minor, patch)| format!("v1.{minor}.{patch}"));
    let network = option::of((8..=24_u8).prop_map(|bits| {
        json!({"serviceCIDRs": [format!("10.96.0.0/{}", bits.max(12))], "podCIDRs": ["10.244.0.0/16"]})
    }));
    let key = option::of(select(&["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096"][..]));
    let sans = vec(addresses::host(), 0..3);
    let subject = (option::of("[A-Z]{2}"), option::of("[A-Za-z]{1,12}"));
    let credentials = option::of(select(&["bootstrap-token", "certificate"][..]));
    let serving = option::of(select(&["csr", "issued"][..]));
    let ttl = option::of("[1-9][0-9]?h");
    let arguments = option::of(select(&["inline", "environment-file"][..]));
    let pki = (key, sans, subject);
    let join = (credentials, serving, ttl);
    (names::subdomain(), version, endpoint, machines, network, pki, join, arguments).prop_map(
        |(
            name,
            version,
            endpoint,
            nodes,
            network,
            (key, sans, (country, unit)),
            (credentials, serving, ttl),
            arguments,
        )| {
            let subject = object([("country", text(country)), ("organizationalUnit", text(unit))]);
            let pki = object([
                ("key", text(key)),
                ("apiServerSANs", Some(sans.into())),
                ("subject", Some(subject)),
            ]);
            let join = object([
                ("nodeCredentials", text(credentials)),
                ("servingCertificates", text(serving)),
                ("token", Some(object([("ttl", text(ttl))]))),
            ]);
            json!({
                "apiVersion": API_VERSION,
                "kind": "Cluster",
                "metadata": {"name": name},
                "spec": object([
                    ("kubernetesVersion", Some(version.into())),
                    ("controlPlaneEndpoint", Some(endpoint.into())),
                    ("network", network),
                    ("pki", Some(pki)),
                    ("join", Some(join)),
                    ("units", Some(object([("arguments", text(arguments))]))),
                    ("nodes", Some(nodes.into())),
                ]),
            })
        },
    )
}

/// Puts a value at a place whose parent is there.
fn put(document: &mut Value, pointer: &str, value: Value) {
    if let Some((parent, key)) = pointer.rsplit_once('/') {
        match document.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.insert(key.to_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            _ => {}
        }
    }
}

/// A document made wrong in one of these ways: what is put where.
fn wrong<S>(document: S, ways: Vec<(&'static str, Value)>) -> impl Strategy<Value = Value>
where
    S: Strategy<Value = Value>,
{
    (document, select(ways)).prop_map(|(mut document, (pointer, value))| {
        put(&mut document, pointer, value);
        document
    })
}

/// A cluster file that is wrong: an unknown field, a wrong type, two nodes of a name, ranges that overlap, a version
/// that nobody knows, a name that would leave its folder.
pub fn hostile_cluster_file() -> impl Strategy<Value = Value> {
    let node = |name: &str, address: &str| json!({"name": name, "addresses": [address], "roles": ["worker"]});
    wrong(
        cluster_file(),
        vec![
            ("/apiVersion", "v1".into()),
            ("/kind", "Clusters".into()),
            ("/metadata/name", "../../etc".into()),
            ("/metadata/namespace", "default".into()),
            ("/spec/kubernetesVersion", "v1.99.0".into()),
            ("/spec/kubernetesVersion", 1.36.into()),
            ("/spec/controlPlaneEndpoint", "http://a".into()),
            ("/spec/controlPlaneEndpoint", Value::Null),
            ("/spec/network", json!({"serviceCIDRs": ["10.96.0.0/12"], "podCIDRs": ["10.96.0.0/16"]})),
            ("/spec/network", json!({"serviceCIDRs": "10.96.0.0/12"})),
            ("/spec/pki/key", "rsa1024".into()),
            ("/spec/pki/apiServerSANs", json!(["*"])),
            ("/spec/pki/validity", json!({"authority": "1h", "certificate": "1y"})),
            ("/spec/pki/subject", json!({"country": "Germany"})),
            ("/spec/join/nodeCredentials", "none".into()),
            ("/spec/join/token", json!({"ttl": "-1h"})),
            ("/spec/nodes", json!([])),
            ("/spec/nodes/-", node("../a", "198.51.100.200")),
            ("/spec/nodes/-", node("a", "198.51.100.1")),
            ("/spec/nodes/-", node("a", "0.0.0.0")),
            ("/spec/nodes/-", json!({"name": "a", "addresses": [], "roles": ["worker"]})),
            ("/spec/nodes/-", json!({"name": "a", "addresses": ["198.51.100.200"], "roles": ["master"]})),
            ("/spec/nodez", json!([])),
            ("/spec/components", json!({"kubelets": {}})),
            ("/spec/folders", json!({"kubelet": "/a;b"})),
            ("/spec/user", json!({"name": "root:x"})),
        ],
    )
}

/// A policy of rules that approve what may be approved.
pub fn policy() -> impl Strategy<Value = Value> {
    let bootstrap = (vec(tokens::token_id(), 1..3), option::of("[1-9]h"), option::of(1..9_u8)).prop_map(
        |(ids, age, pending)| {
            let users: Vec<String> = ids.iter().map(|id| format!("system:bootstrap:{id}")).collect();
            object([
                ("signer", Some("kubernetes.io/kube-apiserver-client-kubelet".into())),
                ("requestor", Some(json!({"users": users, "groups": ["system:bootstrappers"]}))),
                ("node", Some(json!({"names": ["worker-*"]}))),
                ("maxAge", text(age)),
                ("maxPending", pending.map(|most| json!({"perNode": most}))),
                ("decision", Some("approve".into())),
            ])
        },
    );
    let serving = any::<bool>().prop_map(|has_status| {
        let sources = if has_status { vec!["inventory", "nodeStatus"] } else { vec!["inventory"] };
        json!({
            "signer": "kubernetes.io/kubelet-serving", "requestor": "self", "node": {"inventory": "nodes.yaml"},
            "subjectAltNames": {"within": sources}, "decision": "approve",
        })
    });
    let user = ("[a-z]{3,8}", "team-[a-z]{1,8}").prop_map(|(user, group)| {
        json!({
            "signer": "kubernetes.io/kube-apiserver-client", "requestor": {"users": [user]},
            "subject": {"users": [user], "groups": [group]}, "decision": "approve",
        })
    });
    let refusal = select(vec!["deny", "hold"]).prop_map(|decision| {
        json!({"signer": "kubernetes.io/kubelet-serving", "message": "not here", "decision": decision})
    });
    let rules = vec(prop_oneof![bootstrap, serving, user], 0..4);
    let verdict = option::of(select(vec!["deny", "hold"]));
    (rules, refusal, verdict.clone(), verdict).prop_map(|(mut rules, refusal, on_violation, otherwise)| {
        rules.push(refusal);
        for (number, rule) in rules.iter_mut().enumerate() {
            rule["name"] = format!("rule-{number}").into();
        }
        json!({
            "apiVersion": API_VERSION,
            "kind": "CsrPolicy",
            "spec": object([
                ("rules", Some(rules.into())),
                ("onViolation", text(on_violation)),
                ("otherwise", text(otherwise)),
            ]),
        })
    })
}

/// A policy that is wrong: most would make somebody an administrator, or approve for anybody.
pub fn hostile_policy() -> impl Strategy<Value = Value> {
    let user = |users: &str, group: &str| {
        json!({
            "name": "a", "signer": "kubernetes.io/kube-apiserver-client", "requestor": "self",
            "subject": {"users": [users], "groups": [group]}, "decision": "approve",
        })
    };
    let client = |rest: Value| {
        let signer = "kubernetes.io/kube-apiserver-client-kubelet";
        let mut rule = json!({"name": "a", "signer": signer, "decision": "approve"});
        if let (Some(rule), Value::Object(rest)) = (rule.as_object_mut(), rest) {
            rule.extend(rest);
        }
        rule
    };
    wrong(
        policy(),
        vec![
            ("/apiVersion", "kboot.dev/v2".into()),
            ("/kind", "Policy".into()),
            ("/spec/otherwise", "approve".into()),
            ("/spec/onViolation", "approve".into()),
            ("/spec/rules", json!({})),
            ("/spec/rulez", json!([])),
            ("/spec/rules/-", user("*", "dev")),
            ("/spec/rules/-", user("system:*", "dev")),
            ("/spec/rules/-", user("s?stem:node:worker-1", "dev")),
            ("/spec/rules/-", user("kubernetes-admin", "dev")),
            ("/spec/rules/-", user("jane", "system:masters")),
            ("/spec/rules/-", user("jane", " System:Masters")),
            ("/spec/rules/-", client(json!({}))),
            ("/spec/rules/-", client(json!({"requestor": "self", "decision": "allow"}))),
            ("/spec/rules/-", client(json!({"requestor": "self", "name": "rule-0"}))),
            ("/spec/rules/-", client(json!({"requestor": "self", "signer": "kubernetes.io/legacy-unknown"}))),
            ("/spec/rules/-", client(json!({"requestor": "self", "maxAge": "soon"}))),
            ("/spec/rules/-", client(json!({"requestor": "self", "unknown": 1}))),
            ("/spec/rules/-", json!("approve")),
        ],
    )
}

/// An inventory of nodes.
pub fn inventory() -> impl Strategy<Value = Value> {
    let node = (addresses::dns_name(), vec(tokens::token_id(), 0..2));
    (vec(node, 0..5), any::<bool>()).prop_map(|(nodes, is_older)| {
        let nodes = nodes.into_iter().enumerate().map(|(number, (name, ids))| {
            let ids: Vec<String> =
                ids.iter().map(|id| format!("{number}{}", id.get(1..).unwrap_or_default())).collect();
            let name: String = name.chars().take(60).collect();
            json!({
                "name": format!("w{number}.{}", name.trim_end_matches(['-', '.'])),
                "addresses": [format!("198.51.100.{}", number + 1)],
                "dnsNames": [format!("w{number}.example.com")],
                "tokenIds": ids,
            })
        });
        let nodes: Vec<Value> = nodes.collect();
        let mut inventory = json!({"apiVersion": API_VERSION, "kind": "NodeInventory"});
        if is_older {
            inventory["nodes"] = nodes.into();
        } else {
            inventory["spec"] = json!({"nodes": nodes});
        }
        inventory
    })
}

/// An inventory that is wrong.
pub fn hostile_inventory() -> impl Strategy<Value = Value> {
    let inventory = inventory()
        .prop_filter("with its nodes where they are now", |inventory| inventory.get("spec").is_some());
    wrong(
        inventory,
        vec![
            ("/apiVersion", 1.into()),
            ("/kind", "Nodes".into()),
            ("/nodes", json!([])),
            ("/spec/nodes", json!([{"name": "a"}, {"name": "a"}])),
            ("/spec/nodes/-", json!({"name": "../a"})),
            ("/spec/nodes/-", json!({"name": "a", "addresses": ["10.0.0.0/8"]})),
            ("/spec/nodes/-", json!({"name": "a", "addresses": ["a"]})),
            ("/spec/nodes/-", json!({"name": "a", "dnsNames": ["a b"]})),
            ("/spec/nodes/-", json!({"name": "a", "tokenIds": ["ABCDEF"]})),
            ("/spec/nodes/-", json!({"addresses": ["10.0.0.1"]})),
            ("/spec/nodes/-", json!({"name": "a", "address": "10.0.0.1"})),
        ],
    )
}

/// What is known of a cluster besides a request.
pub fn context() -> impl Strategy<Value = Value> {
    let ranges = || vec(addresses::cidr(), 0..2);
    let cluster = (ranges(), ranges(), vec(names::label(), 0..3), vec(addresses::host(), 0..3));
    (cluster, option::of(times::timestamp()), option::of("[1-9][0-9]{0,3}h"), vec(addresses::ipv4(), 0..3)).prop_map(
        |((services, pods, namespaces, servers), now, duration, nodes)| {
            let nodes = nodes.iter().enumerate();
            let nodes: Vec<Value> = nodes
                .map(|(number, address)| {
                    json!({"name": format!("worker-{number}"), "addresses": [address.to_string()]})
                })
                .collect();
            json!({
                "apiVersion": API_VERSION,
                "kind": "CsrContext",
                "spec": object([
                    ("now", text(now)),
                    ("signerDuration", text(duration)),
                    ("nodes", Some(nodes.into())),
                    ("cluster", Some(json!({
                        "serviceCIDRs": services, "podCIDRs": pods, "namespaces": namespaces, "apiServer": servers,
                    }))),
                ]),
            })
        },
    )
}

/// A context that is wrong.
pub fn hostile_context() -> impl Strategy<Value = Value> {
    wrong(
        context(),
        vec![
            ("/apiVersion", "v1".into()),
            ("/spec/now", "tomorrow".into()),
            ("/spec/signerDuration", "forever".into()),
            ("/spec/unknown", 1.into()),
            ("/spec/cluster", json!({"serviceCIDRs": ["10.0.0.1/8"]})),
            ("/spec/cluster", json!({"podCIDRs": "10.0.0.0/8"})),
            ("/spec/cluster", json!({"dnsDomain": "a b"})),
            ("/spec/nodes/-", json!({"name": "../a"})),
            ("/spec/nodes/-", json!({"name": "a", "addresses": ["a"]})),
        ],
    )
}
