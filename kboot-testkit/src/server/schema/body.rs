//! Bodies of requests in JSON and YAML, with the fields that stand twice: strict field validation refuses them.

mod lines;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::server::status::Status;

/// `MaxRequestBodyBytes` of the generic API server.
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// Of more duplicates a client learns nothing.
const MAX_DUPLICATES: usize = 100;

/// The value, in which the last of several fields of one name counts, and a sentence on each that stands twice.
pub(crate) fn json(bytes: &[u8]) -> Result<(Value, Vec<String>), Status> {
    if bytes.len() > MAX_BYTES {
        return Err(Status::too_large());
    }
    let mut duplicates = Vec::new();
    // Deeper than 128 levels is an error here.
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let reader = Reader { place: &Place::Root, duplicates: &mut duplicates };
    let value = reader.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    let value = value.map_err(|error| {
        Status::bad_request(format!(
            "couldn't get version/kind; json parse error: {}",
            as_go_says(&error, bytes)
        ))
    })?;
    let duplicates = duplicates.iter().map(|field| format!("duplicate field {field:?}")).collect();
    Ok((value, duplicates))
}

/// As [`json`]; YAML is read as version 1.1, as `sigs.k8s.io/yaml` does.
pub(crate) fn yaml(bytes: &[u8]) -> Result<(Value, Vec<String>), Status> {
    if bytes.len() > MAX_BYTES {
        return Err(Status::too_large());
    }
    let unreadable = |why: &str| Status::bad_request(format!("yaml: {why}"));
    let text = std::str::from_utf8(bytes).map_err(|_| unreadable("invalid UTF-8"))?;
    let mut duplicates = Vec::new();
    let value = read_yaml(text, &mut duplicates).map_err(|error| match error.location() {
        // The parser's sentence may quote a scalar, which may be a secret.
        Some(place) => unreadable(&format!("line {}: not valid YAML", place.line())),
        None => unreadable("not valid YAML"),
    })?;
    if duplicates.is_empty() {
        return Ok((value, Vec::new()));
    }
    let said = lines::duplicate_keys(text)
        .into_iter()
        .map(|(line, key)| format!("\n  line {line}: key {key:?} already set in map"))
        .collect::<String>();
    Ok((value, vec![format!("yaml: unmarshal errors:{said}")]))
}

/// The refusal of a body in which an object of a kind was to be.
pub(crate) fn unrecognized(kind: &str, mut refusal: Status) -> Status {
    if refusal.code == 400 {
        refusal.message =
            format!("the object provided is unrecognized (must be of type {kind}): {}", refusal.message);
    }
    refusal
}

fn read_yaml(text: &str, duplicates: &mut Vec<String>) -> Result<Value, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 100,
            max_documents: 1,
            max_total_scalar_bytes: MAX_BYTES,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
        strict_booleans: false,
    };
    serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        Reader { place: &Place::Root, duplicates }.deserialize(deserializer)
    })
}

/// In the words of `encoding/json`, without an excerpt of the body: that may hold a secret.
fn as_go_says(error: &serde_json::Error, bytes: &[u8]) -> String {
    use serde_json::error::Category;

    if matches!(error.classify(), Category::Eof) {
        let nothing = if bytes.is_empty() { " (<empty>)" } else { "" };
        return format!("unexpected end of JSON input{nothing}");
    }
    let said = error.to_string();
    if said.starts_with("recursion limit") {
        return "exceeded max depth".to_owned();
    }
    let place =
        if said.starts_with("trailing") { "after top-level value" } else { "looking for beginning of value" };
    let line = bytes.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    match line.get(error.column().saturating_sub(1)).filter(|byte| byte.is_ascii_punctuation()) {
        Some(byte) => format!("invalid character '{}' {place}", char::from(*byte)),
        None => format!("invalid JSON in line {}, column {}", error.line(), error.column()),
    }
}

/// Where in a body the reader is.
enum Place<'p> {
    Root,
    Field(&'p Self, &'p str),
    Item(&'p Self, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Place::Root, name) => formatter.write_str(name),
            Self::Field(parent, name) => write!(formatter, "{parent}.{name}"),
            Self::Item(parent, index) => write!(formatter, "{parent}[{index}]"),
        }
    }
}

struct Reader<'r> {
    place: &'r Place<'r>,
    duplicates: &'r mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number that JSON has"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let place = Place::Item(self.place, list.len());
            match items.next_element_seed(Reader { place: &place, duplicates: self.duplicates })? {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(Key(name)) = fields.next_key()? {
            let place = Place::Field(self.place, &name);
            if object.contains_key(&name) && self.duplicates.len() < MAX_DUPLICATES {
                let field = place.to_string();
                if !self.duplicates.contains(&field) {
                    self.duplicates.push(field);
                }
            }
            let value = fields.next_value_seed(Reader { place: &place, duplicates: self.duplicates })?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

/// A key; YAML's numbers and booleans are keys of JSON as they are written there.
struct Key(String);

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut none = Vec::new();
        match (Reader { place: &Place::Root, duplicates: &mut none }).deserialize(deserializer)? {
            Value::String(name) => Ok(Self(name)),
            Value::Object(_) | Value::Array(_) => Err(D::Error::custom("a key is a string")),
            scalar => Ok(Self(scalar.to_string())),
        }
    }
}

#[cfg(test)]
mod tests;
