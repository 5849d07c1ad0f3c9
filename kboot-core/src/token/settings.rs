//! What a bootstrap token may do, for how long, and as whom.

use std::fmt;
use std::str::FromStr;

use super::TokenError;
use crate::shown::excerpt;
use crate::time::{Lifetime, TimeError, Timestamp};

/// What a bootstrap token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TokenUsage {
    /// Signing the ConfigMap `cluster-info`, by which a new node comes to trust the cluster.
    Signing,
    /// Authenticating to the API server.
    Authentication,
}

impl TokenUsage {
    /// Both usages, in upstream's order.
    pub const ALL: [Self; 2] = [Self::Signing, Self::Authentication];

    /// The usage's word, as in `kubeadm token --usages`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Authentication => "authentication",
        }
    }
}

impl FromStr for TokenUsage {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let found = Self::ALL.into_iter().find(|usage| usage.as_str() == text);
        found.ok_or_else(|| TokenError::Usage { value: excerpt(text) })
    }
}

impl fmt::Display for TokenUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A group that a bootstrap token may give: `system:bootstrappers:` and a name
/// (`BootstrapGroupPattern` in cluster-bootstrap).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootstrapGroup(String);

impl BootstrapGroup {
    /// The group that kubeadm's RBAC objects are about.
    pub const DEFAULT: &'static str = "system:bootstrappers:kubeadm:default-node-token";
    /// The group of tokens that are for one node: it may send requests, and kube-controller-manager approves
    /// none of them, so that a policy decides.
    pub const ONE_NODE: &'static str = "system:bootstrappers:kboot:one-node";

    /// The group's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BootstrapGroup {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let valid = text.strip_prefix("system:bootstrappers:").is_some_and(|rest| {
            rest.len() <= 256
                && rest.bytes().last().is_some_and(alphanumeric)
                && rest.bytes().all(|byte| alphanumeric(byte) || byte == b':' || byte == b'-')
        });
        if valid { Ok(Self(text.to_owned())) } else { Err(TokenError::Group { value: excerpt(text) }) }
    }
}

impl fmt::Display for BootstrapGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token's settings; the defaults are kubeadm's, without an end.
///
/// ```
/// use kboot_core::{Env, token::TokenSettings};
/// let settings = TokenSettings::new()
///     .with_ttl("24h".parse()?, Env::system().now())?
///     .with_group("system:bootstrappers:workers".parse()?);
/// assert_eq!(settings.groups().len(), 1);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenSettings {
    expiration: Option<Timestamp>,
    usages: Option<Vec<TokenUsage>>,
    description: String,
    groups: Option<Vec<BootstrapGroup>>,
}

impl TokenSettings {
    /// Settings with both usages, the default group, no end and no description.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the token end so long after `now`; a lifetime of zero means no end, as in kubeadm.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] past the year 9999.
    pub fn with_ttl(self, ttl: Lifetime, now: Timestamp) -> Result<Self, TimeError> {
        let expiration = if ttl == Lifetime::ZERO { None } else { Some(now.after(ttl)?) };
        Ok(self.with_expiration(expiration))
    }

    /// Sets when the token ends; none for never.
    #[must_use]
    pub fn with_expiration(mut self, expiration: Option<Timestamp>) -> Self {
        self.expiration = expiration;
        self
    }

    /// Sets the usages: these alone.
    #[must_use]
    pub fn with_usages(mut self, usages: &[TokenUsage]) -> Self {
        let mut usages = usages.to_vec();
        usages.sort_unstable();
        usages.dedup();
        self.usages = Some(usages);
        self
    }

    /// Sets the text for people.
    #[must_use]
    pub fn with_description(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    /// Adds a group; the first one takes the default group's place.
    #[must_use]
    pub fn with_group(mut self, group: BootstrapGroup) -> Self {
        let groups = self.groups.get_or_insert_default();
        if !groups.contains(&group) {
            groups.push(group);
        }
        self
    }

    /// Leaves no group but `system:bootstrappers`.
    #[must_use]
    pub fn without_groups(mut self) -> Self {
        self.groups = Some(Vec::new());
        self
    }

    /// When the token ends.
    #[must_use]
    pub fn expiration(&self) -> Option<Timestamp> {
        self.expiration
    }

    /// Whether the token has ended; at its very second it has, as upstream counts.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expiration.is_some_and(|end| end <= now)
    }

    /// Whether the token is good for this.
    #[must_use]
    pub fn allows(&self, usage: TokenUsage) -> bool {
        self.usages.as_ref().is_none_or(|usages| usages.contains(&usage))
    }

    /// The text for people.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The groups besides `system:bootstrappers`: those asked for, else the default where the token
    /// authenticates.
    #[must_use]
    pub fn groups(&self) -> Vec<BootstrapGroup> {
        match &self.groups {
            Some(groups) => groups.clone(),
            None if self.allows(TokenUsage::Authentication) => {
                vec![BootstrapGroup(BootstrapGroup::DEFAULT.to_owned())]
            }
            None => Vec::new(),
        }
    }

    pub(super) fn check(&self) -> Result<(), TokenError> {
        if !TokenUsage::ALL.into_iter().any(|usage| self.allows(usage)) {
            return Err(TokenError::NoUsage);
        }
        if !self.groups().is_empty() && !self.allows(TokenUsage::Authentication) {
            return Err(TokenError::GroupsWithoutAuthentication);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_at_its_very_second() {
        let end = Timestamp::from_unix(1000).unwrap();
        let settings = TokenSettings::new().with_expiration(Some(end));
        assert!(!settings.is_expired(Timestamp::from_unix(999).unwrap()));
        assert!(settings.is_expired(end));
        assert!(!TokenSettings::new().is_expired(end));
    }

    #[test]
    fn groups() {
        for good in [BootstrapGroup::DEFAULT, "system:bootstrappers:a", "system:bootstrappers:::a"] {
            assert!(good.parse::<BootstrapGroup>().is_ok(), "{good}");
        }
        let long = format!("system:bootstrappers:{}", "a".repeat(257));
        for bad in [
            "",
            "system:bootstrappers",
            "system:bootstrappers:",
            "system:bootstrappers:a-",
            "system:bootstrappers:A",
            "system:bootstrappers:a.b",
            "system:masters",
            "system:bootstrappers:a\n",
            &long,
        ] {
            assert!(bad.parse::<BootstrapGroup>().is_err(), "{bad:?} was accepted");
        }
    }
}
