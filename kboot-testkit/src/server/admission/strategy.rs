//! What the server makes of an object before it judges it: fields that are its own, defaults, and which half of an
//! object a request may change (`PrepareForCreate` and `PrepareForUpdate` in `pkg/registry/*/strategy.go`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::field::{list_at, same, text};
use super::{Kind, RBAC};
use crate::server::attributes::User;
use crate::server::resource::Resource;

/// Of a new object, whose name is known.
pub(crate) fn prepare_create(resource: &Resource, object: &mut Value, user: &User, minor: u32) {
    if !resource.namespaced {
        remove_at(object, &["metadata", "namespace"]);
    }
    fill_defaults(resource, object, minor);
    match Kind::of(resource) {
        Kind::CertificateSigningRequest => {
            stamp(object, user);
            set(object, &["status"], json!({}));
        }
        Kind::Namespace => {
            set(object, &["status"], json!({"phase": "Active"}));
            let mut finalizers = list_at(object, "/spec/finalizers").to_vec();
            if !finalizers.contains(&json!("kubernetes")) {
                finalizers.push(json!("kubernetes"));
            }
            set(object, &["spec", "finalizers"], finalizers.into());
        }
        Kind::Pod => {
            set(object, &["status"], json!({"phase": "Pending"}));
            // The admission plug-in ServiceAccount; mirror pods have none.
            let is_mirror = object.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some();
            if !is_mirror && text(object, "/spec/serviceAccountName").is_empty() {
                set(object, &["spec", "serviceAccountName"], "default".into());
            }
        }
        Kind::PodCertificateRequest => set(object, &["status"], json!({})),
        // The admission plug-in TaintNodesByCondition: nothing is scheduled before the node is known to be ready.
        Kind::Node => {
            let not_ready = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
            let mut taints = list_at(object, "/spec/taints").to_vec();
            let is_there =
                |taint: &Value| taint["key"] == not_ready["key"] && taint["effect"] == not_ready["effect"];
            if !taints.iter().any(is_there) {
                taints.push(not_ready);
                set(object, &["spec", "taints"], taints.into());
            }
        }
        Kind::CustomResourceDefinition | Kind::Other => {
            if resource.subresources.iter().any(|subresource| subresource == "status") {
                remove(object, "status");
            }
            set(object, &["metadata", "generation"], json!(1));
        }
        _ => {}
    }
}

/// Who asks, whatever the request says.
fn stamp(object: &mut Value, user: &User) {
    let Some(spec) = child(object, "spec") else { return };
    for field in ["username", "uid", "groups", "extra"] {
        spec.remove(field);
    }
    spec.insert("username".to_owned(), user.name.as_str().into());
    if !user.uid.is_empty() {
        spec.insert("uid".to_owned(), user.uid.as_str().into());
    }
    if !user.groups.is_empty() {
        spec.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        spec.insert("extra".to_owned(), json!(user.extra));
    }
}

/// Of the new state of an object: what the subresource may not change is as it was. `now` is RFC 3339.
pub(crate) fn prepare_update(
    resource: &Resource,
    subresource: &str,
    old: &Value,
    new: &mut Value,
    now: &str,
    minor: u32,
) {
    if !resource.namespaced {
        remove_at(new, &["metadata", "namespace"]);
    }
    keep(old, new, &["metadata", "generation"]);
    fill_defaults(resource, new, minor);
    let kind = Kind::of(resource);
    let has_status = resource.subresources.iter().any(|subresource| subresource == "status");
    match (kind, subresource) {
        (Kind::CertificateSigningRequest, "") => {
            keep(old, new, &["spec"]);
            keep(old, new, &["status"]);
        }
        (Kind::CertificateSigningRequest, "status") => {
            keep(old, new, &["spec"]);
            keep_conditions(old, new, "Approved");
            keep_conditions(old, new, "Denied");
            fill_times(old, new, now);
        }
        (Kind::CertificateSigningRequest, "approval") => {
            fill_times(old, new, now);
            let conditions = new.pointer("/status/conditions").cloned();
            keep(old, new, &["spec"]);
            keep(old, new, &["status"]);
            match conditions {
                Some(conditions) => set(new, &["status", "conditions"], conditions),
                None => remove_at(new, &["status", "conditions"]),
            }
        }
        (Kind::Namespace, "") => {
            keep(old, new, &["spec", "finalizers"]);
            keep(old, new, &["status"]);
        }
        (Kind::Namespace, "finalize") => keep(old, new, &["status"]),
        (Kind::PodCertificateRequest, "status") => {
            keep(old, new, &["spec"]);
            keep_metadata(old, new);
        }
        (Kind::CustomResourceDefinition | Kind::Other, "status") => {
            let status = new.get("status").cloned();
            let version = new.pointer("/metadata/resourceVersion").cloned();
            let managed = new.pointer("/metadata/managedFields").cloned();
            *new = old.clone();
            put(new, &["status"], status);
            put(new, &["metadata", "resourceVersion"], version);
            put(new, &["metadata", "managedFields"], managed);
        }
        (_, "status") => keep(old, new, &["spec"]),
        (_, "") if has_status => keep(old, new, &["status"]),
        _ => {}
    }
    keep_system_metadata(old, new);
    let counts = matches!(kind, Kind::CustomResourceDefinition | Kind::Other);
    if counts && subresource.is_empty() && !is_same_content(old, new, has_status) {
        let generation = old.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
        set(new, &["metadata", "generation"], json!(generation.saturating_add(1)));
    }
}

/// What `BeforeUpdate` in `apiserver/pkg/registry/rest/update.go` keeps of every object.
fn keep_system_metadata(old: &Value, new: &mut Value) {
    for field in ["creationTimestamp", "deletionTimestamp"] {
        if !text(old, &format!("/metadata/{field}")).is_empty() {
            keep(old, new, &["metadata", field]);
        }
    }
    for field in ["uid", "deletionGracePeriodSeconds"] {
        let pointer = format!("/metadata/{field}");
        if same(new.pointer(&pointer), None) {
            keep(old, new, &["metadata", field]);
        }
    }
}

/// `metav1.ResetObjectMetaForStatus`.
fn keep_metadata(old: &Value, new: &mut Value) {
    for field in ["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp"] {
        keep(old, new, &["metadata", field]);
    }
}

/// Whether nothing but metadata and, where that is a subresource, the status differs.
fn is_same_content(old: &Value, new: &Value, has_status: bool) -> bool {
    let content = |object: &Value| {
        let mut map = object.as_object().cloned().unwrap_or_default();
        map.remove("metadata");
        if has_status {
            map.remove("status");
        }
        map
    };
    content(old) == content(new)
}

/// Conditions of a type stay as they were, if there are as many as before; if not, validation refuses.
fn keep_conditions(old: &Value, new: &mut Value, kind: &str) {
    let of_kind = |condition: &Value| text(condition, "/type") == kind;
    let before: Vec<Value> =
        list_at(old, "/status/conditions").iter().filter(|one| of_kind(one)).cloned().collect();
    let Some(conditions) = new.pointer_mut("/status/conditions").and_then(Value::as_array_mut) else {
        return;
    };
    if conditions.iter().filter(|one| of_kind(one)).count() == before.len() {
        for (condition, before) in conditions.iter_mut().filter(|one| of_kind(one)).zip(before) {
            *condition = before;
        }
    }
}

fn fill_times(old: &Value, new: &mut Value, now: &str) {
    let Some(conditions) = new.pointer_mut("/status/conditions").and_then(Value::as_array_mut) else {
        return;
    };
    for condition in conditions {
        if text(condition, "/lastUpdateTime").is_empty() {
            put(condition, &["lastUpdateTime"], Some(now.into()));
        }
        if text(condition, "/lastTransitionTime").is_empty() {
            let same = |other: &&Value| {
                ["/type", "/status"].iter().all(|field| text(other, field) == text(condition, field))
            };
            let before = list_at(old, "/status/conditions").iter().find(same);
            let since =
                before.map(|before| text(before, "/lastTransitionTime")).filter(|since| !since.is_empty());
            put(condition, &["lastTransitionTime"], Some(since.unwrap_or(now).into()));
        }
    }
}

/// Defaults that clients see (`pkg/apis/*/v1/defaults.go`).
fn fill_defaults(resource: &Resource, object: &mut Value, minor: u32) {
    match Kind::of(resource) {
        Kind::Secret => {
            if text(object, "/type").is_empty() {
                set(object, &["type"], "Opaque".into());
            }
            let Some(Value::Object(texts)) = object.as_object_mut().and_then(|map| map.remove("stringData"))
            else {
                return;
            };
            for (key, value) in texts {
                let octets = STANDARD.encode(value.as_str().unwrap_or_default());
                set(object, &["data", &key], octets.into());
            }
        }
        Kind::Namespace if minor >= 21 => {
            let name = text(object, "/metadata/name").to_owned();
            if !name.is_empty() {
                set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], name.into());
            }
        }
        Kind::Node => {
            if let Some(capacity) =
                object.pointer("/status/capacity").filter(|capacity| !capacity.is_null()).cloned()
                && same(object.pointer("/status/allocatable"), None)
            {
                set(object, &["status", "allocatable"], capacity);
            }
            fill_pod_ranges(object, minor);
        }
        Kind::RoleBinding | Kind::ClusterRoleBinding => {
            if text(object, "/roleRef/apiGroup").is_empty()
                && object.get("roleRef").is_some_and(Value::is_object)
            {
                set(object, &["roleRef", "apiGroup"], RBAC.into());
            }
            let subjects = object.get_mut("subjects").and_then(Value::as_array_mut);
            for subject in subjects.into_iter().flatten() {
                if ["User", "Group"].contains(&text(subject, "/kind"))
                    && text(subject, "/apiGroup").is_empty()
                {
                    set(subject, &["apiGroup"], RBAC.into());
                }
            }
        }
        Kind::PodCertificateRequest if same(object.pointer("/spec/maxExpirationSeconds"), None) => {
            set(object, &["spec", "maxExpirationSeconds"], json!(86_400));
        }
        _ => {}
    }
}

/// The old field and the first of the new ones are the same, and the old one is believed
/// (`pkg/apis/core/v1/conversion.go`). Without IPv6DualStack, which came on in 1.21, there is one.
fn fill_pod_ranges(node: &mut Value, minor: u32) {
    let old = text(node, "/spec/podCIDR").to_owned();
    let mut ranges = list_at(node, "/spec/podCIDRs").to_vec();
    if !old.is_empty() && ranges.first().and_then(Value::as_str) != Some(&old) {
        ranges = vec![old.into()];
    }
    if minor < 21 {
        ranges.truncate(1);
    }
    if let Some(first) = ranges.first().cloned() {
        set(node, &["spec", "podCIDR"], first);
        set(node, &["spec", "podCIDRs"], ranges.into());
    }
}

/// A field that is an object, made where it is not there.
fn child<'a>(object: &'a mut Value, field: &str) -> Option<&'a mut Map<String, Value>> {
    let child = object.as_object_mut()?.entry(field).or_insert(Value::Null);
    if child.is_null() {
        *child = json!({});
    }
    child.as_object_mut()
}

/// Sets a field; nothing happens where something else than an object is in the way.
pub(crate) fn set(object: &mut Value, path: &[&str], value: Value) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut at = object;
    for parent in parents {
        if child(at, parent).is_none() {
            return;
        }
        let Some(next) = at.get_mut(*parent) else { return };
        at = next;
    }
    if let Some(map) = at.as_object_mut() {
        map.insert((*last).to_owned(), value);
    }
}

pub(crate) fn remove_at(object: &mut Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut at = Some(object);
    for parent in parents {
        at = at.and_then(|object| object.get_mut(*parent));
    }
    if let Some(map) = at.and_then(Value::as_object_mut) {
        map.remove(*last);
    }
}

fn remove(object: &mut Value, field: &str) {
    remove_at(object, &[field]);
}

fn put(object: &mut Value, path: &[&str], value: Option<Value>) {
    match value {
        Some(value) => set(object, path, value),
        None => remove_at(object, path),
    }
}

/// A field is as it was.
fn keep(old: &Value, new: &mut Value, path: &[&str]) {
    let pointer: String = path.iter().map(|field| format!("/{field}")).collect();
    put(new, path, old.pointer(&pointer).cloned());
}
