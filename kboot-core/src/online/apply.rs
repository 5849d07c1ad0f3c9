//! Objects of manifests, brought into a running cluster by server-side apply, after a plan.
//!
//! Server-side apply is Kubernetes' own merge (on by default since 1.16): each field has managers, and what another
//! manager says otherwise is a conflict. So what others have added to an object stays.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::OnlineError;
use super::fetch::{Answer, Call, MAX_OBJECT, body_of, get, segment, send};
use crate::document::{DocumentError, yaml};
use crate::shown::cut;

/// The name under which kboot manages fields (`metadata.managedFields`).
pub const FIELD_MANAGER: &str = super::fetch::FIELD_MANAGER;

/// An object as it is to be in the cluster. It may hold secrets, which nothing shows.
#[derive(Clone)]
pub struct Manifest {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: String,
    value: Value,
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_version, kind, namespace, name, value: _ } = self;
        write!(f, "Manifest({api_version} {kind} {namespace:?} {name} [redacted])")
    }
}

impl Manifest {
    /// The objects of a text in YAML or JSON: one, several with `---` between them, or those of a List.
    ///
    /// ```
    /// use kboot_core::online::apply::Manifest;
    /// let text = "
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: one}
    /// ---
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: two, namespace: one}
    /// stringData: {key: value}
    /// ";
    /// let names: Vec<_> = Manifest::read(text)?.iter().map(|one| one.to_string()).collect();
    /// assert_eq!(names, ["Namespace one", "Secret one/two"]);
    /// # Ok::<(), kboot_core::document::DocumentError>(())
    /// ```
    ///
    /// # Errors
    /// [`DocumentError`] for what is not YAML, and for an object without `apiVersion`, `kind` or `metadata.name`.
    pub fn read(text: &str) -> Result<Vec<Self>, DocumentError> {
        let mut found = Vec::new();
        let mut document = String::new();
        for line in text.lines().chain(["---"]) {
            if line.trim_end() == "---" {
                // A lone carriage return ends a line, and so a comment, for YAML.
                let mut lines = document.split(['\n', '\r']).map(str::trim);
                if lines.any(|line| !line.is_empty() && !line.starts_with('#')) {
                    let value =
                        yaml::parse_as_go(&document).map_err(|problem| DocumentError::one("", problem))?;
                    Self::add(value, &mut found)?;
                }
                document.clear();
            } else {
                document.push_str(line);
                document.push('\n');
            }
        }
        Ok(found)
    }

    fn add(mut value: Value, found: &mut Vec<Self>) -> Result<(), DocumentError> {
        if let Some(Value::Array(items)) = value.get_mut("items").map(Value::take) {
            return items.into_iter().try_for_each(|item| Self::add(item, found));
        }
        let text = |pointer: &str| {
            let text = value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let required = |pointer: &str, path: &str| {
            text(pointer).ok_or_else(|| DocumentError::one(path, "is missing: an object has one"))
        };
        let api_version = required("/apiVersion", "apiVersion")?;
        let kind = required("/kind", "kind")?;
        let name = required("/metadata/name", "metadata.name")?;
        let namespace = text("/metadata/namespace");
        if kind == "Secret" && api_version == "v1" {
            string_data_to_data(&mut value)?;
        }
        found.push(Self { api_version, kind, namespace, name, value });
        Ok(())
    }
}

/// `Secret one/two`, or `Namespace one` where there is no namespace.
impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        f.write_str(&crate::shown::escaped(&format!("{} {namespace}{}", self.kind, self.name)))
    }
}

/// `stringData` is an order to the API server and no field that is kept, so nobody could be its manager.
fn string_data_to_data(secret: &mut Value) -> Result<(), DocumentError> {
    let Some(fields) = secret.as_object_mut() else { return Ok(()) };
    let Some(Value::Object(texts)) = fields.remove("stringData") else { return Ok(()) };
    let data = fields.entry("data").or_insert_with(|| Value::Object(Map::new()));
    for (key, text) in texts {
        let (Some(data), Some(text)) = (data.as_object_mut(), text.as_str()) else {
            return Err(DocumentError::one(&format!("stringData.{key}"), "must be a text; quote it"));
        };
        data.insert(key, STANDARD.encode(text).into());
    }
    Ok(())
}

/// What an apply does to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// There is none; it is created.
    Create,
    /// Some of its fields change.
    Update {
        /// Which: their paths, without their values.
        fields: Vec<String>,
    },
    /// It is as it is to be.
    Keep,
    /// Another manager says otherwise about some of its fields.
    Conflict {
        /// About which, and who.
        conflicts: Vec<FieldConflict>,
    },
}

impl Change {
    /// `create`, `update`, `keep` or `conflict`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update { .. } => "update",
            Self::Keep => "keep",
            Self::Conflict { .. } => "conflict",
        }
    }
}

/// A field that another manager has set otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldConflict {
    /// The field's path.
    pub field: String,
    /// The manager, in the API server's words: `"kubectl-edit" using v1`.
    pub manager: String,
}

impl fmt::Display for FieldConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is of {}", self.field, self.manager)
    }
}

/// An object with what an apply does to it.
#[derive(Debug, Clone)]
pub struct Planned {
    manifest: Manifest,
    path: String,
    force: bool,
    change: Change,
}

impl Planned {
    /// The object.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What happens to it.
    #[must_use]
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// Applies it.
    ///
    /// # Errors
    /// [`OnlineError`] where the API server does not answer or does not allow it; with the
    /// [status](OnlineError::status) 409 for a conflict.
    pub async fn apply(&self, client: &Client, limit: Duration) -> Result<(), OnlineError> {
        patch(client, &self.manifest, &self.path, self.force, false, limit).await?.success().map(|_| ())
    }
}

/// What applying these objects would do, as the API server itself says (`dryRun=All`). With `force`, fields of other
/// managers are taken over, and there are no conflicts. Each question may take `limit`.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use kboot_core::online::{self, apply::{self, Change, Manifest}};
///
/// let client = online::connect(None, None).await?;
/// let limit = Duration::from_secs(30);
/// let manifests = Manifest::read("{apiVersion: v1, kind: Namespace, metadata: {name: edge}}")?;
/// let planned = apply::plan(&client, &manifests, false, limit).await?;
/// if !planned.iter().any(|one| matches!(one.change(), Change::Conflict { .. })) {
///     for one in &planned {
///         one.apply(&client, limit).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`OnlineError`] where the API server does not answer, does not allow it or refuses an object;
/// [`OnlineError::NoSuchKind`] where it has no objects of a kind.
pub async fn plan(
    client: &Client,
    manifests: &[Manifest],
    force: bool,
    limit: Duration,
) -> Result<Vec<Planned>, OnlineError> {
    let mut known: HashMap<&str, APIResourceList> = HashMap::new();
    let mut planned = Vec::with_capacity(manifests.len());
    for manifest in manifests {
        let version = manifest.api_version.as_str();
        if !known.contains_key(version) {
            let list = get(client, &root_of(version), MAX_OBJECT, limit).await?;
            known.insert(version, list.object_if_there()?.unwrap_or_default());
        }
        let resources = known.get(version).map(|list| list.resources.as_slice()).unwrap_or_default();
        let is_meant = |kind: &str, name: &str| kind == manifest.kind && !name.contains('/');
        let Some(resource) = resources.iter().find(|resource| is_meant(&resource.kind, &resource.name))
        else {
            let (api_version, kind) = (cut(version, 253), cut(&manifest.kind, 63));
            return Err(OnlineError::NoSuchKind { api_version, kind });
        };
        let namespace = match (resource.namespaced, &manifest.namespace) {
            (false, _) => String::new(),
            (true, None) => "/namespaces/default".to_owned(),
            (true, Some(namespace)) => format!("/namespaces/{}", segment(namespace)),
        };
        let path = format!("{}{namespace}/{}/{}", root_of(version), resource.name, segment(&manifest.name));
        let change = change(client, manifest, &path, force, limit).await?;
        planned.push(Planned { manifest: manifest.clone(), path, force, change });
    }
    Ok(planned)
}

fn root_of(api_version: &str) -> String {
    match api_version.split_once('/') {
        None => format!("/api/{}", segment(api_version)),
        Some((group, version)) => format!("/apis/{}/{}", segment(group), segment(version)),
    }
}

async fn change(
    client: &Client,
    manifest: &Manifest,
    path: &str,
    force: bool,
    limit: Duration,
) -> Result<Change, OnlineError> {
    let live: Option<Value> = get(client, path, MAX_OBJECT, limit).await?.object_if_there()?;
    let answer = patch(client, manifest, path, force, true, limit).await?;
    if let Some(conflicts) = conflicts(&answer) {
        return Ok(Change::Conflict { conflicts });
    }
    let after: Value = answer.object()?;
    let Some(live) = live else { return Ok(Change::Create) };
    let mut fields = Vec::new();
    differences(&without_bookkeeping(live), &without_bookkeeping(after), "", &mut fields);
    Ok(if fields.is_empty() { Change::Keep } else { Change::Update { fields } })
}

async fn patch(
    client: &Client,
    manifest: &Manifest,
    path: &str,
    force: bool,
    is_dry_run: bool,
    limit: Duration,
) -> Result<Answer, OnlineError> {
    let dry_run = if is_dry_run { "&dryRun=All" } else { "" };
    let path = format!("{path}?fieldManager={FIELD_MANAGER}&force={force}{dry_run}");
    let body = body_of(&manifest.value, &path)?;
    send(client, Call::apply(path, body), MAX_OBJECT, limit).await
}

/// The fields of other managers, where the answer is that (`FieldManagerConflict` in apimachinery's meta/v1).
fn conflicts(answer: &Answer) -> Option<Vec<FieldConflict>> {
    #[derive(Deserialize)]
    struct Status {
        details: Details,
    }
    #[derive(Deserialize)]
    struct Details {
        causes: Vec<Cause>,
    }
    #[derive(Deserialize)]
    struct Cause {
        reason: String,
        message: String,
        field: String,
    }
    if answer.code != 409 {
        return None;
    }
    let status: Status = serde_json::from_slice(&answer.body).ok()?;
    let of_managers =
        status.details.causes.into_iter().filter(|cause| cause.reason == "FieldManagerConflict");
    let found: Vec<_> = of_managers
        .map(|Cause { message, field, .. }| FieldConflict {
            field: cut(field.trim_start_matches('.'), 256),
            manager: cut(message.strip_prefix("conflict with ").unwrap_or(&message), 256),
        })
        .collect();
    (!found.is_empty()).then_some(found)
}

/// What the API server writes itself into every object.
fn without_bookkeeping(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in
            ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"]
        {
            metadata.remove(field);
        }
    }
    object
}

/// The paths at which two objects differ; lists are compared as a whole.
fn differences(before: &Value, after: &Value, path: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let added = after.keys().filter(|key| !before.contains_key(*key));
            for key in before.keys().chain(added) {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let of = |fields: &Map<String, Value>| fields.get(key).cloned().unwrap_or_default();
                differences(&of(before), &of(after), &below, found);
            }
        }
        _ if before == after => {}
        _ => found.push(cut(path, 256)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_goes_in_as_data_and_shows_nothing() {
        let text = "# one\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}, \
                    stringData: {k: hidden}}\n---\n";
        let read = Manifest::read(text).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].value["data"], json!({"k": STANDARD.encode("hidden")}));
        assert_eq!(read[0].value.get("stringData"), None);
        assert!(!format!("{read:?}").contains("hidden"));
        for (text, path) in [
            ("{kind: Secret, metadata: {name: a}}", "apiVersion"),
            ("{apiVersion: v1, kind: Secret, metadata: {generateName: a}}", "metadata.name"),
            ("{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {k: 1}}", "stringData.k"),
            ("{", ""),
        ] {
            let error = Manifest::read(text).unwrap_err();
            assert!(error.to_string().contains(path), "{error}");
        }
    }

    #[test]
    fn lines_that_end_at_a_carriage_return_are_no_comment() {
        let text = "# one\rapiVersion: v1\rkind: Namespace\rmetadata: {name: a}\r";
        assert_eq!(Manifest::read(text).unwrap().len(), 1);
        assert_eq!(Manifest::read("# one\r\n# two\r\n").unwrap().len(), 0);
    }

    #[test]
    fn differences_name_fields_and_no_values() {
        let before = json!({"metadata": {"uid": "1", "labels": {"a": "b"}}, "data": {"k": "1", "l": "2"}});
        let after = json!({"metadata": {"uid": "2"}, "data": {"k": "3", "l": "2"}, "x": [1]});
        let mut found = Vec::new();
        differences(&without_bookkeeping(before), &without_bookkeeping(after), "", &mut found);
        found.sort();
        assert_eq!(found, ["data.k", "metadata.labels", "x"]);
    }
}
