//! Errors of fields with values of any form, as Go prints them (`util/validation/field/errors.go`).

use serde_json::{Number, Value};

use crate::server::admission::field::{VALUES_AS_JSON, quote};
use crate::server::patch::go;
use crate::server::status::FieldError;

/// What stands for a value in an error.
pub(super) fn printed(value: &Value, minor: u32) -> String {
    match value {
        Value::Null => quote("null"),
        Value::String(text) => quote(text),
        Value::Number(number) => of_number(number),
        Value::Bool(value) => value.to_string(),
        Value::Array(_) | Value::Object(_) if minor >= VALUES_AS_JSON => value.to_string(),
        Value::Array(_) | Value::Object(_) => go::literal(value),
    }
}

fn of_number(number: &Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(number), _) => number.to_string(),
        (None, Some(number)) => float(number),
        (None, None) => number.to_string(),
    }
}

/// `%v` of a float64.
pub(super) fn float(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-4..1e6).contains(&size) {
        return number.to_string();
    }
    // Go's exponents have a sign and two digits at least.
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

fn error(reason: &'static str, field: impl Into<String>, message: String) -> FieldError {
    FieldError { reason, field: field.into(), message }
}

pub(super) fn invalid(field: impl Into<String>, printed: &str, detail: &str) -> FieldError {
    error("FieldValueInvalid", field, format!("Invalid value: {printed}: {detail}"))
}

/// Of another type; before 1.24 as any that is invalid.
pub(super) fn type_invalid(field: impl Into<String>, printed: &str, detail: &str, minor: u32) -> FieldError {
    let reason = if minor >= 24 { "FieldValueTypeInvalid" } else { "FieldValueInvalid" };
    error(reason, field, format!("Invalid value: {printed}: {detail}"))
}

pub(super) fn duplicate(field: impl Into<String>, printed: &str) -> FieldError {
    error("FieldValueDuplicate", field, format!("Duplicate value: {printed}"))
}

pub(super) fn not_supported(field: impl Into<String>, printed: &str, supported: &[String]) -> FieldError {
    let supported: Vec<_> = supported.iter().map(|value| quote(value)).collect();
    let message = format!("Unsupported value: {printed}: supported values: {}", supported.join(", "));
    error("FieldValueNotSupported", field, message)
}

pub(super) fn too_many(field: impl Into<String>, actual: i64, most: i64, minor: u32) -> FieldError {
    let items = if most == 1 && minor >= 31 { "item" } else { "items" };
    let message = format!("Too many: {actual}: must have at most {most} {items}");
    error("FieldValueTooMany", field, message)
}
