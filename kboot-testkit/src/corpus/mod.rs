//! The attack corpus: CertificateSigningRequests as API objects, and what a correct approver answers.
//!
//! `corpus/README.md` in this crate says how to hold any approver against it.

mod files;

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// One request and its right answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// Its name: the file's, without `.json`, and the object's.
    pub name: String,
    /// What it is, and what approving it would give an attacker or which kubelet makes it.
    pub about: String,
    /// The incident or report it is taken from.
    pub incident: Option<String>,
    /// Whether some kube-apiserver from 1.20 on lets it be created through `certificates.k8s.io/v1`; what
    /// it does not let pass, an approver must still refuse.
    pub creatable: bool,
    /// The CertificateSigningRequest.
    pub object: Value,
    /// The right answer.
    pub expect: Expect,
}

/// A right answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Expect {
    /// What any correct approver answers: `approve` or `refuse`.
    pub answer: String,
    /// What kboot decides: `approve`, `deny` or `hold`.
    pub decision: String,
    /// kboot's code: the floor's, or that of the rules.
    pub code: String,
}

impl Entry {
    /// Whether approving it would be wrong.
    #[must_use]
    pub fn is_hostile(&self) -> bool {
        self.expect.answer != "approve"
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

/// The Nodes, as `kubectl get nodes -o json` prints them, trimmed to names and addresses.
pub const NODES_JSON: &str = include_str!("../../corpus/nodes.json");

/// The inventory of machines.
pub const INVENTORY_YAML: &str = include_str!("../../corpus/inventory.yaml");

/// What is known of the cluster as a whole, a `CsrContext`.
pub const CONTEXT_YAML: &str = include_str!("../../corpus/context.yaml");

/// A policy that approves every genuine entry and no hostile one.
pub const POLICY_YAML: &str = include_str!("../../corpus/policy.yaml");
