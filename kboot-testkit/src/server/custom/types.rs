//! The types of the fields of a custom resource, for who owns them in server-side apply.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::structural::{Additional, Structural};
use crate::server::schema::{Empty, Field, ListType, Strategic, Struct, Type};

/// The structures of a kind, by their names.
pub(super) type Structs = BTreeMap<String, Arc<Struct>>;

/// The type of an object of a schema: it has metadata like all.
pub(super) fn of_object(schema: &Structural) -> (Type, Structs) {
    let mut structs = Structs::new();
    let of = structure(schema, true, "", &mut structs);
    (of, structs)
}

fn of(schema: &Structural, place: &str, structs: &mut Structs) -> Type {
    if schema.int_or_string {
        return Type::IntOrString;
    }
    match schema.types.first().map_or("", String::as_str) {
        "string" => Type::String,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        "array" => Type::List {
            item: Box::new(match &schema.items {
                Some(items) => of(items, &format!("{place}[]"), structs),
                None => Type::Any,
            }),
            list: schema.list.clone().unwrap_or(ListType::Atomic),
            strategic: Strategic::Replace,
        },
        "object" => match &schema.additional {
            Additional::Of(values) => Type::Map {
                value: Box::new(of(values, &format!("{place}{{}}"), structs)),
                atomic: schema.is_atomic_map,
            },
            Additional::Any => Type::Map { value: Box::new(Type::Any), atomic: schema.is_atomic_map },
            Additional::None => structure(schema, schema.embedded, place, structs),
        },
        _ => Type::Any,
    }
}

fn structure(schema: &Structural, is_resource: bool, place: &str, structs: &mut Structs) -> Type {
    let mut fields = BTreeMap::new();
    for (name, schema) in &schema.properties {
        let of = of(schema, &format!("{place}.{name}"), structs);
        fields.insert(name.clone(), field(of));
    }
    if is_resource {
        for name in ["apiVersion", "kind"] {
            fields.insert(name.to_owned(), field(Type::String));
        }
        fields.insert("metadata".to_owned(), field(Type::Struct("meta.v1.ObjectMeta".to_owned())));
    }
    // No structure of Kubernetes' own is called so.
    let name = format!("custom{place}");
    let structure = Struct { fields, atomic: schema.is_atomic_map, is_open: schema.preserves };
    structs.insert(name.clone(), Arc::new(structure));
    Type::Struct(name)
}

fn field(of: Type) -> Field {
    Field { of, number: None, inside: None, narrow: false, empty: Empty::Kept }
}
