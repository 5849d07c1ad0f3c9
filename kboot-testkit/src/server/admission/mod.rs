//! What an object has to be before it is stored: what the server makes of it, what it refuses in it, and who may ask
//! for what beyond what authorizers say.
//!
//! A write goes through in upstream's order: [`admit`] in [`Phase::Mutating`], [`prepare_create`] or
//! [`prepare_update`], [`validate`], [`admit`] in [`Phase::Validating`].

mod core;
mod csr;
pub(crate) mod field;
mod metadata;
pub(crate) mod names;
mod node_restriction;
pub(crate) mod pki;
mod plugins;
mod rbac;
mod strategy;
#[cfg(test)]
mod tests;
mod trust;

use serde_json::Value;

use self::names::NameRule;
use super::custom::definition;
use super::resource::Resource;
use super::status::FieldError;

pub(crate) use self::plugins::{Phase, admit};
pub(crate) use self::strategy::{prepare_create, prepare_update, set};

pub(crate) const CERTIFICATES: &str = "certificates.k8s.io";
pub(crate) const RBAC: &str = "rbac.authorization.k8s.io";

/// The kinds that this room knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    CertificateSigningRequest,
    ClusterTrustBundle,
    PodCertificateRequest,
    ConfigMap,
    CustomResourceDefinition,
    Event,
    Lease,
    Namespace,
    Node,
    Pod,
    Secret,
    ServiceAccount,
    Role,
    ClusterRole,
    RoleBinding,
    ClusterRoleBinding,
    /// Stored as it comes, like custom resources.
    Other,
}

impl Kind {
    fn of(resource: &Resource) -> Self {
        match (resource.group.as_str(), resource.plural.as_str()) {
            (CERTIFICATES, "certificatesigningrequests") => Self::CertificateSigningRequest,
            (CERTIFICATES, "clustertrustbundles") => Self::ClusterTrustBundle,
            (CERTIFICATES, "podcertificaterequests") => Self::PodCertificateRequest,
            ("", "configmaps") => Self::ConfigMap,
            (definition::GROUP, definition::PLURAL) => Self::CustomResourceDefinition,
            ("" | "events.k8s.io", "events") => Self::Event,
            ("coordination.k8s.io", "leases") => Self::Lease,
            ("", "namespaces") => Self::Namespace,
            ("", "nodes") => Self::Node,
            ("", "pods") => Self::Pod,
            ("", "secrets") => Self::Secret,
            ("", "serviceaccounts") => Self::ServiceAccount,
            (RBAC, "roles") => Self::Role,
            (RBAC, "clusterroles") => Self::ClusterRole,
            (RBAC, "rolebindings") => Self::RoleBinding,
            (RBAC, "clusterrolebindings") => Self::ClusterRoleBinding,
            _ => Self::Other,
        }
    }
}

/// What is wrong with a new object, or (`old`) with the new state of one.
pub(crate) fn validate(
    resource: &Resource,
    subresource: &str,
    old: Option<&Value>,
    new: &Value,
    minor: u32,
) -> Vec<FieldError> {
    // What holds for all kinds comes last for a new object, so that the kind's own words are heard first
    // (`apiserver/pkg/registry/rest/{create,update}.go`).
    let common = || metadata::validate(new, resource.namespaced, NameRule::PathSegment, minor);
    let own =
        |errors: &mut Vec<FieldError>| errors.extend(validate_kind(resource, subresource, old, new, minor));
    let mut errors = Vec::new();
    match old {
        None => {
            own(&mut errors);
            if errors.is_empty() {
                errors = common();
            }
        }
        Some(old) => {
            errors = common();
            errors.extend(metadata::validate_update(old, new, minor));
            own(&mut errors);
        }
    }
    errors
}

fn validate_kind(
    resource: &Resource,
    subresource: &str,
    old: Option<&Value>,
    new: &Value,
    minor: u32,
) -> Vec<FieldError> {
    match Kind::of(resource) {
        Kind::CertificateSigningRequest => csr::validate(subresource, old, new, minor),
        Kind::ClusterTrustBundle => trust::validate_bundle(old, new, minor),
        Kind::PodCertificateRequest => trust::validate_request(subresource, old, new, minor),
        Kind::ConfigMap => core::config_map(old, new, minor),
        Kind::CustomResourceDefinition => {
            let rule = |name: &str, _| if old.is_none() { definition::name(new, name) } else { Vec::new() };
            let mut errors = metadata::validate_named(new, false, &rule, minor);
            errors.extend(definition::validate(old, new, minor));
            errors
        }
        Kind::Event => core::event(new, minor),
        Kind::Lease => core::lease(old, new, minor),
        Kind::Namespace => core::namespace(subresource, old, new, minor),
        Kind::Node => core::node(old, new, minor),
        Kind::Secret => core::secret(old, new, minor),
        Kind::ServiceAccount => core::service_account(old, new, minor),
        Kind::Role | Kind::ClusterRole => rbac::role(resource.namespaced, old, new, minor),
        Kind::RoleBinding | Kind::ClusterRoleBinding => rbac::binding(resource.namespaced, old, new, minor),
        Kind::Pod => {
            let mut errors = metadata::validate(new, resource.namespaced, NameRule::DnsSubdomain, minor);
            errors.extend(old.and_then(|old| core::mirror_pod(old, new)));
            errors
        }
        Kind::Other => metadata::validate(new, resource.namespaced, NameRule::DnsSubdomain, minor),
    }
}
