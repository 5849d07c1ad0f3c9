//! Who comes too late.

use serde_json::json;

use crate::answer::Object;
use crate::api::{Api, JSON_PATCH, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Generic: a_stale_update_conflicts, an_update_of_a_deleted_twin_conflicts, a_version_that_is_no_number,
        concurrent_updates_let_one_through, concurrent_patches_all_come_through, a_stale_version_in_a_patch_conflicts,
        a_patch_with_the_right_version, a_json_patch_tests_the_version, a_deletes_uid_must_be_right,
        a_deletes_version_must_be_right, a_delete_with_the_right_preconditions, another_uid_in_an_update_conflicts;
}

async fn a_stale_update_conflicts(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    api.put(&api.thing("a"), &made.clone().with("/data", json!({"k": "w"}))).await.expect(200);
    let answer = api.put(&api.thing("a"), &made.with("/data", json!({"k": "x"}))).await;
    let message = answer.refused(409, "Conflict");
    let expected = format!(
        r#"Operation cannot be fulfilled on {} "a": the object has been modified; please apply your changes to the latest version and try again"#,
        api.resource()
    );
    assert_eq!(message, expected);
    assert_eq!(answer.json["details"]["name"], "a");
    assert_eq!(api.get(&api.thing("a")).await.expect(200)["data"], json!({"k": "w"}));
}

async fn an_update_of_a_deleted_twin_conflicts(api: Api) {
    let first = api.create("a", json!({})).await;
    api.delete(&api.thing("a")).await.expect(200);
    api.create("a", json!({})).await;
    let answer = api.put(&api.thing("a"), &first).await;
    api.see("message", answer.refused(409, "Conflict").replace(first.uid(), "UID"));
}

async fn a_version_that_is_no_number(api: Api) {
    let made = api.create("a", json!({})).await;
    let answer = api.put(&api.thing("a"), &made.with("/metadata/resourceVersion", "soon")).await;
    api.see("answer", format!("{} {} {}", answer.code, answer.json["reason"], answer.message()));
    assert!(answer.code >= 400);
}

async fn concurrent_updates_let_one_through(api: Api) {
    let made = api.create("a", json!({})).await;
    let path = api.thing("a");
    let updates = (0..8).map(|number| {
        let (api, path) = (api.clone(), path.clone());
        let changed = made.clone().with("/data", json!({"by": number.to_string()}));
        async move { api.put(&path, &changed).await.code }
    });
    let mut codes = futures::future::join_all(updates).await;
    codes.sort_unstable();
    assert_eq!(codes, [[200].as_slice(), &[409; 7]].concat());
}

async fn concurrent_patches_all_come_through(api: Api) {
    api.create("a", json!({})).await;
    let path = api.thing("a");
    // Upstream tries again five times where somebody was faster.
    let patches = (0..4).map(|number| {
        let (api, path) = (api.clone(), path.clone());
        let patch = json!({"data": {format!("k{number}"): "v"}});
        async move { api.patch(&path, MERGE_PATCH, &patch).await.expect(200) }
    });
    futures::future::join_all(patches).await;
    let now = api.get(&path).await.expect(200);
    assert_eq!(now["data"], json!({"k0": "v", "k1": "v", "k2": "v", "k3": "v"}));
}

async fn a_stale_version_in_a_patch_conflicts(api: Api) {
    let made = api.create("a", json!({})).await;
    api.patch(&api.thing("a"), MERGE_PATCH, &json!({"data": {"k": "v"}})).await.expect(200);
    let patch = json!({"metadata": {"resourceVersion": made.version()}, "data": {"k": "w"}});
    api.patch(&api.thing("a"), MERGE_PATCH, &patch).await.refused(409, "Conflict");
}

async fn a_patch_with_the_right_version(api: Api) {
    let made = api.create("a", json!({})).await;
    let patch =
        json!({"metadata": {"resourceVersion": made.version(), "uid": made.uid()}, "data": {"k": "w"}});
    assert_eq!(api.patch(&api.thing("a"), MERGE_PATCH, &patch).await.expect(200)["data"], json!({"k": "w"}));
    let patch = json!({"metadata": {"uid": "another"}});
    let answer = api.patch(&api.thing("a"), MERGE_PATCH, &patch).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn a_json_patch_tests_the_version(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    let patch = |version: &str| {
        json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/data/k", "value": "w"},
        ])
    };
    let answer = api.patch(&api.thing("a"), JSON_PATCH, &patch("1")).await;
    api.see("message", answer.refused(422, "Invalid"));
    api.patch(&api.thing("a"), JSON_PATCH, &patch(made.version())).await.expect(200);
}

async fn a_deletes_uid_must_be_right(api: Api) {
    let made = api.create("a", json!({})).await;
    let uid = "00000000-0000-0000-0000-000000000000";
    let answer = api.delete_with(&api.thing("a"), &json!({"preconditions": {"uid": uid}})).await;
    api.see("message", answer.refused(409, "Conflict").replace(made.uid(), "UID"));
    api.get(&api.thing("a")).await.expect(200);
}

async fn a_deletes_version_must_be_right(api: Api) {
    let made = api.create("a", json!({})).await;
    api.patch(&api.thing("a"), MERGE_PATCH, &json!({"data": {"k": "v"}})).await.expect(200);
    let old = json!({"preconditions": {"resourceVersion": made.version()}});
    let answer = api.delete_with(&api.thing("a"), &old).await;
    let message = answer.refused(409, "Conflict");
    assert!(message.contains("the ResourceVersion in the precondition ("), "{message}");
    api.get(&api.thing("a")).await.expect(200);
}

async fn a_delete_with_the_right_preconditions(api: Api) {
    let made = api.create("a", json!({})).await;
    let right = json!({"preconditions": {"uid": made.uid(), "resourceVersion": made.version()}});
    api.delete_with(&api.thing("a"), &right).await.expect(200);
    api.get(&api.thing("a")).await.refused(404, "NotFound");
}

async fn another_uid_in_an_update_conflicts(api: Api) {
    let made = api.create("a", json!({})).await;
    let other = "00000000-0000-0000-0000-000000000000";
    let answer = api.put(&api.thing("a"), &made.clone().with("/metadata/uid", other)).await;
    api.see("message", answer.refused(409, "Conflict").replace(made.uid(), "UID"));
}
