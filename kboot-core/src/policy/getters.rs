//! What a rule demands, condition by condition: what [`Rule`]'s `with_…` set, or its text says.

use super::condition::{
    Access, AlternativeNames, MaxAge, MaxExpiration, MaxPending, NameKind, NodeNameRule, NodeNames, Once,
    Rejoin, Requestor, Subject,
};
use super::{Glob, NameSource, Rule};
use crate::time::Lifetime;
use crate::token::TokenId;

/// The conditions, each as it was set. A list that is empty demands nothing.
///
/// ```
/// use kboot_core::{csr::Signer, policy::Rule};
/// let rule = Rule::approve("workers", Signer::KubeApiserverClientKubelet)
///     .with_requestor(&[], &["system:bootstrappers"], &[])
///     .with_node_names(["worker-*"])
///     .with_max_age("1h".parse()?);
/// assert_eq!(rule.requestor_groups(), ["system:bootstrappers"]);
/// assert!(rule.node_names().iter().any(|pattern| pattern.matches("worker-7")));
/// assert_eq!(rule.max_age(), Some("1h".parse()?));
/// assert!(!rule.may_rejoin());
/// # Ok::<(), kboot_core::time::TimeError>(())
/// ```
impl Rule {
    /// Whether the sender must be the user whom the request names (`requestor: self`).
    #[must_use]
    pub fn is_requestor_self(&self) -> bool {
        self.condition() == Some(&Requestor::Myself)
    }

    /// Patterns, one of which the sender's name must match (`requestor.users`).
    #[must_use]
    pub fn requestor_users(&self) -> &[Glob] {
        match self.condition() {
            Some(Requestor::Listed { users, .. }) => users,
            Some(Requestor::Myself) | None => &[],
        }
    }

    /// Groups, one of which the sender must be in (`requestor.groups`).
    #[must_use]
    pub fn requestor_groups(&self) -> &[String] {
        match self.condition() {
            Some(Requestor::Listed { groups, .. }) => groups,
            Some(Requestor::Myself) | None => &[],
        }
    }

    /// Bootstrap tokens, one of which the sender must use (`requestor.tokenIds`).
    #[must_use]
    pub fn requestor_token_ids(&self) -> &[TokenId] {
        match self.condition() {
            Some(Requestor::Listed { token_ids, .. }) => token_ids,
            Some(Requestor::Myself) | None => &[],
        }
    }

    /// Patterns, one of which the node's name must match (`node.names`).
    #[must_use]
    pub fn node_names(&self) -> &[Glob] {
        self.condition().map_or(&[], |NodeNames(patterns)| patterns)
    }

    /// The inventory that must list the node: the name under which the policy refers to it (`node.inventory`).
    #[must_use]
    pub fn inventory(&self) -> Option<&str> {
        self.around().inventory()
    }

    /// Whether somebody else than the node may get its identity although it has joined (`node.mayRejoin`).
    #[must_use]
    pub fn may_rejoin(&self) -> bool {
        self.condition() == Some(&Rejoin::Allowed)
    }

    /// Patterns, one of which the user that the request names must match (`subject.users`); none where the rule says
    /// nothing of the subject.
    #[must_use]
    pub fn subject_users(&self) -> Option<&[Glob]> {
        self.condition().map(|Subject { users, .. }| users.as_slice())
    }

    /// The only groups that the request may name (`subject.groups`); none where the rule says nothing of the subject.
    #[must_use]
    pub fn subject_groups(&self) -> Option<&[String]> {
        self.condition().map(|Subject { groups, .. }| groups.as_slice())
    }

    /// Who each must say of every name that it is the node's (`subjectAltNames.within`).
    #[must_use]
    pub fn names_within(&self) -> &[NameSource] {
        self.names().map_or(&[], |names| &names.within)
    }

    /// The kinds of names for which any node's word is taken (`subjectAltNames.anyNodeMayClaim`).
    #[must_use]
    pub fn any_node_may_claim(&self) -> &[NameKind] {
        self.names().map_or(&[], |names| &names.any_node_may_claim)
    }

    /// Patterns, one of which each DNS name must match (`subjectAltNames.dnsNames`); none where any will do.
    #[must_use]
    pub fn dns_names(&self) -> Option<&[Glob]> {
        self.names()?.dns_names.as_deref()
    }

    /// How many names and addresses there may be (`subjectAltNames.max`).
    #[must_use]
    pub fn max_names(&self) -> Option<usize> {
        self.names()?.max
    }

    /// How many DNS names there may be (`subjectAltNames.maxDns`).
    #[must_use]
    pub fn max_dns_names(&self) -> Option<usize> {
        self.names()?.max_dns
    }

    /// The subresource that the sender must be allowed to create (`access`).
    #[must_use]
    pub fn access(&self) -> Option<Access> {
        self.condition().copied()
    }

    /// The longest lifetime that may be asked for, and that an approval gives (`maxExpiration`).
    #[must_use]
    pub fn max_expiration(&self) -> Option<Lifetime> {
        self.condition().map(|MaxExpiration(max)| *max)
    }

    /// How old the request may be (`maxAge`).
    #[must_use]
    pub fn max_age(&self) -> Option<Lifetime> {
        self.condition().map(|MaxAge(max)| *max)
    }

    /// How many requests the sender may have open for the node, this one among them (`maxPending.perNode`).
    #[must_use]
    pub fn max_pending_per_node(&self) -> Option<u32> {
        self.condition().and_then(|max: &MaxPending| max.per_node)
    }

    /// How many requests the sender may have open in all, this one among them (`maxPending.perRequestor`).
    #[must_use]
    pub fn max_pending_per_requestor(&self) -> Option<u32> {
        self.condition().and_then(|max: &MaxPending| max.per_requestor)
    }

    /// Whether the sender may have had no request approved before (`once`).
    #[must_use]
    pub fn is_once(&self) -> bool {
        self.condition::<Once>().is_some()
    }

    /// The message of the request's condition (`message`).
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    fn names(&self) -> Option<&NodeNameRule> {
        match self.condition()? {
            AlternativeNames::OfNode(names) => Some(names),
            AlternativeNames::NoneOfUser => None,
        }
    }
}
