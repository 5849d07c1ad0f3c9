//! Informers of client-go 0.36 against the server, with watch lists and without, in JSON and in protobuf: they are
//! synced at once, see everything once, and lose nothing whatever goes wrong. The real servers are the judges.

mod judges;
mod losses;
mod program;
mod sync;

use kboot_testkit::Identity;
use kboot_testkit::server::ApiServer;
use kube::Client;
use serde_json::{Value, json};

use crate::support::post;

/// What is watched: with the types of client-go, and as a custom resource.
const SECRETS: &str = "/v1/secrets";
const NODES: &str = "/v1/nodes";
const REQUESTS: &str = "certificates.k8s.io/v1/certificatesigningrequests";
const THINGS: &str = "kit.example.com/v1/things";

/// How an informer asks.
#[derive(Debug, Clone, Copy)]
struct Mode {
    watch_lists: bool,
    protobuf: bool,
}

const MODES: [Mode; 4] = [
    Mode { watch_lists: true, protobuf: false },
    Mode { watch_lists: true, protobuf: true },
    Mode { watch_lists: false, protobuf: false },
    Mode { watch_lists: false, protobuf: true },
];

/// Where a resource is served.
fn path(resource: &str) -> String {
    match resource.strip_prefix('/') {
        Some(core) => format!("/api/{core}"),
        None => format!("/apis/{resource}"),
    }
}

fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"of": name}})
}

fn thing(name: &str) -> Value {
    json!({"apiVersion": "kit.example.com/v1", "kind": "Thing", "metadata": {"name": name}, "spec": {"of": name}})
}

/// Has the server serve things.
async fn define_things(client: &Client) {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.kit.example.com"},
        "spec": {
            "group": "kit.example.com", "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    });
    post(client, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition).await;
    let is_served = || http::Request::get(path(THINGS)).body(Vec::new()).unwrap();
    while client.request::<Value>(is_served()).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// A server with so many secrets, some of the other kinds, and its administrator.
async fn filled(version: &str, secrets: usize) -> (ApiServer, Client) {
    let api = ApiServer::builder().version(version).start().await.unwrap();
    let admin = api.client(&Identity::admin()).unwrap();
    define_things(&admin).await;
    for number in 0..secrets {
        post(&admin, "/api/v1/namespaces/default/secrets", &secret(&format!("secret-{number}"))).await;
    }
    for number in 0..20 {
        post(&admin, &in_default(THINGS), &thing(&format!("thing-{number}"))).await;
    }
    for number in 0..3 {
        let node =
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("node-{number}")}});
        post(&admin, "/api/v1/nodes", &node).await;
        let request = crate::kubectl::request(&format!("request-{number}"));
        crate::support::post_yaml(&admin, &path(REQUESTS), &request).await;
    }
    (api, admin)
}

/// Where objects of the namespace `default` are.
fn in_default(resource: &str) -> String {
    let path = path(resource);
    let (before, plural) = path.rsplit_once('/').unwrap();
    format!("{before}/namespaces/default/{plural}")
}
