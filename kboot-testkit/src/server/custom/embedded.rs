//! Objects inside objects (`x-kubernetes-embedded-resource`): of their metadata what is unknown goes.

use serde_json::Value;

use super::structural::Structural;
use crate::server::schema::{Schema, Type};

/// The paths of what is unknown, sorted.
pub(super) fn prune(object: &mut Value, schema: &Structural, types: &Schema) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(object, schema, "", types, &mut unknown);
    unknown.sort();
    unknown
}

fn walk(value: &mut Value, schema: &Structural, place: &str, types: &Schema, unknown: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let metadata = fields.get_mut("metadata").filter(|of| schema.embedded && of.is_object());
            if let Some(metadata) = metadata {
                let of = Type::Struct("meta.v1.ObjectMeta".to_owned());
                // What is of a wrong type stays: it was let in always.
                if let Ok((pruned, said)) = types.prune(&of, metadata.clone()) {
                    *metadata = pruned;
                    let paths = said.iter().filter_map(|said| said.strip_prefix("unknown field "));
                    unknown.extend(paths.map(|path| format!("{place}metadata.{}", path.trim_matches('"'))));
                }
            }
            for (name, value) in fields.iter_mut() {
                if let Some(of) = schema.field(name) {
                    walk(value, of, &format!("{place}{name}."), types, unknown);
                }
            }
        }
        Value::Array(items) => {
            let Some(of) = &schema.items else { return };
            for (index, item) in items.iter_mut().enumerate() {
                let place = format!("{}[{index}].", place.trim_end_matches('.'));
                walk(item, of, &place, types, unknown);
            }
        }
        _ => {}
    }
}
