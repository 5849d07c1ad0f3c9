//! The objects of a JSON text one at a time, in bounded memory: lists of the API as kubectl prints them,
//! plain arrays, and objects one after the other.
//!
//! Where an object ends is found by its brackets and strings; whether it is JSON is for its reader to say.
//! So one that is damaged or far too large does not end the pass.

use std::io::{self, Read};

/// Why a stream of objects cannot be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not JSON, so nobody can say where the next object begins.
    #[error("is not JSON at byte {offset}: {problem}")]
    Broken {
        /// Where reading stopped.
        offset: u64,
        /// What stands there, and what would be right.
        problem: &'static str,
    },
    /// It is not YAML either, or too large to be read whole.
    #[error("is neither JSON nor YAML: {problem}")]
    NotYaml {
        /// What is wrong.
        problem: String,
    },
}

/// What stands in the stream.
pub(crate) enum Item<'a> {
    /// The bytes of an object, and the kind of the list that it stands in, where that came first.
    Object { bytes: &'a [u8], list_kind: Option<&'a str> },
    /// One of more bytes than are read.
    TooLarge,
    /// The end of a list of this kind.
    EndOfList { kind: Option<&'a str> },
}

/// Calls `each` for every item of the stream. Objects of more than `limit` bytes are passed over.
pub(crate) fn each_object<E: From<ListError>>(
    reader: impl Read,
    limit: usize,
    mut each: impl FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut input = Input::new(reader);
    let mut object = Bounded::new(limit);
    while let Some(byte) = input.peek_after_blanks()? {
        match byte {
            b'{' => document(&mut input, limit, &mut object, &mut each)?,
            b'[' => {
                elements(&mut input, &mut object, None, &mut each)?;
                each(Item::EndOfList { kind: None })?;
            }
            _ => return Err(input.broken("expected an object in braces").into()),
        }
    }
    Ok(())
}

/// An object, or a list of them: an object with an array `items`.
fn document<R: Read, E: From<ListError>>(
    input: &mut Input<R>,
    limit: usize,
    object: &mut Bounded,
    each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut head = Bounded::new(limit);
    let mut kind: Option<String> = None;
    let mut is_list = false;
    head.push(input.take()?);
    loop {
        match input.peek_after_blanks()? {
            Some(b'}') => break,
            Some(b'"') => {}
            _ => return Err(input.broken("expected a field's name in quotes").into()),
        }
        let mut key = Bounded::new(64);
        value(input, &mut key)?;
        head.extend(&key);
        if input.peek_after_blanks()? != Some(b':') {
            return Err(input.broken("expected a colon after a field's name").into());
        }
        head.push(input.take()?);
        let first = input.peek_after_blanks()?;
        if key.is(b"\"items\"") && first == Some(b'[') {
            if is_list {
                return Err(input.broken("items stands there twice").into());
            }
            is_list = true;
            elements(input, object, kind.as_deref(), each)?;
            head.extend(&Bounded::of(b"[]"));
        } else {
            object.clear();
            value(input, object)?;
            if key.is(b"\"kind\"") {
                kind = object.bytes().and_then(|text| serde_json::from_slice(text).ok());
            }
            head.extend(object);
        }
        match input.peek_after_blanks()? {
            Some(b',') => head.push(input.take()?),
            Some(b'}') => break,
            _ => return Err(input.broken("expected a comma or a closing brace").into()),
        }
    }
    head.push(input.take()?);
    if is_list {
        return each(Item::EndOfList { kind: kind.as_deref() });
    }
    each(head.bytes().map_or(Item::TooLarge, |bytes| Item::Object { bytes, list_kind: None }))
}

fn elements<R: Read, E: From<ListError>>(
    input: &mut Input<R>,
    object: &mut Bounded,
    list_kind: Option<&str>,
    each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    input.take()?;
    if input.peek_after_blanks()? == Some(b']') {
        input.take()?;
        return Ok(());
    }
    loop {
        input.peek_after_blanks()?;
        object.clear();
        value(input, object)?;
        each(object.bytes().map_or(Item::TooLarge, |bytes| Item::Object { bytes, list_kind }))?;
        match input.peek_after_blanks()? {
            Some(b',') => input.take()?,
            Some(b']') => {
                input.take()?;
                return Ok(());
            }
            _ => return Err(input.broken("expected a comma or the end of the list").into()),
        };
    }
}

/// Copies one value: up to its last bracket or quote, or, of a number or word, up to what follows it.
fn value<R: Read>(input: &mut Input<R>, into: &mut Bounded) -> Result<(), ListError> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    loop {
        let Some(byte) = input.peek()? else {
            return Err(input.broken("it ends in the middle: is it cut short?"));
        };
        if depth == 0 && !in_string && matches!(byte, b',' | b':' | b'}' | b']') {
            return Err(input.broken("expected a value"));
        }
        into.push(byte);
        input.advance();
        if in_string {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth > 0 || in_string {
            continue;
        }
        let is_closed = matches!(byte, b'"' | b'}' | b']');
        let ends = matches!(input.peek()?, None | Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'));
        if is_closed || ends {
            return Ok(());
        }
    }
}

/// Bytes up to a limit; past it, none are kept.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    overflowed: bool,
}

impl Bounded {
    fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, overflowed: false }
    }

    fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), limit: bytes.len(), overflowed: false }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.overflowed = false;
    }

    fn push(&mut self, byte: u8) {
        if self.bytes.len() < self.limit {
            self.bytes.push(byte);
        } else {
            self.overflowed = true;
        }
    }

    fn extend(&mut self, other: &Self) {
        if !other.overflowed && self.bytes.len().saturating_add(other.bytes.len()) <= self.limit {
            self.bytes.extend_from_slice(&other.bytes);
        } else {
            self.overflowed = true;
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        (!self.overflowed).then_some(&self.bytes)
    }

    fn is(&self, expected: &[u8]) -> bool {
        self.bytes() == Some(expected)
    }
}

/// A reader with a buffer and a place.
struct Input<R> {
    reader: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    offset: u64,
}

impl<R: Read> Input<R> {
    fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; 64 * 1024].into_boxed_slice(), start: 0, end: 0, offset: 0 }
    }

    fn broken(&self, problem: &'static str) -> ListError {
        ListError::Broken { offset: self.offset, problem }
    }

    fn peek(&mut self) -> Result<Option<u8>, ListError> {
        while self.start >= self.end {
            match self.reader.read(&mut self.buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => (self.start, self.end) = (0, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.buffer.get(self.start).copied())
    }

    fn advance(&mut self) {
        self.start = self.start.saturating_add(1);
        self.offset = self.offset.saturating_add(1);
    }

    /// The byte that was looked at.
    fn take(&mut self) -> Result<u8, ListError> {
        let byte = self.peek()?.ok_or_else(|| self.broken("it ends in the middle: is it cut short?"))?;
        self.advance();
        Ok(byte)
    }

    fn peek_after_blanks(&mut self) -> Result<Option<u8>, ListError> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek()? {
            self.advance();
        }
        self.peek()
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

    fn seen(text: &str) -> (Vec<String>, Option<String>) {
        let mut items = Vec::new();
        let outcome = each_object::<ListError>(text.as_bytes(), 40, |item| {
            items.push(match item {
                Item::Object { bytes, list_kind } => {
                    format!("{} {}", list_kind.unwrap_or("-"), String::from_utf8_lossy(bytes))
                }
                Item::TooLarge => "too large".to_owned(),
                Item::EndOfList { kind } => format!("end of {}", kind.unwrap_or("-")),
            });
            Ok(())
        });
        (items, outcome.err().map(|error| error.to_string()))
    }

    #[test]
    fn objects_are_found_wherever_they_stand() {
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(60));
        for (text, expected) in [
            ("", vec![]),
            (r#"{"a": 1}"#, vec![r#"- {"a":1}"#]),
            (r#"{"a":"]}\"{"} {"b":[{}, 2]}"#, vec![r#"- {"a":"]}\"{"}"#, r#"- {"b":[{}, 2]}"#]),
            ("{}\n{}\n", vec!["- {}", "- {}"]),
            (r#"[{"a":1}, 2 ,"x"]"#, vec![r#"- {"a":1}"#, "- 2", r#"- "x""#, "end of -"]),
            (r#"{"kind":"L","items":[{"a":1}],"x":[]}"#, vec![r#"L {"a":1}"#, "end of L"]),
            (r#"{"items" : [ ] , "kind" : "L"}"#, vec!["end of L"]),
            (r#"{"items":[{"a":1},{"b":2}],"kind":"L"}"#, vec![r#"- {"a":1}"#, r#"- {"b":2}"#, "end of L"]),
            (r#"{"items": 5}"#, vec![r#"- {"items":5}"#]),
            (&format!("[{long},{{}}]"), vec!["too large", "- {}", "end of -"]),
            (&format!("{long}{{}}"), vec!["too large", "- {}"]),
        ] {
            let (items, error) = seen(text);
            assert_eq!((items, error), (expected.into_iter().map(str::to_owned).collect(), None), "{text}");
        }
    }

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

    #[test]
    fn what_is_no_json_ends_the_pass() {
        for text in [
            "x",
            "{",
            "{]",
            "{}x",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1",
            "{\"a\":\"",
            "[1",
            "[,]",
            "[1 2]",
            "{a: 1}",
            "{\"items\":[],\"items\":[]}",
            "{\"items\":[}",
            "{\"a\":1 \"b\":2}",
            "]",
            "{\"items\":[{}",
        ] {
            let (_, error) = seen(text);
            assert!(error.is_some_and(|error| error.starts_with("is not JSON at byte ")), "{text:?}");
        }
    }
}
