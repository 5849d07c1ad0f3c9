//! Custom resources, as their CustomResourceDefinitions say: which fields there are, what they have to be, who can own
//! them; and what holds for the definitions themselves.
//!
//! `x-kubernetes-validations` are accepted and not run, formats are not checked.

pub(crate) mod definition;
mod embedded;
mod lists;
mod print;
mod prune;
mod schema_rules;
mod structural;
mod types;
mod validate;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use self::structural::Structural;
use super::schema::{Schema, Type};
use super::status::FieldError;

/// From here on an update of the status is held against the schema of the status, before against that of all.
const STATUS_ALONE: u32 = 28;

/// A version of a custom resource.
#[derive(Debug)]
pub(crate) struct Version {
    schema: Structural,
    has_status: bool,
    /// The type of its objects.
    pub(crate) of: Type,
    /// With the structures that the type is made of.
    pub(crate) types: Schema,
}

impl Version {
    /// `version` is one of `spec.versions`.
    pub(crate) fn parse(version: &Value, kinds: &Arc<Schema>) -> Self {
        let mut schema = Structural::parse(&version["schema"]["openAPIV3Schema"]);
        schema.properties.retain(|name, _| !["apiVersion", "kind"].contains(&name.as_str()));
        let (of, structs) = types::of_object(&schema);
        let has_status = version.pointer("/subresources/status").is_some();
        Self { schema, has_status, of, types: Schema::with(kinds, structs) }
    }

    /// Makes of what a client sent what is stored; what of it is unknown (`unknown field "spec.a"`).
    pub(crate) fn complete(&self, object: &mut Value) -> Vec<String> {
        let mut unknown = prune::prune(object, &self.schema);
        unknown.extend(embedded::prune(object, &self.schema, &self.types));
        prune::drop_nulls(object, Some(&self.schema));
        prune::default(object, &self.schema);
        whole_numbers(object);
        unknown.into_iter().map(|path| format!("unknown field {path:?}")).collect()
    }

    /// What is wrong with a new object, or (`old`) with the new state of one.
    pub(crate) fn validate(
        &self,
        subresource: &str,
        old: Option<&Value>,
        new: &Value,
        minor: u32,
    ) -> Vec<FieldError> {
        let before = old.filter(|_| minor >= validate::RATCHETING);
        let mut errors = match (subresource, self.schema.properties.get("status")) {
            ("status", status) if self.has_status && minor >= STATUS_ALONE => {
                match (status, new.get("status")) {
                    (Some(schema), Some(status)) => {
                        let before = before.and_then(|before| before.get("status"));
                        validate::validate(status, schema, Some("status"), before, minor)
                    }
                    _ => Vec::new(),
                }
            }
            _ => validate::validate(new, &self.schema, None, before, minor),
        };
        // What was wrong before may stay so.
        if old.is_none_or(|old| lists::validate(old, &self.schema, minor).is_empty()) {
            errors.extend(lists::validate(new, &self.schema, minor));
        }
        errors
    }
}

/// Go writes floats without a fraction as whole numbers.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
            if let Some(whole) = whole.and_then(|number| format!("{number:.0}").parse::<i64>().ok()) {
                *value = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        _ => {}
    }
}
