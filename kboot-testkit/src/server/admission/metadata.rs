//! ObjectMeta, which is the same for all kinds (`apimachinery/pkg/api/validation/objectmeta.go`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::field::{VALUES_AS_JSON, invalid, invalid_printed, list_at, map_at, quote, same, text, too_long};
use super::names::{NameRule, dns_label, label_value, qualified_name};
use crate::server::status::FieldError;

const ANNOTATIONS: usize = 256 * 1024;

/// Of a new object, and of the new state of one (`ValidateObjectMetaAccessor`).
pub(crate) fn validate(object: &Value, namespaced: bool, rule: NameRule, minor: u32) -> Vec<FieldError> {
    validate_named(object, namespaced, &|name, prefix| rule.check(name, prefix, minor), minor)
}

/// The same with a rule for names that is the kind's own.
pub(crate) fn validate_named(
    object: &Value,
    namespaced: bool,
    rule: &dyn Fn(&str, bool) -> Vec<String>,
    minor: u32,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let [name, generate_name, namespace] =
        ["name", "generateName", "namespace"].map(|field| text(object, &format!("/metadata/{field}")));
    if !generate_name.is_empty() {
        let messages = rule(generate_name, true);
        errors
            .extend(messages.iter().map(|message| invalid("metadata.generateName", generate_name, message)));
    }
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    }
    let messages = if name.is_empty() { Vec::new() } else { rule(name, false) };
    errors.extend(messages.iter().map(|message| invalid("metadata.name", name, message)));
    match (namespaced, namespace) {
        (true, "") => errors.push(FieldError::required("metadata.namespace", "")),
        (true, _) => {
            let messages = dns_label(namespace, minor);
            errors.extend(messages.iter().map(|message| invalid("metadata.namespace", namespace, message)));
        }
        (false, "") => {}
        (false, _) => errors.push(FieldError::forbidden("metadata.namespace", "not allowed on this type")),
    }
    if let Some(generation) =
        object.pointer("/metadata/generation").and_then(Value::as_i64).filter(|n| *n < 0)
    {
        let detail = "must be greater than or equal to 0";
        errors.push(invalid_printed("metadata.generation", &generation.to_string(), detail));
    }
    errors.extend(labels(object, minor));
    errors.extend(annotations(object, minor));
    errors.extend(owners(object, minor));
    errors.extend(finalizers(object, minor));
    errors.extend(managed_fields(object));
    errors
}

/// What Kubernetes' own kinds ask for beyond that (`ValidateObjectMeta` in `pkg/apis/core/validation`).
pub(crate) fn validate_kind(object: &Value, namespaced: bool, rule: NameRule, minor: u32) -> Vec<FieldError> {
    let mut errors = validate(object, namespaced, rule, minor);
    errors.extend(kubernetes_finalizers(object));
    errors
}

/// The same beside the old state, where there is one.
pub(crate) fn validate_kind_update(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let Some(old) = old else { return Vec::new() };
    let mut errors = validate_update(old, new, minor);
    errors.extend(kubernetes_finalizers(new));
    errors
}

/// Of the new state of an object beside the old (`ValidateObjectMetaAccessorUpdate`).
pub(crate) fn validate_update(old: &Value, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !text(old, "/metadata/deletionTimestamp").is_empty() {
        let texts = |object| -> BTreeSet<&str> {
            list_at(object, "/metadata/finalizers").iter().filter_map(Value::as_str).collect()
        };
        let added: Vec<_> = texts(new).difference(&texts(old)).map(|added| quote(added)).collect();
        if !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            errors.push(FieldError::forbidden("metadata.finalizers", &detail));
        }
    }
    if text(new, "/metadata/resourceVersion").is_empty() {
        errors.push(invalid("metadata.resourceVersion", "", "must be specified for an update"));
    }
    let generation =
        |object: &Value| object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
    if generation(new) < generation(old) {
        errors.push(invalid_printed(
            "metadata.generation",
            &generation(new).to_string(),
            "must not be decremented",
        ));
    }
    for field in ["name", "namespace", "uid"] {
        let pointer = format!("/metadata/{field}");
        if !same(old.pointer(&pointer), new.pointer(&pointer)) {
            errors.push(immutable(&format!("metadata.{field}"), text(new, &pointer)));
        }
    }
    const DELETION: &str = "/metadata/deletionTimestamp";
    if !same(old.pointer(DELETION), new.pointer(DELETION)) {
        let time = text(new, DELETION);
        let go = format!("{} +0000 UTC", time.trim_end_matches('Z').replace('T', " "));
        let printed = if minor >= VALUES_AS_JSON { quote(time) } else { go };
        errors.push(invalid_printed("metadata.deletionTimestamp", &printed, "field is immutable"));
    }
    errors.extend(labels(new, minor));
    errors.extend(annotations(new, minor));
    errors.extend(owners(new, minor));
    errors.extend(managed_fields(new));
    errors
}

/// `ValidateImmutableField` of a text that differs.
pub(crate) fn immutable(field: &str, new: &str) -> FieldError {
    invalid(field, new, "field is immutable")
}

fn labels(object: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in map_at(object, "/metadata/labels") {
        errors.extend(
            qualified_name(key, minor).iter().map(|message| invalid("metadata.labels", key, message)),
        );
        errors.extend(
            label_value(value, minor).iter().map(|message| invalid("metadata.labels", value, message)),
        );
    }
    errors
}

fn annotations(object: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in map_at(object, "/metadata/annotations") {
        let messages = qualified_name(&key.to_lowercase(), minor);
        errors.extend(messages.iter().map(|message| invalid("metadata.annotations", key, message)));
        size += key.len() + value.len();
    }
    if size > ANNOTATIONS {
        errors.push(too_long("metadata.annotations", ANNOTATIONS, minor));
    }
    errors
}

fn owners(object: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut controller: Option<String> = None;
    for owner in list_at(object, "/metadata/ownerReferences") {
        let field = |name: &str| text(owner, &format!("/{name}"));
        let version = field("apiVersion");
        // `FromAPIVersionAndKind`: more than one slash, or none and nothing else, is no version.
        if version.rsplit('/').next() == Some("") || version.matches('/').count() > 1 {
            errors.push(invalid("metadata.ownerReferences.apiVersion", version, "version must not be empty"));
        }
        for name in ["kind", "name", "uid"] {
            if field(name).is_empty() {
                // Kubernetes said it twice until 1.23 or so.
                let prefix = if minor >= 24 { String::new() } else { format!("{name} ") };
                let detail = format!("{prefix}must not be empty");
                errors.push(invalid(format!("metadata.ownerReferences.{name}"), "", &detail));
            }
        }
        if version == "v1" && field("kind") == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(invalid_printed("metadata.ownerReferences", &owner.to_string(), detail));
        }
        if owner.get("controller") == Some(&Value::Bool(true)) {
            let this = if minor >= 30 {
                format!("{}/{}", field("kind"), field("name"))
            } else {
                field("name").to_owned()
            };
            if let Some(first) = &controller {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} \
                     and {this}"
                );
                let owners = object.pointer("/metadata/ownerReferences").unwrap_or(&Value::Null).to_string();
                errors.push(invalid_printed("metadata.ownerReferences", &owners, &detail));
            } else {
                controller = Some(this);
            }
        }
    }
    errors
}

fn finalizers(object: &Value, minor: u32) -> Vec<FieldError> {
    let finalizers: Vec<_> =
        list_at(object, "/metadata/finalizers").iter().filter_map(Value::as_str).collect();
    let mut errors = Vec::new();
    for finalizer in &finalizers {
        let messages = qualified_name(finalizer, minor);
        errors.extend(messages.iter().map(|message| invalid("metadata.finalizers", finalizer, message)));
    }
    if finalizers.contains(&"orphan") && finalizers.contains(&"foregroundDeletion") {
        let list = object.pointer("/metadata/finalizers").unwrap_or(&Value::Null);
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(super::field::invalid_texts("metadata.finalizers", list, detail, minor));
    }
    errors
}

/// A finalizer without a domain is one of Kubernetes' own (`validateKubeFinalizerName`).
fn kubernetes_finalizers(object: &Value) -> Vec<FieldError> {
    let named = list_at(object, "/metadata/finalizers").iter().enumerate();
    named
        .filter_map(|(index, name)| Some((index, name.as_str()?)))
        .filter_map(|(index, name)| kubernetes_finalizer(&format!("metadata.finalizers[{index}]"), name))
        .collect()
}

pub(crate) fn kubernetes_finalizer(field: &str, name: &str) -> Option<FieldError> {
    let own = name.contains('/') || ["kubernetes", "orphan", "foregroundDeletion"].contains(&name);
    let detail = "name is neither a standard finalizer name nor is it fully qualified";
    (!own).then(|| invalid(field, name, detail))
}

fn managed_fields(object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for entry in list_at(object, "/metadata/managedFields") {
        let operation = text(entry, "/operation");
        if !["Apply", "Update"].contains(&operation) {
            errors.push(invalid(
                "metadata.managedFields.operation",
                operation,
                "must be `Apply` or `Update`",
            ));
        }
        let kind = text(entry, "/fieldsType");
        if !["", "FieldsV1"].contains(&kind) {
            errors.push(invalid("metadata.managedFields.fieldsType", kind, "must be `FieldsV1`"));
        }
    }
    errors
}
