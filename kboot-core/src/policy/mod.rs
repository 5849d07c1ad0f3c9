//! CSR approval policy: Approve, Deny or Hold, and exactly why.
//!
//! A request goes first over the floor, which no policy file lifts, then through the rules of the policy; the
//! first that matches decides. Only an [`ApprovedRequest`] gets a signature. All of it is a function of the
//! request, the policy and the [`PolicyContext`] that the caller supplies.

mod access;
mod approved;
mod builder;
mod case;
mod condition;
mod context;
mod decision;
mod document;
mod event;
mod evidence;
pub mod explain;
mod floor;
mod getters;
mod glob;
mod missing_fact;
mod note;
mod number;
mod preset;
mod problem;
mod reason;
mod rule;
mod sign;
mod simulate;
mod text;
mod token_rule;
mod trace;
mod validate;
mod verdict;
mod warnings;

use std::sync::Arc;

pub use access::Access;
pub use approved::{Approval, ApprovedRequest};
pub use condition::{ConditionKind, NameKind};
pub use context::{
    AccessReviews, ContextBuilder, ContextDocument, History, KeyOwner, PolicyContext, Resolver,
};
pub use decision::{Decision, Refusal};
pub use event::{EventText, EventType};
#[cfg(feature = "k8s-openapi")]
pub(crate) use evidence::address_of_node;
pub use evidence::{Inventory, InventoryNode, NameSource, Nodes};
pub use explain::Explanation;
pub use floor::FloorClause;
pub use glob::Glob;
pub use missing_fact::MissingFact;
pub use preset::Preset;
pub use problem::PolicyProblem;
pub use reason::Reason;
pub use rule::Rule;
pub use simulate::{Counterpart, RequestOutcome, SimulatedRequest, Simulation, SimulationSummary};
pub use token_rule::token_rule;
pub use trace::{Clause, ClauseKind, Trace};
pub use verdict::{Answer, Verdict};

use case::Case;
use floor::{FloorObservation, unreadable};
use note::{Note, Observation, Outcome};
use number::Number;

use crate::csr::{CertificateSigningRequest, Signer};

/// What is decided about certificate requests: rules over a floor.
///
/// ```
/// use kboot_core::{Env, csr::*, policy::{PolicyContext, Nodes, Policy, Verdict}};
/// # use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
/// let policy: Policy = "
/// apiVersion: kboot.dev/v1alpha1
/// kind: CsrPolicy
/// spec:
///   rules:
///   - name: first-client-certificate
///     signer: kubernetes.io/kube-apiserver-client-kubelet
///     requestor: {groups: [system:bootstrappers:workers]}
///     node: {names: ['worker-*']}
///     decision: approve
/// ".parse()?;
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_kubelet_client(&"worker-1".parse()?, &key)?.to_pem();
/// let object = CertificateSigningRequest::new("csr-1", Signer::KubeApiserverClientKubelet, pem.as_bytes())
///     .with_requestor(Requestor::user("system:bootstrap:abcdef").with_group("system:bootstrappers:workers"));
/// let mut context = PolicyContext::at(Env::system().now());
/// context.nodes = Some(Nodes::default()); // what joined already is not for whoever has a token
/// let decision = policy.evaluate(&object, &context);
/// assert_eq!(decision.verdict(), Verdict::Approve);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    rules: Arc<[Rule]>,
    /// What becomes of a request that no rule matches: Deny or Hold.
    otherwise: Verdict,
    /// What becomes of one that the floor proves wrong: Deny or Hold.
    on_violation: Verdict,
}

impl Policy {
    /// Holds everything.
    fn without_rules() -> Self {
        Self { rules: Arc::default(), otherwise: Verdict::Hold, on_violation: Verdict::Hold }
    }

    /// The rules, in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What becomes of a request that no rule matches: Hold or Deny.
    #[must_use]
    pub fn otherwise(&self) -> Verdict {
        self.otherwise
    }

    /// What becomes of a request that the floor proves wrong: Deny or Hold.
    #[must_use]
    pub fn on_violation(&self) -> Verdict {
        self.on_violation
    }

    /// The names of the inventories that its rules refer to: what the caller has to supply.
    pub fn inventories(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter_map(Rule::inventory)
    }

    /// Decides on a request.
    ///
    /// Each condition of a rule answers yes, no or unknown. A rule that might match leaves a doubt, and the
    /// decision then is one that holds whatever the unknown turns out to be; else it is Hold.
    ///
    /// The conditions of the object are not looked at, so that decisions can be repeated: whoever acts on the
    /// decision asks [`CertificateSigningRequest::is_pending`] first. A history in the context is of the other
    /// requests ([`History::remove`]).
    #[must_use]
    pub fn evaluate(&self, object: &CertificateSigningRequest, context: &PolicyContext<'_>) -> Decision {
        let mut trace = Trace::new(object, &self.rules);
        let signer = object.signer().filter(|signer| self.rules.iter().any(|rule| rule.signer == *signer));
        let Some(signer) = signer else {
            let reason = Reason::SignerNotRuled;
            let observation = Observation::Floor(FloorObservation::SignerName);
            trace.notes.push(Note { observation, answer: Answer::Unknown, reason: Some(reason) });
            return refusal(Verdict::Hold, reason, trace);
        };
        let request = match object.request() {
            Ok(request) => request,
            Err(error) => {
                let (verdict, reason) = unreadable(error, &mut trace.notes);
                return refusal(self.of_floor(verdict), reason, trace);
            }
        };
        let case = Case::new(object, request, context);
        match floor::judge(&case, signer, &mut trace.notes) {
            Some((verdict, reason)) => refusal(self.of_floor(verdict), reason, trace),
            None => self.apply_rules(&case, signer, trace),
        }
    }

    /// What becomes of a request that the floor refuses so.
    fn of_floor(&self, verdict: Verdict) -> Verdict {
        if verdict == Verdict::Deny { self.on_violation } else { verdict }
    }

    fn apply_rules(&self, case: &Case<'_>, signer: Signer, mut trace: Trace) -> Decision {
        let mut doubts: Vec<Verdict> = Vec::new();
        let mut decided = None;
        let mut missing = None;
        for (number, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.signer == signer) {
            let before = trace.notes.len();
            match rule.judge(number, case, &mut trace.notes) {
                Answer::No => {}
                Answer::Unknown => {
                    doubts.push(rule.verdict);
                    missing = missing.or_else(|| what_is_missing(trace.notes.get(before..)?));
                }
                Answer::Yes => {
                    decided = Some((number, rule));
                    break;
                }
            }
        }
        let verdict = decided.map_or(self.otherwise, |(_, rule)| rule.verdict);
        if doubts.iter().any(|doubt| *doubt != verdict) {
            let reason = missing.unwrap_or(Reason::FactsUnknown);
            trace.notes.push(outcome(Outcome::Disputed, Verdict::Hold, reason));
            let rule = decided.map(|(number, _)| number);
            return Decision::Hold(Refusal { reason, rule, trace, approvable: Some(signer) });
        }
        let reason = match (decided, verdict) {
            (None, _) => Reason::NoRule,
            (Some(_), Verdict::Approve) => Reason::RuleApproves,
            (Some(_), Verdict::Deny) => Reason::RuleDenies,
            (Some(_), Verdict::Hold) => Reason::RuleHolds,
        };
        let found = decided.map_or(Outcome::NoRule, |(number, _)| Outcome::ByRule(Number::of(number)));
        trace.notes.push(outcome(found, verdict, reason));
        let rule = decided.map(|(number, _)| number);
        if verdict == Verdict::Approve {
            return Decision::Approve(Box::new(ApprovedRequest { signer, trace, rule }));
        }
        refused(verdict, Refusal { reason, rule, trace, approvable: Some(signer) })
    }
}

/// The reason for what a rule does not know, where each unknown has one.
fn what_is_missing(notes: &[Note]) -> Option<Reason> {
    let mut unknown = notes.iter().filter(|note| note.answer == Answer::Unknown);
    let first = unknown.next()?.reason;
    if unknown.all(|note| note.reason.is_some()) { first } else { None }
}

fn outcome(outcome: Outcome, verdict: Verdict, reason: Reason) -> Note {
    let answer = match verdict {
        Verdict::Approve => Answer::Yes,
        Verdict::Deny => Answer::No,
        Verdict::Hold => Answer::Unknown,
    };
    Note { observation: Observation::Outcome(outcome), answer, reason: Some(reason) }
}

/// What the floor refuses, no person lifts.
fn refusal(verdict: Verdict, reason: Reason, trace: Trace) -> Decision {
    refused(verdict, Refusal { reason, rule: None, trace, approvable: None })
}

fn refused(verdict: Verdict, refusal: Refusal) -> Decision {
    match verdict {
        Verdict::Deny => Decision::Deny(refusal),
        Verdict::Approve | Verdict::Hold => Decision::Hold(refusal),
    }
}
