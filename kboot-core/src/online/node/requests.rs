//! A node's CertificateSigningRequests: which there are, and why one has no certificate.

use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition};

use super::Check;
use super::report::{ok, problem};
use crate::name::{NodeName, is_dns1123_subdomain};
use crate::online::quoted;
use crate::online::request::Request;
use crate::pki::Certificate;
use crate::time::Timestamp;

pub(super) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
pub(super) const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";

const NODES: &str = "system:nodes";

/// How many requests without a certificate are explained one by one.
const SHOWN: usize = 20;

/// A request that concerns a node.
#[derive(Debug)]
pub(super) struct NodeRequest {
    object: CertificateSigningRequest,
    request: Result<Request, &'static str>,
    /// Whether it asks for the node's name and nothing like it.
    asks_for_node: bool,
}

impl NodeRequest {
    /// The request, if it was sent by the node or asks for its name. A common name that only ends as the
    /// node's does is taken too: a request made by hand that got the prefix wrong.
    pub(super) fn of(name: &NodeName, object: CertificateSigningRequest) -> Option<Self> {
        let request = Request::decode(&object.spec.request.0);
        let asks_like_it = request.as_ref().is_ok_and(|request| {
            request.common_names.iter().any(|cn| cn.rsplit(':').next() == Some(name.as_str()))
        });
        let user = name.username();
        let asks_for_node = request.as_ref().is_ok_and(|request| request.common_names == [user.as_str()]);
        let sent_by_it = object.spec.username.as_deref() == Some(user.as_str());
        (asks_like_it || sent_by_it).then_some(Self { object, request, asks_for_node })
    }

    /// The name, which is not limited to harmless characters.
    pub(super) fn shown_name(&self) -> String {
        let name = self.object.metadata.name.as_deref().unwrap_or_default();
        if is_dns1123_subdomain(name) { name.to_owned() } else { quoted(name, 64) }
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
        let facts = Certificate::from_pem(pem).ok()?.facts().ok()?;
        Some(facts.validity.not_after)
    }
}

/// The latest request of the node to a signer that has its certificate, and when that ends.
pub(super) fn latest_issued<'a>(
    all: &'a [NodeRequest],
    signer: &str,
) -> Option<(&'a NodeRequest, Timestamp)> {
    let of_signer =
        all.iter().filter(|request| request.asks_for_node && request.object.spec.signer_name == signer);
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
    let spec = &request.object.spec;
    let title = format!("certificate request {}", request.shown_name());
    let later =
        latest_issued(all, &spec.signer_name).filter(|(issued, _)| issued.created() >= request.created());
    let state = state(request);
    let signer = match spec.signer_name.as_str() {
        signer @ (KUBELET_CLIENT | KUBELET_SERVING) => signer.to_owned(),
        other => quoted(other, 64),
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
    let spec = &request.object.spec;
    let signer = spec.signer_name.as_str();
    if signer != KUBELET_CLIENT && signer != KUBELET_SERVING {
        return format!(
            "a kubelet asks {KUBELET_CLIENT} for its client certificate and {KUBELET_SERVING} for its serving \
             certificate; for another signer, its own approver must act"
        );
    }
    let decoded = match &request.request {
        Ok(decoded) => decoded,
        Err(problem) => return format!("its spec.request cannot be read: {problem}"),
    };
    let wrong = misfits(name, request, decoded);
    if !wrong.is_empty() {
        return format!("it is not what a kubelet asks for: {}", wrong.join("; "));
    }
    if request.condition("Approved").is_some() {
        return "kube-controller-manager signs it: does it run, with its controller csrsigning (csrsigning-controller) on \
                and with --cluster-signing-cert-file and --cluster-signing-key-file?"
            .to_owned();
    }
    let by_hand = approval(request);
    if signer == KUBELET_SERVING {
        let names = decoded.dns_names.iter().map(|dns| quoted(dns, 64));
        let names: Vec<_> = names.chain(decoded.addresses.iter().map(ToString::to_string)).take(16).collect();
        return format!(
            "nothing in Kubernetes approves serving certificates; a person or an approver must. It asks for {}. If \
             these are the node's: {by_hand}",
            names.join(", ")
        );
    }
    let (role, groups) = if spec.username.as_deref() == Some(name.username().as_str()) {
        ("selfnodeclient", quoted(NODES, 64))
    } else {
        let groups = spec.groups.as_deref().unwrap_or_default();
        let groups: Vec<_> = groups.iter().take(16).map(|group| quoted(group, 64)).collect();
        ("nodeclient", groups.join(", "))
    };
    format!(
        "kube-controller-manager approves it where the requestor, {}, may create certificatesigningrequests/{role}: \
         bind the ClusterRole system:certificates.k8s.io:certificatesigningrequests:{role} to one of its groups \
         ({groups}). If there is such a binding, does kube-controller-manager run, with its controller csrapproving \
         on? Else {by_hand}",
        quoted(spec.username.as_deref().unwrap_or_default(), 64)
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
fn misfits(name: &NodeName, request: &NodeRequest, decoded: &Request) -> Vec<String> {
    let spec = &request.object.spec;
    let serving = spec.signer_name == KUBELET_SERVING;
    let user = name.username();
    let list = |texts: &[String]| {
        let shown: Vec<_> = texts.iter().take(8).map(|text| quoted(text, 64)).collect();
        if shown.is_empty() { "missing".to_owned() } else { shown.join(", ") }
    };
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, text: String| {
        if !holds {
            wrong.push(text);
        }
    };
    demand(
        decoded.organizations == [NODES],
        format!("its organization is {}, not \"{NODES}\" alone", list(&decoded.organizations)),
    );
    demand(
        decoded.common_names == [user.as_str()],
        format!("its common name is {}, not \"{user}\"", list(&decoded.common_names)),
    );
    let requestor = spec.username.as_deref().unwrap_or_default();
    let is_other_node = requestor.starts_with("system:node:") && requestor != user.as_str();
    demand(
        if serving { requestor == user.as_str() } else { !is_other_node },
        format!("it was sent by {}, not by \"{user}\"", quoted(requestor, 64)),
    );
    let names = decoded.dns_names.len().saturating_add(decoded.addresses.len());
    if serving {
        demand(names > 0, "it names neither a DNS name nor an address".to_owned());
        demand(decoded.other_names == 0, "it names more than DNS names and addresses".to_owned());
    } else {
        demand(
            names == 0 && decoded.other_names == 0,
            "it has alternative names, which a client certificate of a kubelet has not".to_owned(),
        );
    }
    let purpose = if serving { "server auth" } else { "client auth" };
    let usages = spec.usages.as_deref().unwrap_or_default();
    let required = ["digital signature", purpose];
    let fits = required.iter().all(|usage| usages.iter().any(|has| has == usage))
        && usages.iter().all(|usage| usage == "key encipherment" || required.contains(&usage.as_str()));
    demand(
        fits,
        format!(
            "its usages are {}, not \"digital signature\", \"{purpose}\" and maybe \"key encipherment\"",
            list(usages)
        ),
    );
    wrong
}
