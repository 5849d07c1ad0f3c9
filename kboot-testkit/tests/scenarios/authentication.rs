//! Who a server takes a client for.

use kboot_testkit::Identity;
use serde_json::{Value, json};

use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Full: a_certificate_is_a_user_in_groups, a_group_that_everybody_is_in, a_kubelets_certificate, nobody_is_anonymous, a_token_that_is_unknown, a_token_that_is_no_token,
        another_scheme_is_anonymous, an_empty_token_is_anonymous, a_static_token, a_certificate_comes_before_a_token,
        a_service_account_by_token_request, a_token_ends_with_its_account, a_token_for_others, a_token_for_a_while,
        a_token_of_what_is_missing, a_token_bound_to_a_secret, a_user_cannot_say_who_it_is, a_refusal_says_why_to_none,
        system_masters_may_everything;
}

pub(crate) const CSRS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// Who the server takes this client for: what it writes into a request for a certificate.
pub(crate) async fn who_is(api: &Api, client: &Api, name: &str) -> Value {
    let binding = json!({
        "metadata": {"name": api.unique(name)},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node-bootstrapper"},
        "subjects": [
            {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:authenticated"},
            {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:unauthenticated"},
        ],
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    let made = api.post(bindings, &binding).await;
    assert!(made.code == 201 || made.code == 409, "{}", made.text);
    let request = crate::csrs::request(&api.unique(name), "kit.example.com/who", &["client auth"]);
    for _ in 0..200 {
        let answer = client.post(CSRS, &request).await;
        // The authorizer learns of the binding a little later.
        if answer.code != 403 {
            api.delete(&format!("{bindings}/{}", api.unique(name))).await;
            return answer.expect(201)["spec"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the binding does not work");
}

async fn a_certificate_is_a_user_in_groups(api: Api) {
    let jane = api.as_(Identity::certificate("jane", ["dev", "ops"]));
    let spec = who_is(&api, &jane, "jane").await;
    assert_eq!(spec["username"], "jane");
    assert_eq!(spec["groups"], json!(["dev", "ops", "system:authenticated"]));
    api.see("uid", spec["uid"].to_string());
    api.see("extra", spec["extra"].to_string());
}

/// A certificate may say what the server would add.
async fn a_group_that_everybody_is_in(api: Api) {
    for group in ["system:authenticated", "system:unauthenticated"] {
        let jane = api.as_(Identity::certificate("jane", [group, "dev"]));
        let spec = who_is(&api, &jane, &group.replace(':', "-")).await;
        assert_eq!(spec["groups"], json!([group, "dev"]));
    }
}

async fn a_kubelets_certificate(api: Api) {
    let node = api.as_(Identity::node("worker-1"));
    let spec = who_is(&api, &node, "node").await;
    assert_eq!(spec["username"], "system:node:worker-1");
    assert_eq!(spec["groups"], json!(["system:nodes", "system:authenticated"]));
}

async fn nobody_is_anonymous(api: Api) {
    let nobody = api.as_(Identity::anonymous());
    let answer = nobody.get(&api.things()).await;
    let expected = format!(
        r#"configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "{}""#,
        api.ns
    );
    assert_eq!(answer.refused(403, "Forbidden"), expected);
    let spec = who_is(&api, &nobody, "nobody").await;
    assert_eq!(
        (&spec["username"], &spec["groups"]),
        (&json!("system:anonymous"), &json!(["system:unauthenticated"]))
    );
}

async fn a_token_that_is_unknown(api: Api) {
    let answer = api.as_(Identity::token("nobodys")).get(&api.things()).await;
    assert_eq!(answer.refused(401, "Unauthorized"), "Unauthorized");
    api.see("WWW-Authenticate", answer.header("www-authenticate"));
}

async fn a_token_that_is_no_token(api: Api) {
    for token in ["a.b.c", "eyJhbGciOiJub25lIn0.e30.", "abcdef.0123456789abcdef"] {
        api.as_(Identity::token(token)).get(&api.things()).await.refused(401, "Unauthorized");
    }
}

async fn another_scheme_is_anonymous(api: Api) {
    let nobody = api.as_(Identity::anonymous());
    for value in ["Basic amFjazpzZWNyZXQ=", "Digest x", "bearer"] {
        let answer = nobody.raw("GET", &api.things(), &[("authorization", value)], "").await;
        api.see(value, answer.code);
        assert!(answer.refused(403, "Forbidden").contains("system:anonymous"));
    }
}

async fn an_empty_token_is_anonymous(api: Api) {
    let nobody = api.as_(Identity::anonymous());
    for value in ["Bearer ", "Bearer  x"] {
        let answer = nobody.raw("GET", &api.things(), &[("authorization", value)], "").await;
        api.see(value, format!("{} {}", answer.code, answer.message()));
    }
}

async fn a_static_token(api: Api) {
    let jack = api.as_(Identity::token("static-token-of-jack"));
    let spec = who_is(&api, &jack, "jack").await;
    assert_eq!((&spec["username"], &spec["uid"]), (&json!("jack"), &json!("uid-of-jack")));
    assert_eq!(spec["groups"], json!(["ops", "dev", "system:authenticated"]));
    assert_eq!(api.as_(Identity::token("static-token-of-root")).get(&api.things()).await.code, 200);
}

async fn a_certificate_comes_before_a_token(api: Api) {
    let answer = api.raw("GET", &api.things(), &[("authorization", "Bearer nobodys")], "").await;
    assert_eq!(answer.code, 200);
    let jane = api.user("jane");
    let answer =
        jane.raw("GET", &api.things(), &[("authorization", "Bearer static-token-of-root")], "").await;
    assert!(answer.refused(403, "Forbidden").contains(r#"User "jane""#));
}

fn accounts(api: &Api) -> String {
    format!("/api/v1/namespaces/{}/serviceaccounts", api.ns)
}

/// A token of a new account.
async fn token(api: &Api, account: &str, spec: Value) -> Value {
    let made = api.post(&accounts(api), &json!({"metadata": {"name": account}})).await;
    assert!(made.code == 201 || made.code == 409);
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec});
    api.post(&format!("{}/{account}/token", accounts(api)), &request).await.expect(201)
}

fn text(token: &Value) -> Identity {
    Identity::token(token["status"]["token"].as_str().unwrap())
}

async fn a_service_account_by_token_request(api: Api) {
    let token = token(&api, "robot", json!({})).await;
    assert!(token["status"]["expirationTimestamp"].is_string());
    assert_eq!(token["spec"]["expirationSeconds"], 3600);
    let spec = who_is(&api, &api.as_(text(&token)), "robot").await;
    assert_eq!(spec["username"], format!("system:serviceaccount:{}:robot", api.ns));
    let group = format!("system:serviceaccounts:{}", api.ns);
    assert_eq!(spec["groups"], json!(["system:serviceaccounts", group, "system:authenticated"]));
    assert_eq!(spec["uid"].as_str().unwrap().len(), 36);
}

async fn a_token_ends_with_its_account(api: Api) {
    let token = token(&api, "robot", json!({})).await;
    let robot = api.as_(text(&token));
    robot.get(&api.things()).await.refused(403, "Forbidden");
    api.delete(&format!("{}/robot", accounts(&api))).await.expect(200);
    // Who is known is cached for ten seconds.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while robot.get(&api.things()).await.code != 401 {
        assert!(std::time::Instant::now() < until);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    // An account of the same name is another.
    api.post(&accounts(&api), &json!({"metadata": {"name": "robot"}})).await.expect(201);
    robot.get(&api.things()).await.refused(401, "Unauthorized");
}

async fn a_token_for_others(api: Api) {
    let token = token(&api, "robot", json!({"audiences": ["https://elsewhere.example.com"]})).await;
    api.as_(text(&token)).get(&api.things()).await.refused(401, "Unauthorized");
}

async fn a_token_for_a_while(api: Api) {
    api.post(&accounts(&api), &json!({"metadata": {"name": "robot"}})).await.expect(201);
    for (seconds, field) in [(599, "spec.expirationSeconds"), (1_i64 << 33, "spec.expirationSeconds")] {
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}});
        let answer = api.post(&format!("{}/robot/token", accounts(&api)), &request).await;
        api.see("message", answer.refused(422, "Invalid"));
        assert_eq!(answer.json["details"]["causes"][0]["field"], field);
    }
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}});
    api.post(&format!("{}/robot/token", accounts(&api)), &request).await.expect(201);
}

async fn a_token_of_what_is_missing(api: Api) {
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let answer = api.post(&format!("{}/nobody/token", accounts(&api)), &request).await;
    assert_eq!(answer.refused(404, "NotFound"), r#"serviceaccounts "nobody" not found"#);
}

async fn a_token_bound_to_a_secret(api: Api) {
    let secrets = format!("/api/v1/namespaces/{}/secrets", api.ns);
    let secret = api.post(&secrets, &json!({"metadata": {"name": "s"}})).await.expect(201);
    let bound = json!({"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "s", "uid": secret["metadata"]["uid"]}});
    let token = token(&api, "robot", bound).await;
    let robot = api.as_(text(&token));
    robot.get(&api.things()).await.refused(403, "Forbidden");
    api.delete(&format!("{secrets}/s")).await.expect(200);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while robot.get(&api.things()).await.code != 401 {
        assert!(std::time::Instant::now() < until);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "t"}}});
    let answer = api.post(&format!("{}/robot/token", accounts(&api)), &request).await;
    api.see("of what is missing", format!("{} {}", answer.code, answer.message()));
    assert_eq!(answer.code, 404);
}

async fn a_user_cannot_say_who_it_is(api: Api) {
    let jane = api.user("jane");
    for (name, value) in [("x-remote-user", "root"), ("x-remote-group", "system:masters")] {
        let answer = jane.raw("GET", &api.things(), &[(name, value)], "").await;
        assert!(answer.refused(403, "Forbidden").contains(r#"User "jane""#));
    }
}

async fn a_refusal_says_why_to_none(api: Api) {
    // Whether something is there is not said to whom it is not for.
    api.create("a", json!({})).await;
    let jane = api.user("jane");
    let there = jane.get(&api.thing("a")).await.message().to_owned();
    let missing = jane.get(&api.thing("b")).await.message().to_owned();
    assert_eq!(there.replace(r#""a""#, r#""b""#), missing);
}

async fn system_masters_may_everything(api: Api) {
    let root = api.as_(Identity::certificate("anyone", ["system:masters"]));
    root.get("/api/v1/secrets?limit=1").await.expect(200);
    assert_eq!(root.get("/nothing/at/all").await.code, 404);
}
