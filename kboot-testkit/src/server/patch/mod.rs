//! How a request changes an object: JSON patches, merge patches, strategic merge patches, server-side apply; and who
//! owns its fields afterwards.
//!
//! All are functions of values. The types of the fields come from [`schema`](super::schema).

mod apply;
mod compare;
mod fields;
pub(crate) mod go;
mod json;
mod last_applied;
mod managers;
mod merging;
mod order;
mod reconcile;
mod step;
mod strategic;
mod track;
mod typed;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::schema::{Schema, Type};
use super::status::Status;

pub(crate) use apply::apply;
pub(crate) use json::json;
pub(crate) use strategic::strategic;
pub(crate) use track::track;

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manager {
    /// The request's `fieldManager`, else the user agent up to the first `/`.
    pub(crate) name: String,
    /// Of the request.
    pub(crate) api_version: String,
    /// Empty before Kubernetes 1.22, whose entries know none.
    pub(crate) subresource: String,
    /// RFC 3339, in UTC.
    pub(crate) time: String,
}

/// What is written to, and by the rules of which version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) of: &'a Type,
    pub(crate) schema: &'a Schema,
    pub(crate) minor: u32,
    /// What requests to this endpoint cannot write: `status` of the resource, all but it of `/status`.
    pub(crate) reset: &'a [&'a [&'a str]],
}

/// RFC 7386.
pub(crate) fn merge(target: &Value, patch: &Value) -> Value {
    let mut merged = target.clone();
    json_patch::merge(&mut merged, patch);
    merged
}

/// More than readers of JSON let in.
const MAX_DEPTH: usize = 200;

/// All functions here go down as deep as values do.
fn refuse_deep(value: &Value) -> Result<(), Status> {
    if is_deeper(value, MAX_DEPTH) { Err(Status::bad_request("exceeded max depth")) } else { Ok(()) }
}

fn is_deeper(value: &Value, limit: usize) -> bool {
    let Some(limit) = limit.checked_sub(1) else { return true };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, limit)),
        Value::Object(entries) => entries.values().any(|value| is_deeper(value, limit)),
        _ => false,
    }
}

/// `NewGenericServerResponse` of 422: it does not say why.
fn unprocessable() -> Status {
    Status {
        code: 422,
        reason: "Invalid",
        message: "the server rejected our request due to an error in our request".to_owned(),
        details: Some(json!({})),
        retry_after: None,
        next: None,
    }
}

/// An error that upstream's server did not expect: its text is sent as it is, with no reason.
fn failure(message: impl Into<String>) -> Status {
    Status { code: 500, reason: "", message: message.into(), details: None, retry_after: None, next: None }
}

fn managed_fields(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("managedFields")
}

/// The object without its managed fields: nobody owns them.
fn unmanaged(object: &Value) -> Value {
    let Value::Object(fields) = object else { return object.clone() };
    let without = |(name, value): (&String, &Value)| match value {
        Value::Object(metadata) if name == "metadata" => {
            let kept = metadata.iter().filter(|(name, _)| *name != "managedFields");
            (name.clone(), kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        value => (name.clone(), value.clone()),
    };
    Value::Object(fields.iter().map(without).collect())
}

fn set_managed_fields(object: &mut Value, wire: Option<Value>) {
    let Some(object) = object.as_object_mut() else { return };
    match (object.get_mut("metadata"), wire) {
        (Some(Value::Object(metadata)), Some(wire)) => {
            metadata.insert("managedFields".to_owned(), wire);
        }
        (Some(Value::Object(metadata)), None) => {
            metadata.remove("managedFields");
        }
        (Some(_), _) | (None, None) => (),
        (None, Some(wire)) => {
            object.insert("metadata".to_owned(), json!({"managedFields": wire}));
        }
    }
}
