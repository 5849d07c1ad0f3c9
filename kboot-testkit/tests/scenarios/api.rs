//! A server, as a scenario sees it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kboot_testkit::Identity;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::servers::Server;
use crate::watch::Watch;

pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(crate) const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
pub(crate) const APPLY: &str = "application/apply-patch+yaml";

/// What of a scenario is known afterwards.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// What it saw, in its order: on each server the same, or its version is why not.
    pub(crate) facts: Vec<(String, String)>,
    /// Why it says nothing about this server.
    pub(crate) not_applicable: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Api {
    server: Arc<Server>,
    client: Client,
    is_custom: bool,
    /// The scenario's own.
    pub(crate) ns: String,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl Api {
    pub(crate) fn new(server: Arc<Server>, is_custom: bool, ns: &str) -> Self {
        let client = server.client(&Identity::admin());
        Self { server, client, is_custom, ns: ns.to_owned(), seen: Arc::default() }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The same, by somebody else.
    pub(crate) fn as_(&self, identity: Identity) -> Self {
        Self { client: self.server.client(&identity), ..self.clone() }
    }

    /// A user with a client certificate and no groups but those that everyone has.
    pub(crate) fn user(&self, name: &str) -> Self {
        self.as_(Identity::certificate::<String>(name, []))
    }

    /// 20 of Kubernetes 1.20.
    pub(crate) fn minor(&self) -> u32 {
        self.server.minor()
    }

    /// Whether the generic kind is a custom resource.
    pub(crate) fn is_custom(&self) -> bool {
        self.is_custom
    }

    /// Has the server forget the past.
    pub(crate) async fn compact(&self) {
        self.server.compact().await;
    }

    /// Records what was seen.
    pub(crate) fn see(&self, what: &str, value: impl ToString) {
        let fact = (self.plain(what), self.plain(&value.to_string()));
        self.seen.lock().unwrap().facts.push(fact);
    }

    /// Without what differs from run to run, and without the generic kind's names.
    fn plain(&self, text: &str) -> String {
        let mut text = text.replace(&self.ns, "NS");
        for name in ["things.kit.example.com", "Thing.kit.example.com", "Thing", "configmaps", "ConfigMap"] {
            text = text.replace(name, if name.contains(['T', 'C']) { "KIND" } else { "KINDS" });
        }
        without_chance(&text)
    }

    /// Records why the scenario ends here, having said nothing about this server.
    pub(crate) fn not_applicable(&self, why: &str) {
        self.seen.lock().unwrap().not_applicable = Some(why.to_owned());
    }

    // --- Requests.

    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            // Of any octets.
            request = request.header(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let answer = self.client.send(request.body(Body::from(body.into())).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8_lossy(&body.collect_bytes().await.unwrap()).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        let request = format!("{method} {path}");
        Answer { request, code: parts.status.as_u16(), headers: parts.headers, text, json }
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: &Value) -> Answer {
        self.raw(method, path, &[("content-type", kind), ("accept", "application/json")], body.to_string())
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.raw("GET", path, &[("accept", "application/json")], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, "application/json", body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, "application/json", body).await
    }

    pub(crate) async fn patch(&self, path: &str, kind: &str, body: &Value) -> Answer {
        self.send("PATCH", path, kind, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.raw("DELETE", path, &[("accept", "application/json")], "").await
    }

    pub(crate) async fn delete_with(&self, path: &str, options: &Value) -> Answer {
        self.send("DELETE", path, "application/json", options).await
    }

    /// Server-side apply.
    pub(crate) async fn apply(&self, path: &str, manager: &str, body: &Value) -> Answer {
        let sign = if path.contains('?') { '&' } else { '?' };
        self.patch(&format!("{path}{sign}fieldManager={manager}"), APPLY, body).await
    }

    /// A watch; the answer where it is refused.
    pub(crate) async fn try_watch(&self, path: &str) -> Result<Watch, Answer> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{sign}watch=true");
        let request =
            http::Request::get(&path).header("accept", "application/json").body(Body::empty()).unwrap();
        let (parts, body) = self.client.send(request).await.unwrap().into_parts();
        if parts.status == http::StatusCode::OK {
            return Ok(Watch::new(body));
        }
        let text = String::from_utf8_lossy(&body.collect_bytes().await.unwrap()).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        let code = parts.status.as_u16();
        Err(Answer { request: format!("GET {path}"), code, headers: parts.headers, text, json })
    }

    pub(crate) async fn watch(&self, path: &str) -> Watch {
        match self.try_watch(path).await {
            Ok(watch) => watch,
            Err(answer) => panic!("{}: {} {}", answer.request, answer.code, answer.text),
        }
    }

    /// Asks until the answer is right.
    pub(crate) async fn until(&self, path: &str, right: impl Fn(&Answer) -> bool) -> Answer {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.get(path).await;
            if right(&answer) {
                return answer;
            }
            assert!(Instant::now() < until, "{path} does not become right: {} {}", answer.code, answer.text);
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    // --- The generic kind: ConfigMap, or a custom resource where there is no such thing.

    /// The collection in the scenario's namespace.
    pub(crate) fn things(&self) -> String {
        self.things_in(&self.ns)
    }

    pub(crate) fn things_in(&self, ns: &str) -> String {
        let (base, plural) = self.generic();
        format!("{base}/namespaces/{ns}/{plural}")
    }

    pub(crate) fn thing(&self, name: &str) -> String {
        format!("{}/{name}", self.things())
    }

    /// The path of the group and version, and the resource's name.
    pub(crate) fn generic(&self) -> (&'static str, &'static str) {
        if self.is_custom() { ("/apis/kit.example.com/v1", "things") } else { ("/api/v1", "configmaps") }
    }

    /// What the resource is called in messages.
    pub(crate) fn resource(&self) -> &'static str {
        if self.is_custom() { "things.kit.example.com" } else { "configmaps" }
    }

    pub(crate) fn kind(&self) -> (&'static str, &'static str) {
        if self.is_custom() { ("kit.example.com/v1", "Thing") } else { ("v1", "ConfigMap") }
    }

    /// An object of the generic kind, with these data.
    pub(crate) fn new_thing(&self, name: &str, data: Value) -> Value {
        let (version, kind) = self.kind();
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "data": data})
    }

    pub(crate) async fn create(&self, name: &str, data: Value) -> Value {
        self.post(&self.things(), &self.new_thing(name, data)).await.expect(201)
    }

    pub(crate) async fn create_labelled(&self, name: &str, labels: Value) -> Value {
        let thing = self.new_thing(name, json!({"of": name}));
        let mut thing = thing;
        thing["metadata"]["labels"] = labels;
        self.post(&self.things(), &thing).await.expect(201)
    }

    /// A name that no other scenario uses, for what is in no namespace.
    pub(crate) fn unique(&self, name: &str) -> String {
        format!("{}-{name}", self.ns)
    }

    /// A namespace more.
    pub(crate) async fn namespace(&self, name: &str) -> String {
        let ns = self.unique(name);
        self.server.make_namespace(&ns).await;
        ns
    }
}

/// With words in the place of UIDs, times and versions.
fn without_chance(text: &str) -> String {
    const HASH: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    const FORMS: [(&str, &str); 3] =
        [(HASH, "HASH"), ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "UID"), ("dddd-dd-ddTdd:dd:ddZ", "TIME")];
    let fits = |form: &str, text: &str| {
        text.len() >= form.len()
            && form.bytes().zip(text.bytes()).all(|(form, byte)| match form {
                b'x' => byte.is_ascii_hexdigit(),
                b'd' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let (mut out, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        if let Some((form, word)) = FORMS.iter().find(|(form, _)| fits(form, rest)) {
            out.push_str(word);
            rest = &rest[form.len()..];
        } else if rest.starts_with(|c: char| c.is_ascii_digit()) && is_version(&out) {
            out.push('V');
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// Whether a version comes next.
fn is_version(before: &str) -> bool {
    let before = before.trim_end_matches(['"', ':', '\\', ' ', '(']);
    let ends = ["resourceVersion", "the ResourceVersion in the precondition", "is too old", "is too old: V"];
    ends.iter().any(|end| before.ends_with(end))
}
