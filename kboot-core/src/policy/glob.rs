//! Patterns of names: `*` stands for any characters, `?` for one.

use std::fmt;

/// A pattern. Everything but `*` and `?` stands for itself, case included.
///
/// ```
/// use kboot_core::policy::Glob;
/// assert!(Glob::new("worker-*").matches("worker-17"));
/// assert!(!Glob::new("worker-?").matches("worker-17"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Takes any text.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// Whether the whole of `text` fits.
    ///
    /// Linear in practice: on a mismatch, only the last `*` takes one character more.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (mut pattern, mut text) = (self.0.as_str(), text);
        let mut retry: Option<(&str, &str)> = None;
        loop {
            let mut rest = pattern.chars();
            match (rest.next(), text.chars().next()) {
                (Some('*'), _) => {
                    pattern = rest.as_str();
                    retry = Some((pattern, text));
                }
                (None, None) => return true,
                (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                    pattern = rest.as_str();
                    text = after_first(text);
                }
                _ => match retry {
                    Some((after_star, from)) if !from.is_empty() => {
                        retry = Some((after_star, after_first(from)));
                        (pattern, text) = (after_star, after_first(from));
                    }
                    _ => return false,
                },
            }
        }
    }

    /// Whether some text that starts with `prefix` fits.
    #[must_use]
    pub fn matches_some_with_prefix(&self, prefix: &str) -> bool {
        let mut pattern = self.0.chars();
        for expected in prefix.chars() {
            match pattern.next() {
                // The star takes the rest of the prefix and whatever else is needed.
                Some('*') => return true,
                Some(c) if c == '?' || c == expected => {}
                _ => return false,
            }
        }
        true
    }

    /// A text that starts with `prefix` and fits.
    pub(super) fn example_with_prefix(&self, prefix: &str) -> Option<String> {
        let (mut pattern, mut text) = (self.0.chars(), prefix.to_owned());
        for expected in prefix.chars() {
            match pattern.next() {
                Some('*') => {
                    text.push('x');
                    break;
                }
                Some(c) if c == '?' || c == expected => {}
                _ => return None,
            }
        }
        text.extend(pattern.map(|c| if matches!(c, '*' | '?') { 'x' } else { c }));
        Some(text)
    }

    /// Whether some lower-case DNS name (DNS-1123 subdomain) fits.
    pub(super) fn matches_some_dns_name(&self) -> bool {
        // Where in a name one may be after so much of the pattern: at the start of a label, after a letter or
        // digit, after a hyphen.
        let [mut start, mut plain, mut hyphen] = [true, false, false];
        let mut length = 0_usize;
        for c in self.0.chars() {
            let any = start || plain || hyphen;
            [start, plain, hyphen] = match c {
                '*' => [any, any, any],
                '?' => [plain, any, plain || hyphen],
                '.' => [plain, false, false],
                '-' => [false, false, plain || hyphen],
                c if c.is_ascii_lowercase() || c.is_ascii_digit() => [false, any, false],
                _ => return false,
            };
            length = length.saturating_add(usize::from(c != '*'));
        }
        let is_label_too_long =
            self.0.split('.').any(|label| !label.contains(['*', '?']) && label.len() > 63);
        plain && length <= 253 && !is_label_too_long
    }

    /// The pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn after_first(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
