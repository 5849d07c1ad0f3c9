//! Objects as Go would have read and written them: wrong types are refused, unknown fields dropped and told, empty
//! values left out or filled in.

use serde_json::{Map, Value};

use super::{Empty, Field, Schema, Struct, Type, quantity, time};
use crate::server::status::Status;

/// Of more unknown fields a client learns nothing.
const MAX_UNKNOWN: usize = 100;

impl Schema {
    /// The object as it is stored, and a sentence on each unknown field (`unknown field "spec.foo"`).
    ///
    /// # Errors
    ///
    /// 400 where a value has another type than its field.
    pub(crate) fn decode(&self, of: &Type, value: Value) -> Result<(Value, Vec<String>), Status> {
        self.read(of, value, true)
    }

    /// As [`Schema::decode`], but nothing is left out or filled in: for what a client applies, whose fields it owns
    /// just as they are.
    ///
    /// # Errors
    ///
    /// 400 where a value has another type than its field.
    pub(crate) fn prune(&self, of: &Type, value: Value) -> Result<(Value, Vec<String>), Status> {
        self.read(of, value, false)
    }

    fn read(&self, of: &Type, value: Value, normal: bool) -> Result<(Value, Vec<String>), Status> {
        let named =
            [&value["kind"], &value["apiVersion"]].map(|field| field.as_str().unwrap_or_default().to_owned());
        let mut decoder = Decoder {
            schema: self,
            normal,
            place: Vec::new(),
            outside: 0,
            holder: "",
            narrow: false,
            unknown: Vec::new(),
        };
        let read = match (of, value) {
            (Type::Any, Value::Object(object)) => decoder.custom(object),
            (of, value) => decoder.value(of, value),
        };
        match read {
            Ok(value) => Ok((value.unwrap_or_default(), decoder.unknown)),
            Err(why) => Err(cannot_be_handled(&named, &why)),
        }
    }

    /// What strict validation tells of a body: of an unknown field not also what stands twice in it.
    pub(crate) fn findings(duplicates: Vec<String>, unknown: Vec<String>) -> Vec<String> {
        let path =
            |said: &str, of: &str| said.strip_prefix(of).map(|quoted| quoted.trim_matches('"').to_owned());
        let unknown_paths: Vec<_> = unknown.iter().filter_map(|said| path(said, "unknown field ")).collect();
        let is_within = |duplicate: &str, unknown: &str| {
            duplicate
                .strip_prefix(unknown)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let mut findings = duplicates;
        findings.retain(|said| match path(said, "duplicate field ") {
            Some(duplicate) => !unknown_paths.iter().any(|unknown| is_within(&duplicate, unknown)),
            None => true,
        });
        findings.extend(unknown);
        findings
    }

    /// The refusal of an object with unknown or duplicate fields under `fieldValidation=Strict`.
    pub(crate) fn strict_error(kind: &str, api_version: &str, said: &[String]) -> Status {
        cannot_be_handled(
            &[kind, api_version].map(str::to_owned),
            &format!("strict decoding error: {}", said.join(", ")),
        )
    }

    /// Before 1.25 the server dropped unknown fields of built-in kinds without a word (`ServerSideFieldValidation`).
    pub(crate) fn validates_fields(&self) -> bool {
        self.minor >= 25
    }
}

/// `transformDecodeError` of the generic API server.
fn cannot_be_handled([kind, api_version]: &[String; 2], why: &str) -> Status {
    let version = api_version.rsplit('/').next().unwrap_or_default();
    Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}"))
}

enum Step<'s> {
    Field(&'s str),
    Item(usize),
}

struct Decoder<'s> {
    schema: &'s Schema,
    normal: bool,
    place: Vec<Step<'s>>,
    /// How many steps of the place type errors do not know of.
    outside: usize,
    /// The structure whose fields are being read.
    holder: &'s str,
    /// Its integers have 32 bits.
    narrow: bool,
    unknown: Vec<String>,
}

impl<'s> Decoder<'s> {
    /// `None` for what is not there.
    fn value(&mut self, of: &'s Type, value: Value) -> Result<Option<Value>, String> {
        if value.is_null() {
            return Ok(None);
        }
        let read = match (of, value) {
            (Type::Any, any) => any,
            (Type::Struct(name), value) => match (self.schema.structure(name), value) {
                (Some(structure), Value::Object(given)) => self.structure(name, structure, given)?.into(),
                (Some(_), other) => return Err(self.mismatch(of, &other)),
                (None, value) => value,
            },
            (Type::List { item, .. }, Value::Array(items)) => self.list(item, items)?,
            (Type::Map { value: inner, .. }, Value::Object(entries)) => self.map(inner, entries)?,
            (of, value) => self.scalar(of, value)?,
        };
        Ok(Some(read))
    }

    /// Of a custom resource the metadata alone is known; they are read on their own (`schemaCoercingDecoder`).
    fn custom(&mut self, mut object: Map<String, Value>) -> Result<Option<Value>, String> {
        if let Some(metadata) = object.remove("metadata") {
            let schema = self.schema;
            let (name, _) = schema.structs.get_key_value("meta.v1.ObjectMeta").ok_or("no metadata")?;
            let structure = schema.structure(name).ok_or("no metadata")?;
            self.place.push(Step::Field("metadata"));
            self.outside = 1;
            match metadata {
                Value::Null => {}
                Value::Object(given) => {
                    object.insert("metadata".to_owned(), self.structure(name, structure, given)?.into());
                }
                other => return Err(self.mismatch(&Type::Struct((*name).to_owned()), &other)),
            }
        }
        Ok(Some(object.into()))
    }

    fn structure(
        &mut self,
        name: &'s str,
        structure: &'s Struct,
        given: Map<String, Value>,
    ) -> Result<Map<String, Value>, String> {
        let outer = std::mem::replace(&mut self.holder, name);
        let mut object = Map::new();
        for (key, value) in given {
            let Some((field_name, field)) = structure.fields.get_key_value(&key) else {
                self.is_unknown(&key);
                continue;
            };
            self.place.push(Step::Field(field_name));
            self.narrow = field.narrow;
            let read = self.value(&field.of, value)?;
            self.place.pop();
            if let Some(value) = read.filter(|value| !self.normal || is_shown(field, value)) {
                object.insert(key, value);
            }
        }
        if self.normal {
            for (key, field) in structure.fields.iter().filter(|(_, field)| field.empty == Empty::Written) {
                if !object.contains_key(key) {
                    object.insert(key.clone(), self.zero(&field.of)?);
                }
            }
        }
        self.holder = outer;
        Ok(object)
    }

    fn list(&mut self, item: &'s Type, items: Vec<Value>) -> Result<Value, String> {
        let mut list = Vec::with_capacity(items.len());
        for (index, value) in items.into_iter().enumerate() {
            self.place.push(Step::Item(index));
            let read = match self.value(item, value)? {
                Some(value) => value,
                None => self.zero(item)?,
            };
            self.place.pop();
            list.push(read);
        }
        Ok(list.into())
    }

    fn map(&mut self, inner: &'s Type, entries: Map<String, Value>) -> Result<Value, String> {
        let mut map = Map::new();
        for (key, value) in entries {
            let read = match self.value(inner, value)? {
                Some(value) => value,
                None => self.zero(inner)?,
            };
            map.insert(key, read);
        }
        Ok(map.into())
    }

    fn scalar(&self, of: &Type, value: Value) -> Result<Value, String> {
        let read = match (of, &value) {
            (Type::String, Value::String(_))
            | (Type::Boolean, Value::Bool(_))
            | (Type::Number, Value::Number(_)) => value,
            (Type::Integer, Value::Number(number))
                if number.as_i64().is_some_and(|number| self.holds(number)) =>
            {
                value
            }
            (Type::IntOrString, Value::Number(number)) if number.as_i64().is_some_and(is_narrow) => value,
            (Type::IntOrString, Value::String(_)) => value,
            (Type::Bytes, Value::String(text)) => canonical_base64(text)?.into(),
            (Type::Time, Value::String(text)) => time::canonical(text)?.into(),
            (Type::MicroTime, Value::String(text)) => time::canonical_micro(text)?.into(),
            (Type::Quantity, Value::String(text)) => canonical_quantity(text)?.into(),
            (Type::Quantity, Value::Number(number)) => canonical_quantity(&number.to_string())?.into(),
            (Type::Quantity, other) => canonical_quantity(&other.to_string())?.into(),
            _ => return Err(self.mismatch(of, &value)),
        };
        Ok(read)
    }

    fn holds(&self, number: i64) -> bool {
        !self.narrow || is_narrow(number)
    }

    /// What Go's zero value of a type is written as.
    fn zero(&mut self, of: &'s Type) -> Result<Value, String> {
        Ok(match of {
            Type::String | Type::Bytes => "".into(),
            Type::Integer | Type::IntOrString => 0.into(),
            Type::Number => 0.0.into(),
            Type::Boolean => false.into(),
            Type::Quantity => "0".into(),
            Type::Struct(name) => match self.schema.structure(name) {
                Some(structure) => self.structure(name, structure, Map::new())?.into(),
                None => Value::Null,
            },
            Type::Any | Type::Time | Type::MicroTime | Type::Map { .. } | Type::List { .. } => Value::Null,
        })
    }

    fn is_unknown(&mut self, key: &str) {
        if self.unknown.len() >= MAX_UNKNOWN {
            return;
        }
        let mut path = String::new();
        for step in self.place.iter().chain([&Step::Field(key)]) {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.extend([".", name]),
                Step::Item(index) => path.push_str(&format!("[{index}]")),
            }
        }
        self.unknown.push(format!("unknown field {path:?}"));
    }

    /// `json.UnmarshalTypeError`: the path has no indices, the structure is the innermost.
    fn mismatch(&self, of: &Type, value: &Value) -> String {
        let found = match value {
            Value::Object(_) => "object".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if matches!(of, Type::Integer | Type::IntOrString) => {
                format!("number {number}")
            }
            Value::Number(_) => "number".to_owned(),
            Value::Null => "null".to_owned(),
        };
        let fields = self.place.iter().skip(self.outside).filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Item(_) => None,
        });
        let path: Vec<_> = fields.collect();
        if path.is_empty() {
            return format!("json: cannot unmarshal {found} into Go value of type {}", self.go_type(of));
        }
        let holder = self.holder.rsplit('.').next().unwrap_or_default();
        let path = path.join(".");
        format!(
            "json: cannot unmarshal {found} into Go struct field {holder}.{path} of type {}",
            self.go_type(of)
        )
    }

    /// `v1.NodeSpec`, `[]v1.Taint`, `map[string]string`.
    fn go_type(&self, of: &Type) -> String {
        match of {
            Type::Any => "runtime.RawExtension".to_owned(),
            Type::String | Type::Time | Type::MicroTime => "string".to_owned(),
            Type::Integer if self.narrow => "int32".to_owned(),
            Type::Integer => "int64".to_owned(),
            Type::Number => "float64".to_owned(),
            Type::Boolean => "bool".to_owned(),
            Type::Bytes => "[]uint8".to_owned(),
            Type::Quantity => "resource.Quantity".to_owned(),
            Type::IntOrString => "int32".to_owned(),
            Type::Map { value, .. } => format!("map[string]{}", self.go_type(value)),
            Type::List { item, .. } => format!("[]{}", self.go_type(item)),
            Type::Struct(name) => name.split_once('.').map_or(name.as_str(), |(_, name)| name).to_owned(),
        }
    }
}

fn is_shown(field: &Field, value: &Value) -> bool {
    if field.empty != Empty::LeftOut {
        return true;
    }
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) if field.of == Type::Any => true,
        Value::Object(entries) => !entries.is_empty(),
    }
}

fn is_narrow(number: i64) -> bool {
    i32::try_from(number).is_ok()
}

/// Go's reader skips line ends. The error says where, never what: it may be a secret.
fn canonical_base64(text: &str) -> Result<String, String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let joined = text.replace(['\r', '\n'], "");
    match STANDARD.decode(&joined) {
        Ok(_) => Ok(joined),
        Err(
            base64::DecodeError::InvalidByte(place, _) | base64::DecodeError::InvalidLastSymbol(place, _),
        ) => Err(format!("illegal base64 data at input byte {place}")),
        Err(_) => Err(format!("illegal base64 data at input byte {}", joined.len() / 4 * 4)),
    }
}

fn canonical_quantity(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok("0".to_owned());
    }
    quantity::canonical(text).ok_or_else(|| {
        let form = "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        format!("quantities must match the regular expression {form}")
    })
}

#[cfg(test)]
mod tests;
