//! How far a request has come.

use std::fmt;

/// How far a CertificateSigningRequest has come, by its conditions and its certificate.
///
/// Kubernetes takes back neither a denial, nor a failure, nor a certificate
/// (`ValidateCertificateSigningRequestStatusUpdate` in `pkg/apis/certificates/validation/validation.go`).
///
/// ```
/// use kboot_core::csr::Stage;
/// assert!(Stage::Denied.is_final() && !Stage::Approved.is_final());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the conditions of the API, and each must be handled")]
pub enum Stage {
    /// Nobody has decided on it.
    Pending,
    /// Somebody approved it; its signer has not answered yet.
    Approved,
    /// Its certificate was issued.
    Issued,
    /// Its signer failed it, whoever approved it.
    Failed,
    /// Somebody denied it.
    Denied,
}

impl Stage {
    /// `pending`, `approved`, `issued`, `failed` or `denied`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Issued => "issued",
            Self::Failed => "failed",
            Self::Denied => "denied",
        }
    }

    /// Whether no approval, denial or signature changes anything about it any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Issued | Self::Failed | Self::Denied)
    }

    /// Whether the request ended without a certificate.
    #[must_use]
    pub fn is_refused(self) -> bool {
        matches!(self, Self::Failed | Self::Denied)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
