//! CSR approval policy: Approve, Deny or Hold, and exactly why.
//!
//! A request goes first over the floor, which no policy file lifts, then through the rules of the policy; the
//! first that matches decides. Only an [`ApprovedRequest`] gets a signature. All of it is a function of the
//! request, the policy and the [`Context`] that the caller supplies.

mod approved;
mod code;
mod context;
mod context_addition;
mod context_cluster;
mod context_file;
mod decision;
mod describe;
mod document;
mod floor;
mod forbidden;
mod glob;
mod inventory;
mod names;
mod nodes;
mod owner;
mod preset;
mod reserved;
mod rule;
mod sign;
mod simulate;
mod source;
mod token_rule;

pub use approved::{Approval, ApprovedRequest};
pub use code::Code;
pub use context::{AccessReviews, Context, History, KeyOwner, Resolver};
pub use context_file::{CONTEXT_SCHEMA, ContextDocument};
pub use decision::{Answer, Clause, Decision, Refusal, Trace, Verdict};
pub use document::{POLICY_SCHEMA, PolicyError};
pub use glob::Glob;
pub use inventory::{INVENTORY_SCHEMA, Inventory, InventoryNode};
pub use nodes::Nodes;
pub use preset::Preset;
pub use rule::Rule;
pub use simulate::{Counterpart, Outcome, Simulation, Step, Summary};
pub use source::Source;
pub use token_rule::token_rule;

use rule::Case;

use crate::csr::usage::{DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
use crate::csr::{CertificateRequest, CertificateSigningRequest, Signer};
use crate::pki::requested::RequestedContent;
use crate::time::Lifetime;
use crate::x509::{KeyUsage, TlsUsage};

/// What is decided about certificate requests: rules over a floor.
///
/// ```
/// use kboot_core::{Env, csr::*, policy::{Context, Nodes, Policy, Verdict}};
/// # use kboot_core::pki::{KeyAlgorithm, PrivateKey};
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
///     .with_requestor(Requestor::user("system:bootstrap:abcdef").group("system:bootstrappers:workers"));
/// let mut context = Context::at(Env::system().now());
/// context.nodes = Some(Nodes::default()); // what joined already is not for whoever has a token
/// let decision = policy.evaluate(&object, &context);
/// assert_eq!(decision.verdict(), Verdict::Approve);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
    /// What becomes of a request that no rule matches: Deny or Hold.
    otherwise: Verdict,
    /// What becomes of one that the floor proves wrong: Deny or Hold.
    on_violation: Verdict,
}

impl Policy {
    /// Holds everything.
    fn without_rules() -> Self {
        Self { rules: Vec::new(), otherwise: Verdict::Hold, on_violation: Verdict::Hold }
    }

    /// The rules, in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The names of the inventories that its rules refer to: what the caller has to supply.
    pub fn inventories(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter_map(|rule| rule.inventory.as_deref())
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
    pub fn evaluate(&self, object: &CertificateSigningRequest, context: &Context<'_>) -> Decision {
        let signer = object.signer().filter(|signer| self.rules.iter().any(|rule| rule.signer == *signer));
        let Some(signer) = signer else {
            let clause = outcome_clause(
                "signer",
                names::escaped(object.signer_name()),
                Verdict::Hold,
                Code::SignerNotRuled,
            );
            let trace = Trace { clauses: vec![clause] };
            return refusal(Verdict::Hold, Code::SignerNotRuled, None, trace, None);
        };
        let (found, request) = floor::judge(object, signer, context);
        let trace = Trace { clauses: found.clauses };
        let request = match (found.refusal, request) {
            (None, Some(request)) => request,
            (refused, _) => {
                let (verdict, code) = refused.unwrap_or((Verdict::Deny, Code::Malformed));
                let verdict = if verdict == Verdict::Deny { self.on_violation } else { verdict };
                return refusal(verdict, code, None, trace, None);
            }
        };
        self.apply_rules(object, request, signer, context, trace)
    }

    fn apply_rules(
        &self,
        object: &CertificateSigningRequest,
        request: &CertificateRequest,
        signer: Signer,
        context: &Context<'_>,
        mut trace: Trace,
    ) -> Decision {
        let mut doubts: Vec<Verdict> = Vec::new();
        let mut decided = None;
        let case = Case::new(object, request, context);
        let mut missing = None;
        for rule in self.rules.iter().filter(|rule| rule.signer == signer) {
            let before = trace.clauses.len();
            match rule.judge(&case, &mut trace.clauses) {
                Answer::No => {}
                Answer::Unknown => {
                    doubts.push(rule.verdict);
                    missing = missing.or_else(|| what_is_missing(trace.clauses.get(before..)?));
                }
                Answer::Yes => {
                    decided = Some(rule);
                    break;
                }
            }
        }
        let verdict = decided.map_or(self.otherwise, |rule| rule.verdict);
        let candidate = || content(object, request, signer, decided);
        if doubts.iter().any(|doubt| *doubt != verdict) {
            let code = missing.unwrap_or(Code::FactsUnknown);
            trace.clauses.push(outcome_clause(
                "outcome",
                "rules that might match decide differently".to_owned(),
                Verdict::Hold,
                code,
            ));
            return refusal(Verdict::Hold, code, None, trace, Some(candidate()));
        }
        let code = match (decided, verdict) {
            (None, _) => Code::NoRule,
            (Some(_), Verdict::Approve) => Code::RuleApproves,
            (Some(_), Verdict::Deny) => Code::RuleDenies,
            (Some(_), Verdict::Hold) => Code::RuleHolds,
        };
        let name = decided.map_or_else(|| "no rule matches".to_owned(), |rule| rule.name.clone());
        let clause = outcome_clause("outcome", format!("{}: {name}", verdict.word()), verdict, code);
        trace.clauses.push(clause);
        if verdict == Verdict::Approve {
            return Decision::Approve(Box::new(ApprovedRequest { trace, ..candidate() }));
        }
        refusal(verdict, code, decided.and_then(|rule| rule.message.clone()), trace, Some(candidate()))
    }
}

/// The code of what a rule does not know, where each unknown has one.
fn what_is_missing(clauses: &[Clause]) -> Option<Code> {
    let mut unknown = clauses.iter().filter(|clause| clause.answer == Answer::Unknown);
    let first = unknown.next()?.code;
    if unknown.all(|clause| clause.code.is_some()) { first } else { None }
}

fn outcome_clause(name: &'static str, saw: String, verdict: Verdict, code: Code) -> Clause {
    let answer = match verdict {
        Verdict::Approve => Answer::Yes,
        Verdict::Deny => Answer::No,
        Verdict::Hold => Answer::Unknown,
    };
    Clause { rule: None, name, saw, answer, code: Some(code) }
}

fn refusal(
    verdict: Verdict,
    code: Code,
    message: Option<String>,
    trace: Trace,
    candidate: Option<ApprovedRequest>,
) -> Decision {
    let message = message.unwrap_or_else(|| format!("{} ({code})", code.meaning()));
    let candidate = candidate.map(Box::new);
    let refusal = Refusal { code, message, trace, candidate };
    match verdict {
        Verdict::Deny => Decision::Deny(refusal),
        Verdict::Approve | Verdict::Hold => Decision::Hold(refusal),
    }
}

/// What would be signed: read once more from the facts that the floor has judged.
fn content(
    object: &CertificateSigningRequest,
    request: &CertificateRequest,
    signer: Signer,
    rule: Option<&Rule>,
) -> ApprovedRequest {
    let has = |usage: &str| object.usages().iter().any(|one| one == usage);
    ApprovedRequest {
        signer,
        content: RequestedContent {
            common_name: request.common_names().next().unwrap_or_default().to_owned(),
            organizations: request.organizations().map(str::to_owned).collect(),
            alternative_names: request.alternative_names().cloned().collect(),
            public_key: request.public_key().clone(),
            usage: match signer {
                Signer::KubeApiserverClient | Signer::KubeApiserverClientKubelet => TlsUsage::Client,
                Signer::KubeletServing => TlsUsage::Server,
            },
            key_usage: [
                (DIGITAL_SIGNATURE, KeyUsage::DIGITAL_SIGNATURE),
                (KEY_ENCIPHERMENT, KeyUsage::KEY_ENCIPHERMENT),
            ]
            .into_iter()
            .fold(KeyUsage::NONE, |all, (word, usage)| if has(word) { all | usage } else { all }),
        },
        requested_lifetime: object.expiration_seconds().and_then(|s| Lifetime::from_seconds(s).ok()),
        max_lifetime: rule.and_then(|rule| rule.max_expiration),
        approval: Approval::Rule {
            name: rule.map(|rule| rule.name.clone()).unwrap_or_default(),
            message: rule.and_then(|rule| rule.message.clone()),
        },
        trace: Trace::default(),
    }
}
