//! Field selectors: `metadata.name=a,status.phase!=Running` (`apimachinery/pkg/fields/selector.go`), and the few fields
//! that each kind has for them (`pkg/apis/*/v1/conversion.go`).

use serde_json::Value;

use super::super::status::Status;

/// What some fields of an object must be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSelector(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: String,
    is_equal: bool,
    value: String,
}

impl FieldSelector {
    /// Reads a `fieldSelector` on objects of a kind, and refuses as a server of this version does.
    pub(crate) fn parse(text: &str, group: &str, kind: &str, minor: u32) -> Result<Self, Status> {
        let mut terms = Vec::new();
        let mut parts = parts(text);
        parts.sort_unstable();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let Some((field, is_equal, value)) = term(part) else {
                return Err(Status::bad_request(format!(
                    "invalid selector: '{text}'; can't understand '{part}'"
                )));
            };
            let value = unescaped(value).map_err(Status::bad_request)?;
            terms.push(Term { field: field.to_owned(), is_equal, value });
        }
        // A term of nothing asks for nothing.
        terms.retain(|term| !term.field.is_empty() || !term.value.is_empty());
        for term in &mut terms {
            term.field = supported(&term.field, group, kind, minor).map_err(Status::bad_request)?;
        }
        Ok(Self(terms))
    }

    /// The one name that is asked for.
    pub(crate) fn name(&self) -> Option<&str> {
        let term = self.0.iter().find(|term| term.is_equal && term.field == "metadata.name")?;
        Some(&term.value)
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|term| (value_of(object, &term.field) == term.value) == term.is_equal)
    }
}

/// Splits at the commas that are not escaped.
fn parts(text: &str) -> Vec<&str> {
    let mut is_escaped = false;
    text.split(|character| {
        let splits = character == ',' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        splits
    })
    .collect()
}

fn term(part: &str) -> Option<(&str, bool, &str)> {
    let at = part.char_indices().map(|(at, _)| at).find(|at| {
        let rest = part.get(*at..).unwrap_or_default();
        rest.starts_with("!=") || rest.starts_with('=')
    })?;
    let (field, rest) = part.split_at(at);
    let operator = ["!=", "==", "="].into_iter().find(|operator| rest.starts_with(operator))?;
    Some((field, operator != "!=", rest.get(operator.len()..)?))
}

fn unescaped(value: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                other => {
                    let sequence: String = std::iter::once('\\').chain(other).collect();
                    return Err(format!("invalid field selector: invalid escape sequence: {sequence}"));
                }
            },
            ',' | '=' => {
                let code = u32::from(character);
                return Err(format!("invalid field selector: unescaped character in value: {code}"));
            }
            other => plain.push(other),
        }
    }
    Ok(plain)
}

const POD: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];
const EVENT: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
    "metadata.namespace",
    "metadata.name",
];
const NEW_EVENT: &[&str] = &[
    "reason",
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reportingController",
    "type",
    "metadata.namespace",
    "metadata.name",
];

/// The field as objects have it; else upstream's refusal.
fn supported(field: &str, group: &str, kind: &str, minor: u32) -> Result<String, String> {
    let is_custom = group.contains('.') && !group.ends_with(".k8s.io");
    let fields: &[&str] = match (group, kind) {
        ("", "Pod") if field == "spec.host" => return Ok("spec.nodeName".to_owned()),
        ("", "Pod") if field == "spec.hostNetwork" && minor > 20 => return Ok(field.to_owned()),
        ("", "Pod") => POD,
        ("", "Node") => &["metadata.name", "spec.unschedulable"],
        ("", "Namespace") => &["metadata.name", "status.phase"],
        ("", "Secret") => &["metadata.name", "metadata.namespace", "type"],
        ("", "Service") if minor > 20 => {
            &["metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"]
        }
        ("", "ReplicationController") => &["metadata.name", "metadata.namespace", "status.replicas"],
        ("", "Event") => EVENT,
        ("events.k8s.io", "Event") => NEW_EVENT,
        ("batch", "Job") => &["metadata.name", "metadata.namespace", "status.successful"],
        ("certificates.k8s.io", "CertificateSigningRequest" | "ClusterTrustBundle") => {
            &["metadata.name", "spec.signerName"]
        }
        ("certificates.k8s.io", "PodCertificateRequest") => {
            &["metadata.name", "spec.signerName", "spec.podName", "spec.nodeName"]
        }
        ("resource.k8s.io", "ResourceSlice") => &["metadata.name", "spec.nodeName", "spec.driver"],
        _ => &["metadata.name", "metadata.namespace"],
    };
    if fields.contains(&field) {
        return Ok(field.to_owned());
    }
    Err(match (group, kind) {
        ("batch", "Job") => {
            let job = if minor > 20 { "Job" } else { "batchv1.Job" };
            format!("field label {field:?} not supported for {job}")
        }
        ("resource.k8s.io", "ResourceSlice") => {
            format!("field label not supported for {group}/v1, Kind={kind}: {field}")
        }
        // Since they can choose fields, custom resources are refused as others are.
        _ if fields == ["metadata.name", "metadata.namespace"] && !(is_custom && minor > 29) => {
            format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
        }
        _ => format!("field label not supported: {field}"),
    })
}

/// What a field is; of what an object does not have, what its kind takes it for.
fn value_of(object: &Value, field: &str) -> String {
    let at = |field: &str| {
        let pointer: String = field.split('.').map(|step| format!("/{step}")).collect();
        match object.pointer(&pointer)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            value @ (Value::Bool(_) | Value::Number(_)) => Some(value.to_string()),
            _ => None,
        }
    };
    let first = |fields: &[&str]| fields.iter().find_map(|field| at(field));
    // Events are of two groups, with other names for the same.
    let found = match field.split_once('.') {
        Some(("involvedObject" | "regarding", part)) => {
            first(&[&format!("involvedObject.{part}"), &format!("regarding.{part}")])
        }
        _ => match field {
            "reportingComponent" | "reportingController" => {
                first(&["reportingComponent", "reportingController"])
            }
            "source" => first(&[
                "source.component",
                "deprecatedSource.component",
                "reportingComponent",
                "reportingController",
            ]),
            "status.successful" => at("status.succeeded"),
            field => at(field),
        },
    };
    found.unwrap_or_else(|| {
        let zero = match field {
            "spec.unschedulable" | "spec.hostNetwork" => "false",
            "status.successful" | "status.replicas" => "0",
            _ => "",
        };
        zero.to_owned()
    })
}
