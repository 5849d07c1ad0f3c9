//! Bootstrap tokens: each way in which one is none (upstream's `plugin/pkg/auth/authenticator/token/bootstrap`).

use std::time::{Duration, Instant};

use kboot_core::{BootstrapToken, Env};
use kboot_testkit::Identity;
use serde_json::{Value, json};

use crate::api::{Api, MERGE_PATCH};
use crate::authentication::who_is;
use crate::runner::scenarios;

scenarios! {
    Full: a_token_is_a_user, its_extra_groups, the_right_expiration, an_expired_token, an_expiration_that_is_none,
        an_expiration_in_another_zone, an_empty_expiration, no_usage, a_usage_that_is_not_true, a_wrong_secret, a_wrong_type,
        another_id_inside, a_group_that_is_none, one_bad_group_among_good, groups_with_blanks, another_namespace, another_name, no_data,
        a_token_being_deleted, a_deleted_token, a_changed_token, what_a_token_may_do;
}

const SECRETS: &str = "/api/v1/namespaces/kube-system/secrets";

fn new() -> BootstrapToken {
    BootstrapToken::generate(&mut Env::system()).unwrap()
}

fn secret_of(token: &BootstrapToken) -> Value {
    json!({
        "type": "bootstrap.kubernetes.io/token",
        "metadata": {"name": format!("bootstrap-token-{}", token.id().as_str())},
        "stringData": {
            "token-id": token.id().as_str(), "token-secret": token.secret_half().expose_secret(),
            "usage-bootstrap-authentication": "true",
        },
    })
}

fn with(mut secret: Value, key: &str, value: &str) -> Value {
    secret["stringData"][key] = json!(value);
    secret
}

/// A client with this token once it is known.
async fn known(api: &Api, token: &BootstrapToken) -> Option<Api> {
    let client = api.as_(Identity::bootstrap(token));
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if client.get("/api/v1/nodes").await.code == 403 {
            return Some(client);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

/// That this Secret makes nobody of its token. One that does is made after it: when that is known, this one was seen.
async fn nobody(api: &Api, path: &str, token: &BootstrapToken, secret: &Value) {
    api.post(path, secret).await.expect(201);
    let right = new();
    api.post(SECRETS, &secret_of(&right)).await.expect(201);
    known(api, &right).await.expect("a right one is known");
    let answer = api.as_(Identity::bootstrap(token)).get("/api/v1/nodes").await;
    assert_eq!(answer.refused(401, "Unauthorized"), "Unauthorized");
}

async fn somebody(api: &Api, token: &BootstrapToken, secret: &Value) -> Api {
    api.post(SECRETS, secret).await.expect(201);
    known(api, token).await.expect("it is known")
}

async fn a_token_is_a_user(api: Api) {
    let token = new();
    let client = somebody(&api, &token, &secret_of(&token)).await;
    let spec = who_is(&api, &client, "token").await;
    assert_eq!(spec["username"], format!("system:bootstrap:{}", token.id().as_str()));
    assert_eq!(spec["groups"], json!(["system:bootstrappers", "system:authenticated"]));
}

async fn its_extra_groups(api: Api) {
    let token = new();
    let groups =
        "system:bootstrappers:z,system:bootstrappers:kubeadm:default-node-token,system:bootstrappers:z";
    let client = somebody(&api, &token, &with(secret_of(&token), "auth-extra-groups", groups)).await;
    let spec = who_is(&api, &client, "token").await;
    let expected = [
        "system:bootstrappers",
        "system:bootstrappers:kubeadm:default-node-token",
        "system:bootstrappers:z",
        "system:authenticated",
    ];
    assert_eq!(spec["groups"], json!(expected));
}

async fn the_right_expiration(api: Api) {
    let token = new();
    somebody(&api, &token, &with(secret_of(&token), "expiration", "2999-01-01T00:00:00Z")).await;
}

async fn an_expired_token(api: Api) {
    let token = new();
    nobody(&api, SECRETS, &token, &with(secret_of(&token), "expiration", "2001-01-01T00:00:00Z")).await;
}

async fn an_expiration_that_is_none(api: Api) {
    for text in ["never", "2999-01-01", "2999-01-01 00:00:00Z", "2999-01-01T00:00:00"] {
        let token = new();
        nobody(&api, SECRETS, &token, &with(secret_of(&token), "expiration", text)).await;
    }
}

async fn an_expiration_in_another_zone(api: Api) {
    let token = new();
    somebody(&api, &token, &with(secret_of(&token), "expiration", "2999-01-01T00:00:00.5+02:00")).await;
}

async fn an_empty_expiration(api: Api) {
    let token = new();
    somebody(&api, &token, &with(secret_of(&token), "expiration", "")).await;
}

async fn no_usage(api: Api) {
    let token = new();
    let mut secret = with(secret_of(&token), "usage-bootstrap-signing", "true");
    secret["stringData"].as_object_mut().unwrap().remove("usage-bootstrap-authentication");
    nobody(&api, SECRETS, &token, &secret).await;
}

async fn a_usage_that_is_not_true(api: Api) {
    for value in ["True", "1", "yes", "true\n", "false", ""] {
        let token = new();
        nobody(&api, SECRETS, &token, &with(secret_of(&token), "usage-bootstrap-authentication", value))
            .await;
    }
}

async fn a_wrong_secret(api: Api) {
    let (token, other) = (new(), new());
    nobody(
        &api,
        SECRETS,
        &token,
        &with(secret_of(&token), "token-secret", other.secret_half().expose_secret()),
    )
    .await;
    let token = new();
    nobody(&api, SECRETS, &token, &with(secret_of(&token), "token-secret", "")).await;
}

async fn a_wrong_type(api: Api) {
    let token = new();
    let mut secret = secret_of(&token);
    secret["type"] = json!("Opaque");
    nobody(&api, SECRETS, &token, &secret).await;
}

async fn another_id_inside(api: Api) {
    let token = new();
    nobody(&api, SECRETS, &token, &with(secret_of(&token), "token-id", "zzzzzz")).await;
}

async fn a_group_that_is_none(api: Api) {
    for group in [
        "system:masters",
        "system:bootstrappers",
        "system:bootstrappers:",
        "system:bootstrappers:A",
        "system:bootstrappers:a.b",
        "system:bootstrappers:a-",
    ] {
        let token = new();
        nobody(&api, SECRETS, &token, &with(secret_of(&token), "auth-extra-groups", group)).await;
    }
}

async fn one_bad_group_among_good(api: Api) {
    let token = new();
    nobody(
        &api,
        SECRETS,
        &token,
        &with(secret_of(&token), "auth-extra-groups", "system:bootstrappers:a,nodes"),
    )
    .await;
}

async fn groups_with_blanks(api: Api) {
    for groups in ["system:bootstrappers:a, system:bootstrappers:b", "system:bootstrappers:a,", " "] {
        let token = new();
        nobody(&api, SECRETS, &token, &with(secret_of(&token), "auth-extra-groups", groups)).await;
    }
    let token = new();
    somebody(&api, &token, &with(secret_of(&token), "auth-extra-groups", "")).await;
}

async fn another_namespace(api: Api) {
    let token = new();
    nobody(&api, &format!("/api/v1/namespaces/{}/secrets", api.ns), &token, &secret_of(&token)).await;
}

async fn another_name(api: Api) {
    let token = new();
    let mut secret = secret_of(&token);
    secret["metadata"]["name"] = json!(format!("token-{}", token.id().as_str()));
    nobody(&api, SECRETS, &token, &secret).await;
}

async fn no_data(api: Api) {
    let token = new();
    let mut secret = secret_of(&token);
    secret.as_object_mut().unwrap().remove("stringData");
    nobody(&api, SECRETS, &token, &secret).await;
}

async fn a_token_being_deleted(api: Api) {
    let token = new();
    let mut secret = secret_of(&token);
    secret["metadata"]["finalizers"] = json!(["kit.example.com/wait"]);
    let client = somebody(&api, &token, &secret).await;
    let path = format!("{SECRETS}/bootstrap-token-{}", token.id().as_str());
    api.delete(&path).await;
    gone(&client).await;
    api.patch(&path, MERGE_PATCH, &json!({"metadata": {"finalizers": null}})).await.expect(200);
}

/// That a client is soon unknown; upstream remembers for ten seconds whom it knew.
async fn gone(client: &Api) {
    let until = Instant::now() + Duration::from_secs(20);
    while client.get("/api/v1/nodes").await.code != 401 {
        assert!(Instant::now() < until, "it is still known");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn a_deleted_token(api: Api) {
    let token = new();
    let client = somebody(&api, &token, &secret_of(&token)).await;
    api.delete(&format!("{SECRETS}/bootstrap-token-{}", token.id().as_str())).await.expect(200);
    gone(&client).await;
}

async fn a_changed_token(api: Api) {
    let token = new();
    let client = somebody(&api, &token, &secret_of(&token)).await;
    let path = format!("{SECRETS}/bootstrap-token-{}", token.id().as_str());
    let patch = json!({"stringData": {"usage-bootstrap-authentication": "false"}});
    api.patch(&path, MERGE_PATCH, &patch).await.expect(200);
    gone(&client).await;
}

async fn what_a_token_may_do(api: Api) {
    let token = new();
    let client = somebody(&api, &token, &secret_of(&token)).await;
    // By itself nothing but to ask what there is; kubeadm's bindings give more.
    client.get("/apis").await.expect(200);
    let request = crate::csrs::request(
        &api.unique("a"),
        "kubernetes.io/kube-apiserver-client-kubelet",
        &["client auth"],
    );
    let answer = client.post("/apis/certificates.k8s.io/v1/certificatesigningrequests", &request).await;
    let name = token.id().as_str();
    let expected = format!(
        r#"certificatesigningrequests.certificates.k8s.io is forbidden: User "system:bootstrap:{name}" cannot create resource "certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope"#
    );
    // Another scenario may have bound everybody for a moment.
    assert!(answer.code == 201 || answer.message() == expected, "{}", answer.text);
    client.get("/api/v1/namespaces/kube-system/secrets").await.refused(403, "Forbidden");
}
