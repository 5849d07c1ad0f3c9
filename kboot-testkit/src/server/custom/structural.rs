//! A structural schema (`spec.versions[].schema.openAPIV3Schema`), read once.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use crate::server::schema::ListType;

/// What a value has to be, and what becomes of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Structural {
    /// `integer` and `string` of what may be either; none says nothing about the type.
    pub(super) types: Vec<String>,
    pub(super) int_or_string: bool,
    pub(super) nullable: bool,
    pub(super) default: Option<Value>,
    pub(super) properties: BTreeMap<String, Self>,
    pub(super) additional: Additional,
    pub(super) items: Option<Box<Self>>,
    /// `x-kubernetes-preserve-unknown-fields`.
    pub(super) preserves: bool,
    /// `x-kubernetes-embedded-resource`.
    pub(super) embedded: bool,
    pub(super) list: Option<ListType>,
    pub(super) is_atomic_map: bool,
    pub(super) rules: Rules,
}

/// `additionalProperties`.
#[derive(Debug, Clone, Default)]
pub(super) enum Additional {
    #[default]
    None,
    /// `true`.
    Any,
    Of(Box<Structural>),
}

/// What values are held against (`ValueValidation`).
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) required: Vec<String>,
    pub(super) values: Vec<Value>,
    pub(super) minimum: Option<Bound>,
    pub(super) maximum: Option<Bound>,
    pub(super) multiple_of: Option<f64>,
    pub(super) pattern: Option<(String, Option<Regex>)>,
    pub(super) min_length: Option<i64>,
    pub(super) max_length: Option<i64>,
    pub(super) min_items: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) min_properties: Option<i64>,
    pub(super) max_properties: Option<i64>,
    pub(super) all_of: Vec<Structural>,
    pub(super) any_of: Vec<Structural>,
    pub(super) one_of: Vec<Structural>,
    pub(super) not: Option<Box<Structural>>,
}

/// A smallest or greatest number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) number: f64,
    pub(super) is_exclusive: bool,
}

impl Structural {
    /// Definitions go no deeper than readers of JSON let in.
    pub(super) fn parse(schema: &Value) -> Self {
        let flag = |field: &str| schema[field] == true;
        let int_or_string = flag("x-kubernetes-int-or-string");
        let types = match schema["type"].as_str() {
            _ if int_or_string => ["integer", "string"].map(str::to_owned).to_vec(),
            None | Some("") => Vec::new(),
            Some(one) => vec![one.to_owned()],
        };
        let properties = schema["properties"].as_object().into_iter().flatten();
        Self {
            types,
            int_or_string,
            nullable: flag("nullable"),
            default: schema.get("default").filter(|default| !default.is_null()).cloned(),
            properties: properties.map(|(name, of)| (name.clone(), Self::parse(of))).collect(),
            additional: match &schema["additionalProperties"] {
                Value::Bool(true) => Additional::Any,
                of @ Value::Object(_) => Additional::Of(Box::new(Self::parse(of))),
                _ => Additional::None,
            },
            items: schema.get("items").filter(|of| of.is_object()).map(|of| Box::new(Self::parse(of))),
            preserves: flag("x-kubernetes-preserve-unknown-fields"),
            embedded: flag("x-kubernetes-embedded-resource"),
            list: match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => Some(ListType::Set),
                Some("map") => Some(ListType::Map(texts(&schema["x-kubernetes-list-map-keys"]))),
                Some(_) => Some(ListType::Atomic),
                None => None,
            },
            is_atomic_map: schema["x-kubernetes-map-type"] == "atomic",
            rules: Rules::parse(schema),
        }
    }

    /// The schema of a field of a value of this one.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        self.properties.get(name).or(match &self.additional {
            Additional::Of(of) => Some(of),
            Additional::None | Additional::Any => None,
        })
    }

    pub(super) fn is(&self, kind: &str) -> bool {
        self.types.iter().any(|own| own == kind)
    }
}

impl Rules {
    fn parse(schema: &Value) -> Self {
        let integer = |field: &str| schema[field].as_i64();
        let bound = |field: &str, exclusive: &str| {
            let number = schema[field].as_f64()?;
            Some(Bound { number, is_exclusive: schema[exclusive] == true })
        };
        let several = |field: &str| {
            schema[field].as_array().into_iter().flatten().map(Structural::parse).collect::<Vec<_>>()
        };
        Self {
            required: texts(&schema["required"]),
            values: schema["enum"].as_array().cloned().unwrap_or_default(),
            minimum: bound("minimum", "exclusiveMinimum"),
            maximum: bound("maximum", "exclusiveMaximum"),
            multiple_of: schema["multipleOf"].as_f64(),
            pattern: schema["pattern"]
                .as_str()
                .filter(|pattern| !pattern.is_empty())
                .map(|pattern| (pattern.to_owned(), Regex::new(pattern).ok())),
            min_length: integer("minLength"),
            max_length: integer("maxLength"),
            min_items: integer("minItems"),
            max_items: integer("maxItems"),
            min_properties: integer("minProperties"),
            max_properties: integer("maxProperties"),
            all_of: several("allOf"),
            any_of: several("anyOf"),
            one_of: several("oneOf"),
            not: schema.get("not").filter(|of| of.is_object()).map(|of| Box::new(Structural::parse(of))),
        }
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
