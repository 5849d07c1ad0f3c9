//! Roles and bindings that the real server was asked to create by people who may create them.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::super::{authorize, check_binding, check_role, forbidden};
use super::{Memory, parsed, question, users};
use crate::server::attributes::{Attributes, User};
use crate::server::status::Status;

const RBAC: &str = "rbac.authorization.k8s.io";

fn objects() -> Memory {
    let mut objects = Memory::with_testdata(20);
    let writers: Vec<Value> = parsed(include_str!("../testdata/role-writers.json"));
    writers.into_iter().for_each(|object| objects.put(object));
    objects
}

fn request(user: &Arc<User>, verb: &str, object: &Value) -> Attributes {
    let resource = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or("-");
    question(user, &format!("{verb} {RBAC}/{resource} {namespace} -"))
}

fn check(request: &Attributes, new: &Value, old: Option<&Value>, objects: &Memory) -> Result<(), Status> {
    let is_binding = request.resource.ends_with("bindings");
    let check = if is_binding { check_binding } else { check_role };
    check(request, new, old, objects, 20)
}

#[test]
fn every_refusal_is_the_real_servers() {
    let (objects, users) = (objects(), users());
    let rows: Vec<Value> = parsed(include_str!("../testdata/escalation-1.20.2.json"));
    assert_eq!(rows.len(), 44);
    for row in rows {
        let (user, object, expected) =
            (&users[row["user"].as_str().unwrap()], &row["object"], &row["answer"]);
        let request = request(user, "create", object);
        let outcome = if authorize(&request, &objects, 20).is_allowed() {
            check(&request, object, None, &objects)
        } else {
            Err(forbidden(&request, ""))
        };
        let outcome = outcome.err().map(|status| {
            let status = status.to_value();
            let fields = ["code", "reason", "message", "details"];
            fields.into_iter().map(|field| (field.to_owned(), status[field].clone())).collect::<Value>()
        });
        assert_eq!(outcome.unwrap_or_default(), *expected, "{row}");
    }
}

#[test]
fn who_takes_only_finalizers_away_needs_nothing() {
    let (objects, users) = (objects(), users());
    let old = json!({
        "kind": "ClusterRole",
        "metadata": {"name": "t", "finalizers": ["a/b"], "ownerReferences": [{"name": "x"}]},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    });
    let mut new = old.clone();
    new["metadata"]["finalizers"] = json!([]);
    let request = request(&users["dev"], "update", &old);
    assert_eq!(check(&request, &new, Some(&old), &objects), Ok(()));
    new["metadata"]["labels"] = json!({"a": "b"});
    assert!(check(&request, &new, Some(&old), &objects).is_err());
    assert!(check(&request, &old, None, &objects).is_err());
}

#[test]
fn tightening_a_role_that_gathers_needs_everything() {
    let (objects, users) = (objects(), users());
    let plain = json!({"kind": "ClusterRole", "metadata": {"name": "t"}});
    let mut gathers = plain.clone();
    gathers["aggregationRule"] = json!({"clusterRoleSelectors": [{}]});
    let request = request(&users["dev"], "update", &plain);
    let refused = check(&request, &plain, Some(&gathers), &objects).unwrap_err();
    assert!(
        refused.message.ends_with("must have cluster-admin privileges to use the aggregationRule"),
        "{refused:?}"
    );
}

/// 10^15 permissions in one rule are refused without looking at each.
#[test]
fn a_rule_of_endless_parts_ends() {
    let (objects, users) = (objects(), users());
    let many: Vec<_> = (0..10_000).map(|number| number.to_string()).collect();
    let rule = json!({"apiGroups": many, "resources": many, "verbs": many, "resourceNames": many});
    let role = json!({"kind": "ClusterRole", "metadata": {"name": "t"}, "rules": [rule]});
    let start = Instant::now();
    assert!(check(&request(&users["dev"], "create", &role), &role, None, &objects).is_err());
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn roles_that_gather_each_other_end() {
    let mut objects = objects();
    let selector = json!({"clusterRoleSelectors": [{"matchLabels": {"round": "yes"}}]});
    for name in 0..200 {
        objects.put(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": format!("round-{name}"), "labels": {"round": "yes"}}, "aggregationRule": selector,
        }));
    }
    objects.put(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "straight", "labels": {"round": "yes"}},
        "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["nodes"]}],
    }));
    objects.put(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "round"},
        "roleRef": {"kind": "ClusterRole", "name": "round-0"}, "subjects": [{"kind": "User", "name": "nobody"}],
    }));
    assert!(authorize(&question(&users()["nobody"], "get core/nodes - a"), &objects, 20).is_allowed());
}

/// Whatever a client stores as a role or binding, a question about it is answered.
#[test]
fn odd_roles_and_bindings_grant_nothing() {
    let odd = json!({"name": 1, "kind": [], "verbs": {}});
    for part in [json!(null), json!(1), json!("x"), json!([]), json!([null, 1, "*", {}]), json!({}), odd] {
        let mut objects = Memory::default();
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "r", "labels": part}, "rules": part, "aggregationRule": part,
        });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "b"}, "roleRef": part, "subjects": part,
        });
        let users = users();
        for object in [role, binding] {
            let request = request(&users["dev"], "create", &object);
            check(&request, &object, Some(&part), &objects).ok();
            objects.put(object);
        }
        assert!(!authorize(&question(&users["dev"], "get core/pods dev a"), &objects, 20).is_allowed());
        assert!(!authorize(&question(&users["n1"], "get core/secrets dev a"), &objects, 36).is_allowed());
    }
}
