//! The metadata of a CertificateSigningRequest.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta as KubeMeta, Time};
use k8s_openapi::jiff;
use serde_json::{Map, Value};

use crate::csr::{CsrError, ObjectMeta};
use crate::shown::start;
use crate::time::Timestamp;

impl TryFrom<&KubeMeta> for ObjectMeta {
    type Error = CsrError;

    /// # Errors
    /// [`CsrError::Object`] for a creation before 1970 or after 9999.
    fn try_from(metadata: &KubeMeta) -> Result<Self, CsrError> {
        let created = metadata.creation_timestamp.as_ref();
        let created = created.map(|time| Timestamp::from_unix(time.0.as_second())).transpose();
        let created =
            created.map_err(|_| refused("metadata.creationTimestamp", "is not a time (RFC 3339)"))?;
        let mut rest = rest(metadata)?;
        let mut texts = |field: &str, map: &Option<BTreeMap<String, String>>| {
            let map = map.clone()?;
            if map.is_empty() {
                rest.insert(field.to_owned(), Value::Object(Map::new()));
            }
            Some(map)
        };
        let labels = texts("labels", &metadata.labels).unwrap_or_default();
        let annotations = texts("annotations", &metadata.annotations).unwrap_or_default();
        Ok(Self {
            name: metadata.name.clone(),
            generate_name: metadata.generate_name.clone(),
            uid: metadata.uid.clone(),
            resource_version: metadata.resource_version.clone(),
            created,
            labels,
            annotations,
            rest,
        })
    }
}

/// The fields that no decision looks at, in the form in which [`ObjectMeta`] keeps them.
fn rest(metadata: &KubeMeta) -> Result<Map<String, Value>, CsrError> {
    let KubeMeta {
        annotations: _,
        creation_timestamp: _,
        deletion_grace_period_seconds,
        deletion_timestamp,
        finalizers,
        generate_name: _,
        generation,
        labels: _,
        managed_fields,
        name: _,
        namespace,
        owner_references,
        resource_version: _,
        self_link,
        uid: _,
    } = metadata;
    let rest = KubeMeta {
        deletion_grace_period_seconds: *deletion_grace_period_seconds,
        deletion_timestamp: deletion_timestamp.clone(),
        finalizers: finalizers.clone(),
        generation: *generation,
        managed_fields: managed_fields.clone(),
        namespace: namespace.clone(),
        owner_references: owner_references.clone(),
        self_link: self_link.clone(),
        ..KubeMeta::default()
    };
    if rest == KubeMeta::default() {
        return Ok(Map::new());
    }
    match serde_json::to_value(rest) {
        Ok(Value::Object(rest)) => Ok(rest),
        _ => Err(refused("metadata", "cannot be written")),
    }
}

impl TryFrom<&ObjectMeta> for KubeMeta {
    type Error = CsrError;

    /// # Errors
    /// [`CsrError::Object`] for metadata that was read from text and is no API object's.
    fn try_from(metadata: &ObjectMeta) -> Result<Self, CsrError> {
        let rest = if metadata.rest.is_empty() {
            Self::default()
        } else {
            serde_json::from_value(Value::Object(metadata.rest.clone())).map_err(|error| {
                refused("metadata", &format!("is not an object's: {}", start(&error.to_string(), 200)))
            })?
        };
        let time = |time: Timestamp| jiff::Timestamp::from_second(time.unix()).map(Time);
        let created = metadata.created.map(time).transpose();
        let created =
            created.map_err(|_| refused("metadata.creationTimestamp", "is not a time (RFC 3339)"))?;
        let texts = |map: &BTreeMap<String, String>| (!map.is_empty()).then(|| map.clone());
        Ok(Self {
            name: metadata.name.clone().or(rest.name),
            generate_name: metadata.generate_name.clone().or(rest.generate_name),
            uid: metadata.uid.clone().or(rest.uid),
            resource_version: metadata.resource_version.clone().or(rest.resource_version),
            creation_timestamp: rest.creation_timestamp.or(created),
            labels: texts(&metadata.labels).or(rest.labels),
            annotations: texts(&metadata.annotations).or(rest.annotations),
            ..rest
        })
    }
}

fn refused(path: &str, problem: &str) -> CsrError {
    CsrError::Object { path: path.to_owned(), problem: problem.to_owned() }
}
