//! The objects of a JSON text one at a time, in memory for one: lists of the API as kubectl prints them,
//! plain arrays, and objects one after the other.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::{check_keys, is_part};

/// Why a stream of objects cannot be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// It cannot be read.
    #[error("cannot be read")]
    Io(#[from] io::Error),
    /// It is not JSON, so nobody can say where the next object begins.
    #[error("is not JSON: {problem}")]
    Broken {
        /// What is wrong, and where.
        problem: String,
    },
    /// It is not YAML either, or too large to be read whole.
    #[error("is neither JSON nor YAML: {problem}")]
    NotYaml {
        /// What is wrong.
        problem: String,
    },
}

impl ListError {
    /// The message with that of the operating system, for an error that holds both as one text.
    pub(crate) fn in_full(&self) -> String {
        match self {
            Self::Io(error) => format!("{self}: {error}"),
            Self::Broken { .. } | Self::NotYaml { .. } => self.to_string(),
        }
    }
}

/// What stands in the stream.
pub(crate) enum Item<'a> {
    /// The text of an object, and the kind of the list that it stands in; none where that comes last and an
    /// object says its own.
    Object { text: &'a str, list_kind: Option<&'a str> },
    /// The end of a list of this kind.
    EndOfList {
        /// Its kind.
        kind: Option<&'a str>,
        /// Whether it says that there is more.
        is_partial: bool,
    },
}

/// Calls `each` for every item of the stream. An object of more than `limit` bytes ends the pass.
pub(crate) fn each_object<E: From<ListError>>(
    reader: impl Read,
    limit: usize,
    mut each: impl FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let left = Cell::new(limit);
    let mut reader = BufReader::new(reader);
    while !is_at_end(&mut reader).map_err(ListError::from)? {
        left.set(limit);
        let mut failure = None;
        let mut pass = Pass { each: &mut each, failure: &mut failure, left: &left, limit };
        let mut json = serde_json::Deserializer::from_reader(Limited { reader: &mut reader, left: &left });
        let outcome = DocumentSeed(&mut pass).deserialize(&mut json);
        match (failure, outcome) {
            (Some(failure), _) => return Err(failure),
            (None, Ok(())) => {}
            (None, Err(error)) if error.is_io() => return Err(ListError::Io(error.into()).into()),
            (None, Err(error)) => return Err(ListError::Broken { problem: error.to_string() }.into()),
        }
    }
    Ok(())
}

/// Passes over blanks.
fn is_at_end(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(true);
        }
        let blanks = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let is_over = blanks < buffer.len();
        reader.consume(blanks);
        if is_over {
            return Ok(false);
        }
    }
}

/// A reader that fails once more was read than is left.
struct Limited<'a, R> {
    reader: &'a mut R,
    left: &'a Cell<usize>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left.get());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other(
                "an object in it, or a list that says only at its end what its objects are, is too large",
            ));
        }
        let (allowed, _) = buffer.split_at_mut(most);
        let count = self.reader.read(allowed)?;
        self.left.set(self.left.get().saturating_sub(count));
        Ok(count)
    }
}

struct Pass<'a, F, E> {
    each: &'a mut F,
    failure: &'a mut Option<E>,
    left: &'a Cell<usize>,
    limit: usize,
}

impl<E, F: FnMut(Item<'_>) -> Result<(), E>> Pass<'_, F, E> {
    fn call<D: serde::de::Error>(&mut self, item: Item<'_>) -> Result<(), D> {
        self.left.set(self.limit);
        (self.each)(item).map_err(|failure| {
            *self.failure = Some(failure);
            D::custom("the pass was ended")
        })
    }
}

/// An object, a list in an object with an array `items`, or an array.
struct DocumentSeed<'a, 'p, F, E>(&'a mut Pass<'p, F, E>);

impl<'de, E, F: FnMut(Item<'_>) -> Result<(), E>> DeserializeSeed<'de> for DocumentSeed<'_, '_, F, E> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E, F: FnMut(Item<'_>) -> Result<(), E>> Visitor<'de> for DocumentSeed<'_, '_, F, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        each_element(elements, None, self.0)?;
        self.0.call(Item::EndOfList { kind: None, is_partial: false })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut kind: Option<String> = None;
        let (mut is_list, mut is_partial) = (false, false);
        let mut later = Vec::new();
        // What is not a list is put together again as it stood.
        let mut text = String::from("{");
        while let Some(name) = fields.next_key::<String>()? {
            if name == "items" {
                if is_list {
                    return Err(A::Error::custom("items stands there twice"));
                }
                is_list = true;
                fields.next_value_seed(Elements {
                    kind: kind.as_deref(),
                    later: &mut later,
                    pass: self.0,
                })?;
                continue;
            }
            let value: Box<RawValue> = fields.next_value()?;
            if name == "kind" {
                kind = serde_json::from_str(value.get()).ok();
            }
            if text.len() > 1 {
                text.push(',');
            }
            text += &serde_json::to_string(&name).map_err(A::Error::custom)?;
            text.push(':');
            text += value.get();
        }
        text.push('}');
        if is_list {
            // Whoever takes an object looks at it; of a list nobody sees the rest.
            check_keys(&text).map_err(A::Error::custom)?;
            let rest: Value = serde_json::from_str(&text).map_err(A::Error::custom)?;
            is_partial = is_part(&rest);
        }
        for element in later {
            self.0.call(Item::Object { text: element.get(), list_kind: kind.as_deref() })?;
        }
        self.0.call(if is_list {
            Item::EndOfList { kind: kind.as_deref(), is_partial }
        } else {
            Item::Object { text: &text, list_kind: None }
        })
    }
}

/// The elements of a list. Where its kind is not known yet they wait for it, all together no larger than one object may
/// be, until one of them says its own.
struct Elements<'a, 'p, F, E> {
    kind: Option<&'a str>,
    later: &'a mut Vec<Box<RawValue>>,
    pass: &'a mut Pass<'p, F, E>,
}

impl<'de, E, F: FnMut(Item<'_>) -> Result<(), E>> DeserializeSeed<'de> for Elements<'_, '_, F, E> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E, F: FnMut(Item<'_>) -> Result<(), E>> Visitor<'de> for Elements<'_, '_, F, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    /// Go writes an empty list as null.
    fn visit_unit<D: serde::de::Error>(self) -> Result<(), D> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while self.kind.is_none() {
            let Some(element) = elements.next_element::<Box<RawValue>>()? else { return Ok(()) };
            let is_last_to_wait = says_its_kind(element.get());
            self.later.push(element);
            if is_last_to_wait {
                // Each is for itself then.
                for element in self.later.drain(..) {
                    self.pass.call(Item::Object { text: element.get(), list_kind: None })?;
                }
                break;
            }
        }
        each_element(elements, self.kind, self.pass)
    }
}

fn says_its_kind(element: &str) -> bool {
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "kind")]
        _kind: IgnoredAny,
    }
    serde_json::from_str::<Header>(element).is_ok()
}

fn each_element<'de, A: SeqAccess<'de>, E, F: FnMut(Item<'_>) -> Result<(), E>>(
    mut elements: A,
    list_kind: Option<&str>,
    pass: &mut Pass<'_, F, E>,
) -> Result<(), A::Error> {
    while let Some(element) = elements.next_element::<Box<RawValue>>()? {
        pass.call(Item::Object { text: element.get(), list_kind })?;
    }
    while elements.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// The whole of a YAML text, as kubectl writes lists and objects; and the text.
pub(crate) fn read_yaml(reader: impl Read) -> Result<(Value, String), ListError> {
    let refuse = |problem| ListError::NotYaml { problem };
    let limit = u64::try_from(super::yaml::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8 text".to_owned()))?;
    let value = super::yaml::parse_as_go(&text).map_err(refuse)?;
    Ok((value, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> (Vec<String>, Option<String>) {
        let mut items = Vec::new();
        let outcome = each_object::<ListError>(text.as_bytes(), 40, |item| {
            items.push(match item {
                Item::Object { text, list_kind } => format!("{} {text}", list_kind.unwrap_or("-")),
                Item::EndOfList { kind, .. } => format!("end of {}", kind.unwrap_or("-")),
            });
            Ok(())
        });
        (items, outcome.err().map(|error| error.in_full()))
    }

    #[test]
    fn objects_are_found_wherever_they_stand() {
        for (text, expected) in [
            ("", vec![]),
            (r#"{"a": 1}"#, vec![r#"- {"a":1}"#]),
            (r#"{"a":"]}\"{"} {"b":[{}, 2]}"#, vec![r#"- {"a":"]}\"{"}"#, r#"- {"b":[{}, 2]}"#]),
            ("{}\n{}\n", vec!["- {}", "- {}"]),
            (r#"[{"a":1}, 2 ,"x"]"#, vec![r#"- {"a":1}"#, "- 2", r#"- "x""#, "end of -"]),
            (r#"{"kind":"L","items":[{"a":1}],"x":[]}"#, vec![r#"L {"a":1}"#, "end of L"]),
            (r#"{"items" : [ ] , "kind" : "L"}"#, vec!["end of L"]),
            (r#"{"items" : null, "kind" : "L"}"#, vec!["end of L"]),
            (r#"{"items":[{"a":1},{"b":2}],"kind":"L"}"#, vec![r#"L {"a":1}"#, r#"L {"b":2}"#, "end of L"]),
            (r#"{"items":[{"a":1}]}"#, vec![r#"- {"a":1}"#, "end of -"]),
            (
                r#"{"items":[{"kind":"K","a":"0123456789"},{"b":"0123456789"}],"kind":"L"}"#,
                vec![r#"- {"kind":"K","a":"0123456789"}"#, r#"- {"b":"0123456789"}"#, "end of L"],
            ),
            // The limit is of each object, not of all of them.
            (
                r#"[{"a":"0123456789"},{"a":"0123456789"},{"a":"0123456789"}]"#,
                vec![
                    r#"- {"a":"0123456789"}"#,
                    r#"- {"a":"0123456789"}"#,
                    r#"- {"a":"0123456789"}"#,
                    "end of -",
                ],
            ),
        ] {
            let (items, error) = seen(text);
            assert_eq!((items, error), (expected.into_iter().map(str::to_owned).collect(), None), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_or_too_large_ends_the_pass() {
        for text in [
            "x",
            "{",
            "{]",
            "{}x",
            "5",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1",
            "{\"a\":\"",
            "[1",
            "[,]",
            "[1 2]",
            "{a: 1}",
            "{\"items\":[],\"items\":[]}",
            "{\"items\":5}",
            "{\"items\":[}",
            "{\"a\":1 \"b\":2}",
            "]",
            "{\"items\":[{}",
        ] {
            let (_, error) = seen(text);
            assert!(error.is_some_and(|error| error.starts_with("is not JSON: ")), "{text:?}");
        }
        let long = format!(r#"[{{}},{{"a":"{}"}}]"#, "x".repeat(60));
        let (items, error) = seen(&long);
        assert_eq!(items, ["- {}"]);
        let too_large = "cannot be read: an object in it, or a list that says only at its end what its objects are, \
                         is too large";
        assert_eq!(error.as_deref(), Some(too_large));
        let (items, error) = seen(r#"{"items":[{"a":"0123456789"},{"a":"0123456789"}],"kind":"L"}"#);
        assert_eq!((items.len(), error.as_deref()), (0, Some(too_large)));
    }
}
