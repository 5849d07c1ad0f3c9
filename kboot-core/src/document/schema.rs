//! The check of a document against the JSON Schema of its kind, which finds every problem at once.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::DocumentError;
use super::generate;
use super::problem::{Problem, Problems, unknown_name};
use crate::shown::excerpt;

/// The JSON Schema of a kind of file.
#[derive(Debug)]
pub(crate) struct Schema {
    value: Value,
    text: String,
}

impl Schema {
    /// Of a file that is read into this type.
    pub(crate) fn of<F: JsonSchema>() -> Self {
        let value = generate::of::<F>();
        let text = format!("{value:#}\n");
        Self { value, text }
    }

    /// For people and other tools.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with the shape of a file: unknown fields, missing fields, wrong types, unknown values.
    pub(crate) fn check(&self, document: &Value) -> Vec<Problem> {
        check(&self.value, &self.value, document)
    }

    /// What is wrong with the value of the field to which a pointer into the schema leads.
    pub(crate) fn check_field(&self, pointer: &str, value: &Value) -> Vec<Problem> {
        self.value.pointer(pointer).map_or_else(Vec::new, |field| check(&self.value, field, value))
    }

    /// The fields of a file that has the right shape.
    pub(crate) fn fields<F: DeserializeOwned>(&self, document: &Value) -> Result<F, DocumentError> {
        let problems = self.check(document);
        if !problems.is_empty() {
            return Err(problems.into());
        }
        F::deserialize(document)
            .map_err(|error| DocumentError::one("", format!("does not fit the schema: {error}")))
    }
}

fn check(root: &Value, schema: &Value, document: &Value) -> Vec<Problem> {
    let mut checker = Checker { root, problems: Problems::default() };
    checker.check_value(schema, document, "");
    checker.problems.into()
}

struct Checker<'a> {
    root: &'a Value,
    problems: Problems,
}

impl Checker<'_> {
    fn check_value(&mut self, schema: &Value, value: &Value, path: &str) {
        if self.problems.is_full() {
            return;
        }
        let schema = match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.root.pointer(reference.trim_start_matches('#')).unwrap_or(schema),
            None => schema,
        };
        // Of several shapes, the one that is of the value's type.
        let schema = match schema.get("oneOf").and_then(Value::as_array) {
            Some(shapes) => {
                let of_type = |shape: &&Value| {
                    shape.get("type").and_then(Value::as_str).is_some_and(|name| is_of_type(name, value))
                };
                shapes.iter().find(of_type).or_else(|| shapes.last()).unwrap_or(schema)
            }
            None => schema,
        };
        match (schema.get("type").and_then(Value::as_str), value) {
            (Some("string"), Value::String(text)) => {
                if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
                    let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
                    if !allowed.contains(&text.as_str()) {
                        let shown = excerpt(text);
                        self.problems.push(Problem::new(
                            path,
                            format!("{shown:?} is not one of {}", allowed.join(", ")),
                        ));
                    }
                }
            }
            (Some("array"), Value::Array(items)) => {
                if let Some(item_schema) = schema.get("items") {
                    for (index, item) in items.iter().enumerate() {
                        self.check_value(item_schema, item, &format!("{path}[{index}]"));
                    }
                }
            }
            (Some("integer"), Value::Number(number)) if number.is_u64() => {}
            (Some("boolean"), Value::Bool(_)) => {}
            (Some("object"), Value::Object(fields)) => self.check_object(schema, fields, path),
            (Some(wanted), found) => self.problems.push(Problem::new(path, wrong_type(wanted, found))),
            (None, _) => {}
        }
    }

    fn check_object(&mut self, schema: &Value, fields: &Map<String, Value>, path: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        for (name, value) in fields {
            match (properties.and_then(|known| known.get(name)), additional) {
                (Some(property), _) => self.check_value(property, value, &below(name)),
                (None, Some(Value::Bool(false))) => {
                    let known = properties.into_iter().flat_map(Map::keys).map(String::as_str);
                    self.problems.push(Problem::new(&below(name), unknown_name("field", known, name)));
                }
                (None, Some(every)) => self.check_value(every, value, &below(name)),
                (None, None) => {}
            }
        }
        for name in
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if !fields.contains_key(name) {
                self.problems.push(Problem::new(&below(name), "is missing"));
            }
        }
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        _ => false,
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
        "boolean" => format!("must be true or false, found {found}"),
        "integer" => format!("must be a whole number, found {found}"),
        _ => format!("must be a map, found {found}"),
    }
}
