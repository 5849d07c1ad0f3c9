//! The types of fields in configuration files.

use std::fmt;

/// What a field holds, as Go's types read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the types of the table")]
pub enum FieldType {
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A text such as `2m0s` (`metav1.Duration`).
    Duration,
    /// A text (`metav1.Time`).
    Time,
    /// A map whose keys are fields.
    Object,
    /// A list; its items are the row `PATH[]`.
    List,
    /// A map with free keys; its values are the row `PATH{}`.
    Map,
    /// Whatever it is.
    Any,
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text | Self::Time => "a text",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Duration => "a duration such as 2m0s or 100ms, as a text",
            Self::Object | Self::Map => "a map",
            Self::List => "a list",
            Self::Any => "anything",
        })
    }
}
