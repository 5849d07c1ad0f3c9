//! kubeadm 1.20 against the server: bootstrap tokens, and what `init` puts into a cluster for them.

use kboot_testkit::Identity;
use kboot_testkit::server::{ApiServer, Controller};
use serde_json::{Value, json};

use crate::support::{Tool, get, has, of_cache, post, until};

async fn start() -> Option<(ApiServer, Tool)> {
    let program = of_cache("kubernetes-v1.20.2/bin", "kubeadm")?;
    let controllers = [Controller::BootstrapSigner, Controller::TokenCleaner];
    let api = ApiServer::builder().version("1.20.2").controllers(controllers).start().await.unwrap();
    let mut kubeadm = Tool::new(program, &[]);
    let kubeconfig = kubeadm.write("kubeconfig", api.kubeconfig(&Identity::admin()).unwrap());
    kubeadm.first = vec![format!("--kubeconfig={kubeconfig}")];
    Some((api, kubeadm))
}

#[tokio::test]
async fn tokens_are_created_listed_and_deleted() {
    let Some((api, kubeadm)) = start().await else { return };
    let token = "abcdef.0123456789abcdef";
    let words =
        ["token", "create", token, "--ttl=1h", "--description=for a test", "--groups=system:bootstrappers:x"];
    assert_eq!(kubeadm.ok(&words).trim(), token);
    has(&kubeadm.refused(&words), &["a token with id \"abcdef\" already exists"]);
    let made = kubeadm.ok(&["token", "create"]);
    let list = kubeadm.ok(&["token", "list"]);
    has(
        &list,
        &[token, "authentication,signing", "for a test", "system:bootstrappers:x", "59m", made.trim()],
    );
    // Who has it is whom it says.
    let boot = api.client(&Identity::token(token)).unwrap();
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}},
    });
    post(&boot, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review).await;
    api.requests().expect("POST", "selfsubjectaccessreviews").by("system:bootstrap:abcdef").times(1);
    assert_eq!(kubeadm.ok(&["token", "delete", token]).trim(), "bootstrap token \"abcdef\" deleted");
    let list = kubeadm.ok(&["token", "list"]);
    assert!(!list.contains(token) && list.contains(made.trim()), "{list}");
}

#[tokio::test]
async fn the_join_command_is_printed() {
    let Some((api, kubeadm)) = start().await else { return };
    let said = kubeadm.ok(&["token", "create", "--print-join-command"]);
    let place = api.url().replace("https://", "kubeadm join ");
    has(&said, &[&place, "--token ", "--discovery-token-ca-cert-hash sha256:"]);
}

#[tokio::test]
async fn phases_of_init_go_through() {
    let Some((api, kubeadm)) = start().await else { return };
    let admin = api.client(&Identity::admin()).unwrap();
    let config =
        "apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\nkubernetesVersion: v1.20.2\n";
    let config = format!("--config={}", kubeadm.write("kubeadm.yaml", config));
    // Twice: what is there is updated.
    for _ in 0..2 {
        let said = kubeadm.ok(&["init", "phase", "bootstrap-token", &config]);
        has(&said, &["Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles"]);
        kubeadm.ok(&["init", "phase", "upload-config", "kubeadm", &config]);
    }
    let info = "/api/v1/namespaces/kube-public/configmaps/cluster-info";
    let is_signed = |info: &Value| {
        let data = info["data"].as_object();
        data.is_some_and(|data| data.keys().any(|key| key.starts_with("jws-kubeconfig-")))
    };
    until(&admin, info, is_signed).await.unwrap();
    // Anybody may read it, as a node does that knows no more than a token.
    let anybody = api.client(&Identity::anonymous()).unwrap();
    assert!(get(&anybody, info).await["data"]["kubeconfig"].as_str().unwrap().contains(&api.url()));
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    for path in [
        format!("{rbac}/clusterroles/kubeadm:get-nodes"),
        format!("{rbac}/clusterrolebindings/kubeadm:kubelet-bootstrap"),
        format!("{rbac}/clusterrolebindings/kubeadm:node-autoapprove-bootstrap"),
        format!("{rbac}/clusterrolebindings/kubeadm:node-autoapprove-certificate-rotation"),
        format!("{rbac}/namespaces/kube-public/rolebindings/kubeadm:bootstrap-signer-clusterinfo"),
        "/api/v1/namespaces/kube-system/configmaps/kubeadm-config".to_owned(),
    ] {
        assert!(get(&admin, &path).await.is_object(), "{path}");
    }
}
