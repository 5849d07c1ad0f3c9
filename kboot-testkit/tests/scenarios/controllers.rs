//! What controllers do: approve and sign, clean up, sign cluster-info, collect garbage, end namespaces.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_core::x509::Certificate;
use kboot_core::{BootstrapToken, Env};
use kboot_testkit::Identity;
use kboot_testkit::generate::{GeneralName, Request};
use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::{Api, MERGE_PATCH};
use crate::authentication::CSRS;
use crate::csrs::{request, request_of, with_condition};
use crate::rbac::RBAC;
use crate::runner::scenarios;

scenarios! {
    Controllers: a_kubelets_first_certificate, a_kubelet_renews_its_certificate, nobody_approves_what_is_not_allowed, what_is_approved_is_signed,
        what_is_denied_is_not_signed, a_serving_certificate_waits_for_an_approver, what_a_signer_refuses_fails, a_signer_of_others_is_left_alone,
        an_issued_certificate, an_expired_token_goes, a_token_that_expires_soon_goes, a_token_for_ever_stays, cluster_info_is_signed, cluster_info_forgets_a_token,
        dependents_go_with_their_owner, the_owner_waits_for_its_dependents, orphans_stay, an_owner_that_is_missing, a_namespace_goes_with_all_in_it, a_namespace_has_an_account,
        aggregated_roles;
}

const KUBELET: [&str; 3] = ["digital signature", "key encipherment", "client auth"];
const CLIENT_KUBELET: &str = "kubernetes.io/kube-apiserver-client-kubelet";

/// Binds a group or user to a role of the whole cluster.
async fn bind(api: &Api, name: &str, role: &str, kind: &str, subject: &str) {
    let binding = json!({
        "metadata": {"name": api.unique(name)},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": subject}],
    });
    api.post(&format!("{RBAC}/clusterrolebindings"), &binding).await.expect(201);
}

fn path(api: &Api) -> String {
    format!("{CSRS}/{}", api.unique("a"))
}

async fn issued(api: &Api) -> (Value, Certificate) {
    let csr = api.until(&path(api), |answer| answer.json["status"]["certificate"].is_string()).await.json;
    let pem = STANDARD.decode(csr["status"]["certificate"].as_str().unwrap()).unwrap();
    (csr, Certificate::from_pem(&pem).unwrap())
}

async fn approve(api: &Api) {
    let csr = api.get(&path(api)).await.expect(200);
    api.put(&format!("{}/approval", path(api)), &with_condition(csr, "Approved", "True")).await.expect(200);
}

/// A client that may ask: with a bootstrap token in a group of its own.
async fn bootstrapper(api: &Api) -> (Api, String) {
    let token = BootstrapToken::generate(&mut Env::system()).unwrap();
    let group = format!("system:bootstrappers:{}", api.ns);
    let secret = json!({
        "type": "bootstrap.kubernetes.io/token",
        "metadata": {"name": format!("bootstrap-token-{}", token.id().as_str())},
        "stringData": {
            "token-id": token.id().as_str(), "token-secret": token.secret_half().expose_secret(),
            "usage-bootstrap-authentication": "true", "auth-extra-groups": group,
        },
    });
    api.post("/api/v1/namespaces/kube-system/secrets", &secret).await.expect(201);
    bind(api, "bootstrap", "system:node-bootstrapper", "Group", &group).await;
    let client = api.as_(Identity::bootstrap(&token));
    client.until(CSRS, |answer| answer.code == 200).await;
    (client, group)
}

const NODECLIENT: &str = "system:certificates.k8s.io:certificatesigningrequests:nodeclient";
const SELFNODECLIENT: &str = "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient";

async fn a_kubelets_first_certificate(api: Api) {
    let (client, group) = bootstrapper(&api).await;
    bind(&api, "approve", NODECLIENT, "Group", &group).await;
    let pem = Request::kubelet_client("worker-1").pem();
    client.post(CSRS, &request_of(&api.unique("a"), &pem, CLIENT_KUBELET, &KUBELET)).await.expect(201);
    let (csr, certificate) = issued(&api).await;
    let condition = &csr["status"]["conditions"][0];
    assert_eq!(
        (&condition["type"], &condition["status"], &condition["reason"]),
        (&json!("Approved"), &json!("True"), &json!("AutoApproved"))
    );
    assert_eq!(condition["message"], "Auto approving kubelet client certificate after SubjectAccessReview.");
    let subject = certificate.facts().subject.clone();
    assert!(subject.contains("system:node:worker-1") && subject.contains("system:nodes"), "{subject}");
}

async fn a_kubelet_renews_its_certificate(api: Api) {
    let name = api.unique("node");
    bind(&api, "renew", SELFNODECLIENT, "User", &format!("system:node:{name}")).await;
    let kubelet = api.as_(Identity::node(&name));
    let pem = Request::kubelet_client(&name).pem();
    kubelet.post(CSRS, &request_of(&api.unique("a"), &pem, CLIENT_KUBELET, &KUBELET)).await.expect(201);
    let (csr, _) = issued(&api).await;
    assert_eq!(
        csr["status"]["conditions"][0]["message"],
        "Auto approving self kubelet client certificate after SubjectAccessReview."
    );
}

/// That a request stays as it is for a while.
async fn pending(api: &Api) {
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(api.get(&path(api)).await.expect(200)["status"], json!({}));
}

async fn nobody_approves_what_is_not_allowed(api: Api) {
    let (client, group) = bootstrapper(&api).await;
    // It may ask for itself as a node, not for others.
    bind(&api, "approve", SELFNODECLIENT, "Group", &group).await;
    let pem = Request::kubelet_client("worker-1").pem();
    client.post(CSRS, &request_of(&api.unique("a"), &pem, CLIENT_KUBELET, &KUBELET)).await.expect(201);
    pending(&api).await;
}

async fn what_is_approved_is_signed(api: Api) {
    api.post(CSRS, &request(&api.unique("a"), "kubernetes.io/kube-apiserver-client", &["client auth"]))
        .await
        .expect(201);
    pending(&api).await;
    approve(&api).await;
    let (_, certificate) = issued(&api).await;
    assert!(certificate.facts().allows_client());
    assert!(!certificate.facts().allows_server());
    // It is one of the cluster's: its holder is known by it.
    let facts = certificate.facts();
    assert!(facts.subject.contains("jane") && facts.subject.contains("dev"), "{}", facts.subject);
}

async fn what_is_denied_is_not_signed(api: Api) {
    let csr = api
        .post(CSRS, &request(&api.unique("a"), "kubernetes.io/kube-apiserver-client", &["client auth"]))
        .await
        .expect(201);
    api.put(&format!("{}/approval", path(&api)), &with_condition(csr, "Denied", "True")).await.expect(200);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(api.get(&path(&api)).await.expect(200)["status"].get("certificate"), None);
}

async fn a_serving_certificate_waits_for_an_approver(api: Api) {
    let pem = Request::kubelet_serving("worker-1", &[GeneralName::ip("192.168.5.21")]).pem();
    let usages = ["digital signature", "key encipherment", "server auth"];
    let kubelet = api.as_(Identity::node("worker-1"));
    kubelet
        .post(CSRS, &request_of(&api.unique("a"), &pem, "kubernetes.io/kubelet-serving", &usages))
        .await
        .expect(201);
    pending(&api).await;
    approve(&api).await;
    let (_, certificate) = issued(&api).await;
    assert!(certificate.facts().allows_server());
}

async fn what_a_signer_refuses_fails(api: Api) {
    // A kubelet's certificate without its group.
    let pem = Request::user("system:node:worker-1", &["dev"]).pem();
    api.post(CSRS, &request_of(&api.unique("a"), &pem, CLIENT_KUBELET, &KUBELET)).await.expect(201);
    approve(&api).await;
    let csr = api.until(&path(&api), |answer| answer.text.contains("Failed")).await.json;
    let conditions = csr["status"]["conditions"].as_array().unwrap();
    let failed = conditions.iter().find(|condition| condition["type"] == "Failed").unwrap();
    assert_eq!((&failed["status"], &failed["reason"]), (&json!("True"), &json!("SignerValidationFailure")));
    api.see("message", failed["message"].as_str().unwrap());
    assert_eq!(csr["status"].get("certificate"), None);
}

async fn a_signer_of_others_is_left_alone(api: Api) {
    api.post(CSRS, &request(&api.unique("a"), "kit.example.com/a", &["client auth"])).await.expect(201);
    approve(&api).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let csr = api.get(&path(&api)).await.expect(200);
    assert_eq!(csr["status"].get("certificate"), None);
    assert_eq!(csr["status"]["conditions"].as_array().unwrap().len(), 1);
}

async fn an_issued_certificate(api: Api) {
    let usages = ["digital signature", "key encipherment", "client auth"];
    api.post(CSRS, &request(&api.unique("a"), "kubernetes.io/kube-apiserver-client", &usages))
        .await
        .expect(201);
    approve(&api).await;
    let (_, certificate) = issued(&api).await;
    let facts = certificate.facts();
    let seconds = facts.validity.not_after.unix() - facts.validity.not_before.unix();
    assert_eq!(seconds, 365 * 24 * 3600);
    let now = Env::system().now().unix();
    assert!((now - 300 - facts.validity.not_before.unix()).abs() < 60);
    assert!(facts.serial_hex().len() <= 40);
}

fn token_secret(token: &BootstrapToken, expiration: Option<&str>) -> Value {
    let mut secret = json!({
        "type": "bootstrap.kubernetes.io/token",
        "metadata": {"name": format!("bootstrap-token-{}", token.id().as_str())},
        "stringData": {
            "token-id": token.id().as_str(), "token-secret": token.secret_half().expose_secret(), "usage-bootstrap-signing": "true",
        },
    });
    if let Some(expiration) = expiration {
        secret["stringData"]["expiration"] = json!(expiration);
    }
    secret
}

const SECRETS: &str = "/api/v1/namespaces/kube-system/secrets";

async fn new_token(api: &Api, expiration: Option<&str>) -> (BootstrapToken, String) {
    let token = BootstrapToken::generate(&mut Env::system()).unwrap();
    api.post(SECRETS, &token_secret(&token, expiration)).await.expect(201);
    let path = format!("{SECRETS}/bootstrap-token-{}", token.id().as_str());
    (token, path)
}

async fn an_expired_token_goes(api: Api) {
    for expiration in ["2001-01-01T00:00:00Z", "soon"] {
        let (_, path) = new_token(&api, Some(expiration)).await;
        api.until(&path, |answer| answer.code == 404).await;
    }
}

async fn a_token_that_expires_soon_goes(api: Api) {
    let mut env = Env::system();
    let expiration = env.now().after("10s".parse().unwrap()).unwrap().to_string();
    let (_, path) = new_token(&api, Some(&expiration)).await;
    api.get(&path).await.expect(200);
    api.until(&path, |answer| answer.code == 404).await;
    env.fill(&mut [0]).unwrap();
}

async fn a_token_for_ever_stays(api: Api) {
    let (_, path) = new_token(&api, None).await;
    let (_, later) = new_token(&api, Some("2999-01-01T00:00:00Z")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    api.get(&path).await.expect(200);
    api.get(&later).await.expect(200);
}

const CLUSTER_INFO: &str = "/api/v1/namespaces/kube-public/configmaps/cluster-info";

async fn cluster_info(api: &Api) {
    let info = json!({"metadata": {"name": "cluster-info"}, "data": {"kubeconfig": "apiVersion: v1\nkind: Config\n"}});
    let made = api.post("/api/v1/namespaces/kube-public/configmaps", &info).await;
    assert!(made.code == 201 || made.code == 409, "{}", made.text);
}

async fn cluster_info_is_signed(api: Api) {
    cluster_info(&api).await;
    let (token, _) = new_token(&api, None).await;
    let key = format!("jws-kubeconfig-{}", token.id().as_str());
    let info = api.until(CLUSTER_INFO, |answer| answer.json["data"][&key].is_string()).await.json;
    let signature = info["data"][&key].as_str().unwrap();
    let header = STANDARD.encode(format!(r#"{{"alg":"HS256","kid":"{}"}}"#, token.id().as_str()));
    assert!(signature.starts_with(&format!("{}..", header.trim_end_matches('='))), "{signature}");
}

async fn cluster_info_forgets_a_token(api: Api) {
    cluster_info(&api).await;
    let (token, path) = new_token(&api, None).await;
    let key = format!("jws-kubeconfig-{}", token.id().as_str());
    api.until(CLUSTER_INFO, |answer| answer.json["data"][&key].is_string()).await;
    api.delete(&path).await.expect(200);
    api.until(CLUSTER_INFO, |answer| answer.json["data"].get(&key).is_none()).await;
}

/// An owner, and what it owns.
async fn family(api: &Api, blocks: bool) {
    let owner = api.create("owner", json!({})).await;
    let reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid(), "blockOwnerDeletion": blocks});
    let child = api.new_thing("child", json!({})).with("/metadata/ownerReferences", json!([reference]));
    api.post(&api.things(), &child).await.expect(201);
    // The collector is to know both, and says nothing when it does.
    tokio::time::sleep(Duration::from_secs(2)).await;
}

async fn dependents_go_with_their_owner(api: Api) {
    family(&api, false).await;
    api.delete_with(&api.thing("owner"), &json!({"propagationPolicy": "Background"})).await.expect(200);
    api.get(&api.thing("owner")).await.refused(404, "NotFound");
    api.until(&api.thing("child"), |answer| answer.code == 404).await;
}

async fn the_owner_waits_for_its_dependents(api: Api) {
    family(&api, true).await;
    let patch = json!({"metadata": {"finalizers": ["kit.example.com/wait"]}});
    api.patch(&api.thing("child"), MERGE_PATCH, &patch).await.expect(200);
    api.delete_with(&api.thing("owner"), &json!({"propagationPolicy": "Foreground"})).await;
    api.until(&api.thing("child"), |answer| answer.json["metadata"]["deletionTimestamp"].is_string()).await;
    api.get(&api.thing("owner")).await.expect(200);
    api.patch(&api.thing("child"), MERGE_PATCH, &json!({"metadata": {"finalizers": null}})).await.expect(200);
    api.until(&api.thing("owner"), |answer| answer.code == 404).await;
}

async fn orphans_stay(api: Api) {
    family(&api, false).await;
    api.delete_with(&api.thing("owner"), &json!({"propagationPolicy": "Orphan"})).await;
    api.until(&api.thing("owner"), |answer| answer.code == 404).await;
    let child = api.get(&api.thing("child")).await.expect(200);
    assert_eq!(child["metadata"].get("ownerReferences"), None);
}

async fn an_owner_that_is_missing(api: Api) {
    let reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "nobody", "uid": "00000000-0000-0000-0000-000000000000"});
    let child = api.new_thing("child", json!({})).with("/metadata/ownerReferences", json!([reference]));
    api.post(&api.things(), &child).await.expect(201);
    api.until(&api.thing("child"), |answer| answer.code == 404).await;
}

async fn a_namespace_goes_with_all_in_it(api: Api) {
    let ns = api.namespace("other").await;
    api.post(&api.things_in(&ns), &api.new_thing("a", json!({}))).await.expect(201);
    let namespace = format!("/api/v1/namespaces/{ns}");
    api.delete(&namespace).await;
    api.until(&namespace, |answer| answer.code == 404).await;
    assert_eq!(api.get(&api.things_in(&ns)).await.expect(200)["items"], json!([]));
}

async fn a_namespace_has_an_account(api: Api) {
    api.until(&format!("/api/v1/namespaces/{}/serviceaccounts/default", api.ns), |answer| answer.code == 200)
        .await;
    let root = api.until(&api.thing("kube-root-ca.crt"), |answer| answer.code == 200).await.json;
    assert!(root["data"]["ca.crt"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}

async fn aggregated_roles(api: Api) {
    let label = api.unique("aggregate");
    let roles = format!("{RBAC}/clusterroles");
    let whole = json!({"metadata": {"name": api.unique("whole")}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {&label: "true"}}]}, "rules": []});
    api.post(&roles, &whole).await.expect(201);
    let rule = json!({"apiGroups": ["kit.example.com"], "resources": ["things"], "verbs": ["get"]});
    api.post(
        &roles,
        &json!({"metadata": {"name": api.unique("part"), "labels": {&label: "true"}}, "rules": [rule]}),
    )
    .await
    .expect(201);
    let path = format!("{roles}/{}", api.unique("whole"));
    api.until(&path, |answer| answer.json["rules"] == json!([rule])).await;
}
