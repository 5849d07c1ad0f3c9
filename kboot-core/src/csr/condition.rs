//! What somebody has decided or noted about a request.

use serde::{Deserialize, Serialize};

use super::CsrError;
use crate::shown::excerpt;
use crate::time::Timestamp;

/// What somebody has decided or noted about a request (`CertificateSigningRequestCondition`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Condition {
    /// `Approved`, `Denied`, `Failed`, or another's own.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`; older API servers leave it empty, which means the same.
    #[serde(default)]
    pub status: String,
    /// One word, in CamelCase where upstream gives it: `AutoApproved`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it was last touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_time: Option<String>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<String>,
}

impl Condition {
    /// An approval (`CertificateApproved` of `k8s.io/api/certificates/v1`).
    ///
    /// ```
    /// use kboot_core::{Env, csr::{Condition, CsrError}};
    /// let now = Env::system().now();
    /// assert_eq!(Condition::approved("KnownNode", "It is ours.", now)?.kind, "Approved");
    /// assert!(matches!(Condition::approved("it is ours", "", now), Err(CsrError::ConditionReason { .. })));
    /// # Ok::<(), CsrError>(())
    /// ```
    ///
    /// # Errors
    /// [`CsrError::ConditionReason`] for a reason that is not one word in CamelCase. The API server takes any here, and
    /// this alone in the conditions of all other objects (`Condition` in apimachinery's meta/v1), which is what readers
    /// of reasons are made for.
    pub fn approved(reason: &str, message: &str, now: Timestamp) -> Result<Self, CsrError> {
        Self::checked("Approved", reason, message, now)
    }

    /// A denial (`CertificateDenied`), which is final.
    ///
    /// # Errors
    /// As [`Condition::approved`].
    pub fn denied(reason: &str, message: &str, now: Timestamp) -> Result<Self, CsrError> {
        Self::checked("Denied", reason, message, now)
    }

    /// The signer refuses to sign (`CertificateFailed`), which is final.
    ///
    /// # Errors
    /// As [`Condition::approved`].
    pub fn failed(reason: &str, message: &str, now: Timestamp) -> Result<Self, CsrError> {
        Self::checked("Failed", reason, message, now)
    }

    fn checked(kind: &str, reason: &str, message: &str, now: Timestamp) -> Result<Self, CsrError> {
        if is_reason(reason) {
            Ok(Self::of_word(kind, reason, message, now))
        } else {
            Err(CsrError::ConditionReason { reason: excerpt(reason) })
        }
    }

    /// Of a reason that is one.
    pub(crate) fn of_word(kind: &str, reason: &str, message: &str, now: Timestamp) -> Self {
        Self {
            kind: kind.to_owned(),
            status: "True".to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            last_update_time: Some(now.to_string()),
            last_transition_time: Some(now.to_string()),
        }
    }
}

/// `^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`, of at most 1024 bytes.
fn is_reason(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    bytes.len() <= 1024
        && bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.last().is_some_and(|byte| is_plain(*byte))
        && bytes.iter().all(|byte| is_plain(*byte) || matches!(byte, b',' | b':'))
}
