//! One call: limited in time and size, whatever the other end does.

use std::time::Duration;

use http::Method;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use k8s_openapi::{List, ListableResource};
use kube::Client;
use kube::client::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connect::of_client;
use super::permission::Permission;
use super::{OnlineError, TransportError, quoted};

/// The name under which kboot manages fields (`metadata.managedFields`).
pub(super) const FIELD_MANAGER: &str = "kboot";

/// The largest object that is read: a Node with a thousand images is smaller, and etcd takes no larger one.
pub(super) const MAX_OBJECT: usize = 4 * 1024 * 1024;
/// A page of objects; each may have etcd's 1.5 MiB. A request has about 3 KiB, a pod 10.
const MAX_PAGE: usize = 64 * 1024 * 1024;
pub(super) const PER_PAGE: usize = 250;

/// What is asked of the API server.
#[derive(Debug)]
pub(super) struct Call {
    method: Method,
    path: String,
    content: Option<(&'static str, Vec<u8>)>,
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), content: None }
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, path: path.into(), content: None }
    }

    pub(super) fn post(path: impl Into<String>, object: Vec<u8>) -> Self {
        Self { method: Method::POST, path: path.into(), content: Some(("application/json", object)) }
    }

    pub(super) fn put(path: impl Into<String>, object: Vec<u8>) -> Self {
        Self { method: Method::PUT, path: path.into(), content: Some(("application/json", object)) }
    }

    /// A change of what is there; where there is nothing, nothing is made (RFC 7396).
    pub(super) fn merge(path: impl Into<String>, object: Vec<u8>) -> Self {
        let content = Some(("application/merge-patch+json", object));
        Self { method: Method::PATCH, path: path.into(), content }
    }

    /// A server-side apply; JSON is YAML.
    pub(super) fn apply(path: impl Into<String>, object: Vec<u8>) -> Self {
        let content = Some(("application/apply-patch+yaml", object));
        Self { method: Method::PATCH, path: path.into(), content }
    }

    pub(super) fn request(self) -> Result<(Method, String, http::Request<Body>), OnlineError> {
        let Self { method, path, content } = self;
        let request = http::Request::builder().method(method.clone()).uri(&path);
        let request = match content {
            None => request.body(Body::empty()),
            Some((kind, bytes)) => request.header(http::header::CONTENT_TYPE, kind).body(Body::from(bytes)),
        };
        match request {
            Ok(request) => Ok((method, path, request)),
            Err(_) => Err(OnlineError::Malformed { method, path }),
        }
    }
}

/// The bytes of an object for a body.
pub(super) fn body_of(object: &impl Serialize, call: &str) -> Result<Vec<u8>, OnlineError> {
    let malformed = |_| OnlineError::Malformed { method: Method::POST, path: call.to_owned() };
    serde_json::to_vec(object).map_err(malformed)
}

/// A name as a segment of a path; names of objects are of few characters, and people write others.
pub(super) fn segment(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&crate::shown::hex([byte]).to_uppercase());
        }
    }
    text
}

/// An HTTP status and what came with it.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) code: u16,
    pub(super) body: Vec<u8>,
}

/// Asks for `path`; any HTTP status is an answer.
pub(super) async fn get(
    client: &Client,
    path: &str,
    max_bytes: usize,
    limit: Duration,
) -> Result<Answer, OnlineError> {
    send(client, Call::get(path), max_bytes, limit).await
}

/// Makes a call; any HTTP status is an answer.
pub(super) async fn send(
    client: &Client,
    call: Call,
    max_bytes: usize,
    limit: Duration,
) -> Result<Answer, OnlineError> {
    let (method, path, request) = call.request()?;
    let fetched = async {
        let (head, body) = client.send(request).await.map_err(of_client)?.into_parts();
        match Limited::new(body, max_bytes).collect().await {
            Ok(body) => Ok((head.status.as_u16(), body.to_bytes().to_vec())),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(OnlineError::TooLarge { method: method.clone(), path: path.clone(), limit: max_bytes })
            }
            Err(error) => Err(OnlineError::Unreachable(TransportError::new(error))),
        }
    };
    match tokio::time::timeout(limit, fetched).await {
        Ok(fetched) => fetched.map(|(code, body)| Answer { method, path, code, body }),
        Err(_) => Err(OnlineError::TimedOut { method, path, limit }),
    }
}

/// Hands over every object of a list, page by page, and says of which version the list is.
pub(super) async fn each<T: ListableResource + DeserializeOwned>(
    client: &Client,
    base: &str,
    max_pages: usize,
    limit: Duration,
    mut keep: impl FnMut(T),
) -> Result<String, OnlineError> {
    let joint = if base.contains('?') { '&' } else { '?' };
    let base = format!("{base}{joint}limit={PER_PAGE}");
    let mut path = base.clone();
    for _ in 0..max_pages {
        let page: List<T> = get(client, &path, MAX_PAGE, limit).await?.object()?;
        page.items.into_iter().for_each(&mut keep);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            None => return Ok(page.metadata.resource_version.unwrap_or_default()),
            Some(token) => path = format!("{base}&continue={}", segment(&token)),
        }
    }
    let limit = max_pages.saturating_mul(MAX_PAGE);
    Err(OnlineError::TooLarge { method: Method::GET, path: base, limit })
}

impl Answer {
    /// The object that the API server sent.
    pub(super) fn object<T: DeserializeOwned>(self) -> Result<T, OnlineError> {
        let Self { method, path, body, .. } = self.success()?;
        serde_json::from_slice(&body).map_err(|_| OnlineError::Malformed { method, path })
    }

    /// The object, or none where there is none.
    pub(super) fn object_if_there<T: DeserializeOwned>(self) -> Result<Option<T>, OnlineError> {
        if self.code == 404 && self.status_message().is_some() { Ok(None) } else { self.object().map(Some) }
    }

    /// The answer, if it is not a refusal.
    pub(super) fn success(self) -> Result<Self, OnlineError> {
        if (200..300).contains(&self.code) {
            return Ok(self);
        }
        let said = self.status_message();
        let message = quoted(said.as_deref().unwrap_or(&self.text()), 256);
        let Self { method, path, code, .. } = self;
        // Only the API server itself knows of permissions.
        let lacking = said.filter(|_| code == 403);
        match lacking.and_then(|said| Permission::that_lacks(&method, &path, &said)) {
            Some(lacking) => {
                let lacking = Box::new(lacking);
                Err(OnlineError::Forbidden { method, path, message, lacking })
            }
            None => Err(OnlineError::Status { method, path, code, message }),
        }
    }

    /// The message of a Status object: the API server speaks, not the one behind it.
    pub(super) fn status_message(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Status {
            kind: String,
            message: Option<String>,
        }
        let status: Status = serde_json::from_slice(&self.body).ok()?;
        (status.kind == "Status").then(|| status.message.unwrap_or_default())
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_name_is_one_segment() {
        assert_eq!(segment("csr-1.example_x~"), "csr-1.example_x~");
        assert_eq!(segment("../nodes?x#é"), "..%2Fnodes%3Fx%23%C3%A9");
    }
}
