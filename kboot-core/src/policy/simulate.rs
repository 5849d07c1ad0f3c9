//! A policy over many requests, against what became of them or against another policy.

use std::collections::BTreeMap;

use super::{ContextDocument, Decision, History, Policy, PolicyContext, Reason, Verdict};
use crate::csr::{CertificateSigningRequest, Signer};
use crate::time::Timestamp;

/// A policy that decides on requests one after the other, each as if those before it had just been
/// decided on.
///
/// Limits on open requests and `once` count what came earlier: a request that the policy approves counts
/// as approved from then on, one that it holds as its own conditions say. Each request is judged at the
/// time of its creation, unless a context file states the time. Memory grows with the number of nodes and
/// users, not with that of requests.
///
/// ```
/// use kboot_core::{Env, csr::CertificateSigningRequest, policy::{ContextDocument, Preset, Simulation}};
/// # use kboot_core::{csr::*, x509::{CertificateRequest, KeyAlgorithm, PrivateKey}};
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_kubelet_client(&"worker-1".parse()?, &key)?.to_pem();
/// # let object = CertificateSigningRequest::new("a", Signer::KubeApiserverClientKubelet, pem.as_bytes())
/// #     .with_requestor(Requestor::user("system:bootstrap:abcdef"));
/// let (policy, facts) = (Preset::Upstream.policy(), ContextDocument::default());
/// let mut simulation = Simulation::new(&policy, facts.context(Env::system().now()), &facts);
/// let step = simulation.judge(&object);
/// assert!(step.agrees(), "it is pending, and without a SubjectAccessReview it stays so");
/// assert_eq!(simulation.summary().agreements, 1);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Simulation<'a> {
    replay: Replay<'a>,
    other: Option<Replay<'a>>,
    summary: SimulationSummary,
}

/// What became of a request in its cluster, as its object says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth")]
pub enum RequestOutcome {
    /// Somebody approved it, or it has a certificate.
    Approved,
    /// Somebody denied it.
    Denied,
    /// Nobody has decided.
    Pending,
}

/// What a decision is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two comparisons that there are")]
pub enum Counterpart {
    /// What became of the request.
    Happened(RequestOutcome),
    /// What another policy decides.
    Decided(Box<Decision>),
}

/// The decision on one request of a simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimulatedRequest {
    /// What the policy decides.
    pub decision: Decision,
    /// What that is compared with.
    pub counterpart: Counterpart,
}

/// The counts of a simulation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SimulationSummary {
    /// Requests decided on.
    pub total: u64,
    /// How many of them the policy approves.
    pub approved: u64,
    /// How many it denies.
    pub denied: u64,
    /// How many it holds.
    pub held: u64,
    /// How often the two are the same.
    pub agreements: u64,
    /// How often not, by what the policy decides and what the other side has.
    pub disagreements: BTreeMap<(&'static str, &'static str), u64>,
    /// How many of those that it holds are for a signer that no rule of it names, where what happened says
    /// nothing about the policy: they count neither as agreements nor as disagreements.
    pub signer_not_ruled: u64,
}

impl<'a> Simulation<'a> {
    /// Compares with what became of the requests. The document is the one that the context was made of.
    #[must_use]
    pub fn new(policy: &'a Policy, context: PolicyContext<'a>, document: &'a ContextDocument) -> Self {
        Self {
            replay: Replay::new(policy, context, document),
            other: None,
            summary: SimulationSummary::default(),
        }
    }

    /// Compares with what another policy decides, in a context of its own.
    #[must_use]
    pub fn with_counterpart(mut self, policy: &'a Policy, context: PolicyContext<'a>) -> Self {
        self.other = Some(Replay::new(policy, context, self.replay.document));
        self
    }

    /// Decides on one more request.
    pub fn judge(&mut self, object: &CertificateSigningRequest) -> SimulatedRequest {
        let decision = self.replay.decide(object);
        let counterpart = match &mut self.other {
            None => Counterpart::Happened(RequestOutcome::of(object)),
            Some(other) => Counterpart::Decided(Box::new(other.decide(object))),
        };
        let step = SimulatedRequest { decision, counterpart };
        self.summary.count(&step);
        step
    }

    /// The counts so far.
    #[must_use]
    pub fn summary(&self) -> &SimulationSummary {
        &self.summary
    }
}

/// One policy on its way through the requests.
#[derive(Debug)]
struct Replay<'a> {
    policy: &'a Policy,
    context: PolicyContext<'a>,
    document: &'a ContextDocument,
    clock: Timestamp,
}

impl<'a> Replay<'a> {
    fn new(policy: &'a Policy, mut context: PolicyContext<'a>, document: &'a ContextDocument) -> Self {
        context.history.get_or_insert_with(History::default);
        let clock = context.now;
        Self { policy, context, document, clock }
    }

    fn decide(&mut self, object: &CertificateSigningRequest) -> Decision {
        let history = self.context.history.get_or_insert_with(History::default);
        if self.document.lists(object) {
            history.remove(object);
        }
        if self.document.now().is_none() {
            self.context.now = object.created().unwrap_or(self.clock);
        }
        let decision = self.policy.evaluate(object, &self.context);
        let history = self.context.history.get_or_insert_with(History::default);
        match decision.verdict() {
            Verdict::Approve if object.signer() == Some(Signer::KubeApiserverClientKubelet) => {
                history.add_approved(&object.requestor().username);
            }
            Verdict::Approve | Verdict::Deny => {}
            Verdict::Hold => history.add(object),
        }
        decision
    }
}

impl RequestOutcome {
    /// What its conditions say (`GetCertApprovalCondition` in
    /// `pkg/controller/certificates/certificate_controller_utils.go`).
    #[must_use]
    pub fn of(object: &CertificateSigningRequest) -> Self {
        if object.condition("Denied").is_some() {
            Self::Denied
        } else if object.condition("Approved").is_some() || object.certificate().is_some() {
            Self::Approved
        } else {
            Self::Pending
        }
    }

    /// The decision that leads to it.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Approved => Verdict::Approve,
            Self::Denied => Verdict::Deny,
            Self::Pending => Verdict::Hold,
        }
    }

    /// `approved`, `denied` or `pending`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Pending => "pending",
        }
    }
}

impl Counterpart {
    /// The decision of the other side.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Happened(outcome) => outcome.verdict(),
            Self::Decided(decision) => decision.verdict(),
        }
    }

    /// What it is, in a word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Happened(outcome) => outcome.as_str(),
            Self::Decided(decision) => decision.verdict().as_str(),
        }
    }
}

impl SimulatedRequest {
    /// Whether both sides come to the same, or the policy has nothing to say of what happened.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.is_signer_not_ruled() || self.decision.verdict() == self.counterpart.verdict()
    }

    /// Whether the request is held because no rule of the policy names its signer, so that what became of it
    /// is no contradiction.
    #[must_use]
    pub fn is_signer_not_ruled(&self) -> bool {
        self.decision.reason() == Reason::SignerNotRuled
            && matches!(self.counterpart, Counterpart::Happened(_))
    }
}

impl SimulationSummary {
    /// How often the policy and what it is compared with differ.
    #[must_use]
    pub fn disagreements(&self) -> u64 {
        self.disagreements.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn count(&mut self, step: &SimulatedRequest) {
        let add = |count: &mut u64| *count = count.saturating_add(1);
        add(&mut self.total);
        add(match step.decision.verdict() {
            Verdict::Approve => &mut self.approved,
            Verdict::Deny => &mut self.denied,
            Verdict::Hold => &mut self.held,
        });
        if step.is_signer_not_ruled() {
            add(&mut self.signer_not_ruled);
        } else if step.agrees() {
            add(&mut self.agreements);
        } else {
            let pair = (step.decision.verdict().as_str(), step.counterpart.as_str());
            add(self.disagreements.entry(pair).or_default());
        }
    }
}
