//! Values as their types see them: which parts have an owner of their own (`structured-merge-diff/typed`).

use std::fmt;

use serde_json::Value;

use super::fields::FieldSet;
use super::go;
use super::step::{Scalar, Step};
use crate::server::schema::{ListType, Schema, Struct, Type};

static ANY: Type = Type::Any;
static ATOMIC: ListType = ListType::Atomic;

/// The types of a version of Kubernetes, and its rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Types<'a> {
    pub(super) schema: &'a Schema,
    pub(super) minor: u32,
}

/// What a value of a type can be (`schema.Atom`).
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    Scalar(Kind),
    List { item: &'a Type, how: &'a ListType },
    Map { fields: Option<&'a Struct>, values: &'a Type, atomic: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Number,
    Boolean,
    /// A string or a number, as the value wishes.
    Untyped,
}

/// What is wrong with the fields of an applied configuration (`typed.ValidationErrors`).
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(String, String)>);

impl Faults {
    fn one(message: impl Into<String>) -> Self {
        Self(vec![(String::new(), message.into())])
    }

    fn below(mut self, step: &Step) -> Self {
        for (path, _) in &mut self.0 {
            path.insert_str(0, &step.to_string());
        }
        self
    }

    fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = |(path, message): &(String, String)| {
            if path.is_empty() { message.clone() } else { format!("{path}: {message}") }
        };
        match self.0.as_slice() {
            [one] => formatter.write_str(&fault(one)),
            several => {
                let lines = several.iter().map(|one| format!("\n  {}", fault(one)));
                write!(formatter, "errors:{}", lines.collect::<String>())
            }
        }
    }
}

impl<'a> Types<'a> {
    /// Of what is not known the value says what it is: maps by their fields, lists as a whole.
    pub(super) fn shape(self, of: &'a Type, value: &Value) -> Shape<'a> {
        let any = match value {
            Value::Object(_) | Value::Null => Shape::Map { fields: None, values: &ANY, atomic: false },
            Value::Array(_) => Shape::List { item: &ANY, how: &ATOMIC },
            _ => Shape::Scalar(Kind::Untyped),
        };
        match of {
            Type::Any => any,
            Type::String | Type::Bytes => Shape::Scalar(Kind::String),
            Type::Integer | Type::Number => Shape::Scalar(Kind::Number),
            Type::Boolean => Shape::Scalar(Kind::Boolean),
            Type::Time | Type::MicroTime | Type::Quantity | Type::IntOrString => Shape::Scalar(Kind::Untyped),
            Type::Map { value, atomic } => Shape::Map { fields: None, values: value, atomic: *atomic },
            Type::List { item, list, .. } => Shape::List { item, how: list },
            Type::Struct(name) => self.schema.structure(name).map_or(any, |structure| Shape::Map {
                fields: Some(structure),
                values: &ANY,
                atomic: structure.atomic,
            }),
        }
    }

    /// Which item of a list this is.
    pub(super) fn item(self, how: &ListType, item: &Value) -> Result<Step, String> {
        let keys = match (how, item) {
            (ListType::Map(_), Value::Null) => {
                return Err("associative list with keys may not have a null element".to_owned());
            }
            (ListType::Map(keys), Value::Object(_)) => keys,
            (ListType::Map(_), _) => {
                return Err("associative list with keys may not have non-map elements".to_owned());
            }
            (_, Value::Object(_)) => {
                return Err("associative list without keys has an element that's a map type".to_owned());
            }
            (_, Value::Array(_)) => {
                return Err("not supported: associative list with lists as elements".to_owned());
            }
            (_, Value::Null) => {
                return Err("associative list without keys has an element that's an explicit null".to_owned());
            }
            (_, value) => return Ok(Step::Value(Scalar(value.clone()))),
        };
        let mut fields = Vec::new();
        for key in keys {
            match item.get(key) {
                Some(value) => fields.push((key.clone(), Scalar(value.clone()))),
                // The one key of a list with a default value: of the ports of services, containers and endpoints.
                None if key == "protocol" && self.minor > 20 => {
                    fields.push((key.clone(), Scalar("TCP".into())))
                }
                None if self.minor > 20 => (),
                None => {
                    return Err(format!(
                        "associative list with keys has an element that omits key field {key:?} \
                         (and doesn't have default value)"
                    ));
                }
            }
        }
        if fields.is_empty() && !keys.is_empty() {
            let keys: Vec<_> = keys.iter().map(|key| format!("{key:?}")).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] \
                 (and doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        fields.sort();
        Ok(Step::Key(fields))
    }

    /// What of an applied configuration its type does not allow.
    pub(super) fn faults(self, value: &Value, of: &'a Type) -> Faults {
        if value.is_null() {
            return Faults::default();
        }
        match self.shape(of, value) {
            Shape::Scalar(kind) => scalar_fault(kind, value).map_or_else(Faults::default, Faults::one),
            Shape::List { item, how } => match value {
                Value::Array(items) => self.list_faults(items, item, how),
                _ => Faults::one(format!("expected list, got &{{{}}}", go::plain(value))),
            },
            Shape::Map { fields, values, .. } => {
                let Value::Object(entries) = value else {
                    return Faults::one(format!("expected map, got &{{{}}}", go::plain(value)));
                };
                let mut faults = Faults::default();
                for (name, value) in entries {
                    let step = Step::field(name);
                    match child(fields, values, name) {
                        (_, false) if fields.is_some_and(|fields| !fields.is_open) => {
                            faults.add(Faults::one("field not declared in schema").below(&step));
                            return faults;
                        }
                        (of, _) => faults.add(self.faults(value, of).below(&step)),
                    }
                }
                faults
            }
        }
    }

    fn list_faults(self, items: &[Value], of: &'a Type, how: &ListType) -> Faults {
        let mut faults = Faults::default();
        let mut seen = std::collections::BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let step = match how {
                ListType::Atomic => Step::Index(i64::try_from(index).unwrap_or(i64::MAX)),
                _ => match self.item(how, item) {
                    Ok(step) => step,
                    Err(message) => {
                        faults.add(Faults::one(format!("element {index}: {message}")));
                        return faults;
                    }
                },
            };
            faults.add(self.faults(item, of).below(&step));
            if !seen.insert(step.clone()) {
                faults.add(Faults::one(format!("duplicate entries for key {step}")));
            }
        }
        faults
    }

    /// All fields of a value: what who applies it owns.
    pub(super) fn fields(self, value: &Value, of: &'a Type) -> FieldSet {
        self.owned(value, of).1
    }

    fn owned(self, value: &Value, of: &'a Type) -> (bool, FieldSet) {
        let mut set = FieldSet::default();
        match (self.shape(of, value), value) {
            (
                Shape::Scalar(_)
                | Shape::List { how: ListType::Atomic, .. }
                | Shape::Map { atomic: true, .. },
                _,
            ) => {
                return (true, set);
            }
            (Shape::List { item, how }, Value::Array(items)) => {
                let steps: Vec<_> = items.iter().map(|item| self.item(how, item).ok()).collect();
                let mut times = std::collections::BTreeMap::<_, usize>::new();
                for step in steps.iter().flatten() {
                    *times.entry(step.clone()).or_default() += 1;
                }
                for (value, step) in items.iter().zip(steps).filter_map(|(value, step)| Some((value, step?)))
                {
                    // Items that cannot be told apart are owned as one.
                    let once = times.get(&step) == Some(&1);
                    set.put(step, true, if once { self.fields(value, item) } else { FieldSet::default() });
                }
            }
            (Shape::Map { fields, values, .. }, Value::Object(entries)) => {
                for (name, value) in entries {
                    let (of, declared) = child(fields, values, name);
                    let (is_member, below) = self.owned(value, of);
                    let is_empty =
                        value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                    set.put(
                        Step::field(name),
                        is_member || !declared || (is_empty && self.minor > 20),
                        below,
                    );
                }
            }
            _ => (),
        }
        (false, set)
    }

    /// With the structures' fields that lead to the set's (`EnsureNamedFieldsAreMembers`), which 1.20 does not know.
    pub(super) fn with_named(self, set: &FieldSet, of: &'a Type) -> FieldSet {
        if self.minor <= 20 {
            return set.clone();
        }
        let mut named = FieldSet { members: set.members.clone(), ..FieldSet::default() };
        for (step, below) in &set.children {
            let of = match (step, of) {
                (Step::Field(name), _) => match self.shape(of, &Value::Null) {
                    Shape::Map { fields, values, .. } => {
                        let (of, declared) = child(fields, values, name);
                        if declared {
                            named.members.insert(step.clone());
                        }
                        of
                    }
                    _ => &ANY,
                },
                (Step::Key(_), Type::List { item, .. }) => &**item,
                _ => &ANY,
            };
            named.children.insert(step.clone(), self.with_named(below, of));
        }
        named
    }
}

/// The type of a field, and whether it is one of a structure's.
pub(super) fn child<'a>(fields: Option<&'a Struct>, values: &'a Type, name: &str) -> (&'a Type, bool) {
    match fields.and_then(|structure| structure.fields.get(name)) {
        Some(field) => (&field.of, true),
        None => (values, false),
    }
}

fn scalar_fault(kind: Kind, value: &Value) -> Option<String> {
    match (kind, value) {
        (Kind::String | Kind::Untyped, Value::String(_))
        | (Kind::Number | Kind::Untyped, Value::Number(_))
        | (Kind::Boolean | Kind::Untyped, Value::Bool(_)) => None,
        (Kind::String, _) => {
            Some(format!("expected string, got &value.valueUnstructured{{Value:{}}}", go::literal(value)))
        }
        (Kind::Number, _) => Some(format!("expected numeric (int or float), got {}", go::type_name(value))),
        (Kind::Boolean, _) => Some(format!("expected boolean, got &{{{}}}", go::plain(value))),
        (Kind::Untyped, _) => Some(format!("expected any scalar, got &{{{}}}", go::plain(value))),
    }
}
