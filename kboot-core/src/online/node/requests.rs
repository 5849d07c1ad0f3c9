//! A node's CertificateSigningRequests: which there are, and why one has no certificate.

use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition};

use super::Check;
use super::report::{ok, problem};
use crate::csr::usage::{DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
use crate::csr::{
    AlternativeName, CertificateRequest, ExtensionContent, NameAttribute, Oddity, Requestor, Signer,
};
use crate::name::{NodeName, is_dns1123_subdomain};
use crate::online::quoted;
use crate::pki::Certificate;
use crate::time::Timestamp;

const NODES: &str = "system:nodes";

/// How many requests without a certificate are explained one by one.
const SHOWN: usize = 20;

/// A request that concerns a node.
#[derive(Debug)]
pub(super) struct NodeRequest {
    object: CertificateSigningRequest,
    /// The request, or why kube-apiserver's reader and signer would not take it.
    request: Result<CertificateRequest, String>,
    /// Whether it asks for the node's name and nothing like it.
    asks_for_node: bool,
}

impl NodeRequest {
    /// The request, if it was sent by the node or asks for its name. A common name that only ends as the
    /// node's does is taken too: a request made by hand that got the prefix wrong.
    pub(super) fn of(name: &NodeName, object: CertificateSigningRequest) -> Option<Self> {
        let request = decoded(&object.spec.request.0);
        let asks_like_it = request.as_ref().is_ok_and(|request| {
            request.common_names().any(|cn| cn.rsplit(':').next() == Some(name.as_str()))
        });
        let user = name.username();
        let asks_for_node = request.as_ref().is_ok_and(|request| request.common_names().eq([user.as_str()]));
        let sent_by_it = object.spec.username.as_deref() == Some(user.as_str());
        (asks_like_it || sent_by_it).then_some(Self { object, request, asks_for_node })
    }

    /// The name, which is not limited to harmless characters.
    pub(super) fn shown_name(&self) -> String {
        let name = self.object.metadata.name.as_deref().unwrap_or_default();
        if is_dns1123_subdomain(name) { name.to_owned() } else { quoted(name, 64) }
    }

    fn signer(&self) -> Option<Signer> {
        self.object.spec.signer_name.parse().ok()
    }

    fn requestor(&self) -> Requestor {
        let spec = &self.object.spec;
        let groups = spec.groups.iter().flatten();
        groups.fold(Requestor::user(spec.username.as_deref().unwrap_or_default()), |user, group| {
            user.group(group)
        })
    }

    fn created(&self) -> i64 {
        self.object.metadata.creation_timestamp.as_ref().map_or(0, |time| time.0.as_second())
    }

    fn condition(&self, wanted: &str) -> Option<&CertificateSigningRequestCondition> {
        let conditions = self.object.status.as_ref()?.conditions.as_deref()?;
        conditions.iter().find(|condition| condition.type_ == wanted)
    }

    fn not_after(&self) -> Option<Timestamp> {
        let pem = &self.object.status.as_ref()?.certificate.as_ref()?.0;
        Some(Certificate::from_pem(pem).ok()?.facts().validity.not_after)
    }
}

/// Reads a request. What the signer's reader (Go's `x509.ParseCertificateRequest`) refuses is an error here,
/// and so is what it would drop without a word.
fn decoded(pem: &[u8]) -> Result<CertificateRequest, String> {
    let request = CertificateRequest::from_pem(pem).map_err(|error| error.to_string())?;
    if request.anomalies().contains(&Oddity::TrailingBytes) {
        return Err(Oddity::TrailingBytes.to_string());
    }
    let is_identity = |attribute: &NameAttribute| {
        [NameAttribute::COMMON_NAME, NameAttribute::ORGANIZATION].contains(&attribute.oid)
    };
    if request.subject_attributes().any(|name| is_identity(name) && name.text.is_none()) {
        return Err("a name in its subject is not a text".to_owned());
    }
    let malformed = |content: &ExtensionContent| *content == ExtensionContent::Malformed;
    if let Some(extension) = request.extensions().iter().find(|extension| malformed(&extension.content)) {
        return Err(format!("its extension {} is malformed", extension.oid));
    }
    Ok(request)
}

/// The latest request of the node to a signer that has its certificate, and when that ends.
pub(super) fn latest_issued(all: &[NodeRequest], signer: Signer) -> Option<(&NodeRequest, Timestamp)> {
    let of_signer = all.iter().filter(|request| request.asks_for_node && request.signer() == Some(signer));
    of_signer
        .filter_map(|request| Some((request, request.not_after()?)))
        .max_by_key(|(request, _)| request.created())
}

/// Why each request without a certificate has none, newest first. One that was followed by a certificate
/// of the same signer is done with.
pub(super) fn explain(name: &NodeName, all: &[NodeRequest]) -> Vec<Check> {
    let mut open: Vec<&NodeRequest> = all.iter().filter(|request| request.not_after().is_none()).collect();
    open.sort_by_key(|request| std::cmp::Reverse(request.created()));
    let mut checks: Vec<Check> = open.iter().take(SHOWN).map(|request| check(name, request, all)).collect();
    let more = open.len().saturating_sub(SHOWN);
    if more > 0 {
        checks.push(problem("certificate requests", format!("{more} older ones have no certificate either")));
    }
    checks
}

fn check(name: &NodeName, request: &NodeRequest, all: &[NodeRequest]) -> Check {
    let title = format!("certificate request {}", request.shown_name());
    let later = request
        .signer()
        .and_then(|signer| latest_issued(all, signer))
        .filter(|(issued, _)| issued.created() >= request.created());
    let state = state(request);
    let signer = match request.signer() {
        Some(signer) if signer.is_of_nodes() => signer.to_string(),
        _ => quoted(&request.object.spec.signer_name, 64),
    };
    match later {
        Some((issued, _)) => {
            let text = format!("{signer}, {state}, and done with: {} was issued later", issued.shown_name());
            ok(&title, text)
        }
        None => problem(&title, format!("{signer}, {state}: {}", why(name, request))),
    }
}

fn state(request: &NodeRequest) -> &'static str {
    let has = |condition| request.condition(condition).is_some();
    match (has("Denied"), has("Failed"), has("Approved")) {
        (true, ..) => "denied",
        (_, true, _) => "failed",
        (.., true) => "approved but not signed",
        _ => "pending",
    }
}

/// The reason in words. What the signer would refuse comes first: neither an approval nor a binding helps
/// against it.
fn why(name: &NodeName, request: &NodeRequest) -> String {
    let ended = request.condition("Denied").or_else(|| request.condition("Failed"));
    if let Some(condition) = ended {
        let reason = quoted(condition.reason.as_deref().unwrap_or_default(), 64);
        let message = quoted(condition.message.as_deref().unwrap_or_default(), 256);
        return format!(
            "reason {reason}, message {message}. This is final; the kubelet sends another request"
        );
    }
    let Some(signer) = request.signer().filter(|signer| signer.is_of_nodes()) else {
        return format!(
            "a kubelet asks {} for its client certificate and {} for its serving certificate; for another signer, \
             its own approver must act",
            Signer::KubeApiserverClientKubelet,
            Signer::KubeletServing
        );
    };
    let decoded = match &request.request {
        Ok(decoded) => decoded,
        Err(problem) => return format!("its spec.request cannot be read: {problem}"),
    };
    let wrong = misfits(name, signer, request, decoded);
    if !wrong.is_empty() {
        return format!("it is not what a kubelet asks for: {}", wrong.join("; "));
    }
    if request.condition("Approved").is_some() {
        return "kube-controller-manager signs it: does it run, with its controller csrsigning (csrsigning-controller) on \
                and with --cluster-signing-cert-file and --cluster-signing-key-file?"
            .to_owned();
    }
    let by_hand = approval(request);
    if signer == Signer::KubeletServing {
        let name = |name: &AlternativeName| match name {
            AlternativeName::Dns(dns) => quoted(dns, 64),
            AlternativeName::Ip(address) => address.to_string(),
            other => quoted(&other.to_string(), 64),
        };
        let names: Vec<_> = decoded.alternative_names().map(name).take(16).collect();
        return format!(
            "nothing in Kubernetes approves serving certificates; a person or an approver must. It asks for {}. If \
             these are the node's: {by_hand}",
            names.join(", ")
        );
    }
    let requestor = request.requestor();
    let (role, groups) = if requestor.username == name.username().as_str() {
        ("selfnodeclient", quoted(NODES, 64))
    } else {
        let groups: Vec<_> = requestor.groups.iter().take(16).map(|group| quoted(group, 64)).collect();
        ("nodeclient", groups.join(", "))
    };
    format!(
        "kube-controller-manager approves it where the requestor, {}, may create certificatesigningrequests/{role}: \
         bind the ClusterRole system:certificates.k8s.io:certificatesigningrequests:{role} to one of its groups \
         ({groups}). If there is such a binding, does kube-controller-manager run, with its controller csrapproving \
         on? Else {by_hand}",
        quoted(&requestor.username, 64)
    )
}

/// How to approve it; a name that a shell would read otherwise is not put into a command.
fn approval(request: &NodeRequest) -> String {
    let name = request.shown_name();
    if is_dns1123_subdomain(&name) {
        format!("kubectl certificate approve {name}")
    } else {
        "approve it by its name, which is not an ordinary one".to_owned()
    }
}

/// What differs from the requests that the two signers take (`ValidateKubeletClientCSR`,
/// `ValidateKubeletServingCSR` in `pkg/apis/certificates/helpers.go`), and from what this node would send.
fn misfits(
    name: &NodeName,
    signer: Signer,
    request: &NodeRequest,
    decoded: &CertificateRequest,
) -> Vec<String> {
    let serving = signer == Signer::KubeletServing;
    let user = name.username();
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, text: String| {
        if !holds {
            wrong.push(text);
        }
    };
    demand(
        decoded.organizations().eq([NODES]),
        format!("its organization is {}, not \"{NODES}\" alone", list(decoded.organizations())),
    );
    demand(
        decoded.common_names().eq([user.as_str()]),
        format!("its common name is {}, not \"{user}\"", list(decoded.common_names())),
    );
    let requestor = request.object.spec.username.as_deref().unwrap_or_default();
    let is_other_node = requestor.starts_with("system:node:") && requestor != user.as_str();
    demand(
        if serving { requestor == user.as_str() } else { !is_other_node },
        format!("it was sent by {}, not by \"{user}\"", quoted(requestor, 64)),
    );
    let is_of_node =
        |name: &AlternativeName| matches!(name, AlternativeName::Dns(_) | AlternativeName::Ip(_));
    if serving {
        demand(
            decoded.alternative_names().any(is_of_node),
            "it names neither a DNS name nor an address".to_owned(),
        );
        demand(
            decoded.alternative_names().all(is_of_node),
            "it names more than DNS names and addresses".to_owned(),
        );
    } else {
        demand(
            decoded.alternative_names().next().is_none(),
            "it has alternative names, which a client certificate of a kubelet has not".to_owned(),
        );
    }
    let usages = request.object.spec.usages.as_deref().unwrap_or_default();
    let required = [DIGITAL_SIGNATURE, signer.purpose()];
    let fits = required.iter().all(|usage| usages.iter().any(|has| has == usage))
        && usages.iter().all(|usage| usage == KEY_ENCIPHERMENT || required.contains(&usage.as_str()));
    demand(
        fits,
        format!(
            "its usages are {}, not \"{DIGITAL_SIGNATURE}\", \"{}\" and maybe \"{KEY_ENCIPHERMENT}\"",
            list(usages.iter().map(String::as_str)),
            signer.purpose()
        ),
    );
    wrong
}

/// The first texts of a list, quoted.
fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let shown: Vec<_> = texts.take(8).map(|text| quoted(text, 64)).collect();
    if shown.is_empty() { "missing".to_owned() } else { shown.join(", ") }
}
