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
mod kind;
pub mod kubeconfig;
pub mod name;
pub mod net;
#[cfg(feature = "kube")]
pub mod online;
pub mod pki;
pub mod policy;
pub mod rbac;
pub mod release;
pub mod secret;
pub mod shown;
pub mod time;
pub mod token;
pub mod version;
pub mod x509;
pub(crate) use document::yaml; // MERGE: alias

/// The former paths of the room `document`.
mod json_objects {
    pub use crate::document::ListError; // MERGE: alias
    pub(crate) use crate::document::json::{check_keys, is_json, is_part, strict_value}; // MERGE: alias
    pub(crate) use crate::document::json_stream::{Item, each_object}; // MERGE: alias
}

/// The former paths of the room `document`.
mod schema {
    pub(crate) use crate::document::Problem; // MERGE: alias
    pub(crate) use crate::document::schema::check; // MERGE: alias
    pub(crate) use crate::document::{Problems, closest, unknown_name, write_problems}; // MERGE: alias
}

pub use bundle::{Bundle, Plan};
pub use cluster::ClusterSpec;
pub use component::Component;
pub use env::{Env, RandomUnavailable};
pub use error::Error;
pub use kind::ErrorKind;
pub use kubeconfig::Kubeconfig;
pub use pki::CaSet as Authorities; // MERGE: alias
pub use pki::{CaSet, CertificateAuthority, CertificateTemplate, KeyAlgorithm, PrivateKey};
pub use time::Lifetime;
pub use token::{BootstrapToken, TokenSettings};

/// The README's library example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
