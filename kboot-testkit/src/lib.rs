//! For tests of what talks to Kubernetes while a cluster is being bootstrapped: an API server inside the test process
//! (`server`) and upstream's own programs (`upstream`), virtual kubelets (`kubelet`), assertions (`assert`), hostile requests
//! with the right answers ([`corpus`]), generators ([`generate`]), and second opinions that share no code with kboot-core.
//!
//! A tool that is missing skips its check with a line on stderr; where `KBOOT_REQUIRE_ORACLES=1` is
//! set, as CI does, it fails instead.

/// The README's examples, run.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

#[cfg(feature = "server")]
pub mod assert;
pub mod checker;
pub mod cluster;
pub mod corpus;
pub mod generate;
#[cfg(feature = "server")]
mod identity;
#[cfg(feature = "server")]
pub mod kubelet;
mod oracle;
#[cfg(feature = "server")]
pub mod server;
mod tls;
#[cfg(feature = "server")]
pub mod upstream;

/// What the strategies are made with, in the version that they need.
pub use proptest;
/// What clients and their objects are made of, for who has no dependency on them.
#[cfg(feature = "server")]
pub use {futures, k8s_openapi, kboot_core, kube, serde_json, tokio};

#[cfg(feature = "server")]
pub use identity::Identity;
pub use oracle::{Oracle, Verdict, upstream_program};
pub use tls::{Purpose, webpki_accepts};
