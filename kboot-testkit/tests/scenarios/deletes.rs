//! How objects go.

use serde_json::json;

use crate::answer::Object;
use crate::api::{Api, JSON_PATCH, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Generic: options_that_are_none;
    Generic: delete_answers_with_success, delete_of_what_is_missing, a_finalizer_keeps_the_object, the_last_finalizer_lets_it_go,
        deleting_again_changes_nothing, no_new_finalizer_while_deleting, a_deleting_object_still_exists, a_policy_in_the_body,
        a_policy_in_the_query, foreground_waits, orphan_waits, an_unknown_policy, two_policies, a_bad_body, a_collection_goes,
        a_collection_goes_by_label, a_collection_goes_by_field, a_collection_with_finalizers, a_grace_period_of_zero, a_negative_grace_period,
        a_bad_finalizer, an_update_of_a_deleting_object;
    Full: a_deletion_time_cannot_be_forged;
}

const WAIT: &str = "kit.example.com/wait";

async fn held(api: &Api) -> serde_json::Value {
    let thing = api.new_thing("a", json!({})).with("/metadata/finalizers", json!([WAIT]));
    api.post(&api.things(), &thing).await.expect(201)
}

async fn delete_answers_with_success(api: Api) {
    let made = api.create("a", json!({})).await;
    let gone = api.delete(&api.thing("a")).await.expect(200);
    assert_eq!((&gone["kind"], &gone["status"]), (&json!("Status"), &json!("Success")));
    assert_eq!(gone["details"]["name"], "a");
    assert_eq!(gone["details"]["kind"], api.generic().1);
    assert_eq!(gone["details"]["uid"], made.uid());
    api.see("code", &gone["code"]);
    api.get(&api.thing("a")).await.refused(404, "NotFound");
}

async fn delete_of_what_is_missing(api: Api) {
    let answer = api.delete(&api.thing("a")).await;
    assert_eq!(answer.refused(404, "NotFound"), format!(r#"{} "a" not found"#, api.resource()));
}

async fn a_finalizer_keeps_the_object(api: Api) {
    held(&api).await;
    let answer = api.delete(&api.thing("a")).await;
    api.see("code", answer.code);
    let now = answer.json;
    assert_eq!(now["kind"], api.kind().1);
    assert!(now["metadata"]["deletionTimestamp"].is_string());
    api.see("grace", now["metadata"]["deletionGracePeriodSeconds"].to_string());
    assert_eq!(api.get(&api.thing("a")).await.expect(200), now);
}

async fn the_last_finalizer_lets_it_go(api: Api) {
    held(&api).await;
    api.delete(&api.thing("a")).await;
    let patch = json!([{"op": "remove", "path": "/metadata/finalizers/0"}]);
    api.patch(&api.thing("a"), JSON_PATCH, &patch).await.expect(200);
    api.get(&api.thing("a")).await.refused(404, "NotFound");
}

async fn deleting_again_changes_nothing(api: Api) {
    held(&api).await;
    let first = api.delete(&api.thing("a")).await.json;
    let again = api.delete(&api.thing("a")).await.json;
    assert_eq!(again["metadata"]["deletionTimestamp"], first["metadata"]["deletionTimestamp"]);
    assert_eq!(again.version(), first.version());
}

async fn no_new_finalizer_while_deleting(api: Api) {
    held(&api).await;
    api.delete(&api.thing("a")).await;
    let patch = json!([{"op": "add", "path": "/metadata/finalizers/-", "value": "kit.example.com/more"}]);
    let answer = api.patch(&api.thing("a"), JSON_PATCH, &patch).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn a_deleting_object_still_exists(api: Api) {
    held(&api).await;
    api.delete(&api.thing("a")).await;
    let answer = api.post(&api.things(), &api.new_thing("a", json!({}))).await;
    api.see("message", answer.refused(409, "AlreadyExists"));
}

async fn an_update_of_a_deleting_object(api: Api) {
    held(&api).await;
    let now = api.delete(&api.thing("a")).await.json;
    let mut changed = now.clone().with("/data", json!({"k": "v"}));
    changed["metadata"].as_object_mut().unwrap().remove("deletionTimestamp");
    let kept = api.put(&api.thing("a"), &changed).await.expect(200);
    assert_eq!(kept["metadata"]["deletionTimestamp"], now["metadata"]["deletionTimestamp"]);
    assert_eq!(kept["data"], json!({"k": "v"}));
}

async fn a_policy_in_the_body(api: Api) {
    for policy in ["Background", "Foreground", "Orphan"] {
        api.create("a", json!({})).await;
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
        let answer = api.delete_with(&api.thing("a"), &options).await;
        api.see(policy, format!("{} {}", answer.code, answer.json["metadata"]["finalizers"]));
        api.patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"finalizers": null}})).await;
    }
}

async fn a_policy_in_the_query(api: Api) {
    api.create("a", json!({})).await;
    let now = api.delete(&format!("{}?propagationPolicy=Foreground", api.thing("a"))).await.json;
    assert_eq!(now["metadata"]["finalizers"], json!(["foregroundDeletion"]));
}

async fn foreground_waits(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.delete_with(&api.thing("a"), &json!({"propagationPolicy": "Foreground"})).await;
    assert!(answer.json["metadata"]["deletionTimestamp"].is_string(), "{}", answer.text);
    assert_eq!(
        api.get(&api.thing("a")).await.expect(200)["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    api.patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"finalizers": null}})).await.expect(200);
    api.get(&api.thing("a")).await.refused(404, "NotFound");
}

async fn orphan_waits(api: Api) {
    api.create("a", json!({})).await;
    api.delete_with(&api.thing("a"), &json!({"propagationPolicy": "Orphan"})).await;
    assert_eq!(api.get(&api.thing("a")).await.expect(200)["metadata"]["finalizers"], json!(["orphan"]));
    // Another policy takes the place of the one before.
    api.delete_with(&api.thing("a"), &json!({"propagationPolicy": "Foreground"})).await;
    let now = api.get(&api.thing("a")).await.expect(200);
    api.see("then foreground", now["metadata"]["finalizers"].to_string());
}

async fn an_unknown_policy(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.delete_with(&api.thing("a"), &json!({"propagationPolicy": "Sideways"})).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn two_policies(api: Api) {
    api.create("a", json!({})).await;
    let both = json!({"propagationPolicy": "Background", "orphanDependents": true});
    let answer = api.delete_with(&api.thing("a"), &both).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn a_bad_body(api: Api) {
    api.create("a", json!({})).await;
    for body in
        [json!({"kind": "ConfigMap", "apiVersion": "v1"}), json!({"gracePeriodSeconds": "soon"}), json!([1])]
    {
        let answer = api.delete_with(&api.thing("a"), &body).await;
        api.see(&body.to_string(), format!("{} {}", answer.code, answer.message()));
    }
}

async fn a_collection_goes(api: Api) {
    for name in ["a", "b", "c"] {
        api.create(name, json!({})).await;
    }
    let answer = api.delete(&api.things()).await.expect(200);
    assert_eq!(answer["kind"], format!("{}List", api.kind().1));
    assert_eq!(answer.items().len(), 3);
    assert!(api.get(&api.things()).await.expect(200).items().is_empty());
}

async fn a_collection_goes_by_label(api: Api) {
    api.create_labelled("a", json!({"tier": "front"})).await;
    api.create_labelled("b", json!({"tier": "back"})).await;
    api.delete(&format!("{}?labelSelector=tier%3Dfront", api.things())).await.expect(200);
    assert_eq!(api.get(&api.things()).await.expect(200).names(), ["b"]);
}

async fn a_collection_goes_by_field(api: Api) {
    for name in ["a", "b"] {
        api.create(name, json!({})).await;
    }
    api.delete(&format!("{}?fieldSelector=metadata.name%3Da", api.things())).await.expect(200);
    assert_eq!(api.get(&api.things()).await.expect(200).names(), ["b"]);
}

async fn a_collection_with_finalizers(api: Api) {
    held(&api).await;
    api.create("b", json!({})).await;
    api.delete(&api.things()).await.expect(200);
    let left = api.get(&api.things()).await.expect(200);
    assert_eq!(left.names(), ["a"]);
    assert!(left.items()[0]["metadata"]["deletionTimestamp"].is_string());
}

async fn a_grace_period_of_zero(api: Api) {
    api.create("a", json!({})).await;
    api.delete(&format!("{}?gracePeriodSeconds=0", api.thing("a"))).await.expect(200);
    api.create("a", json!({})).await;
    // Only pods know one.
    api.delete_with(&api.thing("a"), &json!({"gracePeriodSeconds": 30})).await.expect(200);
    api.get(&api.thing("a")).await.refused(404, "NotFound");
}

async fn a_negative_grace_period(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.delete_with(&api.thing("a"), &json!({"gracePeriodSeconds": -5})).await;
    api.see("answer", format!("{} {}", answer.code, answer.message()));
}

async fn a_bad_finalizer(api: Api) {
    for name in ["wait", "a b/c", "kit.example.com/"] {
        let thing = api.new_thing("a", json!({})).with("/metadata/finalizers", json!([name]));
        let answer = api.post(&api.things(), &thing).await;
        api.see(name, format!("{} {}", answer.code, answer.message()));
        if answer.code == 201 {
            api.patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"finalizers": null}}))
                .await
                .expect(200);
            api.delete(&api.thing("a")).await;
        }
    }
}

async fn a_deletion_time_cannot_be_forged(api: Api) {
    let made = api.create("a", json!({})).await;
    let answer =
        api.put(&api.thing("a"), &made.with("/metadata/deletionTimestamp", "2001-01-01T00:00:00Z")).await;
    api.see("answer", format!("{} {}", answer.code, answer.message()));
    assert_eq!(api.get(&api.thing("a")).await.expect(200)["metadata"].get("deletionTimestamp"), None);
}

/// Who mistypes how to delete has nothing deleted.
async fn options_that_are_none(api: Api) {
    api.create("a", json!({})).await;
    for options in [
        json!({"dryRun": "All"}),
        json!({"dryRun": ["Foo"]}),
        json!({"preconditions": {"uid": 5}}),
        json!({"gracePeriodSeconds": "x"}),
        json!({"orphanDependents": "x"}),
        json!([1]),
        json!("x"),
    ] {
        let answer = api.delete_with(&api.thing("a"), &options).await;
        api.see(&options.to_string(), answer.code);
        assert!(answer.code >= 400, "{options}: {}", answer.text);
    }
    api.get(&api.thing("a")).await.expect(200);
}
