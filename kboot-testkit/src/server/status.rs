//! What the API server answers when it refuses: `Status` objects, with upstream's codes, reasons and messages
//! (`apimachinery/pkg/api/errors/errors.go`).

use std::fmt;

use serde_json::{Value, json};

/// A refusal, as it goes to the client.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<Value>,
    /// `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u32>,
    /// `metadata.continue`, where an expired list may go on.
    pub(crate) next: Option<String>,
}

/// What is wrong with one field (`apimachinery/pkg/util/validation/field/errors.go`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// `FieldValueInvalid`, `FieldValueRequired` and so on.
    pub(crate) reason: &'static str,
    pub(crate) field: String,
    /// With the kind of the error before it: `Invalid value: "a": must be …`.
    pub(crate) message: String,
}

impl FieldError {
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        Self::of("FieldValueInvalid", field, format!("Invalid value: {value}: {detail}"))
    }

    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let colon = if detail.is_empty() { "" } else { ": " };
        Self::of("FieldValueRequired", field, format!("Required value{colon}{detail}"))
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self::of("FieldValueForbidden", field, format!("Forbidden: {detail}"))
    }

    pub(crate) fn too_long(field: impl Into<String>, message: &str) -> Self {
        Self::of("FieldValueTooLong", field, format!("Too long: {message}"))
    }

    pub(crate) fn not_supported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let supported: Vec<_> = supported.iter().map(|value| format!("{value:?}")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", supported.join(", "));
        Self::of("FieldValueNotSupported", field, message)
    }

    fn of(reason: &'static str, field: impl Into<String>, message: String) -> Self {
        Self { reason, field: field.into(), message }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message)
    }
}

/// `certificatesigningrequests.certificates.k8s.io`; of the core group the resource alone.
pub(crate) fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

impl Status {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, retry_after: None, next: None }
    }

    /// `details` names the resource as `kind`, as upstream does.
    fn of_object(mut self, group: &str, resource: &str, name: &str) -> Self {
        let mut details = json!({});
        if !resource.is_empty() {
            details["kind"] = resource.into();
        }
        if !name.is_empty() {
            details["name"] = name.into();
        }
        if !group.is_empty() {
            details["group"] = group.into();
        }
        self.details = Some(details);
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// An admission plug-in or an escalation check refuses; `why` goes after "is forbidden: ".
    pub(crate) fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let object = match (resource, name) {
            ("", _) => String::new(),
            (_, "") => format!("{} is ", qualified(resource, group)),
            _ => format!("{} {name:?} is ", qualified(resource, group)),
        };
        Self::new(403, "Forbidden", format!("{object}forbidden: {why}")).of_object(group, resource, name)
    }

    pub(crate) fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {name:?} not found", qualified(resource, group));
        Self::new(404, "NotFound", message).of_object(group, resource, name)
    }

    /// No resource has this path (`NewGenericServerResponse`).
    pub(crate) fn no_such_resource() -> Self {
        let mut status = Self::new(404, "NotFound", "the server could not find the requested resource");
        status.details = Some(json!({}));
        status
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut status = Self::new(405, "MethodNotAllowed", message);
        status.details = Some(json!({}));
        status
    }

    pub(crate) fn not_acceptable(accepted: &[&str]) -> Self {
        let message = format!("only the following media types are accepted: {}", accepted.join(", "));
        Self::new(406, "NotAcceptable", message)
    }

    pub(crate) fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", qualified(resource, group));
        Self::new(409, "AlreadyExists", message).of_object(group, resource, name)
    }

    pub(crate) fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", qualified(resource, group));
        Self::new(409, "Conflict", message).of_object(group, resource, name)
    }

    /// Somebody else changed the object since it was read (`OptimisticLockErrorMsg`).
    pub(crate) fn modified(group: &str, resource: &str, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(group, resource, name, why)
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(crate) fn server_timeout(group: &str, kind: &str, verb: &str) -> Self {
        let kind = qualified(kind, group);
        let message = format!(
            "The {verb} operation against {kind} could not be completed at this time, please try again."
        );
        let mut status = Self::new(500, "ServerTimeout", message);
        status.details = Some(json!({"kind": kind}));
        status
    }

    /// The next page of a list that is too old to be consistent, with a token that goes on nevertheless.
    pub(crate) fn expired_page(next: &str) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a new \
            list without the continue parameter, or use the continue token in this response to retrieve the remainder of \
            the results. Continuing with the provided token results in an inconsistent list - objects that were created, \
            modified, or deleted between the time the first chunk was returned and now may show up in the list.";
        let mut status = Self::new(410, "Expired", message);
        status.next = Some(next.to_owned());
        status
    }

    /// A version that the server has not seen yet (`NewTooLargeResourceVersionError`).
    pub(crate) fn too_new(wanted: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
        let mut status = Self::new(504, "Timeout", message);
        let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        status.details = Some(json!({"causes": [cause], "retryAfterSeconds": 1}));
        status.retry_after = Some(1);
        status
    }

    pub(crate) fn too_large() -> Self {
        Self::new(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
    }

    pub(crate) fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(crate) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        // What is said twice is said once (`ErrorList.ToAggregate`); the causes have all of it.
        let mut texts: Vec<String> = Vec::new();
        for text in errors.iter().map(ToString::to_string) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let said = match texts.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let message = format!("{} {name:?} is invalid: {said}", qualified(kind, group));
        let mut status = Self::new(422, "Invalid", message).of_object(group, kind, name);
        let causes: Vec<_> = errors
            .iter()
            .map(|error| json!({"reason": error.reason, "message": error.message, "field": error.field}))
            .collect();
        if let Some(details) = &mut status.details {
            details["causes"] = causes.into();
        }
        status
    }

    pub(crate) fn too_many_requests(retry_after: u32) -> Self {
        let message = "the server has received too many requests and has asked us to try again later";
        let mut status = Self::new(429, "TooManyRequests", message);
        status.details = Some(json!({"retryAfterSeconds": retry_after}));
        status.retry_after = Some(retry_after);
        status
    }

    pub(crate) fn unavailable(message: &str) -> Self {
        Self::new(503, "ServiceUnavailable", message)
    }

    pub(crate) fn internal(message: &str) -> Self {
        let mut status = Self::new(500, "InternalError", format!("Internal error occurred: {message}"));
        status.details = Some(json!({"causes": [{"message": message}]}));
        status
    }

    /// The object that goes over the wire.
    pub(crate) fn to_value(&self) -> Value {
        let mut object = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        // An error that upstream did not expect has none.
        if !self.reason.is_empty() {
            object["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            object["details"] = details.clone();
        }
        if let Some(next) = &self.next {
            object["metadata"]["continue"] = next.clone().into();
        }
        object
    }
}
