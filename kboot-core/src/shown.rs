//! What others wrote, as it is shown to people: one place decides which characters are hidden.

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
}
