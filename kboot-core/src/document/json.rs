//! JSON texts: no key twice, and whether a text is one at all.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::shown;

/// The value of a JSON text in which no object has a key twice: readers differ on which of the two counts.
pub(crate) fn strict_value(text: &str) -> Result<Value, serde_json::Error> {
    check_keys(text)?;
    serde_json::from_str(text)
}

/// Whether a list is a page of a longer one (`ListMeta` in apimachinery's meta/v1).
pub(crate) fn is_part(list: &Value) -> bool {
    let more = list.pointer("/metadata/continue").and_then(Value::as_str);
    let left = list.pointer("/metadata/remainingItemCount").and_then(Value::as_u64);
    more.is_some_and(|more| !more.is_empty()) || left.is_some_and(|left| left > 0)
}

/// Refuses a JSON text in which an object has a key twice, at any depth.
pub(crate) fn check_keys(text: &str) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    DistinctKeys.deserialize(&mut json)?;
    json.end()
}

struct DistinctKeys;

impl<'de> DeserializeSeed<'de> for DistinctKeys {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DistinctKeys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format!(
                    "the key \"{}\" stands there twice",
                    shown::cut(&key, 64)
                )));
            }
            seen.insert(key);
            fields.next_value_seed(Self)?;
        }
        Ok(())
    }
}

/// Whether a text is JSON as far as its beginning tells (YAML may begin with a brace too, and then with a
/// name without quotes); and all of it.
pub(crate) fn is_json<'a>(mut reader: impl Read + 'a) -> io::Result<(bool, impl Read + 'a)> {
    let mut start = Vec::new();
    let mut byte = [0];
    let mut in_braces = false;
    let is_json = loop {
        match reader.read(&mut byte) {
            Ok(0) => break in_braces,
            Ok(_) => {
                start.extend(byte);
                match byte {
                    // A file of nothing but blanks is no JSON; what is read of it here stays small.
                    [b' ' | b'\t' | b'\r' | b'\n'] if start.len() < 1024 => {}
                    [b'{'] if !in_braces => in_braces = true,
                    [b'"' | b'}'] if in_braces => break true,
                    [first] => break first == b'[' && !in_braces,
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    Ok((is_json, io::Cursor::new(start).chain(reader)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_yaml() {
        for (text, expected) in [
            ("{\"a\"", true),
            (" \n{ \"", true),
            ("{}", true),
            ("{", true),
            ("[1]", true),
            ("{a: b}", false),
            ("{[", false),
            ("a: {}", false),
            ("", false),
            (" ", false),
        ] {
            let (is, mut rest) = is_json(text.as_bytes()).unwrap();
            let mut all = String::new();
            rest.read_to_string(&mut all).unwrap();
            assert_eq!((is, all.as_str()), (expected, text), "{text:?}");
        }
    }
}
