//! Lists whose items are told apart (`apiextensions-apiserver/pkg/apiserver/schema/listtype`).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::print::{self, printed};
use super::structural::Structural;
use crate::server::schema::ListType;
use crate::server::status::FieldError;

/// Items of sets and maps that are there twice. Each is told once.
pub(super) fn validate(value: &Value, schema: &Structural, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    walk(value, schema, "", minor, &mut errors);
    errors
}

fn walk(value: &Value, schema: &Structural, path: &str, minor: u32, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let Some(of) = schema.field(name) else { continue };
                let path = match (schema.properties.contains_key(name), path) {
                    (false, _) => format!("{path}[{name}]"),
                    (true, "") => name.clone(),
                    (true, _) => format!("{path}.{name}"),
                };
                walk(value, of, &path, minor, errors);
            }
        }
        Value::Array(items) => {
            match &schema.list {
                Some(ListType::Set) => duplicates(items, path, minor, errors),
                Some(ListType::Map(keys)) => map(items, keys, path, minor, errors),
                _ => {}
            }
            if let Some(of) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    walk(item, of, &format!("{path}[{index}]"), minor, errors);
                }
            }
        }
        _ => {}
    }
}

fn map(items: &[Value], keys: &[String], path: &str, minor: u32, errors: &mut Vec<FieldError>) {
    for (index, item) in items.iter().enumerate() {
        if !item.is_object() && !item.is_null() {
            let detail = "must be an object for an array of list-type map";
            errors.push(print::invalid(format!("{path}[{index}]"), &printed(item, minor), detail));
            return;
        }
    }
    let key_of = |item: &Value| -> Value {
        let fields = keys.iter().filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
        Value::Object(fields.collect::<Map<_, _>>())
    };
    let keys: Vec<_> = items.iter().map(key_of).collect();
    duplicates(&keys, path, minor, errors);
}

fn duplicates(items: &[Value], path: &str, minor: u32, errors: &mut Vec<FieldError>) {
    let mut times = HashMap::<String, usize>::new();
    for (index, item) in items.iter().enumerate() {
        let times = times.entry(item.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            errors.push(print::duplicate(format!("{path}[{index}]"), &printed(item, minor)));
        }
    }
}
