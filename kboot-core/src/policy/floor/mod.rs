//! The floor: what no policy file and no person can lift. Half of the product; the other half is
//! [`super::rule`].
//!
//! Equal to upstream's recognizers and signers where they are strict
//! (`pkg/apis/certificates/helpers.go`, `pkg/controller/certificates/signer/signer.go`), stricter where
//! they let things through. Each check either proves a violation (Deny) or meets something that it does
//! not understand (Hold).

mod names;
mod observation;

use super::case::Case;
use super::note::{Note, Observation};
use super::{Answer, KeyOwner, Reason, Verdict};
use crate::csr::usage::{DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
use crate::csr::{CertificateSigningRequest, Signer};
use crate::identity::{NODE_USER_PREFIX, NODES_GROUP, is_privileged};
use crate::shown::is_hidden;
use crate::x509::{
    AttributeTypeAndValue, CertificateRequest, EncodingAnomaly, ExtensionContent, KeyKind, RequestAttribute,
    SignatureCheck,
};
use crate::x509::{KeyUsage, RequestError};
use names::check_alternative_names;
pub use observation::FloorClause;
pub(super) use observation::FloorObservation;
use observation::{KeyRequest, NameOwner};
use {FloorClause as Of, FloorObservation as Seen};

/// Notes what the floor sees, and the refusal that counts, if there is one.
pub(super) struct Findings<'a> {
    notes: &'a mut Vec<Note>,
    refusal: Option<(Verdict, Reason)>,
}

impl Findings<'_> {
    fn note(&mut self, of: Of, seen: Seen, answer: Answer, reason: Option<Reason>) {
        self.notes.push(Note { observation: Observation::Floor(of, seen), answer, reason });
    }

    fn pass(&mut self, of: Of, seen: Seen) {
        self.note(of, seen, Answer::Yes, None);
    }

    fn deny(&mut self, of: Of, reason: Reason, seen: Seen) {
        self.fail(of, Verdict::Deny, reason, seen);
    }

    fn hold(&mut self, of: Of, reason: Reason, seen: Seen) {
        self.fail(of, Verdict::Hold, reason, seen);
    }

    /// The first refusal counts, but that proof of a violation goes before what is not understood.
    fn fail(&mut self, of: Of, verdict: Verdict, reason: Reason, seen: Seen) {
        let answer = if verdict == Verdict::Deny { Answer::No } else { Answer::Unknown };
        self.note(of, seen, answer, Some(reason));
        match self.refusal {
            Some((Verdict::Deny, _)) => {}
            Some(_) if verdict == Verdict::Hold => {}
            _ => self.refusal = Some((verdict, reason)),
        }
    }

    /// Where the notes end now.
    fn len(&self) -> usize {
        self.notes.len()
    }

    /// Whether nothing was refused since there were so many notes.
    fn is_clean_since(&self, notes: usize) -> bool {
        self.notes.len() == notes
    }
}

/// Notes that a request cannot be read, and why.
pub(super) fn unreadable(error: &RequestError, notes: &mut Vec<Note>) -> (Verdict, Reason) {
    let mut found = Findings { notes, refusal: None };
    found.pass(Of::Signer, Seen::SignerName);
    let reason = reason_of(error);
    found.deny(Of::Encoding, reason, Seen::Unreadable);
    (Verdict::Deny, reason)
}

/// Judges a request for a signer; what comes back is the refusal that counts, if there is one.
pub(super) fn judge(case: &Case<'_>, signer: Signer, notes: &mut Vec<Note>) -> Option<(Verdict, Reason)> {
    let mut found = Findings { notes, refusal: None };
    let Case { object, request, .. } = case;
    found.pass(Of::Signer, Seen::SignerName);
    check_encoding(request, &mut found);
    check_key(case, &mut found);
    check_signature(request, &mut found);
    check_attributes(request, &mut found);
    check_extensions(request, signer, &mut found);
    check_subject(request, signer, &mut found);
    if signer.is_of_nodes() {
        check_node_identity(case, &mut found);
    } else {
        check_user_identity(request, &mut found);
    }
    check_alternative_names(case, signer, &mut found);
    check_usages(object.usages(), signer, &mut found);
    check_expiration(object, &mut found);
    check_requestor(case, signer, &mut found);
    found.refusal
}

fn reason_of(error: &RequestError) -> Reason {
    match error {
        RequestError::TooLarge { .. } => Reason::TooLarge,
        RequestError::NotPem { .. } => Reason::NotPem,
        RequestError::WrongPemLabel { .. } => Reason::WrongPemLabel,
        RequestError::BadBase64 => Reason::BadBase64,
        RequestError::TooManyNames { .. } => Reason::TooManyNames,
        RequestError::Malformed => Reason::Malformed,
    }
}

fn check_encoding(request: &CertificateRequest, found: &mut Findings<'_>) {
    let before = found.len();
    for &oddity in request.anomalies() {
        let reason = match oddity {
            EncodingAnomaly::SurroundingText => continue,
            EncodingAnomaly::PemHeaders => Reason::PemHeaders,
            EncodingAnomaly::SecondBlock => Reason::SecondBlock,
            EncodingAnomaly::TrailingBytes => Reason::TrailingBytes,
            EncodingAnomaly::UnknownVersion => Reason::UnknownVersion,
        };
        found.deny(Of::Encoding, reason, Seen::Odd(oddity));
    }
    if found.is_clean_since(before) {
        found.pass(Of::Encoding, Seen::OneRequest);
    }
}

fn check_signature(request: &CertificateRequest, found: &mut Findings<'_>) {
    match request.signature() {
        SignatureCheck::Valid => found.pass(Of::Signature, Seen::Signature),
        SignatureCheck::Invalid => found.deny(Of::Signature, Reason::SignatureWrong, Seen::Signature),
        SignatureCheck::Weak => found.deny(Of::Signature, Reason::SignatureWeak, Seen::Signature),
        SignatureCheck::Unknown => found.hold(Of::Signature, Reason::SignatureUnknown, Seen::Signature),
    }
}

fn check_key(case: &Case<'_>, found: &mut Findings<'_>) {
    let Case { object, request, context, .. } = case;
    let before = found.len();
    let kind = request.public_key().kind();
    match kind {
        KeyKind::Rsa { sound_exponent: false, .. }
        | KeyKind::Rsa { bits: 0..2048, .. }
        | KeyKind::WeakCurve { .. }
        | KeyKind::WeakEdwardsPoint => found.deny(Of::Key, Reason::KeyWeak, Seen::KeyKind),
        KeyKind::Rsa { bits: 2048..=8192, .. }
        | KeyKind::EcdsaP256
        | KeyKind::EcdsaP384
        | KeyKind::EcdsaP521
        | KeyKind::Ed25519 => {}
        KeyKind::Rsa { .. } => found.hold(Of::Key, Reason::KeyOversized, Seen::KeyKind),
        KeyKind::Unknown { .. } | KeyKind::Unreadable => {
            found.hold(Of::Key, Reason::KeyUnknown, Seen::KeyKind)
        }
    }
    match context.key_owners.get(request.public_key().der()) {
        Some(KeyOwner::Authority) => {
            found.deny(Of::Key, Reason::KeyReused, Seen::AuthoritysKey);
        }
        Some(KeyOwner::User(owner)) if request.common_names().ne([owner.as_str()]) => {
            found.deny(Of::Key, Reason::KeyReused, Seen::KeyOf { user: owner.as_str().into() });
        }
        // A machine that comes again under another name has its old key; that two who asked have one is no proof
        // of which of them took it.
        Some(KeyOwner::Requested { user, requestor: earlier })
            if request.common_names().ne([user.as_str()]) && *earlier != object.requestor().username =>
        {
            let request = KeyRequest { user: user.clone(), requestor: earlier.clone() };
            found.hold(Of::Key, Reason::KeyReused, Seen::KeyRequested(Box::new(request)));
        }
        _ => {}
    }
    if found.is_clean_since(before) {
        found.pass(Of::Key, Seen::KeyKind);
    }
}

fn check_attributes(request: &CertificateRequest, found: &mut Findings<'_>) {
    let before = found.len();
    for (i, attribute) in request.attributes().iter().enumerate() {
        let is_extensions = attribute.oid == RequestAttribute::EXTENSION_REQUEST;
        if request.attributes().iter().take(i).any(|earlier| earlier.oid == attribute.oid)
            || (is_extensions && attribute.values.len() != 1)
        {
            found.deny(Of::Attributes, Reason::AttributeRepeated, Seen::AttributeTwice(i));
        } else if !is_extensions {
            found.hold(Of::Attributes, Reason::AttributeUnknown, Seen::Attribute(i));
        }
    }
    if found.is_clean_since(before) {
        found.pass(Of::Attributes, Seen::NoAttributes);
    }
}

fn check_extensions(request: &CertificateRequest, signer: Signer, found: &mut Findings<'_>) {
    let before = found.len();
    let allowed =
        |usage: &str| usage == signer.purpose() || usage == DIGITAL_SIGNATURE || usage == KEY_ENCIPHERMENT;
    for (i, extension) in request.extensions().iter().enumerate() {
        if request.extensions().iter().take(i).any(|earlier| earlier.oid == extension.oid) {
            found.deny(Of::Extensions, Reason::ExtensionRepeated, Seen::ExtensionTwice(i));
            continue;
        }
        match &extension.content {
            ExtensionContent::AlternativeNames(_) | ExtensionContent::SubjectKeyIdentifier => {}
            ExtensionContent::BasicConstraints { is_authority: false } => {}
            ExtensionContent::BasicConstraints { is_authority: true } => {
                found.deny(Of::Extensions, Reason::AsksForAuthority, Seen::AsksForAuthority);
            }
            ExtensionContent::KeyUsages(usages) => {
                if usages.contains(KeyUsage::CERT_SIGN) || usages.contains(KeyUsage::CRL_SIGN) {
                    found.deny(Of::Extensions, Reason::AsksForAuthority, Seen::ExtensionUsages(i));
                } else if !usages.words().all(allowed) {
                    found.deny(Of::Extensions, Reason::ExtensionUsages, Seen::ExtensionUsages(i));
                }
            }
            ExtensionContent::ExtendedKeyUsages(usages) => {
                if !usages.iter().all(|usage| usage.as_str().is_some_and(allowed)) {
                    found.deny(Of::Extensions, Reason::ExtensionUsages, Seen::ExtensionUsages(i));
                }
            }
            ExtensionContent::Malformed => {
                found.deny(Of::Extensions, Reason::ExtensionMalformed, Seen::Extension(i))
            }
            ExtensionContent::Unknown => {
                found.hold(Of::Extensions, Reason::ExtensionUnknown, Seen::UnknownExtension(i));
            }
        }
    }
    if found.is_clean_since(before) {
        found.pass(Of::Extensions, Seen::Extensions);
    }
}

fn check_subject(request: &CertificateRequest, signer: Signer, found: &mut Findings<'_>) {
    let before = found.len();
    let mut common_names: usize = 0;
    for (i, attribute) in request.subject_attributes().enumerate() {
        match attribute.oid {
            AttributeTypeAndValue::COMMON_NAME => common_names = common_names.saturating_add(1),
            AttributeTypeAndValue::ORGANIZATION => {}
            AttributeTypeAndValue::UID => {
                found.deny(Of::Subject, Reason::SubjectUid, Seen::Uid);
                continue;
            }
            _ if signer.is_of_nodes() => {
                found.deny(Of::Subject, Reason::SubjectAttribute, Seen::SubjectAttribute(i));
                continue;
            }
            _ => {
                found.hold(Of::Subject, Reason::SubjectAttribute, Seen::SubjectAttribute(i));
                continue;
            }
        }
        match &attribute.text {
            Some(text) if is_plain(text) => {}
            Some(_) => found.deny(Of::Subject, Reason::SubjectText, Seen::SubjectText(i)),
            None => found.deny(Of::Subject, Reason::SubjectText, Seen::NoText),
        }
    }
    match common_names {
        0 => found.deny(Of::Subject, Reason::CommonNameMissing, Seen::NoCommonName),
        1 => {}
        several => found.deny(Of::Subject, Reason::CommonNameRepeated, Seen::CommonNameCount(several)),
    }
    if found.is_clean_since(before) {
        found.pass(Of::Subject, Seen::Subject);
    }
}

/// Neither empty nor with what hides in a log: blanks around, control characters, invisible ones.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(is_hidden)
}

/// `ValidateKubeletClientCSR` and `ValidateKubeletServingCSR`; upstream looks at the prefix of the common
/// name alone, so a node without a name passes there.
fn check_node_identity(case: &Case<'_>, found: &mut Findings<'_>) {
    let before = found.len();
    if case.request.organizations().ne([NODES_GROUP]) {
        found.deny(Of::Node, Reason::Organization, Seen::Organizations);
    }
    match case.node {
        Some(_) if found.is_clean_since(before) => found.pass(Of::Node, Seen::Node),
        Some(_) => {}
        None => found.deny(Of::Node, Reason::NodeName, Seen::CommonNames),
    }
}

fn check_user_identity(request: &CertificateRequest, found: &mut Findings<'_>) {
    let mut identities = request.common_names().chain(request.organizations());
    match identities.position(is_privileged) {
        Some(i) => found.deny(Of::Identity, Reason::PrivilegedIdentity, Seen::ReservedIdentity(i)),
        None => found.pass(Of::Identity, Seen::NoReservedIdentity),
    }
}

fn check_usages(usages: &[String], signer: Signer, found: &mut Findings<'_>) {
    let has = |usage: &str| usages.iter().any(|one| one == usage);
    let is_known =
        |usage: &String| [DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, signer.purpose()].contains(&usage.as_str());
    // Without key encipherment since 1.27, where the key is not RSA.
    let fits = usages.iter().all(is_known)
        && has(signer.purpose())
        && (!signer.is_of_nodes() || has(DIGITAL_SIGNATURE));
    if !fits {
        found.deny(Of::Usages, Reason::Usages, Seen::Usages);
    } else if usages
        .iter()
        .enumerate()
        .any(|(i, usage)| usages.iter().take(i).any(|earlier| earlier == usage))
    {
        found.deny(Of::Usages, Reason::UsagesRepeated, Seen::Usages);
    } else {
        found.pass(Of::Usages, Seen::Usages);
    }
}

fn check_expiration(object: &CertificateSigningRequest, found: &mut Findings<'_>) {
    match object.expiration_seconds() {
        // `validateCertificateSigningRequest`
        Some(seconds) if seconds < 600 => {
            found.deny(Of::Expiration, Reason::ExpirationTooShort, Seen::Lifetime);
        }
        Some(_) | None => found.pass(Of::Expiration, Seen::Lifetime),
    }
}

/// A node's identity comes from who sent the request, never from the request.
fn check_requestor(case: &Case<'_>, signer: Signer, found: &mut Findings<'_>) {
    let requestor = case.object.requestor();
    if requestor.username.is_empty() {
        return found.hold(Of::Requestor, Reason::RequestorUnknown, Seen::NoSender);
    }
    if requestor.username == "system:anonymous" || requestor.is_in("system:unauthenticated") {
        return found.deny(Of::Requestor, Reason::RequestorAnonymous, Seen::Sender);
    }
    if signer.is_of_nodes() {
        let is_node = requestor.username.starts_with(NODE_USER_PREFIX);
        let is_itself = case.request.common_names().eq([requestor.username.as_str()]);
        if is_node && !is_itself {
            return found.deny(Of::Requestor, Reason::RequestorOtherNode, Seen::Sender);
        }
        // Outside system:nodes it only bears the name (`pkg/auth/nodeidentifier/default.go`).
        let must_be_node = is_node || signer == Signer::KubeletServing;
        if must_be_node && !case.is_sent_by_node() {
            return found.hold(Of::Requestor, Reason::RequestorNotNode, Seen::Sender);
        }
    }
    found.pass(Of::Requestor, Seen::Sender);
}
