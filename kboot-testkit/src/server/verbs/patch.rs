//! Patches of all four kinds (`apiserver/pkg/endpoints/handlers/patch.go`).

use serde_json::Value;

use super::body::Reading;
use super::update::{Writer, change, check_place};
use super::{Call, body, create};
use crate::server::answer::Answer;
use crate::server::negotiate::media_type;
use crate::server::patch;
use crate::server::schema::body as text;
use crate::server::status::{FieldError, Status};

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

pub(super) fn patch(call: &Call<'_>) -> Result<Answer, Status> {
    let (kind, _) = media_type(call.content_type.unwrap_or_default());
    let of = call.kind();
    let accepted: &[&str] =
        if call.resource.is_custom { &[JSON, MERGE, APPLY] } else { &[JSON, MERGE, STRATEGIC, APPLY] };
    if !accepted.contains(&kind.as_str()) {
        return Err(Status::unsupported_media_type(accepted));
    }
    let is_forced = call.target.query.flag("force");
    if kind == APPLY {
        return apply(call, is_forced);
    }
    if call.target.query.has("force") {
        let error = FieldError::forbidden("force", "may not be specified for non-apply patch");
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
    }
    let (sent, duplicates) = text::json(&call.body)?;
    let schema = &call.server.schema;
    let mut warnings = Vec::new();
    let read = |before: &Value| {
        let after = match kind.as_str() {
            JSON => patch::json(before, &sent)?,
            MERGE => patch::merge(before, &sent),
            _ => patch::strategic(before, &sent, &of, schema, call.server.minor)?,
        };
        let is_shown = kind != STRATEGIC && call.target.query.get("fieldValidation") == "Strict";
        let shown = is_shown.then(|| after.clone());
        let read = body::typed(call, after, duplicates.clone(), Reading::Whole);
        let read =
            read.map_err(|status| shown.map_or_else(|| status.clone(), |shown| not_strict(&status, &shown)))?;
        check_place(call, &read.object)?;
        Ok(read)
    };
    let make = |before: &Value| Ok(read(before)?.object);
    // A patch is made again on what somebody else wrote, unless it names the version that it is for.
    if let Ok(before) = call.read() {
        warnings = read(&before.value)?.warnings;
    }
    let mut answer = change(call, make, &Writer::Update)?;
    answer.warnings.extend(warnings);
    Ok(answer)
}

/// Of a patch the object that it makes is at fault, where that has unknown fields.
fn not_strict(status: &Status, after: &Value) -> Status {
    match status.message.split_once(": strict decoding error: ") {
        Some((_, said)) => {
            let said = format!("strict decoding error: {said}");
            let error = FieldError::invalid("patch", &after.to_string().into(), &said);
            Status::invalid("", "", "", &[error])
        }
        None => status.clone(),
    }
}

fn apply(call: &Call<'_>, is_forced: bool) -> Result<Answer, Status> {
    let manager = call.target.query.get("fieldManager");
    if manager.is_empty() {
        let error = FieldError::required("fieldManager", "is required for apply patch");
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
    }
    let (sent, duplicates) = text::yaml(&call.body)?;
    let sent = body::typed(call, sent, duplicates, Reading::Applied)?;
    let name = sent.object["metadata"]["name"].as_str().unwrap_or_default();
    if !name.is_empty() && name != call.target.name {
        let why = format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.target.name
        );
        return Err(Status::bad_request(why));
    }
    let applied = |live: Option<&Value>| {
        let mut object = call.owned(|by, scope| patch::apply(live, &sent.object, by, is_forced, scope))?;
        call.complete(&mut object);
        Ok(object)
    };
    let mut answer = if call.read().is_err() {
        if !call.target.subresource.is_empty() {
            return Err(call.not_found(&call.target.name));
        }
        call.check_may_create()?;
        let mut object = applied(None)?;
        object["metadata"]["name"] = call.target.name.clone().into();
        create::keep_applied(call, &object)?
    } else {
        change(call, |before| applied(Some(before)), &Writer::Apply)?
    };
    answer.warnings.extend(sent.warnings);
    Ok(answer)
}
