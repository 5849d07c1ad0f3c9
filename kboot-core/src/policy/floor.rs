//! The floor: what no policy file and no person can lift. Half of the product; the other half is
//! [`super::rule`].
//!
//! Equal to upstream's recognizers and signers where they are strict
//! (`pkg/apis/certificates/helpers.go`, `pkg/controller/certificates/signer/signer.go`), stricter where
//! they let things through. Each check either proves a violation (Deny) or meets something that it does
//! not understand (Hold).

use super::decision::{Answer, Clause, Verdict};
use super::names::{check_alternative_names, escaped, list};
use super::{Code, Context, KeyOwner};
use crate::csr::usage::{DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
use crate::csr::{
    CertificateRequest, CertificateSigningRequest, ExtensionContent, KeyKind, NameAttribute, Oddity,
    RequestAttribute, Requestor, SignatureCheck, Signer,
};
use crate::name::NodeName;
use crate::shown::is_hidden;
use crate::x509::{KeyUsage, RequestError};

/// What the floor found: every clause, and the refusal that counts, if there is one.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) clauses: Vec<Clause>,
    pub(super) refusal: Option<(Verdict, Code)>,
}

impl Findings {
    pub(super) fn pass(&mut self, name: &'static str, saw: String) {
        self.clauses.push(Clause { rule: None, name, saw, answer: Answer::Yes, code: None });
    }

    pub(super) fn deny(&mut self, name: &'static str, code: Code, saw: String) {
        self.fail(name, Verdict::Deny, code, saw);
    }

    pub(super) fn hold(&mut self, name: &'static str, code: Code, saw: String) {
        self.fail(name, Verdict::Hold, code, saw);
    }

    /// The first refusal counts, but that proof of a violation goes before what is not understood.
    fn fail(&mut self, name: &'static str, verdict: Verdict, code: Code, saw: String) {
        let answer = if verdict == Verdict::Deny { Answer::No } else { Answer::Unknown };
        self.clauses.push(Clause { rule: None, name, saw, answer, code: Some(code) });
        match self.refusal {
            Some((Verdict::Deny, _)) => {}
            Some(_) if verdict == Verdict::Hold => {}
            _ => self.refusal = Some((verdict, code)),
        }
    }

    /// Whether nothing was refused since there were so many clauses.
    fn is_clean_since(&self, clauses: usize) -> bool {
        self.clauses.len() == clauses
    }
}

/// Judges a request for a signer. The request itself comes back where it can be read at all.
pub(super) fn judge<'a>(
    object: &'a CertificateSigningRequest,
    signer: Signer,
    context: &Context<'_>,
) -> (Findings, Option<&'a CertificateRequest>) {
    let mut found = Findings::default();
    found.pass("signer", signer.name().to_owned());
    let request = match object.request() {
        Ok(request) => request,
        Err(error) => {
            found.deny("encoding", code_of(error), error.to_string());
            return (found, None);
        }
    };
    check_encoding(request, &mut found);
    check_key(object.requestor(), request, context, &mut found);
    check_signature(request, &mut found);
    check_attributes(request, &mut found);
    check_extensions(request, signer, &mut found);
    check_subject(request, signer, &mut found);
    if signer.is_of_nodes() {
        check_node_identity(request, &mut found);
    } else {
        check_user_identity(request, &mut found);
    }
    check_alternative_names(request, signer, context, &mut found);
    check_usages(object.usages(), signer, &mut found);
    check_expiration(object, &mut found);
    check_requestor(object.requestor(), request, signer, &mut found);
    (found, Some(request))
}

fn code_of(error: &RequestError) -> Code {
    match error {
        RequestError::TooLarge { .. } => Code::TooLarge,
        RequestError::NotPem { .. } => Code::NotPem,
        RequestError::WrongPemLabel { .. } => Code::WrongPemLabel,
        RequestError::BadBase64 => Code::BadBase64,
        RequestError::TooManyNames { .. } => Code::TooManyNames,
        RequestError::Malformed => Code::Malformed,
    }
}

fn check_encoding(request: &CertificateRequest, found: &mut Findings) {
    const NAME: &str = "encoding";
    let before = found.clauses.len();
    for oddity in request.anomalies() {
        match oddity {
            Oddity::SurroundingText => {}
            Oddity::PemHeaders => {
                found.deny(NAME, Code::PemHeaders, "headers inside the PEM block".to_owned())
            }
            Oddity::SecondBlock => found.deny(NAME, Code::SecondBlock, "more after the PEM block".to_owned()),
            Oddity::TrailingBytes => {
                found.deny(NAME, Code::TrailingBytes, "bytes after the request".to_owned());
            }
            Oddity::UnknownVersion => {
                found.deny(NAME, Code::UnknownVersion, "a version other than 0".to_owned())
            }
        }
    }
    if found.is_clean_since(before) {
        found.pass(NAME, format!("one request of {} bytes", request.der().len()));
    }
}

fn check_signature(request: &CertificateRequest, found: &mut Findings) {
    const NAME: &str = "signature";
    match request.signature() {
        SignatureCheck::Right => found.pass(NAME, "made by the request's own key".to_owned()),
        SignatureCheck::Wrong => {
            found.deny(NAME, Code::SignatureWrong, "not made by the request's key".to_owned())
        }
        SignatureCheck::Weak => found.deny(NAME, Code::SignatureWeak, "made with MD5 or SHA-1".to_owned()),
        SignatureCheck::Unknown => {
            found.hold(NAME, Code::SignatureUnknown, "its algorithm is not verified here".to_owned());
        }
    }
}

fn check_key(
    requestor: &Requestor,
    request: &CertificateRequest,
    context: &Context<'_>,
    found: &mut Findings,
) {
    const NAME: &str = "key";
    let before = found.clauses.len();
    let kind = request.public_key().kind();
    let saw = kind.to_string();
    match kind {
        KeyKind::Rsa { sound_exponent: false, .. }
        | KeyKind::Rsa { bits: 0..2048, .. }
        | KeyKind::WeakCurve { .. }
        | KeyKind::WeakEdwardsPoint => found.deny(NAME, Code::KeyWeak, saw),
        KeyKind::Rsa { bits: 2048..=8192, .. }
        | KeyKind::EcdsaP256
        | KeyKind::EcdsaP384
        | KeyKind::EcdsaP521
        | KeyKind::Ed25519 => {}
        KeyKind::Rsa { .. } => found.hold(NAME, Code::KeyOversized, saw),
        KeyKind::Unknown { .. } | KeyKind::Unreadable => found.hold(NAME, Code::KeyUnknown, saw),
    }
    match context.key_owners.get(request.public_key().der()) {
        Some(KeyOwner::Authority) => {
            found.deny(NAME, Code::KeyReused, "it is the authority's own".to_owned());
        }
        Some(KeyOwner::User(owner)) if request.common_names().ne([owner.as_str()]) => {
            found.deny(NAME, Code::KeyReused, format!("it is {}'s already", escaped(owner)));
        }
        // A machine that comes again under another name has its old key; that two who asked have one is no proof
        // of which of them took it.
        Some(KeyOwner::Requested { user, requestor: earlier })
            if request.common_names().ne([user.as_str()]) && *earlier != requestor.username =>
        {
            let saw = format!("{} asked for {} with it", escaped(earlier), escaped(user));
            found.hold(NAME, Code::KeyReused, saw);
        }
        _ => {}
    }
    if found.is_clean_since(before) {
        found.pass(NAME, kind.to_string());
    }
}

fn check_attributes(request: &CertificateRequest, found: &mut Findings) {
    const NAME: &str = "attributes";
    let before = found.clauses.len();
    for (i, attribute) in request.attributes().iter().enumerate() {
        let is_extensions = attribute.oid == RequestAttribute::EXTENSION_REQUEST;
        if request.attributes().iter().take(i).any(|earlier| earlier.oid == attribute.oid)
            || (is_extensions && attribute.values.len() != 1)
        {
            found.deny(NAME, Code::AttributeRepeated, format!("{} stands there twice", attribute.oid));
        } else if !is_extensions {
            found.hold(NAME, Code::AttributeUnknown, attribute.oid.to_string());
        }
    }
    if found.is_clean_since(before) {
        found.pass(NAME, "none but the extensions".to_owned());
    }
}

fn check_extensions(request: &CertificateRequest, signer: Signer, found: &mut Findings) {
    const NAME: &str = "extensions";
    let before = found.clauses.len();
    let allowed =
        |usage: &str| usage == signer.purpose() || usage == DIGITAL_SIGNATURE || usage == KEY_ENCIPHERMENT;
    for (i, extension) in request.extensions().iter().enumerate() {
        if request.extensions().iter().take(i).any(|earlier| earlier.oid == extension.oid) {
            found.deny(NAME, Code::ExtensionRepeated, format!("{} stands there twice", extension.oid));
            continue;
        }
        match &extension.content {
            ExtensionContent::AlternativeNames(_) | ExtensionContent::SubjectKeyIdentifier => {}
            ExtensionContent::BasicConstraints { is_authority: false } => {}
            ExtensionContent::BasicConstraints { is_authority: true } => {
                found.deny(NAME, Code::AsksForAuthority, "CA:TRUE".to_owned());
            }
            ExtensionContent::KeyUsages(usages) => {
                if usages.contains(KeyUsage::CERT_SIGN) || usages.contains(KeyUsage::CRL_SIGN) {
                    found.deny(NAME, Code::AsksForAuthority, usages.to_string());
                } else if !usages.words().all(allowed) {
                    found.deny(NAME, Code::ExtensionUsages, usages.to_string());
                }
            }
            ExtensionContent::ExtendedKeyUsages(usages) => {
                if !usages.iter().all(|usage| usage.word().is_some_and(allowed)) {
                    found.deny(NAME, Code::ExtensionUsages, list(usages.iter().map(ToString::to_string)));
                }
            }
            ExtensionContent::Malformed => {
                found.deny(NAME, Code::ExtensionMalformed, extension.oid.to_string())
            }
            ExtensionContent::Unknown => {
                let critical = if extension.critical { ", critical" } else { "" };
                found.hold(NAME, Code::ExtensionUnknown, format!("{}{critical}", extension.oid));
            }
        }
    }
    if found.is_clean_since(before) {
        let count = request.extensions().len();
        found.pass(NAME, if count == 0 { "none".to_owned() } else { format!("{count}, understood") });
    }
}

fn check_subject(request: &CertificateRequest, signer: Signer, found: &mut Findings) {
    const NAME: &str = "subject";
    let before = found.clauses.len();
    let mut common_names: usize = 0;
    for attribute in request.subject_attributes() {
        match attribute.oid {
            NameAttribute::COMMON_NAME => common_names = common_names.saturating_add(1),
            NameAttribute::ORGANIZATION => {}
            NameAttribute::UID => {
                found.deny(NAME, Code::SubjectUid, "a UID".to_owned());
                continue;
            }
            other if signer.is_of_nodes() => {
                found.deny(NAME, Code::SubjectAttribute, other.to_string());
                continue;
            }
            other => {
                found.hold(NAME, Code::SubjectAttribute, other.to_string());
                continue;
            }
        }
        match &attribute.text {
            Some(text) if is_plain(text) => {}
            Some(text) => found.deny(NAME, Code::SubjectText, escaped(text)),
            None => found.deny(NAME, Code::SubjectText, "a value that is no text".to_owned()),
        }
    }
    match common_names {
        0 => found.deny(NAME, Code::CommonNameMissing, "no common name".to_owned()),
        1 => {}
        several => found.deny(NAME, Code::CommonNameRepeated, format!("{several} common names")),
    }
    if found.is_clean_since(before) {
        let organizations = list(request.organizations());
        let user = list(request.common_names());
        found.pass(NAME, format!("CN={user}, O={organizations}"));
    }
}

/// Neither empty nor with what hides in a log: blanks around, control characters, invisible ones.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(is_hidden)
}

/// `ValidateKubeletClientCSR` and `ValidateKubeletServingCSR`; upstream looks at the prefix of the common
/// name alone, so a node without a name passes there.
fn check_node_identity(request: &CertificateRequest, found: &mut Findings) {
    const NAME: &str = "node";
    let before = found.clauses.len();
    if request.organizations().ne(["system:nodes"]) {
        found.deny(NAME, Code::Organization, list(request.organizations()));
    }
    match node_of(request) {
        Some(node) if found.is_clean_since(before) => found.pass(NAME, node.to_string()),
        Some(_) => {}
        None => found.deny(NAME, Code::NodeName, list(request.common_names())),
    }
}

/// The node that a request is for, by its common name.
pub(super) fn node_of(request: &CertificateRequest) -> Option<NodeName> {
    let mut names = request.common_names();
    let name = names.next()?.strip_prefix("system:node:")?.parse().ok()?;
    names.next().is_none().then_some(name)
}

fn check_user_identity(request: &CertificateRequest, found: &mut Findings) {
    const NAME: &str = "identity";
    let mut identities = request.common_names().chain(request.organizations());
    match identities.find(|identity| is_privileged(identity)) {
        Some(identity) => found.deny(NAME, Code::PrivilegedIdentity, escaped(identity)),
        None => found.pass(NAME, "not a reserved one".to_owned()),
    }
}

/// Users and groups that clusters made by kubeadm or kboot give power to, besides all of `system:`.
pub(super) const PRIVILEGED: [&str; 8] = [
    "kubeadm:cluster-admins",
    "kubernetes-admin",
    "kubernetes-super-admin",
    "kube-apiserver",
    "kube-apiserver-kubelet-client",
    "kube-apiserver-etcd-client",
    "kube-etcd-healthcheck-client",
    "front-proxy-client",
];
/// What every user and group of Kubernetes itself starts with: masters, nodes, controllers, service accounts.
pub(super) const RESERVED_PREFIX: &str = "system:";

/// Whether a user or group is one that no request may ask for; spelling that only looks like it counts.
pub(super) fn is_privileged(identity: &str) -> bool {
    let plain = identity.trim().to_lowercase();
    plain.starts_with(RESERVED_PREFIX) || PRIVILEGED.contains(&plain.as_str())
}

fn check_usages(usages: &[String], signer: Signer, found: &mut Findings) {
    const NAME: &str = "usages";
    let has = |usage: &str| usages.iter().any(|one| one == usage);
    let is_known =
        |usage: &String| [DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, signer.purpose()].contains(&usage.as_str());
    // Without key encipherment since 1.27, where the key is not RSA.
    let fits = usages.iter().all(is_known)
        && has(signer.purpose())
        && (!signer.is_of_nodes() || has(DIGITAL_SIGNATURE));
    if !fits {
        found.deny(NAME, Code::Usages, list(usages));
    } else if usages
        .iter()
        .enumerate()
        .any(|(i, usage)| usages.iter().take(i).any(|earlier| earlier == usage))
    {
        found.deny(NAME, Code::UsagesRepeated, list(usages));
    } else {
        found.pass(NAME, usages.join(", "));
    }
}

fn check_expiration(object: &CertificateSigningRequest, found: &mut Findings) {
    const NAME: &str = "expiration";
    match object.expiration_seconds() {
        // `validateCertificateSigningRequest`
        Some(seconds) if seconds < 600 => {
            found.deny(NAME, Code::ExpirationTooShort, format!("{seconds} seconds"));
        }
        Some(seconds) => found.pass(NAME, format!("{seconds} seconds")),
        None => found.pass(NAME, "the signer's own".to_owned()),
    }
}

/// A node's identity comes from who sent the request, never from the request.
fn check_requestor(
    requestor: &Requestor,
    request: &CertificateRequest,
    signer: Signer,
    found: &mut Findings,
) {
    const NAME: &str = "requestor";
    let sender = escaped(&requestor.username);
    if requestor.username.is_empty() {
        return found.hold(NAME, Code::RequestorUnknown, "no user name".to_owned());
    }
    if requestor.username == "system:anonymous" || requestor.is_in("system:unauthenticated") {
        return found.deny(NAME, Code::RequestorAnonymous, sender);
    }
    if signer.is_of_nodes() {
        let is_node = requestor.username.starts_with("system:node:");
        let is_itself = request.common_names().eq([requestor.username.as_str()]);
        if is_node && !is_itself {
            return found.deny(NAME, Code::RequestorOtherNode, sender);
        }
        // Outside system:nodes it only bears the name (`pkg/auth/nodeidentifier/default.go`).
        let must_be_node = is_node || signer == Signer::KubeletServing;
        if must_be_node && !(is_itself && requestor.node().is_some()) {
            return found.hold(NAME, Code::RequestorNotNode, sender);
        }
    }
    found.pass(NAME, sender);
}
