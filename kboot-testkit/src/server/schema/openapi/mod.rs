//! What `/openapi` says of the kinds, as far as kubectl asks: types of fields, lists and how they are merged, and which
//! parameters a request takes. Nothing here describes what a field means.

pub(crate) mod v2;
pub(crate) mod v3;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{ListType, Schema, Strategic, Struct, Type};
use crate::server::resource::Resource;

/// The two versions of OpenAPI name and reference definitions differently.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    V2,
    V3,
}

impl Dialect {
    fn reference(self, name: &str) -> Value {
        match self {
            Self::V2 => json!({"$ref": format!("#/definitions/{name}")}),
            // Beside `$ref` nothing counts in version 3.
            Self::V3 => json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}]}),
        }
    }
}

/// `io.k8s.api.core.v1.NodeSpec` for `core.v1.NodeSpec`.
fn definition_name(structure: &str) -> String {
    match structure.strip_prefix("meta.") {
        Some(meta) => format!("io.k8s.apimachinery.pkg.apis.meta.{meta}"),
        None => format!("io.k8s.api.{structure}"),
    }
}

/// The kinds of types that Go has a type of its own for.
const SCALARS: [(&str, Type); 4] = [
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", Type::Time),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", Type::MicroTime),
    ("io.k8s.apimachinery.pkg.api.resource.Quantity", Type::Quantity),
    ("io.k8s.apimachinery.pkg.util.intstr.IntOrString", Type::IntOrString),
];

/// The definitions of the kinds of the resources, of their lists, and of all that they are made of.
fn definitions(schema: &Schema, resources: &[&Resource], dialect: Dialect) -> Map<String, Value> {
    let mut definitions = Map::new();
    let mut wanted: BTreeSet<String> =
        ["meta.v1.DeleteOptions", "meta.v1.ListMeta", "meta.v1.ObjectMeta"].map(str::to_owned).into();
    for resource in resources {
        let group_version_kind =
            |kind: &str| json!([{"group": resource.group, "version": resource.version, "kind": kind}]);
        let name = match schema.of_kind(&resource.group, &resource.version, &resource.kind) {
            Type::Struct(name) => {
                wanted.insert(name.clone());
                definition_name(&name)
            }
            _ => {
                let name = unknown_name(resource);
                definitions.insert(name.clone(), unknown_kind(resource, dialect));
                name
            }
        };
        if !resource.is_review {
            let list = json!({
                "type": "object",
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": dialect.reference(&definition_name("meta.v1.ListMeta")),
                    "items": {"type": "array", "items": dialect.reference(&name)},
                },
                "required": ["items"],
                "x-kubernetes-group-version-kind": group_version_kind(&format!("{}List", resource.kind)),
            });
            definitions.insert(format!("{name}List"), list);
        }
    }
    close(schema, wanted, dialect, &mut definitions);
    for (group, version, kind, structure) in schema.kinds() {
        if let Some(definition) = definitions.get_mut(&definition_name(structure)) {
            let kind = json!({"group": group, "version": version, "kind": kind});
            match definition["x-kubernetes-group-version-kind"].as_array_mut() {
                Some(kinds) => kinds.push(kind),
                None => definition["x-kubernetes-group-version-kind"] = json!([kind]),
            }
        }
    }
    for (name, of) in &SCALARS {
        definitions.insert((*name).to_owned(), scalar(of));
    }
    definitions
}

/// Defines what is wanted, and what that is made of.
fn close(
    schema: &Schema,
    mut wanted: BTreeSet<String>,
    dialect: Dialect,
    definitions: &mut Map<String, Value>,
) {
    while let Some(name) = wanted.pop_first() {
        let defined = definition_name(&name);
        let Some(structure) = schema.structure(&name).filter(|_| !definitions.contains_key(&defined)) else {
            continue;
        };
        definitions.insert(defined, object(structure, dialect));
        wanted
            .extend(structure.fields.values().filter_map(|field| structure_of(&field.of)).map(str::to_owned));
    }
}

fn structure_of(of: &Type) -> Option<&str> {
    match of {
        Type::Struct(name) => Some(name),
        Type::List { item: inner, .. } | Type::Map { value: inner, .. } => structure_of(inner),
        _ => None,
    }
}

fn object(structure: &Struct, dialect: Dialect) -> Value {
    let properties: Map<_, _> = structure
        .fields
        .iter()
        .map(|(name, field)| (name.clone(), property(&field.of, field.narrow, dialect)))
        .collect();
    let mut object = json!({"type": "object", "properties": properties});
    if structure.atomic {
        object["x-kubernetes-map-type"] = "atomic".into();
    }
    object
}

fn property(of: &Type, narrow: bool, dialect: Dialect) -> Value {
    match of {
        Type::Struct(name) => dialect.reference(&definition_name(name)),
        Type::List { item, list, strategic } => {
            let mut property = json!({"type": "array", "items": property(item, narrow, dialect)});
            match list {
                ListType::Atomic => property["x-kubernetes-list-type"] = "atomic".into(),
                ListType::Set => property["x-kubernetes-list-type"] = "set".into(),
                ListType::Map(keys) => {
                    property["x-kubernetes-list-type"] = "map".into();
                    property["x-kubernetes-list-map-keys"] = json!(keys);
                }
            }
            if let Strategic::Merge(key) = strategic {
                property["x-kubernetes-patch-strategy"] = "merge".into();
                if let Some(key) = key {
                    property["x-kubernetes-patch-merge-key"] = json!(key);
                }
            }
            property
        }
        Type::Map { value, atomic } => {
            let mut property =
                json!({"type": "object", "additionalProperties": property(value, narrow, dialect)});
            if *atomic {
                property["x-kubernetes-map-type"] = "atomic".into();
            }
            property
        }
        Type::Integer if narrow => json!({"type": "integer", "format": "int32"}),
        of => match SCALARS.iter().find(|(_, scalar)| scalar == of) {
            Some((name, _)) => dialect.reference(name),
            None => scalar(of),
        },
    }
}

fn scalar(of: &Type) -> Value {
    match of {
        Type::Integer => json!({"type": "integer", "format": "int64"}),
        Type::Number => json!({"type": "number", "format": "double"}),
        Type::Boolean => json!({"type": "boolean"}),
        Type::Bytes => json!({"type": "string", "format": "byte"}),
        Type::Time | Type::MicroTime => json!({"type": "string", "format": "date-time"}),
        Type::IntOrString => json!({"type": "string", "format": "int-or-string"}),
        Type::String | Type::Quantity => json!({"type": "string"}),
        Type::Any | Type::Map { .. } | Type::List { .. } | Type::Struct(_) => json!({"type": "object"}),
    }
}

fn unknown_name(resource: &Resource) -> String {
    let group = resource.group.trim_end_matches(".k8s.io");
    let group = if group.is_empty() { "core" } else { group };
    format!("io.k8s.api.{group}.{}.{}", resource.version, resource.kind)
}

/// Of a kind whose fields are not known: it has metadata like all, and whatever else.
fn unknown_kind(resource: &Resource, dialect: Dialect) -> Value {
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": dialect.reference(&definition_name("meta.v1.ObjectMeta")),
            "spec": any,
            "status": any,
        },
        "x-kubernetes-preserve-unknown-fields": true,
        "x-kubernetes-group-version-kind":
            [{"group": resource.group, "version": resource.version, "kind": resource.kind}],
    })
}

/// The definition of a resource's kind.
fn name_of(schema: &Schema, resource: &Resource) -> String {
    match schema.of_kind(&resource.group, &resource.version, &resource.kind) {
        Type::Struct(name) => definition_name(&name),
        _ => unknown_name(resource),
    }
}

/// What a method of a path does (`x-kubernetes-action`).
struct Operation {
    method: &'static str,
    action: &'static str,
    /// It answers with a list.
    of_list: bool,
}

const COLLECTION: [Operation; 3] = [
    Operation { method: "get", action: "list", of_list: true },
    Operation { method: "post", action: "post", of_list: false },
    Operation { method: "delete", action: "deletecollection", of_list: false },
];
const ITEM: [Operation; 4] = [
    Operation { method: "get", action: "get", of_list: false },
    Operation { method: "put", action: "put", of_list: false },
    Operation { method: "patch", action: "patch", of_list: false },
    Operation { method: "delete", action: "delete", of_list: false },
];

/// The paths of a resource with what can be done there.
fn paths(resource: &Resource) -> Vec<(String, Vec<&'static Operation>)> {
    let prefix = if resource.group.is_empty() { "/api" } else { "/apis" };
    let scope = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{prefix}/{}{scope}/{}", resource.api_version(), resource.plural);
    if resource.is_review {
        return vec![(
            collection,
            COLLECTION.iter().filter(|operation| operation.method == "post").collect(),
        )];
    }
    let item = format!("{collection}/{{name}}");
    let mut paths = vec![(collection, COLLECTION.iter().collect()), (item.clone(), ITEM.iter().collect())];
    for subresource in
        resource.subresources.iter().filter(|name| ["status", "approval"].contains(&name.as_str()))
    {
        let changes = ITEM.iter().filter(|operation| operation.method != "delete").collect();
        paths.push((format!("{item}/{subresource}"), changes));
    }
    paths
}

/// The names of the parameters of a request: kubectl looks for `dryRun` and `fieldValidation`.
fn parameters(schema: &Schema, operation: &Operation) -> Vec<&'static str> {
    let mut names = match operation.method {
        "get" if operation.of_list => {
            return vec!["continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "watch"];
        }
        "get" => return Vec::new(),
        "delete" => return vec!["dryRun", "gracePeriodSeconds", "propagationPolicy"],
        _ => vec!["dryRun", "fieldManager"],
    };
    if schema.validates_fields() {
        names.push("fieldValidation");
    }
    if operation.method == "patch" {
        names.push("force");
    }
    names
}

fn parameter_type(name: &str) -> &'static str {
    match name {
        "limit" | "gracePeriodSeconds" => "integer",
        "watch" | "force" => "boolean",
        _ => "string",
    }
}

#[cfg(test)]
mod tests;
