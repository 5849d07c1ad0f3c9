#![doc = include_str!("lib.md")]

pub mod bundle;
pub mod cluster;
pub mod component;
pub mod csr;
pub mod danger;
pub mod document;
mod env;
pub mod error;
pub mod finding;
pub mod identity;
pub mod inspect;
#[cfg(feature = "k8s-openapi")]
pub mod k8s;
mod kind;
pub mod kubeconfig;
pub mod name;
pub mod net;
#[cfg(feature = "kube")]
pub mod online;
pub mod pki;
pub mod policy;
pub mod rbac;
#[cfg(feature = "rcgen")]
pub mod rcgen;
pub mod release;
pub mod secret;
pub mod shown;
pub mod time;
pub mod token;
pub mod version;
pub mod x509;

pub use bundle::{Bundle, Plan};
pub use cluster::ClusterSpec;
pub use component::Component;
pub use env::{Env, RandomUnavailable};
pub use error::Error;
pub use kind::ErrorKind;
pub use kubeconfig::Kubeconfig;
pub use pki::{CaSet, CertificateAuthority, CertificateTemplate};
pub use time::Lifetime;
pub use token::{BootstrapToken, TokenSettings};
pub use x509::{KeyAlgorithm, PrivateKey};

/// The README's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
