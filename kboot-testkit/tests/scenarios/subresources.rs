//! The status of custom resources, and generations.

use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::{Api, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Generic: a_create_sets_no_status, an_update_leaves_the_status, a_status_update_leaves_the_rest, a_status_patch,
        a_generation_counts_changes_of_the_rest, a_stale_status_update_conflicts, a_status_that_is_missing, the_status_has_its_managers,
        a_status_is_validated, labels_of_a_status_update;
    Full: what_has_no_status, a_definition_needs_its_name, a_definition_is_established;
}

fn things(api: &Api) -> String {
    format!("/apis/kit.example.com/v1/namespaces/{}/things", api.ns)
}

async fn made(api: &Api) -> Value {
    let thing = json!({
        "apiVersion": "kit.example.com/v1", "kind": "Thing", "metadata": {"name": "a"},
        "spec": {"size": 1}, "status": {"ready": true},
    });
    api.post(&things(api), &thing).await.expect(201)
}

async fn a_create_sets_no_status(api: Api) {
    let made = made(&api).await;
    assert_eq!(made.get("status"), None);
    assert_eq!(made["metadata"]["generation"], 1);
}

async fn an_update_leaves_the_status(api: Api) {
    let made = made(&api).await;
    let path = format!("{}/a", things(&api));
    let with =
        api.put(&format!("{path}/status"), &made.with("/status", json!({"ready": true}))).await.expect(200);
    let now = api
        .put(&path, &with.with("/status", json!({"ready": false})).with("/spec/size", 2))
        .await
        .expect(200);
    assert_eq!((&now["spec"]["size"], &now["status"]), (&json!(2), &json!({"ready": true})));
}

async fn a_status_update_leaves_the_rest(api: Api) {
    let made = made(&api).await;
    let path = format!("{}/a/status", things(&api));
    let now =
        api.put(&path, &made.with("/status", json!({"ready": true})).with("/spec/size", 2)).await.expect(200);
    assert_eq!((&now["spec"]["size"], &now["status"]), (&json!(1), &json!({"ready": true})));
}

async fn a_status_patch(api: Api) {
    made(&api).await;
    let path = format!("{}/a/status", things(&api));
    let patch = json!({"spec": {"size": 2}, "status": {"ready": true}});
    let now = api.patch(&path, MERGE_PATCH, &patch).await.expect(200);
    assert_eq!((&now["spec"]["size"], &now["status"]), (&json!(1), &json!({"ready": true})));
    assert_eq!(api.get(&path).await.expect(200), now);
}

async fn a_generation_counts_changes_of_the_rest(api: Api) {
    made(&api).await;
    let path = format!("{}/a", things(&api));
    let mut generations = Vec::new();
    for (path, patch) in [
        (format!("{path}/status"), json!({"status": {"ready": true}})),
        (path.clone(), json!({"metadata": {"labels": {"a": "b"}}})),
        (path.clone(), json!({"spec": {"size": 2}})),
        (path.clone(), json!({"spec": {"size": 2}})),
        (path.clone(), json!({"metadata": {"generation": 9}})),
        (path.clone(), json!({"other": 1})),
    ] {
        generations.push(
            api.patch(&path, MERGE_PATCH, &patch).await.expect(200)["metadata"]["generation"]
                .as_i64()
                .unwrap(),
        );
    }
    assert_eq!(generations, [1, 1, 2, 2, 2, 3]);
}

async fn a_stale_status_update_conflicts(api: Api) {
    let made = made(&api).await;
    let path = format!("{}/a/status", things(&api));
    api.put(&path, &made.clone().with("/status", json!({"ready": true}))).await.expect(200);
    api.put(&path, &made.with("/status", json!({"ready": false}))).await.refused(409, "Conflict");
}

async fn a_status_that_is_missing(api: Api) {
    let path = format!("{}/b/status", things(&api));
    api.get(&path).await.refused(404, "NotFound");
    api.patch(&path, MERGE_PATCH, &json!({"status": {}})).await.refused(404, "NotFound");
}

async fn the_status_has_its_managers(api: Api) {
    // Without a status: old servers record who sent one, though they drop it.
    let thing = json!({"apiVersion": "kit.example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"size": 1}});
    api.post(&things(&api), &thing).await.expect(201);
    let path = format!("{}/a/status", things(&api));
    let applied = json!({"apiVersion": "kit.example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "status": {"ready": true}});
    let now = api.apply(&path, "controller", &applied).await.expect(200);
    let entries = now["metadata"]["managedFields"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["manager"] == "controller").unwrap();
    assert_eq!(crate::apply::without_dots(&entry["fieldsV1"]), json!({"f:status": {"f:ready": {}}}));
    api.see("subresource", entry["subresource"].to_string());
}

async fn a_status_is_validated(api: Api) {
    let stricts = format!("/apis/kit.example.com/v1/namespaces/{}/stricts", api.ns);
    let strict = json!({"apiVersion": "kit.example.com/v1", "kind": "Strict", "metadata": {"name": "a"}, "spec": {"size": 1}});
    api.post(&stricts, &strict).await.expect(201);
    let answer =
        api.patch(&format!("{stricts}/a/status"), MERGE_PATCH, &json!({"status": {"ready": "yes"}})).await;
    api.see("message", answer.refused(422, "Invalid"));
    let now = api
        .patch(&format!("{stricts}/a/status"), MERGE_PATCH, &json!({"status": {"ready": true, "x": 1}}))
        .await
        .expect(200);
    assert_eq!(now["status"], json!({"ready": true}));
}

async fn labels_of_a_status_update(api: Api) {
    let made = made(&api).await;
    let path = format!("{}/a/status", things(&api));
    let now = api.put(&path, &made.with("/metadata/labels", json!({"a": "b"}))).await.expect(200);
    // Of the metadata, an update of the status changes what is managed alone.
    api.see("labels", now["metadata"]["labels"].to_string());
}

async fn what_has_no_status(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.get(&format!("{}/status", api.thing("a"))).await;
    assert_eq!(answer.code, 404);
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn definition(api: &Api, name: &str) -> Value {
    let plural = format!("{}gadgets", api.ns);
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name},
        "spec": {
            "group": "kit.example.com", "scope": "Cluster",
            "names": {"plural": plural, "singular": format!("{}gadget", api.ns), "kind": format!("{}Gadget", api.ns.to_uppercase())},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    })
}

async fn a_definition_needs_its_name(api: Api) {
    let answer = api.post(DEFINITIONS, &definition(&api, "gadgets")).await;
    answer.refused(422, "Invalid");
}

async fn a_definition_is_established(api: Api) {
    let name = format!("{}gadgets.kit.example.com", api.ns);
    api.post(DEFINITIONS, &definition(&api, &name)).await.expect(201);
    let path = format!("{DEFINITIONS}/{name}");
    let now = api.until(&path, |answer| answer.text.contains("Established")).await.expect(200);
    assert_eq!(now["spec"]["names"]["listKind"], format!("{}GadgetList", api.ns.to_uppercase()));
    let gadgets = format!("/apis/kit.example.com/v1/{}gadgets", api.ns);
    api.until(&gadgets, |answer| answer.code == 200).await;
    let gadget = json!({"apiVersion": "kit.example.com/v1", "kind": now["spec"]["names"]["kind"], "metadata": {"name": "a"}});
    api.post(&gadgets, &gadget).await.expect(201);
    api.delete(&path).await;
}
