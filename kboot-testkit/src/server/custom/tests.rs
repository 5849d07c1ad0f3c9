#![allow(clippy::needless_pass_by_value, reason = "tests")]
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Version, definition};
use crate::server::schema::{Schema, Type};

fn version(schema: Value) -> Version {
    let version =
        json!({"name": "v1", "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema}});
    Version::parse(&version, &Schema::of_version(36))
}

/// With this schema of its spec.
fn of_spec(spec: Value) -> Version {
    version(json!({"type": "object", "properties": {
        "spec": spec, "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
    }}))
}

fn object(spec: Value) -> Value {
    json!({"apiVersion": "kit.example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec})
}

/// What is wrong with a new object with this spec: `field: message`, and the reasons.
fn wrong(version: &Version, spec: Value, minor: u32) -> Vec<String> {
    version.validate("", None, &object(spec), minor).iter().map(ToString::to_string).collect()
}

mod completion {
    use super::*;

    fn completed(schema: Value, spec: Value) -> (Value, Vec<String>) {
        let mut object = object(spec);
        let unknown = of_spec(schema).complete(&mut object);
        (object["spec"].clone(), unknown)
    }

    #[test]
    fn drops_and_tells_what_is_unknown() {
        let schema = json!({"type": "object", "properties": {
            "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "map": {"type": "object", "additionalProperties": {"type": "object"}},
        }});
        let (spec, unknown) =
            completed(schema, json!({"x": 1, "list": [{"a": "b", "c": 1}], "map": {"k": {"y": {}}}}));
        assert_eq!(spec, json!({"list": [{"a": "b"}], "map": {"k": {}}}));
        let paths =
            ["spec.list[0].c", "spec.map.k.y", "spec.x"].map(|path| format!("unknown field {path:?}"));
        assert_eq!(unknown, paths);
    }

    #[test]
    fn keeps_what_is_preserved_but_not_below_what_is_known() {
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true,
            "properties": {"known": {"type": "object"}}});
        let (spec, unknown) = completed(schema, json!({"free": {"a": [{}]}, "known": {"b": 1}}));
        assert_eq!(spec, json!({"free": {"a": [{}]}, "known": {}}));
        assert_eq!(unknown, [r#"unknown field "spec.known.b""#]);
    }

    #[test]
    fn an_embedded_resource_has_metadata() {
        let schema = json!({"type": "object", "x-kubernetes-embedded-resource": true,
            "properties": {"spec": {"type": "object"}}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}});
        assert_eq!(completed(schema, pod.clone()), (pod, vec![]));
    }

    #[test]
    fn of_an_embedded_resource_the_metadata_are_known() {
        let schema = json!({"type": "object", "x-kubernetes-embedded-resource": true, "properties": {}});
        let (spec, unknown) = completed(schema, json!({"metadata": {"name": "a", "x": 1}}));
        assert_eq!(
            (spec, unknown.concat()),
            (json!({"metadata": {"name": "a"}}), r#"unknown field "spec.metadata.x""#.to_owned())
        );
    }

    #[test]
    fn a_float_without_a_fraction_is_a_whole_number() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "number"}}});
        assert_eq!(completed(schema.clone(), json!({"a": 4.0})).0.to_string(), r#"{"a":4}"#);
        assert_eq!(completed(schema, json!({"a": 4.5})).0.to_string(), r#"{"a":4.5}"#);
    }

    #[test]
    fn fills_in_defaults_also_of_nulls() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": "string", "default": "x"},
            "b": {"type": "string", "nullable": true, "default": "y"},
            "c": {"type": "string"},
            "deep": {"type": "object", "default": {}, "properties": {"d": {"type": "integer", "default": 1}}},
        }});
        let (spec, _) = completed(schema, json!({"a": null, "b": null, "c": null}));
        assert_eq!(spec, json!({"a": "x", "b": null, "deep": {"d": 1}}));
    }
}

mod validation {
    use super::*;

    #[test]
    fn of_types_and_what_is_required() {
        let version = of_spec(json!({"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1}, "either": {"x-kubernetes-int-or-string": true},
            "maybe": {"type": "string", "nullable": true},
        }}));
        assert_eq!(wrong(&version, json!({}), 36), ["spec.size: Required value"]);
        assert_eq!(
            wrong(&version, json!({"size": "big"}), 36),
            [r#"spec.size: Invalid value: "string": spec.size in body must be of type integer: "string""#]
        );
        let said = ["spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"];
        assert_eq!(wrong(&version, json!({"size": 0}), 20), said);
        let said = r#"spec.either: Invalid value: "boolean": spec.either in body must be of type integer,string: "boolean""#;
        assert_eq!(wrong(&version, json!({"size": 1, "either": true}), 36), [said]);
        assert!(wrong(&version, json!({"size": 1.0, "either": "50%", "maybe": null}), 36).is_empty());
    }

    #[test]
    fn says_all_at_once() {
        let version = of_spec(json!({"type": "object", "properties": {
            "a": {"type": "string", "enum": ["x"]}, "b": {"type": "string", "pattern": "^y$"},
        }}));
        let said = [
            r#"spec.a: Unsupported value: "z": supported values: "x""#,
            r#"spec.b: Invalid value: "z": spec.b in body should match '^y$'"#,
        ];
        assert_eq!(wrong(&version, json!({"a": "z", "b": "z"}), 36), said);
    }

    #[test]
    fn of_several_schemas_the_best_says_what_is_wrong() {
        let version = of_spec(
            json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
        );
        let none = wrong(&version, json!({}), 36);
        let said = r#"<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid"#;
        assert_eq!(none, [said, "spec.a: Required value"]);
        let said = r#"<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives"#;
        assert_eq!(wrong(&version, json!({"a": 1, "b": 1}), 36), [said]);
        assert!(wrong(&version, json!({"a": 1}), 36).is_empty());
    }

    #[test]
    fn of_lists_that_are_sets_and_maps() {
        let version = of_spec(json!({"type": "object", "properties": {
            "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "map": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        }}));
        let spec = json!({"set": ["a", "b", "a", "a"], "map": [{"name": "x"}, {"name": "x"}]});
        let said = [r#"spec.map[1]: Duplicate value: {"name":"x"}"#, r#"spec.set[2]: Duplicate value: "a""#];
        assert_eq!(wrong(&version, spec.clone(), 36), said);
        assert_eq!(
            wrong(&version, spec.clone(), 20)[0],
            r#"spec.map[1]: Duplicate value: map[string]interface {}{"name":"x"}"#
        );
        // What was wrong before may stay so.
        assert!(version.validate("", Some(&object(spec.clone())), &object(spec), 20).is_empty());
    }

    #[test]
    fn of_the_status_alone_in_newer_versions() {
        let version = of_spec(json!({"type": "object", "required": ["a"]}));
        let mut new = object(json!({}));
        new["status"] = json!({"ready": "yes"});
        let said = |minor| {
            let errors = version.validate("status", Some(&object(json!({}))), &new, minor);
            errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let new_said =
            r#"status.ready: Invalid value: "string": ready in body must be of type boolean: "string""#;
        assert_eq!(said(36), [new_said]);
        assert_eq!(said(20).len(), 2);
    }

    #[test]
    fn what_has_not_changed_is_let_be_in_newer_versions() {
        let version = of_spec(json!({"type": "object", "properties": {
            "a": {"type": "string", "maxLength": 1}, "b": {"type": "string"},
        }}));
        let old = object(json!({"a": "long", "b": "x"}));
        let changed = |new: Value, minor| version.validate("", Some(&old), &object(new), minor).len();
        assert_eq!(changed(json!({"a": "long", "b": "y"}), 36), 0);
        assert_eq!(changed(json!({"a": "long", "b": "y"}), 20), 1);
        assert_eq!(changed(json!({"a": "longer", "b": "y"}), 36), 1);
    }
}

#[test]
fn types_say_who_can_own_what() {
    let version = of_spec(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "properties": {"labels": {"type": "object", "additionalProperties": {"type": "string"}}}}));
    let Type::Struct(name) = &version.of else { panic!("{:?}", version.of) };
    let root = Arc::clone(version.types.structure(name).unwrap());
    assert_eq!(root.fields.keys().collect::<Vec<_>>(), ["apiVersion", "kind", "metadata", "spec", "status"]);
    assert!(!root.is_open);
    let Type::Struct(spec) = &root.fields["spec"].of else { panic!() };
    assert!(version.types.structure(spec).unwrap().is_open);
    // Those of Kubernetes are there too.
    let Type::Struct(metadata) = &root.fields["metadata"].of else { panic!() };
    assert!(version.types.structure(metadata).unwrap().fields.contains_key("ownerReferences"));
}

mod definitions {
    use super::*;

    fn things() -> Value {
        let mut definition = json!({
            "metadata": {"name": "things.kit.example.com"},
            "spec": {
                "group": "kit.example.com", "scope": "Cluster", "names": {"plural": "things", "kind": "Thing"},
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object"}}}],
            },
        });
        definition::complete(&mut definition);
        definition
    }

    fn wrong(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut definition = things();
        change(&mut definition);
        definition::establish(&mut definition, &[], "2026-01-01T00:00:00Z");
        definition::validate(None, &definition, 36).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_are_filled_in_and_checked() {
        let names =
            json!({"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"});
        assert_eq!(things()["spec"]["names"], names);
        assert!(wrong(|_| {}).is_empty());
        assert_eq!(definition::name(&things(), "things"), [r#"must be spec.names.plural+"."+spec.group"#]);
        let said =
            ["spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", \"Namespaced\""];
        assert_eq!(wrong(|of| of["spec"]["scope"] = "Galaxy".into()), said);
        let said = ["spec.group: Invalid value: \"example\": should be a domain with at least one dot"];
        assert_eq!(wrong(|of| of["spec"]["group"] = "example".into()), said);
    }

    #[test]
    fn one_version_is_stored() {
        let said = wrong(|of| of["spec"]["versions"][0]["storage"] = false.into());
        assert!(said[0].ends_with("must have exactly one version marked as storage version"), "{said:?}");
        assert_eq!(
            said[1],
            "status.storedVersions: Invalid value: null: must have at least one stored version"
        );
    }

    #[test]
    fn schemas_are_structural() {
        let with = |spec: Value| {
            wrong(|of| {
                of["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"] = json!({"spec": spec});
            })
        };
        let place = "spec.validation.openAPIV3Schema.properties[spec]";
        let said = format!("{place}.type: Required value: must not be empty for specified object fields");
        assert_eq!(with(json!({})), [said]);
        let said = format!("{place}.items: Required value: must be specified");
        assert_eq!(with(json!({"type": "array"})), [said]);
        let nested = with(json!({"type": "string", "anyOf": [{"type": "string"}]}));
        assert_eq!(nested, [format!("{place}.anyOf[0].type: Forbidden: must be empty to be structural")]);
        assert_eq!(with(json!({"type": "integer", "default": "x"})).len(), 1);
        let unknown = with(json!({"type": "object", "default": {"x": 1}}));
        let said = format!(r#"{place}.default: Invalid value: {{"x":1}}: must not have unknown fields"#);
        assert_eq!(unknown, [said]);
    }

    #[test]
    fn is_established_unless_its_names_are_taken() {
        let mut first = things();
        definition::establish(&mut first, &[], "2026-01-01T00:00:00Z");
        assert!(definition::is_true(&first, "Established") && definition::is_true(&first, "NamesAccepted"));
        assert_eq!(first["status"]["acceptedNames"], first["spec"]["names"]);
        assert_eq!(first["status"]["storedVersions"], json!(["v1"]));
        let mut second = things();
        second["metadata"]["name"] = "others.kit.example.com".into();
        second["spec"]["names"]["plural"] = "others".into();
        definition::establish(&mut second, &[Arc::new(first.clone())], "2026-01-01T00:00:00Z");
        assert!(!definition::is_true(&second, "Established"));
        assert_eq!(second["status"]["conditions"][0]["message"], r#""ThingList" is already in use"#);
        // Whatever a client wrote into it.
        second["status"] = "x".into();
        definition::establish(&mut second, &[], "2026-01-01T00:00:00Z");
        assert!(definition::is_true(&second, "Established"));
        // Its own are not.
        let again = Arc::new(first.clone());
        definition::establish(&mut first, &[again], "2026-01-02T00:00:00Z");
        assert!(definition::is_true(&first, "Established"));
        assert_eq!(first["status"]["conditions"][1]["lastTransitionTime"], "2026-01-01T00:00:00Z");
    }
}
