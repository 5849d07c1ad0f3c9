//! Requests, one after the other, to the test kit's API server: it answers each; a request that it refuses stores
//! nothing; what it says that it stored is there; a question has the same answer twice; and who has no rights gets
//! nothing but what is public.
//!
//! An input is a file of requests as editors' REST clients have them, `###` between them; its first line may be the
//! version of the server. The administrator's header is `authorization: Bearer root`.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use std::sync::LazyLock;

use kboot_testkit::server::{ApiServer, Clock};
use serde_json::Value;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));

const TOKENS: &str = "root,root,0,system:masters\njane,jane,1,dev\nnode,system:node:a,2,system:nodes\n";
const MOST_REQUESTS: usize = 12;
/// What `system:public-info-viewer` lets everybody see.
const PUBLIC: [&str; 4] = ["/healthz", "/livez", "/readyz", "/version"];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (version, data) = match data.strip_prefix(b"1.20\n") {
        Some(rest) => ("1.20", rest),
        None => ("1.36", data),
    };
    RUNTIME.block_on(async {
        let clock = Clock::stopped_at("2026-06-01T12:00:00Z".parse().expect("a time"));
        let api = ApiServer::builder().version(version).clock(&clock).static_tokens(TOKENS);
        let mut run = Run { api: api.start().await.expect("it starts"), is_anothers: false };
        for text in split(data, b"###\n").take(MOST_REQUESTS) {
            if let Some(asked) = Asked::read(text) {
                run.ask(&asked).await;
            }
        }
    });
});

struct Run {
    api: ApiServer,
    /// Somebody with rights has changed something: perhaps who may do what.
    is_anothers: bool,
}

impl Run {
    async fn ask(&mut self, asked: &Asked) {
        let before = self.revision().await;
        let Some((code, body)) = self.api.answer(asked.request()).await else { return };
        let said = String::from_utf8_lossy(&body);
        assert!((200..600).contains(&code), "{code} {said}");
        if code >= 400 && !asked.has("accept") {
            let status: Value = serde_json::from_slice(&body).expect("a refusal is JSON");
            assert_eq!((&status["kind"], &status["code"]), (&"Status".into(), &code.into()), "{said}");
        }
        if code < 300 && !asked.has("authorization") && !self.is_anothers {
            let path = asked.path().trim_end_matches('/');
            assert!(PUBLIC.iter().any(|public| path.starts_with(public)), "{}: {said}", asked.uri);
        }
        let is_question = matches!(asked.method.as_str(), "GET" | "HEAD");
        let after = self.revision().await;
        if code >= 400 || is_question || asked.is_dry_run() {
            assert_eq!(before, after, "{} {}: {code} {said}", asked.method, asked.uri);
        }
        self.is_anothers |= before != after;
        if is_question {
            let again = self.api.answer(asked.request()).await.expect("no fault was ordered");
            assert_eq!((code, &said), (again.0, &String::from_utf8_lossy(&again.1)), "{}", asked.uri);
        } else if code < 300 && before != after && !asked.has("accept") {
            self.is_there(asked, &body).await;
        }
    }

    /// The object that was the answer to a write is what a reader gets.
    async fn is_there(&self, asked: &Asked, answer: &[u8]) {
        let Ok(object) = serde_json::from_slice::<Value>(answer) else { return };
        let (Some(name), Some(_)) =
            (object["metadata"]["name"].as_str(), object["metadata"]["resourceVersion"].as_str())
        else {
            return;
        };
        let path = asked.path().trim_end_matches('/');
        let read = match asked.method.as_str() {
            "POST" => format!("{path}/{name}"),
            "PUT" | "PATCH" => match path.rfind(&format!("/{name}")) {
                Some(start) => path[..start + 1 + name.len()].to_owned(),
                None => return,
            },
            _ => return,
        };
        let (code, body) = self.read(&read).await;
        assert_eq!(code, 200, "{read}: {}", String::from_utf8_lossy(&body));
        let read: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(read, object, "{} {}", asked.method, asked.uri);
    }

    async fn read(&self, path: &str) -> (u16, Vec<u8>) {
        let request = http::Request::get(path).header("authorization", "Bearer root");
        let request = request.body(Vec::new()).expect("a request");
        self.api.answer(request).await.expect("no fault was ordered")
    }

    /// The version of all that is stored.
    async fn revision(&self) -> String {
        let (_, body) = self.read("/api/v1/namespaces?limit=1").await;
        let list: Value = serde_json::from_slice(&body).expect("JSON");
        list["metadata"]["resourceVersion"].as_str().expect("a version").to_owned()
    }
}

struct Asked {
    method: String,
    uri: http::Uri,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

impl Asked {
    /// A line of method and path, headers, an empty line, the body; none where HTTP has no such request.
    fn read(text: &[u8]) -> Option<Self> {
        let (head, body) = match text.windows(2).position(|two| two == b"\n\n") {
            Some(end) => (&text[..end], &text[end + 2..]),
            None => (text, &b""[..]),
        };
        let mut lines = std::str::from_utf8(head).ok()?.lines();
        let (method, uri) = lines.next()?.split_once(' ')?;
        // Through its proxy the server asks whatever address a Node has.
        let is_local = |uri: &http::Uri| uri.path().starts_with('/') && !uri.path().contains("proxy");
        let uri: http::Uri = uri.parse().ok().filter(is_local)?;
        let method = http::Method::from_bytes(method.as_bytes()).ok()?.as_str().to_owned();
        let mut headers = http::HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ")?;
            headers.append(http::HeaderName::from_bytes(name.as_bytes()).ok()?, value.parse().ok()?);
        }
        Some(Self { method, uri, headers, body: body.to_vec() })
    }

    fn request(&self) -> http::Request<Vec<u8>> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.parse().expect("a method");
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }

    fn has(&self, header: &str) -> bool {
        self.headers.contains_key(header)
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn is_dry_run(&self) -> bool {
        self.uri.query().unwrap_or_default().split('&').any(|parameter| parameter == "dryRun=All")
    }
}

/// The parts between separators.
fn split<'a>(data: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let all = rest?;
        match all.windows(separator.len()).position(|window| window == separator) {
            Some(at) => {
                rest = Some(&all[at + separator.len()..]);
                Some(&all[..at])
            }
            None => rest.take(),
        }
    })
}
