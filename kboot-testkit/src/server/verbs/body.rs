//! The object in a request's body.

use serde_json::{Map, Value};

use super::Call;
use crate::server::negotiate::{self, Encoding};
use crate::server::schema::{Schema, body, protobuf};
use crate::server::status::{FieldError, Status};

/// How an object is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As Go reads and writes it.
    Whole,
    /// As a part of one: nothing is filled in or left out.
    Applied,
}

/// An object, and what its reader should warn of.
pub(super) struct Sent {
    pub(super) object: Value,
    pub(super) warnings: Vec<String>,
}

/// Reads the body as an object of the call's resource, as strictly as the request asks.
pub(super) fn object(call: &Call<'_>) -> Result<Sent, Status> {
    let (object, duplicates) =
        value(call).map_err(|status| body::unrecognized(&call.resource.kind, status))?;
    typed(call, object, duplicates, Reading::Whole)
}

/// The body as it is, with the fields that it says twice.
pub(super) fn value(call: &Call<'_>) -> Result<(Value, Vec<String>), Status> {
    match negotiate::sent(call.content_type)? {
        Encoding::Json => body::json(&call.body),
        Encoding::Yaml => body::yaml(&call.body),
        Encoding::Protobuf => Ok((protobuf::decode(&call.server.schema, &call.body)?, Vec::new())),
    }
}

/// What reading the body does besides reading it: kind and version are held to the path, types are checked.
pub(super) fn typed(
    call: &Call<'_>,
    mut object: Value,
    duplicates: Vec<String>,
    reading: Reading,
) -> Result<Sent, Status> {
    let resource = &call.resource;
    let (kind, api_version) = (resource.kind.as_str(), resource.api_version());
    let Some(fields) = object.as_object_mut() else {
        return Err(Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error"
        )));
    };
    name_or_check(call, fields, "kind", kind)?;
    name_or_check(call, fields, "apiVersion", &api_version)?;
    if fields.get("metadata").is_none_or(Value::is_null) {
        fields.insert("metadata".to_owned(), Value::Object(Map::new()));
    }
    let schema = &call.server.schema;
    let (object, unknown) = match reading {
        Reading::Whole => {
            let (mut object, mut unknown) = schema.decode(&call.kind(), object)?;
            unknown.extend(call.complete(&mut object));
            (object, unknown)
        }
        // Whether a custom resource has the fields that are applied, server-side apply says.
        Reading::Applied if resource.is_custom => (object, Vec::new()),
        Reading::Applied => schema.prune(&call.kind(), object)?,
    };
    let mut problems = Schema::findings(duplicates, unknown);
    match call.target.query.get("fieldValidation") {
        _ if !schema.validates_fields() => problems.clear(),
        "Strict" if !problems.is_empty() => {
            return Err(Schema::strict_error(kind, &api_version, &problems));
        }
        "Ignore" => problems.clear(),
        "" | "Warn" | "Strict" => {}
        other => {
            let error =
                FieldError::not_supported("fieldValidation", &other.into(), &["Ignore", "Warn", "Strict"]);
            return Err(Status::invalid("meta.k8s.io", "CreateOptions", "", &[error]));
        }
    }
    if !object["metadata"].is_object() {
        return Err(Status::bad_request("metadata is no object"));
    }
    Ok(Sent { object, warnings: problems })
}

/// Objects of built-in kinds may leave out what they are, for the path says it.
fn name_or_check(
    call: &Call<'_>,
    fields: &mut Map<String, Value>,
    field: &str,
    wanted: &str,
) -> Result<(), Status> {
    let is_custom = call.resource.is_custom;
    match fields.get(field).and_then(Value::as_str).unwrap_or_default() {
        "" if !is_custom => {
            fields.insert(field.to_owned(), wanted.into());
            Ok(())
        }
        found if found == wanted => Ok(()),
        "" => {
            let title = if field == "kind" { "Kind" } else { "apiVersion" };
            Err(Status::bad_request(format!("Object '{title}' is missing in the request's body")))
        }
        found if is_custom && field == "kind" => {
            let error = FieldError::invalid(field, &found.into(), &format!("must be {wanted}"));
            let name =
                fields.get("metadata").and_then(|metadata| metadata["name"].as_str()).unwrap_or_default();
            Err(call.invalid(name, &[error]))
        }
        found => Err(Status::bad_request(format!(
            "the {field} in the data ({found}) does not match the expected {field} ({wanted})"
        ))),
    }
}
