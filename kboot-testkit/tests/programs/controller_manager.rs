//! The real kube-controller-manager runs its controllers against the server: in protobuf, each with a service account.

use std::time::Duration;

use kboot_core::{BootstrapToken, Env, rbac};
use kboot_testkit::Identity;
use kboot_testkit::kubelet::VirtualKubelet;
use kboot_testkit::server::ApiServer;
use kube::Client;
use serde_json::{Value, json};

use crate::support::{Started, Tool, delete, get, of_cache, post, post_yaml, until};

const CONTROLLERS: &str = "csrapproving,csrsigning,csrcleaner,tokencleaner,bootstrapsigner,namespace,garbagecollector,\
                           serviceaccount,serviceaccount-token,root-ca-cert-publisher,clusterrole-aggregation,ttl,\
                           nodelifecycle";
const SECRETS: &str = "/api/v1/namespaces/kube-system/secrets";

/// A cluster that lives by the real controllers; none where the program is missing.
struct Cluster {
    api: ApiServer,
    admin: Client,
    manager: Started,
    /// Holds its files.
    _tool: Tool,
}

impl Cluster {
    async fn start() -> Option<Self> {
        let program = of_cache("kubernetes-v1.20.2/bin", "kube-controller-manager")?;
        let api = ApiServer::builder().version("1.20.2").start().await.unwrap();
        let tool = Tool::new(program, &[]);
        let identity = Identity::certificate::<&str>("system:kube-controller-manager", []);
        let authority = tool.write("ca.crt", api.authority_pem());
        let flags = [
            format!("--kubeconfig={}", tool.write("kubeconfig", api.kubeconfig(&identity).unwrap())),
            format!("--cluster-signing-cert-file={authority}"),
            format!("--root-ca-file={authority}"),
            format!(
                "--cluster-signing-key-file={}",
                tool.write("ca.key", api.authority_key_pem().unwrap().expose_secret())
            ),
            format!(
                "--service-account-private-key-file={}",
                tool.write("sa.key", api.service_account_key_pem().unwrap().expose_secret())
            ),
            format!("--controllers={CONTROLLERS}"),
            "--use-service-account-credentials=true".to_owned(),
            // It is its own leader by a Lease, as in a cluster; and serves nothing here.
            "--port=0".to_owned(),
            "--secure-port=0".to_owned(),
            "--v=8".to_owned(),
        ];
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        let manager = tool.start(&flags);
        let admin = api.client(&Identity::admin()).unwrap();
        Some(Self { api, admin, manager, _tool: tool })
    }

    /// A token's Secret that ends after so many seconds.
    async fn token(&self, seconds: u64) -> BootstrapToken {
        let token = BootstrapToken::generate(&mut Env::system()).unwrap();
        let end = self.api.clock().now().after(format!("{seconds}s").parse().unwrap()).unwrap();
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name_of(&token)},
            "type": "bootstrap.kubernetes.io/token",
            "stringData": {
                "token-id": token.id().as_str(),
                "token-secret": token.secret_half().expose_secret(),
                "usage-bootstrap-authentication": "true",
                "usage-bootstrap-signing": "true",
                "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
                "expiration": end.to_string(),
            },
        });
        post(&self.admin, SECRETS, &secret).await;
        token
    }

    async fn until(&self, path: &str, is: impl Fn(&Value) -> bool) -> Value {
        until(&self.admin, path, is)
            .await
            .unwrap_or_else(|last| panic!("{path}: {last}\n{}", self.manager.log()))
    }

    /// Nothing that it says it could not read or was not allowed. That an object has changed, or that its namespace is about
    /// to go, is said as well, and is no fault.
    fn has_no_complaints(&self) {
        let log = self.manager.log();
        let is_complaint = |line: &&str| {
            let faults =
                ["orbidden", "nauthorized", "decode", "unknown", "unable to", "could not find", "cannot"];
            let is_late = line.contains("because it is being terminated")
                || line.contains("the object has been modified");
            line.starts_with('E') && !is_late && faults.iter().any(|fault| line.contains(fault))
        };
        assert_eq!(log.lines().filter(is_complaint).collect::<Vec<_>>(), Vec::<&str>::new());
        for said in ["Started \"csrsigning\"", "Content-Type: application/vnd.kubernetes.protobuf"] {
            assert!(log.contains(said), "no {said:?}: {log}");
        }
    }
}

fn name_of(token: &BootstrapToken) -> String {
    format!("bootstrap-token-{}", token.id().as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_by_the_real_controllers() {
    let Some(cluster) = Cluster::start().await else { return };
    for binding in rbac::tls_bootstrapping() {
        let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        post_yaml(&cluster.admin, path, &binding.to_yaml().unwrap()).await;
    }
    let token = cluster.token(3600).await;
    let bootstrap = cluster.api.kubeconfig(&Identity::bootstrap(&token)).unwrap();
    let kubelet = VirtualKubelet::builder("node-1").version("1.20").start(&bootstrap).await.unwrap();
    let status = kubelet.wait_until_ready(Duration::from_secs(90)).await;
    status.unwrap_or_else(|error| panic!("{error}\n{}", cluster.manager.log()));
    let requests = get(&cluster.admin, "/apis/certificates.k8s.io/v1/certificatesigningrequests").await;
    let request = requests["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|request| request["spec"]["signerName"] == "kubernetes.io/kube-apiserver-client-kubelet");
    let condition = &request.unwrap()["status"]["conditions"][0];
    assert_eq!(condition["reason"], "AutoApproved");
    assert_eq!(condition["message"], "Auto approving kubelet client certificate after SubjectAccessReview.");
    let name = request.unwrap()["metadata"]["name"].as_str().unwrap();
    let history = cluster.api.history("certificates.k8s.io", "certificatesigningrequests", "", name);
    let by: Vec<_> = history.iter().map(|write| write.user.as_str()).collect();
    let controller = "system:serviceaccount:kube-system:certificate-controller";
    assert_eq!(by[1..], [controller, controller]);
    // Of the node's controllers: the annotation that says how long Secrets may be cached.
    cluster
        .until("/api/v1/nodes/node-1", |node| {
            node["metadata"]["annotations"]["node.alpha.kubernetes.io/ttl"] == "0"
        })
        .await;
    let lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager";
    let holder = get(&cluster.admin, lease).await;
    assert!(holder["spec"]["holderIdentity"].is_string(), "{holder}");
    cluster.has_no_complaints();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_and_cluster_info_is_signed_by_the_real_controllers() {
    let Some(cluster) = Cluster::start().await else { return };
    let (lasting, ending) = (cluster.token(3600).await, cluster.token(8).await);
    let path = "/api/v1/namespaces/kube-public/configmaps";
    let info = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "cluster-info"},
        "data": {"kubeconfig": "apiVersion: v1\nkind: Config\n"},
    });
    post(&cluster.admin, path, &info).await;
    let signature = |token: &BootstrapToken| format!("jws-kubeconfig-{}", token.id().as_str());
    let path = format!("{path}/cluster-info");
    let signed = cluster.until(&path, |info| info["data"][signature(&lasting)].is_string()).await;
    let text = signed["data"][signature(&lasting)].as_str().unwrap();
    assert_eq!(text.split('.').map(str::is_empty).collect::<Vec<_>>(), [false, true, false], "{text}");
    cluster.until(&format!("{SECRETS}/{}", name_of(&ending)), Value::is_null).await;
    // Its signature goes as well; the other token and its signature stay.
    cluster.until(&path, |info| info["data"][signature(&ending)].is_null()).await;
    let info = get(&cluster.admin, &path).await;
    assert!(info["data"][signature(&lasting)].is_string(), "{info}");
    assert!(get(&cluster.admin, &format!("{SECRETS}/{}", name_of(&lasting))).await.is_object());
    let history = cluster.api.history("", "secrets", "kube-system", &name_of(&ending));
    let last = history.last().unwrap();
    assert_eq!(
        (last.verb.as_str(), last.user.as_str()),
        ("delete", "system:serviceaccount:kube-system:token-cleaner")
    );
    cluster.has_no_complaints();
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_and_what_belongs_to_what_is_gone_go_by_the_real_controllers() {
    let Some(cluster) = Cluster::start().await else { return };
    let named = |name: &str| json!({"apiVersion": "v1", "metadata": {"name": name}});
    let mut namespace = named("x");
    namespace["kind"] = "Namespace".into();
    post(&cluster.admin, "/api/v1/namespaces", &namespace).await;
    // What comes into each namespace.
    cluster.until("/api/v1/namespaces/x/configmaps/kube-root-ca.crt", Value::is_object).await;
    let account = "/api/v1/namespaces/x/serviceaccounts/default";
    let account = cluster.until(account, |account| account["secrets"][0]["name"].is_string()).await;
    let secret = account["secrets"][0]["name"].as_str().unwrap();
    let secret = get(&cluster.admin, &format!("/api/v1/namespaces/x/secrets/{secret}")).await;
    assert_eq!(secret["type"], "kubernetes.io/service-account-token");

    let maps = "/api/v1/namespaces/x/configmaps";
    let mut owner = named("owner");
    owner["kind"] = "ConfigMap".into();
    let owner = post(&cluster.admin, maps, &owner).await;
    for (name, blocks) in [("one", true), ("two", false)] {
        let mut owned = named(name);
        owned["kind"] = "ConfigMap".into();
        owned["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "owner",
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": blocks,
        }]);
        post(&cluster.admin, maps, &owned).await;
    }
    delete(&cluster.admin, &format!("{maps}/owner"), &json!({"propagationPolicy": "Foreground"})).await;
    for name in ["owner", "one", "two"] {
        cluster.until(&format!("{maps}/{name}"), Value::is_null).await;
    }

    delete(&cluster.admin, "/api/v1/namespaces/x", &json!({})).await;
    cluster.until("/api/v1/namespaces/x", Value::is_null).await;
    let left = get(&cluster.admin, maps).await;
    assert_eq!(left["items"].as_array().map(Vec::len), Some(0), "{left}");
    cluster.has_no_complaints();
}
