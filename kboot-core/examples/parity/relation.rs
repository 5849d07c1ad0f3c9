//! How two answers stand to each other.

use kboot_core::csr::{CertificateSigningRequest, Signer};
use kboot_core::policy::{self, AccessReviews, Refusal};

/// How kboot's answer stands to upstream's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Relation {
    Same,
    Stricter,
    /// As upstream since 1.27, which takes usages without key encipherment.
    Since127,
    Looser,
    Different,
}

impl Relation {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Stricter => "stricter",
            Self::Since127 => "as-1.27",
            Self::Looser => "LOOSER",
            Self::Different => "DIFFERENT",
        }
    }

    pub(crate) fn is_allowed(self) -> bool {
        !matches!(self, Self::Looser | Self::Different)
    }

    /// `theirs`: whether upstream lets the request through; `ours`: kboot's reason not to; `later`: whether
    /// upstream since 1.27 does.
    pub(crate) fn of(theirs: bool, ours: Option<Reason>, later: bool) -> Self {
        match (theirs, ours) {
            // Only the floor may be stricter: the preset's rules are upstream's.
            (true, Some(Reason::Rules(_))) => Self::Different,
            (true, Some(Reason::Floor(_))) => Self::Stricter,
            (false, None) if later => Self::Since127,
            (false, None) => Self::Looser,
            (true, None) | (false, Some(_)) => Self::Same,
        }
    }
}

/// Why kboot does not let a request through, as a word.
#[derive(Clone, Copy)]
pub(crate) enum Reason {
    Floor(&'static str),
    Rules(&'static str),
}

impl Reason {
    pub(crate) fn of(refusal: &Refusal, signed: &CertificateSigningRequest) -> Self {
        match refusal.reason() {
            code @ (policy::Reason::NoRule
            | policy::Reason::RuleHolds
            | policy::Reason::RuleDenies
            | policy::Reason::FactsUnknown) => Self::Rules(code.as_str()),
            // Upstream's signers but legacy-unknown, which went with v1beta1, are all in the preset.
            code @ policy::Reason::SignerNotRuled if signed.signer().is_some() => Self::Rules(code.as_str()),
            code => Self::Floor(code.as_str()),
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Floor(word) | Self::Rules(word) => word,
        }
    }
}

/// The recognizers of `pkg/controller/certificates/approver/sarapprove.go`, in every version.
pub(crate) fn has_access(object: &CertificateSigningRequest, reviews: AccessReviews) -> bool {
    let username = object.requestor().username.as_str();
    let asks_for_itself = object.request().is_ok_and(|request| request.common_names().eq([username]));
    reviews.node_client == Some(true) || (asks_for_itself && reviews.self_node_client == Some(true))
}

/// `pkg/apis/certificates/helpers.go` of 1.27: kubeletServingRequiredUsagesNoRSA, kubeletClientRequiredUsagesNoRSA.
pub(crate) fn failed_for_usages_of_1_27(signed: &CertificateSigningRequest) -> bool {
    let mut usages: Vec<&str> = signed.usages().iter().map(String::as_str).collect();
    usages.sort_unstable();
    let are_of_1_27 = match signed.signer() {
        Some(Signer::KubeApiserverClientKubelet) => usages == ["client auth", "digital signature"],
        Some(Signer::KubeletServing) => usages == ["digital signature", "server auth"],
        _ => false,
    };
    let failed = signed.condition("Failed");
    are_of_1_27 && failed.is_some_and(|failed| failed.message.starts_with("usages did not match"))
}
