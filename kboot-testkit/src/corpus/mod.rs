//! The attack corpus: CertificateSigningRequests as API objects, and what a correct approver answers.
//!
//! `corpus/README.md` in this crate says how to hold any approver against it.

mod files;

use std::cmp::Reverse;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// One request and its right answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// Its name: the file's, without `.json`. The object has one of its own, in `metadata`.
    pub name: String,
    /// What it is, and what approving it would give an attacker or which kubelet makes it.
    pub about: String,
    /// The incident or report it is taken from.
    pub incident: Option<String>,
    /// Whether some kube-apiserver from 1.20 on lets it be created through `certificates.k8s.io/v1`; what
    /// it does not let pass, an approver must still refuse. Later versions refuse some that earlier ones take.
    pub creatable: bool,
    /// The CertificateSigningRequest.
    pub object: Value,
    /// What approving it does; none for a genuine one.
    pub harm: Option<Harm>,
    /// The right answer.
    pub expect: Expect,
}

/// What approving a hostile request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Harm {
    /// Of which kind it is.
    pub class: Class,
    /// How bad it is.
    pub severity: Severity,
}

/// Why a request is to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Class {
    /// Approving it gives somebody what is another's: an identity, a name, a power.
    Attack,
    /// Its key or its signature can be forged, or nobody can say whether it can.
    Algorithm,
    /// It is no proper request: what reads it differently than the approver makes something else of it.
    Hygiene,
}

/// How bad it is to approve a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// A certificate that some component refuses or takes amiss.
    Low,
    /// A certificate that is good for more than it should be.
    Medium,
    /// Another's identity or name.
    High,
    /// The whole cluster: its administrator, its API server, its authority.
    Critical,
}

/// What an approver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "leaving a request pending refuses it too")]
pub enum Answer {
    /// It approves.
    Approve,
    /// It does not: it denies, or leaves the request pending.
    Refuse,
}

/// What kboot decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "kboot's three decisions")]
pub enum Decision {
    /// It approves.
    Approve,
    /// It denies, which is final.
    Deny,
    /// It leaves the request pending.
    Hold,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attack => "attack",
            Self::Algorithm => "algorithm",
            Self::Hygiene => "hygiene",
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
        })
    }
}

impl Decision {
    /// The word: `approve`, `deny` or `hold`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Hold => "hold",
        }
    }
}

/// A right answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Expect {
    /// What any correct approver answers.
    pub answer: Answer,
    /// What kboot decides.
    pub decision: Decision,
    /// kboot's code: the floor's, or that of the rules.
    pub code: String,
}

impl Entry {
    /// Whether approving it would be wrong.
    #[must_use]
    pub fn is_hostile(&self) -> bool {
        self.expect.answer == Answer::Refuse
    }
}

/// Every entry, hostile ones first.
///
/// ```
/// let refused = kboot_testkit::corpus::all().iter().filter(|entry| entry.is_hostile());
/// assert!(refused.count() >= 60);
/// ```
///
/// # Panics
/// Where a committed file is not as [`Entry`] describes.
#[must_use]
#[expect(clippy::expect_used, reason = "a test with a broken corpus has failed")]
pub fn all() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        let read = |text: &&str| serde_json::from_str(text).expect("an entry of the corpus");
        files::HOSTILE.iter().chain(files::GENUINE).map(read).collect()
    });
    &ENTRIES
}

/// An entry that an approver answers wrongly. Its `Display` says what that gives away.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Failure {
    /// The entry.
    pub entry: &'static Entry,
    /// What the approver answered.
    pub answer: Answer,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { name, about, harm, incident, .. } = self.entry;
        match harm {
            Some(Harm { class, severity }) => {
                write!(f, "{name} is approved ({class:?}, {severity:?}): {about}")?
            }
            None => write!(f, "{name} is refused: {about}")?,
        }
        incident.iter().try_for_each(|incident| write!(f, " Seen in {incident}."))
    }
}

/// Holds an approver against every entry; what it answers wrongly comes back, the worst first. It is given the whole
/// object, its requestor included, and knows the cluster that `corpus/README.md` describes.
///
/// ```
/// use kboot_testkit::corpus::{self, Answer, Severity};
/// // An approver that believes whoever names a node.
/// let failures = corpus::hold(|object| match object.pointer("/spec/signerName").and_then(|name| name.as_str()) {
///     Some("kubernetes.io/kubelet-serving") => Answer::Approve,
///     _ => Answer::Refuse,
/// });
/// let worst = failures[0].entry.harm.unwrap();
/// assert_eq!(worst.severity, Severity::Critical);
/// ```
pub fn hold(mut approver: impl FnMut(&Value) -> Answer) -> Vec<Failure> {
    let answered = all().iter().map(|entry| Failure { entry, answer: approver(&entry.object) });
    let mut failures: Vec<Failure> =
        answered.filter(|failure| failure.answer != failure.entry.expect.answer).collect();
    failures.sort_by_key(|failure| Reverse(failure.entry.harm.map(|harm| harm.severity)));
    failures
}

/// The Nodes, as `kubectl get nodes -o json` prints them, trimmed to names and addresses.
pub const NODES_JSON: &str = include_str!("../../corpus/nodes.json");

/// The inventory of machines.
pub const INVENTORY_YAML: &str = include_str!("../../corpus/inventory.yaml");

/// What is known of the cluster as a whole, a `CsrContext`.
pub const CONTEXT_YAML: &str = include_str!("../../corpus/context.yaml");

/// A policy that approves every genuine entry and no hostile one.
pub const POLICY_YAML: &str = include_str!("../../corpus/policy.yaml");
