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
pub mod push;
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
    use std::ops::ControlFlow;
    use std::time::Duration;

    use crate::Env;
    use crate::bundle::Bundle;
    use crate::cluster::ClusterSpec;
    use crate::policy::{Policy, PolicyContext, Preset};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    /// It compiles, or `tokio::spawn` does not take a program's future that has this in it.
    #[test]
    fn every_operation_can_be_spawned() {
        fn spawned<F: Future + Send + 'static>(_: impl FnOnce(Client) -> F) {}
        fn policy() -> Policy {
            Preset::Bootstrap.policy()
        }
        let now = Env::system().now();
        let context = move || PolicyContext::at(now);
        spawned(|client| async move { node::verify(&client, &"a".parse().unwrap(), now, LIMIT).await });
        spawned(|client| async move { node::verify_all(&client, &<_>::default(), now, LIMIT).await });
        spawned(|client| async move { token::list(&client, LIMIT).await });
        spawned(|client| async move {
            let token = "abcdef.0123456789abcdef".parse().unwrap();
            token::check(&client, &token, now, LIMIT).await
        });
        spawned(|client| async move {
            let planned = apply::plan(&client, &[], false, LIMIT).await?;
            for one in &planned {
                one.apply(&client, LIMIT).await?;
            }
            Ok::<_, OnlineError>(())
        });
        spawned(|client| async move { csr::list(&client, LIMIT).await });
        spawned(move |client| async move {
            let policy = policy();
            csr::Approver::by_policy(&policy, LIMIT).pass(&client, context(), |_| ()).await
        });
        spawned(move |client| async move {
            let policy = policy();
            let approver = csr::Approver::by_policy(&policy, LIMIT);
            approver.watch(&client, context, |_| ControlFlow::Break(())).await
        });
        fn pushed(spec: ClusterSpec, bundle: Bundle) -> impl Future + Send + 'static {
            async move { push::Push::connect(&spec, &bundle, &[], LIMIT).await.map(|_| ()) }
        }
        let _ = pushed;
    }

    #[test]
    fn foreign_texts_stay_on_their_line() {
        assert_eq!(quoted("a\u{1b}[2Jb\n\u{202e}", 64), r#""a\u{1b}[2Jb\n\u{202e}""#);
        assert_eq!(quoted(&"x".repeat(99), 3), "\"xxx\"…");
        assert_eq!(on_one_line("no \"b\":\r\n\u{1b}]0;x\u{7}"), r#"no "b":\r\n\u{1b}]0;x\u{7}"#);
    }
}
