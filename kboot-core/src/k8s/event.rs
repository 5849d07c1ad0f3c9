//! The Event about a decision.

use k8s_openapi::api::events::v1::Event;

use crate::policy::EventText;

/// Type, action, reason and note. Its metadata, the time, who reports and what it is about are the controller's to add.
///
/// ```
/// use k8s_openapi::api::events::v1::Event;
/// # use kboot_core::{Env, csr::{CertificateSigningRequest, Signer}, policy::{PolicyContext, Preset}};
/// # let object = CertificateSigningRequest::new("csr-1", Signer::KubeletServing, b"damaged");
/// # let decision = Preset::KubeletServing.policy().evaluate(&object, &PolicyContext::at(Env::system().now()));
/// let event = Event { reporting_controller: Some("example.com/approver".to_owned()), ..decision.event().into() };
/// assert_eq!((event.type_.as_deref(), event.reason.as_deref()), (Some("Warning"), Some("NotPem")));
/// ```
impl From<EventText> for Event {
    fn from(text: EventText) -> Self {
        let EventText { kind, action, reason, note } = text;
        Self {
            type_: Some(kind.as_str().to_owned()),
            action: Some(action.to_owned()),
            reason: Some(reason.to_owned()),
            note: Some(note),
            ..Self::default()
        }
    }
}
