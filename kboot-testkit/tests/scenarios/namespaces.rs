//! Namespaces, up to where controllers take over.

use serde_json::json;

use crate::answer::Object;
use crate::api::{Api, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Full: a_new_namespace_is_active, a_namespaces_name, a_deleted_namespace_is_terminating, nothing_new_in_a_terminating_namespace, what_is_there_can_still_go,
        the_first_namespaces_stay, the_last_finalizer_ends_it, namespaces_of_the_cluster, an_update_keeps_the_finalizer;
}

const NAMESPACES: &str = "/api/v1/namespaces";

async fn a_new_namespace_is_active(api: Api) {
    let now = api.get(&format!("{NAMESPACES}/{}", api.ns)).await.expect(200);
    assert_eq!(now["spec"], json!({"finalizers": ["kubernetes"]}));
    assert_eq!(now["status"], json!({"phase": "Active"}));
    // From 1.21 on its name is a label, too.
    let expected = if api.minor() >= 21 { json!(api.ns) } else { json!(null) };
    assert_eq!(now["metadata"]["labels"]["kubernetes.io/metadata.name"], expected);
}

async fn a_namespaces_name(api: Api) {
    for name in ["a.b", "A", "a_b", &"a".repeat(64)] {
        let answer = api.post(NAMESPACES, &json!({"metadata": {"name": name}})).await;
        answer.refused(422, "Invalid");
        assert_eq!(answer.json["details"]["causes"][0]["field"], "metadata.name");
    }
}

async fn a_deleted_namespace_is_terminating(api: Api) {
    let ns = api.namespace("other").await;
    let answer = api.delete(&format!("{NAMESPACES}/{ns}")).await;
    api.see("code", answer.code);
    let now = api.get(&format!("{NAMESPACES}/{ns}")).await.expect(200);
    assert_eq!(now["status"]["phase"], "Terminating");
    assert!(now["metadata"]["deletionTimestamp"].is_string());
    // It waits for the controller.
    let again = api.delete(&format!("{NAMESPACES}/{ns}")).await;
    api.see("again", format!("{} {}", again.code, again.message()));
}

async fn nothing_new_in_a_terminating_namespace(api: Api) {
    let ns = api.namespace("other").await;
    api.delete(&format!("{NAMESPACES}/{ns}")).await;
    let answer = api.post(&api.things_in(&ns), &api.new_thing("a", json!({}))).await;
    let message = answer.refused(403, "Forbidden");
    let expected = format!(
        r#"configmaps "a" is forbidden: unable to create new content in namespace {ns} because it is being terminated"#
    );
    assert_eq!(message, expected);
    assert_eq!(answer.json["details"]["causes"][0]["reason"], "NamespaceTerminating");
    api.see("cause", answer.json["details"]["causes"].to_string());
}

async fn what_is_there_can_still_go(api: Api) {
    let ns = api.namespace("other").await;
    api.post(&api.things_in(&ns), &api.new_thing("a", json!({}))).await.expect(201);
    api.delete(&format!("{NAMESPACES}/{ns}")).await;
    let path = format!("{}/a", api.things_in(&ns));
    api.patch(&path, MERGE_PATCH, &json!({"data": {"k": "v"}})).await.expect(200);
    api.delete(&path).await.expect(200);
}

async fn the_first_namespaces_stay(api: Api) {
    for name in ["default", "kube-system", "kube-public"] {
        let answer = api.delete(&format!("{NAMESPACES}/{name}")).await;
        assert_eq!(
            answer.refused(403, "Forbidden"),
            format!(r#"namespaces "{name}" is forbidden: this namespace may not be deleted"#)
        );
    }
}

async fn the_last_finalizer_ends_it(api: Api) {
    let ns = api.namespace("other").await;
    api.delete(&format!("{NAMESPACES}/{ns}")).await;
    let now = api.get(&format!("{NAMESPACES}/{ns}")).await.expect(200);
    let path = format!("{NAMESPACES}/{ns}/finalize");
    let answer = api.put(&path, &now.with("/spec/finalizers", json!([]))).await;
    assert_eq!(answer.code, 200, "{}", answer.text);
    let after = api.get(&format!("{NAMESPACES}/{ns}")).await;
    api.see("after it", after.code);
    if after.code == 200 {
        api.delete(&format!("{NAMESPACES}/{ns}")).await;
        api.get(&format!("{NAMESPACES}/{ns}")).await.refused(404, "NotFound");
    }
}

async fn namespaces_of_the_cluster(api: Api) {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        api.until(&format!("{NAMESPACES}/{name}"), |answer| answer.code == 200).await;
    }
}

async fn an_update_keeps_the_finalizer(api: Api) {
    let now = api.get(&format!("{NAMESPACES}/{}", api.ns)).await.expect(200);
    let changed = now.with("/spec/finalizers", json!([])).with("/status/phase", "Terminating");
    let kept = api.put(&format!("{NAMESPACES}/{}", api.ns), &changed).await.expect(200);
    assert_eq!(kept["spec"]["finalizers"], json!(["kubernetes"]));
    assert_eq!(kept["status"]["phase"], "Active");
}
