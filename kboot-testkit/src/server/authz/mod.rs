//! What may they do: `system:masters`, the node authorizer and RBAC, one after the other, as kube-apiserver with
//! `--authorization-mode=Node,RBAC`; the roles that every cluster has; nobody grants more than they hold.

mod aggregation;
mod defaults;
mod escalation;
mod field_selector;
mod node;
mod node_graph;
mod rbac;
mod review;
mod rule;
#[cfg(test)]
mod tests;

pub(crate) use aggregation::aggregated_rules;
pub(crate) use defaults::default_objects;
pub(crate) use escalation::{check_binding, check_role};
pub(crate) use node_graph::names_a_secret;
pub(crate) use review::{review, rules_review};

use super::attributes::{Attributes, Objects};
use super::status::Status;

/// `rbac.authorization.k8s.io`, the group of roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io";

/// The group whose members may do everything: the authorizers are not asked.
const MASTERS: &str = "system:masters";

/// With the reason that reviews and refusals show. Nothing here denies: no authorizer of Node and RBAC ever does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow(String),
    NoOpinion(String),
}

impl Decision {
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// The first authorizer that allows has said it; else all that the others had to say, a line each
/// (`authorization/union`). `minor` is that of the version that is served.
pub(crate) fn authorize(attributes: &Attributes, objects: &dyn Objects, minor: u32) -> Decision {
    if attributes.user.is_in(MASTERS) {
        return Decision::Allow(String::new());
    }
    let node = match node::authorize(attributes, objects, minor) {
        Decision::NoOpinion(reason) => reason,
        allowed => return allowed,
    };
    match rbac::authorize(attributes, objects) {
        Decision::NoOpinion(rbac) if node.is_empty() => Decision::NoOpinion(rbac),
        Decision::NoOpinion(rbac) if rbac.is_empty() => Decision::NoOpinion(node),
        Decision::NoOpinion(rbac) => Decision::NoOpinion(format!("{node}\n{rbac}")),
        allowed => allowed,
    }
}

/// What a request that is not allowed is answered (`endpoints/handlers/responsewriters/errors.go`).
pub(crate) fn forbidden(attributes: &Attributes, reason: &str) -> Status {
    let Attributes { user, verb, group, resource, subresource, namespace, name, path, .. } = attributes;
    let what = match (resource.as_str(), subresource.as_str()) {
        ("", _) => format!("path {path:?}"),
        (_, "") => format!("resource {resource:?} in API group {group:?}"),
        _ => format!("resource {:?} in API group {group:?}", format!("{resource}/{subresource}")),
    };
    let scope = match (resource.as_str(), namespace.as_str()) {
        ("", _) => String::new(),
        (_, "") => " at the cluster scope".to_owned(),
        _ => format!(" in the namespace {namespace:?}"),
    };
    // No answer may look like HTML to a browser.
    let said = format!("User {:?} cannot {verb} {what}{scope}", user.name);
    let said = said.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let colon = if reason.is_empty() { "" } else { ": " };
    Status::forbidden(group, resource, name, &format!("{said}{colon}{reason}"))
}
