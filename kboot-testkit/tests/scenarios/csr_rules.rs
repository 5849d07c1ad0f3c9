//! Who may approve, sign and ask for what: the admission of CertificateSigningRequests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_testkit::Identity;
use kboot_testkit::generate::Request;
use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::Api;
use crate::authentication::CSRS;
use crate::csrs::{request, request_of, with_condition};
use crate::rbac::grant;
use crate::runner::scenarios;

scenarios! {
    Full: approval_needs_the_signer, approval_of_a_whole_domain, approval_of_another_signer, signing_needs_the_signer,
        a_label_needs_no_signer, the_old_objects_signer_counts, system_masters_is_not_for_users, system_masters_is_for_other_signers,
        a_kubelet_asks_for_itself, approvers_of_upstream;
}

/// Somebody who may write the subresources, and these of the signers.
async fn approver(api: &Api, verb: &str, signer: &str) -> Api {
    let user = api.unique("approver");
    let rules = json!([
        {"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests"], "verbs": ["get", "update"]},
        {"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests/approval", "certificatesigningrequests/status"], "verbs": ["update", "patch"]},
        {"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": [signer], "verbs": [verb]},
    ]);
    grant(api, &user, &rules).await;
    api.user(&user)
}

async fn made(api: &Api, signer: &str) -> Value {
    api.post(CSRS, &request(&api.unique("a"), signer, &["client auth"])).await.expect(201)
}

fn path(api: &Api, subresource: &str) -> String {
    format!("{CSRS}/{}{subresource}", api.unique("a"))
}

async fn approval_needs_the_signer(api: Api) {
    let made = made(&api, "kit.example.com/a").await;
    let approver = approver(&api, "sign", "kit.example.com/a").await;
    let answer = approver.put(&path(&api, "/approval"), &with_condition(made, "Approved", "True")).await;
    api.see(
        "message",
        answer
            .refused(403, "Forbidden")
            .replace(&api.unique("approver"), "USER")
            .replace(&api.unique("a"), "NAME"),
    );
}

async fn approval_of_a_whole_domain(api: Api) {
    let made = made(&api, "kit.example.com/a").await;
    let approver = approver(&api, "approve", "kit.example.com/*").await;
    approver.put(&path(&api, "/approval"), &with_condition(made, "Approved", "True")).await.expect(200);
}

async fn approval_of_another_signer(api: Api) {
    let made = made(&api, "kit.example.com/a").await;
    let approver = approver(&api, "approve", "kit.example.com/b").await;
    approver
        .put(&path(&api, "/approval"), &with_condition(made, "Denied", "True"))
        .await
        .refused(403, "Forbidden");
}

async fn signing_needs_the_signer(api: Api) {
    let made = made(&api, "kit.example.com/a").await;
    let approver = approver(&api, "approve", "kit.example.com/a").await;
    let answer = approver.put(&path(&api, "/status"), &with_condition(made.clone(), "Failed", "True")).await;
    api.see(
        "message",
        answer
            .refused(403, "Forbidden")
            .replace(&api.unique("approver"), "USER")
            .replace(&api.unique("a"), "NAME"),
    );
    let signer = api.unique("signer");
    let rules = json!([
        {"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests/status"], "verbs": ["update"]},
        {"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": ["kit.example.com/a"], "verbs": ["sign"]},
    ]);
    grant(&api, &signer, &rules).await;
    api.user(&signer).put(&path(&api, "/status"), &with_condition(made, "Failed", "True")).await.expect(200);
}

async fn a_label_needs_no_signer(api: Api) {
    let made = made(&api, "kit.example.com/a").await;
    let approver = approver(&api, "approve", "kit.example.com/b").await;
    // Neither the certificate nor the conditions change.
    approver.put(&path(&api, "/status"), &made).await.expect(200);
    // The other subresource asks in any case.
    approver.put(&path(&api, "/approval"), &made).await.refused(403, "Forbidden");
}

async fn the_old_objects_signer_counts(api: Api) {
    let made = made(&api, "kit.example.com/a").await;
    let approver = approver(&api, "approve", "kit.example.com/b").await;
    let renamed = with_condition(made, "Approved", "True").with("/spec/signerName", "kit.example.com/b");
    approver.put(&path(&api, "/approval"), &renamed).await.refused(403, "Forbidden");
}

async fn system_masters_is_not_for_users(api: Api) {
    let pem = Request::user("jane", &["dev", "system:masters"]).pem();
    let csr = request_of(&api.unique("a"), &pem, "kubernetes.io/kube-apiserver-client", &["client auth"]);
    let answer = api.post(CSRS, &csr).await;
    api.see("message", answer.refused(403, "Forbidden").replace(&api.unique("a"), "NAME"));
    let pem = Request::user("jane", &["kubeadm:cluster-admins"]).pem();
    let csr = request_of(&api.unique("b"), &pem, "kubernetes.io/kube-apiserver-client", &["client auth"]);
    api.post(CSRS, &csr).await.expect(201);
}

async fn system_masters_is_for_other_signers(api: Api) {
    let pem = Request::user("jane", &["system:masters"]).pem();
    for (name, signer) in [("a", "kit.example.com/a"), ("b", "kubernetes.io/kubelet-serving")] {
        api.post(CSRS, &request_of(&api.unique(name), &pem, signer, &["client auth"])).await.expect(201);
    }
}

async fn a_kubelet_asks_for_itself(api: Api) {
    let node = api.as_(Identity::node("worker-1"));
    let usages = ["digital signature", "key encipherment", "client auth"];
    let of = |name: &str, whose: &str| {
        let pem = Request::kubelet_client(whose).pem();
        request_of(&api.unique(name), &pem, "kubernetes.io/kube-apiserver-client-kubelet", &usages)
    };
    let made = node.post(CSRS, &of("a", "worker-1")).await.expect(201);
    assert_eq!(made["spec"]["username"], "system:node:worker-1");
    assert!(STANDARD.decode(made["spec"]["request"].as_str().unwrap()).is_ok());
    let answer = node.post(CSRS, &of("b", "worker-2")).await;
    // From 1.31 on a node asks for no other.
    assert_eq!(answer.code, if api.minor() >= 31 { 403 } else { 201 }, "{}", answer.text);
}

async fn approvers_of_upstream(api: Api) {
    for name in
        ["kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown"]
    {
        let role = api
            .get(&format!(
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:certificates.k8s.io:{name}-approver"
            ))
            .await
            .expect(200);
        let rule = json!({"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": [format!("kubernetes.io/{name}")], "verbs": ["approve"]});
        assert_eq!(role["rules"], json!([rule]));
    }
}
