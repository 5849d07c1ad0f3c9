//! A cluster that nodes can join, and what a test does in it as its administrator.

use std::time::{Duration, Instant};

use kboot_core::token::{BootstrapToken, TokenSettings};
use kboot_core::{Env, rbac};
use kboot_testkit::Identity;
use kboot_testkit::server::{ApiServer, Clock, Controller, Faults};
use kboot_testkit::upstream::Upstream;
use serde_json::{Value, json};

pub(crate) const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
pub(crate) const SECONDS_10: Duration = Duration::from_secs(10);

/// An API server with its controllers, and with the roles and the token that nodes join by.
pub(crate) struct Cluster {
    pub(crate) admin: kube::Client,
    pub(crate) bootstrap: String,
    pub(crate) version: String,
    /// What is to go wrong, of the server in the process.
    pub(crate) faults: Option<Faults>,
    _server: Box<dyn std::any::Any>,
}

impl Cluster {
    /// Upstream's programs; none, with a line on stderr, where they are missing and may be.
    pub(crate) async fn upstream() -> Option<Self> {
        let upstream = match Upstream::locate() {
            Ok(upstream) => upstream.with_controller_manager(),
            Err(error) => {
                assert!(
                    std::env::var_os("KBOOT_REQUIRE_ORACLES").is_none_or(|value| value != "1"),
                    "{error}"
                );
                eprintln!("SKIPPED: {error}");
                return None;
            }
        };
        let running = upstream.start().await.unwrap();
        let admin = running.client(&Identity::admin()).unwrap();
        let token = Self::prepare(&admin).await;
        let bootstrap = Identity::bootstrap(&token);
        // Its authenticator and its authorizer read caches.
        let joining = running.client(&bootstrap).unwrap();
        let list = || joining.request::<Value>(http::Request::get(REQUESTS).body(Vec::new()).unwrap());
        let until = Instant::now() + SECONDS_10;
        while let Err(error) = list().await {
            assert!(Instant::now() < until, "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let bootstrap = running.kubeconfig(&bootstrap).unwrap().expose_secret().to_owned();
        let version = format!("1.{}", running.minor());
        Some(Self { admin, bootstrap, version, faults: None, _server: Box::new(running) })
    }

    /// The server in the process, by this clock.
    pub(crate) async fn in_process(version: &str, clock: &Clock) -> Self {
        let api = ApiServer::builder().version(version).clock(clock);
        // A token: a certificate ends where the clock is moved by years.
        let api = api.static_tokens("hunter2,root,0,system:masters\n");
        let api = api.controllers([Controller::CsrApproving, Controller::CsrSigning]).start().await.unwrap();
        let admin = api.client(&Identity::token("hunter2")).unwrap();
        let token = Self::prepare(&admin).await;
        let bootstrap = api.kubeconfig(&Identity::bootstrap(&token)).unwrap();
        Self {
            admin,
            bootstrap,
            version: version.to_owned(),
            faults: Some(api.faults()),
            _server: Box::new(api),
        }
    }

    async fn prepare(admin: &kube::Client) -> BootstrapToken {
        let token = BootstrapToken::generate(&mut Env::system()).unwrap();
        let secret = token.secret(&TokenSettings::new()).unwrap().to_json().unwrap();
        post(admin, "/api/v1/namespaces/kube-system/secrets", "application/json", secret.expose_secret())
            .await;
        for binding in rbac::tls_bootstrapping() {
            let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
            post(admin, path, "application/yaml", &binding.to_yaml().unwrap()).await;
        }
        token
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.admin.request(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap()
    }

    /// Puts a condition on a request, as `kubectl certificate approve` and `deny` do.
    pub(crate) async fn decide(&self, name: &str, kind: &str) {
        let mut object = self.get(&format!("{REQUESTS}/{name}")).await;
        let condition =
            json!({"type": kind, "status": "True", "reason": "ByTest", "message": "said the test"});
        object["status"]["conditions"] = json!([condition]);
        let request = http::Request::put(format!("{REQUESTS}/{name}/approval"));
        let request =
            request.header("content-type", "application/json").body(object.to_string().into_bytes());
        self.admin.request::<Value>(request.unwrap()).await.unwrap();
    }

    /// Takes the right away to have client certificates approved for nothing but a token.
    pub(crate) async fn without_auto_approval(&self) {
        let path =
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubeadm:node-autoapprove-bootstrap";
        self.admin.request::<Value>(http::Request::delete(path).body(Vec::new()).unwrap()).await.unwrap();
    }
}

async fn post(client: &kube::Client, path: &str, kind: &str, body: &str) {
    let request = http::Request::post(path).header("content-type", kind).body(body.as_bytes().to_vec());
    client.request::<Value>(request.unwrap()).await.unwrap();
}
