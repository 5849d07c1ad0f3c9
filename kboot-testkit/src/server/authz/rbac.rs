//! RBAC: the rules of the roles that bindings give a user (`plugin/pkg/auth/authorizer/rbac`,
//! `pkg/registry/rbac/validation/rule.go`).

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::Value;

use super::rule::{allows, items, text};
use super::{Decision, RBAC, aggregation};
use crate::server::attributes::{Attributes, Objects, User};

/// A rule that a user has, and the binding and its subject that give it.
pub(super) struct Granted<'a> {
    pub(super) rule: &'a Value,
    binding: &'a Value,
    subject: &'a Value,
}

/// A binding names a role that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoRole {
    Missing {
        kind: RoleKind,
        name: String,
    },
    /// `roleRef.kind` is neither of the two.
    Unsupported(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleKind {
    Role,
    ClusterRole,
}

impl RoleKind {
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Role => "roles",
            Self::ClusterRole => "clusterroles",
        }
    }
}

/// As the authorizer's listers say it, with the singular (`role.rbac.authorization.k8s.io "x" not found`).
impl fmt::Display for NoRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { kind: RoleKind::Role, name } => {
                write!(formatter, "role.{RBAC} {name:?} not found")
            }
            Self::Missing { kind: RoleKind::ClusterRole, name } => {
                write!(formatter, "clusterrole.{RBAC} {name:?} not found")
            }
            Self::Unsupported(kind) => write!(formatter, "unsupported role reference kind: {kind:?}"),
        }
    }
}

impl NoRole {
    /// As storage says it, with the plural; the checks against escalation read from there.
    pub(super) fn of_storage(&self) -> String {
        match self {
            Self::Missing { kind, name } => format!("{}.{RBAC} {name:?} not found", kind.plural()),
            Self::Unsupported(_) => self.to_string(),
        }
    }
}

pub(super) fn authorize(attributes: &Attributes, objects: &dyn Objects) -> Decision {
    let mut allowed = None;
    let mut errors = Vec::new();
    visit(&attributes.user, &attributes.namespace, objects, &mut |found| {
        match found {
            Ok(granted) if allows(attributes, granted.rule) => {
                allowed = Some(format!("RBAC: allowed by {granted}"));
                return ControlFlow::Break(());
            }
            Ok(_) => {}
            Err(error) => errors.push(error.to_string()),
        }
        ControlFlow::Continue(())
    });
    match (allowed, aggregate(&errors)) {
        (Some(reason), _) => Decision::Allow(reason),
        (None, Some(errors)) => Decision::NoOpinion(format!("RBAC: {errors}")),
        (None, None) => Decision::NoOpinion(String::new()),
    }
}

/// `utilerrors.NewAggregate`: one error as it is, several in brackets, each said once.
pub(super) fn aggregate(errors: &[String]) -> Option<String> {
    let mut said: Vec<&str> = Vec::new();
    for error in errors {
        if !said.contains(&error.as_str()) {
            said.push(error);
        }
    }
    match said.as_slice() {
        [] => None,
        [one] => Some((*one).to_owned()),
        several => Some(format!("[{}]", several.join(", "))),
    }
}

/// Every rule that a user has: those of cluster role bindings, then those of the namespace's role bindings; and what
/// was not found on the way. Bindings come by name, where upstream's authorizer takes them in no order.
pub(super) fn visit(
    user: &User,
    namespace: &str,
    objects: &dyn Objects,
    visitor: &mut dyn FnMut(Result<Granted<'_>, NoRole>) -> ControlFlow<()>,
) {
    let scopes: &[_] = if namespace.is_empty() {
        &[("clusterrolebindings", "")]
    } else {
        &[("clusterrolebindings", ""), ("rolebindings", namespace)]
    };
    for (resource, namespace) in scopes {
        for binding in objects.list(RBAC, resource, namespace) {
            let Some(subject) =
                items(&binding, &["subjects"]).iter().find(|subject| applies(user, subject, namespace))
            else {
                continue;
            };
            let roles = match roles_of(&binding, namespace, objects) {
                Ok(roles) => roles,
                Err(error) => match visitor(Err(error)) {
                    ControlFlow::Break(()) => return,
                    ControlFlow::Continue(()) => continue,
                },
            };
            for rule in roles.iter().flat_map(|role| items(role, &["rules"])) {
                if visitor(Ok(Granted { rule, binding: &binding, subject })).is_break() {
                    return;
                }
            }
        }
    }
}

/// The role that a binding names; of one that gathers the rules of others, those others.
pub(super) fn roles_of(
    binding: &Value,
    namespace: &str,
    objects: &dyn Objects,
) -> Result<Vec<Arc<Value>>, NoRole> {
    let name = text(binding, &["roleRef", "name"]);
    let (kind, namespace) = match text(binding, &["roleRef", "kind"]) {
        "Role" => (RoleKind::Role, namespace),
        "ClusterRole" => (RoleKind::ClusterRole, ""),
        other => return Err(NoRole::Unsupported(other.to_owned())),
    };
    match objects.get(RBAC, kind.plural(), namespace, name) {
        Some(role) if aggregation::gathers(&role) => {
            Ok(aggregation::gathered(&role, &objects.list(RBAC, "clusterroles", "")))
        }
        Some(role) => Ok(vec![role]),
        None => Err(NoRole::Missing { kind, name: name.to_owned() }),
    }
}

/// `appliesToUser`; a service account without a namespace is one of the binding's.
fn applies(user: &User, subject: &Value, namespace: &str) -> bool {
    let name = text(subject, &["name"]);
    match text(subject, &["kind"]) {
        "User" => user.name == name,
        "Group" => user.is_in(name),
        "ServiceAccount" => {
            let own = text(subject, &["namespace"]);
            let own = if own.is_empty() { namespace } else { own };
            let account = user.name.strip_prefix("system:serviceaccount:");
            let account = account.and_then(|rest| rest.strip_prefix(own)?.strip_prefix(':'));
            !own.is_empty() && account == Some(name)
        }
        _ => false,
    }
}

/// `RoleBinding "name/namespace" of Role "reader" to Group "testers"`.
impl fmt::Display for Granted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binding, subject, .. } = self;
        let namespace = text(binding, &["metadata", "namespace"]);
        let name = text(binding, &["metadata", "name"]);
        match namespace {
            "" => write!(formatter, "ClusterRoleBinding {name:?}")?,
            _ => write!(formatter, "RoleBinding {:?}", format!("{name}/{namespace}"))?,
        }
        let (role_kind, role) = (text(binding, &["roleRef", "kind"]), text(binding, &["roleRef", "name"]));
        let (kind, name) = (text(subject, &["kind"]), text(subject, &["name"]));
        write!(formatter, " of {role_kind} {role:?} to {kind} ")?;
        match (kind, text(subject, &["namespace"])) {
            ("ServiceAccount", "") => write!(formatter, "{:?}", format!("{name}/{namespace}")),
            ("ServiceAccount", own) => write!(formatter, "{:?}", format!("{name}/{own}")),
            _ => write!(formatter, "{name:?}"),
        }
    }
}
