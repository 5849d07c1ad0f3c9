//! What others wrote, as it is shown to people: one place decides which characters are hidden, how they are
//! written instead, and where a text is cut.
//!
//! | for | there is |
//! |---|---|
//! | a text of others in a message or a table | [`escaped`], [`escaped_lines`] |
//! | one that may be of any length | [`cut`], between quotes [`quoted`] or [`cut_in_quotes`] |
//! | a rejected value in an error's field, which `Display` writes with `{:?}` | [`excerpt`], [`start`] |
//! | bytes | [`hex`] |
//! | documents | [`json`], [`to_json`], [`json_as_yaml`], [`yaml`] |

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

/// A text with what hides written out as [`escaped`] does, but for its line ends.
///
/// ```
/// assert_eq!(kboot_core::shown::escaped_lines("one\ttwo\nthree\n"), "one\\ttwo\nthree\n");
/// ```
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// The first `most` characters of a text, escaped as [`escaped`] does; `…` says that there are more.
///
/// ```
/// use kboot_core::shown::cut;
/// assert_eq!((cut("a\tb", 3), cut("a\tbc", 3)), (r"a\tb".to_owned(), r"a\tb…".to_owned()));
/// ```
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    with_mark(start(text, most).chars().flat_map(escape).collect(), text, most)
}

/// The first `most` characters of a text that is to stand between quotes: quotes and backslashes are escaped
/// too; `…` says that there are more.
///
/// ```
/// assert_eq!(kboot_core::shown::cut_in_quotes("it's \n long", 6), r"it\'s \n…");
/// ```
#[must_use]
pub fn cut_in_quotes(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    push_cut_in_quotes(&mut shown, text, most);
    shown
}

/// Adds a text as [`cut_in_quotes`] shows it.
pub(crate) fn push_cut_in_quotes(shown: &mut String, text: &str, most: usize) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\');
    // Nearly every name; a decision would spend most of its time on going through them by characters.
    if text.len() <= most && text.bytes().all(is_plain) {
        return shown.push_str(text);
    }
    let first = start(text, most);
    shown.extend(first.chars().flat_map(escape_quotes_too));
    if first.len() < text.len() {
        shown.push('…');
    }
}

/// A text in quotes, cut to `most` characters and escaped; `…` behind the quotes says that there are more.
///
/// ```
/// use kboot_core::shown::quoted;
/// assert_eq!((quoted("a\n", 64), quoted("abc", 2)), (r#""a\n""#.to_owned(), r#""ab"…"#.to_owned()));
/// ```
#[must_use]
pub fn quoted(text: &str, most: usize) -> String {
    let inner: String = start(text, most).chars().flat_map(escape_quotes_too).collect();
    with_mark(format!("\"{inner}\""), text, most)
}

/// How many characters of a rejected value an error keeps: most names in Kubernetes are shorter.
pub const EXCERPT: usize = 64;

/// A rejected value as an error's field keeps it: its first [`EXCERPT`] characters, as they are. Who writes it
/// into a message escapes it, as `{:?}` does.
///
/// ```
/// assert_eq!(kboot_core::shown::excerpt(&"a".repeat(100)).len(), 64);
/// ```
#[must_use]
pub fn excerpt(text: &str) -> String {
    start(text, EXCERPT).to_owned()
}

/// The first `most` characters of a text, as they are.
///
/// ```
/// assert_eq!(kboot_core::shown::start("äöü", 2), "äö");
/// ```
#[must_use]
pub fn start(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Bytes in lower-case hexadecimal.
///
/// ```
/// assert_eq!(kboot_core::shown::hex([0x0f, 0xa0]), "0fa0");
/// ```
#[must_use]
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    let digit = |four: u8| char::from_digit(four.into(), 16).unwrap_or_default();
    bytes.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
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

/// Why a value cannot be shown as JSON or YAML: it has a form that JSON does not, such as a map whose keys are no texts.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be written as JSON")]
pub struct Unwritable(#[source] serde_json::Error);

/// A value as JSON in the layout for people, its last line ended, with what hides written out as [`json`] does.
///
/// ```
/// assert_eq!(kboot_core::shown::to_json(&["a\u{202e}"])?, "[\n  \"a\\u202e\"\n]\n");
/// # Ok::<(), kboot_core::shown::Unwritable>(())
/// ```
///
/// # Errors
/// [`Unwritable`] for a value that JSON has no form for.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, Unwritable> {
    Ok(json(&serde_json::to_string_pretty(value).map_err(Unwritable)?).into_owned() + "\n")
}

/// A JSON text that is to be read as YAML, whose escapes know no pairs: what hides is written as `\U000e0041`.
///
/// ```
/// assert_eq!(kboot_core::shown::json_as_yaml("\"\u{e0041}\""), r#""\U000e0041""#);
/// ```
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
/// ```
/// use kboot_core::shown::yaml;
/// assert_eq!(yaml("a: b\n".to_owned(), &["unused"])?, "a: b\n");
/// assert_eq!(yaml("a: \u{ad}\n".to_owned(), "\u{ad}")?, "\"\\u00ad\"\n");
/// # Ok::<(), kboot_core::shown::Unwritable>(())
/// ```
///
/// # Errors
/// [`Unwritable`] for a value that JSON has no form for.
pub fn yaml<T: Serialize + ?Sized>(document: String, value: &T) -> Result<String, Unwritable> {
    if !document.chars().any(|c| is_hidden(c) && c != '\n') {
        return Ok(document);
    }
    // Either may be a kubeconfig with a key.
    drop(zeroize::Zeroizing::new(document));
    let text = zeroize::Zeroizing::new(serde_json::to_string_pretty(value).map_err(Unwritable)?);
    let text = zeroize::Zeroizing::new(json_as_yaml(&text).into_owned());
    Ok(text.lines().flat_map(|line| [if has_long_key(line) { "? " } else { "" }, line, "\n"]).collect())
}

/// Whether a line of JSON in the layout for people begins with a key that needs YAML's mark of a key: without it readers
/// look 1024 characters ahead for the colon (libyaml and Go's `yaml_parser_stale_simple_keys`, serde-saphyr).
fn has_long_key(line: &str) -> bool {
    const MOST: usize = 1000;
    let Some(text) = line.trim_start().strip_prefix('"').filter(|text| text.len() > MOST) else {
        return false;
    };
    let mut is_escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    end.and_then(|end| text.split_at_checked(end))
        .is_some_and(|(key, rest)| rest.starts_with("\":") && key.chars().count() > MOST)
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

fn with_mark(mut shown: String, text: &str, most: usize) -> String {
    if start(text, most).len() < text.len() {
        shown.push('…');
    }
    shown
}

fn escape(c: char) -> impl Iterator<Item = char> {
    let plain = matches!(c, '"' | '\'' | '\\').then_some(c);
    let rest = plain.is_none().then(|| escape_quotes_too(c));
    plain.into_iter().chain(rest.into_iter().flatten())
}

/// A character of a text that stands between quotes, written out where it hides or would end the text.
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
            for shown in [cut(&text, 3), cut_in_quotes(&text, 3), quoted(&text, 3)] {
                assert!(!shown.chars().any(is_hidden), "{c:?}");
            }
            // The other control characters JSON has no raw form for.
            if !c.is_ascii() {
                assert!(!json(&text).chars().any(is_hidden), "{c:?}");
                let again: String = serde_json::from_str(&json(&text)).unwrap();
                assert_eq!(again, format!("a{c}b"));
                let value = again.as_str();
                let as_yaml = yaml(text.clone(), value).unwrap();
                assert!(!as_yaml.trim_end().chars().any(is_hidden), "{c:?}");
                assert_eq!(crate::document::yaml::parse(&as_yaml).unwrap(), value, "{as_yaml}");
            }
        }
    }

    #[test]
    fn a_long_key_in_which_something_hides_is_read_again() {
        for length in [10, 900, 980, 1000, 1020, 5000] {
            for key in
                ["a".repeat(length), "\"".repeat(length / 2), "\\".repeat(length / 2), "ä\t".repeat(length)]
            {
                let value =
                    serde_json::json!({"a": [{key.clone() + "\u{ad}": key.clone() + ": \u{ad}"}, key]});
                let text = yaml("\u{ad}".to_owned(), &value).unwrap();
                assert_eq!(crate::document::yaml::parse(&text).as_ref(), Ok(&value), "{text}");
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
        assert_eq!((start("", 0), start("ä", 0), start("ä", 1), start("ä", 2)), ("", "", "ä", "ä"));
        assert_eq!(
            (hex([]), hex(0x0123_89ab_cdef_u64.to_be_bytes())),
            (String::new(), "00000123 89abcdef".replace(' ', ""))
        );
    }
}
