//! What programs read: every `-o json` and `-o yaml`, held to its schema, and the page that explains the fields.
//!
//! `KBOOT_UPDATE_GOLDEN=1 cargo test -p kboot-cli --test api outputs` writes the schemas and the page anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::common::{kboot, write};
use crate::golden::steady;
use crate::reports::{REPORTS, World};

fn schema(name: &str) -> Value {
    let outcome = kboot(Path::new("/"), &["schema", "output", name]);
    assert_eq!(outcome.code, Some(0), "{name}: {}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn names() -> BTreeSet<&'static str> {
    REPORTS.iter().map(|report| report.schema).filter(|name| !name.is_empty()).collect()
}

/// What is wrong with a value, and the names of fields that a schema has for it. A keyword that nobody checks is wrong too.
fn check(value: &Value, schema: &Value, place: &str, wrong: &mut Vec<String>) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    if let Some(word) = schema.as_bool() {
        assert!(word, "{place}");
        return known;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    for (keyword, says) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "title" | "description" => {}
            "type" => {
                let kinds: Vec<&Value> =
                    says.as_array().map_or_else(|| vec![says], |kinds| kinds.iter().collect());
                if !kinds.iter().any(|other| *other == kind) {
                    wrong.push(format!("{place}: it is {kind}, not {says}"));
                }
            }
            "const" if value != says => wrong.push(format!("{place}: {value} is not {says}")),
            "enum" if !says.as_array().unwrap().contains(value) => {
                wrong.push(format!("{place}: {value} is none of {says}"));
            }
            "const" | "enum" => {}
            "required" if value.is_object() => {
                for name in says.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        wrong.push(format!("{place}: {name} is missing"));
                    }
                }
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    whole(item, says, &format!("{place}[{i}]"), wrong);
                }
            }
            "properties" => {
                for (name, field) in says.as_object().unwrap() {
                    known.insert(name.clone());
                    if let Some(value) = value.get(name) {
                        whole(value, field, &format!("{place}.{name}"), wrong);
                    }
                }
            }
            "additionalProperties" if says.is_object() => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    known.insert(name.clone());
                    whole(value, says, &format!("{place}.{name}"), wrong);
                }
            }
            "anyOf" | "oneOf" => {
                let tried = says.as_array().unwrap().iter().map(|schema| {
                    let mut wrong = Vec::new();
                    let known = check(value, schema, place, &mut wrong);
                    (wrong, known)
                });
                let (least, names) = tried.min_by_key(|(wrong, _)| wrong.len()).unwrap();
                wrong.extend(least);
                known.extend(names);
            }
            "required" => {}
            _ => wrong.push(format!("{place}: nobody knows {keyword}")),
        }
    }
    known
}

/// The same, with no field that no part of the schema has.
fn whole(value: &Value, schema: &Value, place: &str, wrong: &mut Vec<String>) {
    let known = check(value, schema, place, wrong);
    for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
        if !known.contains(name) {
            wrong.push(format!("{place}: nobody knows the field {name}"));
        }
    }
}

/// One value, or one a line.
fn of_json(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect()
}

#[test]
fn every_output_has_the_shape_of_its_schema() {
    let world = World::new();
    let schemas: BTreeMap<&str, Value> = names().into_iter().map(|name| (name, schema(name))).collect();
    let mut wrong = Vec::new();
    for report in REPORTS.iter().filter(|report| !report.schema.is_empty()) {
        // Seconds that are left go on: YAML is what JSON was just before or just after.
        let [before, yaml, after] =
            ["json", "yaml", "json"].map(|form| world.shown(&format!("{} -o {form}", report.command), None));
        assert_eq!(before.code, yaml.code, "{}", report.name);
        assert!(!before.stdout.is_empty(), "{}: {}", report.name, before.stderr);
        let [before, after] = [before, after].map(|json| of_json(&steady(&json.stdout)));
        for value in &before {
            whole(value, &schemas[report.schema], report.name, &mut wrong);
        }
        let yaml: Vec<Value> = serde_saphyr::from_multiple(&steady(&yaml.stdout)).unwrap();
        if yaml != after {
            assert_eq!(before, yaml, "{}", report.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_value_of_another_shape_is_found() {
    let schema = schema("cert-verify");
    let good = serde_json::json!({"file": "a", "subject": "CN=a", "valid": false, "reason": "it has ended"});
    let found = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        let mut wrong = Vec::new();
        whole(&value, &schema, "it", &mut wrong);
        wrong
    };
    assert!(found(&|_| ()).is_empty());
    assert_eq!(found(&|value| value["path"] = "a".into()), ["it: nobody knows the field path"]);
    assert_eq!(found(&|value| value["valid"] = "no".into()), ["it.valid: it is string, not \"boolean\""]);
    assert_eq!(
        found(&|value| drop(value.as_object_mut().unwrap().remove("file"))),
        ["it: \"file\" is missing"]
    );
}

/// Each field of a schema: its name, its type and what it means.
fn fields(schema: &Value, found: &mut BTreeMap<String, (BTreeSet<String>, String)>) {
    match schema {
        Value::Array(all) => all.iter().for_each(|schema| fields(schema, found)),
        Value::Object(all) => {
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                let description = field["description"].as_str().unwrap_or_default().to_owned();
                found
                    .entry(name.clone())
                    .or_insert_with(|| (BTreeSet::new(), description))
                    .0
                    .insert(kind(field));
            }
            for (keyword, inner) in all {
                match inner.as_object().filter(|_| keyword == "properties") {
                    Some(inner) => inner.values().for_each(|schema| fields(schema, found)),
                    None => fields(inner, found),
                }
            }
        }
        _ => {}
    }
}

/// A field's type, whether or not it may be null.
fn kind(field: &Value) -> String {
    match &field["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "null")
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "object".to_owned(),
    }
}

#[test]
fn schemas_and_the_page_of_fields_are_as_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_update = std::env::var_os("KBOOT_UPDATE_GOLDEN").is_some();
    let mut files = BTreeMap::new();
    let mut all: BTreeMap<String, (BTreeSet<String>, String, BTreeSet<&str>)> = BTreeMap::new();
    for name in names() {
        let schema = schema(name);
        let mut found = BTreeMap::new();
        fields(&schema, &mut found);
        for (field, (kinds, meaning)) in found {
            let entry = all.entry(field).or_insert_with(|| (BTreeSet::new(), meaning, BTreeSet::new()));
            entry.0.extend(kinds);
            entry.2.insert(name);
        }
        files.insert(
            root.join(format!("tests/schemas/{name}.json")),
            serde_json::to_string_pretty(&schema).unwrap() + "\n",
        );
    }
    let silent: Vec<&String> =
        all.iter().filter(|(_, (_, meaning, _))| meaning.is_empty()).map(|(name, _)| name).collect();
    assert!(silent.is_empty(), "src/commands/fields.tsv says nothing of {silent:?}");
    let table = std::fs::read_to_string(root.join("src/commands/fields.tsv")).unwrap();
    let told: Vec<&str> = table.lines().map(|line| line.split_once('\t').unwrap().0).collect();
    assert_eq!(told, all.keys().map(String::as_str).collect::<Vec<_>>(), "each field once, by name");
    let mut page = "# Fields of `-o json` and `-o yaml`\n\nA field has one name and one meaning wherever it stands. \
                    `kboot schema output NAME` prints the JSON Schema of an output;\nthis page is made of them by \
                    `kboot-cli/tests/api/outputs.rs`.\n\n| field | type | meaning | in |\n|---|---|---|---|\n"
        .to_owned();
    for (name, (kinds, meaning, outputs)) in &all {
        let join = |words: Vec<&str>| words.join(", ");
        let kinds = join(kinds.iter().map(String::as_str).collect());
        writeln!(page, "| `{name}` | {kinds} | {meaning} | {} |", join(outputs.iter().copied().collect()))
            .unwrap();
    }
    files.insert(root.join("../docs/reference/outputs.md"), page);
    for (file, text) in files {
        if is_update {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            write(&file, text.as_bytes());
        }
        let published = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, published, "{}: KBOOT_UPDATE_GOLDEN=1 writes it anew", file.display());
    }
    // One name, one type, but for what differs on purpose.
    let torn: Vec<_> =
        all.iter().filter(|(_, (kinds, ..))| kinds.len() > 1).map(|(name, _)| name.as_str()).collect();
    assert_eq!(torn, [""; 0]);
}
