//! What is in a kubeconfig, in a form that may be shown: names, servers, kinds of credentials, dates. No secret.

use serde::Serialize;

use super::check::{CheckEnvironment, data, given, secret};
use super::model::{Cluster, Kubeconfig, User};
use super::userinfo::without_userinfo;
use crate::secret::SecretText;
use crate::time::Timestamp;
use crate::token::BootstrapToken;
use crate::x509::Certificate;

/// A kubeconfig without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KubeconfigSummary {
    /// The name of the current context; empty where there is none.
    pub current_context: String,
    /// Every cluster.
    pub clusters: Vec<ClusterSummary>,
    /// Every user.
    pub users: Vec<UserSummary>,
    /// Every context.
    pub contexts: Vec<ContextSummary>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterSummary {
    /// Its name.
    pub name: String,
    /// Its URL, without a name and a password.
    pub server: String,
    /// The authorities that it is verified with; none also where they cannot be read.
    pub authorities: Vec<CertificateSummary>,
    /// Whether it is not verified at all.
    pub insecure_skip_tls_verify: bool,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserSummary {
    /// Its name in the kubeconfig, which the API server never hears of.
    pub name: String,
    /// Every kind of credential that is there.
    pub credentials: Vec<Credential>,
    /// The client certificate: its common name is the user, its organizations are the groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateSummary>,
    /// The public half of a bootstrap token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap_token_id: Option<String>,
    /// The program that is run for credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whom it acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acts_as: Option<String>,
}

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Credential {
    /// A client certificate.
    Certificate,
    /// A bootstrap token.
    BootstrapToken,
    /// Another bearer token.
    Token,
    /// A bearer token in a file of its own.
    TokenFile,
    /// A name and a password.
    Password,
    /// A program that prints credentials.
    Exec,
    /// A way to log in that is built into the client.
    AuthProvider,
}

impl Credential {
    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::BootstrapToken => "bootstrap-token",
            Self::Token => "token",
            Self::TokenFile => "token-file",
            Self::Password => "password",
            Self::Exec => "exec",
            Self::AuthProvider => "auth-provider",
        }
    }
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CertificateSummary {
    /// The subject, for people.
    pub subject: String,
    /// Every organization: in a client certificate, the groups.
    pub organizations: Vec<String>,
    /// The first moment of its life (RFC 3339).
    pub not_before: String,
    /// The last moment of its life (RFC 3339).
    pub not_after: String,
    /// Whether it is valid now.
    pub valid_now: bool,
    /// The SHA-256 of its DER: `sha256:` and hexadecimal.
    pub fingerprint: String,
}

/// A context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContextSummary {
    /// Its name.
    pub name: String,
    /// The name of its cluster.
    pub cluster: String,
    /// The name of its user.
    pub user: String,
    /// Its namespace; empty where it names none.
    pub namespace: String,
}

impl Kubeconfig {
    /// What is in it, with the certificates that it names; a file that cannot be read is left out here, and
    /// found by [`Kubeconfig::check`].
    ///
    /// ```
    /// use kboot_core::{Env, kubeconfig::{Kubeconfig, CheckEnvironment}, secret::SecretBytes};
    /// let config: Kubeconfig = "users: [{name: u, user: {token: abcdef.0123456789abcdef}}]".parse()?;
    /// let read = |path: &std::path::Path| std::fs::read(path).map(SecretBytes::new);
    /// let summary = config.summary(&CheckEnvironment::new(Env::system().now(), "/", &read));
    /// assert_eq!(summary.users[0].bootstrap_token_id.as_deref(), Some("abcdef"));
    /// # Ok::<(), kboot_core::kubeconfig::KubeconfigError>(())
    /// ```
    #[must_use]
    pub fn summary(&self, environment: &CheckEnvironment<'_>) -> KubeconfigSummary {
        let clusters = self.clusters.iter().map(|entry| cluster(&entry.name, &entry.value, environment));
        let users = self.users.iter().map(|entry| user(&entry.name, &entry.value, environment));
        let contexts = self.contexts.iter().map(|entry| ContextSummary {
            name: entry.name.clone(),
            cluster: entry.value.cluster.clone(),
            user: entry.value.user.clone(),
            namespace: entry.value.namespace.clone().unwrap_or_default(),
        });
        KubeconfigSummary {
            current_context: self.current_context.clone(),
            clusters: clusters.collect(),
            users: users.collect(),
            contexts: contexts.collect(),
        }
    }
}

fn cluster(name: &str, cluster: &Cluster, environment: &CheckEnvironment<'_>) -> ClusterSummary {
    let file = given(cluster.certificate_authority.as_ref());
    let authorities = pem(cluster.certificate_authority_data.as_deref(), file, environment)
        .and_then(|pem| Certificate::all_from_pem(&pem).ok())
        .unwrap_or_default();
    ClusterSummary {
        name: name.to_owned(),
        server: without_userinfo(&cluster.server),
        authorities: authorities.iter().filter_map(|one| certificate(one, environment.now())).collect(),
        insecure_skip_tls_verify: cluster.insecure_skip_tls_verify == Some(true),
    }
}

/// The bytes of a certificate, from the document or from its file.
fn pem(data: Option<&[u8]>, file: Option<&str>, environment: &CheckEnvironment<'_>) -> Option<Vec<u8>> {
    match data.filter(|data| !data.is_empty()) {
        Some(data) => Some(data.to_vec()),
        None => environment.file(file?).ok().map(|bytes| bytes.expose_secret().to_vec()),
    }
}

fn certificate(certificate: &Certificate, now: Timestamp) -> Option<CertificateSummary> {
    let facts = certificate.facts();
    Some(CertificateSummary {
        subject: facts.subject.clone(),
        organizations: facts.organizations.clone(),
        not_before: facts.validity.not_before.to_string(),
        not_after: facts.validity.not_after.to_string(),
        valid_now: facts.validity.contains(now),
        fingerprint: format!("sha256:{}", certificate.fingerprint()),
    })
}

fn user(name: &str, user: &User, environment: &CheckEnvironment<'_>) -> UserSummary {
    let token = secret(user.token.as_ref()).map(SecretText::expose_secret);
    let bootstrap = token.and_then(|token| token.parse::<BootstrapToken>().ok());
    let file = given(user.client_certificate.as_ref());
    let has_certificate =
        file.is_some() || user.client_certificate_data.as_ref().is_some_and(|pem| !pem.is_empty());
    let has_password = given(user.username.as_ref()).is_some() || secret(user.password.as_ref()).is_some();
    let credentials = [
        (has_certificate || data(user.client_key_data.as_ref()).is_some(), Credential::Certificate),
        (bootstrap.is_some(), Credential::BootstrapToken),
        (token.is_some() && bootstrap.is_none(), Credential::Token),
        (given(user.token_file.as_ref()).is_some(), Credential::TokenFile),
        (has_password, Credential::Password),
        (user.exec.is_some(), Credential::Exec),
        (user.auth_provider.is_some(), Credential::AuthProvider),
    ];
    let client = pem(user.client_certificate_data.as_deref(), file, environment)
        .and_then(|pem| Certificate::from_pem(&pem).ok())
        .and_then(|client| certificate(&client, environment.now()));
    UserSummary {
        name: name.to_owned(),
        credentials: credentials.into_iter().filter_map(|(there, kind)| there.then_some(kind)).collect(),
        certificate: client,
        bootstrap_token_id: bootstrap.map(|token| token.id().to_string()),
        command: user.exec.as_ref().map(|exec| exec.command.clone()),
        acts_as: given(user.as_user.as_ref()).map(str::to_owned),
    }
}
