//! Rules written in code, condition by condition.

use super::condition::{
    Access, AlternativeNames, Condition, ListedNode, MaxAge, MaxExpiration, MaxPending, NameKind,
    NodeNameRule, NodeNames, Once, Rejoin, Requestor, Subject,
};
use super::{Glob, NameSource, Rule, Verdict};
use crate::csr::Signer;
use crate::time::Lifetime;
use crate::token::TokenId;

/// Rules in code. What is wrong with one is said by [`Policy::new`](super::Policy::new), of all of them at once. A
/// condition that is given again takes the place of the first.
impl Rule {
    /// A rule that approves what meets its conditions.
    ///
    /// ```
    /// use kboot_core::{csr::Signer, policy::Rule};
    /// let renewal = Rule::approve("renewal", Signer::KubeApiserverClientKubelet).with_requestor_self();
    /// assert_eq!(renewal.sentence(), "Approves client certificates of kubelets: asked for by their own holder.");
    /// ```
    #[must_use]
    pub fn approve(name: &str, signer: Signer) -> Self {
        Self::new(name.to_owned(), signer, Vec::new(), Verdict::Approve, None)
    }

    /// A rule that denies what meets its conditions, for good.
    #[must_use]
    pub fn deny(name: &str, signer: Signer) -> Self {
        Self::new(name.to_owned(), signer, Vec::new(), Verdict::Deny, None)
    }

    /// A rule that leaves what meets its conditions to a person, or to another approver.
    #[must_use]
    pub fn hold(name: &str, signer: Signer) -> Self {
        Self::new(name.to_owned(), signer, Vec::new(), Verdict::Hold, None)
    }

    /// The sender is the user whom the request names, in all of its groups: a renewal (`requestor: self`).
    #[must_use]
    pub fn with_requestor_self(self) -> Self {
        self.with(Condition::Requestor(Requestor::Myself))
    }

    /// The sender is in each of these lists that is not empty: its name matches one of the patterns, it is in one of
    /// the groups, it joins by one of the tokens (`requestor: {users, groups, tokenIds}`).
    #[must_use]
    pub fn with_requestor(self, users: &[&str], groups: &[&str], token_ids: &[TokenId]) -> Self {
        self.with(Condition::Requestor(Requestor::Listed {
            users: globs(users),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            token_ids: token_ids.to_vec(),
        }))
    }

    /// The node's name matches one of these patterns (`node.names`).
    #[must_use]
    pub fn with_node_names(self, patterns: impl IntoIterator<Item: AsRef<str>>) -> Self {
        self.with(Condition::NodeNames(NodeNames(globs(patterns))))
    }

    /// The node is in the inventory that the context has under this name (`node.inventory`).
    #[must_use]
    pub fn with_inventory(self, name: &str) -> Self {
        self.with(Condition::ListedNode(ListedNode { inventory: name.to_owned() }))
    }

    /// Somebody else than the node may get its identity although it has joined already (`node.mayRejoin: true`).
    #[must_use]
    pub fn with_rejoin(self) -> Self {
        self.with(Condition::Rejoin(Rejoin::Allowed))
    }

    /// The user that the request names matches one of these patterns, and is in no groups but these (`subject`).
    #[must_use]
    pub fn with_subject(self, users: &[&str], groups: &[&str]) -> Self {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        self.with(Condition::Subject(Subject { users: globs(users), groups }))
    }

    /// Each of these says of every name that it is the node's, where it speaks of such names
    /// (`subjectAltNames.within`).
    #[must_use]
    pub fn with_names_within(self, sources: impl IntoIterator<Item = NameSource>) -> Self {
        self.with_names(|names| names.within = sources.into_iter().collect())
    }

    /// Takes any node's word for these kinds of names, which no source limits (`subjectAltNames.anyNodeMayClaim`).
    #[must_use]
    pub fn with_any_node_may_claim(self, kinds: impl IntoIterator<Item = NameKind>) -> Self {
        self.with_names(|names| names.any_node_may_claim = kinds.into_iter().collect())
    }

    /// Each DNS name matches one of these patterns, whosever it is (`subjectAltNames.dnsNames`).
    #[must_use]
    pub fn with_dns_names(self, patterns: impl IntoIterator<Item: AsRef<str>>) -> Self {
        self.with_names(|names| names.dns_names = Some(globs(patterns)))
    }

    /// There are at most so many names and addresses (`subjectAltNames.max`).
    #[must_use]
    pub fn with_max_names(self, max: usize) -> Self {
        self.with_names(|names| names.max = Some(max))
    }

    /// There are at most so many DNS names (`subjectAltNames.maxDns`).
    #[must_use]
    pub fn with_max_dns_names(self, max: usize) -> Self {
        self.with_names(|names| names.max_dns = Some(max))
    }

    /// The sender may create this subresource, as a SubjectAccessReview says (`access`).
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        self.with(Condition::Access(access))
    }

    /// The lifetime asked for is this at most (`maxExpiration`).
    #[must_use]
    pub fn with_max_expiration(self, lifetime: Lifetime) -> Self {
        self.with(Condition::MaxExpiration(MaxExpiration(lifetime)))
    }

    /// The request was made so long ago at most (`maxAge`).
    #[must_use]
    pub fn with_max_age(self, age: Lifetime) -> Self {
        self.with(Condition::MaxAge(MaxAge(age)))
    }

    /// The sender has so many requests open at most, this one among them: for this node, and in all (`maxPending`).
    #[must_use]
    pub fn with_max_pending(self, per_node: Option<u32>, per_requestor: Option<u32>) -> Self {
        self.with(Condition::MaxPending(MaxPending { per_node, per_requestor }))
    }

    /// The sender had no request approved before, and the node has not joined yet (`once: true`).
    #[must_use]
    pub fn with_once(self) -> Self {
        self.with(Condition::Once(Once))
    }

    /// The message of the request's condition, at most 500 characters on one line (`message`).
    #[must_use]
    pub fn with_message(self, message: &str) -> Self {
        Self { message: Some(message.to_owned()), ..self }
    }

    fn with_names(self, change: impl FnOnce(&mut NodeNameRule)) -> Self {
        let mut names = match self.condition() {
            Some(AlternativeNames::OfNode(names)) => names.clone(),
            Some(AlternativeNames::NoneOfUser) | None => NodeNameRule::default(),
        };
        change(&mut names);
        self.with(Condition::AlternativeNames(AlternativeNames::OfNode(names)))
    }

    fn with(self, condition: Condition) -> Self {
        let Self { name, signer, mut conditions, verdict, message } = self;
        // What follows from the others may not follow any more.
        conditions.retain(|other| other.is_written() && other.kind() != condition.kind());
        conditions.push(condition);
        Self::new(name, signer, conditions, verdict, message)
    }
}

fn globs(patterns: impl IntoIterator<Item: AsRef<str>>) -> Vec<Glob> {
    patterns.into_iter().map(|pattern| Glob::new(pattern.as_ref())).collect()
}
