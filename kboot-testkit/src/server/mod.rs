//! A Kubernetes API server inside the test process.
//!
//! It listens on loopback with certificates of its own, knows its clients as upstream's does, lets them do what RBAC and the
//! node authorizer let them do, and says what upstream says, of the version that is asked for. Nothing is kept but in
//! memory: it is for tests.
//!
//! Custom resources are pruned, defaulted and held against the schemas of their definitions, whose rules in CEL
//! (`x-kubernetes-validations`) are taken and not run; nor are formats checked, nor conversion webhooks called.

mod admission;
mod answer;
mod attributes;
mod authn;
mod authz;
mod builder;
mod clock;
mod controllers;
mod custom;
mod discovery;
mod engine;
mod error;
mod faults;
#[cfg(fuzzing)]
mod fuzzing;
mod http;
mod impersonation;
mod negotiate;
mod openapi;
mod patch;
mod path;
mod pki;
mod port;
mod proxy;
mod registry;
mod requests;
mod resource;
mod schema;
mod selector;
mod status;
mod store;
mod table;
mod verbs;
mod watched;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_core::BootstrapToken;
use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::rbac::tls_bootstrapping;
use kboot_core::secret::SecretText;
use kboot_core::time::Timestamp;
use kboot_core::token::TokenSettings;
use rustls::pki_types::TrustAnchor;
use serde_json::Value;
use tokio::sync::watch;

pub use self::builder::ApiServerBuilder;
pub use self::clock::Clock;
pub(crate) use self::clock::Follower;
pub use self::controllers::Controller;
pub use self::error::ServerError;
pub use self::faults::{Fault, FaultOn, Faults};
pub use self::requests::{Expected, Request, Requests};

use self::answer::Look;
use self::attributes::Attributes;
use self::authn::Authenticator;
use self::authz::Decision;
use self::pki::Pki;
use self::port::Port;
use self::registry::Registry;
use self::schema::Schema;
use self::status::Status;
use self::store::{Author, Key, Place, Store};
use self::table::Seen;
use self::verbs::Call;
use crate::Identity;
use crate::identity::Credential;

/// All of a server that its tasks share.
pub(crate) struct Server {
    pub(crate) minor: u32,
    pub(crate) patch: u32,
    pub(crate) port: Port,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) schema: Arc<Schema>,
    pub(crate) authenticator: Authenticator,
    pub(crate) anchors: Vec<TrustAnchor<'static>>,
    pub(crate) pki: Pki,
    pub(crate) faults: Arc<faults::State>,
    pub(crate) requests: Arc<requests::Log>,
}

impl Server {
    pub(crate) fn decide(&self, attributes: &Attributes) -> Decision {
        authz::authorize(attributes, &self.store, self.minor)
    }

    pub(crate) fn allows(&self, attributes: &Attributes) -> bool {
        self.decide(attributes).is_allowed()
    }

    pub(crate) fn check_allowed(&self, attributes: &Attributes) -> Result<(), Status> {
        match self.decide(attributes) {
            Decision::Allow(_) => Ok(()),
            Decision::NoOpinion(reason) => Err(authz::forbidden(attributes, &reason)),
        }
    }

    /// Nobody gives away by a role what they do not have themselves.
    pub(crate) fn check_grants(
        &self,
        call: &Call<'_>,
        old: Option<&Value>,
        object: &Value,
    ) -> Result<(), Status> {
        if call.resource.group != "rbac.authorization.k8s.io" {
            return Ok(());
        }
        match call.resource.plural.as_str() {
            "roles" | "clusterroles" => {
                authz::check_role(call.attributes, object, old, &self.store, self.minor)
            }
            _ => authz::check_binding(call.attributes, object, old, &self.store, self.minor),
        }
    }

    pub(crate) fn git_version(&self) -> String {
        format!("v1.{}.{}", self.minor, self.patch)
    }

    /// How objects look to who asks now.
    pub(crate) fn look<'a>(&'a self, include: &'a str) -> Look<'a> {
        Look { schema: &self.schema, include, seen: Seen { now: self.clock.time(), minor: self.minor } }
    }

    /// `WatchList` is on in 1.32 and from 1.34 on.
    pub(crate) fn has_watch_lists(&self) -> bool {
        self.minor == 32 || self.minor >= 34
    }

    /// Puts an object in without asking anybody.
    fn seed(&self, group: &str, resource: &str, mut object: Value) {
        let metadata = &mut object["metadata"];
        metadata["uid"] = verbs::uid().into();
        metadata["creationTimestamp"] = self.clock.rfc3339().into();
        let part = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        let key = Key { namespace: part("namespace"), name: part("name") };
        let by = Author { user: "system:apiserver".to_owned(), verb: "create", time: self.clock.now() };
        // What is there already stays.
        let _ = self.store.write(&Place::new(group, resource), &key, None, object, by);
    }
}

/// The threads of a server, and the word that ends its connections.
struct Running {
    runtime: Option<tokio::runtime::Runtime>,
    stop: watch::Sender<bool>,
}

impl Running {
    fn serve(
        &mut self,
        server: Arc<Server>,
        listener: tokio::net::TcpListener,
        acceptor: tokio_rustls::TlsAcceptor,
    ) {
        let (stop, stopped) = watch::channel(false);
        self.stop = stop;
        if let Some(runtime) = &self.runtime {
            runtime.spawn(http::serve(server, listener, acceptor, stopped));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A manifest that is ours.
fn object(text: &str) -> Result<Value, ServerError> {
    serde_saphyr::from_str(text).map_err(|why| ServerError::Client(Box::new(why)))
}

/// A change of an object.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Write {
    /// The `resourceVersion` that it made.
    pub version: u64,
    /// Who wrote.
    pub user: String,
    /// `create`, `update`, `patch` or `delete`.
    pub verb: String,
    /// When, by the server's clock.
    pub time: Timestamp,
    /// What it became; of what was deleted, what it was.
    pub object: Value,
}

/// A Kubernetes API server inside this process; dropping it ends all of it.
///
/// ```
/// use kboot_testkit::{Identity, server::ApiServer};
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let api = ApiServer::builder().version("1.36").start().await?;
/// let admin = api.client(&Identity::admin())?;
/// assert_eq!(admin.apiserver_version().await?.git_version, "v1.36.0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ApiServer {
    server: Arc<Server>,
    acceptor: tokio_rustls::TlsAcceptor,
    running: Running,
    /// The clock asks it, as long as the server is there.
    _settle: Option<Arc<engine::Settle>>,
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ApiServer")
            .field("url", &self.url())
            .field("minor", &self.server.minor)
            .finish_non_exhaustive()
    }
}

impl ApiServer {
    /// A server of the newest version, on a free port, by the machine's clock, without controllers.
    pub fn builder() -> ApiServerBuilder {
        ApiServerBuilder::newest()
    }

    /// Where it answers: `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.server.port.address)
    }

    /// The certificate of its authority, in PEM.
    #[must_use]
    pub fn authority_pem(&self) -> String {
        self.server.pki.authority.certificate().to_pem()
    }

    /// The key of its authority, in PEM: for tests with a signer of their own, such as kube-controller-manager
    /// (`--cluster-signing-key-file`). Whoever has it is anybody here.
    ///
    /// # Errors
    /// [`ServerError`] where the key cannot be written as PEM.
    pub fn authority_key_pem(&self) -> Result<SecretText, ServerError> {
        Ok(self.server.pki.authority.key().to_pem()?)
    }

    /// The key that signs the tokens of service accounts, in PEM: for tests with a kube-controller-manager of their own
    /// (`--service-account-private-key-file`). Whoever has it is any service account here.
    ///
    /// # Errors
    /// [`ServerError`] where the key cannot be written as PEM.
    pub fn service_account_key_pem(&self) -> Result<SecretText, ServerError> {
        Ok(self.server.pki.service_accounts.to_pem()?)
    }

    /// A client. It belongs to the Tokio runtime that this is called in. A certificate is good for a year of the server's
    /// clock.
    ///
    /// # Errors
    /// [`ServerError`] where a name cannot stand in a certificate, or the clock is past the authority's hundred years.
    ///
    /// # Panics
    /// Outside a Tokio runtime, as [`kube::Client`] does.
    pub fn client(&self, identity: &Identity) -> Result<kube::Client, ServerError> {
        let url = self.url().parse().map_err(|why| ServerError::Client(Box::new(why)))?;
        let mut config = kube::Config::new(url);
        // A test sees each answer, not the last of several.
        config.default_retry = false;
        config.root_cert = Some(vec![self.server.pki.authority.certificate().der().to_vec()]);
        match identity.credential() {
            Credential::Certificate { user, groups } => {
                let (certificate, key) = self.server.pki.client(user, groups, &self.server.clock)?;
                config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate.to_pem()));
                let key = STANDARD.encode(key.to_pem()?.expose_secret());
                config.auth_info.client_key_data = Some(key.into());
            }
            Credential::Token(token) => config.auth_info.token = Some(token.clone().into()),
            Credential::Nothing => {}
        }
        kube::Client::try_from(config).map_err(|why| ServerError::Client(Box::new(why)))
    }

    /// A kubeconfig, in YAML, with all that it needs inside. A certificate is good for a year of the server's clock.
    ///
    /// # Errors
    /// [`ServerError`] where a name cannot stand in a certificate.
    pub fn kubeconfig(&self, identity: &Identity) -> Result<String, ServerError> {
        let endpoint = self.url().parse().map_err(|_| ServerError::Name { name: self.url() })?;
        let cluster = Kubeconfig::for_cluster("kubernetes", &endpoint)
            .trusting(self.server.pki.authority.certificate());
        let ready = match identity.credential() {
            Credential::Certificate { user, groups } => {
                let (certificate, key) = self.server.pki.client(user, groups, &self.server.clock)?;
                cluster.as_user(user).with_certificate(&certificate, &key)
            }
            Credential::Token(token) => {
                cluster.as_user("token").with_bearer_token(SecretText::new(token.clone()))
            }
            // A token that nobody has is refused, so there is none.
            Credential::Nothing => {
                cluster.as_user("anonymous").with_bearer_token(SecretText::new(String::new()))
            }
        };
        Ok(ready.build()?.to_yaml()?.expose_secret().to_owned())
    }

    /// Puts a bootstrap token and the roles of TLS bootstrapping into the cluster, as `kubeadm init` does: its bearer may ask
    /// for a kubelet's client certificate, and [`Controller::CsrApproving`] approves that.
    ///
    /// # Errors
    /// [`ServerError::Pki`] where the settings make no Secret.
    pub fn add_bootstrap_token(
        &self,
        token: &BootstrapToken,
        settings: &TokenSettings,
    ) -> Result<(), ServerError> {
        let secret = token.secret(settings)?.to_json()?;
        let mut secret = object(secret.expose_secret())?;
        // As the API server keeps it; its clients alone write texts.
        if let Some(Value::Object(texts)) =
            secret.as_object_mut().and_then(|secret| secret.remove("stringData"))
        {
            let octets = |text: Value| Value::from(STANDARD.encode(text.as_str().unwrap_or_default()));
            secret["data"] = texts.into_iter().map(|(key, text)| (key, octets(text))).collect();
        }
        self.server.seed("", "secrets", secret);
        for binding in tls_bootstrapping() {
            let yaml = binding.to_yaml().map_err(|why| ServerError::Client(Box::new(why)))?;
            self.server.seed("rbac.authorization.k8s.io", "clusterrolebindings", object(&yaml)?);
        }
        Ok(())
    }

    /// What is to go wrong.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults(Arc::clone(&self.server.faults))
    }

    /// What was asked.
    #[must_use]
    pub fn requests(&self) -> Requests {
        Requests(Arc::clone(&self.server.requests))
    }

    /// Who wrote an object, when and how, the oldest write first; the namespace of what has none is empty, and so is the
    /// group of the core API (`certificates.k8s.io`, not `certificates`).
    ///
    /// The last 8,192 changes of a resource are remembered.
    #[must_use]
    pub fn history(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Vec<Write> {
        let key = Key { namespace: namespace.to_owned(), name: name.to_owned() };
        let events = self.server.store.history(&Place::new(group, resource), &key);
        let write = |event: &Arc<store::Event>| Write {
            version: event.revision,
            user: event.by.user.clone(),
            verb: event.by.verb.to_owned(),
            time: event.by.time,
            object: Value::clone(&event.object.value),
        };
        events.iter().map(write).collect()
    }

    /// The clock that it lives by.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.server.clock.clone()
    }

    /// Forgets what happened so far: the next watch from a version before that gets 410, as upstream's watch cache says
    /// it: an event `ERROR` in an answer 200.
    ///
    /// A watch that has seen everything goes on. So that one must begin anew, it has to miss something: order
    /// `faults().on("watch", …).drop_connection()`, then [`Faults::drop_watches`], write, compact, and take the fault
    /// back.
    pub fn compact(&self) {
        self.server.store.compact();
    }

    /// Ends all connections and listens no more; what is stored stays.
    pub async fn stop(&self) {
        self.running.stop.send_replace(true);
        // Who has ended holds no receiver any more.
        self.running.stop.closed().await;
    }

    /// Listens again where it did, after [`Self::stop`] or instead of it.
    ///
    /// # Errors
    /// [`ServerError::Listen`] where somebody else has taken the port.
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.stop().await;
        let Some(runtime) = &self.running.runtime else { return Ok(()) };
        let listener = {
            let _entered = runtime.enter();
            self.server.port.listen()?
        };
        self.running.serve(Arc::clone(&self.server), listener, self.acceptor.clone());
        Ok(())
    }
}
