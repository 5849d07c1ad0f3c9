//! Operations on a running cluster (feature `kube`).
//!
//! Everything here takes a [`kube::Client`]; [`connect`] makes one as kubectl would. A step is two halves:
//! one fetches, the other is a function of what was fetched and the time.
//!
//! Whoever builds the final program also chooses the version of `k8s-openapi`'s types, once:
//!
//! ```toml
//! kboot-core = { version = "0.1", features = ["kube"] }
//! k8s-openapi = { version = "0.29", features = ["latest"] }
//! ```

mod connect;
mod fetch;
pub mod node;

use std::time::Duration;

pub use connect::connect;

use crate::kind::ErrorKind;
use crate::shown;

/// Why a cluster could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OnlineError {
    /// The kubeconfig leads to no cluster.
    #[error("the kubeconfig cannot be used: {problem}")]
    Kubeconfig {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The kubeconfig's credentials cannot be had.
    #[error("the credentials cannot be used: {problem}")]
    Credentials {
        /// What is wrong.
        problem: String,
    },
    /// No connection, or one that broke.
    #[error("the API server cannot be reached: {problem}")]
    Unreachable {
        /// What the network or TLS says.
        problem: String,
    },
    /// No complete answer in time.
    #[error("no answer to GET {path} within {} s", limit.as_secs())]
    TimedOut {
        /// What was asked for.
        path: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The API server refuses, or fails.
    #[error("the API server answers GET {path} with {code}: {message}")]
    Status {
        /// What was asked for.
        path: String,
        /// The HTTP status.
        code: u16,
        /// The message, quoted and cut.
        message: String,
    },
    /// More than is ever needed.
    #[error("the answer to GET {path} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        path: String,
        /// How much is read.
        limit: usize,
    },
    /// The answer is not what the path stands for.
    #[error("the answer to GET {path} is not the JSON of a Kubernetes object")]
    Malformed {
        /// What was asked for.
        path: String,
    },
}

impl OnlineError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Kubeconfig { .. } | Self::Credentials { .. } => ErrorKind::Input,
            _ => ErrorKind::Cluster,
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { code: 404, .. })
    }
}

/// A foreign text for people: cut to `most` characters, quoted, control characters escaped.
fn quoted(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("\"{}\"{dots}", cut.chars().flat_map(shown::escape_quotes_too).collect::<String>())
}

/// A library's message on one line: an error that quotes what a peer sent must not steer a terminal.
fn on_one_line(text: &str) -> String {
    shown::escaped(&text.chars().take(512).collect::<String>())
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<String> = Vec::new();
    for cause in causes.map(ToString::to_string) {
        // Many libraries print their cause as well as returning it.
        if !texts.iter().any(|text| text.contains(&cause)) {
            texts.push(cause);
        }
    }
    on_one_line(&texts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts_stay_on_their_line() {
        assert_eq!(quoted("a\u{1b}[2Jb\n\u{202e}", 64), r#""a\u{1b}[2Jb\n\u{202e}""#);
        assert_eq!(quoted(&"x".repeat(99), 3), "\"xxx\"…");
        assert_eq!(on_one_line("no \"b\":\r\n\u{1b}]0;x\u{7}"), r#"no "b":\r\n\u{1b}]0;x\u{7}"#);
    }
}
