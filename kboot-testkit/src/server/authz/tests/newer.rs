//! What nodes may do in newer versions, as upstream's `node_authorizer.go` of 1.36.

use serde_json::{Value, json};

use super::super::{Decision, authorize};
use super::{Memory, node, pod, question};
use crate::server::attributes::Attributes;

fn objects() -> Memory {
    let mut objects = Memory::default();
    let claims =
        json!([{"name": "a", "resourceClaimName": "given"}, {"name": "b", "resourceClaimTemplateName": "t"}]);
    let mut web = pod(
        "web",
        "n1",
        &json!({"resourceClaims": claims, "serviceAccountName": "runner", "volumes": [{"name": "v", "ephemeral": {}}]}),
    );
    web["status"] = json!({"resourceClaimStatuses": [{"name": "b", "resourceClaimName": "made"}]});
    objects.put(web);
    objects.put(pod(
        "debug",
        "n1",
        &json!({"ephemeralContainers": [{"envFrom": [{"secretRef": {"name": "late"}}]}]}),
    ));
    objects.put(pod("other", "n2", &json!({"serviceAccountName": "other"})));
    let on_node = |version: &str, kind: &str, name: &str| -> Value {
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": {"nodeName": "n1"}})
    };
    objects.put(on_node("resource.k8s.io/v1", "ResourceSlice", "slice"));
    let mut request = on_node("certificates.k8s.io/v1beta1", "PodCertificateRequest", "request");
    request["metadata"]["namespace"] = "dev".into();
    objects.put(request);
    objects
}

/// `""` for yes, else the reason; `?` where there is none.
fn ask(minor: u32, text: &str, field_selector: &str) -> String {
    let asked = question(&node("n1"), text);
    let asked = Attributes { field_selector: field_selector.to_owned(), ..asked };
    match authorize(&asked, &objects(), minor) {
        Decision::Allow(_) => String::new(),
        Decision::NoOpinion(reason) if reason.is_empty() => "?".to_owned(),
        Decision::NoOpinion(reason) => reason,
    }
}

#[test]
fn a_node_sees_itself_and_its_pods_since_1_32() {
    let cannot = "node 'n1' cannot read all nodes, only its own Node object";
    let no_selector = "can only list/watch pods with spec.nodeName field selector";
    let unrelated = "no relationship found between node 'n1' and this object";
    for (text, selector, newer) in [
        ("get core/nodes - n1", "", ""),
        ("watch core/nodes - n1", "metadata.name=n1", ""),
        ("list core/nodes - -", "", cannot),
        ("get core/nodes - n2", "", "node 'n1' cannot read 'n2', only its own Node object"),
        ("create core/nodes - -", "", ""),
        ("patch core/nodes/status - n2", "", ""),
        ("list core/pods - -", "", no_selector),
        ("list core/pods - -", "spec.nodeName=n2", no_selector),
        ("watch core/pods - -", "spec.nodeName=n1", ""),
        ("get core/pods dev web", "", ""),
        ("get core/pods dev other", "", unrelated),
        ("watch core/pods dev web", "metadata.name=web", ""),
        ("delete core/pods dev other", "", ""),
        ("create core/pods/eviction dev other", "", ""),
    ] {
        assert_eq!(ask(31, text, selector), "", "1.31: {text}");
        assert_eq!(ask(32, text, selector), newer, "1.32: {text}");
    }
    assert_eq!(ask(32, "delete core/nodes - n1", ""), "?");
    assert_eq!(ask(32, "get core/pods/log dev web", ""), "?");
}

#[test]
fn more_leads_to_a_node_in_newer_versions() {
    let unrelated = "no relationship found between node 'n1' and this object";
    let can_only_create = "can only create tokens for individual service accounts";
    for (text, before, older, since) in [
        ("get core/secrets dev late", 22, unrelated, 23),
        ("get core/persistentvolumeclaims dev web-v", 20, unrelated, 21),
        ("get core/serviceaccounts dev runner", 32, can_only_create, 34),
        ("get resource.k8s.io/resourceclaims dev given", 33, "?", 34),
        ("get resource.k8s.io/resourceclaims dev made", 33, "?", 34),
        ("patch resource.k8s.io/resourceslices - slice", 33, "?", 34),
        ("get certificates.k8s.io/podcertificaterequests dev request", 34, "?", 35),
        ("create certificates.k8s.io/podcertificaterequests dev -", 34, "?", 35),
    ] {
        assert_eq!(ask(before, text, ""), older, "1.{before}: {text}");
        assert_eq!(ask(since, text, ""), "", "1.{since}: {text}");
    }
    assert_eq!(ask(33, "get core/serviceaccounts dev runner", ""), "not allowed to get service accounts");
    assert_eq!(ask(36, "get core/serviceaccounts dev other", ""), unrelated);
    assert_eq!(ask(36, "get resource.k8s.io/resourceclaims dev t", ""), unrelated);
}

#[test]
fn lists_of_a_node_are_asked_for_by_its_name() {
    let requests = "list certificates.k8s.io/podcertificaterequests - -";
    assert_eq!(ask(36, requests, "spec.nodeName=n1"), "");
    let no_selector = "can only list/watch podcertificaterequests with nodeName field selector";
    assert_eq!(ask(36, requests, ""), no_selector);
    assert_eq!(
        ask(36, &requests.replace("list", "delete"), ""),
        "nodes may not delete podcertificaterequests"
    );
    let status = "get certificates.k8s.io/podcertificaterequests/status dev request";
    assert_eq!(ask(36, status, ""), "nodes may not access the status subresource of PodCertificateRequests");
    let slices = "deletecollection resource.k8s.io/resourceslices - -";
    assert_eq!(ask(36, slices, "spec.nodeName=n1"), "");
    assert!(ask(36, slices, "").starts_with("can only list/watch/deletecollection resourceslices"));
}
