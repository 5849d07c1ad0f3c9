//! Server-side apply (`structured-merge-diff/merge`, `apimachinery/pkg/util/managedfields`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::status::Status;
use super::fields::FieldSet;
use super::last_applied;
use super::managers::{Id, Managers, Operation, Owner};
use super::step::{Step, path};
use super::track::{self, stripped};
use super::typed::Types;
use super::{Manager, Scope, failure, managed_fields, refuse_deep, set_managed_fields, unmanaged};

/// The object with an applied configuration in it, and its owners.
pub(crate) fn apply(
    live: Option<&Value>,
    config: &Value,
    by: &Manager,
    force: bool,
    scope: &Scope<'_>,
) -> Result<Value, Status> {
    live.map_or(Ok(()), refuse_deep)?;
    refuse_deep(config)?;
    let types = Types { schema: scope.schema, minor: scope.minor };
    check(live, config, by, types)?;
    let faults = types.faults(config, scope.of);
    if !faults.is_empty() {
        let what = if scope.minor > 20 { format!(" ({})", named(config)) } else { String::new() };
        return Err(failure(format!("failed to create typed patch object{what}: {faults}")));
    }

    let wire = live.and_then(managed_fields);
    let mut managers = Managers::parse(wire)
        .map_err(|error| failure(format!("failed to decode managed fields: {error}")))?;
    if let Some(live) = live.filter(|_| managers.0.is_empty()) {
        let first = Manager { name: "before-first-apply".to_owned(), ..by.clone() };
        track::update(&mut managers, None, &unmanaged(live), &first, scope).map_err(failure)?;
    }
    let earlier = managers.clone();
    let live = live.map_or_else(|| json!({}), unmanaged);
    managers.reconcile(&live, types, scope.of);

    let id = Id::new(track::name(by), Operation::Apply, &by.api_version, &by.subresource);
    let ignored = FieldSet::of(scope.reset);
    let last = managers.0.remove(&id);
    let set = types.fields(config, scope.of).recursive_difference(&ignored);
    let time = last.as_ref().and_then(|last| last.time.clone());
    managers.0.insert(id.clone(), Owner { set, api_version: by.api_version.clone(), time });
    let merged = types
        .merged(&live, config, scope.of)
        .map_err(|error| failure(format!("failed to merge config: {error}")))?;
    let last = last.map(|last| last.set).unwrap_or_default();
    let mut object = types.pruned(merged, &last, &managers.owned(), scope.of);

    let changes = types
        .changes(&live, &object, scope.of)
        .map_err(|error| failure(format!("failed to compare objects: {error}")))?
        .without(&ignored);
    let written = changes.modified.union(&changes.added);
    if !force {
        let own = last_applied::own(&live, by, scope).unwrap_or_default();
        refuse_conflicts(&managers, &id, &written.difference(&own))?;
    }
    managers.take(&written.union(&changes.removed), Some(&id));
    let is_renewed = object != live || (scope.minor < track::VALUES_SINCE && managers != earlier);
    if let Some(owner) = managers.0.get_mut(&id) {
        owner.set = stripped(&owner.set);
        if is_renewed {
            owner.time = Some(by.time.clone());
        }
    }
    managers.0.retain(|_, owner| !owner.set.is_empty());
    last_applied::renew(&mut object, config, by);
    set_managed_fields(&mut object, managers.wire());
    Ok(object)
}

/// The configuration must be of the version and kind that the request is to, and not say who owns what.
fn check(live: Option<&Value>, config: &Value, by: &Manager, types: Types<'_>) -> Result<(), Status> {
    let text =
        |object: &Value, name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let version = text(config, "apiVersion");
    let is_other_kind = live.is_some_and(|live| text(live, "kind") != text(config, "kind"));
    if version != by.api_version && types.minor <= 20 {
        return Err(Status::bad_request(format!(
            "Incorrect version specified in apply patch. Specified patch version: {version}, expected: {}",
            by.api_version
        )));
    }
    if version != by.api_version || is_other_kind {
        return Err(Status::bad_request(format!("invalid object type: {}", kind(config))));
    }
    if managed_fields(config).is_some_and(Value::is_array) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    Ok(())
}

/// `GroupVersionKind.String`: `/v1, Kind=Secret`.
fn kind(object: &Value) -> String {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let version = text("apiVersion");
    let slash = if version.contains('/') { "" } else { "/" };
    format!("{slash}{version}, Kind={}", text("kind"))
}

fn named(object: &Value) -> String {
    let text =
        |name: &str| object.pointer(&format!("/metadata/{name}")).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}; {}", text("namespace"), text("name"), kind(object))
}

fn refuse_conflicts(managers: &Managers, by: &Id, written: &FieldSet) -> Result<(), Status> {
    let mut conflicts = BTreeMap::<&Id, Vec<Vec<Step>>>::new();
    for (id, owner) in managers.0.iter().filter(|(id, _)| *id != by) {
        let paths = owner.set.intersection(written).paths();
        if !paths.is_empty() {
            conflicts.insert(id, paths);
        }
    }
    let all =
        || conflicts.iter().flat_map(|(id, paths)| paths.iter().map(|steps| (id.described(), path(steps))));
    let message = match all().collect::<Vec<_>>().as_slice() {
        [] => return Ok(()),
        [(manager, path)] => format!("Apply failed with 1 conflict: conflict with {manager}: {path}"),
        several => {
            let lines: Vec<_> = conflicts
                .iter()
                .flat_map(|(id, paths)| {
                    let paths = paths.iter().map(|steps| format!("- {}", path(steps)));
                    std::iter::once(format!("conflicts with {}:", id.described())).chain(paths)
                })
                .collect();
            format!("Apply failed with {} conflicts: {}", several.len(), lines.join("\n"))
        }
    };
    let causes: Vec<_> = all()
        .map(|(manager, path)| {
            json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": path})
        })
        .collect();
    Err(Status {
        code: 409,
        reason: "Conflict",
        message,
        details: Some(json!({"causes": causes})),
        retry_after: None,
        next: None,
    })
}
