//! The rule that ties a bootstrap token to one node.

use super::Rule;
use crate::csr::Signer;
use crate::name::NodeName;
use crate::time::Lifetime;
use crate::token::TokenId;

/// The rule by which the bearer of this token may become this node and no other; with `once` one time only, else
/// also after the node has joined. The certificate lives a year at most.
///
/// It says nothing about renewal, which the node asks for itself, and nothing holds
/// kube-controller-manager's own approver to it: the token's groups must not be bound to
/// `system:certificates.k8s.io:certificatesigningrequests:nodeclient`.
///
/// ```
/// use kboot_core::policy::{Policy, token_rule};
/// let policy = Policy::new([token_rule(&"abcdef".parse()?, &"worker-7".parse()?, true)])?;
/// assert_eq!(policy.rules()[0].name(), "token-abcdef");
/// assert!(policy.to_yaml()?.contains("once: true"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn token_rule(token: &TokenId, node: &NodeName, once: bool) -> Rule {
    let rule = Rule::approve(&format!("token-{token}"), Signer::KubeApiserverClientKubelet)
        .with_requestor(&[], &[], std::slice::from_ref(token))
        .with_node_names([node.as_str()])
        .with_max_expiration(Lifetime::ONE_YEAR);
    if once { rule.with_once() } else { rule.with_rejoin() }
}
