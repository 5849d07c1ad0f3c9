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

/// The documents of a text as libyaml reads them; none where it refuses it, or is known to differ: it follows no merge
/// keys, and ends lines at more characters, as YAML 1.1 did.
#[must_use]
pub fn libyaml(text: &str) -> Option<Vec<Value>> {
    if text.contains("<<") || text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return None;
    }
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).ok()).collect()
}
