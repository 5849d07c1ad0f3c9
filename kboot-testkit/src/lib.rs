//! Second opinions for tests of Kubernetes bootstrap: openssl, webpki, kubectl and kubeadm judge what
//! kboot writes, so that kboot does not only agree with itself; and requests to judge, made without its code.
//!
//! A tool that is missing skips its check with a line on stderr; where `KBOOT_REQUIRE_ORACLES=1` is
//! set, as CI does, it fails instead.

/// The README's example, run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

pub mod checker;
pub mod cluster;
pub mod corpus;
pub mod generate;
mod oracle;
mod tls;

/// What the strategies are made with, in the version that they need.
pub use proptest;

pub use oracle::{Oracle, Verdict, upstream};
pub use tls::{Purpose, webpki_accepts};
