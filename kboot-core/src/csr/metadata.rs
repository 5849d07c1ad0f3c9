//! The object's metadata: what means something here, and the rest as it came.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::CsrError;
use crate::time::Timestamp;

const NAME: &str = "name";
const GENERATE_NAME: &str = "generateName";
const UID: &str = "uid";
const RESOURCE_VERSION: &str = "resourceVersion";
const CREATION_TIMESTAMP: &str = "creationTimestamp";
const LABELS: &str = "labels";
const ANNOTATIONS: &str = "annotations";

/// The metadata of an object (`ObjectMeta` in apimachinery's meta/v1). Fields that mean nothing to a decision, such as
/// `ownerReferences` and `managedFields`, are kept as they came and written again.
///
/// ```
/// use kboot_core::csr::CertificateSigningRequest;
/// let object: CertificateSigningRequest = "
/// apiVersion: certificates.k8s.io/v1
/// kind: CertificateSigningRequest
/// metadata: {name: csr-1, uid: a1, labels: {team: edge}, creationTimestamp: '2026-01-02T15:04:05Z'}
/// spec: {request: '', signerName: kubernetes.io/kubelet-serving}
/// ".parse()?;
/// let metadata = object.metadata();
/// assert_eq!((metadata.name(), metadata.uid()), ("csr-1", "a1"));
/// assert_eq!(metadata.labels().get("team").map(String::as_str), Some("edge"));
/// # Ok::<(), kboot_core::csr::CsrError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectMeta {
    pub(crate) name: Option<String>,
    pub(crate) generate_name: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// Every other field, and of those above what their types would write otherwise than it stood.
    pub(crate) rest: Map<String, Value>,
}

impl ObjectMeta {
    pub(super) fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }

    /// # Errors
    /// [`CsrError::Object`] for a time of creation that is none.
    pub(super) fn read(mut fields: Map<String, Value>) -> Result<Self, CsrError> {
        let mut text = |field: &str| match fields.get_mut(field) {
            Some(Value::String(text)) => {
                let text = std::mem::take(text);
                fields.remove(field);
                Some(text)
            }
            _ => None,
        };
        let (name, generate_name) = (text(NAME), text(GENERATE_NAME));
        let (uid, resource_version) = (text(UID), text(RESOURCE_VERSION));
        let created = created(&mut fields)?;
        let (labels, annotations) = (texts(&mut fields, LABELS), texts(&mut fields, ANNOTATIONS));
        Ok(Self { name, generate_name, uid, resource_version, created, labels, annotations, rest: fields })
    }

    pub(super) fn write(&self) -> Map<String, Value> {
        let Self { name, generate_name, uid, resource_version, created, labels, annotations, rest } = self;
        let texts = [
            (NAME, name.clone()),
            (GENERATE_NAME, generate_name.clone()),
            (UID, uid.clone()),
            (RESOURCE_VERSION, resource_version.clone()),
            (CREATION_TIMESTAMP, created.map(|time| time.to_string())),
        ];
        let texts = texts.into_iter().filter_map(|(field, text)| Some((field.to_owned(), text?.into())));
        let maps = [(LABELS, labels), (ANNOTATIONS, annotations)];
        let maps = maps.into_iter().filter(|(_, map)| !map.is_empty()).map(|(field, map)| {
            let entries = map.iter().map(|(key, value)| (key.clone(), value.as_str().into()));
            (field.to_owned(), Value::Object(entries.collect()))
        });
        // What stood there otherwise comes last, so that it stays.
        texts.chain(maps).chain(rest.clone()).collect()
    }

    pub(super) fn generate_name_from(&mut self, prefix: &str) {
        self.name = None;
        self.generate_name = Some(prefix.to_owned());
        self.rest.remove(NAME);
        self.rest.remove(GENERATE_NAME);
    }

    /// The object's name, which may hold nearly any character; empty where the API server is to make one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// What a name that the API server makes begins with; empty where it makes none.
    #[must_use]
    pub fn generate_name(&self) -> &str {
        self.generate_name.as_deref().unwrap_or_default()
    }

    /// What tells this object from others that have had its name; empty before the API server has it.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.uid.as_deref().unwrap_or_default()
    }

    /// The object's version, by which the API server sees that somebody else was faster; empty before it has the object.
    #[must_use]
    pub fn resource_version(&self) -> &str {
        self.resource_version.as_deref().unwrap_or_default()
    }

    /// When the API server got the object.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// The labels.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// The annotations.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }
}

/// The time of creation, whose text stays where it is another than [`Timestamp`] writes.
fn created(fields: &mut Map<String, Value>) -> Result<Option<Timestamp>, CsrError> {
    let text = match fields.get(CREATION_TIMESTAMP) {
        None | Some(Value::Null) => return Ok(None),
        Some(time) => time.as_str(),
    };
    let Some((text, Ok(time))) = text.map(|text| (text, text.parse::<Timestamp>())) else {
        return Err(CsrError::Object {
            path: "metadata.creationTimestamp".to_owned(),
            problem: "is not a time (RFC 3339)".to_owned(),
        });
    };
    if time.to_string() == text {
        fields.remove(CREATION_TIMESTAMP);
    }
    Ok(Some(time))
}

fn texts(fields: &mut Map<String, Value>, field: &str) -> BTreeMap<String, String> {
    let Some(Value::Object(map)) = fields.get(field) else { return BTreeMap::new() };
    let entries = map.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    let Some(texts) = entries.collect::<Option<BTreeMap<_, _>>>().filter(|texts| !texts.is_empty()) else {
        return BTreeMap::new();
    };
    fields.remove(field);
    texts
}
