//! What a field selector asks for (`apimachinery/pkg/fields/selector.go`): the node authorizer lets kubelets list what
//! is theirs when they say so.

/// The condition `field=value`; `None` when the text is not a selector.
pub(super) fn parse(selector: &str) -> Option<Vec<Condition>> {
    terms(selector).into_iter().filter(|term| !term.is_empty()).map(Condition::parse).collect()
}

/// The selector has the condition that the field is just this.
pub(super) fn asks_for(selector: &str, field: &str, value: &str) -> bool {
    let conditions = parse(selector).unwrap_or_default();
    conditions.iter().any(|condition| condition.is && condition.field == field && condition.value == value)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) field: String,
    /// `=` and `==`; otherwise `!=`.
    pub(super) is: bool,
    pub(super) value: String,
}

impl Condition {
    fn parse(term: &str) -> Option<Self> {
        let at = ["!=", "="].iter().filter_map(|operator| term.find(operator)).min()?;
        let (field, rest) = term.split_at_checked(at)?;
        let (is, value) = match (rest.strip_prefix("!="), rest.strip_prefix("==")) {
            (Some(value), _) => (false, value),
            (_, Some(value)) => (true, value),
            _ => (true, rest.strip_prefix('=')?),
        };
        Some(Self { field: field.to_owned(), is, value: unescape(value)? })
    }
}

/// For a condition that comes in parts.
pub(super) fn condition(field: &str, is: bool, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
    format!("{field}{}{value}", if is { "=" } else { "!=" })
}

/// Between the commas that no backslash stands before.
fn terms(selector: &str) -> Vec<&str> {
    let mut escaped = false;
    selector
        .split(|char| {
            let separates = char == ',' && !escaped;
            escaped = char == '\\' && !escaped;
            separates
        })
        .collect()
}

fn unescape(value: &str) -> Option<String> {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => plain.push(chars.next().filter(|next| matches!(next, '\\' | ',' | '='))?),
            ',' | '=' => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}
