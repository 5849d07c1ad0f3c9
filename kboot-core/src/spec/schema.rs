//! The cluster file's shape: a JSON Schema, and the check of a document against it that finds every
//! problem at once. The schema is the single source of which fields exist.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::Problem;

/// The JSON Schema of the cluster file, for editors and other tools.
pub const CLUSTER_SCHEMA: &str = include_str!("cluster.schema.json");

static PARSED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(CLUSTER_SCHEMA).unwrap_or_default());

/// Compares a document with the schema: unknown fields, missing fields, wrong types, unknown values.
pub(super) fn check(document: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_value(&PARSED, document, "", &mut problems);
    problems
}

fn check_value(schema: &Value, value: &Value, path: &str, problems: &mut Vec<Problem>) {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => PARSED.pointer(reference.trim_start_matches('#')).unwrap_or(schema),
        None => schema,
    };
    match (schema.get("type").and_then(Value::as_str), value) {
        (Some("string"), Value::String(text)) => {
            if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
                let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
                if !allowed.contains(&text.as_str()) {
                    let shown: String = text.chars().take(64).collect();
                    problems
                        .push(Problem::new(path, format!("{shown:?} is not one of {}", allowed.join(", "))));
                }
            }
        }
        (Some("array"), Value::Array(items)) => {
            if let Some(item_schema) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    check_value(item_schema, item, &format!("{path}[{index}]"), problems);
                }
            }
        }
        (Some("integer"), Value::Number(number)) if number.is_u64() => {}
        (Some("object"), Value::Object(fields)) => check_object(schema, fields, path, problems),
        (Some(wanted), found) => problems.push(Problem::new(path, wrong_type(wanted, found))),
        (None, _) => {}
    }
}

fn check_object(schema: &Value, fields: &Map<String, Value>, path: &str, problems: &mut Vec<Problem>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let additional = schema.get("additionalProperties");
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, value) in fields {
        match (properties.and_then(|known| known.get(name)), additional) {
            (Some(property), _) => check_value(property, value, &below(name), problems),
            (None, Some(Value::Bool(false))) => {
                let known = properties.into_iter().flat_map(Map::keys).map(String::as_str);
                problems.push(Problem::new(&below(name), unknown_name("field", known, name)));
            }
            (None, Some(every)) => check_value(every, value, &below(name), problems),
            (None, None) => {}
        }
    }
    for name in
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        if !fields.contains_key(name) {
            problems.push(Problem::new(&below(name), "is missing"));
        }
    }
}

fn wrong_type(wanted: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    };
    match wanted {
        "string" if found == "a number" || found == "true or false" => {
            format!("must be a text, found {found}; put it in quotes")
        }
        "string" => format!("must be a text, found {found}"),
        "array" => format!("must be a list, found {found}"),
        "integer" => format!("must be a whole number, found {found}"),
        _ => format!("must be a map, found {found}"),
    }
}

/// "unknown field", with the known name that comes closest.
pub(crate) fn unknown_name<'a>(what: &str, known: impl Iterator<Item = &'a str>, name: &str) -> String {
    match closest(known, name) {
        Some(near) => format!("unknown {what}; did you mean {near}?"),
        None => format!("unknown {what}"),
    }
}

/// The known name that comes closest, where one is close.
pub(crate) fn closest<'a>(known: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    known
        .map(|candidate| (strsim::jaro_winkler(&candidate.to_ascii_lowercase(), &lower), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
