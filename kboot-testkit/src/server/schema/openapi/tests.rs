use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Schema;
use super::super::protobuf::wire::{Fields, Payload};
use super::{v2, v3};
use crate::server::resource;

/// All that is referred to, anywhere in a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn assert_closed(document: &Value) {
    let mut found = BTreeSet::new();
    references(document, &mut found);
    assert!(found.len() > 5);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} is not there");
    }
}

fn document(minor: u32, path: &str) -> Value {
    v3::document(&Schema::of_version(minor), &resource::of_version(minor), path, "v1.36.0").unwrap()
}

#[test]
fn every_version_of_a_group_has_its_document() {
    for minor in [20, 37] {
        let (schema, resources) = (Schema::of_version(minor), resource::of_version(minor));
        let index = v3::index(&resources);
        let paths = index["paths"].as_object().unwrap();
        assert_eq!(paths["apis/apps/v1"], json!({"serverRelativeURL": "/openapi/v3/apis/apps/v1"}));
        assert!(paths.len() > 15 && paths.contains_key("api/v1"));
        for path in paths.keys() {
            assert_closed(&v3::document(&schema, &resources, path, "v1.36.0").unwrap());
        }
        assert_eq!(v3::document(&schema, &resources, "apis/example.org/v1", "v1.36.0"), None);
        assert_closed(&v2::document(&schema, &resources, "v1.36.0"));
    }
}

/// kubectl's `QueryParamVerifier` decides by this which server validates fields and dry runs.
#[test]
fn patches_say_which_parameters_they_take() {
    let parameters = |minor| {
        let document = document(minor, "apis/certificates.k8s.io/v1");
        let patch =
            &document["paths"]["/apis/certificates.k8s.io/v1/certificatesigningrequests/{name}"]["patch"];
        let kind =
            json!({"group": "certificates.k8s.io", "version": "v1", "kind": "CertificateSigningRequest"});
        assert_eq!(patch["x-kubernetes-group-version-kind"], kind);
        let names = patch["parameters"].as_array().unwrap().iter().map(|each| {
            assert_eq!(each["in"], "query");
            each["name"].as_str().unwrap().to_owned()
        });
        names.collect::<Vec<_>>()
    };
    assert_eq!(parameters(24), ["dryRun", "fieldManager", "force"]);
    assert_eq!(parameters(25), ["dryRun", "fieldManager", "fieldValidation", "force"]);
}

#[test]
fn fields_say_how_they_are_merged() {
    let document = document(36, "api/v1");
    let schemas = &document["components"]["schemas"];
    let taints = &schemas["io.k8s.api.core.v1.NodeSpec"]["properties"]["taints"];
    let item = json!({"allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.Taint"}]});
    assert_eq!(taints, &json!({"type": "array", "x-kubernetes-list-type": "atomic", "items": item}));
    let owners = &schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]["properties"]["ownerReferences"];
    assert_eq!(owners["x-kubernetes-list-map-keys"], json!(["uid"]));
    assert_eq!(owners["x-kubernetes-patch-strategy"], "merge");
    assert_eq!(owners["x-kubernetes-patch-merge-key"], "uid");
    assert_eq!(schemas["io.k8s.api.core.v1.NodeSelector"]["x-kubernetes-map-type"], "atomic");
    let list = json!([{"group": "", "version": "v1", "kind": "NodeList"}]);
    assert_eq!(schemas["io.k8s.api.core.v1.NodeList"]["x-kubernetes-group-version-kind"], list);
}

/// Follows the numbers of `OpenAPIv2.proto` to one field of one definition.
#[test]
fn gnostics_messages_hold_the_definitions() {
    fn members(bytes: &[u8], wanted: u32) -> Vec<&[u8]> {
        let mut fields = Fields(bytes);
        let mut found = Vec::new();
        while let Some((number, payload)) = fields.next_field().unwrap() {
            match payload {
                Payload::Bytes(bytes) if number == wanted => found.push(bytes),
                _ => {}
            }
        }
        found
    }
    fn entry<'b>(bytes: &'b [u8], name: &str) -> &'b [u8] {
        let entries = members(bytes, 1);
        let found = entries.into_iter().find(|entry| members(entry, 1) == [name.as_bytes()]).unwrap();
        members(found, 2)[0]
    }
    let document = v2::document(&Schema::of_version(36), &resource::of_version(36), "v1.36.0");
    let bytes = v2::protobuf(&document);
    assert_eq!(members(&bytes, 1), [b"2.0"]);
    let definitions = members(&bytes, 9)[0];
    assert_eq!(members(definitions, 1).len(), document["definitions"].as_object().unwrap().len());
    let spec = entry(definitions, "io.k8s.api.core.v1.NodeSpec");
    let taints = entry(members(spec, 25)[0], "taints");
    assert_eq!(members(members(taints, 22)[0], 1), [b"array"]);
    let item = members(members(taints, 23)[0], 1)[0];
    assert_eq!(members(item, 1), [b"#/definitions/io.k8s.api.core.v1.Taint"]);
    let extension = members(taints, 31)[0];
    assert_eq!(members(extension, 1), [b"x-kubernetes-list-type"]);
    assert_eq!(members(members(extension, 2)[0], 2), [b"\"atomic\""]);
    assert_eq!(members(members(&bytes, 8)[0], 2).len(), document["paths"].as_object().unwrap().len());
}
