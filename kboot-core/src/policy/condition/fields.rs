//! The fields of a rule, in the order in which they are written.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

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
