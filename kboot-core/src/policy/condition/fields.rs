//! The fields of a rule, in the order in which they are written, and what their schema says of them.

use schemars::Schema;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// The fields of a rule, in the order in which they are written.
#[derive(Default)]
pub(in crate::policy) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// Sets a field, or one within a field: `maxAge`, `node.names`.
    pub(in crate::policy) fn set(&mut self, path: &'static str, value: Value) {
        let Some((outer, inner)) = path.split_once('.') else {
            self.0.push((path, value));
            return;
        };
        if let Some((_, Value::Object(fields))) = self.0.iter_mut().find(|(name, _)| *name == outer) {
            fields.insert(inner.to_owned(), value);
        } else {
            self.0.push((outer, Value::Object(Map::from_iter([(inner.to_owned(), value)]))));
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// What a field says that holds those of several conditions.
const OUTER: &[(&str, &str)] = &[("node", "Which nodes; for the signers of kubelets.")];

/// Adds the schema of a field, or of one within a field, to those of a rule.
pub(super) fn describe(fields: &mut Map<String, Value>, path: &str, meaning: &str, mut field: Schema) {
    field.insert("description".to_owned(), meaning.into());
    let Some((outer, inner)) = path.split_once('.') else {
        fields.insert(path.to_owned(), field.to_value());
        return;
    };
    let outer_field = fields.entry(outer).or_insert_with(|| {
        let meaning = OUTER.iter().find(|(name, _)| *name == outer).map(|(_, meaning)| *meaning);
        json!({"type": "object", "properties": {}, "description": meaning})
    });
    if let Some(Value::Object(parts)) = outer_field.get_mut("properties") {
        parts.insert(inner.to_owned(), field.to_value());
    }
}
