//! Reviews; the refusals are those of the real 1.20.2, but for the pointers in them.

#![allow(clippy::needless_pass_by_value, reason = "tests")]

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{review, rules_review};
use super::{Memory, node, parsed, pod, users};

const SUBJECT: &str = "SubjectAccessReview";
const LOCAL: &str = "LocalSubjectAccessReview";
const OWN: &str = "SelfSubjectAccessReview";

fn pods() -> Value {
    json!({"verb": "get", "resource": "pods", "namespace": "dev"})
}

/// The status, or the code and the message.
fn ask(kind: &str, object: Value, minor: u32) -> Result<Value, (u16, String)> {
    let boss = Arc::clone(&users()["boss"]);
    let answer = review(kind, &object, &boss, "dev", &Memory::with_testdata(minor), minor);
    answer.map_err(|status| (status.code, status.message))
}

fn invalid(why: &str) -> Result<Value, (u16, String)> {
    Err((422, format!(".authorization.k8s.io \"\" is invalid: {why}")))
}

#[test]
fn answers_say_why() {
    let by_binding = r#"RBAC: allowed by RoleBinding "boss/dev" of ClusterRole "admin" to User "boss""#;
    let yes = Ok(json!({"allowed": true, "reason": by_binding}));
    assert_eq!(ask(SUBJECT, json!({"spec": {"user": "boss", "resourceAttributes": pods()}}), 20), yes);
    let own_namespace = json!({"namespace": "dev"});
    assert_eq!(
        ask(
            LOCAL,
            json!({"metadata": own_namespace, "spec": {"user": "boss", "resourceAttributes": pods()}}),
            20
        ),
        yes
    );
    assert_eq!(ask(OWN, json!({"spec": {"resourceAttributes": pods()}}), 20), yes);
    let masters = json!({"spec": {"groups": ["system:masters"], "resourceAttributes": pods()}});
    assert_eq!(ask(SUBJECT, masters, 20), Ok(json!({"allowed": true})));
    assert_eq!(
        ask(SUBJECT, json!({"spec": {"user": "x", "resourceAttributes": {}}}), 20),
        Ok(json!({"allowed": false}))
    );
    assert_eq!(
        ask(SUBJECT, json!({"spec": {"user": "x", "nonResourceAttributes": {}}}), 20),
        Ok(json!({"allowed": false}))
    );
}

#[test]
fn refusals_are_upstreams() {
    let neither = "spec.resourceAttributes: Invalid value: \"null\": exactly one of nonResourceAttributes or \
                   resourceAttributes must be specified";
    let nobody = "spec.user: Invalid value: \"\": at least one of user or group must be specified";
    assert_eq!(ask(SUBJECT, json!({"spec": {}}), 20), invalid(&format!("[{neither}, {nobody}]")));
    assert_eq!(ask(SUBJECT, json!({"spec": {"user": "x"}}), 20), invalid(neither));
    assert_eq!(ask(SUBJECT, json!({"spec": {"resourceAttributes": pods()}}), 20), invalid(nobody));
    assert_eq!(ask(OWN, json!({}), 20), invalid(neither));
    let root = json!({"path": "/", "verb": "get"});
    let both = json!({"spec": {"user": "x", "resourceAttributes": pods(), "nonResourceAttributes": root}});
    let shown = "spec.nonResourceAttributes: Invalid value: \
                 authorization.NonResourceAttributes{Path:\"/\", Verb:\"get\"}: ";
    let why = "cannot be specified in combination with resourceAttributes";
    assert_eq!(ask(SUBJECT, both.clone(), 20), invalid(&format!("{shown}{why}")));
    let as_json = "spec.nonResourceAttributes: Invalid value: {\"path\":\"/\",\"verb\":\"get\"}: ";
    assert_eq!(ask(SUBJECT, both, 36), invalid(&format!("{as_json}{why}")));
    let local_root =
        json!({"metadata": {"namespace": "dev"}, "spec": {"user": "x", "nonResourceAttributes": root}});
    assert_eq!(ask(LOCAL, local_root, 20), invalid(&format!("{shown}disallowed on this kind of request")));
    let elsewhere = json!({"spec": {"user": "x", "resourceAttributes": pods()}});
    let other = "spec.resourceAttributes.namespace: Invalid value: \"dev\": must match metadata.namespace";
    assert_eq!(ask(LOCAL, elsewhere.clone(), 20), invalid(other));
    assert!(ask(LOCAL, elsewhere, 22).is_ok());
    let nowhere = json!({"spec": {"user": "x", "resourceAttributes": {"verb": "get", "resource": "pods"}}});
    let must = "spec.resourceAttributes.namespace must match namespace: dev".to_owned();
    assert_eq!(ask(LOCAL, nowhere, 20), Err((400, must)));
    let named = ask(
        SUBJECT,
        json!({"metadata": {"name": "foo"}, "spec": {"user": "x", "resourceAttributes": pods()}}),
        20,
    );
    let (code, message) = named.unwrap_err();
    assert_eq!(code, 422);
    assert!(
        message.contains("is invalid: metadata: Invalid value: ") && message.ends_with(": must be empty"),
        "{message}"
    );
}

#[test]
fn selectors_count_since_1_32() {
    let mut objects = Memory::default();
    objects.put(pod("web", "n1", &json!({})));
    let ask = |selector: &Value, minor| {
        let attributes = json!({"verb": "list", "resource": "pods", "fieldSelector": selector});
        let spec =
            json!({"user": "system:node:n1", "groups": ["system:nodes"], "resourceAttributes": attributes});
        review(SUBJECT, &json!({"spec": spec}), &node("n1"), "", &objects, minor)
            .map_err(|status| status.message)
    };
    let raw = json!({"rawSelector": "spec.nodeName=n1"});
    assert_eq!(ask(&raw, 32), Ok(json!({"allowed": true})));
    let one = |operator: &str, values: Value| {
        let requirement = json!({"key": "spec.nodeName", "operator": operator, "values": values});
        json!({"requirements": [requirement]})
    };
    assert_eq!(ask(&one("In", json!(["n1"])), 36), Ok(json!({"allowed": true})));
    let no = "can only list/watch pods with spec.nodeName field selector";
    assert_eq!(ask(&one("NotIn", json!(["n1"])), 36), Ok(json!({"allowed": false, "reason": no})));
    let ignored = "spec.resourceAttributes.fieldSelector ignored due to parse error";
    let with_error = Ok(json!({"allowed": false, "reason": no, "evaluationError": ignored}));
    assert_eq!(ask(&one("In", json!(["n1", "n2"])), 36), with_error);
    assert_eq!(ask(&json!({"rawSelector": "spec.nodeName"}), 36), with_error);
    let path = "spec.resourceAttributes.fieldSelector";
    let empty = format!(
        ".authorization.k8s.io \"\" is invalid: {path}.requirements: Required value: when {path} is specified, \
         requirements or rawSelector is required"
    );
    assert_eq!(ask(&json!({}), 36), Err(empty));
    assert_eq!(ask(&json!({}), 31), Ok(json!({"allowed": true})));
}

#[test]
fn rules_are_the_real_servers() {
    let mut objects = Memory::with_testdata(20);
    let writers: Vec<Value> = parsed(include_str!("../testdata/role-writers.json"));
    writers.into_iter().for_each(|object| objects.put(object));
    let rows: Vec<Value> = parsed(include_str!("../testdata/rules-1.20.2.json"));
    assert_eq!(rows.len(), 6);
    // The real server takes bindings in no order.
    let sorted = |mut status: Value| {
        for list in ["resourceRules", "nonResourceRules"] {
            status[list].as_array_mut().unwrap().sort_by_key(Value::to_string);
        }
        let error = status["evaluationError"].as_str().unwrap_or_default().to_owned();
        let mut errors: Vec<_> = error.trim_matches(['[', ']']).split(", ").map(str::to_owned).collect();
        errors.sort();
        status["evaluationError"] = errors.into();
        status
    };
    for row in rows {
        let spec = json!({"namespace": row["namespace"]});
        let status = rules_review(&spec, &users()[row["user"].as_str().unwrap()], &objects).unwrap();
        assert_eq!(sorted(status), sorted(row["status"].clone()), "{}", row["user"]);
    }
    let refused = rules_review(&json!({}), &users()["boss"], &objects).unwrap_err();
    assert_eq!((refused.code, refused.message.as_str()), (400, "no namespace on request"));
}
