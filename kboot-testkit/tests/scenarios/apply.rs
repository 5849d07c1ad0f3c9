//! Server-side apply.

use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::{APPLY, Api, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Generic: apply_creates, apply_again_changes_nothing, apply_needs_a_manager, two_managers_own_different_fields,
        a_conflict_says_whose, force_takes_over, what_is_no_longer_applied_goes, what_another_owns_stays,
        equal_values_are_owned_together, an_update_takes_fields_over, apply_takes_no_managed_fields,
        apply_of_another_name, apply_of_another_kind, apply_as_yaml, a_dry_run_of_apply, apply_with_a_stale_version,
        apply_with_a_version_of_what_is_missing, applied_comes_before_updated, managed_fields_can_be_dropped,
        an_apply_manager_may_delete_its_all, labels_are_owned_one_by_one, lists_of_metadata_are_sets, apply_with_a_uid_of_another;
}

fn of(api: &Api, data: Value) -> Value {
    api.new_thing("a", data)
}

/// The managers of an object: `name operation`, sorted.
fn managers(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = entries
        .iter()
        .map(|entry| format!("{} {}", text(entry, "manager"), text(entry, "operation")))
        .collect();
    all.sort();
    all
}

/// What a manager owns, but for the maps themselves (`.`): of those, servers differ in whose they are.
fn fields_of(object: &Value, manager: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    without_dots(&entries.iter().find(|entry| entry["manager"] == manager).unwrap()["fieldsV1"])
}

pub(crate) fn without_dots(fields: &Value) -> Value {
    let own = fields.as_object().unwrap().iter().filter(|(key, _)| *key != ".");
    own.map(|(key, below)| (key.clone(), without_dots(below))).collect()
}

async fn apply_creates(api: Api) {
    let made = api.apply(&api.thing("a"), "me", &of(&api, json!({"k": "v"}))).await.expect(201);
    assert_eq!(made["data"], json!({"k": "v"}));
    assert_eq!(managers(&made), ["me Apply"]);
    assert_eq!(fields_of(&made, "me"), json!({"f:data": {"f:k": {}}}));
}

async fn apply_again_changes_nothing(api: Api) {
    let made = api.apply(&api.thing("a"), "me", &of(&api, json!({"k": "v"}))).await.expect(201);
    let again = api.apply(&api.thing("a"), "me", &of(&api, json!({"k": "v"}))).await.expect(200);
    assert_eq!(again.version(), made.version());
}

async fn apply_needs_a_manager(api: Api) {
    let answer = api.patch(&api.thing("a"), APPLY, &of(&api, json!({}))).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn two_managers_own_different_fields(api: Api) {
    api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "v"}))).await.expect(201);
    let now = api.apply(&api.thing("a"), "two", &of(&api, json!({"l": "w"}))).await.expect(200);
    assert_eq!(now["data"], json!({"k": "v", "l": "w"}));
    assert_eq!(managers(&now), ["one Apply", "two Apply"]);
    assert_eq!(fields_of(&now, "two"), json!({"f:data": {"f:l": {}}}));
}

async fn a_conflict_says_whose(api: Api) {
    api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "v", "l": "v"}))).await.expect(201);
    let answer = api.apply(&api.thing("a"), "two", &of(&api, json!({"k": "w", "l": "w"}))).await;
    api.see("message", answer.refused(409, "Conflict"));
    let causes = answer.json["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 2);
    assert_eq!(
        causes[0],
        json!({"reason": "FieldManagerConflict", "message": r#"conflict with "one""#, "field": ".data.k"})
    );
    assert_eq!(api.get(&api.thing("a")).await.expect(200)["data"], json!({"k": "v", "l": "v"}));
}

async fn force_takes_over(api: Api) {
    api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "v", "l": "v"}))).await.expect(201);
    let now = api
        .apply(&format!("{}?force=true", api.thing("a")), "two", &of(&api, json!({"k": "w"})))
        .await
        .expect(200);
    assert_eq!(now["data"], json!({"k": "w", "l": "v"}));
    assert_eq!(fields_of(&now, "one"), json!({"f:data": {"f:l": {}}}));
    assert_eq!(fields_of(&now, "two"), json!({"f:data": {"f:k": {}}}));
}

async fn what_is_no_longer_applied_goes(api: Api) {
    api.apply(&api.thing("a"), "me", &of(&api, json!({"k": "v", "l": "v"}))).await.expect(201);
    let now = api.apply(&api.thing("a"), "me", &of(&api, json!({"k": "v"}))).await.expect(200);
    assert_eq!(now["data"], json!({"k": "v"}));
}

async fn what_another_owns_stays(api: Api) {
    api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "v", "l": "v"}))).await.expect(201);
    api.apply(&api.thing("a"), "two", &of(&api, json!({"l": "v"}))).await.expect(200);
    let now = api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "v"}))).await.expect(200);
    assert_eq!(now["data"], json!({"k": "v", "l": "v"}));
    assert_eq!(fields_of(&now, "one"), json!({"f:data": {"f:k": {}}}));
}

async fn equal_values_are_owned_together(api: Api) {
    api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "v"}))).await.expect(201);
    let now = api.apply(&api.thing("a"), "two", &of(&api, json!({"k": "v"}))).await.expect(200);
    assert_eq!(managers(&now), ["one Apply", "two Apply"]);
    // Then neither may change it alone.
    api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "w"}))).await.refused(409, "Conflict");
}

async fn an_update_takes_fields_over(api: Api) {
    let made = api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "v"}))).await.expect(201);
    let path = format!("{}?fieldManager=two", api.thing("a"));
    let now = api.put(&path, &made.with("/data", json!({"k": "w"}))).await.expect(200);
    api.see("managers", managers(&now).join(", "));
    assert!(managers(&now).contains(&"two Update".to_owned()));
    let answer = api.apply(&api.thing("a"), "one", &of(&api, json!({"k": "v"}))).await;
    api.see("message", without_time(answer.refused(409, "Conflict")));
}

/// Messages about updates say when they were made.
fn without_time(message: &str) -> String {
    let words =
        message.split(' ').map(|word| if word.contains('T') && word.contains("Z") { "TIME" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

async fn apply_takes_no_managed_fields(api: Api) {
    let made = api.apply(&api.thing("a"), "me", &of(&api, json!({"k": "v"}))).await.expect(201);
    let answer = api.apply(&api.thing("a"), "me", &made).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn apply_of_another_name(api: Api) {
    let answer = api.apply(&api.thing("b"), "me", &of(&api, json!({}))).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn apply_of_another_kind(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.apply(&api.thing("a"), "me", &of(&api, json!({})).with("/kind", "Gadget")).await;
    api.see("kind", format!("{} {}", answer.code, answer.message()));
    assert!(answer.code >= 400);
    let answer = api.apply(&api.thing("a"), "me", &of(&api, json!({})).with("/apiVersion", "v9")).await;
    api.see("version", format!("{} {}", answer.code, answer.message()));
    assert!(answer.code >= 400);
    let nameless = json!({"metadata": {"name": "a"}, "data": {"k": "v"}});
    let answer = api.apply(&api.thing("a"), "me", &nameless).await;
    api.see("none", format!("{} {}", answer.code, answer.message()));
}

async fn apply_as_yaml(api: Api) {
    let (version, kind) = api.kind();
    let yaml = format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: a\ndata:\n  k: v # why\n");
    let path = format!("{}?fieldManager=me", api.thing("a"));
    let made = api.raw("PATCH", &path, &[("content-type", APPLY)], yaml).await.expect(201);
    assert_eq!(made["data"], json!({"k": "v"}));
}

async fn a_dry_run_of_apply(api: Api) {
    let path = format!("{}?dryRun=All", api.thing("a"));
    let made = api.apply(&path, "me", &of(&api, json!({"k": "v"}))).await.expect(201);
    assert_eq!(managers(&made), ["me Apply"]);
    api.get(&api.thing("a")).await.refused(404, "NotFound");
}

async fn apply_with_a_stale_version(api: Api) {
    let made = api.create("a", json!({})).await;
    api.patch(&api.thing("a"), MERGE_PATCH, &json!({"data": {"k": "v"}})).await.expect(200);
    let stale = of(&api, json!({"l": "v"})).with("/metadata/resourceVersion", made.version());
    api.apply(&api.thing("a"), "me", &stale).await.refused(409, "Conflict");
}

async fn apply_with_a_version_of_what_is_missing(api: Api) {
    let answer =
        api.apply(&api.thing("a"), "me", &of(&api, json!({})).with("/metadata/resourceVersion", "5")).await;
    api.see("answer", format!("{} {} {}", answer.code, answer.json["reason"], answer.message()));
}

async fn applied_comes_before_updated(api: Api) {
    let created = format!("{}?fieldManager=amy", api.things());
    api.post(&created, &of(&api, json!({"z": "v"}))).await.expect(201);
    let now = api.apply(&api.thing("a"), "zed", &of(&api, json!({"k": "v"}))).await.expect(200);
    let operations: Vec<_> = now["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["operation"])
        .collect();
    assert_eq!(operations, ["Apply", "Update"]);
}

async fn managed_fields_can_be_dropped(api: Api) {
    api.apply(&api.thing("a"), "me", &of(&api, json!({"k": "v"}))).await.expect(201);
    let now = api
        .patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"managedFields": [{}]}}))
        .await
        .expect(200);
    assert_eq!(managers(&now), Vec::<String>::new());
    api.apply(&api.thing("a"), "you", &of(&api, json!({"k": "w"}))).await;
    let now = api.get(&api.thing("a")).await.expect(200);
    // What was there before belongs to one that applied nothing.
    api.see("managers", managers(&now).join(", "));
}

async fn an_apply_manager_may_delete_its_all(api: Api) {
    api.create("a", json!({"mine": "v"})).await;
    api.apply(&api.thing("a"), "me", &of(&api, json!({"k": "v"}))).await.expect(200);
    let mut nothing = of(&api, json!({}));
    nothing.as_object_mut().unwrap().remove("data");
    let now = api.apply(&api.thing("a"), "me", &nothing).await.expect(200);
    assert_eq!(now["data"], json!({"mine": "v"}));
    api.see("managers", managers(&now).len());
}

async fn labels_are_owned_one_by_one(api: Api) {
    let labelled = |labels: Value| of(&api, json!({})).with("/metadata/labels", labels);
    api.apply(&api.thing("a"), "one", &labelled(json!({"a": "1", "b": "1"}))).await.expect(201);
    api.apply(&api.thing("a"), "two", &labelled(json!({"c": "1"}))).await.expect(200);
    let now = api.apply(&api.thing("a"), "one", &labelled(json!({"b": "2"}))).await.expect(200);
    assert_eq!(now["metadata"]["labels"], json!({"b": "2", "c": "1"}));
}

async fn lists_of_metadata_are_sets(api: Api) {
    let with = |finalizers: Value| of(&api, json!({})).with("/metadata/finalizers", finalizers);
    api.apply(&api.thing("a"), "one", &with(json!(["kit.example.com/a"]))).await.expect(201);
    let now = api.apply(&api.thing("a"), "two", &with(json!(["kit.example.com/b"]))).await.expect(200);
    assert_eq!(now["metadata"]["finalizers"], json!(["kit.example.com/a", "kit.example.com/b"]));
    assert_eq!(fields_of(&now, "two")["f:metadata"]["f:finalizers"], json!({r#"v:"kit.example.com/b""#: {}}));
    let now = api.apply(&api.thing("a"), "one", &of(&api, json!({}))).await.expect(200);
    assert_eq!(now["metadata"]["finalizers"], json!(["kit.example.com/b"]));
}

async fn apply_with_a_uid_of_another(api: Api) {
    api.create("a", json!({})).await;
    let other = of(&api, json!({})).with("/metadata/uid", "00000000-0000-0000-0000-000000000000");
    let answer = api.apply(&api.thing("a"), "me", &other).await;
    api.see("message", answer.refused(422, "Invalid"));
}
