//! How a server is to be, and its start.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::json;
use tokio::sync::watch;

use super::authn::service_account::ServiceAccountTokens;
use super::authn::{self, Authenticator};
use super::clock::Clock;
use super::controllers::{Authority, Controller};
use super::error::ServerError;
use super::pki::Pki;
use super::port::Port;
use super::registry::Registry;
use super::schema::Schema;
use super::store::Store;
use super::{ApiServer, Running, Server, authz, engine, http};

/// The versions that a server can be of: Kubernetes 1.20 to 1.37.
const OLDEST: u32 = 20;
pub(crate) const NEWEST: u32 = 37;

/// How a server is to be; see [`ApiServer::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is started yet"]
pub struct ApiServerBuilder {
    version: String,
    clock: Clock,
    port: u16,
    tokens: String,
    controllers: BTreeSet<Controller>,
}

impl ApiServerBuilder {
    pub(super) fn newest() -> Self {
        Self {
            version: format!("1.{NEWEST}"),
            clock: Clock::system(),
            port: 0,
            tokens: String::new(),
            controllers: BTreeSet::new(),
        }
    }

    /// The version of Kubernetes that the server is of: `1.36`, `v1.36.4`.
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// The clock that the server lives by; without it the machine's.
    pub fn clock(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// What acts in the cluster by itself; without it nothing does.
    pub fn controllers(mut self, controllers: impl IntoIterator<Item = Controller>) -> Self {
        self.controllers.extend(controllers);
        self
    }

    /// The port to listen on; without it a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Bearer tokens and whose they are: a file as of `--token-auth-file`, with the columns token, user, UID and groups.
    pub fn static_tokens(mut self, file: &str) -> Self {
        file.clone_into(&mut self.tokens);
        self
    }

    /// Starts the server. When this returns it answers.
    ///
    /// # Errors
    /// [`ServerError`] for a version that it does not have, and where the port is taken.
    pub async fn start(self) -> Result<ApiServer, ServerError> {
        let (minor, patch) = version(&self.version).ok_or(ServerError::Version { asked: self.version })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            // YAML that is nested as deep as it may be is read by recursion.
            .thread_stack_size(16 * 1024 * 1024)
            .thread_name("kboot-apiserver")
            .enable_all()
            .build()
            .map_err(ServerError::Threads)?;
        // From here on the runtime is the guard's, so that it is not dropped inside another.
        let mut running = Running { runtime: Some(runtime), stop: watch::channel(false).0 };
        let pki = Pki::create(&self.clock)?;
        let acceptor = http::acceptor(&pki)?;
        let port = Port::take(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))?;
        let listener = {
            let _entered = running.runtime.as_ref().map(tokio::runtime::Runtime::enter);
            port.listen()?
        };
        let anchor = pki.authority_der();
        let anchor = ::webpki::anchor_from_trusted_cert(&anchor)
            .map_err(|why| ServerError::Tls { why: why.to_string() })?;
        let anchors = vec![anchor.to_owned()];
        let service_accounts =
            ServiceAccountTokens::new(pki.service_accounts.to_pkcs8_der()?.expose_secret());
        let service_accounts = service_accounts
            .ok_or_else(|| ServerError::Tls { why: "the key of service accounts is refused".to_owned() })?;
        let server = Arc::new(Server {
            minor,
            patch,
            port,
            clock: self.clock,
            store: Store::default(),
            registry: Registry::of_version(minor),
            schema: Schema::of_version(minor),
            authenticator: Authenticator {
                static_tokens: authn::static_tokens(&self.tokens)?,
                service_accounts,
                minor,
            },
            anchors,
            pki,
            faults: Arc::default(),
            requests: Arc::default(),
        });
        for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            let mut object = json!({
                "kind": "Namespace",
                "apiVersion": "v1",
                "metadata": {"name": namespace},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            });
            if minor >= 21 {
                object["metadata"]["labels"] = json!({"kubernetes.io/metadata.name": namespace});
            }
            server.seed("", "namespaces", object);
        }
        for object in authz::default_objects(minor) {
            let resource = match object["kind"].as_str() {
                Some("ClusterRole") => "clusterroles",
                Some("ClusterRoleBinding") => "clusterrolebindings",
                Some("Role") => "roles",
                _ => "rolebindings",
            };
            server.seed("rbac.authorization.k8s.io", resource, object);
        }
        let authority = Authority::new(
            server.pki.authority.certificate().der(),
            server.pki.authority.key().to_pkcs8_der()?.expose_secret(),
        )
        .map_err(|why| ServerError::Tls { why })?;
        let authority = Arc::new(authority);
        let controllers: Vec<_> =
            self.controllers.iter().map(|controller| controller.reconciler(&authority, minor)).collect();
        let settle =
            running.runtime.as_ref().map(|runtime| engine::start(&server, controllers, runtime.handle()));
        running.serve(Arc::clone(&server), listener, acceptor.clone());
        Ok(ApiServer { server, acceptor, running, _settle: settle })
    }
}

/// The minor and the patch of `1.36`, `v1.36.4`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
    let major = parts.next()?;
    let minor = parts.next()?.parse().ok().filter(|minor| (OLDEST..=NEWEST).contains(minor))?;
    let patch = parts.next().map_or(Some(0), |patch| patch.parse().ok())?;
    (major == "1" && parts.next().is_none()).then_some((minor, patch))
}
