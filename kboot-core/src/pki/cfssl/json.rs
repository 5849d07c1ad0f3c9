//! JSON as Go reads it, but for what Go lets pass: every key is known and stands once.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::CfsslError;
use crate::document::unknown_name;

/// Larger than any request or configuration of cfssl's.
const MAX_BYTES: usize = 1024 * 1024;

/// A value, objects with their keys as they stand in the text.
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(Option<i64>),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// The fields of an object under the names that cfssl has for them.
pub(super) struct Fields<'a> {
    path: &'a str,
    found: BTreeMap<&'static str, &'a Json>,
}

pub(super) fn parse(text: &[u8]) -> Result<Json, CfsslError> {
    if text.len() > MAX_BYTES {
        return Err(CfsslError::new("", "it is larger than 1 MiB"));
    }
    // What serde says of syntax quotes nothing of the text, which may hold authentication keys.
    serde_json::from_slice(text)
        .map_err(|error| CfsslError::new("", format!("not readable as JSON: {error}")))
}

pub(super) fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Json {
    /// The members of an object; `null` is an empty one, as in Go.
    pub(super) fn members(&self, path: &str) -> Result<&[(String, Self)], CfsslError> {
        match self {
            Self::Object(members) => Ok(members),
            Self::Null => Ok(&[]),
            _ => Err(CfsslError::new(path, "must be an object")),
        }
    }

    /// The known fields of an object, in whatever case, as Go takes them. What cfssl knows and kboot does
    /// not do may be there as long as it says nothing.
    pub(super) fn fields<'a>(
        &'a self,
        path: &'a str,
        known: &[&'static str],
        unsupported: &[(&'static str, &str)],
    ) -> Result<Fields<'a>, CfsslError> {
        let mut found = BTreeMap::new();
        for (key, value) in self.members(path)? {
            let at = || below(path, key);
            if let Some(name) = known.iter().find(|name| name.eq_ignore_ascii_case(key)) {
                if found.insert(*name, value).is_some() {
                    return Err(CfsslError::new(&at(), "stands there twice"));
                }
            } else if let Some((_, why)) = unsupported.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))
            {
                if !value.is_empty() {
                    return Err(CfsslError::new(&at(), format!("is not supported: {why}")));
                }
            } else {
                let problem = unknown_name("field", known.iter().copied(), key);
                return Err(CfsslError::new(&at(), problem));
            }
        }
        Ok(Fields { path, found })
    }

    /// Whether cfssl takes it for not given.
    fn is_empty(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) | Self::Number(Some(0)) => true,
            Self::Text(text) => text.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Object(members) => members.iter().all(|(_, value)| value.is_empty()),
            Self::Bool(true) | Self::Number(_) => false,
        }
    }

    pub(super) fn text(&self, path: &str) -> Result<&str, CfsslError> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Null => Ok(""),
            _ => Err(CfsslError::new(path, "must be a text")),
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) fn path(&self, name: &str) -> String {
        below(self.path, name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Json> {
        self.found.get(name).copied()
    }

    /// A text; none where it is empty, which cfssl takes for not given.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, CfsslError> {
        let text = self.get(name).map(|value| value.text(&self.path(name))).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    pub(super) fn list(&self, name: &str) -> Result<&'a [Json], CfsslError> {
        match self.get(name) {
            Some(Json::List(list)) => Ok(list),
            None | Some(Json::Null) => Ok(&[]),
            Some(_) => Err(CfsslError::new(&self.path(name), "must be a list")),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, CfsslError> {
        match self.get(name) {
            Some(Json::Number(Some(number))) => Ok(Some(*number)),
            None | Some(Json::Null) => Ok(None),
            Some(_) => Err(CfsslError::new(&self.path(name), "must be a whole number")),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, CfsslError> {
        match self.get(name) {
            Some(Json::Bool(flag)) => Ok(*flag),
            None | Some(Json::Null) => Ok(false),
            Some(_) => Err(CfsslError::new(&self.path(name), "must be true or false")),
        }
    }
}

struct JsonVisitor;

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(Some(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(i64::try_from(value).ok()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number(None))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}
