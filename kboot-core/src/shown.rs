//! What others wrote, as it is shown to people: one place decides which characters are hidden, and how they are
//! written instead.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

/// Whether a character hides, or changes how others look: control characters (C0, DEL, C1), what turns the
/// direction of writing, what has no width, blanks other than the space, line and paragraph separators, tags,
/// and code points that are no characters.
///
/// The set is Unicode's `Default_Ignorable_Code_Point`, `White_Space` but for U+0020, the categories Cc and Cf,
/// the noncharacters, and U+2800, a Braille pattern without a dot. It is written out here, so that what a policy
/// refuses does not change with the compiler's tables.
///
/// ```
/// use kboot_core::shown::is_hidden;
/// assert!(['\n', '\u{85}', '\u{2003}', '\u{200b}', '\u{202e}', '\u{e0041}'].into_iter().all(is_hidden));
/// assert!(!" aé漢é".chars().any(is_hidden));
/// ```
#[must_use]
pub fn is_hidden(c: char) -> bool {
    if matches!(c, ' '..='~') {
        return false;
    }
    let is_ignorable = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
        | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    // Those of the category Cf that are not ignorable: most stand around digits or words of old scripts.
    let is_format = matches!(c, '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}');
    let is_nonchar = matches!(u32::from(c), 0xfdd0..=0xfdef) || u32::from(c) & 0xfffe == 0xfffe;
    c.is_control() || c.is_whitespace() || is_ignorable || is_format || is_nonchar || c == '\u{2800}'
}

/// A text on one line, with what hides written out as Rust does: `\u{202e}`, `\n`. Marks over letters, private
/// and unassigned characters are written out too; quotes and backslashes stay.
///
/// ```
/// assert_eq!(kboot_core::shown::escaped("it's \u{202e}a\n"), r"it's \u{202e}a\n");
/// ```
#[must_use]
pub fn escaped(text: &str) -> String {
    text.chars().flat_map(escape).collect()
}

/// The same, where line ends stay.
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// The same as [`escaped`], cut to so many characters of the text.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).flat_map(escape).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// A JSON text in which what hides in its strings is written as `\uXXXX`: the data stays the same.
///
/// ```
/// assert_eq!(kboot_core::shown::json("{\"a\": \"\u{e0041}\"}"), r#"{"a": "\udb40\udc41"}"#);
/// ```
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    written_out(text, |out, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

/// A value as such a JSON text, in the layout for people and with its last line ended.
///
/// # Errors
/// Where the value is none that JSON has.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    Ok(json(&serde_json::to_string_pretty(value)?).into_owned() + "\n")
}

/// The same as [`json`] for JSON that is read as YAML, whose escapes know no pairs: `\U000e0041`.
#[must_use]
pub fn json_as_yaml(text: &str) -> Cow<'_, str> {
    written_out(text, |out, c| {
        let code = u32::from(c);
        let _ = if code > 0xffff { write!(out, "\\U{code:08x}") } else { write!(out, "\\u{code:04x}") };
    })
}

/// A YAML document of the value where nothing hides in it; else the value in JSON's form, which is YAML too and
/// can write everything out.
///
/// # Errors
/// Where the value is none that JSON has.
pub fn yaml<T: Serialize + ?Sized>(document: String, value: &T) -> Result<String, serde_json::Error> {
    if !document.chars().any(|c| is_hidden(c) && c != '\n') {
        return Ok(document);
    }
    // Either may be a kubeconfig with a key.
    drop(zeroize::Zeroizing::new(document));
    let text = zeroize::Zeroizing::new(serde_json::to_string_pretty(value)?);
    Ok(json_as_yaml(&text).into_owned() + "\n")
}

/// What hides can stand within JSON's strings alone, but for the blanks between.
fn written_out(text: &str, write: impl Fn(&mut String, char)) -> Cow<'_, str> {
    let hides = |c: char| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t');
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| if hides(c) { write(&mut out, c) } else { out.push(c) });
    Cow::Owned(out)
}

fn escape(c: char) -> impl Iterator<Item = char> {
    let plain = matches!(c, '"' | '\'' | '\\').then_some(c);
    let rest = plain.is_none().then(|| escape_quotes_too(c));
    plain.into_iter().chain(rest.into_iter().flatten())
}

/// The same for a text that stands between quotes.
pub(crate) fn escape_quotes_too(c: char) -> impl Iterator<Item = char> {
    let debug = c.escape_debug();
    let is_missed = debug.len() == 1 && is_hidden(c);
    let (debug, unicode) = if is_missed { (None, Some(c.escape_unicode())) } else { (Some(debug), None) };
    debug.into_iter().flatten().chain(unicode.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_known() {
        let hidden = [
            '\0',
            '\t',
            '\n',
            '\u{1b}',
            '\u{7f}',
            '\u{80}',
            '\u{85}',
            '\u{9b}',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1680}',
            '\u{17b4}',
            '\u{180e}',
            '\u{2003}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{202f}',
            '\u{205f}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{fdd0}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{ffff}',
            '\u{1bca0}',
            '\u{1d173}',
            '\u{1d17a}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{10ffff}',
        ];
        for c in hidden {
            assert!(is_hidden(c), "{c:?}");
        }
        for c in (' '..='~').chain("éß漢字абвךक़ا…–“”😀\u{fffd}".chars()) {
            assert!(!is_hidden(c), "{c:?}");
        }
    }

    #[test]
    fn every_hidden_character_is_written_out() {
        for c in ('\0'..=char::MAX).filter(|c| is_hidden(*c)) {
            let text = format!("\"a{c}b\"");
            assert!(!escaped(&text).chars().any(is_hidden), "{c:?}");
            assert!(!"ab".chars().chain([c]).flat_map(escape_quotes_too).any(is_hidden), "{c:?}");
            assert!(!cut(&text, 3).chars().any(is_hidden), "{c:?}");
            // The other control characters JSON has no raw form for.
            if !c.is_ascii() {
                assert!(!json(&text).chars().any(is_hidden), "{c:?}");
                let again: String = serde_json::from_str(&json(&text)).unwrap();
                assert_eq!(again, format!("a{c}b"));
                let value = again.as_str();
                let as_yaml = yaml(text.clone(), value).unwrap();
                assert!(!as_yaml.trim_end().chars().any(is_hidden), "{c:?}");
                assert_eq!(crate::yaml::parse(&as_yaml).unwrap(), value, "{as_yaml}");
            }
        }
    }

    #[test]
    fn plain_texts_stay() {
        let text = "it's \"a\" \\ ä漢字 – 😀";
        assert_eq!((escaped(text).as_str(), escaped_lines("a\nb\tc\n").as_str()), (text, "a\nb\\tc\n"));
        assert!(matches!(json("{\n  \"a\": 1\n}"), Cow::Borrowed(_)));
        assert_eq!(yaml("a: b\n".to_owned(), &1).unwrap(), "a: b\n");
        assert_eq!((cut("abc", 3).as_str(), cut("abc", 2).as_str()), ("abc", "ab…"));
    }
}
