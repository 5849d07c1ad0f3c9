//! JSON Schemas of the types that files are read into.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

/// The schema of a file, in the words that [`check`](super::schema) knows.
pub(super) fn of<F: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let settings = settings.with_transform(RecursiveTransform(as_read));
    settings.into_generator().into_root_schema_for::<F>().to_value()
}

/// What stands in several places: once in `$defs` under this name, and a reference to it.
pub(crate) fn shared(generator: &mut SchemaGenerator, name: &str, schema: Schema) -> Schema {
    generator.definitions_mut().insert(name.to_owned(), schema.to_value());
    Schema::new_ref(format!("#/$defs/{name}"))
}

/// A schema as it is read, which is narrower than what serde would take.
fn as_read(schema: &mut Schema) {
    without_null(schema);
    words(schema);
    let Some(fields) = schema.as_object_mut() else { return };
    // A comment of several lines is one paragraph.
    if let Some(Value::String(description)) = fields.get_mut("description") {
        *description = description.replace('\n', " ");
    }
    // The width of Rust's integers is of no interest to who writes a file, nor is a default that means "not said".
    for name in ["format", "minimum", "default"] {
        fields.remove(name);
    }
    // Each shape has a type of its own. What has none is no shape but a condition.
    let is_shape = |shape: &Value| shape.get("type").is_some();
    if fields.get("anyOf").and_then(Value::as_array).is_some_and(|shapes| shapes.iter().all(is_shape))
        && let Some(shapes) = fields.remove("anyOf")
    {
        fields.insert("oneOf".to_owned(), shapes);
    }
    if fields.contains_key("properties") {
        fields.entry("additionalProperties").or_insert(Value::Bool(false));
    } else if fields.get("additionalProperties") == Some(&Value::Bool(true)) {
        fields.remove("additionalProperties");
    }
}

/// A field that is there has a value.
fn without_null(schema: &mut Schema) {
    let null = Value::from("null");
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| *name != null);
        if let [one] = types.as_slice() {
            let one = one.clone();
            schema.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(shapes)) = schema.get_mut("anyOf") else { return };
    shapes.retain(|shape| shape.get("type") != Some(&null));
    if let [Value::Object(one)] = shapes.as_slice() {
        let one = one.clone();
        schema.remove("anyOf");
        // What the field says of itself stays.
        for (name, value) in one {
            if schema.get(&name).is_none() {
                schema.insert(name, value);
            }
        }
    }
}

/// Words that are each described become a list: what they mean is said of the field.
fn words(schema: &mut Schema) {
    let Some(Value::Array(shapes)) = schema.get("oneOf") else { return };
    let Some(words) = shapes.iter().map(|shape| shape.get("const").cloned()).collect::<Option<Vec<_>>>()
    else {
        return;
    };
    schema.remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    if schema.get("enum").is_none() {
        schema.insert("enum".to_owned(), words.into());
    }
}
