//! What holds for every value and every error of kboot-core.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use serde::Deserialize;
use serde_json::Value;

/// What a parser says of a text that it refuses: one line that shows nothing unprintable, however long the text is.
pub fn is_one_line(error: &dyn Display) {
    let said = error.to_string();
    assert!(!said.is_empty() && !said.contains(char::is_control), "{said:?}");
    assert!(said.len() < 2048, "{said}");
}

/// A value is what it prints as; a text that is none is refused in one line.
pub fn reads_what_it_prints<T>(text: &str) -> Option<T>
where
    T: FromStr<Err: Display + Debug> + Display + Debug + PartialEq,
{
    match text.parse::<T>() {
        Ok(value) => {
            let printed = value.to_string();
            let again =
                printed.parse::<T>().unwrap_or_else(|error| panic!("{text:?}, as {printed:?}: {error}"));
            assert_eq!(again, value, "{text:?}, as {printed:?}");
            Some(value)
        }
        Err(error) => {
            is_one_line(&error);
            None
        }
    }
}

/// A text of the same shape with nothing of it left: each letter and digit of a token is the next one of its kind.
/// What is said of both is the same where nothing of them is shown. (A search for the text in what is said is no such
/// law: the fuzzer finds texts that stand in the message anyway.)
#[must_use]
pub fn rotated(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'z' => 'a',
            '9' => '0',
            'a'..='y' | '0'..='8' => char::from_u32(u32::from(c) + 1).unwrap_or(c),
            _ => c,
        })
        .collect()
}

/// The documents of a text as libyaml reads them; none where it refuses it, or is known to differ.
#[must_use]
pub fn libyaml(text: &str) -> Option<Vec<Value>> {
    if libyaml_differs(text) {
        return None;
    }
    // A block scalar that ends the text without a line break has one nevertheless (YAML's test suite, L24T), for kboot's
    // reader and not for libyaml.
    let ended = format!("{text}\n");
    serde_yaml::Deserializer::from_str(&ended).map(|document| Value::deserialize(document).ok()).collect()
}

/// What libyaml follows of YAML 1.1, and kboot's reader of 1.2: it knows no merge keys, ends lines at more characters,
/// takes letters, digits, `-` and `_` alone for an anchor's name (1.2: all but blanks and brackets), and a `?` without
/// a blank for a key in a flow collection. And kboot's takes null in any case.
fn libyaml_differs(text: &str) -> bool {
    let is_blank = |c: char| c.is_ascii_whitespace();
    let begins = |before: &str| before.is_empty() || before.ends_with(|c| is_blank(c) || "[{,:".contains(c));
    let ends = |after: &str| after.is_empty() || after.starts_with(is_blank);
    let has_odd_mark = text.match_indices(['&', '*', '?']).any(|(at, mark)| {
        let is_name = |c: char| mark != "?" && (c.is_ascii_alphanumeric() || "-_".contains(c));
        begins(&text[..at]) && !ends(text[at + 1..].trim_start_matches(is_name))
    });
    let count = |word| text.matches(word).count();
    let any_case = text.to_ascii_lowercase().matches("null").count();
    text.contains("<<")
        || text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        || has_odd_mark
        || any_case != count("null") + count("Null") + count("NULL")
}
