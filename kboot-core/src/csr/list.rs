//! Many requests from one text, one at a time: `kubectl get csr -o json`, `-o yaml`, and `-w -o json`.

use std::io::Read;

use serde_json::Value;

use super::{CertificateSigningRequest, CsrError};
use crate::document::ListError;
use crate::document::json::{is_json, strict_value};
use crate::document::json_stream::{Item, each_object, read_yaml};

/// The largest object that is read. etcd takes 1.5 MiB at most, so no cluster has a larger one that could keep
/// the others from being read.
pub const MAX_OBJECT_BYTES: usize = 4 * 1024 * 1024;

/// Calls `each` for every CertificateSigningRequest of a text, with its index, and says how many there were.
///
/// The text is a list as kubectl prints it, an array of objects, or objects one after the other (a line
/// each, or as `kubectl get csr -w -o json` prints them); in JSON, which is read object by object in
/// memory for one, or one list or object in YAML of at most 16 MiB. An object that is not a request is an
/// error in its place and does not end the pass; one of more than [`MAX_OBJECT_BYTES`] does.
///
/// ```
/// use kboot_core::csr::{ListError, read_list};
/// let text = r#"{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Pod"}]}"#;
/// let mut problems = Vec::new();
/// let count = read_list(text.as_bytes(), |index, object| {
///     problems.extend(object.err().map(|error| format!("{index}: {error}")));
///     Ok::<(), ListError>(())
/// })?;
/// assert_eq!((count, problems.len()), (1, 1));
/// # Ok::<(), ListError>(())
/// ```
///
/// # Errors
/// [`ListError`] where the text cannot be read to its end, and whatever `each` ends with.
pub fn read_list<E: From<ListError>>(
    reader: impl Read,
    mut each: impl FnMut(usize, Result<CertificateSigningRequest, CsrError>) -> Result<(), E>,
) -> Result<usize, E> {
    let mut count = 0_usize;
    let mut next = |object| {
        let index = count;
        count = count.saturating_add(1);
        each(index, object)
    };
    let (is_json, reader) = is_json(reader).map_err(ListError::from)?;
    if is_json {
        each_object(reader, MAX_OBJECT_BYTES, |item| match item {
            Item::Object { text, list_kind } => next(object_of(text, list_kind)),
            Item::EndOfList { .. } => Ok(()),
        })?;
    } else {
        let (mut list, _) = read_yaml(reader)?;
        let kind = list.get("kind").and_then(Value::as_str).map(str::to_owned);
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => {
                for mut item in items {
                    complete(&mut item, kind.as_deref());
                    next(CertificateSigningRequest::from_value(&item))?;
                }
            }
            _ => next(CertificateSigningRequest::from_value(&list))?,
        }
    }
    Ok(count)
}

fn object_of(text: &str, list_kind: Option<&str>) -> Result<CertificateSigningRequest, CsrError> {
    if list_kind != Some(TYPED_LIST) {
        return CertificateSigningRequest::from_json(text);
    }
    let mut value = strict_value(text)
        .map_err(|error| CsrError::Object { path: "the object".to_owned(), problem: error.to_string() })?;
    complete(&mut value, list_kind);
    CertificateSigningRequest::from_value(&value)
}

/// A list of the API itself (`kubectl get --raw`) does not repeat its kind in each object.
const TYPED_LIST: &str = "CertificateSigningRequestList";

fn complete(item: &mut Value, list_kind: Option<&str>) {
    if let (Some(TYPED_LIST), Some(fields)) = (list_kind, item.as_object_mut()) {
        fields.entry("apiVersion").or_insert_with(|| "certificates.k8s.io/v1".into());
        fields.entry("kind").or_insert_with(|| "CertificateSigningRequest".into());
    }
}
