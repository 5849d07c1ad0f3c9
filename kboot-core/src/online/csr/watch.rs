//! Approving what comes, until it is ended.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::time::Duration;

use http_body_util::BodyExt;
use kube::Client;
use serde::Deserialize;
use serde_json::Value;

use super::{Approver, Facts, Outcome, PATH, Settled};
use crate::csr::{CertificateSigningRequest, MAX_OBJECT_BYTES};
use crate::online::OnlineError;
use crate::online::connect::of_client;
use crate::online::fetch::Call;
use crate::policy::{PolicyContext, Reason};

/// What was held may be approved once a Node has joined or a limit is free, and no request says so.
const AT_LATEST: Duration = Duration::from_secs(60);
/// The pauses after a failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What happens in [`Approver::watch`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request is about to be decided on: a resolver's time begins.
    Begins,
    /// Something became of a request. One that stays pending is told once, and again where the reason is another.
    Settled(Box<Settled>),
    /// Something did not go; it is tried again.
    Failed(OnlineError),
}

impl Approver<'_> {
    /// Settles what is pending and what comes, until `tell` breaks or the future is dropped.
    ///
    /// A watch says when to look again; what is decided rests on a list and on facts of that moment
    /// ([`Approver::pass`]). So a watch that ends, a version that is too old (410) or an API server that was away loses
    /// nothing, and two who watch at once do nothing twice. `context` is asked for what is known besides, at the time
    /// of each look.
    ///
    /// # Errors
    /// [`OnlineError`] where the first look fails, a missing permission for one; later failures are told and tried
    /// again.
    pub async fn watch<'c>(
        &self,
        client: &Client,
        mut context: impl FnMut() -> PolicyContext<'c>,
        mut tell: impl FnMut(Event) -> ControlFlow<()>,
    ) -> Result<(), OnlineError> {
        let mut told: HashMap<String, Option<Reason>> = HashMap::new();
        let mut is_first = true;
        let mut pause = FIRST_PAUSE;
        loop {
            let mut flow = ControlFlow::Continue(());
            let mut failed = false;
            let each = |settled: Option<Result<Settled, OnlineError>>| {
                if flow.is_break() {
                    return;
                }
                flow = match settled {
                    None => tell(Event::Begins),
                    Some(Ok(settled)) if is_told(&mut told, &settled) => ControlFlow::Continue(()),
                    Some(Ok(settled)) => tell(Event::Settled(Box::new(settled))),
                    Some(Err(error)) => {
                        failed = true;
                        tell(Event::Failed(error))
                    }
                };
            };
            let looked = self.pass(client, context(), each).await;
            if flow.is_break() {
                return Ok(());
            }
            let waited = match looked {
                Err(error) if is_first => return Err(error),
                Err(error) => Err(error),
                Ok(facts) => {
                    is_first = false;
                    let names: HashSet<&str> =
                        facts.requests().items.iter().map(CertificateSigningRequest::name).collect();
                    told.retain(|name, _| names.contains(name.as_str()));
                    if failed { Ok(Waited::AfterFailure) } else { self.wait(client, &facts).await }
                }
            };
            match waited {
                Ok(Waited::ForNews) => {
                    pause = FIRST_PAUSE;
                    continue;
                }
                Ok(Waited::AfterFailure) => {}
                Err(error) => {
                    if tell(Event::Failed(error)).is_break() {
                        return Ok(());
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// Waits until there is a pending request that was not there, or as long as it may take.
    async fn wait(&self, client: &Client, facts: &Facts) -> Result<Waited, OnlineError> {
        let requests = facts.requests();
        let pending = requests.items.iter().filter(|object| object.is_pending());
        let known: HashSet<&str> = pending.map(|object| object.metadata().uid()).collect();
        let mut version = requests.resource_version.clone();
        let news = async {
            loop {
                match follow(client, &mut version, &known, self.limit()).await? {
                    Followed::News => return Ok(Waited::ForNews),
                    // An API server that ends each watch at once must not be asked without a pause.
                    Followed::Ended => tokio::time::sleep(FIRST_PAUSE).await,
                }
            }
        };
        tokio::time::timeout(AT_LATEST, news).await.unwrap_or(Ok(Waited::ForNews))
    }
}

enum Waited {
    ForNews,
    AfterFailure,
}

enum Followed {
    News,
    Ended,
}

fn is_told(told: &mut HashMap<String, Option<Reason>>, settled: &Settled) -> bool {
    let name = settled.request.name().to_owned();
    let reason = settled.decision.as_ref().map(crate::policy::Decision::reason);
    let is_left = settled.outcome == Outcome::Left;
    told.insert(name, reason) == Some(reason) && is_left
}

/// An event of a watch (`WatchEvent` in apimachinery's meta/v1).
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
}

/// One watch from a version on, which moves on with each event and each bookmark.
async fn follow(
    client: &Client,
    version: &mut String,
    known: &HashSet<&str>,
    limit: Duration,
) -> Result<Followed, OnlineError> {
    let seconds = AT_LATEST.as_secs();
    let path = format!(
        "{PATH}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={seconds}"
    );
    let (method, path, request) = Call::get(path).request()?;
    let late = |_| OnlineError::TimedOut { method: method.clone(), path: path.clone(), limit };
    let begun = tokio::time::timeout(limit, client.send(request)).await.map_err(late)?;
    let (head, mut body) = begun.map_err(of_client)?.into_parts();
    match head.status.as_u16() {
        200 => {}
        // The version is too old, so something was missed: a list tells.
        410 => return Ok(Followed::News),
        code => {
            let read = http_body_util::Limited::new(body, MAX_OBJECT_BYTES).collect();
            let body = tokio::time::timeout(limit, read).await.map_err(late)?;
            let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
            let answer = crate::online::fetch::Answer { method, path, code, body };
            answer.success()?;
            return Ok(Followed::Ended);
        }
    }
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        // A connection that breaks is one that ended: the next watch goes on from here.
        let Ok(frame) = frame else { return Ok(Followed::Ended) };
        let Ok(bytes) = frame.into_data() else { continue };
        text.extend_from_slice(&bytes);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            if is_news(&line, version, known) {
                return Ok(Followed::News);
            }
        }
        if text.len() > MAX_OBJECT_BYTES {
            return Err(OnlineError::TooLarge { method, path, limit: MAX_OBJECT_BYTES });
        }
    }
    Ok(Followed::Ended)
}

/// Whether an event is reason to look: a pending request that was not there, or anything that cannot be read.
fn is_news(line: &[u8], version: &mut String, known: &HashSet<&str>) -> bool {
    let Ok(Line { kind, object }) = serde_json::from_slice(line) else { return true };
    if kind == "ERROR" {
        return true;
    }
    let Some(now) = object.pointer("/metadata/resourceVersion").and_then(Value::as_str) else { return true };
    now.clone_into(version);
    if !matches!(kind.as_str(), "ADDED" | "MODIFIED") {
        return false;
    }
    match CertificateSigningRequest::from_value(&object) {
        Ok(object) => object.is_pending() && !known.contains(object.metadata().uid()),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_news() {
        let known = HashSet::from(["a"]);
        let object = |uid: &str, condition: &str| {
            let mut object = json!({
                "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
                "metadata": {"name": "csr-1", "uid": uid, "resourceVersion": "12"},
                "spec": {"request": "", "signerName": "kubernetes.io/kubelet-serving"},
            });
            if !condition.is_empty() {
                object["status"] = json!({"conditions": [{"type": condition, "status": "True"}]});
            }
            object
        };
        for (kind, object, expected, version_after) in [
            ("ADDED", object("b", ""), true, "12"),
            ("MODIFIED", object("a", ""), false, "12"),
            ("MODIFIED", object("b", "Approved"), false, "12"),
            ("DELETED", object("b", ""), false, "12"),
            ("BOOKMARK", json!({"metadata": {"resourceVersion": "20"}}), false, "20"),
            ("ERROR", json!({"kind": "Status", "code": 410}), true, "1"),
            ("ADDED", json!({"kind": "Pod", "metadata": {"resourceVersion": "3"}}), true, "3"),
        ] {
            let mut version = "1".to_owned();
            let line = json!({"type": kind, "object": object}).to_string();
            assert_eq!(is_news(line.as_bytes(), &mut version, &known), expected, "{line}");
            assert_eq!(version, version_after, "{line}");
        }
        assert!(is_news(b"<html>\n", &mut String::new(), &known));
    }
}
