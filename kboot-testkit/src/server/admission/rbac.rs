//! Validation of roles and their bindings (`pkg/apis/rbac/validation/validation.go`).

use serde_json::Value;

use super::RBAC;
use super::field::{
    VALUES_AS_JSON, invalid, invalid_printed, invalid_texts, list_at, not_supported, quote, text,
};
use super::metadata;
use super::names::{NameRule, dns_subdomain, label_value, path_segment, qualified_name};
use crate::server::status::FieldError;

pub(crate) fn role(namespaced: bool, old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = metadata::validate_kind(new, namespaced, NameRule::PathSegment, minor);
    for (index, rule) in list_at(new, "/rules").iter().enumerate() {
        errors.extend(policy_rule(rule, namespaced, &format!("rules[{index}]"), minor));
    }
    if let Some(aggregation) = new.get("aggregationRule").filter(|rule| !namespaced && !rule.is_null()) {
        errors.extend(aggregation_rule(aggregation, minor));
    }
    errors.extend(metadata::validate_kind_update(old, new, minor));
    errors
}

fn policy_rule(rule: &Value, namespaced: bool, field: &str, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let is_empty = |name: &str| list_at(rule, &format!("/{name}")).is_empty();
    if is_empty("verbs") {
        errors.push(FieldError::required(format!("{field}.verbs"), "verbs must contain at least one value"));
    }
    if !is_empty("nonResourceURLs") {
        let urls = rule.get("nonResourceURLs").unwrap_or(&Value::Null);
        let mut refuse =
            |detail| errors.push(invalid_texts(format!("{field}.nonResourceURLs"), urls, detail, minor));
        if namespaced {
            refuse("namespaced rules cannot apply to non-resource URLs");
        }
        if !(is_empty("apiGroups") && is_empty("resources") && is_empty("resourceNames")) {
            refuse("rules cannot apply to both regular resources and non-resource URLs");
        }
        return errors;
    }
    for (name, what) in [("apiGroups", "api group"), ("resources", "resource")] {
        if is_empty(name) {
            let detail = format!("resource rules must supply at least one {what}");
            errors.push(FieldError::required(format!("{field}.{name}"), &detail));
        }
    }
    errors
}

fn aggregation_rule(rule: &Value, minor: u32) -> Vec<FieldError> {
    const FIELD: &str = "aggregationRule.clusterRoleSelectors";
    let selectors = list_at(rule, "/clusterRoleSelectors");
    let mut errors = Vec::new();
    if selectors.is_empty() {
        let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        errors.push(FieldError::required(FIELD, detail));
    }
    for (index, selector) in selectors.iter().enumerate() {
        let field = format!("{FIELD}[{index}]");
        let before = errors.len();
        for (key, value) in super::field::map_at(selector, "/matchLabels") {
            let field = format!("{field}.matchLabels");
            errors.extend(qualified_name(key, minor).iter().map(|message| invalid(&field, key, message)));
            errors.extend(label_value(value, minor).iter().map(|message| invalid(&field, value, message)));
        }
        for (index, requirement) in list_at(selector, "/matchExpressions").iter().enumerate() {
            errors.extend(label_requirement(
                requirement,
                &format!("{field}.matchExpressions[{index}]"),
                minor,
            ));
        }
        if errors.len() > before {
            let none = if minor >= VALUES_AS_JSON { "null" } else { "\"null\"" };
            errors.push(invalid_printed(field, none, "invalid label selector."));
        }
    }
    errors
}

fn label_requirement(requirement: &Value, field: &str, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (operator, key) = (text(requirement, "/operator"), text(requirement, "/key"));
    let has_values = !list_at(requirement, "/values").is_empty();
    let values = || format!("{field}.values");
    match operator {
        "In" | "NotIn" if !has_values => {
            let detail = "must be specified when `operator` is 'In' or 'NotIn'";
            errors.push(FieldError::required(values(), detail));
        }
        "Exists" | "DoesNotExist" if has_values => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.push(FieldError::forbidden(values(), detail));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => errors.push(invalid(format!("{field}.operator"), operator, "not a valid selector operator")),
    }
    errors.extend(
        qualified_name(key, minor).iter().map(|message| invalid(format!("{field}.key"), key, message)),
    );
    errors
}

pub(crate) fn binding(namespaced: bool, old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = metadata::validate_kind(new, namespaced, NameRule::PathSegment, minor);
    let [group, kind, name] =
        ["/roleRef/apiGroup", "/roleRef/kind", "/roleRef/name"].map(|field| text(new, field));
    if group != RBAC {
        errors.push(not_supported("roleRef.apiGroup", group, &[RBAC]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&kind) {
        errors.push(not_supported("roleRef.kind", kind, kinds));
    }
    if name.is_empty() {
        errors.push(FieldError::required("roleRef.name", ""));
    }
    errors.extend(path_segment(name).iter().map(|message| invalid("roleRef.name", name, message)));
    for (index, one) in list_at(new, "/subjects").iter().enumerate() {
        errors.extend(subject(one, namespaced, &format!("subjects[{index}]")));
    }
    errors.extend(metadata::validate_kind_update(old, new, minor));
    if old.is_some_and(|old| old.get("roleRef") != new.get("roleRef")) {
        let printed = if minor >= VALUES_AS_JSON {
            // The internal type's fields have no names in JSON of their own.
            format!("{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}", quote(group), quote(kind), quote(name))
        } else {
            let [group, kind, name] = [group, kind, name].map(quote);
            format!("rbac.RoleRef{{APIGroup:{group}, Kind:{kind}, Name:{name}}}")
        };
        errors.push(invalid_printed("roleRef", &printed, "cannot change roleRef"));
    }
    errors
}

fn subject(subject: &Value, namespaced: bool, field: &str) -> Vec<FieldError> {
    let [kind, group, name, namespace] =
        ["/kind", "/apiGroup", "/name", "/namespace"].map(|field| text(subject, field));
    let at = |name: &str| format!("{field}.{name}");
    let mut errors = Vec::new();
    if name.is_empty() {
        errors.push(FieldError::required(at("name"), ""));
    }
    match kind {
        "ServiceAccount" => {
            let messages = if name.is_empty() { Vec::new() } else { dns_subdomain(name) };
            errors.extend(messages.iter().map(|message| invalid(at("name"), name, message)));
            if !group.is_empty() {
                errors.push(not_supported(at("apiGroup"), group, &[""]));
            }
            if !namespaced && namespace.is_empty() {
                errors.push(FieldError::required(at("namespace"), ""));
            }
        }
        "User" | "Group" if group != RBAC => errors.push(not_supported(at("apiGroup"), group, &[RBAC])),
        "User" | "Group" => {}
        _ => errors.push(not_supported(at("kind"), kind, &["ServiceAccount", "User", "Group"])),
    }
    errors
}
