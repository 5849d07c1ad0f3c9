//! `/openapi/v3`: a document for each version of a group.

use serde_json::{Map, Value, json};

use super::{Dialect, Operation, definitions, name_of, parameter_type, parameters, paths};
use crate::server::resource::Resource;
use crate::server::schema::Schema;

/// `api/v1`, `apis/apps/v1`.
fn path_of(resource: &Resource) -> String {
    let prefix = if resource.group.is_empty() { "api" } else { "apis" };
    format!("{prefix}/{}", resource.api_version())
}

/// `/openapi/v3`: where the documents are.
pub(crate) fn index(resources: &[Resource]) -> Value {
    let paths: Map<_, _> = resources
        .iter()
        .map(path_of)
        .map(|path| {
            let url = format!("/openapi/v3/{path}");
            (path, json!({"serverRelativeURL": url}))
        })
        .collect();
    json!({"paths": paths})
}

/// The document of what stands behind `/openapi/v3/` (`apis/apps/v1`); `None` where there is no such version.
pub(crate) fn document(schema: &Schema, resources: &[Resource], path: &str, version: &str) -> Option<Value> {
    let of_path: Vec<_> = resources.iter().filter(|resource| path_of(resource) == path).collect();
    if of_path.is_empty() {
        return None;
    }
    let mut document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": {},
        "components": {"schemas": definitions(schema, &of_path, Dialect::V3)},
    });
    for resource in of_path {
        for (path, operations) in paths(resource) {
            let methods: Map<_, _> = operations
                .into_iter()
                .map(|operation| (operation.method.to_owned(), method(schema, resource, operation)))
                .collect();
            document["paths"][path] = methods.into();
        }
    }
    Some(document)
}

fn method(schema: &Schema, resource: &Resource, operation: &Operation) -> Value {
    let name = name_of(schema, resource);
    let list = if operation.of_list { "List" } else { "" };
    let parameters: Vec<_> = parameters(schema, operation)
        .into_iter()
        .map(|name| json!({"name": name, "in": "query", "schema": {"type": parameter_type(name)}}))
        .collect();
    let answer = json!({"schema": {"$ref": format!("#/components/schemas/{name}{list}")}});
    json!({
        "parameters": parameters,
        "responses": {"200": {"description": "OK", "content": {"application/json": answer}}},
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind":
            {"group": resource.group, "version": resource.version, "kind": resource.kind},
    })
}
