#![doc = include_str!("lib.md")]

pub mod bundle;
pub mod cluster;
pub mod component;
pub mod csr;
mod env;
pub mod error;
pub mod inspect;
mod json_objects;
pub mod kubeconfig;
pub mod name;
pub mod net;
#[cfg(feature = "kube")]
pub mod online;
pub mod pki;
pub mod policy;
pub mod rbac;
mod schema;
pub mod secret;
pub mod shown;
pub mod time;
pub mod token;
pub mod version;
pub mod x509;
mod yaml;

pub use bundle::{Bundle, Plan};
pub use cluster::ClusterSpec;
pub use component::Component;
pub use env::{Env, RandomUnavailable};
pub use error::{Error, ErrorKind};
pub use kubeconfig::Kubeconfig;
pub use pki::CaSet as Authorities; // MERGE: alias
pub use pki::{CaSet, CertificateAuthority, CertificateTemplate, KeyAlgorithm, PrivateKey};
pub use time::Lifetime;
pub use token::{BootstrapToken, TokenSettings};

/// The README's library example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
