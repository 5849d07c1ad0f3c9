//! Changes of objects that are there (`apiserver/pkg/registry/generic/registry/store.go`, `Update`).

use std::sync::Arc;

use serde_json::Value;

use super::{Call, body, create, meta};
use crate::server::admission::{self, Phase};
use crate::server::answer::Answer;
use crate::server::patch;
use crate::server::status::{FieldError, Status};
use crate::server::store::{Refused, Stored};

/// How often a change that names no version is made anew on what somebody else wrote meanwhile.
pub(super) const TRIES: usize = 64;

/// Kinds that a PUT creates (`AllowCreateOnUpdate`).
fn is_created_by_put(call: &Call<'_>) -> bool {
    matches!(
        call.resource.plural.as_str(),
        "leases"
            | "roles"
            | "clusterroles"
            | "rolebindings"
            | "clusterrolebindings"
            | "endpoints"
            | "endpointslices"
            | "events"
    ) && !call.resource.is_custom
}

/// Kinds that may be written without a word on which version they replace (`AllowUnconditionalUpdate`).
fn is_unconditional(call: &Call<'_>) -> bool {
    !call.resource.is_custom
        && !matches!(
            call.resource.plural.as_str(),
            "leases" | "customresourcedefinitions" | "csinodes" | "endpointslices"
        )
}

pub(super) fn update(call: &Call<'_>) -> Result<Answer, Status> {
    let sent = body::object(call)?;
    check_place(call, &sent.object)?;
    let mut answer = if call.read().is_err() && is_created_by_put(call) && call.target.subresource.is_empty()
    {
        call.check_may_create()?;
        let mut object = sent.object;
        object["metadata"]["resourceVersion"] = Value::Null;
        create::keep(call, &object)?
    } else {
        change(call, |_| Ok(sent.object.clone()), &Writer::Update)?
    };
    answer.warnings.extend(sent.warnings);
    Ok(answer)
}

/// The object is the one that the path names (`ensureNamespaceMatches` and `checkName`).
pub(super) fn check_place(call: &Call<'_>, object: &Value) -> Result<(), Status> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if name != call.target.name {
        return Err(Status::bad_request(match name {
            "" => "the name of the object (metadata.name) must be set for an update".to_owned(),
            _ => format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                call.target.name
            ),
        }));
    }
    match object["metadata"]["namespace"].as_str().unwrap_or_default() {
        "" => Ok(()),
        namespace if !call.resource.namespaced || namespace == call.target.namespace => Ok(()),
        namespace if call.attributes.verb == "patch" => Err(Status::bad_request(format!(
            "the namespace of the object ({namespace}) does not match the namespace on the URL ({})",
            call.target.namespace
        ))),
        _ => Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        )),
    }
}

/// How a change owns what it writes.
pub(super) enum Writer {
    Update,
    /// Server-side apply has written `managedFields` already.
    Apply,
}

/// Changes an object: `make` says from the one that is there what it is to be.
pub(super) fn change(
    call: &Call<'_>,
    make: impl Fn(&Value) -> Result<Value, Status>,
    writer: &Writer,
) -> Result<Answer, Status> {
    let mut tries = 0;
    loop {
        let before = call.read()?;
        let sent = make(&before.value)?;
        let is_conditional =
            sent["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty());
        match change_once(call, &before, sent, writer)? {
            Ok(answer) => return Ok(answer),
            Err(Refused::Changed)
                if !(is_conditional && call.attributes.verb == "update") && tries < TRIES =>
            {
                tries += 1
            }
            Err(why) => return Err(call.refused(why, &call.target.name)),
        }
    }
}

/// The inner result is of the store: somebody else may have been faster.
fn change_once(
    call: &Call<'_>,
    before: &Arc<Stored>,
    mut object: Value,
    writer: &Writer,
) -> Result<Result<Answer, Refused>, Status> {
    let server = call.server;
    let name = &call.target.name;
    let subresource = call.target.subresource.as_str();
    let metadata =
        |object: &Value, field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    match metadata(&object, "resourceVersion").as_str() {
        "" | "0" if !is_unconditional(call) && call.attributes.verb == "update" => {
            let error =
                FieldError::invalid("metadata.resourceVersion", &0.into(), "must be specified for an update");
            return Err(call.invalid(name, &[error]));
        }
        "" | "0" => {}
        version if version != before.revision.to_string() => {
            if version.parse::<u64>().is_err() {
                let error =
                    FieldError::invalid("metadata.resourceVersion", &version.into(), "must be a number");
                return Err(call.invalid(name, &[error]));
            }
            return Err(Status::modified(&call.resource.group, &call.resource.plural, name));
        }
        _ => {}
    }
    let uid = metadata(&before.value, "uid");
    match metadata(&object, "uid").as_str() {
        "" => {}
        sent if sent != uid && call.attributes.verb == "update" => {
            let why = format!("Precondition failed: UID in precondition: {sent}, UID in object meta: {uid}");
            return Err(Status::conflict(&call.resource.group, &call.resource.plural, name, &why));
        }
        _ => {}
    }
    keep_metadata(&before.value, &mut object);
    if matches!(writer, Writer::Update) {
        call.owned(|by, scope| patch::track(Some(&before.value), &mut object, by, scope));
    }
    call.admit(Phase::Mutating, Some(&before.value), Some(&object))?;
    let now = server.clock.rfc3339();
    admission::prepare_update(&call.resource, subresource, &before.value, &mut object, &now, server.minor);
    call.establish(&mut object);
    let errors = call.errors(Some(&before.value), &object);
    if !errors.is_empty() {
        return Err(call.invalid(name, &errors));
    }
    call.admit(Phase::Validating, Some(&before.value), Some(&object))?;
    server.check_grants(call, Some(&before.value), &object)?;
    call.check_size(&object)?;
    if call.is_dry_run()? {
        return Ok(Ok(call.answer_value(200, object)));
    }
    if is_gone(&object) {
        let removed =
            server.store.remove(&call.place(), &call.key(name), before.revision, call.author("delete"));
        call.after_removal();
        return Ok(removed.map(|_| call.answer_value(200, object)));
    }
    let verb = if call.attributes.verb == "patch" { "patch" } else { "update" };
    if !meta::is_changed(&before.value, &object) {
        return Ok(Ok(call.answer(200, Arc::clone(before))));
    }
    Ok(server
        .store
        .write(&call.place(), &call.key(name), Some(before.revision), object, call.author(verb))
        .map(|stored| call.answer(200, stored)))
}

/// What clients may leave out of an update and do not change (`BeforeUpdate`).
fn keep_metadata(before: &Value, object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.retain(|_, value| !value.is_null());
    for (field, is_the_servers) in [
        ("uid", false),
        ("creationTimestamp", false),
        ("deletionTimestamp", false),
        ("deletionGracePeriodSeconds", false),
        ("namespace", false),
        ("generation", true),
        ("resourceVersion", true),
    ] {
        let old = before["metadata"].get(field).cloned();
        if is_the_servers || !metadata.contains_key(field) {
            match old {
                Some(value) => metadata.insert(field.to_owned(), value),
                None => metadata.remove(field),
            };
        }
    }
}

/// The last finalizer of an object that is being deleted is gone.
pub(super) fn is_gone(object: &Value) -> bool {
    let metadata = &object["metadata"];
    let has = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    let is_namespace = object["kind"] == "Namespace" && object["apiVersion"] == "v1";
    metadata["deletionTimestamp"].is_string()
        && !has(&metadata["finalizers"])
        && !(is_namespace && has(&object["spec"]["finalizers"]))
}
