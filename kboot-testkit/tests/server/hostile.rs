//! Whatever comes in, the answer is a status, and the server goes on.

use std::time::Duration;

use kboot_testkit::server::ApiServer;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::builder;
use crate::raw::{connect, exchange, request};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn refused(api: &ApiServer, bytes: &[u8]) -> (u16, String, String) {
    let (code, body) = exchange(api, bytes).await;
    let status: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{code}: no status: {body:?}"));
    assert_eq!(
        (status["kind"].as_str(), status["code"].as_u64()),
        (Some("Status"), Some(code.into())),
        "{body}"
    );
    let text = |field: &str| status[field].as_str().unwrap_or_default().to_owned();
    (code, text("reason"), text("message"))
}

async fn is_well(api: &ApiServer) {
    assert_eq!(exchange(api, &request("GET", "/readyz", &[], b"")).await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn bodies_that_are_none_are_refused() {
    let api = builder().start().await.unwrap();
    let large = format!("{{\"metadata\":{{\"name\":\"a\"}},\"data\":{{\"a\":\"{}\"}}}}", "x".repeat(3 << 20));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: &[(&[(&str, &str)], &[u8], u16, &str)] = &[
        (&[JSON], large.as_bytes(), 413, "RequestEntityTooLarge"),
        (&[JSON], deep.as_bytes(), 400, "BadRequest"),
        (&[JSON], b"{", 400, "BadRequest"),
        (&[JSON], b"", 400, "BadRequest"),
        (&[JSON], b"[]", 400, "BadRequest"),
        (&[JSON], b"\xff\xfe", 400, "BadRequest"),
        (&[JSON], b"{\"metadata\": 1}", 400, "BadRequest"),
        (&[JSON], b"{\"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}}", 400, "BadRequest"),
        (&[("Content-Type", "application/yaml")], b"a: [", 400, "BadRequest"),
        (&[("Content-Type", "application/cbor")], b"\xa0", 415, "UnsupportedMediaType"),
        (&[("Content-Type", "text/html")], b"<p>", 415, "UnsupportedMediaType"),
        (
            &[("Content-Type", "application/vnd.kubernetes.protobuf")],
            b"k8s\0\xff\xff\xff\xff",
            400,
            "BadRequest",
        ),
        (&[JSON, ("Accept", "text/html")], b"{\"metadata\": {\"name\": \"a\"}}", 406, "NotAcceptable"),
    ];
    for (headers, body, code, reason) in cases {
        let (found, said, message) = refused(&api, &request("POST", MAPS, headers, body)).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        assert_eq!((found, said.as_str()), (*code, *reason), "{headers:?} {shown:?}: {message}");
    }
    is_well(&api).await;
}

#[tokio::test]
async fn paths_that_are_none_are_refused() {
    let api = builder().start().await.unwrap();
    for path in [
        "/apis/none.example.com/v1/things",
        "/api/v1/nothings",
        "/api/v2/configmaps",
        "/api/v1/namespaces/default/nodes",
        "/api/v1/namespaces/default/configmaps/a/b/c/d",
        "/nothing/at/all",
    ] {
        let (code, reason, _) = refused(&api, &request("GET", path, &[], b"")).await;
        assert_eq!((code, reason.as_str()), (404, "NotFound"), "{path}");
    }
    for (method, path) in [("FROB", MAPS), ("POST", "/readyz"), ("POST", "/api/v1/configmaps"), ("PUT", MAPS)]
    {
        let (code, reason, _) = refused(&api, &request(method, path, &[JSON], b"{}")).await;
        assert_eq!((code, reason.as_str()), (405, "MethodNotAllowed"), "{method} {path}");
    }
    // What is no UTF-8 is no name.
    assert_eq!(refused(&api, &request("GET", "/api/v1/%ff", &[], b"")).await.0, 400);
    is_well(&api).await;
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_hurts_nobody() {
    let api = builder().start().await.unwrap();
    let whole = request("POST", MAPS, &[JSON], b"{\"metadata\": {\"name\": \"a\"}}");
    for cut in [1, 10, 40, whole.len() - 20, whole.len() - 1] {
        let mut connection = connect(&api).await;
        connection.write_all(&whole[..cut]).await.unwrap();
        drop(connection);
    }
    // Half a handshake, and no TLS at all.
    let address = api.url().trim_start_matches("https://").to_owned();
    for bytes in [&b"\x16\x03\x01\x02"[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 3000]] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let _ = stream.write_all(bytes).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    is_well(&api).await;
    let (code, _) = exchange(&api, &request("GET", &format!("{MAPS}/a"), &[], b"")).await;
    assert_eq!(code, 404, "what was sent in part was not done");
}

#[tokio::test]
async fn whoever_shows_something_wrong_is_nobody() {
    let api = builder().start().await.unwrap();
    for header in ["Bearer nobody", "Bearer abcdef.0123456789abcdef", "Bearer a.b.c"] {
        let text =
            format!("GET /api/v1/nodes HTTP/1.1\r\nHost: localhost\r\nAuthorization: {header}\r\n\r\n");
        assert_eq!(refused(&api, text.as_bytes()).await.0, 401, "{header}");
    }
    let text = b"GET /api/v1/nodes HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let (code, reason, message) = refused(&api, text).await;
    assert_eq!((code, reason.as_str()), (403, "Forbidden"), "{message}");
    assert!(message.contains("system:anonymous"), "{message}");
}

/// As deep as it may be, in threads of a debug build.
#[tokio::test]
async fn deep_yaml_is_read_or_refused() {
    let api = builder().start().await.unwrap();
    let yaml = ("Content-Type", "application/yaml");
    let flow = |depth: usize| format!("a: {}{}", "{a: ".repeat(depth), "}".repeat(depth));
    let block: String = (0..99).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    for body in [flow(98), "{a: ".repeat(98), "- ".repeat(500_000), flow(100_000), block] {
        let bytes = request("POST", MAPS, &[yaml], body.as_bytes());
        let (code, _, message) = refused(&api, &bytes).await;
        assert!((400..500).contains(&code), "{code} {message}");
        is_well(&api).await;
    }
}
