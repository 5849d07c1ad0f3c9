//! Questions to the server: what somebody may do, and whose a token is.

use kboot_testkit::Identity;
use serde_json::{Value, json};

use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Full: may_somebody, may_i, may_somebody_here, may_somebody_on_a_path, a_review_needs_a_subject, a_review_is_about_one_thing,
        a_local_review_is_of_its_namespace, which_rules_are_mine, whose_token, nobodys_token, a_token_is_needed, tokens_for_an_audience, reviews_are_not_for_all, a_review_has_no_name;
}

const AUTHORIZATION: &str = "/apis/authorization.k8s.io/v1";

async fn review(api: &Api, kind: &str, spec: Value) -> Value {
    api.post(&format!("{AUTHORIZATION}/{kind}"), &json!({"spec": spec})).await.expect(201)["status"].clone()
}

fn secrets(verb: &str) -> Value {
    json!({"group": "", "resource": "secrets", "verb": verb, "namespace": "kube-system"})
}

async fn may_somebody(api: Api) {
    let status = review(
        &api,
        "subjectaccessreviews",
        json!({"user": "x", "groups": ["system:masters"], "resourceAttributes": secrets("get")}),
    )
    .await;
    assert_eq!(status["allowed"], true);
    api.see("reason", status["reason"].to_string());
    let status =
        review(&api, "subjectaccessreviews", json!({"user": "x", "resourceAttributes": secrets("get")}))
            .await;
    assert_eq!(status["allowed"], false);
    let status = review(
        &api,
        "subjectaccessreviews",
        json!({"user": "system:kube-scheduler", "resourceAttributes": {"resource": "nodes", "verb": "list"}}),
    )
    .await;
    assert_eq!(status["allowed"], true);
    api.see("why", status["reason"].to_string());
}

async fn may_i(api: Api) {
    let status =
        review(&api.user("jane"), "selfsubjectaccessreviews", json!({"resourceAttributes": secrets("get")}))
            .await;
    assert_eq!(status["allowed"], false);
    let status = review(
        &api,
        "selfsubjectaccessreviews",
        json!({"resourceAttributes": {"group": "*", "resource": "*", "verb": "*"}}),
    )
    .await;
    assert_eq!(status["allowed"], true);
}

async fn may_somebody_here(api: Api) {
    let path = format!("{AUTHORIZATION}/namespaces/{}/localsubjectaccessreviews", api.ns);
    let spec = json!({"user": "x", "groups": ["system:masters"], "resourceAttributes": {"resource": "pods", "verb": "get", "namespace": api.ns}});
    let made = api.post(&path, &json!({"metadata": {"namespace": api.ns}, "spec": spec})).await.expect(201);
    assert_eq!(made["status"]["allowed"], true);
}

async fn may_somebody_on_a_path(api: Api) {
    let of = |groups: Value, path: &str| json!({"user": "x", "groups": groups, "nonResourceAttributes": {"path": path, "verb": "get"}});
    for (groups, path, allowed) in [
        (json!(["system:authenticated"]), "/api", true),
        (json!(["system:authenticated"]), "/apis/a/v1", true),
        (json!(["system:unauthenticated"]), "/healthz", true),
        (json!(["system:unauthenticated"]), "/api", false),
        (json!([]), "/metrics", false),
    ] {
        assert_eq!(
            review(&api, "subjectaccessreviews", of(groups, path)).await["allowed"],
            allowed,
            "{path}"
        );
    }
}

async fn a_review_needs_a_subject(api: Api) {
    let answer = api
        .post(
            &format!("{AUTHORIZATION}/subjectaccessreviews"),
            &json!({"spec": {"resourceAttributes": secrets("get")}}),
        )
        .await;
    api.see("message", answer.refused(422, "Invalid"));
    let status = review(
        &api,
        "subjectaccessreviews",
        json!({"groups": ["system:masters"], "resourceAttributes": secrets("get")}),
    )
    .await;
    assert_eq!(status["allowed"], true);
}

async fn a_review_is_about_one_thing(api: Api) {
    let path = format!("{AUTHORIZATION}/subjectaccessreviews");
    let answer = api.post(&path, &json!({"spec": {"user": "x"}})).await;
    api.see("nothing", answer.refused(422, "Invalid"));
    let both = json!({"user": "x", "resourceAttributes": secrets("get"), "nonResourceAttributes": {"path": "/", "verb": "get"}});
    let answer = api.post(&path, &json!({"spec": both})).await;
    api.see("both", answer.refused(422, "Invalid"));
}

async fn a_local_review_is_of_its_namespace(api: Api) {
    let path = format!("{AUTHORIZATION}/namespaces/{}/localsubjectaccessreviews", api.ns);
    let spec = json!({"user": "x", "resourceAttributes": {"resource": "pods", "verb": "get", "namespace": "default"}});
    let answer = api.post(&path, &json!({"spec": spec})).await;
    api.see("message", format!("{} {}", answer.code, answer.message()));
    assert!(answer.code == 422 || answer.code == 400, "{}", answer.text);
}

async fn which_rules_are_mine(api: Api) {
    let status =
        review(&api.user(&api.unique("jane")), "selfsubjectrulesreviews", json!({"namespace": "default"}))
            .await;
    let reviews = status["resourceRules"].as_array().unwrap();
    assert!(
        reviews
            .iter()
            .any(|rule| rule["resources"].as_array().unwrap().contains(&json!("selfsubjectaccessreviews"))),
        "{status}"
    );
    let paths = status["nonResourceRules"].as_array().unwrap();
    assert!(
        paths.iter().any(|rule| rule["nonResourceURLs"].as_array().unwrap().contains(&json!("/healthz"))),
        "{status}"
    );
    api.see("incomplete", &status["incomplete"]);
    let answer = api.post(&format!("{AUTHORIZATION}/selfsubjectrulesreviews"), &json!({"spec": {}})).await;
    api.see("no namespace", format!("{} {}", answer.code, answer.message()));
}

async fn token_review(api: &Api, spec: Value) -> Value {
    api.post("/apis/authentication.k8s.io/v1/tokenreviews", &json!({"spec": spec})).await.expect(201)["status"].clone()
}

async fn whose_token(api: Api) {
    let status = token_review(&api, json!({"token": "static-token-of-jack"})).await;
    assert_eq!(status["authenticated"], true);
    assert_eq!(
        status["user"],
        json!({"username": "jack", "uid": "uid-of-jack", "groups": ["ops", "dev", "system:authenticated"]})
    );
    api.see("audiences", status["audiences"].to_string());
}

async fn nobodys_token(api: Api) {
    let status = token_review(&api, json!({"token": "nobodys"})).await;
    assert!(status.get("authenticated").is_none_or(|authenticated| authenticated == false));
    assert_eq!(status["user"], json!({}));
    api.see("error", status["error"].to_string());
}

async fn a_token_is_needed(api: Api) {
    let answer = api.post("/apis/authentication.k8s.io/v1/tokenreviews", &json!({"spec": {}})).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn tokens_for_an_audience(api: Api) {
    let accounts = format!("/api/v1/namespaces/{}/serviceaccounts", api.ns);
    api.post(&accounts, &json!({"metadata": {"name": "robot"}})).await.expect(201);
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": ["elsewhere"]}});
    let token =
        api.post(&format!("{accounts}/robot/token"), &request).await.expect(201)["status"]["token"].clone();
    let status = token_review(&api, json!({"token": token, "audiences": ["elsewhere", "other"]})).await;
    assert_eq!((&status["authenticated"], &status["audiences"]), (&json!(true), &json!(["elsewhere"])));
    let status = token_review(&api, json!({"token": token})).await;
    assert_ne!(status["authenticated"], true);
}

async fn reviews_are_not_for_all(api: Api) {
    let jane = api.user("jane");
    jane.post("/apis/authentication.k8s.io/v1/tokenreviews", &json!({"spec": {"token": "a"}}))
        .await
        .refused(403, "Forbidden");
    jane.post(&format!("{AUTHORIZATION}/subjectaccessreviews"), &json!({"spec": {"user": "x"}}))
        .await
        .refused(403, "Forbidden");
    let nobody = api.as_(Identity::anonymous());
    nobody
        .post(&format!("{AUTHORIZATION}/selfsubjectaccessreviews"), &json!({"spec": {}}))
        .await
        .refused(403, "Forbidden");
}

async fn a_review_has_no_name(api: Api) {
    let spec = json!({"user": "x", "resourceAttributes": secrets("get")});
    let answer = api
        .post(
            &format!("{AUTHORIZATION}/subjectaccessreviews"),
            &json!({"metadata": {"name": "a"}, "spec": spec}),
        )
        .await;
    api.see("answer", format!("{} {}", answer.code, answer.message()));
    api.see("a list", api.get(&format!("{AUTHORIZATION}/subjectaccessreviews")).await.code);
}
