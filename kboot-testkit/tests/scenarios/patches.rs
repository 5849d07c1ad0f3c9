//! JSON patches, merge patches, strategic merge patches.

use serde_json::json;

use crate::answer::Object;
use crate::api::{APPLY, Api, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH};
use crate::runner::scenarios;

scenarios! {
    Generic: json_patch_adds_replaces_and_removes, json_patch_moves_and_copies, json_patch_tests, json_patch_needs_its_paths,
        json_patch_escapes, json_patch_of_an_unknown_operation, json_patch_that_is_no_list, json_patch_has_a_limit,
        merge_patch_merges, merge_patch_replaces_lists, merge_patch_of_what_is_missing, merge_patch_that_is_no_object,
        a_patch_of_nothing_changes_nothing, a_patch_cannot_rename, a_patch_cannot_change_the_kind, an_unknown_kind_of_patch,
        a_patch_is_validated, strategic_patches_are_for_built_in_kinds, force_is_for_apply,
        a_patch_that_is_no_json;
    Full: strategic_patch_merges_lists_by_key, strategic_patch_deletes_by_key, strategic_patch_replaces,
        strategic_patch_of_finalizers, strategic_patch_orders_nothing_away;
}

async fn json_patch_adds_replaces_and_removes(api: Api) {
    api.create("a", json!({"k": "v", "l": "v"})).await;
    let patch = json!([
        {"op": "add", "path": "/data/new", "value": "n"},
        {"op": "replace", "path": "/data/k", "value": "w"},
        {"op": "remove", "path": "/data/l"},
    ]);
    let now = api.patch(&api.thing("a"), JSON_PATCH, &patch).await.expect(200);
    assert_eq!(now["data"], json!({"k": "w", "new": "n"}));
}

async fn json_patch_moves_and_copies(api: Api) {
    api.create("a", json!({"k": "v"})).await;
    let patch = json!([
        {"op": "copy", "from": "/data/k", "path": "/data/l"},
        {"op": "move", "from": "/data/k", "path": "/data/m"},
    ]);
    let now = api.patch(&api.thing("a"), JSON_PATCH, &patch).await.expect(200);
    assert_eq!(now["data"], json!({"l": "v", "m": "v"}));
}

async fn json_patch_tests(api: Api) {
    api.create("a", json!({"k": "v"})).await;
    let patch = |value: &str| json!([{"op": "test", "path": "/data/k", "value": value}, {"op": "remove", "path": "/data/k"}]);
    let answer = api.patch(&api.thing("a"), JSON_PATCH, &patch("w")).await;
    api.see("message", answer.refused(422, "Invalid"));
    let now = api.patch(&api.thing("a"), JSON_PATCH, &patch("v")).await.expect(200);
    assert_eq!(now.get("data").and_then(|data| data.get("k")), None);
}

async fn json_patch_needs_its_paths(api: Api) {
    api.create("a", json!({"k": "v"})).await;
    for op in ["replace", "remove"] {
        let answer = api
            .patch(&api.thing("a"), JSON_PATCH, &json!([{"op": op, "path": "/data/z", "value": "w"}]))
            .await;
        api.see(op, format!("{} {}", answer.code, answer.message()));
        // Old ones do what they can, against RFC 6902, 4.2 and 4.3.
        assert!(answer.code == 422 || (api.minor() < 30 && answer.code == 200), "{}", answer.text);
    }
    let answer =
        api.patch(&api.thing("a"), JSON_PATCH, &json!([{"op": "add", "path": "/z/z", "value": "w"}])).await;
    api.see("add", answer.refused(422, "Invalid"));
}

async fn json_patch_escapes(api: Api) {
    api.create("a", json!({})).await;
    let patch = json!([
        {"op": "add", "path": "/metadata/annotations", "value": {"kit.example.com/a": "b"}},
        {"op": "replace", "path": "/metadata/annotations/kit.example.com~1a", "value": "c"},
    ]);
    let now = api.patch(&api.thing("a"), JSON_PATCH, &patch).await.expect(200);
    assert_eq!(now["metadata"]["annotations"], json!({"kit.example.com/a": "c"}));
}

async fn json_patch_of_an_unknown_operation(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.patch(&api.thing("a"), JSON_PATCH, &json!([{"op": "increase", "path": "/data"}])).await;
    api.see("answer", format!("{} {} {}", answer.code, answer.json["reason"], answer.message()));
    assert!(answer.code == 422 || answer.code == 400, "{}", answer.text);
}

async fn json_patch_that_is_no_list(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.patch(&api.thing("a"), JSON_PATCH, &json!({"op": "add"})).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn json_patch_has_a_limit(api: Api) {
    api.create("a", json!({"k": "v"})).await;
    let one = json!({"op": "test", "path": "/data/k", "value": "v"});
    let answer = api.patch(&api.thing("a"), JSON_PATCH, &json!(vec![one.clone(); 10_001])).await;
    api.see("message", answer.refused(413, "RequestEntityTooLarge"));
    api.patch(&api.thing("a"), JSON_PATCH, &json!(vec![one; 100])).await.expect(200);
}

async fn merge_patch_merges(api: Api) {
    api.create("a", json!({"k": "v", "l": "v"})).await;
    let patch = json!({"data": {"k": null, "m": "v"}, "metadata": {"labels": {"a": "b"}}});
    let now = api.patch(&api.thing("a"), MERGE_PATCH, &patch).await.expect(200);
    assert_eq!(now["data"], json!({"l": "v", "m": "v"}));
    assert_eq!(now["metadata"]["labels"], json!({"a": "b"}));
    let now = api.patch(&api.thing("a"), MERGE_PATCH, &json!({"data": null})).await.expect(200);
    assert_eq!(now.get("data"), None);
}

async fn merge_patch_replaces_lists(api: Api) {
    let thing = api
        .new_thing("a", json!({}))
        .with("/metadata/finalizers", json!(["kit.example.com/a", "kit.example.com/b"]));
    api.post(&api.things(), &thing).await.expect(201);
    let now = api
        .patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"finalizers": ["kit.example.com/c"]}}))
        .await;
    assert_eq!(now.expect(200)["metadata"]["finalizers"], json!(["kit.example.com/c"]));
    api.patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"finalizers": []}})).await.expect(200);
}

async fn merge_patch_of_what_is_missing(api: Api) {
    let answer = api.patch(&api.thing("a"), MERGE_PATCH, &json!({"data": {"k": "v"}})).await;
    assert_eq!(answer.refused(404, "NotFound"), format!(r#"{} "a" not found"#, api.resource()));
}

async fn merge_patch_that_is_no_object(api: Api) {
    api.create("a", json!({})).await;
    for patch in [json!(["a"]), json!("a"), json!(1)] {
        let answer = api.patch(&api.thing("a"), MERGE_PATCH, &patch).await;
        api.see(
            &patch.to_string(),
            format!("{} {} {}", answer.code, answer.json["reason"], answer.message()),
        );
        assert!(answer.code >= 400, "{patch}: {}", answer.text);
    }
}

async fn a_patch_of_nothing_changes_nothing(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    for (kind, patch) in
        [(MERGE_PATCH, json!({})), (MERGE_PATCH, json!({"data": {"k": "v"}})), (JSON_PATCH, json!([]))]
    {
        assert_eq!(api.patch(&api.thing("a"), kind, &patch).await.expect(200).version(), made.version());
    }
}

async fn a_patch_cannot_rename(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"name": "b"}})).await;
    api.see("message", answer.refused(400, "BadRequest"));
    let answer = api.patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"namespace": "b"}})).await;
    api.see("namespace", answer.refused(400, "BadRequest"));
}

async fn a_patch_cannot_change_the_kind(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.patch(&api.thing("a"), MERGE_PATCH, &json!({"kind": "Gadget"})).await;
    api.see("answer", format!("{} {} {}", answer.code, answer.json["reason"], answer.message()));
    assert_eq!(api.get(&api.thing("a")).await.expect(200)["kind"], api.kind().1);
}

async fn an_unknown_kind_of_patch(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.patch(&api.thing("a"), "application/json", &json!({})).await;
    api.see("message", answer.refused(415, "UnsupportedMediaType"));
}

async fn a_patch_is_validated(api: Api) {
    api.create("a", json!({})).await;
    let answer =
        api.patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"labels": {"a": "b c"}}})).await;
    answer.refused(422, "Invalid");
    assert_eq!(answer.json["details"]["causes"][0]["field"], "metadata.labels");
}

async fn strategic_patches_are_for_built_in_kinds(api: Api) {
    api.create("a", json!({"k": "v"})).await;
    let answer = api.patch(&api.thing("a"), STRATEGIC_PATCH, &json!({"data": {"l": "v"}})).await;
    if api.is_custom() {
        api.see("message", answer.refused(415, "UnsupportedMediaType"));
    } else {
        assert_eq!(answer.expect(200)["data"], json!({"k": "v", "l": "v"}));
    }
}

async fn force_is_for_apply(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.patch(&format!("{}?force=true", api.thing("a")), MERGE_PATCH, &json!({})).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn a_patch_that_is_no_json(api: Api) {
    api.create("a", json!({})).await;
    for kind in [MERGE_PATCH, JSON_PATCH, APPLY] {
        let headers = [("content-type", kind)];
        let answer =
            api.raw("PATCH", &format!("{}?fieldManager=me", api.thing("a")), &headers, "{\"a\": [}").await;
        api.see(kind, format!("{} {}", answer.code, answer.message()));
        assert!(answer.code == 400 || (answer.code == 500 && api.minor() < 30), "{}", answer.text);
    }
}

/// A ServiceAccount, whose `secrets` merge by name.
async fn account(api: &Api, secrets: serde_json::Value) -> String {
    let path = format!("/api/v1/namespaces/{}/serviceaccounts", api.ns);
    let account = json!({"metadata": {"name": "robot"}, "secrets": secrets});
    api.post(&path, &account).await.expect(201);
    format!("{path}/robot")
}

async fn strategic_patch_merges_lists_by_key(api: Api) {
    let path = account(&api, json!([{"name": "a"}, {"name": "b"}])).await;
    let patch = json!({"secrets": [{"name": "c"}, {"name": "a"}]});
    let now = api.patch(&path, STRATEGIC_PATCH, &patch).await.expect(200);
    api.see("secrets", now["secrets"].to_string());
    let mut names: Vec<_> =
        now["secrets"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c"]);
}

async fn strategic_patch_deletes_by_key(api: Api) {
    let path = account(&api, json!([{"name": "a"}, {"name": "b"}])).await;
    let patch = json!({"secrets": [{"$patch": "delete", "name": "a"}]});
    assert_eq!(
        api.patch(&path, STRATEGIC_PATCH, &patch).await.expect(200)["secrets"],
        json!([{"name": "b"}])
    );
}

async fn strategic_patch_replaces(api: Api) {
    let path = account(&api, json!([{"name": "a"}, {"name": "b"}])).await;
    let patch = json!({"secrets": [{"$patch": "replace"}, {"name": "z"}]});
    assert_eq!(
        api.patch(&path, STRATEGIC_PATCH, &patch).await.expect(200)["secrets"],
        json!([{"name": "z"}])
    );
}

async fn strategic_patch_of_finalizers(api: Api) {
    let thing = api.new_thing("a", json!({})).with("/metadata/finalizers", json!(["kit.example.com/a"]));
    api.post(&api.things(), &thing).await.expect(201);
    let patch = json!({"metadata": {"finalizers": ["kit.example.com/b"]}});
    let now = api.patch(&api.thing("a"), STRATEGIC_PATCH, &patch).await.expect(200);
    api.see("finalizers", now["metadata"]["finalizers"].to_string());
    assert_eq!(now["metadata"]["finalizers"].as_array().unwrap().len(), 2);
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["kit.example.com/a"]}});
    let now = api.patch(&api.thing("a"), STRATEGIC_PATCH, &patch).await.expect(200);
    assert_eq!(now["metadata"]["finalizers"], json!(["kit.example.com/b"]));
}

async fn strategic_patch_orders_nothing_away(api: Api) {
    let path = account(&api, json!([{"name": "a"}, {"name": "b"}])).await;
    let patch =
        json!({"$setElementOrder/secrets": [{"name": "b"}, {"name": "a"}], "secrets": [{"name": "b"}]});
    let now = api.patch(&path, STRATEGIC_PATCH, &patch).await.expect(200);
    assert_eq!(now["secrets"], json!([{"name": "b"}, {"name": "a"}]));
}
