//! The rule that ties a bootstrap token to one node.

use crate::name::NodeName;
use crate::token::TokenId;

/// A policy file with one rule: the bearer of this token may become this node and no other; with `once`
/// one time only, else also after the node has joined. The rule can stand in a larger policy too.
///
/// It says nothing about renewal, which the node asks for itself, and nothing holds
/// kube-controller-manager's own approver to it: the token's groups must not be bound to
/// `system:certificates.k8s.io:certificatesigningrequests:nodeclient`.
///
/// ```
/// use kboot_core::policy::{Policy, token_rule};
/// let text = token_rule(&"abcdef".parse()?, &"worker-7".parse()?, true);
/// let policy: Policy = text.parse()?;
/// assert_eq!(policy.rules()[0].name(), "token-abcdef");
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[must_use]
pub fn token_rule(token: &TokenId, node: &NodeName, once: bool) -> String {
    // Both are in quotes: 123456 and 10.0 would be numbers.
    let (rejoin, once) = if once { ("", "      once: true\n") } else { (", mayRejoin: true", "") };
    format!(
        "# Whoever has the bootstrap token {token} may become the node {node}, and no other.\n\
         apiVersion: kboot.dev/v1alpha1\n\
         kind: CsrPolicy\n\
         spec:\n\
         \x20 rules:\n\
         \x20   - name: token-{token}\n\
         \x20     signer: kubernetes.io/kube-apiserver-client-kubelet\n\
         \x20     requestor: {{tokenIds: [\"{token}\"]}}\n\
         \x20     node: {{names: [\"{node}\"]{rejoin}}}\n\
         {once}\
         \x20     maxExpiration: 8760h\n\
         \x20     decision: approve\n"
    )
}
