//! Which servers there are. One more is a variant of [`Running`] and a line in [`start`].

use std::sync::Arc;

use kboot_testkit::Identity;
use kboot_testkit::server::{ApiServer, Controller};
use kboot_testkit::upstream::{Machinery, Running as Cluster, RunningMachinery, Upstream, UpstreamError};
use kube::Client;
use serde_json::{Value, json};

/// The tokens of the servers' file of static tokens.
const STATIC_TOKENS: &str = "static-token-of-jack,jack,uid-of-jack,\"ops,dev\"\nstatic-token-of-root,root,uid-of-root,\"system:masters\"\n";

/// What a scenario needs of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// One kind of object; every server has one.
    Generic,
    /// The same, when all others are done: it changes the server for them.
    Alone,
    /// The APIs of bootstrapping, and no controller that changes something on its own.
    Full,
    /// Controllers.
    Controllers,
}

/// A column of the table: servers of one version, and what stands for the generic kind.
pub(crate) struct Column {
    pub(crate) name: String,
    /// Without controllers.
    pub(crate) plain: Arc<Server>,
    pub(crate) with_controllers: Option<Arc<Server>>,
    pub(crate) is_custom: bool,
    /// Why it says nothing about what is not generic.
    pub(crate) generic_alone: Option<&'static str>,
}

pub(crate) struct Server {
    running: Running,
    minor: u32,
}

enum Running {
    Upstream(Cluster),
    Machinery(RunningMachinery),
    InProcess(ApiServer),
}

impl Server {
    pub(crate) fn client(&self, identity: &Identity) -> Client {
        match &self.running {
            Running::Upstream(api) => api.client(identity).unwrap(),
            Running::Machinery(api) => api.client(identity).unwrap(),
            Running::InProcess(api) => api.client(identity).unwrap(),
        }
    }

    pub(crate) async fn compact(&self) {
        match &self.running {
            Running::Upstream(api) => api.compact().await.unwrap(),
            Running::Machinery(api) => api.compact().await.unwrap(),
            Running::InProcess(api) => api.compact(),
        }
    }

    pub(crate) fn minor(&self) -> u32 {
        self.minor
    }

    /// Whether it has the APIs of bootstrapping.
    pub(crate) fn is_full(&self) -> bool {
        !matches!(self.running, Running::Machinery(_))
    }

    /// A namespace is an object on a full server, and a word on the others.
    pub(crate) async fn make_namespace(&self, name: &str) {
        if self.is_full() {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            self.create("/api/v1/namespaces", &namespace).await;
        }
    }

    async fn create(&self, path: &str, object: &Value) {
        let request = http::Request::post(path).header("content-type", "application/json");
        let request = request.body(object.to_string().into_bytes()).unwrap();
        self.client(&Identity::admin()).request::<Value>(request).await.unwrap();
    }

    /// The generic kind as a custom resource: fields are kept whatever they are, but for those of `strict`.
    async fn define_things(&self) {
        for (plural, kind, schema) in [
            ("things", "Thing", json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})),
            (
                "stricts",
                "Strict",
                json!({"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["size"], "properties": {
                        "size": {"type": "integer", "minimum": 1},
                        "colour": {"type": "string", "enum": ["red", "green"], "default": "green"},
                        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                    }},
                    "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
                }}),
            ),
        ] {
            let definition = json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.kit.example.com")},
                "spec": {
                    "group": "kit.example.com", "scope": "Namespaced",
                    "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
                    "versions": [{
                        "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                        "schema": {"openAPIV3Schema": schema},
                    }],
                },
            });
            self.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition).await;
        }
        let client = self.client(&Identity::admin());
        for path in ["/apis/kit.example.com/v1/things", "/apis/kit.example.com/v1/stricts"] {
            let served = || http::Request::get(path).body(Vec::new()).unwrap();
            while client.request::<Value>(served()).await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

/// Starts all; a server whose programs are missing is left out where that may be. `KBOOT_SERVERS=process` leaves out the
/// real ones, to work with.
pub(crate) async fn start() -> Vec<Column> {
    let mut columns = Vec::new();
    let mut minors = vec![20, Machinery::MINOR];
    if std::env::var("KBOOT_SERVERS").is_ok_and(|servers| servers == "process") {
        eprintln!("SKIPPED: the real servers");
    } else if let Some(upstream) = present(Upstream::locate()) {
        minors = vec![upstream.minor(), Machinery::MINOR];
        real(upstream, &mut columns).await;
    }
    for minor in minors {
        in_process(minor, &mut columns).await;
    }
    columns
}

async fn real(upstream: Upstream, columns: &mut Vec<Column>) {
    let minor = upstream.minor();
    let upstream = upstream.with_static_tokens(STATIC_TOKENS);
    let (plain, with_controllers) =
        tokio::join!(upstream.clone().start(), upstream.with_controller_manager().start());
    let (plain, with_controllers) = (plain.unwrap(), with_controllers.unwrap());
    let machinery = match present(Machinery::locate()) {
        Some(machinery) => Some(machinery.start(&plain).await.unwrap()),
        None => None,
    };
    let server = |running, minor| Arc::new(Server { running, minor });
    let plain = server(Running::Upstream(plain), minor);
    let name = if minor == 20 { "1.20.2".to_owned() } else { format!("1.{minor}") };
    full(&name, plain, server(Running::Upstream(with_controllers), minor), columns).await;
    if let Some(machinery) = machinery {
        let plain = server(Running::Machinery(machinery), Machinery::MINOR);
        plain.define_things().await;
        columns.push(Column {
            name: format!("1.{}, custom", Machinery::MINOR),
            plain,
            with_controllers: None,
            is_custom: true,
            generic_alone: Some("has custom resources alone"),
        });
    }
}

/// This crate's own, of the same version.
async fn in_process(minor: u32, columns: &mut Vec<Column>) {
    // The patch of the real one, which kboot's report names.
    let version = if minor == 20 { "1.20.2".to_owned() } else { format!("1.{minor}") };
    let builder = || ApiServer::builder().version(&version).static_tokens(STATIC_TOKENS);
    let server = |api| Arc::new(Server { running: Running::InProcess(api), minor });
    let plain = server(builder().start().await.unwrap());
    let with_controllers = server(builder().controllers(Controller::ALL).start().await.unwrap());
    full(&format!("in process 1.{minor}"), plain, with_controllers, columns).await;
}

/// The columns of a server that has all there is for bootstrapping.
async fn full(name: &str, plain: Arc<Server>, with_controllers: Arc<Server>, columns: &mut Vec<Column>) {
    columns.push(Column {
        name: name.to_owned(),
        plain: Arc::clone(&plain),
        with_controllers: Some(with_controllers),
        is_custom: false,
        generic_alone: None,
    });
    // What differs here as well does so because of the kind, not of the version.
    plain.define_things().await;
    columns.push(Column {
        name: format!("{name}, custom"),
        plain,
        with_controllers: None,
        is_custom: true,
        generic_alone: Some("is the same server, with custom resources as the generic kind"),
    });
}

fn present<T>(located: Result<T, UpstreamError>) -> Option<T> {
    match located {
        Ok(located) => Some(located),
        Err(error) => {
            assert!(std::env::var_os("KBOOT_REQUIRE_ORACLES").is_none_or(|value| value != "1"), "{error}");
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}
