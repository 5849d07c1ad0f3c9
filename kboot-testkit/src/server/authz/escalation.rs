//! Nobody grants more than they hold: the checks before a role or a binding is stored
//! (`pkg/registry/rbac/*/policybased`, `pkg/registry/rbac/escalation_check.go`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::rbac::{self, NoRole, RoleKind};
use super::rule::{Rule, at, items, quoted, text, url_covers};
use super::{MASTERS, RBAC, authorize};
use crate::server::attributes::{Attributes, Objects, User};
use crate::server::status::Status;

/// Into so many parts a rule is broken down. One of more parts (a request of 3 MiB can hold one of 10^20) is taken to
/// be held by whoever holds everything, and by nobody else.
const MOST_PARTS: usize = 100_000;

/// A Role or ClusterRole is created, or was `old` and is updated. `request` is the create, update or patch itself.
pub(crate) fn check_role(
    request: &Attributes,
    role: &Value,
    old: Option<&Value>,
    objects: &dyn Objects,
    minor: u32,
) -> Result<(), Status> {
    let Attributes { user, resource, namespace, .. } = request;
    let escalate = Attributes {
        verb: "escalate".to_owned(),
        subresource: String::new(),
        field_selector: String::new(),
        ..request.clone()
    };
    if user.is_in(MASTERS)
        || authorize(&escalate, objects, minor).is_allowed()
        || only_owners_change(role, old)
    {
        return Ok(());
    }
    let refused = |why: &str| Status::forbidden(RBAC, resource, text(role, &["metadata", "name"]), why);
    let rules: Vec<_> = items(role, &["rules"]).iter().map(Rule::read).collect();
    confirm_held(user, namespace, &rules, objects).map_err(|why| refused(&why))?;
    let gathers = |role: &Value| !items(role, &["aggregationRule", "clusterRoleSelectors"]).is_empty();
    let may_gather_anything = || confirm_held(user, namespace, &everything(), objects).is_ok();
    if (gathers(role) || old.is_some_and(gathers)) && !may_gather_anything() {
        return Err(refused("must have cluster-admin privileges to use the aggregationRule"));
    }
    Ok(())
}

/// A RoleBinding or ClusterRoleBinding is created, or was `old` and is updated.
pub(crate) fn check_binding(
    request: &Attributes,
    binding: &Value,
    old: Option<&Value>,
    objects: &dyn Objects,
    minor: u32,
) -> Result<(), Status> {
    let Attributes { user, resource, namespace, .. } = request;
    if user.is_in(MASTERS) || only_owners_change(binding, old) || may_bind(request, binding, objects, minor) {
        return Ok(());
    }
    let roles = match rbac::roles_of(binding, namespace, objects) {
        Ok(roles) => roles,
        Err(NoRole::Missing { kind, name }) => return Err(Status::not_found(RBAC, kind.plural(), &name)),
        Err(unsupported) => return Err(Status::internal(&unsupported.to_string())),
    };
    let rules: Vec<_> = roles.iter().flat_map(|role| items(role, &["rules"])).map(Rule::read).collect();
    confirm_held(user, namespace, &rules, objects)
        .map_err(|why| Status::forbidden(RBAC, resource, text(binding, &["metadata", "name"]), &why))
}

/// The verb `bind` on the role, in the namespace of the binding.
fn may_bind(request: &Attributes, binding: &Value, objects: &dyn Objects, minor: u32) -> bool {
    let kind = match text(binding, &["roleRef", "kind"]) {
        "ClusterRole" => RoleKind::ClusterRole,
        "Role" => RoleKind::Role,
        _ => return false,
    };
    let bind = Attributes {
        verb: "bind".to_owned(),
        group: RBAC.to_owned(),
        resource: kind.plural().to_owned(),
        subresource: String::new(),
        name: text(binding, &["roleRef", "name"]).to_owned(),
        field_selector: String::new(),
        ..request.clone()
    };
    authorize(&bind, objects, minor).is_allowed()
}

/// The garbage collector may take owners and finalizers away from what it could not grant (`IsOnlyMutatingGCFields`).
fn only_owners_change(new: &Value, old: Option<&Value>) -> bool {
    const OTHERS: [&str; 4] = ["ownerReferences", "finalizers", "selfLink", "managedFields"];
    let without = |object: &Value| {
        let mut metadata = at(object, &["metadata"]).and_then(Value::as_object).cloned().unwrap_or_default();
        OTHERS.iter().for_each(|field| drop(metadata.remove(*field)));
        metadata
    };
    let rest = |object: &Value| -> Map<String, Value> {
        let fields = object.as_object().into_iter().flatten().filter(|(name, _)| *name != "metadata");
        fields.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    old.is_some_and(|old| without(new) == without(old) && rest(new) == rest(old))
}

fn everything() -> [Rule; 2] {
    let all = || vec!["*".to_owned()];
    let resources = Rule { verbs: all(), groups: all(), resources: all(), ..Rule::default() };
    [resources, Rule { verbs: all(), urls: all(), ..Rule::default() }]
}

/// `ConfirmNoEscalation`; the error says what the user lacks.
fn confirm_held(user: &User, namespace: &str, wanted: &[Rule], objects: &dyn Objects) -> Result<(), String> {
    let mut held = Vec::new();
    let mut errors = Vec::new();
    rbac::visit(user, namespace, objects, &mut |found| {
        match found {
            Ok(granted) => held.push(Rule::read(granted.rule)),
            Err(error) => errors.push(error.of_storage()),
        }
        ControlFlow::Continue(())
    });
    let missing = missing(&held, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let shown: BTreeSet<_> = compact(missing).iter().map(Rule::compact).collect();
    let shown: Vec<_> = shown.into_iter().collect();
    let mut message = format!(
        "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        quoted(&user.groups),
        shown.join("\n")
    );
    if let Some(errors) = rbac::aggregate(&errors) {
        message.push_str(&format!("; resolution errors: [{errors}]"));
    }
    Err(message)
}

/// What of the rules no rule that is held covers (`validation.Covers`).
fn missing(held: &[Rule], wanted: &[Rule]) -> Vec<Rule> {
    let parts = wanted
        .iter()
        .flat_map(|rule| if parts(rule) > MOST_PARTS { vec![rule.clone()] } else { broken_down(rule) });
    parts.filter(|part| !held.iter().any(|rule| covers(rule, part))).collect()
}

fn parts(rule: &Rule) -> usize {
    let factors = [&rule.groups, &rule.resources, &rule.verbs];
    let of_resources =
        factors.iter().fold(rule.names.len().max(1), |product, list| product.saturating_mul(list.len()));
    of_resources.saturating_add(rule.urls.len().saturating_mul(rule.verbs.len()))
}

/// One group, resource, verb and at most one name each; or one path and verb (`BreakdownRule`).
fn broken_down(rule: &Rule) -> Vec<Rule> {
    let one = |text: &String| vec![text.clone()];
    let names: Vec<_> =
        if rule.names.is_empty() { vec![Vec::new()] } else { rule.names.iter().map(one).collect() };
    let mut parts = Vec::new();
    for group in &rule.groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                parts.extend(names.iter().map(|names| Rule {
                    verbs: one(verb),
                    groups: one(group),
                    resources: one(resource),
                    names: names.clone(),
                    urls: Vec::new(),
                }));
            }
        }
    }
    for url in &rule.urls {
        parts.extend(rule.verbs.iter().map(|verb| Rule {
            verbs: one(verb),
            urls: one(url),
            ..Rule::default()
        }));
    }
    parts
}

/// A rule that is held covers a part (`ruleCovers`).
fn covers(held: &Rule, part: &Rule) -> bool {
    let listed = |list: &[String], wanted: &[String]| {
        list.iter().any(|text| text == "*") || wanted.iter().all(|text| list.contains(text))
    };
    let resource = |wanted: &String| {
        let in_all = || wanted.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
        held.resources.contains(wanted) || in_all().is_some_and(|in_all| held.resources.contains(&in_all))
    };
    listed(&held.verbs, &part.verbs)
        && listed(&held.groups, &part.groups)
        && (held.resources.iter().any(|own| own == "*") || part.resources.iter().all(resource))
        && part.urls.iter().all(|url| held.urls.iter().any(|own| url_covers(own, url)))
        && (held.names.is_empty()
            || (!part.names.is_empty() && part.names.iter().all(|name| held.names.contains(name))))
}

/// Parts that differ by their verbs alone become one (`CompactRules`).
fn compact(parts: Vec<Rule>) -> Vec<Rule> {
    let mut whole = Vec::new();
    let mut by_resource: BTreeMap<_, Rule> = BTreeMap::new();
    for part in parts {
        match (part.groups.as_slice(), part.resources.as_slice(), part.names.as_slice(), part.urls.as_slice())
        {
            ([group], [resource], names, []) if names.len() < 2 => {
                let key = (group.clone(), resource.clone(), names.to_vec());
                match by_resource.get_mut(&key) {
                    Some(rule) => rule.verbs.extend(part.verbs),
                    None => drop(by_resource.insert(key, part)),
                }
            }
            _ => whole.push(part),
        }
    }
    whole.extend(by_resource.into_values());
    whole
}
