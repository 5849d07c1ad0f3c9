//! Who a client of an API server is.

use std::fmt;

use kboot_core::BootstrapToken;

/// Who a client is, and how it shows that.
///
/// ```
/// use kboot_testkit::Identity;
/// let jane = Identity::certificate("jane", ["dev"]);
/// assert_eq!(format!("{jane:?}"), r#"Certificate { user: "jane", groups: ["dev"] }"#);
/// assert_eq!(format!("{:?}", Identity::token("hunter2")), "Token([redacted])");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Identity(Credential);

/// What a client shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A certificate of the cluster's authority: the common name is the user, each organization a group.
    Certificate {
        user: String,
        groups: Vec<String>,
    },
    /// A bearer token.
    Token(String),
    Nothing,
}

impl Identity {
    /// `kubernetes-admin` in `system:masters`, by certificate.
    #[must_use]
    pub fn admin() -> Self {
        Self::certificate("kubernetes-admin", ["system:masters"])
    }

    /// A client certificate of the cluster's authority for this user in these groups, good for a year of the server's
    /// clock. A name that no certificate has, or a user that changes, can be impersonated: `auth_info.impersonate` of
    /// [`kube::Config`].
    #[must_use]
    pub fn certificate<G: Into<String>>(
        user: impl Into<String>,
        groups: impl IntoIterator<Item = G>,
    ) -> Self {
        let groups = groups.into_iter().map(Into::into).collect();
        Self(Credential::Certificate { user: user.into(), groups })
    }

    /// The kubelet of this node, by certificate: `system:node:NAME` in `system:nodes`.
    #[must_use]
    pub fn node(name: &str) -> Self {
        Self::certificate(format!("system:node:{name}"), ["system:nodes"])
    }

    /// Whoever has this bootstrap token. The server knows it by its Secret alone.
    #[must_use]
    pub fn bootstrap(token: &BootstrapToken) -> Self {
        Self::token(token.expose_secret().expose_secret())
    }

    /// Whoever has this bearer token: a bootstrap token, a service account's or a static one.
    #[must_use]
    pub fn token(text: impl Into<String>) -> Self {
        Self(Credential::Token(text.into()))
    }

    /// Nobody: no credential is shown.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(Credential::Nothing)
    }

    pub(crate) fn credential(&self) -> &Credential {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Credential::Certificate { user, groups } => {
                f.debug_struct("Certificate").field("user", user).field("groups", groups).finish()
            }
            Credential::Token(_) => f.write_str("Token([redacted])"),
            Credential::Nothing => f.write_str("Anonymous"),
        }
    }
}
