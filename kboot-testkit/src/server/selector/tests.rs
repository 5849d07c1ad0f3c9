//! Refusals are those of the real kube-apiserver 1.20.2, and of upstream's API machinery 1.36.

#![allow(clippy::needless_pass_by_value, reason = "`json!` is an argument as it is written")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FieldSelector, LabelSelector};

fn object(labels: Value) -> Value {
    json!({"metadata": {"name": "a", "namespace": "default", "labels": labels}})
}

fn refused(text: &str, minor: u32) -> String {
    let status = LabelSelector::parse(text, minor).unwrap_err();
    assert_eq!((status.code, status.reason), (400, "BadRequest"));
    status.message
}

#[test]
fn labels_select() {
    let labelled = object(json!({"a": "b", "n": "5", "in": "in"}));
    let bare = json!({"metadata": {"name": "a"}});
    for (text, with, without) in [
        ("", true, true),
        ("a=b", true, false),
        ("a==b", true, false),
        ("a = b ", true, false),
        ("a!=b", false, true),
        ("a!=c", true, true),
        ("a", true, false),
        ("!a", false, true),
        ("! a , !z", false, true),
        ("a in (x,b)", true, false),
        ("a notin (x,b)", false, true),
        ("a in ()", false, false),
        ("a in (,)", false, false),
        ("a in (x,,y)", false, false),
        ("in in (in)", true, false),
        ("notin", false, false),
        ("a,n,in", true, false),
        ("a=", false, false),
        ("n>4", true, false),
        ("n>5", false, false),
        ("n<6", true, false),
        ("a>1", false, false),
        ("a=b,n!=5", false, false),
    ] {
        let selector = LabelSelector::parse(text, 36).unwrap();
        assert_eq!((selector.matches(&labelled), selector.matches(&bare)), (with, without), "{text}");
    }
    assert!(LabelSelector::parse("a in (,)", 36).unwrap().matches(&object(json!({"a": ""}))));
    assert!(LabelSelector::parse("a=", 36).unwrap().matches(&object(json!({"a": ""}))));
}

#[test]
fn labels_are_refused_with_upstreams_words() {
    let name = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
                character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
                 start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used \
                 for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let prefix = "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                  '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for \
                  validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let long = "a".repeat(72);
    for (text, message) in [
        ("a==b=", "found '=', expected: ',' or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        (",a", "found ',', expected: !, identifier, or 'end of string'"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("a in (x) b", "found 'b', expected: ',' or 'end of string'"),
        ("()", "found '(', expected: !, identifier, or 'end of string'"),
    ] {
        assert_eq!(refused(text, 20), message, "{text}");
        assert_eq!(refused(text, 36), message, "{text}");
    }
    for (text, message) in [
        ("a in (b", "found '', expected: ',' or ')'"),
        ("a in b", "found 'b' expected: '('"),
        ("a b", "found 'b', expected: '=', '!=', '==', 'in', notin'"),
        ("a gt 3", "found 'gt', expected: '=', '!=', '==', 'in', notin'"),
        ("!", "found '', expected: identifier"),
        ("a>x", "for 'Gt', 'Lt' operators, the value must be an integer"),
        ("-a=b", &format!("invalid label key \"-a\": name part {name}")),
        ("é=1", &format!("invalid label key \"é\": name part {name}")),
        ("a=-b", &format!("invalid label value: \"-b\": at key: \"a\": {value}")),
        ("a in (-x)", &format!("invalid label value: \"-x\": at key: \"a\": {value}")),
        (
            "a/b/c=d",
            &format!(
                "invalid label key \"a/b/c\": a qualified name {name} with an optional DNS subdomain prefix and '/' \
                 (e.g. 'example.com/MyName')"
            ),
        ),
        ("A_/b=c", &format!("invalid label key \"A_/b\": {prefix}")),
        ("a===b", "found '=', expected: identifier"),
        ("a=!b", "found '!', expected: identifier"),
        ("/b=1", "invalid label key \"/b\": prefix part must be non-empty"),
        ("a in (=)", "found '=', expected: ',', ')' or identifier"),
        ("a in (a b)", "found 'b', expected: ',' or ')'"),
        (
            "q.example.com/=1",
            &format!("invalid label key \"q.example.com/\": name part must be non-empty; name part {name}"),
        ),
        (&long, &format!("invalid label key \"{long}\": name part must be no more than 63 characters")),
    ] {
        assert_eq!(refused(text, 20), format!("unable to parse requirement: {message}"), "{text}");
    }
    for (text, message) in [
        ("-a=b", format!("<nil>: Invalid value: \"-a\": name part {name}")),
        ("a=-b", format!("values[0][a]: Invalid value: \"-b\": {value}")),
        ("A_/-b", format!("<nil>: Invalid value: \"A_/-b\": {prefix}; name part {name}")),
        (
            "a>x",
            "values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"
                .to_owned(),
        ),
        ("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt".to_owned()),
        (
            "a in (-x,-y)",
            format!(
                "[values[0][a]: Invalid value: \"-x\": {value}, values[1][a]: Invalid value: \"-y\": {value}]"
            ),
        ),
        (&long, format!("<nil>: Invalid value: \"{long}\": name part must be no more than 63 bytes")),
    ] {
        assert_eq!(refused(text, 36), format!("unable to parse requirement: {message}"), "{text}");
    }
}

#[test]
fn fields_select() {
    let selects = |text: &str, group: &str, kind: &str, object: &Value| {
        FieldSelector::parse(text, group, kind, 36).unwrap().matches(object)
    };
    let map = object(json!({}));
    for (text, expected) in [
        ("", true),
        ("=", true),
        (",", true),
        ("metadata.name=a", true),
        ("metadata.name==a,metadata.namespace=default", true),
        ("metadata.namespace!=default", false),
        ("metadata.name=a\\,b", false),
    ] {
        assert_eq!(selects(text, "", "ConfigMap", &map), expected, "{text}");
    }
    let escaped = json!({"metadata": {"name": "a,b=\\"}});
    assert!(selects("metadata.name=a\\,b\\=\\\\", "", "ConfigMap", &escaped));

    let node = json!({"metadata": {"name": "n"}, "spec": {"unschedulable": true}});
    assert!(selects("spec.unschedulable=true", "", "Node", &node));
    assert!(selects("spec.unschedulable=false", "", "Node", &map));
    assert!(selects(
        "type=bootstrap.kubernetes.io/token",
        "",
        "Secret",
        &json!({"type": "bootstrap.kubernetes.io/token"})
    ));
    assert!(selects("status.phase=Active", "", "Namespace", &json!({"status": {"phase": "Active"}})));
    assert!(selects("spec.host=n1", "", "Pod", &json!({"spec": {"nodeName": "n1"}})));
    let request = json!({"spec": {"signerName": "kubernetes.io/kubelet-serving"}});
    assert!(selects(
        "spec.signerName=kubernetes.io/kubelet-serving",
        "certificates.k8s.io",
        "CertificateSigningRequest",
        &request
    ));
    let event =
        json!({"involvedObject": {"name": "n1"}, "source": {"component": "kubelet"}, "reason": "Ready"});
    assert!(selects("involvedObject.name=n1,source=kubelet,reason=Ready", "", "Event", &event));
    assert!(selects("regarding.name=n1", "events.k8s.io", "Event", &event));
    let new = json!({"regarding": {"name": "n1"}, "reportingController": "kubelet"});
    assert!(selects("involvedObject.name=n1,source=kubelet,reportingComponent=kubelet", "", "Event", &new));
    assert!(selects("status.successful=0", "batch", "Job", &map));
}

#[test]
fn fields_are_refused_with_upstreams_words() {
    let refused = |text: &str, group: &str, kind: &str, minor: u32| {
        let status = FieldSelector::parse(text, group, kind, minor).unwrap_err();
        assert_eq!((status.code, status.reason), (400, "BadRequest"));
        status.message
    };
    let unknown = |field: &str| {
        format!("\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    };
    let unsupported = |field: &str| format!("field label not supported: {field}");
    for (text, message) in [
        ("nope=1", unknown("nope")),
        ("metadata.labels=q", unknown("metadata.labels")),
        (" metadata.name=a", unknown(" metadata.name")),
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'".to_owned()),
        (
            "metadata.name!a",
            "invalid selector: 'metadata.name!a'; can't understand 'metadata.name!a'".to_owned(),
        ),
        ("metadata.name=a\\", "invalid field selector: invalid escape sequence: \\".to_owned()),
        ("metadata.name=a\\q", "invalid field selector: invalid escape sequence: \\q".to_owned()),
        ("metadata.name=a=b", "invalid field selector: unescaped character in value: 61".to_owned()),
    ] {
        assert_eq!(refused(text, "", "ConfigMap", 20), message, "{text}");
    }
    assert_eq!(refused("nope=1", "", "Secret", 20), unsupported("nope"));
    assert_eq!(refused(" metadata.name=a", "", "Secret", 20), unsupported(" metadata.name"));
    assert_eq!(refused("metadata.namespace=x", "", "Namespace", 20), unsupported("metadata.namespace"));
    assert_eq!(refused("metadata.namespace=x", "", "Node", 20), unsupported("metadata.namespace"));
    let certificates = "certificates.k8s.io";
    assert_eq!(refused("spec.foo=x", certificates, "CertificateSigningRequest", 20), unsupported("spec.foo"));
    assert_eq!(refused("spec.foo=x", certificates, "PodCertificateRequest", 36), unsupported("spec.foo"));
    assert_eq!(refused("a=1", "rbac.authorization.k8s.io", "Role", 36), unknown("a"));
    assert_eq!(refused("nope=1", "x.io", "W", 20), unknown("nope"));
    assert_eq!(refused("nope=1", "x.io", "W", 36), unsupported("nope"));
    assert_eq!(
        refused("involvedObject.name=1", "events.k8s.io", "Event", 20),
        unsupported("involvedObject.name")
    );
    assert_eq!(
        refused("status.x=1", "batch", "Job", 20),
        "field label \"status.x\" not supported for batchv1.Job"
    );
    assert_eq!(refused("status.x=1", "batch", "Job", 36), "field label \"status.x\" not supported for Job");
}

proptest! {
    #[test]
    fn nothing_panics(text in "[a-z=!(),><é \\\\\0/.-]{0,24}|.{0,16}") {
        for minor in [20, 36] {
            if let Ok(selector) = LabelSelector::parse(&text, minor) {
                selector.matches(&json!({"metadata": {"labels": {"a": "b"}}}));
            }
            if let Ok(selector) = FieldSelector::parse(&text, "", "Pod", minor) {
                selector.matches(&json!({"metadata": 3}));
            }
        }
    }

    #[test]
    fn a_selector_of_an_objects_own_labels_matches_it(
        labels in prop::collection::btree_map("[a-z]{1,4}", "[a-z0-9]{0,4}", 0..4)
    ) {
        let selector: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        // `in` and `notin` are keys too.
        prop_assert!(LabelSelector::parse(&selector.join(","), 36).unwrap().matches(&object(json!(labels))));
    }
}
