//! Dry runs, schemas, and what of an object a server does not know.

use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::{APPLY, Api, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Generic: a_dry_run_creates_nothing, a_dry_run_updates_nothing, a_dry_run_patches_nothing, a_dry_run_deletes_nothing,
        a_dry_run_generates_a_name, a_dry_run_is_all_or_none, a_dry_run_refuses_what_would_be_refused,
        a_required_field, a_wrong_type, a_value_that_is_none_of_those, a_default_is_set, unknown_fields_are_dropped,
        a_set_has_no_duplicates, a_schema_holds_for_patches, strict_refuses_unknown_fields, strict_refuses_duplicates,
        warn_warns, ignore_ignores, an_unknown_validation, strict_patches_and_applies, all_errors_in_one;
}

async fn a_dry_run_creates_nothing(api: Api) {
    let path = format!("{}?dryRun=All", api.things());
    let made = api.post(&path, &api.new_thing("a", json!({"k": "v"}))).await.expect(201);
    assert_eq!(made.uid().len(), 36);
    api.see("a version", !made.version().is_empty());
    api.get(&api.thing("a")).await.refused(404, "NotFound");
    api.post(&path, &api.new_thing("a", json!({}))).await.expect(201);
}

async fn a_dry_run_updates_nothing(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    let path = format!("{}?dryRun=All", api.thing("a"));
    let now = api.put(&path, &made.clone().with("/data", json!({"k": "w"}))).await.expect(200);
    assert_eq!(now["data"], json!({"k": "w"}));
    assert_eq!(api.get(&api.thing("a")).await.expect(200), made);
}

async fn a_dry_run_patches_nothing(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    let path = format!("{}?dryRun=All", api.thing("a"));
    let now = api.patch(&path, MERGE_PATCH, &json!({"data": {"k": "w"}})).await.expect(200);
    assert_eq!(now["data"], json!({"k": "w"}));
    assert_eq!(api.get(&api.thing("a")).await.expect(200), made);
}

async fn a_dry_run_deletes_nothing(api: Api) {
    let made = api.create("a", json!({})).await;
    api.delete(&format!("{}?dryRun=All", api.thing("a"))).await.expect(200);
    api.delete_with(&api.thing("a"), &json!({"dryRun": ["All"]})).await.expect(200);
    api.delete(&format!("{}?dryRun=All", api.things())).await.expect(200);
    assert_eq!(api.get(&api.thing("a")).await.expect(200), made);
}

async fn a_dry_run_generates_a_name(api: Api) {
    let mut thing = api.new_thing("", json!({}));
    thing["metadata"] = json!({"generateName": "job-"});
    let made = api.post(&format!("{}?dryRun=All", api.things()), &thing).await.expect(201);
    assert_eq!(made.name().len(), 9);
}

async fn a_dry_run_is_all_or_none(api: Api) {
    let answer = api.post(&format!("{}?dryRun=Some", api.things()), &api.new_thing("a", json!({}))).await;
    api.see("message", answer.refused(422, "Invalid"));
    let answer = api.post(&format!("{}?dryRun=", api.things()), &api.new_thing("a", json!({}))).await;
    api.see("empty", format!("{} {}", answer.code, answer.message()));
}

async fn a_dry_run_refuses_what_would_be_refused(api: Api) {
    let path = format!("{}?dryRun=All", api.things());
    api.create("a", json!({})).await;
    api.post(&path, &api.new_thing("a", json!({}))).await.refused(409, "AlreadyExists");
    api.post(&path, &api.new_thing("A", json!({}))).await.refused(422, "Invalid");
    api.put(&format!("{}?dryRun=All", api.thing("b")), &api.new_thing("b", json!({}))).await;
    api.get(&api.thing("b")).await.refused(404, "NotFound");
}

// --- A custom resource with a schema, which every server has.

fn stricts(api: &Api) -> String {
    format!("/apis/kit.example.com/v1/namespaces/{}/stricts", api.ns)
}

fn strict(spec: Value) -> Value {
    json!({"apiVersion": "kit.example.com/v1", "kind": "Strict", "metadata": {"name": "a"}, "spec": spec})
}

async fn a_required_field(api: Api) {
    let answer = api.post(&stricts(&api), &strict(json!({}))).await;
    api.see("message", answer.refused(422, "Invalid"));
    assert_eq!(answer.json["details"]["causes"][0]["field"], "spec.size");
}

async fn a_wrong_type(api: Api) {
    let answer = api.post(&stricts(&api), &strict(json!({"size": "big"}))).await;
    api.see("message", answer.refused(422, "Invalid"));
    let answer = api.post(&stricts(&api), &strict(json!({"size": 0}))).await;
    api.see("too small", answer.refused(422, "Invalid"));
}

async fn a_value_that_is_none_of_those(api: Api) {
    let answer = api.post(&stricts(&api), &strict(json!({"size": 1, "colour": "blue"}))).await;
    api.see("message", answer.refused(422, "Invalid"));
    assert_eq!(answer.json["details"]["causes"][0]["reason"], "FieldValueNotSupported");
}

async fn a_default_is_set(api: Api) {
    let made = api.post(&stricts(&api), &strict(json!({"size": 1}))).await.expect(201);
    assert_eq!(made["spec"], json!({"size": 1, "colour": "green"}));
}

async fn unknown_fields_are_dropped(api: Api) {
    let made = api
        .post(&stricts(&api), &strict(json!({"size": 1, "weight": 2})).with("/other", json!({})))
        .await
        .expect(201);
    assert_eq!(made["spec"].get("weight"), None);
    assert_eq!(made.get("other"), None);
}

async fn a_set_has_no_duplicates(api: Api) {
    let answer = api.post(&stricts(&api), &strict(json!({"size": 1, "tags": ["a", "b", "a"]}))).await;
    api.see("message", answer.refused(422, "Invalid"));
    assert_eq!(answer.json["details"]["causes"][0]["reason"], "FieldValueDuplicate");
}

async fn a_schema_holds_for_patches(api: Api) {
    api.post(&stricts(&api), &strict(json!({"size": 1}))).await.expect(201);
    let path = format!("{}/a", stricts(&api));
    api.patch(&path, MERGE_PATCH, &json!({"spec": {"size": null}})).await.refused(422, "Invalid");
    let now =
        api.patch(&path, MERGE_PATCH, &json!({"spec": {"colour": null, "weight": 1}})).await.expect(200);
    assert_eq!(now["spec"], json!({"size": 1, "colour": "green"}));
}

async fn all_errors_in_one(api: Api) {
    let answer = api.post(&stricts(&api), &strict(json!({"size": 0, "colour": "blue", "tags": "a"}))).await;
    let message = answer.refused(422, "Invalid");
    assert!(message.contains(": ["), "{message}");
    let mut fields: Vec<_> = answer.json["details"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["field"].to_string())
        .collect();
    fields.sort();
    api.see("fields", fields.join(", "));
}

/// Whether the server looks at `fieldValidation`.
fn validates_fields(api: &Api) -> bool {
    if api.minor() < 25 {
        api.not_applicable("fieldValidation is on from 1.25 on");
    }
    api.minor() >= 25
}

async fn strict_refuses_unknown_fields(api: Api) {
    if !validates_fields(&api) {
        return;
    }
    let path = format!("{}?fieldValidation=Strict", stricts(&api));
    let answer = api.post(&path, &strict(json!({"size": 1, "weight": 2})).with("/metadata/weight", 1)).await;
    api.see("message", answer.refused(400, "BadRequest"));
    assert!(answer.message().contains(r#"unknown field "spec.weight""#), "{}", answer.text);
    api.post(&path, &strict(json!({"size": 1}))).await.expect(201);
}

async fn strict_refuses_duplicates(api: Api) {
    if !validates_fields(&api) {
        return;
    }
    let body = r#"{"apiVersion":"kit.example.com/v1","kind":"Strict","metadata":{"name":"a"},"spec":{"size":1,"size":2}}"#;
    let headers = [("content-type", "application/json")];
    let path = format!("{}?fieldValidation=Strict", stricts(&api));
    let answer = api.raw("POST", &path, &headers, body).await;
    api.see("message", answer.refused(400, "BadRequest"));
    let made = api
        .raw("POST", &format!("{}?fieldValidation=Ignore", stricts(&api)), &headers, body)
        .await
        .expect(201);
    assert_eq!(made["spec"]["size"], 2);
}

async fn warn_warns(api: Api) {
    if !validates_fields(&api) {
        return;
    }
    for query in ["?fieldValidation=Warn", ""] {
        let path = format!("{}{query}", stricts(&api));
        let answer = api.post(&path, &strict(json!({"size": 1, "weight": 2}))).await;
        assert_eq!(answer.header("warning"), r#"299 - "unknown field \"spec.weight\"""#);
        answer.expect(201);
        api.delete(&format!("{}/a", stricts(&api))).await.expect(200);
    }
}

async fn ignore_ignores(api: Api) {
    if !validates_fields(&api) {
        return;
    }
    let answer = api
        .post(&format!("{}?fieldValidation=Ignore", stricts(&api)), &strict(json!({"size": 1, "weight": 2})))
        .await;
    assert_eq!(answer.header("warning"), "");
    answer.expect(201);
}

async fn an_unknown_validation(api: Api) {
    if !validates_fields(&api) {
        return;
    }
    let answer =
        api.post(&format!("{}?fieldValidation=Loose", stricts(&api)), &strict(json!({"size": 1}))).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn strict_patches_and_applies(api: Api) {
    if !validates_fields(&api) {
        return;
    }
    api.post(&stricts(&api), &strict(json!({"size": 1}))).await.expect(201);
    let path = format!("{}/a?fieldValidation=Strict&fieldManager=me", stricts(&api));
    for (kind, patch) in
        [(MERGE_PATCH, json!({"spec": {"weight": 1}})), (APPLY, strict(json!({"size": 1, "weight": 1})))]
    {
        let answer = api.patch(&path, kind, &patch).await;
        api.see(kind, format!("{} {}", answer.code, answer.message()));
        assert!(answer.code >= 400, "{}", answer.text);
    }
}
