//! What becomes of an object on its way in: fields that its schema does not know go, so do nulls that it does not
//! allow, and defaults come (`apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}`).

use serde_json::{Map, Value};

use super::structural::{Additional, Structural};

/// Fields that every object has, whatever its schema says.
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Of more unknown fields a client learns nothing.
const MAX_UNKNOWN: usize = 100;

/// Drops what the schema does not know; its paths (`spec.list[0].name`), sorted.
pub(super) fn prune(object: &mut Value, schema: &Structural) -> Vec<String> {
    let mut pruner = Pruner::default();
    pruner.prune(object, schema, true, schema.preserves);
    pruner.unknown.sort();
    pruner.unknown
}

/// The same of a value that is no object of a kind.
pub(super) fn prune_value(value: &mut Value, schema: &Structural) -> Vec<String> {
    let mut pruner = Pruner::default();
    pruner.prune(value, schema, false, schema.preserves);
    pruner.unknown
}

#[derive(Default)]
struct Pruner {
    place: Vec<String>,
    unknown: Vec<String>,
}

impl Pruner {
    /// A list that keeps what is unknown does so for its items too.
    fn prune(&mut self, value: &mut Value, schema: &Structural, is_resource: bool, keeps: bool) {
        match value {
            Value::Object(fields) => self.fields(fields, schema, is_resource || schema.embedded, keeps),
            Value::Array(items) => match &schema.items {
                Some(of) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        self.place.push(format!("[{index}]"));
                        self.prune(item, of, false, keeps || of.preserves);
                        self.place.pop();
                    }
                }
                None if keeps => {}
                None => items.iter_mut().for_each(empty),
            },
            _ => {}
        }
    }

    fn fields(
        &mut self,
        fields: &mut Map<String, Value>,
        schema: &Structural,
        is_resource: bool,
        keeps: bool,
    ) {
        let mut unknown = Vec::new();
        for (name, value) in fields.iter_mut() {
            if is_resource && META.contains(&name.as_str()) {
                continue;
            }
            if let Some(of) = schema.field(name) {
                self.place.push(format!(".{name}"));
                self.prune(value, of, false, of.preserves);
                self.place.pop();
            } else if !keeps {
                match schema.additional {
                    // `true`: values of any form, of which nothing is known.
                    Additional::Any => empty(value),
                    _ => unknown.push(name.clone()),
                }
            }
        }
        for name in unknown {
            fields.remove(&name);
            if self.unknown.len() < MAX_UNKNOWN {
                let path = format!("{}.{name}", self.place.concat());
                self.unknown.push(path.trim_start_matches('.').to_owned());
            }
        }
    }
}

/// Of what has no schema nothing is left but scalars and the lists of them.
fn empty(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.clear(),
        Value::Array(items) => items.iter_mut().for_each(empty),
        _ => {}
    }
}

/// Drops nulls, but those that may be and those that a default replaces (`PruneNonNullableNullsWithoutDefaults`).
pub(super) fn drop_nulls(value: &mut Value, schema: Option<&Structural>) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let of = schema.and_then(|schema| schema.field(name));
                let goes = value.is_null() && of.is_some_and(|of| !of.nullable && of.default.is_none());
                if !goes {
                    drop_nulls(value, of);
                }
                !goes
            });
        }
        Value::Array(items) => {
            let of = schema.and_then(|schema| schema.items.as_deref());
            items.iter_mut().for_each(|item| drop_nulls(item, of));
        }
        _ => {}
    }
}

/// Fills in defaults, also of fields that are null and may not be.
pub(super) fn default(value: &mut Value, schema: &Structural) {
    let fill = |value: &mut Value, of: &Structural| {
        if value.is_null() && !of.nullable {
            *value = of.default.clone().unwrap_or_default();
        }
        default(value, of);
    };
    match value {
        Value::Object(fields) => {
            for (name, of) in &schema.properties {
                if let Some(default) = &of.default
                    && !fields.contains_key(name)
                {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields.iter_mut() {
                match schema.properties.get(name) {
                    Some(of) if of.default.is_some() => fill(value, of),
                    Some(of) => default(value, of),
                    None => {
                        if let Some(of) = schema.field(name) {
                            fill(value, of);
                        }
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(of) = &schema.items {
                items.iter_mut().for_each(|item| fill(item, of));
            }
        }
        _ => {}
    }
}
