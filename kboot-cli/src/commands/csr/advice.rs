//! What a decision means to somebody who meets it for the first time, and what to do.

use std::collections::BTreeSet;

use kboot_core::csr::{AlternativeName, CertificateRequest, CertificateSigningRequest, Signer, Stage};
use kboot_core::policy::{Answer, Clause, Code, Decision, Preset, Verdict};

use super::{is_plain, shown};

/// All alternative names: what is not shown would be approved unseen.
pub(super) fn names(request: &CertificateRequest) -> Vec<String> {
    let name = |name: &AlternativeName| match name {
        AlternativeName::Dns(name) => format!("DNS:{}", shown(name)),
        AlternativeName::Ip(address) => format!("IP:{address}"),
        AlternativeName::Email(text) => format!("email:{}", shown(text)),
        AlternativeName::Uri(text) => format!("URI:{}", shown(text)),
        AlternativeName::InvalidIp(_) => "an address of a wrong length".to_owned(),
        _ => "a name of another kind".to_owned(),
    };
    request.alternative_names().map(name).collect()
}

/// What became of the request so far.
pub(super) fn state(object: &CertificateSigningRequest) -> String {
    let said = |kind: &str| {
        let condition = object.condition(kind)?;
        let words = [&condition.reason, &condition.message].map(|text| shown(text));
        let words: Vec<String> = words.into_iter().filter(|text| !text.is_empty()).collect();
        let words = if words.is_empty() { String::new() } else { format!(" ({})", words.join(": ")) };
        Some(format!("{}{words}", kind.to_lowercase()))
    };
    let mut states: Vec<String> = ["Approved", "Denied", "Failed"].into_iter().filter_map(said).collect();
    if object.certificate().is_some() {
        states.push("the certificate was issued".to_owned());
    }
    if states.is_empty() { "pending: nobody has decided".to_owned() } else { states.join(", ") }
}

/// The reason, in sentences.
pub(super) fn why(decision: &Decision) -> Vec<String> {
    let code = decision.code();
    let mut lines = vec![code.meaning().to_owned()];
    let reason = decision.reason();
    if !reason.is_empty() {
        lines.push(reason);
    }
    let message = decision.message();
    if !message.starts_with(code.meaning()) {
        lines.push(message);
    }
    lines
}

pub(super) fn what_to_do(
    object: &CertificateSigningRequest,
    decision: &Decision,
    preset: Option<Preset>,
) -> Vec<String> {
    if object.stage() != Stage::Pending {
        return decided_already(object, decision);
    }
    let approve = approve_command(object);
    match decision.verdict() {
        Verdict::Approve => vec![format!(
            "Nothing, where an approver runs this policy. kboot has changed nothing in the cluster; by hand: {approve}"
        )],
        Verdict::Deny => vec![advice(decision.code()), "Do not approve it.".to_owned()],
        Verdict::Hold => held(object, decision, preset, &approve),
    }
}

fn decided_already(object: &CertificateSigningRequest, decision: &Decision) -> Vec<String> {
    let is_approved = decision.verdict() == Verdict::Approve;
    let mut lines = match object.stage() {
        Stage::Pending => Vec::new(),
        Stage::Approved => vec![
            "It is approved and has no certificate yet: see whether kube-controller-manager runs, and has \
             the signer's key (--cluster-signing-cert-file, --cluster-signing-key-file)."
                .to_owned(),
        ],
        Stage::Issued => vec!["It is approved, and its certificate was issued: that is final.".to_owned()],
        Stage::Failed => {
            vec![
                "Its signer failed it; the signer's message stands under state. No approval helps."
                    .to_owned(),
            ]
        }
        Stage::Denied => vec!["It was denied; no approval helps.".to_owned()],
    };
    let agrees = match object.stage() {
        Stage::Approved | Stage::Issued => is_approved,
        Stage::Denied => !is_approved,
        // That it failed is nobody's decision.
        Stage::Pending | Stage::Failed => true,
    };
    if !agrees {
        lines.push("This policy decides otherwise: see why above.".to_owned());
    }
    if !is_approved && !is_for_a_person(decision) {
        lines.push(advice(decision.code()));
    }
    if object.stage().is_refused() {
        lines.push(format!(
            "For another try, delete it ({}) and let its sender ask anew: a kubelet does so by itself, at the \
             latest when it is restarted.",
            command("kubectl delete csr", object)
        ));
    }
    lines
}

/// What the code says to do, and how this program is told.
fn advice(code: Code) -> String {
    let advice = code.advice();
    match code {
        Code::RequestorUnknown => {
            format!("{advice} Here that is --requestor USER, and --group GROUP for each group of the user.")
        }
        _ => advice.to_owned(),
    }
}

/// Whether a person may still approve it: the floor let it through, and the outcome is the rules'.
fn is_for_a_person(decision: &Decision) -> bool {
    matches!(
        decision.code(),
        Code::RuleHolds | Code::NoRule | Code::FactsUnknown | Code::ApiServerUnknown | Code::NodeJoined
    )
}

fn held(
    object: &CertificateSigningRequest,
    decision: &Decision,
    preset: Option<Preset>,
    approve: &str,
) -> Vec<String> {
    let mut lines = Vec::new();
    if !is_for_a_person(decision) {
        lines.push(advice(decision.code()));
        if decision.code() != Code::SignerNotRuled {
            lines.push("Do not approve it before that is understood.".to_owned());
        }
        return lines;
    }
    let is_upstream = preset == Some(Preset::Upstream);
    if !is_upstream && decision.code() == Code::NoRule {
        lines.push(
            "No rule of this policy matches it; each ✗ above says why. If it should match, change the policy \
             or the inventory; if not, find out who asks."
                .to_owned(),
        );
    }
    let missing = missing_facts(object, decision);
    if !missing.is_empty() {
        lines.push("Supply what is not known, and ask again:".to_owned());
        lines.extend(missing.into_iter().map(|fact| format!("- {fact}")));
    }
    if !is_upstream {
        lines.extend(to_be_seen(object));
        lines.push(format!("By hand, only if you know who asks: {approve}"));
        return lines;
    }
    match object.signer() {
        Some(Signer::KubeletServing) => lines.extend(serving(object, approve)),
        Some(Signer::KubeApiserverClientKubelet) => {
            lines.push(format!(
                "Whoever gets this certificate is that node to the API server. See that the machine is yours, then: {approve}"
            ));
            let (subresource, whom) = match object.requestor().node() {
                Some(_) => ("selfnodeclient", "the group system:nodes"),
                None => ("nodeclient", "the group of your bootstrap tokens"),
            };
            lines.push(format!(
                "For such requests to be approved by themselves, bind the role \
                 system:certificates.k8s.io:certificatesigningrequests:{subresource} to {whom} (kboot cluster \
                 build and kubeadm do)."
            ));
        }
        _ => lines.push(format!(
            "Nothing in Kubernetes approves client certificates of users by itself. See that the user and the \
             groups are whom you mean, then: {approve}"
        )),
    }
    lines
}

/// What a person looks at before approving what a policy left to them.
fn to_be_seen(object: &CertificateSigningRequest) -> Vec<String> {
    match (object.signer(), object.requestor().node()) {
        (Some(Signer::KubeletServing), Some(node)) => {
            let names = object.request().map(names).unwrap_or_default().join(", ");
            vec![
                format!("The kubelet of {node} sent it, and asks for {names}."),
                format!("See whether these are its own: kubectl get node {node} -o wide"),
            ]
        }
        (Some(Signer::KubeApiserverClientKubelet), _) => {
            vec!["Whoever gets this certificate is that node to the API server.".to_owned()]
        }
        (Some(Signer::KubeApiserverClient), _) => {
            vec!["Whoever gets this certificate is that user, in those groups, to the API server.".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// The question that most people come with: why a kubelet's serving certificate does not come.
fn serving(object: &CertificateSigningRequest, approve: &str) -> Vec<String> {
    let node = object.requestor().node();
    let names = object.request().map(names).unwrap_or_default().join(", ");
    let mut lines = vec![
        "Nothing in Kubernetes approves serving certificates of kubelets by itself: a node says by itself \
         which names and addresses it has. Until a person or an approver does, kubectl logs and exec, and \
         metrics-server, cannot reach this kubelet."
            .to_owned(),
    ];
    if let Some(node) = node {
        lines.push(format!("1. The kubelet of {node} sent it, and asks for {names}."));
        lines.push(format!("2. See that these are its own: kubectl get node {node} -o wide"));
        lines.push(format!("3. If they are: {approve}"));
    }
    lines.push(
        "To have a policy decide: kboot policy preset kubelet-serving > policy.yaml, list your nodes in \
         nodes.yaml beside it, kubectl get nodes -o json > cluster-nodes.json, then kboot csr explain with \
         --policy policy.yaml --context cluster-nodes.json."
            .to_owned(),
    );
    lines
}

/// Which facts would have helped, and how to come by them.
fn missing_facts(object: &CertificateSigningRequest, decision: &Decision) -> BTreeSet<String> {
    let unknown = |clause: &&Clause| clause.rule.is_some() && clause.answer == Answer::Unknown;
    let fact = |clause: &Clause| {
        let told_by = |source: &str| clause.saw.ends_with(&format!("unknown to {source}"));
        match clause.name {
            "inventory" => "the inventory of nodes: --inventory nodes.yaml".to_owned(),
            "alternative names" if told_by("inventory") => {
                "the inventory of nodes: --inventory nodes.yaml".to_owned()
            }
            "alternative names" if told_by("nodeStatus") => {
                "the Nodes, with the addresses of their status: kubectl get nodes -o json > nodes.json, then \
                 --context nodes.json"
                    .to_owned()
            }
            "alternative names" if told_by("dns") => {
                "DNS: --resolve-dns, or dns in a context file; and see that the name resolves".to_owned()
            }
            "alternative names" if told_by("served") => {
                "the names of the certificate that the node serves now: served in a context file".to_owned()
            }
            "access" => access(object, &clause.saw),
            "open requests" => {
                "the other requests: kubectl get csr -o json > requests.json, then --context requests.json"
                    .to_owned()
            }
            "once" => "the other requests and the Nodes: kubectl get csr,nodes -o json > all.json, then \
                       --context all.json"
                .to_owned(),
            "age" => {
                "when it was created: give the object as kubectl get csr NAME -o yaml prints it".to_owned()
            }
            "joined" if clause.code.is_none() => {
                "the Nodes: kubectl get nodes -o json > nodes.json, then --context nodes.json".to_owned()
            }
            other => match clause.code {
                Some(code) => format!("{} {}", code.meaning(), code.advice()),
                None => format!("{other}: {}", clause.saw),
            },
        }
    };
    decision.trace().clauses().iter().filter(unknown).map(fact).collect()
}

/// How to ask what kube-controller-manager asks.
fn access(object: &CertificateSigningRequest, saw: &str) -> String {
    let subresource = if saw.ends_with("selfnodeclient") { "selfnodeclient" } else { "nodeclient" };
    let requestor = object.requestor();
    let words: Vec<&str> = std::iter::once(requestor.username.as_str())
        .chain(requestor.groups.iter().map(String::as_str))
        .collect();
    if !words.iter().all(|word| is_plain(word)) || requestor.groups.len() > 8 {
        return format!(
            "whether its sender may create certificatesigningrequests/{subresource}: accessReviews in a context file"
        );
    }
    let groups: String = requestor.groups.iter().map(|group| format!(" --as-group {group}")).collect();
    format!(
        "whether its sender may: kubectl auth can-i create certificatesigningrequests.certificates.k8s.io \
         --subresource {subresource} --as {}{groups}; then accessReviews in a context file",
        requestor.username
    )
}

/// The command that approves it.
fn approve_command(object: &CertificateSigningRequest) -> String {
    match object.name() {
        "" => "send it to the API server, then kubectl certificate approve NAME".to_owned(),
        _ => command("kubectl certificate approve", object),
    }
}

/// A command about a request, where its name can stand on a command line as it is.
fn command(command: &str, object: &CertificateSigningRequest) -> String {
    match object.name() {
        "" => format!("{command} NAME"),
        name if is_plain(name) => format!("{command} {name}"),
        _ => format!("{command}, with its name in quotes (it holds unusual characters)"),
    }
}
