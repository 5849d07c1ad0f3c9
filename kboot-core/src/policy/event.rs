//! What a controller sends as an Event about a decision.

use std::fmt;

use super::{Decision, Reason, Refusal, Verdict};

/// The most bytes that the API server takes as an Event's note (`pkg/apis/core/validation/events.go`).
const NOTE_LIMIT: usize = 1024;

/// What an Event (`events.k8s.io/v1`) says of a decision. Nothing of the request stands in it, so that whoever may read
/// Events reads no text of the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventText {
    /// Whether somebody should look at it.
    pub kind: EventType,
    /// What was decided, in one word: `Approve`, `Deny` or `Hold`.
    pub action: &'static str,
    /// The reason, one word in CamelCase.
    pub reason: &'static str,
    /// The message of the decision, at most 1024 bytes.
    pub note: String,
}

/// The type of an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the API has these two")]
pub enum EventType {
    /// All is as it should be.
    Normal,
    /// Somebody should look at it.
    Warning,
}

impl EventType {
    /// The type as the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Decision {
    /// The text for an Event about the request. It is a warning where the request is denied or the floor refuses it.
    ///
    /// ```
    /// use kboot_core::{Env, csr::{CertificateSigningRequest, Signer}, policy::{EventType, PolicyContext, Preset}};
    /// let object = CertificateSigningRequest::new("csr-1", Signer::KubeletServing, b"damaged");
    /// let decision = Preset::KubeletServing.policy().evaluate(&object, &PolicyContext::at(Env::system().now()));
    /// let event = decision.event();
    /// assert_eq!((event.kind, event.action, event.reason), (EventType::Warning, "Deny", "NotPem"));
    /// assert_eq!(event.note, "The request is not PEM. (not-pem)");
    /// ```
    #[must_use]
    pub fn event(&self) -> EventText {
        let is_refused_by_floor =
            |refusal: &Refusal| refusal.approvable.is_none() && refusal.reason != Reason::SignerNotRuled;
        let is_warning = match self {
            Self::Approve(_) => false,
            Self::Deny(_) => true,
            Self::Hold(refusal) => is_refused_by_floor(refusal),
        };
        EventText {
            kind: if is_warning { EventType::Warning } else { EventType::Normal },
            action: match self.verdict() {
                Verdict::Approve => "Approve",
                Verdict::Deny => "Deny",
                Verdict::Hold => "Hold",
            },
            reason: self.reason().as_camel_case(),
            note: start(&self.message()).to_owned(),
        }
    }
}

/// As much of a message as a note holds.
fn start(message: &str) -> &str {
    let ends = message.char_indices().map(|(end, _)| end).chain([message.len()]);
    let end = ends.take_while(|end| *end <= NOTE_LIMIT).last();
    end.and_then(|end| message.get(..end)).unwrap_or_default()
}
