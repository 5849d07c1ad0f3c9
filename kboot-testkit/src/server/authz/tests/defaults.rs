//! The roles that every cluster has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use serde_json::{Value, json};

use super::super::aggregation::aggregated_rules;
use super::super::default_objects;
use super::super::defaults::node_rules;

fn count(minor: u32) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for object in default_objects(minor) {
        *count.entry(object["kind"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    count
}

fn named(minor: u32, kind: &str, name: &str) -> Option<Value> {
    default_objects(minor)
        .into_iter()
        .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

#[test]
fn as_many_as_the_real_servers() {
    let kinds = |counts: [usize; 4]| {
        let kinds = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"].map(str::to_owned);
        kinds.into_iter().zip(counts).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(count(20), kinds([60, 41, 7, 7]));
    assert_eq!(count(36), kinds([72, 53, 7, 7]));
}

/// All that kube-apiserver and kube-controller-manager 1.20.2 list, without what storage adds.
#[test]
fn those_of_1_20_are_the_real_servers_to_the_letter() {
    let mut objects: Vec<_> = default_objects(20).iter().map(canonical).collect();
    objects.sort();
    let digest = digest::digest(&digest::SHA256, objects.join("\n").as_bytes());
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "c6017fcd1a1aad8eec780b0866eb03633e256a5284b0dc91c143e58d7ecef7e2");
}

/// With the fields in order, whichever way maps are kept.
fn canonical(value: &Value) -> String {
    let sorted = |object: &serde_json::Map<String, Value>| {
        let fields: BTreeMap<_, _> = object.iter().map(|(name, value)| (name, canonical(value))).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    match value {
        Value::Object(object) => sorted(object),
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[test]
fn each_object_is_whole_and_there_once() {
    for minor in 20..=37 {
        let objects = default_objects(minor);
        let id = |kind: &Value, namespace: &Value, name: &Value| format!("{kind} {namespace} {name}");
        let mut seen = BTreeSet::new();
        for object in &objects {
            let metadata = &object["metadata"];
            let id = id(&object["kind"], &metadata["namespace"], &metadata["name"]);
            assert!(seen.insert(id.clone()), "{id} is there twice in 1.{minor}");
            assert_eq!(metadata["labels"]["kubernetes.io/bootstrapping"], "rbac-defaults", "{id}");
            if object.get("roleRef").is_none() {
                assert!(!object["rules"].as_array().unwrap().is_empty(), "{id} in 1.{minor}");
            }
        }
        for binding in objects.iter().filter(|object| object.get("roleRef").is_some()) {
            let (role, metadata) = (&binding["roleRef"], &binding["metadata"]);
            assert!(seen.contains(&id(&role["kind"], &metadata["namespace"], &role["name"])), "{binding}");
        }
    }
}

#[test]
fn roles_are_as_upstream_writes_them() {
    assert_eq!(
        named(20, "ClusterRole", "system:certificates.k8s.io:kubelet-serving-approver").unwrap(),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {
                "name": "system:certificates.k8s.io:kubelet-serving-approver",
                "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
                "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
            },
            "rules": [{
                "apiGroups": ["certificates.k8s.io"],
                "resources": ["signers"],
                "resourceNames": ["kubernetes.io/kubelet-serving"],
                "verbs": ["approve"],
            }],
        })
    );
    let bootstrapper = named(36, "ClusterRole", "system:node-bootstrapper").unwrap();
    let csrs = json!({
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["certificatesigningrequests"],
        "verbs": ["create", "get", "list", "watch"],
    });
    assert_eq!(bootstrapper["rules"], json!([csrs]));
    let signer = named(36, "RoleBinding", "system::leader-locking-kube-controller-manager").unwrap();
    assert_eq!(signer["metadata"]["namespace"], "kube-system");
    assert_eq!(
        signer["subjects"][1],
        json!({"kind": "ServiceAccount", "name": "kube-controller-manager", "namespace": "kube-system"})
    );
    assert_eq!(named(36, "ClusterRoleBinding", "system:node").unwrap().get("subjects"), None);
    let edit = named(20, "ClusterRole", "edit").unwrap();
    assert_eq!(edit["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-admin"], "true");
    // As many as kube-controller-manager 1.20.2 writes there.
    let rules = |name| named(20, "ClusterRole", name).unwrap()["rules"].as_array().unwrap().len();
    assert_eq!([rules("view"), rules("edit"), rules("admin")], [9, 19, 21]);
}

#[test]
fn a_rule_that_two_roles_have_is_gathered_once() {
    let role = |name: &str, verb: &str| {
        let rule = json!({"verbs": [verb], "apiGroups": [""], "resources": ["pods"]});
        let labels = json!({"a": "b"});
        Arc::new(json!({"metadata": {"name": name, "labels": labels}, "rules": [rule]}))
    };
    let all = [role("one", "get"), role("three", "list"), role("two", "get"), role("self", "watch")];
    let selectors =
        json!([{"matchLabels": {"a": "b"}}, {"matchExpressions": [{"key": "a", "operator": "Exists"}]}]);
    let gathers =
        json!({"metadata": {"name": "self"}, "aggregationRule": {"clusterRoleSelectors": selectors}});
    let rules = aggregated_rules(&Arc::new(gathers), &all);
    let verbs: Vec<_> = rules.iter().map(|rule| rule["verbs"][0].as_str().unwrap()).collect();
    assert_eq!(verbs, ["get", "list"]);
}

#[test]
fn rules_come_and_go_with_versions() {
    let has = |minor, name: &str, resource: &str| {
        let role = named(minor, "ClusterRole", name).unwrap();
        let mut rules = role["rules"].as_array().unwrap().iter();
        rules.any(|rule| rule["resources"].as_array().is_some_and(|list| list.contains(&resource.into())))
    };
    let basic = |minor| has(minor, "system:basic-user", "selfsubjectreviews");
    assert_eq!([basic(26), basic(27)], [false, true]);
    let writes_endpoints = |minor| has(minor, "system:aggregate-to-edit", "endpoints");
    assert_eq!([writes_endpoints(21), writes_endpoints(22)], [true, false]);
    let cleaner =
        |minor| named(minor, "ClusterRole", "system:controller:legacy-service-account-token-cleaner");
    assert!(cleaner(28).is_none() && cleaner(29).is_some());
}

#[test]
fn nodes_rules_are_those_of_their_role() {
    for minor in [20, 34, 36] {
        let rules: Vec<_> = node_rules(minor).cloned().collect();
        assert_eq!(
            Value::from(rules),
            named(minor, "ClusterRole", "system:node").unwrap()["rules"],
            "1.{minor}"
        );
    }
}

/// Every start of a server makes them, so it must not cost more than milliseconds, in a dev build too.
#[test]
fn made_within_milliseconds() {
    let best = (0..20).map(|_| {
        let start = Instant::now();
        default_objects(36);
        start.elapsed()
    });
    assert!(best.min().unwrap() < Duration::from_millis(50));
}
