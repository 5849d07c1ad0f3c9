//! Errors of fields with values as Go prints them (`util/validation/field/errors.go`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::server::status::FieldError;

/// From here on values that are no simple ones are printed as JSON, before as Go's syntax.
pub(crate) const VALUES_AS_JSON: u32 = 33;

/// `strconv.Quote`.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0b' => quoted.push_str("\\v"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(c),
            '\0'..='\x7f' => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ if c.is_alphanumeric() || !(c.is_control() || c.is_whitespace()) => quoted.push(c),
            _ => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// The same of octets that may be no text: those are escaped.
pub(crate) fn quote_octets(octets: &[u8]) -> String {
    let mut quoted = String::from('"');
    for chunk in octets.utf8_chunks() {
        let text = quote(chunk.valid());
        quoted.push_str(text.get(1..text.len() - 1).unwrap_or_default());
        quoted.extend(chunk.invalid().iter().map(|octet| format!("\\x{octet:02x}")));
    }
    quoted.push('"');
    quoted
}

fn error(reason: &'static str, field: impl Into<String>, message: String) -> FieldError {
    FieldError { reason, field: field.into(), message }
}

/// A text that is not as it should be.
pub(crate) fn invalid(field: impl Into<String>, value: &str, detail: &str) -> FieldError {
    error("FieldValueInvalid", field, format!("Invalid value: {}: {detail}", quote(value)))
}

/// A value whose printed form is already known, as Go's `%#v` of structures.
pub(crate) fn invalid_printed(field: impl Into<String>, printed: &str, detail: &str) -> FieldError {
    error("FieldValueInvalid", field, format!("Invalid value: {printed}: {detail}"))
}

/// Without the value (`field.OmitValueType`).
pub(crate) fn invalid_without_value(field: impl Into<String>, detail: &str) -> FieldError {
    error("FieldValueInvalid", field, format!("Invalid value: {detail}"))
}

pub(crate) fn duplicate(field: impl Into<String>, value: &str) -> FieldError {
    error("FieldValueDuplicate", field, format!("Duplicate value: {}", quote(value)))
}

pub(crate) fn not_supported(field: impl Into<String>, value: &str, supported: &[&str]) -> FieldError {
    let supported: Vec<_> = supported.iter().map(|value| quote(value)).collect();
    let message = format!("Unsupported value: {}: supported values: {}", quote(value), supported.join(", "));
    error("FieldValueNotSupported", field, message)
}

pub(crate) fn too_long(field: impl Into<String>, most: usize, minor: u32) -> FieldError {
    let detail = if minor >= 32 { "may not be more than" } else { "must have at most" };
    error("FieldValueTooLong", field, format!("Too long: {detail} {most} bytes"))
}

/// Octets.
pub(crate) fn invalid_octets(
    field: impl Into<String>,
    octets: &[u8],
    detail: &str,
    minor: u32,
) -> FieldError {
    let printed = if minor >= VALUES_AS_JSON {
        format!("\"{}\"", STANDARD.encode(octets))
    } else {
        let octets: Vec<_> = octets.iter().map(|octet| format!("{octet:#x}")).collect();
        format!("[]byte{{{}}}", octets.join(", "))
    };
    invalid_printed(field, &printed, detail)
}

/// A list of texts.
pub(crate) fn invalid_texts(field: impl Into<String>, texts: &Value, detail: &str, minor: u32) -> FieldError {
    let printed = if minor >= VALUES_AS_JSON {
        texts.to_string()
    } else {
        let texts: Vec<_> = list(texts).iter().map(|text| quote(text.as_str().unwrap_or_default())).collect();
        format!("[]string{{{}}}", texts.join(", "))
    };
    invalid_printed(field, &printed, detail)
}

/// A text of an object; an empty one where there is none, as in Go.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A list; an empty one where there is none.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A list of an object.
pub(crate) fn list_at<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).map(list).unwrap_or_default()
}

/// The texts of a map, by name.
pub(crate) fn map_at<'a>(
    value: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let map = value.pointer(pointer).and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
}

/// Whether two values are the same to Go: what is null, empty or absent is all one (`Semantic.DeepEqual`).
pub(crate) fn same(old: Option<&Value>, new: Option<&Value>) -> bool {
    let nothing = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        _ => false,
    };
    nothing(old) && nothing(new) || old == new
}

/// Octets of an object, which are base64 in JSON.
pub(crate) fn octets(value: &Value, pointer: &str) -> Vec<u8> {
    STANDARD.decode(text(value, pointer)).unwrap_or_default()
}
