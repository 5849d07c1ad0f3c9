//! Requests that are none.

use serde_json::json;

use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Generic: a_path_that_is_unknown, a_resource_that_is_unknown, a_body_that_is_no_json, a_body_that_is_empty, a_body_that_is_a_list,
        a_body_that_is_no_utf8, a_body_that_is_deep, a_body_of_another_type, a_body_that_is_too_large, a_method_on_the_wrong_path,
        a_method_that_is_unknown, a_subresource_that_is_unknown, numbers_and_answers_in_queries, unknown_parameters_are_ignored,
        a_slash_at_the_end, an_escaped_path, a_status_has_its_form, a_resource_in_capitals, duplicate_keys_take_the_last, head_requests;
    Full: a_namespace_that_is_missing;
}

async fn a_path_that_is_unknown(api: Api) {
    for path in ["/nothing", "/api/v9", "/apis/a/b/c/d/e/f", "//", "/api/v1/namespaces/a/b/c/d/e"] {
        let answer = api.get(path).await;
        api.see(path, format!("{} {}", answer.code, answer.said()));
        assert_eq!(answer.code, 404, "{path}: {}", answer.text);
    }
}

async fn a_resource_that_is_unknown(api: Api) {
    let path = format!("{}/namespaces/{}/nothings", api.generic().0, api.ns);
    for answer in
        [api.get(&path).await, api.post(&path, &json!({})).await, api.get(&format!("{path}/a")).await]
    {
        api.see(&answer.request.clone(), format!("{} {}", answer.code, answer.said()));
        assert_eq!(answer.code, 404);
    }
}

async fn post(api: &Api, kind: &str, body: impl Into<Vec<u8>>) -> crate::answer::Answer {
    api.raw("POST", &api.things(), &[("content-type", kind)], body).await
}

async fn a_body_that_is_no_json(api: Api) {
    for body in ["{", "nonsense", "{\"a\": }", "\"a\"", "null", "7"] {
        let answer = post(&api, "application/json", body).await;
        api.see(body, format!("{} {}", answer.code, answer.message()));
        assert!((400..500).contains(&answer.code), "{body}: {}", answer.text);
    }
}

async fn a_body_that_is_empty(api: Api) {
    let answer = post(&api, "application/json", "").await;
    api.see("message", format!("{} {}", answer.code, answer.message()));
    assert!((400..500).contains(&answer.code), "{}", answer.text);
}

async fn a_body_that_is_a_list(api: Api) {
    let answer = post(&api, "application/json", "[]").await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn a_body_that_is_no_utf8(api: Api) {
    let mut body = api.new_thing("a", json!({"k": "v"})).to_string().into_bytes();
    let place = body.windows(3).position(|three| three == b"\"v\"").unwrap() + 1;
    body[place] = 0xff;
    let answer = post(&api, "application/json", body).await;
    api.see("answer", format!("{} {}", answer.code, answer.message()));
    if answer.code == 201 {
        api.see("value", answer.json["data"]["k"].to_string());
    }
}

async fn a_body_that_is_deep(api: Api) {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let body = api
        .new_thing("a", json!({}))
        .to_string()
        .replace("\"data\":{}", &format!("\"data\":{{\"k\":{deep}}}"));
    let answer = post(&api, "application/json", body).await;
    api.see("answer", format!("{} {}", answer.code, answer.message().chars().take(150).collect::<String>()));
    assert!((400..500).contains(&answer.code), "{}", answer.code);
}

async fn a_body_of_another_type(api: Api) {
    for kind in ["text/plain", "application/xml", "nonsense"] {
        let answer = post(&api, kind, api.new_thing("a", json!({})).to_string()).await;
        api.see(kind, answer.refused(415, "UnsupportedMediaType"));
    }
    // None is JSON.
    api.raw("POST", &api.things(), &[], api.new_thing("a", json!({})).to_string()).await.expect(201);
}

async fn a_body_that_is_too_large(api: Api) {
    let large = "x".repeat(3 * 1024 * 1024 + 1024);
    let answer = post(&api, "application/json", api.new_thing("a", json!({"k": large})).to_string()).await;
    api.see("message", answer.refused(413, "RequestEntityTooLarge"));
    // What etcd takes no more, which is less.
    let large = "x".repeat(2 * 1024 * 1024);
    let answer = post(&api, "application/json", api.new_thing("a", json!({"k": large})).to_string()).await;
    api.see("2 MiB", format!("{} {}", answer.code, answer.json["reason"]));
    assert!(answer.code >= 400);
}

async fn a_method_on_the_wrong_path(api: Api) {
    for (method, path) in [
        ("PUT", api.things()),
        ("PATCH", api.things()),
        ("POST", api.thing("a")),
        ("PUT", "/version".to_owned()),
    ] {
        let headers = [("content-type", "application/json")];
        let answer = api.raw(method, &path, &headers, "{}").await;
        api.see(&answer.request.clone(), format!("{} {}", answer.code, answer.said()));
        assert!(
            answer.code == 405
                || answer.code == 404
                || answer.code == 400
                || answer.code == 415
                || answer.code == 200,
            "{}",
            answer.text
        );
    }
}

async fn a_method_that_is_unknown(api: Api) {
    for method in ["OPTIONS", "TRACE", "BREW"] {
        let answer = api.raw(method, &api.things(), &[], "").await;
        api.see(method, format!("{} {}", answer.code, answer.said()));
        assert!(answer.code >= 400, "{}", answer.text);
    }
}

async fn a_subresource_that_is_unknown(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.get(&format!("{}/scale", api.thing("a"))).await;
    api.see("answer", format!("{} {}", answer.code, answer.said()));
    assert_eq!(answer.code, 404);
}

async fn numbers_and_answers_in_queries(api: Api) {
    for query in
        ["limit=x", "watch=maybe&timeoutSeconds=1", "timeoutSeconds=x", "allowWatchBookmarks=perhaps"]
    {
        let answer = api.get(&format!("{}?{query}", api.things())).await;
        api.see(query, format!("{} {}", answer.code, answer.message()));
    }
    let answer = api.get(&format!("{}?limit=-1", api.things())).await;
    api.see("limit=-1", answer.code);
}

async fn unknown_parameters_are_ignored(api: Api) {
    api.get(&format!("{}?colour=green&limit=5&=&&x", api.things())).await.expect(200);
}

async fn a_slash_at_the_end(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.get(&format!("{}/", api.thing("a"))).await;
    api.see("object", answer.code);
    let answer = api.get(&format!("{}/", api.things())).await;
    api.see("list", answer.code);
}

async fn an_escaped_path(api: Api) {
    api.create("a.b", json!({})).await;
    let answer = api.get(&format!("{}/a%2Eb", api.things())).await;
    api.see("dot", answer.code);
    let answer = api.get(&format!("{}/a%2Fb", api.things())).await;
    api.see("slash", format!("{} {}", answer.code, answer.message()));
    assert_eq!(answer.code, 404);
}

async fn a_status_has_its_form(api: Api) {
    let answer = api.get(&api.thing("a")).await;
    let mut keys: Vec<_> = answer.json.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["apiVersion", "code", "details", "kind", "message", "metadata", "reason", "status"]);
    assert_eq!(answer.header("content-type"), "application/json");
    api.see("cache-control", answer.header("cache-control"));
}

async fn a_resource_in_capitals(api: Api) {
    let answer = api.get(&api.things().replace(api.generic().1, &api.generic().1.to_uppercase())).await;
    assert_eq!(answer.code, 404);
}

async fn duplicate_keys_take_the_last(api: Api) {
    let (version, kind) = api.kind();
    let body = format!(
        r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"a"}},"data":{{"k":"v","k":"w"}}}}"#
    );
    assert_eq!(post(&api, "application/json", body).await.expect(201)["data"], json!({"k": "w"}));
}

async fn head_requests(api: Api) {
    let answer = api.raw("HEAD", &api.things(), &[], "").await;
    api.see("code", answer.code);
    assert_eq!(answer.text, "");
}

async fn a_namespace_that_is_missing(api: Api) {
    let missing = api.unique("missing");
    let answer = api.post(&api.things_in(&missing), &api.new_thing("a", json!({}))).await;
    assert_eq!(answer.refused(404, "NotFound"), format!(r#"namespaces "{missing}" not found"#));
    let list = api.get(&api.things_in(&missing)).await.expect(200);
    assert_eq!(list["items"], json!([]));
}
