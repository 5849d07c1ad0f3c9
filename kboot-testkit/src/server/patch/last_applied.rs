//! The annotation of `kubectl apply` without `--server-side`: who applied with it before goes over to server-side apply
//! without conflicts with himself (`apimachinery/pkg/util/managedfields/internal/lastapplied*.go`).

use serde_json::{Value, json};

use super::fields::FieldSet;
use super::typed::Types;
use super::{Manager, Scope, is_deeper};

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What objects' annotations may take in all (`TotalAnnotationSizeLimitB`).
const MAX_ANNOTATIONS: usize = 256 << 10;

/// The manager of `kubectl apply --server-side`; of others nothing here is true.
fn is_kubectl(by: &Manager) -> bool {
    by.name == "kubectl"
}

fn annotation(object: &Value) -> Option<&str> {
    let annotations = object.get("metadata")?.get("annotations")?;
    annotations.get(ANNOTATION)?.as_str().filter(|text| !text.is_empty())
}

/// What was applied last and is still so: to write it is no conflict.
pub(super) fn own(live: &Value, by: &Manager, scope: &Scope<'_>) -> Option<FieldSet> {
    let last: Value = serde_json::from_str(annotation(live).filter(|_| is_kubectl(by))?).ok()?;
    let version = last.get("apiVersion").and_then(Value::as_str)?;
    let types = Types { schema: scope.schema, minor: scope.minor };
    if version != by.api_version
        || is_deeper(&last, super::MAX_DEPTH)
        || !types.faults(&last, scope.of).is_empty()
    {
        return None;
    }
    let changes = types.changes(&last, live, scope.of).ok()?;
    let changed = changes.modified.union(&changes.added).union(&changes.removed);
    Some(types.fields(&last, scope.of).difference(&changed))
}

/// Where there is an annotation, it says what was applied now.
pub(super) fn renew(object: &mut Value, config: &Value, by: &Manager) {
    if annotation(object).is_none() || !is_kubectl(by) {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else {
        return;
    };
    annotations.insert(ANNOTATION.to_owned(), json!(format!("{config}\n")));
    let size: usize =
        annotations.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if size > MAX_ANNOTATIONS {
        annotations.remove(ANNOTATION);
    }
}
