//! What holds for the schemas of definitions: that they are structural, and use what there is.

use serde_json::{Map, Value};

use super::print::{invalid, not_supported, printed};
use super::structural::Structural;
use super::{lists, prune, validate as values};
use crate::server::admission::field::{VALUES_AS_JSON, invalid_texts, list_at, quote};
use crate::server::status::FieldError;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What of JSON schema is none of Kubernetes', and what is said of it.
const NOT_SUPPORTED: [(&str, &str); 6] = [
    ("id", "id is not supported"),
    ("additionalItems", "additionalItems is not supported"),
    ("patternProperties", "patternProperties is not supported"),
    ("definitions", "definitions is not supported"),
    ("dependencies", "dependencies is not supported"),
    ("$ref", "$ref is not supported"),
];

/// What the schemas inside `allOf` and its like say nothing about.
const NOT_NESTED: [(&str, &str); 12] = [
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
];

/// Where in a schema this is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

pub(super) fn validate(schema: &Value, place: &str, minor: u32) -> Vec<FieldError> {
    let mut rules = Rules { minor, errors: Vec::new() };
    rules.schema(schema, Level::Root, place);
    rules.errors
}

struct Rules {
    minor: u32,
    errors: Vec<FieldError>,
}

impl Rules {
    fn invalid(&mut self, field: String, value: &Value, detail: &str) {
        self.errors.push(invalid(field, &printed(value, self.minor), detail));
    }

    fn required(&mut self, field: String, detail: &str) {
        self.errors.push(FieldError::required(field, detail));
    }

    fn forbidden(&mut self, field: String, detail: &str) {
        self.errors.push(FieldError::forbidden(field, detail));
    }

    fn schema(&mut self, schema: &Value, level: Level, place: &str) {
        let Some(fields) = schema.as_object() else { return };
        let kind = schema["type"].as_str().unwrap_or_default();
        let flag = |name: &str| schema[name] == true;
        let at = |field: &str| format!("{place}.{field}");
        self.kind(schema, kind, level, place);
        self.common(fields, place);
        if level == Level::Root && flag("nullable") {
            self.forbidden(at("nullable"), "nullable cannot be true at the root");
        }
        if kind == "array" && !schema["items"].is_object() {
            self.required(at("items"), "must be specified");
        }
        if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
            let field = at("x-kubernetes-preserve-unknown-fields");
            self.invalid(field, &Value::Bool(false), "must be true or undefined");
        }
        if let Some(additional) = fields.get("additionalProperties").filter(|of| !of.is_null()) {
            let field = at("additionalProperties");
            if level == Level::Root {
                self.forbidden(field.clone(), "must not be used at the root");
            }
            let has_properties = schema["properties"].as_object().is_some_and(|all| !all.is_empty());
            if has_properties && *additional != Value::Bool(true) {
                let detail = "additionalProperties and properties are mutual exclusive";
                self.forbidden(field.clone(), detail);
            }
            self.schema(additional, Level::Field, &field);
        }
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            self.schema(of, Level::Field, &format!("{place}.properties[{name}]"));
        }
        self.schema(&schema["items"], Level::Item, &at("items"));
        self.list(schema, kind, place);
        self.nested(schema, place, true);
        if let Some(default) = fields.get("default").filter(|default| !default.is_null()) {
            let of = Structural::parse(schema);
            let field = at("default");
            if !prune::prune_value(&mut default.clone(), &of).is_empty() {
                self.invalid(field.clone(), default, "must not have unknown fields");
            }
            self.errors.extend(values::validate(default, &of, Some(&field), None, self.minor));
            let duplicates = lists::validate(default, &of, self.minor).into_iter();
            self.errors.extend(
                duplicates.map(|error| FieldError { field: format!("{field}{}", error.field), ..error }),
            );
        }
    }

    fn kind(&mut self, schema: &Value, kind: &str, level: Level, place: &str) {
        let flag = |name: &str| schema[name] == true;
        let field = format!("{place}.type");
        match (kind, level) {
            ("", _) if flag("x-kubernetes-embedded-resource") => {
                self.required(field, "must be object if x-kubernetes-embedded-resource is true");
            }
            ("", _) if flag("x-kubernetes-int-or-string") || flag("x-kubernetes-preserve-unknown-fields") => {
            }
            ("", Level::Root) => self.required(field, "must not be empty at the root"),
            ("", Level::Item) => self.required(field, "must not be empty for specified array items"),
            ("", Level::Field) => self.required(field, "must not be empty for specified object fields"),
            ("null", _) => {
                self.errors.push(not_supported(field.clone(), &quote(kind), &TYPES.map(str::to_owned)));
                self.forbidden(field, "type cannot be set to null, use nullable as an alternative");
            }
            (kind, _) if !TYPES.contains(&kind) => {
                self.errors.push(not_supported(field, &quote(kind), &TYPES.map(str::to_owned)));
            }
            (kind, Level::Root) if kind != "object" => {
                self.invalid(field, &kind.into(), "must be object at the root");
            }
            _ => {}
        }
    }

    /// What holds for nested schemas too.
    fn common(&mut self, fields: &Map<String, Value>, place: &str) {
        if fields.get("uniqueItems") == Some(&Value::Bool(true)) {
            let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.forbidden(format!("{place}.uniqueItems"), detail);
        }
        for (name, detail) in NOT_SUPPORTED {
            if fields.get(name).is_some_and(|value| !value.is_null()) {
                self.forbidden(format!("{place}.{name}"), detail);
            }
        }
        if let Some(pattern) = fields.get("pattern").and_then(Value::as_str)
            && regex::Regex::new(pattern).is_err()
        {
            let detail = "must be a valid regular expression, but isn't: error parsing regexp";
            self.invalid(format!("{place}.pattern"), &pattern.into(), detail);
        }
    }

    /// `x-kubernetes-list-type` and what belongs to it.
    fn list(&mut self, schema: &Value, kind: &str, place: &str) {
        let at = |field: &str| format!("{place}.{field}");
        let list = &schema["x-kubernetes-list-type"];
        let keys = schema["x-kubernetes-list-map-keys"].as_array().cloned().unwrap_or_default();
        let items = &schema["items"];
        match list.as_str() {
            None if keys.is_empty() => return,
            None => {
                let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
                return self.required(at("x-kubernetes-list-type"), detail);
            }
            Some(_) => {}
        }
        match kind {
            "array" => {}
            "" => self.required(at("type"), "must be array if x-kubernetes-list-type is specified"),
            kind => {
                let detail = "must be array if x-kubernetes-list-type is specified";
                self.invalid(at("type"), &kind.into(), detail);
            }
        }
        match list.as_str().unwrap_or_default() {
            "atomic" => {}
            "set" => {
                // An item is one thing or the same as another, as a whole.
                if items["type"] == "object" && items["x-kubernetes-map-type"] != "atomic" {
                    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
                    let nothing = if self.minor >= VALUES_AS_JSON { "null" } else { "\"null\"" };
                    self.errors.push(invalid(at("items.x-kubernetes-map-type"), nothing, detail));
                }
            }
            "map" => {
                if keys.is_empty() {
                    let detail = "must not be empty if x-kubernetes-list-type is map";
                    self.required(at("x-kubernetes-list-map-keys"), detail);
                }
                if items.is_object() && items["type"] != "object" {
                    let detail = "must be object if parent array's x-kubernetes-list-type is map";
                    self.invalid(at("items.type"), &items["type"], detail);
                }
                let is_property =
                    |key: &Value| key.as_str().is_some_and(|key| items["properties"].get(key).is_some());
                if items["type"] == "object" && !keys.iter().all(is_property) {
                    let detail = "entries must all be names of item properties";
                    let keys = &schema["x-kubernetes-list-map-keys"];
                    self.errors.push(invalid_texts(
                        at("x-kubernetes-list-map-keys"),
                        keys,
                        detail,
                        self.minor,
                    ));
                }
                for key in keys.iter().filter_map(Value::as_str) {
                    let Some(of) = items["properties"].get(key) else { continue };
                    if of["default"].is_null() && !list_at(items, "/required").iter().any(|name| name == key)
                    {
                        let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a \
                                      required property";
                        self.required(at(&format!("items.properties[{key}].default")), detail);
                    }
                }
            }
            other => {
                let known = ["atomic", "set", "map"].map(str::to_owned);
                self.errors.push(not_supported(at("x-kubernetes-list-type"), &quote(other), &known));
            }
        }
    }

    /// The schemas inside `allOf` and its like; `is_own`: these are those of a structural schema, else of one of them.
    fn nested(&mut self, schema: &Value, place: &str, is_own: bool) {
        for junction in ["anyOf", "allOf", "oneOf"] {
            // The two forms that a number or a string may be written in.
            let is_form = is_own && schema["x-kubernetes-int-or-string"] == true && junction != "oneOf";
            for (index, of) in schema[junction].as_array().into_iter().flatten().enumerate() {
                if !is_form {
                    self.inner(of, &format!("{place}.{junction}[{index}]"));
                }
            }
        }
        self.inner(&schema["not"], &format!("{place}.not"));
    }

    fn inner(&mut self, schema: &Value, place: &str) {
        let Some(fields) = schema.as_object() else { return };
        for (name, detail) in NOT_NESTED {
            let says =
                fields.get(name).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)));
            if says && fields.get(name) != Some(&Value::String(String::new())) {
                self.forbidden(format!("{place}.{name}"), detail);
            }
        }
        self.common(fields, place);
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.properties[{name}]");
            if name == "metadata" {
                self.forbidden(place.clone(), "must not be specified in a nested context");
            }
            self.inner(of, &place);
        }
        self.inner(&schema["items"], &format!("{place}.items"));
        self.nested(schema, place, false);
    }
}
