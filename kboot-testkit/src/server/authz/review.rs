//! Reviews: the question what somebody may do, as an object (`pkg/registry/authorization`,
//! `pkg/apis/authorization/validation`).

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::rule::{at, items, text, texts};
use super::{Decision, authorize, field_selector, rbac};
use crate::server::attributes::{Attributes, Objects, User};
use crate::server::status::{FieldError, Status};

/// The group of the reviews.
const GROUP: &str = "authorization.k8s.io";
/// Reviews have selectors (`AuthorizeWithSelectors`).
const WITH_SELECTORS: u32 = 32;

/// `status` of a SubjectAccessReview, a LocalSubjectAccessReview or, about `user` who asks, a
/// SelfSubjectAccessReview; `kind` says which of them `review` is. `namespace` is that of the path.
pub(crate) fn review(
    kind: &str,
    review: &Value,
    user: &Arc<User>,
    namespace: &str,
    objects: &dyn Objects,
    minor: u32,
) -> Result<Value, Status> {
    let is_local = kind == "LocalSubjectAccessReview";
    // Since 1.22 an object without a namespace has that of the path.
    let own = text(review, &["metadata", "namespace"]);
    let own = if own.is_empty() && is_local && minor >= 22 { namespace } else { own };
    let errors = invalid(kind, review, own, minor);
    if !errors.is_empty() {
        // The kind is not known there any more: upstream's message starts with the dot.
        return Err(Status::invalid(GROUP, "", "", &errors));
    }
    if is_local && own != namespace {
        let why = format!("spec.resourceAttributes.namespace must match namespace: {namespace}");
        return Err(Status::bad_request(why));
    }
    let spec = &review["spec"];
    let user = if kind == "SelfSubjectAccessReview" { Arc::clone(user) } else { Arc::new(subject(spec)) };
    let mut problems = Vec::new();
    let attributes = asked(spec, user, minor, &mut problems);
    let (allowed, reason) = match authorize(&attributes, objects, minor) {
        Decision::Allow(reason) => (true, reason),
        Decision::NoOpinion(reason) => (false, reason),
    };
    let mut status = json!({"allowed": allowed});
    if !reason.is_empty() {
        status["reason"] = reason.into();
    }
    if !problems.is_empty() {
        status["evaluationError"] = problems.join("; ").into();
    }
    Ok(status)
}

/// `status` of a SelfSubjectRulesReview; upstream answers it with an empty `spec`.
pub(crate) fn rules_review(spec: &Value, user: &User, objects: &dyn Objects) -> Result<Value, Status> {
    let namespace = text(spec, &["namespace"]);
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let is_node = user.node().is_some();
    let mut errors: Vec<_> = is_node
        .then(|| "node authorizer does not support user rule resolution".to_owned())
        .into_iter()
        .collect();
    let (mut resource_rules, mut other_rules) = (Vec::new(), Vec::new());
    rbac::visit(user, namespace, objects, &mut |found| {
        match found {
            Ok(granted) => {
                resource_rules.extend(shown(
                    granted.rule,
                    "resources",
                    &["apiGroups", "resources", "resourceNames"],
                ));
                other_rules.extend(shown(granted.rule, "nonResourceURLs", &["nonResourceURLs"]));
            }
            Err(error) => errors.push(error.to_string()),
        }
        ControlFlow::Continue(())
    });
    let mut status =
        json!({"resourceRules": resource_rules, "nonResourceRules": other_rules, "incomplete": is_node});
    if let Some(errors) = rbac::aggregate(&errors) {
        status["evaluationError"] = errors.into();
    }
    Ok(status)
}

/// A rule that has the list, without its lists of the other sort.
fn shown(rule: &Value, list: &str, fields: &[&str]) -> Option<Value> {
    items(rule, &[list]).first()?;
    let mut shown = json!({"verbs": items(rule, &["verbs"])});
    for field in fields.iter().filter(|field| !items(rule, &[field]).is_empty()) {
        shown[*field] = items(rule, &[field]).into();
    }
    Some(shown)
}

fn subject(spec: &Value) -> User {
    let extra = at(spec, &["extra"]).and_then(Value::as_object);
    User {
        name: text(spec, &["user"]).to_owned(),
        uid: text(spec, &["uid"]).to_owned(),
        groups: texts(spec, "groups").map(str::to_owned).collect(),
        extra: extra
            .into_iter()
            .flatten()
            .map(|(key, _)| (key.clone(), values(spec, key)))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn values(spec: &Value, key: &str) -> Vec<String> {
    items(spec, &["extra", key]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What is asked about; a selector that cannot be read is a problem, and left out.
fn asked(spec: &Value, user: Arc<User>, minor: u32, problems: &mut Vec<String>) -> Attributes {
    let Some(resource) = given(spec, "resourceAttributes") else {
        let field = |name| text(spec, &["nonResourceAttributes", name]).to_owned();
        return Attributes { user, verb: field("verb"), path: field("path"), ..Attributes::default() };
    };
    let mut selector = String::new();
    if let Some(asked) = given(resource, "fieldSelector").filter(|_| minor >= WITH_SELECTORS) {
        selector = text(asked, &["rawSelector"]).to_owned();
        if field_selector::parse(&selector).is_none() {
            selector.clear();
            problems.push("spec.resourceAttributes.fieldSelector ignored due to parse error".to_owned());
        }
        let requirements = items(asked, &["requirements"]);
        let conditions: Vec<_> = requirements.iter().filter_map(condition).collect();
        if conditions.len() < requirements.len() {
            let partially = if conditions.is_empty() { "" } else { "partially " };
            problems
                .push(format!("spec.resourceAttributes.fieldSelector {partially}ignored due to parse error"));
        }
        if !requirements.is_empty() {
            selector = conditions.join(",");
        }
    }
    let field = |name| text(resource, &[name]).to_owned();
    Attributes {
        user,
        verb: field("verb"),
        group: field("group"),
        version: field("version"),
        resource: field("resource"),
        subresource: field("subresource"),
        namespace: field("namespace"),
        name: field("name"),
        path: String::new(),
        field_selector: selector,
    }
}

/// `In` and `NotIn` with one value: no other is understood.
fn condition(requirement: &Value) -> Option<String> {
    let [value] = items(requirement, &["values"]) else { return None };
    let is = match text(requirement, &["operator"]) {
        "In" => true,
        "NotIn" => false,
        _ => return None,
    };
    Some(field_selector::condition(text(requirement, &["key"]), is, value.as_str()?))
}

/// A structure that is there: null is as if it was not.
fn given<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get(field).filter(|value| value.is_object())
}

/// `ValidateSubjectAccessReview` and its like, in upstream's order.
fn invalid(kind: &str, review: &Value, own_namespace: &str, minor: u32) -> Vec<FieldError> {
    let is_local = kind == "LocalSubjectAccessReview";
    let spec = &review["spec"];
    let (resource, other) = (given(spec, "resourceAttributes"), given(spec, "nonResourceAttributes"));
    let mut errors = Vec::new();
    match (resource, other) {
        (Some(_), Some(other)) => {
            let why = "cannot be specified in combination with resourceAttributes";
            errors.push(invalid_path("spec.nonResourceAttributes", other, why, minor));
        }
        (None, None) => {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            // Go's printer of old wrote the word null as a text.
            let value = if minor < JSON_VALUES { "null".into() } else { Value::Null };
            errors.push(FieldError::invalid("spec.resourceAttributes", &value, why));
        }
        _ => {}
    }
    let is_nobody = text(spec, &["user"]).is_empty() && items(spec, &["groups"]).is_empty();
    if kind != "SelfSubjectAccessReview" && is_nobody {
        errors.push(FieldError::invalid(
            "spec.user",
            &"".into(),
            "at least one of user or group must be specified",
        ));
    }
    if let Some(resource) = resource.filter(|_| minor >= WITH_SELECTORS) {
        errors.extend(invalid_selector(resource, "fieldSelector"));
        errors.extend(invalid_selector(resource, "labelSelector"));
    }
    let metadata = review.get("metadata").and_then(Value::as_object);
    let is_empty = metadata.into_iter().flatten().all(|(field, value)| {
        let may_be_set = field == "managedFields" || (is_local && field == "namespace");
        may_be_set || value.is_null() || [json!(""), json!({}), json!([]), json!(0)].contains(value)
    });
    if !is_empty {
        let why = if is_local { "must be empty except for namespace" } else { "must be empty" };
        errors.push(FieldError::invalid("metadata", &review["metadata"], why));
    }
    if is_local {
        let namespace = resource.map(|resource| text(resource, &["namespace"]));
        if let Some(namespace) = namespace.filter(|namespace| *namespace != own_namespace) {
            let field = "spec.resourceAttributes.namespace";
            errors.push(FieldError::invalid(field, &namespace.into(), "must match metadata.namespace"));
        }
        if let Some(other) = other {
            let why = "disallowed on this kind of request";
            errors.push(invalid_path("spec.nonResourceAttributes", other, why, minor));
        }
    }
    errors
}

/// Messages of 1.36 show structures as JSON, those of 1.20 in Go's own form; it changed at about this version.
const JSON_VALUES: u32 = 33;

fn invalid_path(field: &str, value: &Value, why: &str, minor: u32) -> FieldError {
    let mut error = FieldError::invalid(field, value, why);
    if minor < JSON_VALUES {
        let (path, verb) = (text(value, &["path"]), text(value, &["verb"]));
        let shown = format!("authorization.NonResourceAttributes{{Path:{path:?}, Verb:{verb:?}}}");
        error.message = format!("Invalid value: {shown}: {why}");
    }
    error
}

fn invalid_selector(resource: &Value, selector: &str) -> Vec<FieldError> {
    let Some(asked) = given(resource, selector) else { return Vec::new() };
    let path = format!("spec.resourceAttributes.{selector}");
    let (raw, requirements) = (text(asked, &["rawSelector"]), items(asked, &["requirements"]));
    let mut errors = Vec::new();
    if !raw.is_empty() && !requirements.is_empty() {
        let why = "may not specified at the same time as requirements";
        errors.push(FieldError::invalid(format!("{path}.rawSelector"), &raw.into(), why));
    }
    if raw.is_empty() && requirements.is_empty() {
        let why = format!("when {path} is specified, requirements or rawSelector is required");
        errors.push(FieldError::required(format!("{path}.requirements"), &why));
    }
    for (index, requirement) in requirements.iter().enumerate() {
        let path = format!("{path}.requirements[{index}]");
        if text(requirement, &["key"]).is_empty() && selector == "fieldSelector" {
            errors.push(FieldError::required(format!("{path}.key"), "must be specified"));
        }
        let no_values = items(requirement, &["values"]).is_empty();
        match text(requirement, &["operator"]) {
            "In" | "NotIn" if no_values => {
                let why = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(FieldError::required(format!("{path}.values"), why));
            }
            "Exists" | "DoesNotExist" if !no_values => {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(FieldError::forbidden(format!("{path}.values"), why));
            }
            _ => {}
        }
    }
    errors
}
