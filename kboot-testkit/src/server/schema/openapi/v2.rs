//! `/openapi/v2`: one document of everything. kubectl asks for it in protobuf where it finds no version 3.

use serde_json::{Map, Value, json};

use super::{Dialect, Operation, definitions, name_of, parameter_type, parameters, paths};
use crate::server::resource::Resource;
use crate::server::schema::Schema;
use crate::server::schema::protobuf::wire::Message;

/// What the answer in protobuf says it is: that of the request, `@v1.0`, is no media type that Go can read.
pub(crate) const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

pub(crate) fn document(schema: &Schema, resources: &[Resource], version: &str) -> Value {
    let all: Vec<_> = resources.iter().collect();
    let mut document = json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": {},
        "definitions": definitions(schema, &all, Dialect::V2),
    });
    for resource in resources {
        for (path, operations) in paths(resource) {
            let methods: Map<_, _> = operations
                .into_iter()
                .map(|operation| (operation.method.to_owned(), method(schema, resource, operation)))
                .collect();
            document["paths"][path] = methods.into();
        }
    }
    document
}

fn method(schema: &Schema, resource: &Resource, operation: &Operation) -> Value {
    let name = name_of(schema, resource);
    let list = if operation.of_list { "List" } else { "" };
    let parameters: Vec<_> = parameters(schema, operation)
        .into_iter()
        .map(|name| json!({"name": name, "in": "query", "type": parameter_type(name)}))
        .collect();
    json!({
        "parameters": parameters,
        "responses": {
            "200": {"description": "OK", "schema": {"$ref": format!("#/definitions/{name}{list}")}},
        },
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind":
            {"group": resource.group, "version": resource.version, "kind": resource.kind},
    })
}

/// The document as `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`: the messages of gnostic's
/// `OpenAPIv2.proto`.
pub(crate) fn protobuf(document: &Value) -> Vec<u8> {
    let mut message = Message::default();
    message.text(1, text(document, "swagger"));
    let mut info = Message::default();
    info.text(1, text(&document["info"], "title"));
    info.text(2, text(&document["info"], "version"));
    message.message(2, &info);
    message.message(8, &named(&document["paths"], 2, path_item));
    message.message(9, &named(&document["definitions"], 1, schema_message));
    message.0
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// A message whose field holds the entries of an object, each with its name.
fn named(object: &Value, number: u32, of: impl Fn(&Value) -> Message) -> Message {
    let mut all = Message::default();
    for (name, value) in object.as_object().into_iter().flatten() {
        let mut entry = Message::default();
        entry.text(1, name);
        entry.message(2, &of(value));
        all.message(number, &entry);
    }
    all
}

fn within(number: u32, inner: &Message) -> Message {
    let mut message = Message::default();
    message.message(number, inner);
    message
}

fn path_item(methods: &Value) -> Message {
    let mut message = Message::default();
    for (number, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
        if methods[method].is_object() {
            message.message(number, &operation(&methods[method]));
        }
    }
    message
}

fn operation(operation: &Value) -> Message {
    let mut message = Message::default();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let mut query = Message::default();
        query.text(2, "query");
        query.text(4, text(parameter, "name"));
        query.text(6, text(parameter, "type"));
        // In a non-body parameter, in a parameter, in an item of the parameters.
        message.message(8, &within(1, &within(2, &within(3, &query))));
    }
    let responses = named(&operation["responses"], 1, |response| {
        let mut message = Message::default();
        message.text(1, text(response, "description"));
        message.message(2, &within(1, &schema_message(&response["schema"])));
        within(1, &message)
    });
    message.message(9, &responses);
    extensions(operation, 13, &mut message);
    message
}

/// Definitions are as deep as they are written in this room: lists of maps of a type.
fn schema_message(schema: &Value) -> Message {
    let mut message = Message::default();
    for (number, field) in [(1, "$ref"), (2, "format")] {
        if schema[field].is_string() {
            message.text(number, text(schema, field));
        }
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        message.text(19, required);
    }
    if schema["additionalProperties"].is_object() {
        message.message(21, &within(1, &schema_message(&schema["additionalProperties"])));
    }
    if schema["type"].is_string() {
        let mut of = Message::default();
        of.text(1, text(schema, "type"));
        message.message(22, &of);
    }
    if schema["items"].is_object() {
        message.message(23, &within(1, &schema_message(&schema["items"])));
    }
    if schema["properties"].is_object() {
        message.message(25, &named(&schema["properties"], 1, schema_message));
    }
    extensions(schema, 31, &mut message);
    message
}

/// `x-…`: their values are YAML there, which JSON is too.
fn extensions(object: &Value, number: u32, message: &mut Message) {
    for (name, value) in object.as_object().into_iter().flatten().filter(|(name, _)| name.starts_with("x-")) {
        let mut any = Message::default();
        any.text(2, &value.to_string());
        let mut entry = Message::default();
        entry.text(1, name);
        entry.message(2, &any);
        message.message(number, &entry);
    }
}
