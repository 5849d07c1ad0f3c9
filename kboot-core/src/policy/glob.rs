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
