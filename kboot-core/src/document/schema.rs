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

impl Schema {
    /// As [`fields`](Self::fields), with what is wrong with the texts of a file that has not the right shape.
    pub(crate) fn fields_with<F: DeserializeOwned>(
        &self,
        document: &Value,
        wrong_texts: impl FnOnce(F) -> Vec<Problem>,
    ) -> Result<F, DocumentError> {
        self.fields(document).map_err(|DocumentError { problems }| {
            let mut all = Problems::from(problems);
            if let Ok(mended) = F::deserialize(mend(&self.value, &self.value, document)) {
                let said: Vec<String> = all.since(0).iter().map(|problem| problem.path.clone()).collect();
                let is_within = |path: &str, outer: &str| {
                    path.strip_prefix(outer)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                };
                let others = wrong_texts(mended).into_iter();
                all.extend(others.filter(|other| !said.iter().any(|outer| is_within(&other.path, outer))));
            }
            all.into()
        })
    }
}

/// The schema of a value: what a reference leads to, and of several shapes the one that is of the value's type.
fn shape<'a>(root: &'a Value, schema: &'a Value, value: &Value) -> &'a Value {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap_or(schema),
        None => schema,
    };
    let Some(shapes) = schema.get("oneOf").and_then(Value::as_array) else { return schema };
    let of_type = |shape: &&Value| {
        shape.get("type").and_then(Value::as_str).is_some_and(|name| is_of_type(name, value))
    };
    shapes.iter().find(of_type).or_else(|| shapes.last()).unwrap_or(schema)
}

/// A file of the right shape: what does not fit is left out, and what is missing is made up.
fn mend(root: &Value, schema: &Value, value: &Value) -> Value {
    let schema = shape(root, schema, value);
    let first_word = schema.get("enum").and_then(Value::as_array).and_then(|words| words.first());
    match (schema.get("type").and_then(Value::as_str), value) {
        (Some("string"), Value::String(_)) => match schema.get("enum").and_then(Value::as_array) {
            Some(words) if !words.contains(value) => first_word.cloned().unwrap_or_default(),
            _ => value.clone(),
        },
        (Some("array"), Value::Array(items)) => match schema.get("items") {
            Some(schema) => items.iter().map(|item| mend(root, schema, item)).collect(),
            None => value.clone(),
        },
        (Some("object"), found) => {
            let (none, properties) = (Map::new(), schema.get("properties").and_then(Value::as_object));
            let additional = schema.get("additionalProperties");
            let of = |name: &str| properties.and_then(|known| known.get(name));
            let mut mended = Map::new();
            for (name, value) in found.as_object().unwrap_or(&none) {
                let field = match (of(name), additional) {
                    (Some(schema), _) => mend(root, schema, value),
                    (None, Some(Value::Bool(false))) => continue,
                    (None, Some(every)) => mend(root, every, value),
                    (None, None) => value.clone(),
                };
                mended.insert(name.clone(), field);
            }
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                if let (false, Some(schema)) = (mended.contains_key(name), of(name)) {
                    mended.insert(name.to_owned(), mend(root, schema, &Value::Null));
                }
            }
            Value::Object(mended)
        }
        (Some("integer"), Value::Number(number)) if number.is_u64() => value.clone(),
        (Some("boolean"), Value::Bool(_)) | (None, _) => value.clone(),
        (Some("array"), _) => Value::Array(Vec::new()),
        (Some("integer"), _) => Value::from(1),
        (Some("boolean"), _) => Value::Bool(false),
        _ => first_word.cloned().unwrap_or_else(|| Value::from("")),
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
        let schema = shape(self.root, schema, value);
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

/// Whether a text may be a key or a bootstrap token that somebody put there by mistake.
fn is_secret(text: &str) -> bool {
    let is_token = text.split_once('.').is_some_and(|(id, secret)| id.len() == 6 && secret.len() == 16);
    is_token || text.contains("-----BEGIN")
}

fn wrong_type(wanted: &str, value: &Value) -> String {
    let found = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {}", excerpt(&number.to_string())),
        Value::String(text) if is_secret(text) => "a text".to_owned(),
        Value::String(text) => format!("the text {:?}", excerpt(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    };
    match wanted {
        "string" if value.is_number() || value.is_boolean() => {
            format!("must be a text, found {found}; put it in quotes")
        }
        "string" => format!("must be a text, found {found}"),
        "array" => format!("must be a list, found {found}"),
        "boolean" => format!("must be true or false, found {found}"),
        "integer" => format!("must be a whole number, found {found}"),
        _ => format!("must be a map, found {found}"),
    }
}
