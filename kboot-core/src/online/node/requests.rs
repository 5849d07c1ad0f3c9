//! A node's CertificateSigningRequests: which there are, and why one has no certificate.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use k8s_openapi::api::certificates::v1::CertificateSigningRequest as KubeRequest;

use super::NodeDetail;
use crate::csr::{CertificateSigningRequest, Condition, CsrError, Signer};
use crate::finding::Finding;
use crate::name::{NodeName, is_dns1123_subdomain};
use crate::online::quoted;
use crate::policy::{ClauseKind, Decision, Explanation, FloorClause, Policy, PolicyContext, Preset, Reason};
use crate::time::Timestamp;
use crate::x509::Certificate;
use crate::x509::GeneralName;

/// What kube-controller-manager decides by.
static UPSTREAM: LazyLock<Policy> = LazyLock::new(|| Preset::Upstream.policy());

const NODES: &str = "system:nodes";

/// How many requests without a certificate are explained one by one.
const SHOWN: usize = 20;

/// How many names of a request are shown.
const SHOWN_NAMES: usize = 16;

/// A request that concerns a node.
#[derive(Debug)]
pub(super) struct NodeRequest {
    object: CertificateSigningRequest,
    /// What kube-controller-manager would decide, where the request is one that it could sign.
    decision: Decision,
    /// Whether it asks for the node's name and nothing like it.
    asks_for_node: bool,
}

impl NodeRequest {
    /// The request with each of the nodes that sent it or for whose name it asks. A common name that only ends as the
    /// node's does is taken too: a request made by hand that got the prefix wrong. One that is no object of the
    /// API is an error.
    pub(super) fn of(
        names: &BTreeSet<NodeName>,
        object: &KubeRequest,
    ) -> Result<Vec<(NodeName, Self)>, CsrError> {
        let object = CertificateSigningRequest::try_from(object)?;
        let request = object.request().ok();
        let asked = request.iter().flat_map(|request| request.common_names());
        let asked = asked.filter_map(|cn| cn.rsplit(':').next());
        let sender = object.requestor().username.strip_prefix("system:node:");
        let concerned: BTreeSet<&NodeName> =
            asked.chain(sender).filter_map(|name| names.get(&name.parse::<NodeName>().ok()?)).collect();
        if concerned.is_empty() {
            return Ok(Vec::new());
        }
        // Nothing of what upstream decides by depends on the time.
        let now = object.created().unwrap_or(Timestamp::EPOCH);
        let decision = UPSTREAM.evaluate(&object, &PolicyContext::at(now));
        let is_readable = !decision.explanation().refusals().any(|clause| {
            let unread = [FloorClause::Encoding, FloorClause::Extensions, FloorClause::Subject];
            unread.into_iter().any(|of| clause.subject() == ClauseKind::Floor(of))
        });
        let of_node = |name: &NodeName| {
            let user = name.username();
            let asks_for_node =
                is_readable && request.is_some_and(|request| request.common_names().eq([user.as_str()]));
            (name.clone(), Self { object: object.clone(), decision: decision.clone(), asks_for_node })
        };
        Ok(concerned.into_iter().map(of_node).collect())
    }

    /// The name, which is not limited to harmless characters.
    pub(super) fn shown_name(&self) -> String {
        let name = self.object.name();
        if is_dns1123_subdomain(name) { name.to_owned() } else { quoted(name, 64) }
    }

    fn signer(&self) -> Option<Signer> {
        self.object.signer()
    }

    fn created(&self) -> i64 {
        self.object.created().map_or(0, Timestamp::unix)
    }

    fn not_after(&self) -> Option<Timestamp> {
        let certificate = Certificate::from_pem(self.object.certificate()?).ok()?;
        Some(certificate.facts().validity.not_after)
    }

    fn explanation(&self) -> Explanation<'_> {
        self.decision.explanation()
    }
}

/// The latest request of the node to a signer that has its certificate, and when that ends.
pub(super) fn latest_issued(all: &[NodeRequest], signer: Signer) -> Option<(&NodeRequest, Timestamp)> {
    let of_signer = all.iter().filter(|request| request.asks_for_node && request.signer() == Some(signer));
    of_signer
        .filter_map(|request| Some((request, request.not_after()?)))
        .max_by_key(|(request, _)| request.created())
}

/// The request for a serving certificate that the kubelet sent after this undecided one, where it did: a kubelet that
/// starts makes another key, and what it asked for before is of no use to it.
fn latest_sent<'a>(
    name: &NodeName,
    request: &NodeRequest,
    all: &'a [NodeRequest],
) -> Option<&'a NodeRequest> {
    let is_of_kubelet = |request: &NodeRequest| {
        request.signer() == Some(Signer::KubeletServing)
            && request.object.is_pending()
            && misfits(name, Signer::KubeletServing, request).is_empty()
    };
    let later = all.iter().filter(|other| other.created() > request.created() && is_of_kubelet(other));
    later.max_by_key(|other| other.created()).filter(|_| is_of_kubelet(request))
}

/// Why each request without a certificate has none, newest first. One that was followed by a certificate
/// of the same signer is done with.
pub(super) fn explain(name: &NodeName, all: &[NodeRequest]) -> Vec<Finding<NodeDetail>> {
    let mut open: Vec<&NodeRequest> = all.iter().filter(|request| request.not_after().is_none()).collect();
    open.sort_by_key(|request| std::cmp::Reverse(request.created()));
    let mut checks: Vec<Finding<NodeDetail>> =
        open.iter().take(SHOWN).map(|request| check(name, request, all)).collect();
    let more = open.len().saturating_sub(SHOWN);
    if more > 0 {
        checks.push(problem("certificate requests", format!("{more} older ones have no certificate either")));
    }
    checks
}

fn check(name: &NodeName, request: &NodeRequest, all: &[NodeRequest]) -> Finding<NodeDetail> {
    let title = format!("certificate request {}", request.shown_name());
    let later = request
        .signer()
        .and_then(|signer| latest_issued(all, signer))
        .filter(|(issued, _)| issued.created() >= request.created());
    let state = state(request);
    let signer = match request.signer() {
        Some(signer) if signer.is_of_nodes() => signer.to_string(),
        _ => quoted(request.object.signer_name(), 64),
    };
    if let Some(latest) = latest_sent(name, request, all) {
        let text =
            format!("{signer}, {state}, and done with: the kubelet sent {} later", latest.shown_name());
        return ok(&title, text);
    }
    match later {
        Some((issued, _)) => {
            let text = format!("{signer}, {state}, and done with: {} was issued later", issued.shown_name());
            ok(&title, text)
        }
        None => problem(&title, format!("{signer}, {state}: {}", why(name, request))),
    }
}

fn state(request: &NodeRequest) -> &'static str {
    let has = |condition| request.object.condition(condition).is_some();
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
    let ended = request.object.condition("Denied").or_else(|| request.object.condition("Failed"));
    if let Some(Condition { reason, message, .. }) = ended {
        let (reason, message) = (quoted(reason, 64), quoted(message, 256));
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
    let explanation = request.explanation();
    let encoding = ClauseKind::Floor(FloorClause::Encoding);
    if let Some(clause) = explanation.refusals().find(|clause| clause.subject() == encoding) {
        return format!("its spec.request cannot be read: {clause}");
    }
    let wrong = misfits(name, signer, request);
    if !wrong.is_empty() {
        let hints: BTreeSet<&str> =
            explanation.refusals().filter_map(|clause| Some(clause.reason()?.hint())).collect();
        let hints: String = hints.into_iter().map(|hint| format!(" {hint}")).collect();
        return format!("it is not what a kubelet asks for: {}.{hints}", wrong.join("; "));
    }
    if request.object.condition("Approved").is_some() {
        return "kube-controller-manager signs it: does it run, with its controller csrsigning (csrsigning-controller) on \
                and with --cluster-signing-cert-file and --cluster-signing-key-file?"
            .to_owned();
    }
    let by_hand = approval(request);
    if signer == Signer::KubeletServing {
        let name = |name: &GeneralName| match name {
            GeneralName::Dns(dns) => quoted(dns, 64),
            GeneralName::Ip(address) => address.to_string(),
            other => quoted(&other.to_string(), 64),
        };
        let names = request.object.request().into_iter().flat_map(|request| request.alternative_names());
        let all: Vec<_> = names.map(name).collect();
        let (shown, more) = all.split_at(all.len().min(SHOWN_NAMES));
        let asks = format!(
            "nothing in Kubernetes approves serving certificates; a person or an approver must. It asks for {}",
            shown.join(", ")
        );
        // Nobody should approve names that were not seen.
        return match more.len() {
            0 => format!("{asks}. If these are the node's: {by_hand}"),
            more => format!("{asks} and {more} more, which no kubelet does: see them by kboot csr explain"),
        };
    }
    let requestor = request.object.requestor();
    let (role, groups) = if requestor.username == name.username().as_str() {
        ("selfnodeclient", quoted(NODES, 64))
    } else {
        // Others have the rest of its groups, and must not get the node certificates of all.
        let of_joining =
            |group: &&String| *group == "system:bootstrappers" || group.starts_with("system:bootstrappers:");
        let groups: Vec<_> =
            requestor.groups.iter().filter(of_joining).take(16).map(|group| quoted(group, 64)).collect();
        if groups.is_empty() {
            return format!(
                "kube-controller-manager approves what bootstrap tokens and nodes ask for, and the requestor, {}, is neither; \
                 if you know who asks, {by_hand}",
                quoted(&requestor.username, 64)
            );
        }
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
        format!("kboot csr approve {name}")
    } else {
        "approve it by its name, which is not an ordinary one".to_owned()
    }
}

/// What the floor refuses, which the two signers would not sign (`ValidateKubeletClientCSR`,
/// `ValidateKubeletServingCSR` in `pkg/apis/certificates/helpers.go`) or nobody should approve; and what this node
/// would not send.
fn misfits(name: &NodeName, signer: Signer, request: &NodeRequest) -> Vec<String> {
    let user = name.username();
    let mut wrong = Vec::new();
    if let Ok(decoded) = request.object.request()
        && decoded.common_names().ne([user.as_str()])
    {
        wrong.push(format!("its common name is {}, not \"{user}\"", list(decoded.common_names())));
    }
    let sender = request.object.requestor().username.as_str();
    let is_other_node = sender.starts_with("system:node:") && sender != user.as_str();
    if is_other_node || (signer == Signer::KubeletServing && sender != user.as_str()) {
        wrong.push(format!("it was sent by {}, not by \"{user}\"", quoted(sender, 64)));
    }
    for clause in request.explanation().refusals() {
        // Who sent it is said; that the API server leaves out a node's group is no fault of the request.
        let is_of_sender = clause.subject() == ClauseKind::Floor(FloorClause::Requestor)
            && clause.reason() != Some(Reason::RequestorAnonymous);
        if !is_of_sender {
            let message = clause.reason().map(Reason::message).unwrap_or_default();
            wrong.push(format!("{} ({}: {clause})", message.trim_end_matches('.'), clause.subject()));
        }
    }
    wrong
}

/// The first texts of a list, quoted.
fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let shown: Vec<_> = texts.take(8).map(|text| quoted(text, 64)).collect();
    if shown.is_empty() { "missing".to_owned() } else { shown.join(", ") }
}

/// A request of the node that is done with.
fn ok(check: &str, text: String) -> Finding<NodeDetail> {
    Finding::note(check, NodeDetail::CertificateRequest { text })
}

/// A request of the node that has no certificate.
fn problem(check: &str, text: String) -> Finding<NodeDetail> {
    Finding::error(check, NodeDetail::CertificateRequest { text })
}
