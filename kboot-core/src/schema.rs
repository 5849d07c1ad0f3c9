//! The shape of the files that people write: a JSON Schema for each, and the check of a document against it
//! that finds every problem at once. The schema is the single source of which fields exist.

use std::fmt;

use serde_json::{Map, Value};

use crate::shown::escape_quotes_too;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The field's path, for example `spec.nodes[2].addresses[0]`; empty for the document itself.
    pub path: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Problem {
    pub(crate) fn new(path: &str, problem: impl Into<String>) -> Self {
        // A path holds keys of the file, and they may hold anything.
        let path = path.chars().take(200).flat_map(escape_quotes_too).collect();
        Self { path, problem: problem.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

/// As many problems of one file are kept: three bytes of it can be one.
pub(crate) const MOST_PROBLEMS: usize = 1000;

/// Problems as they are found, the first [`MOST_PROBLEMS`] of them.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        if !self.is_full() {
            self.0.push(problem);
        }
    }

    pub(crate) fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        let room = MOST_PROBLEMS.saturating_sub(self.0.len());
        self.0.extend(problems.into_iter().take(room));
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= MOST_PROBLEMS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Those found after the first so many.
    pub(crate) fn since(&self, before: usize) -> &[Problem] {
        self.0.get(before..).unwrap_or_default()
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(mut problems: Vec<Problem>) -> Self {
        problems.truncate(MOST_PROBLEMS);
        Self(problems)
    }
}

impl From<Problems> for Vec<Problem> {
    fn from(problems: Problems) -> Self {
        problems.0
    }
}

/// Several problems in one text, the first fifty of them.
pub(crate) fn write_problems(problems: &[Problem], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match problems {
        [one] => write!(f, "{one}"),
        many => {
            const SHOWN: usize = 50;
            let more = if many.len() >= MOST_PROBLEMS { "at least " } else { "" };
            write!(f, "{more}{} problems:", many.len())?;
            many.iter().take(SHOWN).try_for_each(|problem| write!(f, "\n  {problem}"))?;
            if many.len() > SHOWN { write!(f, "\n  and {} more", many.len() - SHOWN) } else { Ok(()) }
        }
    }
}

/// Compares a document with a schema: unknown fields, missing fields, wrong types, unknown values.
pub(crate) fn check(schema: &Value, document: &Value) -> Vec<Problem> {
    let mut checker = Checker { root: schema, problems: Problems::default() };
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
                        let shown: String = text.chars().take(64).collect();
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
