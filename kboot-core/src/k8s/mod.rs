//! Conversions from and to the types of `k8s-openapi` (feature `k8s-openapi`), without text between.
//!
//! | of kboot | of `k8s-openapi` |
//! |---|---|
//! | [`CertificateSigningRequest`](crate::csr::CertificateSigningRequest) | `TryFrom` both ways |
//! | [`Condition`](crate::csr::Condition) of a request | `From` it, `TryFrom` to it |
//! | [`EventText`](crate::policy::EventText) of a decision | `From` to an `Event` |
//! | [`TokenSecret`](crate::token::TokenSecret) | `From` to a `Secret`; [`TokenSecret::read_object`](crate::token::TokenSecret::read_object) |
//! | [`ClusterRoleBinding`](crate::rbac::ClusterRoleBinding) | `From` to it |
//! | name and addresses for [`Nodes`](crate::policy::Nodes) | [`names_of_node`] |
//!
//! Whoever builds the final program also chooses the version of `k8s-openapi`'s types, once:
//!
//! ```toml
//! kboot-core = { version = "0.1", features = ["k8s-openapi"] }
//! k8s-openapi = { version = "0.29", features = ["latest"] }
//! ```

mod condition;
mod event;
mod metadata;
mod node;
mod rbac;
mod request;
mod secret;

pub use node::{NodeError, names_of_node};
