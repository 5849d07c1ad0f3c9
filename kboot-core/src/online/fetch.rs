//! One GET: limited in time and size, whatever the other end does.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::Client;
use kube::client::Body;
use serde::de::DeserializeOwned;

use super::connect::of_client;
use super::{OnlineError, TransportError, quoted};

/// An HTTP status and what came with it.
#[derive(Debug, Clone)]
pub(super) struct Answer {
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
    let fetched = async {
        let request = http::Request::get(path)
            .body(Body::empty())
            .map_err(|_| OnlineError::Malformed { path: path.to_owned() })?;
        let (head, body) = client.send(request).await.map_err(of_client)?.into_parts();
        match Limited::new(body, max_bytes).collect().await {
            Ok(body) => {
                let (code, body) = (head.status.as_u16(), body.to_bytes().to_vec());
                Ok(Answer { path: path.to_owned(), code, body })
            }
            Err(error) if error.is::<LengthLimitError>() => {
                Err(OnlineError::TooLarge { path: path.to_owned(), limit: max_bytes })
            }
            Err(error) => Err(OnlineError::Unreachable(TransportError::new(error))),
        }
    };
    let late = |_| OnlineError::TimedOut { path: path.to_owned(), limit };
    tokio::time::timeout(limit, fetched).await.map_err(late)?
}

impl Answer {
    /// The object that the API server sent.
    pub(super) fn object<T: DeserializeOwned>(self) -> Result<T, OnlineError> {
        let Self { path, body, .. } = self.success()?;
        serde_json::from_slice(&body).map_err(|_| OnlineError::Malformed { path })
    }

    /// The answer, if it is not a refusal.
    pub(super) fn success(self) -> Result<Self, OnlineError> {
        if self.code == 200 {
            return Ok(self);
        }
        let message = quoted(&self.status_message().unwrap_or_else(|| self.text()), 256);
        Err(OnlineError::Status { path: self.path, code: self.code, message })
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
