//! The way through the server to a node. A second server stands for the kubelet: it does not know the first one's clients.

use kboot_testkit::Identity;
use kboot_testkit::server::ApiServer;
use kube::client::Body;
use serde_json::{Value, json};

use crate::builder;

async fn send(client: &kube::Client, method: &str, path: &str) -> (u16, http::HeaderMap, Value) {
    let request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let (parts, body) = client.send(request).await.unwrap().into_parts();
    let body = body.collect_bytes().await.unwrap();
    (parts.status.as_u16(), parts.headers, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn the_node_answers() {
    let kubelet = ApiServer::builder().start().await.unwrap();
    // Only so old a server asks a kubelet on its own machine.
    let api = builder().version("1.20").start().await.unwrap();
    let client = api.client(&Identity::admin()).unwrap();
    let port: u16 = kubelet.url().rsplit(':').next().unwrap().parse().unwrap();
    node(&client, "here", "127.0.0.1", port).await;
    node(&client, "nowhere", "127.0.0.1", 1).await;
    node(&client, "unnamed", "no-such-host.invalid", port).await;

    let path = "/api/v1/nodes/here/proxy/api/v1/pods?limit=7&watch=a%2Fb";
    let (code, headers, said) = send(&client, "GET", path).await;
    assert_eq!((code, &said["reason"]), (401, &json!("Unauthorized")), "{said}");
    assert_eq!(headers["content-type"], "application/json");
    for method in ["POST", "PUT", "DELETE", "PATCH", "HEAD"] {
        let (code, _, _) = send(&client, method, "/api/v1/nodes/here/proxy/run").await;
        assert_eq!(code, 401, "{method}");
    }
    let seen: Vec<_> =
        kubelet.requests().all().into_iter().map(|one| (one.method, one.path, one.query)).collect();
    let own = |text: &str| text.to_owned();
    assert_eq!(seen[0], (own("GET"), own("/api/v1/pods"), own("limit=7&watch=a%2Fb")));
    assert_eq!(seen[1], (own("POST"), own("/run"), String::new()));
    assert_eq!(seen.len(), 6);

    let (code, headers, _) = send(&client, "GET", "/api/v1/nodes/here/proxy?a=b").await;
    assert_eq!((code, &headers["location"]), (301, &"/api/v1/nodes/here/proxy/?a=b".parse().unwrap()));
    let (code, _, said) = send(&client, "GET", "/api/v1/nodes/nowhere/proxy/healthz").await;
    let refused = "error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused";
    assert_eq!((code, &said["message"]), (500, &json!(refused)));
    let (code, _, said) = send(&client, "GET", "/api/v1/nodes/unnamed/proxy/healthz").await;
    assert!(
        code == 500 && said["message"].as_str().unwrap().starts_with("error trying to reach service: "),
        "{said}"
    );
    let (code, _, said) = send(&client, "GET", &format!("/api/v1/nodes/http:here:{}/proxy/", port + 1)).await;
    assert_eq!((code, &said["message"]), (400, &json!("address not allowed")));
    // Rights to nodes are none to what is behind them.
    let (code, _, _) =
        send(&api.client(&Identity::node("here")).unwrap(), "GET", "/api/v1/nodes/here/proxy/healthz").await;
    assert_eq!(code, 403);
    api.requests().expect("GET", "nodes/here/proxy").answered(401).times(2);
}

/// What a node says of itself leads nobody to the API server's machine.
#[tokio::test]
async fn no_way_back() {
    let api = builder().version("1.36").start().await.unwrap();
    let client = api.client(&Identity::admin()).unwrap();
    let port: u16 = api.url().rsplit(':').next().unwrap().parse().unwrap();
    let own = [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "localhost",
        "LOCALHOST",
        "224.0.0.1",
    ];
    let other = ["a@127.0.0.1", "127.0.0.1#", "127.0.0.1/", "[::1]", ""];
    for (number, address) in own.iter().chain(&other).enumerate() {
        node(&client, &format!("n{number}"), address, port).await;
        let (code, _, said) = send(&client, "GET", &format!("/api/v1/nodes/n{number}/proxy/version")).await;
        let said = said["message"].as_str().unwrap_or_default();
        let is_refused = if own.contains(address) { said == "address not allowed" } else { code >= 400 };
        assert!(is_refused, "{address:?}: {code} {said}");
    }
    api.requests().expect("GET", "version").times(0);
}

async fn node(client: &kube::Client, name: &str, address: &str, port: u16) {
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        },
    });
    let request = http::Request::post("/api/v1/nodes").header("content-type", "application/json");
    client.request::<Value>(request.body(node.to_string().into_bytes()).unwrap()).await.unwrap();
}
