//! The published schemas, beside those that the types give today.

use std::collections::BTreeSet;

use kboot_core::cluster::{COMMENTED_EXAMPLE, ClusterSpec};
use kboot_core::document::{Document, DocumentError};
use kboot_core::policy::{ContextDocument, Inventory, Policy, Preset};
use serde_json::{Value, json};

/// Each kind, its schema, and the schema as it was published.
fn schemas() -> [(&'static str, Value, Value); 4] {
    let read = |text: &str| serde_json::from_str(text).unwrap();
    [
        (ClusterSpec::KIND, read(ClusterSpec::schema()), read(include_str!("../schemas/cluster.json"))),
        (Policy::KIND, read(Policy::schema()), read(include_str!("../schemas/policy.json"))),
        (Inventory::KIND, read(Inventory::schema()), read(include_str!("../schemas/inventory.json"))),
        (
            ContextDocument::KIND,
            read(ContextDocument::schema()),
            read(include_str!("../schemas/context.json")),
        ),
    ]
}

/// Every place at which two values differ.
fn differences(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for name in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
                let of =
                    |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                differences(&format!("{path}/{name}"), &of(one), &of(other), found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{path}: {one} in place of {other}")),
    }
}

/// Who changes a type sees what that changes in a schema that editors and other programs have.
#[test]
fn the_types_give_the_published_schemas() {
    let mut found = Vec::new();
    for (kind, schema, published) in schemas() {
        differences(kind, &schema, &published, &mut found);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The checker knows these words of JSON Schema, and an editor is told what each field means.
#[test]
fn schemas_use_words_that_the_checker_knows() {
    const KNOWN: [&str; 16] = [
        "$schema",
        "$id",
        "$ref",
        "$defs",
        "title",
        "description",
        "type",
        "enum",
        "items",
        "properties",
        "required",
        "additionalProperties",
        "oneOf",
        "deprecated",
        "anyOf",
        "not",
    ];
    fn walk(kind: &str, path: &str, schema: &Value) {
        for (word, value) in schema.as_object().unwrap_or_else(|| panic!("{kind}{path}: {schema}")) {
            assert!(KNOWN.contains(&word.as_str()), "{kind}{path}/{word}");
            // Of the whole file, where no shape depends on them.
            assert!(!matches!(word.as_str(), "anyOf" | "not") || path.is_empty(), "{kind}{path}/{word}");
            match (word.as_str(), value) {
                ("properties" | "$defs", Value::Object(fields)) => {
                    fields
                        .iter()
                        .for_each(|(name, field)| walk(kind, &format!("{path}/{word}/{name}"), field));
                }
                ("description", meaning) => {
                    assert!(meaning.as_str().is_some_and(|meaning| !meaning.is_empty()), "{kind}{path}");
                }
                ("type", name) => assert!(name.is_string(), "{kind}{path}"),
                ("items", field) => walk(kind, &format!("{path}/items"), field),
                ("additionalProperties", field) if field.is_object() => {
                    walk(kind, &format!("{path}/*"), field)
                }
                ("oneOf", Value::Array(shapes)) => {
                    shapes.iter().for_each(|shape| walk(kind, &format!("{path}/oneOf"), shape));
                }
                _ => {}
            }
        }
        if schema.get("properties").is_some() {
            assert_eq!(schema["additionalProperties"], json!(false), "{kind}{path}");
        }
    }
    for (kind, schema, _) in schemas() {
        walk(kind, "", &schema);
        assert_eq!(schema["properties"]["kind"]["enum"], json!([kind]));
    }
}

/// A reader that knows no kind.
fn read<D: Document>(text: &str) -> Result<D, DocumentError> {
    text.parse()
}

#[test]
fn every_kind_is_read_in_one_way() {
    fn refuses<D: Document>(mine: &str) {
        assert_eq!(read::<D>(mine).err(), None, "{mine}");
        let wrong = |from: &str, to: &str| {
            let error = read::<D>(&mine.replace(from, to)).err().unwrap_or_else(|| panic!("{from} as {to}"));
            error.problems.iter().map(ToString::to_string).collect::<Vec<String>>()
        };
        assert_eq!(
            wrong("kboot.dev/v1alpha1", "v2"),
            ["apiVersion: \"v2\" is not one of kboot.dev/v1alpha1"]
        );
        assert_eq!(wrong("spec", "spek").first().unwrap(), "spek: unknown field; did you mean spec?");
        assert!(wrong(D::KIND, "Other").iter().any(|problem| problem.starts_with("kind: \"Other\" is not ")));
        // Both at once.
        assert_eq!(wrong("spec:", "spec: []\nzzz:").len(), 2);
    }
    refuses::<ClusterSpec>(&COMMENTED_EXAMPLE.parse::<ClusterSpec>().unwrap().to_yaml().unwrap());
    refuses::<Policy>(&Preset::Bootstrap.policy().to_yaml().unwrap());
    refuses::<Inventory>(&Inventory::default().to_yaml().unwrap());
    refuses::<ContextDocument>(
        "apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec:\n  now: 2026-01-02T03:04:05Z\n",
    );
}
