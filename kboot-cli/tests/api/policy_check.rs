//! `kboot policy check`: what it refuses, what it warns of, and its forms.

use crate::common::requests::{NODES, SERVING, folder};
use crate::common::{run, write};
use serde_json::Value;

const CLIENT: &str = "signer: kubernetes.io/kube-apiserver-client-kubelet";

fn policy(rules: &str) -> String {
    format!("{{apiVersion: kboot.dev/v1alpha1, kind: CsrPolicy, spec: {{rules: [{rules}]}}}}")
}

/// What was found of this severity.
fn findings<'a>(value: &'a Value, severity: &str) -> Vec<&'a Value> {
    value["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == severity).collect()
}

fn problems(rules: &str) -> Vec<String> {
    let folder = folder(&[("policy.yaml", &policy(rules))]);
    let outcome = run(&folder, "policy check policy.yaml -o json");
    let value: Value = serde_json::from_str(&outcome.stdout).expect(&outcome.stderr);
    assert_eq!(outcome.stderr, "");
    let problems: Vec<&Value> = findings(&value, "error");
    assert_eq!(outcome.code, Some(i32::from(!problems.is_empty())), "{value}");
    let text = |problem: &Value| {
        format!("{}: {}", problem["path"].as_str().unwrap(), problem["reason"].as_str().unwrap())
    };
    problems.into_iter().map(text).collect()
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error() {
    let of_node = |pattern: &str| {
        format!(
            "{{name: a, {CLIENT}, requestor: {{groups: [workers]}}, node: {{names: ['{pattern}']}}, decision: approve}}"
        )
    };
    for pattern in [
        "^node-\\w*\\.int\\.example\\.com$",
        "node-[0-9]",
        "(a|b)",
        "Worker-*",
        "worker_1",
        "-worker",
        "worker-",
        "a..b",
        ".*",
        "*.",
        "a-.b",
        "a.-*",
        "worker 1",
        "wörker-*",
    ] {
        let found = problems(&of_node(pattern));
        assert_eq!(found.len(), 1, "{pattern}: {found:?}");
        assert!(
            found[0].starts_with("spec.rules[0].node.names[0]: ")
                && found[0].contains("can match no node name"),
            "{found:?}"
        );
    }
    assert!(problems(&of_node("^node-\\w*$"))[0].contains("not regular expressions"));
    assert!(problems(&of_node(&"a".repeat(64)))[0].contains("can match no node name"));
    for pattern in
        ["worker-*", "*", "?", "worker-?", "*.example.com", "w*r", "10.0.0.1", "*-?", "a.?.b", "-*?"]
    {
        let found = problems(&of_node(pattern));
        assert_eq!(found.is_empty(), pattern != "-*?", "{pattern}: {found:?}");
    }
    let user = |requestor: &str, subject: &str| {
        format!(
            "{{name: a, signer: kubernetes.io/kube-apiserver-client, requestor: {requestor}, subject: {subject}, decision: approve}}"
        )
    };
    for (requestor, subject, path) in [
        ("{groups: [dev]}", "{users: [' jane']}", "subject.users[0]"),
        ("{groups: [dev]}", "{users: [jane, \"ja\\tne\"]}", "subject.users[1]"),
        ("{users: ['jane ']}", "{users: [jane]}", "requestor.users[0]"),
        ("{groups: ['dev?']}", "{users: [jane]}", "requestor.groups[0]"),
        ("{groups: [dev]}", "{users: [jane], groups: [' dev']}", "subject.groups[0]"),
        ("{users: [jane], tokenIds: [abcdef]}", "{users: [jane]}", "requestor.tokenIds"),
    ] {
        let found = problems(&user(requestor, subject));
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("spec.rules[0].{path}: ")),
            "{path}: {found:?}"
        );
    }
    let none = "{name: a, signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: [served], max: 0}, decision: approve}";
    let found = problems(none);
    assert!(found.len() == 1 && found[0].starts_with("spec.rules[0].subjectAltNames.max: "), "{found:?}");
    // A user may be called like that, but hardly is.
    let folder = folder(&[("a.yaml", &policy(&user("{groups: [dev]}", "{users: ['^jane-.*$']}")))]);
    let outcome = run(&folder, "policy check a.yaml");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("warning: spec.rules[0].subject.users[0]: ")
            && outcome.stderr.contains("regular expression"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn one_mistake_neither_hides_others_nor_is_said_twice() {
    for (rules, expected) in [
        (
            format!("{{name: a, signer: example.com/mine, node: {{names: ['A*']}}, maxAge: soon, decision: maybe}}, {{name: a, {CLIENT}, requestor: {{groups: [w]}}, maxExpiration: x, decision: approve}}"),
            &["spec.rules[0].signer", "spec.rules[0].node.names[0]", "spec.rules[0].maxAge", "spec.rules[0].decision", "spec.rules[1].name", "spec.rules[1].maxExpiration"][..],
        ),
        (format!("{{name: a, {CLIENT}, requestor: {{}}, decision: approve}}"), &["spec.rules[0].requestor"]),
        (format!("{{name: a, {CLIENT}, requestor: {{group: [x]}}, decision: approve}}"), &["spec.rules[0].requestor.group"]),
        (format!("{{name: a, {CLIENT}, requestor: selff, decision: approve}}"), &["spec.rules[0].requestor"]),
        (format!("{{name: a, {CLIENT}, requestor: 7, maxAge: 0s, decision: approve}}"), &["spec.rules[0].requestor", "spec.rules[0].maxAge"]),
        (format!("{{name: a, {CLIENT}, requestor: {{tokenIds: [ABC]}}, decision: approve}}"), &["spec.rules[0].requestor.tokenIds[0]"]),
        (format!("{{name: a, {CLIENT}, requestor: {{groups: ['*']}}, decision: approve}}"), &["spec.rules[0].requestor.groups[0]"]),
        (
            "{name: a, signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {within: {}}, decision: approve}".to_owned(),
            &["spec.rules[0].subjectAltNames.within"],
        ),
        (
            "{name: a, signer: kubernetes.io/kube-apiserver-client, requestor: {groups: [dev]}, subject: {users: []}, decision: approve}".to_owned(),
            &["spec.rules[0].subject.users"],
        ),
    ] {
        let found = problems(&rules);
        let paths: Vec<&str> = found.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
        assert_eq!(paths, expected, "{rules}: {found:?}");
    }
}

#[test]
fn the_identity_that_would_be_approved_is_one_that_the_pattern_matches() {
    for (pattern, example) in [
        ("*", "system:kube-controller-manager"),
        ("*@example.com", "system:x@example.com"),
        ("sys*ler", "system:kube-scheduler"),
        ("?ystem:n*", "system:nx"),
        ("kubernetes-a*", "kubernetes-admin"),
    ] {
        let found = problems(&format!(
            "{{name: a, signer: kubernetes.io/kube-apiserver-client, requestor: {{groups: [dev]}}, subject: {{users: ['{pattern}']}}, decision: approve}}"
        ));
        assert!(
            found.len() == 1 && found[0].contains(&format!(" such as {example};")),
            "{pattern}: {found:?}"
        );
    }
}

#[test]
fn an_inventory_that_cannot_be_used_fails_the_check() {
    for (content, expected) in [
        (None, "cannot read"),
        (Some("kind: Pod\n"), "nodes.yaml:1:1: kind: "),
        (Some("["), "nodes.yaml:1:1: "),
        (Some("{apiVersion: kboot.dev/v1alpha1, kind: NodeInventory, spec: {nodes: [{name: a_b}]}}"), "a_b"),
    ] {
        let folder = folder(&[("policy.yaml", SERVING)]);
        if let Some(content) = content {
            write(&folder.path().join("nodes.yaml"), content.as_bytes());
        }
        let outcome = run(&folder, "policy check policy.yaml");
        assert_eq!(outcome.code, Some(1), "{content:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains("the inventory \"nodes.yaml\"") && outcome.stderr.contains(expected),
            "{}",
            outcome.stderr
        );
        assert!(outcome.stdout.starts_with("serving: Approves"), "the policy itself is understood");
        let json: Value =
            serde_json::from_str(&run(&folder, "policy check policy.yaml -o json").stdout).unwrap();
        assert_eq!(
            (json["ok"].as_bool(), json["findings"][0]["path"].as_str()),
            (Some(false), Some("spec.rules[0].node.inventory"))
        );
    }
}

#[test]
fn a_check_is_table_json_or_yaml() {
    let nodes = NODES.replace("192.168.5.21", "192.168.5.21, 127.0.0.1");
    let folder = folder(&[("policy.yaml", SERVING), ("nodes.yaml", &nodes), ("broken.yaml", "[")]);
    let json = run(&folder, "policy check policy.yaml -o json");
    assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""));
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["ok"], true);
    assert_eq!(value["rules"][0]["name"], "serving");
    assert_eq!(value["rules"][0]["signerName"], "kubernetes.io/kubelet-serving");
    assert_eq!(value["rules"][0]["decision"], "approve");
    assert!(value["rules"][0]["sentence"].as_str().unwrap().starts_with("Approves serving certificates"));
    assert_eq!(value["otherwise"][0], "What no rule matches is held.");
    let warnings = findings(&value, "warning");
    assert_eq!(warnings[0]["path"], "nodes.yaml: spec.nodes[0].addresses[1]");
    assert_eq!(warnings[0]["code"], "inventory-entry-ignored");
    assert!(findings(&value, "error").is_empty());
    let yaml = run(&folder, "policy check policy.yaml -o yaml");
    assert_eq!(serde_saphyr::from_multiple::<Value>(&yaml.stdout).unwrap(), [value]);
    let broken = run(&folder, "policy check broken.yaml -o json");
    assert_eq!(broken.code, Some(1));
    let value: Value = serde_json::from_str(&broken.stdout).unwrap();
    assert_eq!((value["ok"].as_bool(), findings(&value, "error").len()), (Some(false), 1));
    assert_eq!(run(&folder, "policy check missing.yaml -o json").code, Some(2));
}
