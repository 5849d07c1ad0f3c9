#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(feature = "files", doc = include_str!("lib.md"))]
#![cfg_attr(not(feature = "files"), doc = include_str!("lib_parts.md"))]
#![cfg_attr(
    not(feature = "files"),
    allow(dead_code, unused_imports, reason = "what only a folder that is there asks for, in many rooms")
)]

#[cfg(feature = "certificates")]
pub mod bundle;
#[cfg(feature = "certificates")]
pub mod cluster;
#[cfg(feature = "certificates")]
pub mod component;
#[cfg(feature = "certificates")]
pub mod csr;
pub mod danger;
pub mod document;
mod env;
pub mod error;
#[cfg(feature = "certificates")]
pub mod finding;
pub mod identity;
#[cfg(feature = "certificates")]
pub mod inspect;
#[cfg(feature = "k8s-openapi")]
pub mod k8s;
mod kind;
pub mod kubeconfig;
pub mod name;
pub mod net;
#[cfg(feature = "kube")]
pub mod online;
#[cfg(feature = "certificates")]
pub mod pki;
#[cfg(feature = "certificates")]
pub mod policy;
pub mod rbac;
#[cfg(feature = "rcgen")]
pub mod rcgen;
#[cfg(feature = "certificates")]
pub mod release;
pub mod secret;
pub mod shown;
pub mod time;
pub mod token;
pub mod version;
#[cfg(feature = "certificates")]
pub mod x509;

#[cfg(feature = "certificates")]
pub use bundle::Bundle;
#[cfg(feature = "files")]
pub use bundle::Plan;
#[cfg(feature = "certificates")]
pub use cluster::ClusterSpec;
#[cfg(feature = "certificates")]
pub use component::Component;
pub use env::{Env, RandomUnavailable};
pub use error::Error;
pub use kind::ErrorKind;
pub use kubeconfig::Kubeconfig;
#[cfg(feature = "certificates")]
pub use pki::{CaSet, CertificateAuthority, CertificateTemplate};
pub use time::Lifetime;
pub use token::{BootstrapToken, TokenSettings};
#[cfg(feature = "certificates")]
pub use x509::{KeyAlgorithm, PrivateKey};

/// The README's example, compiled.
#[cfg(all(doctest, feature = "files"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// Programs of embedders, as they are compiled and run with the tests.
#[cfg(all(doc, not(doctest), feature = "files"))]
pub mod examples {
    #[doc = concat!("```no_run\n", include_str!("../examples/approver.rs"), "```")]
    pub mod approver {}
    #[doc = concat!("```no_run\n", include_str!("../examples/installer.rs"), "```")]
    pub mod installer {}
    #[doc = concat!("```no_run\n", include_str!("../examples/node_agent.rs"), "```")]
    pub mod node_agent {}
    #[doc = concat!("```no_run\n", include_str!("../examples/rcgen.rs"), "```")]
    pub mod rcgen {}
}
