//! What names, label keys and label values look like, in upstream's words (`apimachinery/pkg/util/validation`).

/// What is wrong with a name; nothing is.
pub(crate) type Messages = Vec<String>;

const DNS_LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS_SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// Which rule the names of a kind follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    DnsSubdomain,
    DnsLabel,
    /// What can stand in a path.
    PathSegment,
    /// None of its own: any resource's names can stand in a path.
    Any,
}

impl NameRule {
    /// A prefix (`generateName`) may end in what a name may not.
    pub(crate) fn check(self, name: &str, prefix: bool, minor: u32) -> Messages {
        match self {
            Self::DnsSubdomain => dns_subdomain(&masked(name, prefix)),
            Self::DnsLabel => dns_label(&masked(name, prefix), minor),
            Self::PathSegment => path_segment(name),
            Self::Any => Messages::new(),
        }
    }
}

/// `maskTrailingDash`.
fn masked(name: &str, prefix: bool) -> String {
    match name.strip_suffix('-') {
        Some(rest) if prefix && !rest.is_empty() => format!("{rest}a"),
        _ => name.to_owned(),
    }
}

fn too_long(most: usize) -> String {
    format!("must be no more than {most} characters")
}

fn is_label(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && text.chars().all(|c| alphanumeric(c) || c == '-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_qualified(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && text.chars().all(|c| alphanumeric(c) || "-_.".contains(c))
}

/// `IsDNS1123Label`.
pub(crate) fn dns_label(text: &str, minor: u32) -> Messages {
    let mut messages = Messages::new();
    if text.len() > 63 {
        messages.push(too_long(63));
    }
    if !is_label(text) {
        messages.push(if minor >= 30 && is_subdomain(text) {
            "must not contain dots".to_owned()
        } else {
            format!(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                 '{DNS_LABEL}')"
            )
        });
    }
    messages
}

/// `IsDNS1035Label`.
pub(crate) fn dns_1035_label(text: &str) -> Messages {
    let mut messages = Messages::new();
    if text.len() > 63 {
        messages.push(too_long(63));
    }
    if !is_label(text) || text.starts_with(|c: char| c.is_ascii_digit()) {
        messages.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
             character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
             validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    messages
}

/// `IsDNS1123Subdomain`.
pub(crate) fn dns_subdomain(text: &str) -> Messages {
    let mut messages = Messages::new();
    if text.len() > 253 {
        messages.push(too_long(253));
    }
    if !is_subdomain(text) {
        messages.push(format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '{DNS_SUBDOMAIN}')"
        ));
    }
    messages
}

/// `IsValidPathSegmentName`.
pub(crate) fn path_segment(name: &str) -> Messages {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"]
        .iter()
        .filter(|part| name.contains(**part))
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

/// `IsQualifiedName`: keys of labels and annotations, finalizers.
pub(crate) fn qualified_name(text: &str, minor: u32) -> Messages {
    let rule = format!(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
         character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}')"
    );
    let mut messages = Messages::new();
    let name = match text.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                messages.push("prefix part must be non-empty".to_owned());
            } else {
                messages.extend(dns_subdomain(prefix).iter().map(|message| format!("prefix part {message}")));
            }
            *name
        }
        _ => {
            let what = if minor >= 34 { "label key" } else { "name" };
            let article = if minor >= 34 { "valid" } else { "qualified" };
            return vec![format!(
                "a {article} {what} {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        messages.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        messages.push(format!("name part {}", label_too_long(minor)));
    }
    if !is_qualified(name) {
        messages.push(format!("name part {rule}"));
    }
    messages
}

fn label_too_long(minor: u32) -> String {
    if minor >= 34 { "must be no more than 63 bytes".to_owned() } else { too_long(63) }
}

/// `IsValidLabelValue`.
pub(crate) fn label_value(text: &str, minor: u32) -> Messages {
    let mut messages = Messages::new();
    if text.len() > 63 {
        messages.push(label_too_long(minor));
    }
    if !text.is_empty() && !is_qualified(text) {
        messages.push(format!(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
             validation is '({QUALIFIED})?')"
        ));
    }
    messages
}

/// `IsConfigMapKey`.
pub(crate) fn data_key(text: &str) -> Messages {
    let mut messages = Messages::new();
    if text.len() > 253 {
        messages.push(too_long(253));
    }
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
        messages.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
             'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    match text {
        "." | ".." => messages.push(format!("must not be '{text}'")),
        _ if text.starts_with("..") => messages.push("must not start with '..'".to_owned()),
        _ => {}
    }
    messages
}
