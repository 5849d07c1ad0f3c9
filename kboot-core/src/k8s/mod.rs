//! Conversions from and to the types of `k8s-openapi` (feature `k8s-openapi`), without text between.
//!
//! | of kboot | of `k8s-openapi` |
//! |---|---|
//! | `csr::CertificateSigningRequest` (with `certificates`) | `TryFrom` both ways |
//! | `csr::Condition` of a request (with `certificates`) | `From` it, `TryFrom` to it |
//! | `policy::EventText` of a decision (with `certificates`) | `From` to an `Event` |
//! | [`TokenSecret`](crate::token::TokenSecret) | `From` to a `Secret`; [`TokenSecret::read_object`](crate::token::TokenSecret::read_object) |
//! | [`ClusterRoleBinding`](crate::rbac::ClusterRoleBinding) | `From` to it |
//! | name and addresses for `policy::Nodes` (with `certificates`) | `names_of_node` |
//!
//! Whoever builds the final program also chooses the version of `k8s-openapi`'s types, once:
//!
//! ```toml
//! kboot-core = { version = "0.1", features = ["k8s-openapi"] }
//! k8s-openapi = { version = "0.29", features = ["latest"] }
//! ```

#[cfg(feature = "certificates")]
mod condition;
#[cfg(feature = "certificates")]
mod event;
#[cfg(feature = "certificates")]
mod metadata;
#[cfg(feature = "certificates")]
mod node;
mod rbac;
#[cfg(feature = "certificates")]
mod request;
mod secret;

#[cfg(feature = "certificates")]
pub use node::{NodeError, names_of_node};
