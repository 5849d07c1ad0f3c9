//! What a decision means to somebody who meets it for the first time, and what to do.

use std::collections::BTreeSet;
use std::fmt;

use super::missing_fact::MissingFact;
use super::{Access, Clause, ClauseKind, Decision, Preset, Reason, Verdict};
use crate::csr::{CertificateSigningRequest, Signer, Stage};
use crate::shown;
use crate::x509::{CertificateRequest, GeneralName};

/// A decision on a request, explained to a person: why, what to do, which facts are missing.
///
/// The commands in it are those of kubectl and kboot. Text of the request is cut, and what hides in it is written
/// out.
///
/// ```
/// use kboot_core::policy::{PolicyContext, Preset};
/// # use kboot_core::{Env, csr::*, x509::{CertificateRequest, KeyAlgorithm, PrivateKey}};
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_user("jane".parse()?, ["dev".parse()?], &key)?.to_pem();
/// # let object = CertificateSigningRequest::new("jane", Signer::KubeApiserverClient, pem.as_bytes())
/// #     .with_requestor(Requestor::user("jane"));
/// let decision = Preset::Upstream.policy().evaluate(&object, &PolicyContext::at(Env::system().now()));
/// let explanation = decision.explanation().with_preset(Preset::Upstream);
/// assert_eq!(explanation.why()[0], "A rule leaves it to a person.");
/// assert!(explanation.what_to_do()[0].starts_with("Nothing in Kubernetes approves client certificates of users"));
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Explanation<'a> {
    object: &'a CertificateSigningRequest,
    decision: &'a Decision,
    preset: Option<Preset>,
}

/// A line of [`Explanation::tree`]: texts one after another, of which some are meant in a tone. Its `Display` is the
/// line without tones.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeLine {
    /// The texts.
    pub parts: Vec<(String, Option<Tone>)>,
    /// What stands before each further line where this one is too long for a screen and is wrapped.
    pub hanging: String,
}

/// How a word of a tree is meant, for whoever shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an answer is one of three")]
pub enum Tone {
    /// Good: as it should be.
    Good,
    /// Not so.
    Bad,
    /// Not known.
    Open,
}

impl Decision {
    /// The decision explained to a person: why, and what to do.
    #[must_use]
    pub fn explanation(&self) -> Explanation<'_> {
        Explanation { object: &self.trace().object, decision: self, preset: None }
    }
}

impl<'a> Explanation<'a> {
    /// Says that the policy is one that comes with kboot: of [`Preset::Upstream`], what is to be done is known
    /// better.
    #[must_use]
    pub fn with_preset(mut self, preset: Preset) -> Self {
        self.preset = Some(preset);
        self
    }

    /// The reason, in sentences.
    #[must_use]
    pub fn why(&self) -> Vec<String> {
        let reason = self.decision.reason();
        let mut lines = vec![reason.message().to_owned()];
        let led_to_it = self.decision.summary();
        if !led_to_it.is_empty() {
            lines.push(led_to_it);
        }
        let message = self.decision.message();
        if !message.starts_with(reason.message()) {
            lines.push(message);
        }
        lines
    }

    /// What a person can do, line by line.
    #[must_use]
    pub fn what_to_do(&self) -> Vec<String> {
        if self.object.stage() != Stage::Pending {
            return self.decided_already();
        }
        let approve = approve_command(self.object);
        match self.decision.verdict() {
            Verdict::Approve => vec![format!(
                "Nothing, where an approver runs this policy. kboot has changed nothing in the cluster; by hand: {approve}"
            )],
            Verdict::Deny => vec![hint(self.decision.reason()), "Do not approve it.".to_owned()],
            Verdict::Hold => self.held(&approve),
        }
    }

    /// What the floor refuses or does not understand; nothing helps against it but another request.
    pub fn refusals(&self) -> impl Iterator<Item = Clause<'a>> {
        let clauses = self.decision.trace().clauses();
        clauses.filter(|clause| {
            matches!(clause.subject(), ClauseKind::Floor(_)) && clause.answer() != super::Answer::Yes
        })
    }

    /// The facts that were not known and would have helped.
    #[must_use]
    pub fn missing_facts(&self) -> BTreeSet<MissingFact> {
        self.decision.trace().clauses().filter_map(|clause| clause.missing_fact()).collect()
    }

    /// Whether a person may still approve it: the floor let it through, and the outcome is the rules'.
    fn is_for_a_person(&self) -> bool {
        matches!(
            self.decision.reason(),
            Reason::RuleHolds
                | Reason::NoRule
                | Reason::FactsUnknown
                | Reason::ApiServerUnknown
                | Reason::NodeJoined
        )
    }

    fn decided_already(&self) -> Vec<String> {
        let (object, stage) = (self.object, self.object.stage());
        let is_approved = self.decision.verdict() == Verdict::Approve;
        let mut lines: Vec<String> = of_stage(stage).map(str::to_owned).into_iter().collect();
        let agrees = match stage {
            Stage::Approved | Stage::Issued => is_approved,
            Stage::Denied => !is_approved,
            // That it failed is nobody's decision.
            Stage::Pending | Stage::Failed => true,
        };
        if !agrees {
            lines.push("This policy decides otherwise: see why above.".to_owned());
        }
        if !is_approved && !self.is_for_a_person() {
            lines.push(hint(self.decision.reason()));
        }
        if stage.is_refused() {
            lines.push(format!(
                "For another try, delete it ({}) and let its sender ask anew: a kubelet does so by itself, at the \
                 latest when it is restarted.",
                command("kubectl delete csr", object)
            ));
        }
        lines
    }

    fn held(&self, approve: &str) -> Vec<String> {
        let reason = self.decision.reason();
        let mut lines = Vec::new();
        if !self.is_for_a_person() {
            lines.push(hint(reason));
            if reason != Reason::SignerNotRuled {
                lines.push("Do not approve it before that is understood.".to_owned());
            }
            return lines;
        }
        let is_upstream = self.preset == Some(Preset::Upstream);
        if !is_upstream && reason == Reason::NoRule {
            lines.push(
                "No rule of this policy matches it; each ✗ above says why. If it should match, change the policy \
                 or the inventory; if not, find out who asks."
                    .to_owned(),
            );
        }
        let missing = self.missing_in_words();
        if !missing.is_empty() {
            lines.push("Supply what is not known, and ask again:".to_owned());
            lines.extend(missing.into_iter().map(|fact| format!("- {fact}")));
        }
        if is_upstream {
            lines.extend(self.by_upstream(approve));
        } else {
            lines.extend(to_be_seen(self.object));
            lines.push(format!("By hand, only if you know who asks: {approve}"));
        }
        lines
    }

    /// How to come by the facts that are missing.
    fn missing_in_words(&self) -> BTreeSet<String> {
        let clauses = self.decision.trace().clauses();
        clauses.filter_map(|clause| Some(self.fact_in_words(&clause, clause.missing_fact()?))).collect()
    }

    fn fact_in_words(&self, clause: &Clause<'_>, fact: MissingFact) -> String {
        let words = match fact {
            MissingFact::Inventory => "the inventory of nodes: --inventory nodes.yaml",
            MissingFact::Nodes => {
                "the Nodes, with the addresses of their status: kubectl get nodes -o json > nodes.json, then \
                 --facts nodes.json"
            }
            MissingFact::Dns => {
                "DNS: --resolve-dns, or dns in a context file; and see that the name resolves"
            }
            MissingFact::Served => {
                "the names of the certificate that the node serves now: served in a context file"
            }
            MissingFact::OtherRequests => {
                "the other requests: kubectl get csr -o json > requests.json, then --facts requests.json"
            }
            MissingFact::RequestsAndNodes => {
                "the other requests and the Nodes: kubectl get csr,nodes -o json > all.json, then \
                 --facts all.json"
            }
            MissingFact::CreationTime => {
                "when it was created: give the object as kubectl get csr NAME -o yaml prints it"
            }
            MissingFact::JoinedNodes => {
                "the Nodes: kubectl get nodes -o json > nodes.json, then --facts nodes.json"
            }
            MissingFact::Access(access) => return access_in_words(self.object, access),
            MissingFact::NodeAddresses => return format!("{}: {clause}", clause.subject()),
            MissingFact::Other(reason) => return format!("{} {}", reason.message(), reason.hint()),
        };
        words.to_owned()
    }

    /// What to do where kube-controller-manager alone decides.
    fn by_upstream(&self, approve: &str) -> Vec<String> {
        match self.object.signer() {
            Some(Signer::KubeletServing) => serving(self.object, approve),
            Some(Signer::KubeApiserverClientKubelet) => {
                let (subresource, whom) = match self.object.requestor().node() {
                    Some(_) => (Access::SelfNodeClient, "the group system:nodes"),
                    None => (Access::NodeClient, "the group of your bootstrap tokens"),
                };
                vec![
                    format!(
                        "Whoever gets this certificate is that node to the API server. See that the machine is yours, then: {approve}"
                    ),
                    format!(
                        "For such requests to be approved by themselves, bind the role \
                         system:certificates.k8s.io:certificatesigningrequests:{} to {whom} (kboot cluster \
                         build and kubeadm do).",
                        subresource.as_str()
                    ),
                ]
            }
            _ => vec![format!(
                "Nothing in Kubernetes approves client certificates of users by itself. See that the user and the \
                 groups are whom you mean, then: {approve}"
            )],
        }
    }

    /// Everything about the decision, as a tree for a terminal. `policy` is how people call the policy.
    #[must_use]
    pub fn tree(&self, policy: &str) -> Vec<TreeLine> {
        let mut lines = self.head(policy);
        lines.extend(
            self.wishes()
                .iter()
                .map(|(what, wish)| TreeLine::plain("│   ", format!("{what:<9} {wish}")).hanging(10)),
        );
        let mut section = None;
        for clause in self.decision.trace().clauses() {
            if clause.subject() == ClauseKind::Outcome {
                lines.push(TreeLine::branch("├── ", format!("outcome: {clause}")));
                continue;
            }
            let of = clause.rule().map(super::Rule::name);
            if section != Some(of) {
                section = Some(of);
                lines.push(TreeLine::branch("├── ", heading(&clause)));
            }
            let reason = clause.reason().map(|reason| format!("  [{reason}]")).unwrap_or_default();
            let (tone, mark) = match clause.answer() {
                super::Answer::Yes => (Tone::Good, "✓"),
                super::Answer::No => (Tone::Bad, "✗"),
                super::Answer::Unknown => (Tone::Open, "?"),
            };
            let rest = format!(" {:<17} {clause}{reason}", clause.subject().as_str());
            lines.push(TreeLine::new("│   ", tone, mark, &rest).hanging(20));
        }
        lines.push(TreeLine::branch("├── ", "why"));
        lines.extend(self.why().iter().map(|line| TreeLine::plain("│   ", line)));
        lines.push(TreeLine::branch("└── ", "what to do"));
        lines.extend(self.what_to_do().iter().map(|line| TreeLine::plain("    ", line)));
        lines
    }

    /// What is decided, or what there is nothing left to decide about.
    fn head(&self, policy: &str) -> Vec<TreeLine> {
        let name = match self.object.name() {
            "" => "the request: ".to_owned(),
            name => format!("{}: ", shown(name)),
        };
        let (verdict, reason) = (self.decision.verdict(), self.decision.reason());
        let decided = |tone, word| {
            vec![TreeLine::new(&name, tone, word, &format!(" ({reason}), by {policy}")).below("│   ")]
        };
        let would_be = |tone, word, rest| {
            let by_policy = format!("by {policy} it would be: {} ({reason})", verdict.as_str());
            vec![TreeLine::new(&name, tone, word, rest).below("│   "), TreeLine::plain("│   ", by_policy)]
        };
        match (self.object.stage(), verdict) {
            (Stage::Pending, Verdict::Approve) => decided(Tone::Good, "APPROVE"),
            (Stage::Pending, Verdict::Deny) => decided(Tone::Bad, "DENY"),
            (Stage::Pending, Verdict::Hold) => decided(Tone::Open, "HOLD"),
            (Stage::Approved, _) => would_be(Tone::Good, "APPROVED", ", and waits for its signer"),
            (Stage::Issued, _) => would_be(Tone::Good, "ISSUED", ", which is final"),
            (Stage::Failed, _) => would_be(Tone::Bad, "FAILED", ", which is final"),
            (Stage::Denied, _) => would_be(Tone::Bad, "DENIED", ", which is final"),
        }
    }

    /// What the request asks for, as far as it can be read.
    fn wishes(&self) -> Vec<(&'static str, String)> {
        let requestor = self.object.requestor();
        let groups: Vec<String> = requestor.groups.iter().map(|group| shown(group)).collect();
        let mut wishes = vec![("signer", shown(self.object.signer_name()))];
        wishes.push((
            "sent by",
            match requestor.username.as_str() {
                "" => "nobody knows whom".to_owned(),
                user if groups.is_empty() => shown(user),
                user => format!("{}, in {}", shown(user), groups.join(", ")),
            },
        ));
        match self.object.request() {
            Err(error) => wishes.push(("asks for", error.to_string())),
            Ok(request) => {
                let subject = request.common_names().map(|name| ("CN", name));
                let subject = subject.chain(request.organizations().map(|name| ("O", name)));
                let subject: Vec<String> =
                    subject.map(|(kind, name)| format!("{kind}={}", shown(name))).collect();
                wishes.push(("asks for", subject.join(", ")));
                let names = names(request);
                if !names.is_empty() {
                    wishes.push(("names", names.join(", ")));
                }
                wishes.push(("key", request.public_key().kind().to_string()));
            }
        }
        let usages: Vec<String> = self.object.usages().iter().map(|usage| shown(usage)).collect();
        wishes.push(("usages", usages.join(", ")));
        if let Some(seconds) = self.object.expiration_seconds() {
            wishes.push(("lifetime", format!("{seconds} seconds")));
        }
        if let Some(created) = self.object.created() {
            wishes.push(("created", created.to_string()));
        }
        wishes.push(("state", state(self.object)));
        wishes
    }
}

impl TreeLine {
    /// A line without a mark, below what stands before it.
    fn plain(before: &str, text: impl fmt::Display) -> Self {
        Self { parts: vec![(format!("{before}{text}"), None)], hanging: before.to_owned() }
    }

    /// A line from which others hang.
    fn branch(before: &str, text: impl fmt::Display) -> Self {
        let hanging = if before.starts_with('├') { "│   " } else { "    " };
        Self::plain(before, text).below(hanging)
    }

    fn new(before: &str, tone: Tone, word: &str, after: &str) -> Self {
        let plain = |text: &str| (text.to_owned(), None);
        let parts = vec![plain(before), (word.to_owned(), Some(tone)), plain(after)];
        Self { parts, hanging: before.to_owned() }
    }

    fn below(self, hanging: &str) -> Self {
        Self { hanging: hanging.to_owned(), ..self }
    }

    /// Further lines stand below what comes so many columns after the beginning.
    fn hanging(mut self, columns: usize) -> Self {
        self.hanging.push_str(&" ".repeat(columns));
        self
    }
}

impl fmt::Display for TreeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|(text, _)| f.write_str(text))
    }
}

/// Every alternative name of a request, for people: what is not shown would be approved unseen.
#[must_use]
pub fn names(request: &CertificateRequest) -> Vec<String> {
    let name = |name: &GeneralName| match name {
        GeneralName::Dns(name) => format!("DNS:{}", shown(name)),
        GeneralName::Ip(address) => format!("IP:{address}"),
        GeneralName::Email(text) => format!("email:{}", shown(text)),
        GeneralName::Uri(text) => format!("URI:{}", shown(text)),
        GeneralName::InvalidIp(_) => "an address of a wrong length".to_owned(),
        _ => "a name of another kind".to_owned(),
    };
    request.alternative_names().map(name).collect()
}

/// What became of a request so far, in the words of its conditions.
#[must_use]
pub fn state(object: &CertificateSigningRequest) -> String {
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

/// What is to be said of a request that is decided on already.
fn of_stage(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Pending => None,
        Stage::Approved => Some(
            "It is approved and has no certificate yet: see whether kube-controller-manager runs, and has \
             the signer's key (--cluster-signing-cert-file, --cluster-signing-key-file).",
        ),
        Stage::Issued => Some("It is approved, and its certificate was issued: that is final."),
        Stage::Failed => {
            Some("Its signer failed it; the signer's message stands under state. No approval helps.")
        }
        Stage::Denied => Some("It was denied; no approval helps."),
    }
}

fn heading(clause: &Clause<'_>) -> String {
    match clause.rule() {
        None => "floor: what no policy can lift".to_owned(),
        Some(rule) => format!("rule {}: {}, if", rule.name(), rule.verdict().as_str()),
    }
}

/// What the reason says to do, and how kboot's commands are told.
fn hint(reason: Reason) -> String {
    match reason {
        Reason::RequestorUnknown => format!(
            "{} Here that is --requestor USER, and --group GROUP for each group of the user.",
            reason.hint()
        ),
        _ => reason.hint().to_owned(),
    }
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
    let names = object.request().map(names).unwrap_or_default().join(", ");
    let mut lines = vec![
        "Nothing in Kubernetes approves serving certificates of kubelets by itself: a node says by itself \
         which names and addresses it has. Until a person or an approver does, kubectl logs and exec, and \
         metrics-server, cannot reach this kubelet."
            .to_owned(),
    ];
    if let Some(node) = object.requestor().node() {
        lines.push(format!("1. The kubelet of {node} sent it, and asks for {names}."));
        lines.push(format!("2. See that these are its own: kubectl get node {node} -o wide"));
        lines.push(format!("3. If they are: {approve}"));
    }
    lines.push(
        "To have a policy decide: kboot policy preset kubelet-serving > policy.yaml, list your nodes in \
         nodes.yaml beside it, kubectl get nodes -o json > cluster-nodes.json, then kboot csr explain with \
         --policy policy.yaml --facts cluster-nodes.json."
            .to_owned(),
    );
    lines
}

/// How to ask what kube-controller-manager asks.
fn access_in_words(object: &CertificateSigningRequest, access: Access) -> String {
    let subresource = access.as_str();
    let requestor = object.requestor();
    let mut words = [&requestor.username].into_iter().chain(&requestor.groups);
    if !words.all(|word| is_plain(word)) || requestor.groups.len() > 8 {
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

/// The command that approves it. kboot approves nothing for a signer of which it knows no floor.
pub(crate) fn approve_command(object: &CertificateSigningRequest) -> String {
    let approve = if object.signer().is_some() { "kboot csr approve" } else { "kubectl certificate approve" };
    match object.name() {
        "" => format!("send it to the API server, then {approve} NAME"),
        _ => command(approve, object),
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

/// Text of a request, cut and with what hides on a terminal escaped.
fn shown(text: &str) -> String {
    // DNS names are whole.
    const LENGTH: usize = 253;
    shown::cut(text, LENGTH)
}

/// Whether a text stands for itself on a command line, in every shell.
fn is_plain(text: &str) -> bool {
    text.len() <= 253
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
}
