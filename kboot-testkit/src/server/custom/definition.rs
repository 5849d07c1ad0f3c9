//! CustomResourceDefinitions: their defaults, what has to hold for them, and what upstream's controllers make of them
//! (`apiextensions-apiserver/pkg/{apis,registry,controller}`).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::print::{invalid, not_supported, printed};
use super::schema_rules;
use crate::server::admission::field::{VALUES_AS_JSON, list_at, quote, text};
use crate::server::admission::names::{dns_1035_label, dns_subdomain};
use crate::server::resource::Resource;
use crate::server::status::FieldError;

pub(crate) const GROUP: &str = "apiextensions.k8s.io";
pub(crate) const PLURAL: &str = "customresourcedefinitions";
/// Objects go before their definition.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
const APPROVED: &str = "api-approved.kubernetes.io";

/// Whether the objects of a resource are definitions.
pub(crate) fn is_one(resource: &Resource) -> bool {
    resource.group == GROUP && resource.plural == PLURAL
}

/// Fills in what a client left out.
pub(crate) fn complete(definition: &mut Value) {
    let names = &definition["spec"]["names"];
    let kind = text(names, "/kind").to_owned();
    let is_empty = |field: &str| text(names, field).is_empty();
    let (no_singular, no_list) = (is_empty("/singular"), is_empty("/listKind"));
    let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut).filter(|_| !kind.is_empty()) {
        if no_singular {
            names.insert("singular".to_owned(), kind.to_lowercase().into());
        }
        if no_list {
            names.insert("listKind".to_owned(), format!("{kind}List").into());
        }
    }
    if spec.get("conversion").is_none_or(Value::is_null) {
        spec.insert("conversion".to_owned(), json!({"strategy": "None"}));
    }
}

/// What a definition's name has to be besides a name.
pub(crate) fn name(definition: &Value, name: &str) -> Vec<String> {
    let mut messages = dns_subdomain(name);
    let wanted = format!("{}.{}", text(definition, "/spec/names/plural"), text(definition, "/spec/group"));
    if name != wanted {
        messages.push(r#"must be spec.names.plural+"."+spec.group"#.to_owned());
    }
    messages
}

/// What is wrong with a new definition, or (`old`) with the new state of one, but for its metadata.
pub(crate) fn validate(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let group = text(new, "/spec/group");
    if group.is_empty() {
        errors.push(FieldError::required("spec.group", ""));
    } else if let Some(said) = joined(&dns_subdomain(group)) {
        errors.push(invalid("spec.group", &quote(group), &said));
    } else if !group.contains('.') {
        errors.push(invalid("spec.group", &quote(group), "should be a domain with at least one dot"));
    }
    errors.extend(one_of(new, "scope", &["Cluster", "Namespaced"]));
    errors.extend(versions(new, minor));
    errors.extend(names(&new["spec"]["names"]));
    errors.extend(one_of(new, "conversion.strategy", &["None", "Webhook"]));
    if let Some(old) = old {
        errors.extend(immutable(old, new, minor));
    }
    errors.extend(stored_versions(new, minor));
    errors.extend(approval(old, new));
    errors
}

fn joined(messages: &[String]) -> Option<String> {
    (!messages.is_empty()).then(|| messages.join(","))
}

fn one_of(definition: &Value, field: &str, values: &[&str]) -> Option<FieldError> {
    let value = text(definition, &format!("/spec/{}", field.replace('.', "/")));
    let field = format!("spec.{field}");
    match value {
        "" => Some(FieldError::required(field, "")),
        value if values.contains(&value) => None,
        value => {
            let values: Vec<_> = values.iter().map(|&value| value.to_owned()).collect();
            Some(not_supported(field, &quote(value), &values))
        }
    }
}

fn versions(definition: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let versions = list_at(definition, "/spec/versions");
    let schema =
        |version: &Value| version.pointer("/schema/openAPIV3Schema").filter(|of| of.is_object()).cloned();
    let detail = if minor <= 20 { "schemas are required" } else { "" };
    for (index, _) in versions.iter().enumerate().filter(|(_, version)| schema(version).is_none()) {
        let field = format!("spec.versions[{index}].schema.openAPIV3Schema");
        errors.push(FieldError::required(field, detail));
    }
    // Schemas that are all the same are one to upstream, with a place of its own.
    let first = versions.first().and_then(schema);
    let is_one = versions.iter().all(|version| schema(version) == first);
    for (index, version) in versions.iter().enumerate() {
        let name = text(version, "/name");
        if let Some(said) = joined(&dns_1035_label(name)) {
            errors.push(invalid(format!("spec.versions[{index}].name"), &quote(name), &said));
        }
        if let Some(schema) = schema(version).filter(|_| !is_one) {
            let place = format!("spec.versions[{index}].schema.openAPIV3Schema");
            errors.extend(schema_rules::validate(&schema, &place, minor));
        }
    }
    let all = || printed(&definition["spec"]["versions"], minor);
    let names: BTreeSet<_> = versions.iter().map(|version| text(version, "/name")).collect();
    if names.len() != versions.len() {
        errors.push(invalid("spec.versions", &all(), "must contain unique version names"));
    }
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(invalid("spec.versions", &all(), detail));
    }
    // Upstream keeps the first version's name twice.
    let name = versions.first().map_or("", |version| text(version, "/name"));
    if let Some(said) = joined(&dns_1035_label(name)).filter(|_| !versions.is_empty()) {
        errors.push(invalid("spec.version", &quote(name), &said));
    }
    if let Some(schema) = first.filter(|_| is_one) {
        let has_status = versions.iter().any(|version| version.pointer("/subresources/status").is_some());
        let kind = text(&schema, "/type");
        if has_status && kind != "object" && !kind.is_empty() {
            let detail = r#"only "object" is allowed as the type at the root of the schema if the status subresource is enabled"#;
            errors.push(invalid("spec.validation.openAPIV3Schema.type", &quote(kind), detail));
        }
        errors.extend(schema_rules::validate(&schema, "spec.validation.openAPIV3Schema", minor));
    }
    errors
}

fn names(names: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let of = |field: &str| text(names, &format!("/{field}")).to_owned();
    for field in ["plural", "singular", "kind", "listKind"] {
        if of(field).is_empty() {
            errors.push(FieldError::required(format!("spec.names.{field}"), ""));
        }
    }
    for field in ["plural", "singular", "kind", "listKind"] {
        let name = of(field);
        let may_be_mixed = ["kind", "listKind"].contains(&field);
        let held = if may_be_mixed { name.to_lowercase() } else { name.clone() };
        if let Some(said) = joined(&dns_1035_label(&held)).filter(|_| !name.is_empty()) {
            let before = "may have mixed case, but should otherwise match: ";
            let said = if may_be_mixed { format!("{before}{said}") } else { said };
            errors.push(invalid(format!("spec.names.{field}"), &quote(&name), &said));
        }
    }
    for field in ["shortNames", "categories"] {
        for (index, name) in list_at(names, &format!("/{field}")).iter().enumerate() {
            let name = name.as_str().unwrap_or_default();
            if let Some(said) = joined(&dns_1035_label(name)) {
                errors.push(invalid(format!("spec.names.{field}[{index}]"), &quote(name), &said));
            }
        }
    }
    let (kind, list) = (of("kind"), of("listKind"));
    if !kind.is_empty() && kind == list {
        errors.push(invalid("spec.names.listKind", &quote(&list), "kind and listKind may not be the same"));
    }
    errors
}

/// What objects are found by.
fn immutable(old: &Value, new: &Value, minor: u32) -> Vec<FieldError> {
    let fields: &[&str] = match is_true(old, "Established") {
        true => &["scope", "names.kind", "group", "names.plural"],
        false => &["group", "names.plural"],
    };
    let changed = fields.iter().filter_map(|field| {
        let pointer = format!("/spec/{}", field.replace('.', "/"));
        let value = new.pointer(&pointer).cloned().unwrap_or_default();
        let before = old.pointer(&pointer).cloned().unwrap_or_default();
        (value != before)
            .then(|| invalid(format!("spec.{field}"), &printed(&value, minor), "field is immutable"))
    });
    changed.collect()
}

/// A version that objects may still be stored in stays.
fn stored_versions(definition: &Value, minor: u32) -> Vec<FieldError> {
    let versions = list_at(definition, "/spec/versions");
    let stored = list_at(definition, "/status/storedVersions");
    if stored.is_empty() {
        let nothing = if minor >= VALUES_AS_JSON { "null" } else { "[]string(nil)" };
        return vec![invalid("status.storedVersions", nothing, "must have at least one stored version")];
    }
    let stored = stored.iter().enumerate();
    let gone = stored.filter(|(_, stored)| !versions.iter().any(|version| version["name"] == **stored));
    gone.map(|(index, stored)| {
        let name = stored.as_str().unwrap_or_default();
        let detail = match minor {
            ..=20 => "must appear in spec.versions".to_owned(),
            _ => format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions \
                 until a storage migration ensures no data remains persisted in {name} and removes {name} from \
                 status.storedVersions"
            ),
        };
        invalid(format!("status.storedVersions[{index}]"), &quote(name), &detail)
    })
    .collect()
}

/// Kubernetes' own groups are for APIs that were reviewed.
fn approval(old: Option<&Value>, new: &Value) -> Option<FieldError> {
    let group = text(new, "/spec/group");
    let is_in = |domain: &str| group == domain || group.ends_with(&format!(".{domain}"));
    if !is_in("k8s.io") && !is_in("kubernetes.io") {
        return None;
    }
    let approved =
        |of: &Value| of["metadata"]["annotations"][APPROVED].as_str().unwrap_or_default().to_owned();
    let approved_now = approved(new);
    if old.is_some_and(|old| approved(old) == approved_now) {
        return None;
    }
    let field = format!("metadata.annotations[{APPROVED}]");
    let needed = format!("protected groups must have approval annotation {APPROVED:?}");
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    let is_address = || approved_now.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    match approved_now.as_str() {
        "" => Some(FieldError::required(field, &format!("{needed}, {see}"))),
        reason if reason.starts_with("unapproved") || is_address() => None,
        other => {
            let detail =
                format!(r#"{needed} with either a URL or a reason starting with "unapproved", {see}"#);
            Some(invalid(field, &quote(other), &detail))
        }
    }
}

/// Whether a condition holds.
pub(crate) fn is_true(definition: &Value, kind: &str) -> bool {
    let conditions = list_at(definition, "/status/conditions");
    conditions.iter().any(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// Accepts its names, if no other definition of the group has them, and establishes it. `others` may have itself.
pub(crate) fn establish(definition: &mut Value, others: &[Arc<Value>], now: &str) {
    let wanted = definition["spec"]["names"].clone();
    let name = text(definition, "/metadata/name").to_owned();
    let group = text(definition, "/spec/group").to_owned();
    let in_group =
        |other: &&Arc<Value>| text(other, "/spec/group") == group && text(other, "/metadata/name") != name;
    let mut resources = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for other in others.iter().filter(in_group) {
        let accepted = &other["status"]["acceptedNames"];
        resources.extend(["plural", "singular"].map(|field| accepted[field].as_str().unwrap_or_default()));
        resources.extend(list_at(accepted, "/shortNames").iter().filter_map(Value::as_str));
        kinds.extend(["kind", "listKind"].map(|field| accepted[field].as_str().unwrap_or_default()));
    }
    let mut accepted = definition["status"]["acceptedNames"].clone();
    if !accepted.is_object() {
        accepted = json!({"kind": "", "plural": ""});
    }
    let mut conflict = None;
    for (field, reason, used) in [
        ("plural", "PluralConflict", &resources),
        ("singular", "SingularConflict", &resources),
        ("shortNames", "ShortNamesConflict", &resources),
        ("kind", "KindConflict", &kinds),
        ("listKind", "ListKindConflict", &kinds),
    ] {
        let value = &wanted[field];
        let taken = |name: &&str| accepted[field] != *value && used.contains(*name);
        let names: Vec<_> = match value.as_array() {
            Some(names) => names.iter().filter_map(Value::as_str).collect(),
            None => value.as_str().into_iter().collect(),
        };
        match names.into_iter().find(taken) {
            Some(name) => conflict = Some((reason, format!("{} is already in use", quote(name)))),
            None if value.is_null() => {}
            None => accepted[field] = value.clone(),
        }
    }
    if wanted["categories"].is_array() {
        accepted["categories"] = wanted["categories"].clone();
    }
    set_status(definition, "acceptedNames", accepted);
    let was_established = is_true(definition, "Established");
    match &conflict {
        Some((reason, message)) => condition(definition, "NamesAccepted", "False", reason, message, now),
        None => condition(definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now),
    }
    match conflict {
        _ if was_established => {}
        Some(_) => {
            condition(definition, "Established", "False", "NotAccepted", "not all names are accepted", now);
        }
        None => {
            let message = "the initial names have been accepted";
            condition(definition, "Established", "True", "InitialNamesAccepted", message, now);
        }
    }
    let storage = list_at(definition, "/spec/versions").iter().find(|version| version["storage"] == true);
    let storage = storage.map(|version| version["name"].clone());
    let mut stored = list_at(definition, "/status/storedVersions").to_vec();
    stored.extend(storage.filter(|storage| !stored.contains(storage)));
    set_status(definition, "storedVersions", stored.into());
}

/// Clients may have written anything into the status.
fn set_status(definition: &mut Value, field: &str, value: Value) {
    if !definition["status"].is_object() {
        definition["status"] = json!({});
    }
    definition["status"][field] = value;
}

/// Sets a condition; its time is when it changed.
fn condition(definition: &mut Value, kind: &str, status: &str, reason: &str, message: &str, now: &str) {
    let mut condition = json!({
        "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now,
    });
    let mut conditions = list_at(definition, "/status/conditions").to_vec();
    match conditions.iter_mut().find(|other| other["type"] == kind) {
        Some(before) => {
            if before["status"] == status {
                condition["lastTransitionTime"] = before["lastTransitionTime"].clone();
            }
            *before = condition;
        }
        None => conditions.push(condition),
    }
    set_status(definition, "conditions", conditions.into());
}

/// Marked for deletion: its objects go first.
pub(crate) fn terminating(definition: &Value, now: &str) -> Value {
    let mut definition = definition.clone();
    definition["metadata"]["deletionTimestamp"] = now.into();
    let mut finalizers = list_at(&definition, "/metadata/finalizers").to_vec();
    if !finalizers.contains(&CLEANUP.into()) {
        finalizers.push(CLEANUP.into());
    }
    definition["metadata"]["finalizers"] = finalizers.into();
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    condition(&mut definition, "Terminating", "True", "InstanceDeletionPending", message, now);
    definition
}

/// A definition whose objects are going.
pub(crate) fn cleaning(definition: &Value, now: &str) -> Value {
    let mut definition = definition.clone();
    let message = "CustomResource deletion is in progress";
    condition(&mut definition, "Terminating", "True", "InstanceDeletionInProgress", message, now);
    definition
}

/// A definition whose objects are gone.
pub(crate) fn cleaned(definition: &Value, now: &str) -> Value {
    let mut definition = definition.clone();
    let message = "removed all instances";
    condition(&mut definition, "Terminating", "False", "InstanceDeletionCompleted", message, now);
    if let Some(finalizers) = definition["metadata"]["finalizers"].as_array_mut() {
        finalizers.retain(|finalizer| finalizer != CLEANUP);
    }
    definition
}
