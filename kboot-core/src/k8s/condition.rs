//! Conditions of a CertificateSigningRequest.

use k8s_openapi::api::certificates::v1::CertificateSigningRequestCondition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff;

use crate::csr::{Condition, CsrError};
use crate::time::Timestamp;

impl From<&CertificateSigningRequestCondition> for Condition {
    fn from(condition: &CertificateSigningRequestCondition) -> Self {
        // As metav1.Time writes it.
        let text = |time: &Time| time.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut read = Self::default();
        read.kind.clone_from(&condition.type_);
        read.status.clone_from(&condition.status);
        read.reason = condition.reason.clone().unwrap_or_default();
        read.message = condition.message.clone().unwrap_or_default();
        read.last_update_time = condition.last_update_time.as_ref().map(text);
        read.last_transition_time = condition.last_transition_time.as_ref().map(text);
        read
    }
}

impl TryFrom<&Condition> for CertificateSigningRequestCondition {
    type Error = CsrError;

    /// # Errors
    /// [`CsrError::Object`] for a time that is none.
    fn try_from(condition: &Condition) -> Result<Self, CsrError> {
        let text = |text: &String| Some(text).filter(|text| !text.is_empty()).cloned();
        Ok(Self {
            type_: condition.kind.clone(),
            status: condition.status.clone(),
            reason: text(&condition.reason),
            message: text(&condition.message),
            last_update_time: time("lastUpdateTime", condition.last_update_time.as_deref())?,
            last_transition_time: time("lastTransitionTime", condition.last_transition_time.as_deref())?,
        })
    }
}

fn time(field: &str, text: Option<&str>) -> Result<Option<Time>, CsrError> {
    let Some(text) = text else { return Ok(None) };
    let time = text.parse::<Timestamp>().ok();
    let time = time.and_then(|time| jiff::Timestamp::from_second(time.unix()).ok());
    let problem = "is not a time (RFC 3339)".to_owned();
    time.map(|time| Some(Time(time)))
        .ok_or_else(|| CsrError::Object { path: format!("status.conditions.{field}"), problem })
}
