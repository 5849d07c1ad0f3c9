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

pub mod apply;
mod connect;
pub mod csr;
mod error;
mod fetch;
mod kubeconfig;
pub mod node;
mod permission;
mod plugin;
mod proxy;
pub mod token;

pub use connect::{authorities, connect};
/// The client of everything here, for whoever has no dependency on kube.
pub use kube::Client;

pub use error::{OnlineError, TransportError, UnusableCredentials, UnusableKubeconfig};
pub use permission::Permission;

use crate::shown::{escaped, quoted, start};

/// A library's message on one line: an error that quotes what a peer sent must not steer a terminal.
fn on_one_line(text: &str) -> String {
    escaped(start(text, 512))
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
