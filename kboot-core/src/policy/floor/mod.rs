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
use super::note::{Note, Observation, write};
use super::number::Number;
use super::{Answer, KeyOwner, Reason, Verdict};
use crate::csr::SHORTEST_EXPIRATION;
use crate::csr::usage::{DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
use crate::csr::{CertificateSigningRequest, Signer};
use crate::identity::{NODE_USER_PREFIX, NODES_GROUP, is_privileged};
use crate::shown::is_hidden;
use crate::x509::{
    AttributeTypeAndValue, CertificateRequest, EncodingAnomaly, ExtensionContent, KeyKind, RequestAttribute,
    SignatureCheck,
};
use crate::x509::{KeyUsage, RequestError};
use FloorObservation as Seen;
use names::check_alternative_names;
pub use observation::FloorClause;
pub(super) use observation::FloorObservation;
use observation::NameOwner;

/// Notes what the floor sees, and the refusal that counts, if there is one.
pub(super) struct Findings<'a> {
    notes: &'a mut Vec<Note>,
    refusal: Option<(Verdict, Reason)>,
}

impl Findings<'_> {
    #[inline]
    fn note(&mut self, seen: Seen, answer: Answer, reason: Option<Reason>) {
        write(self.notes, || Note { observation: Observation::Floor(seen), answer, reason });
    }

    #[inline]
    fn pass(&mut self, seen: Seen) {
        self.note(seen, Answer::Yes, None);
    }

    fn deny(&mut self, reason: Reason, seen: Seen) {
        self.fail(Verdict::Deny, reason, seen);
    }

    fn hold(&mut self, reason: Reason, seen: Seen) {
        self.fail(Verdict::Hold, reason, seen);
    }

    /// The first refusal counts, but that proof of a violation goes before what is not understood.
    fn fail(&mut self, verdict: Verdict, reason: Reason, seen: Seen) {
        let answer = if verdict == Verdict::Deny { Answer::No } else { Answer::Unknown };
        self.note(seen, answer, Some(reason));
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
    found.pass(Seen::SignerName);
    let reason = reason_of(error);
    found.deny(reason, Seen::Unreadable);
    (Verdict::Deny, reason)
}

/// Judges a request for a signer; what comes back is the refusal that counts, if there is one.
pub(super) fn judge(case: &Case<'_>, signer: Signer, notes: &mut Vec<Note>) -> Option<(Verdict, Reason)> {
    let mut found = Findings { notes, refusal: None };
    let Case { object, request, .. } = case;
    found.pass(Seen::SignerName);
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
        found.deny(reason, Seen::Odd(oddity));
    }
    if found.is_clean_since(before) {
        found.pass(Seen::OneRequest);
    }
}

fn check_signature(request: &CertificateRequest, found: &mut Findings<'_>) {
    match request.signature() {
        SignatureCheck::Valid => found.pass(Seen::Signature),
        SignatureCheck::Invalid => found.deny(Reason::SignatureWrong, Seen::Signature),
        SignatureCheck::Weak => found.deny(Reason::SignatureWeak, Seen::Signature),
        SignatureCheck::Unknown => found.hold(Reason::SignatureUnknown, Seen::Signature),
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
        | KeyKind::WeakEdwardsPoint => found.deny(Reason::KeyWeak, Seen::KeyKind),
        KeyKind::Rsa { bits: 2048..=8192, .. }
        | KeyKind::EcdsaP256
        | KeyKind::EcdsaP384
        | KeyKind::EcdsaP521
        | KeyKind::Ed25519 => {}
        KeyKind::Rsa { .. } => found.hold(Reason::KeyOversized, Seen::KeyKind),
        KeyKind::Unknown { .. } | KeyKind::Unreadable => found.hold(Reason::KeyUnknown, Seen::KeyKind),
    }
    let of_another = |owner: &KeyOwner| Seen::KeyOf(Box::new(owner.clone()));
    match context.key_owners.get(request.public_key()) {
        Some(owner @ KeyOwner::Authority) => found.deny(Reason::KeyReused, of_another(owner)),
        Some(owner @ KeyOwner::User(user)) if request.common_names().ne([user.as_str()]) => {
            found.deny(Reason::KeyReused, of_another(owner));
        }
        // A machine that comes again under another name has its old key; that two who asked have one is no proof
        // of which of them took it.
        Some(owner @ KeyOwner::Requested { user, requestor: earlier })
            if request.common_names().ne([user.as_str()]) && *earlier != object.requestor().username =>
        {
            found.hold(Reason::KeyReused, of_another(owner));
        }
        _ => {}
    }
    if found.is_clean_since(before) {
        found.pass(Seen::KeyKind);
    }
}

fn check_attributes(request: &CertificateRequest, found: &mut Findings<'_>) {
    let before = found.len();
    for (i, attribute) in request.attributes().iter().enumerate() {
        let is_extensions = attribute.oid == RequestAttribute::EXTENSION_REQUEST;
        if request.attributes().iter().take(i).any(|earlier| earlier.oid == attribute.oid)
            || (is_extensions && attribute.values.len() != 1)
        {
            found.deny(Reason::AttributeRepeated, Seen::AttributeTwice(Number::of(i)));
        } else if !is_extensions {
            found.hold(Reason::AttributeUnknown, Seen::Attribute(Number::of(i)));
        }
    }
    if found.is_clean_since(before) {
        found.pass(Seen::NoAttributes);
    }
}

fn check_extensions(request: &CertificateRequest, signer: Signer, found: &mut Findings<'_>) {
    let before = found.len();
    let allowed =
        |usage: &str| usage == signer.purpose() || usage == DIGITAL_SIGNATURE || usage == KEY_ENCIPHERMENT;
    for (i, extension) in request.extensions().iter().enumerate() {
        if request.extensions().iter().take(i).any(|earlier| earlier.oid == extension.oid) {
            found.deny(Reason::ExtensionRepeated, Seen::ExtensionTwice(Number::of(i)));
            continue;
        }
        match &extension.content {
            ExtensionContent::AlternativeNames(_) | ExtensionContent::SubjectKeyIdentifier => {}
            ExtensionContent::BasicConstraints { is_authority: false } => {}
            ExtensionContent::BasicConstraints { is_authority: true } => {
                found.deny(Reason::AsksForAuthority, Seen::AsksForAuthority);
            }
            ExtensionContent::KeyUsages(usages) => {
                if usages.contains(KeyUsage::CERT_SIGN) || usages.contains(KeyUsage::CRL_SIGN) {
                    found.deny(Reason::AsksForAuthority, Seen::ExtensionUsages(Number::of(i)));
                } else if !usages.words().all(allowed) {
                    found.deny(Reason::ExtensionUsages, Seen::ExtensionUsages(Number::of(i)));
                }
            }
            ExtensionContent::ExtendedKeyUsages(usages) => {
                if !usages.iter().all(|usage| usage.as_str().is_some_and(allowed)) {
                    found.deny(Reason::ExtensionUsages, Seen::ExtensionUsages(Number::of(i)));
                }
            }
            ExtensionContent::Malformed => {
                found.deny(Reason::ExtensionMalformed, Seen::Extension(Number::of(i)))
            }
            ExtensionContent::Unknown => {
                found.hold(Reason::ExtensionUnknown, Seen::UnknownExtension(Number::of(i)));
            }
        }
    }
    if found.is_clean_since(before) {
        found.pass(Seen::Extensions);
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
                found.deny(Reason::SubjectUid, Seen::Uid);
                continue;
            }
            _ if signer.is_of_nodes() => {
                found.deny(Reason::SubjectAttribute, Seen::SubjectAttribute(Number::of(i)));
                continue;
            }
            _ => {
                found.hold(Reason::SubjectAttribute, Seen::SubjectAttribute(Number::of(i)));
                continue;
            }
        }
        match &attribute.text {
            Some(text) if is_plain(text) => {}
            Some(_) => found.deny(Reason::SubjectText, Seen::SubjectText(Number::of(i))),
            None => found.deny(Reason::SubjectText, Seen::NoText),
        }
    }
    match common_names {
        0 => found.deny(Reason::CommonNameMissing, Seen::NoCommonName),
        1 => {}
        several => found.deny(Reason::CommonNameRepeated, Seen::CommonNameCount(Number::of(several))),
    }
    if found.is_clean_since(before) {
        found.pass(Seen::Subject);
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
        found.deny(Reason::Organization, Seen::Organizations);
    }
    match case.node {
        Some(_) if found.is_clean_since(before) => found.pass(Seen::Node),
        Some(_) => {}
        None => found.deny(Reason::NodeName, Seen::CommonNames),
    }
}

fn check_user_identity(request: &CertificateRequest, found: &mut Findings<'_>) {
    let mut identities = request.common_names().chain(request.organizations());
    match identities.position(is_privileged) {
        Some(i) => found.deny(Reason::PrivilegedIdentity, Seen::ReservedIdentity(Number::of(i))),
        None => found.pass(Seen::NoReservedIdentity),
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
        found.deny(Reason::Usages, Seen::Usages);
    } else if usages
        .iter()
        .enumerate()
        .any(|(i, usage)| usages.iter().take(i).any(|earlier| earlier == usage))
    {
        found.deny(Reason::UsagesRepeated, Seen::Usages);
    } else {
        found.pass(Seen::Usages);
    }
}

fn check_expiration(object: &CertificateSigningRequest, found: &mut Findings<'_>) {
    match object.expiration_seconds() {
        Some(seconds) if seconds < SHORTEST_EXPIRATION => {
            found.deny(Reason::ExpirationTooShort, Seen::Lifetime);
        }
        Some(_) | None => found.pass(Seen::Lifetime),
    }
}

/// A node's identity comes from who sent the request, never from the request.
fn check_requestor(case: &Case<'_>, signer: Signer, found: &mut Findings<'_>) {
    let requestor = case.object.requestor();
    if requestor.username.is_empty() {
        return found.hold(Reason::RequestorUnknown, Seen::NoSender);
    }
    if requestor.username == "system:anonymous" || requestor.is_in("system:unauthenticated") {
        return found.deny(Reason::RequestorAnonymous, Seen::Sender);
    }
    if signer.is_of_nodes() {
        let is_node = requestor.username.starts_with(NODE_USER_PREFIX);
        let is_itself = case.request.common_names().eq([requestor.username.as_str()]);
        if is_node && !is_itself {
            return found.deny(Reason::RequestorOtherNode, Seen::Sender);
        }
        // Outside system:nodes it only bears the name (`pkg/auth/nodeidentifier/default.go`).
        let must_be_node = is_node || signer == Signer::KubeletServing;
        if must_be_node && !case.is_sent_by_node() {
            return found.hold(Reason::RequestorNotNode, Seen::Sender);
        }
    }
    found.pass(Seen::Sender);
}
