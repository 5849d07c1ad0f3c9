//! What is wrong with a kubeconfig: everything that client-go refuses, in every entry and not in the current
//! context alone (`clientcmd/validation.go`, `rest/config.go`, `transport`), and what it takes without a word.

mod cluster;
mod url;
mod user;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::model::{Context, Kubeconfig, Named};
use super::paths::resolved;
use super::shown;
use crate::name::Namespace;
use crate::pki::Certificate;
use crate::secret::SecretBytes;
use crate::shown::escaped;
use crate::time::Timestamp;

pub(crate) use url::server_host;
pub(super) use url::without_userinfo;
pub(super) use user::{data, secret};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Good to know.
    Note,
    /// It works, and somebody should have a look.
    Warning,
    /// It does not work: client-go refuses it, or the connection will fail.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Something to say about a kubeconfig. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, one of [`FINDING_CODES`]; stays the same from release to release.
    pub code: &'static str,
    /// Where it is, for example `users[kube-proxy].client-key`; `(file)` for the file as a whole.
    pub path: String,
    /// What is wrong, and what would be right.
    pub text: String,
}

/// Every code that a finding can have.
pub const FINDING_CODES: [&str; 44] = [
    // The document
    "empty",
    "loose-mode",
    "name-missing",
    "no-current-context",
    "unknown-context",
    // Contexts
    "cluster-missing",
    "namespace-invalid",
    "unknown-cluster",
    "unknown-user",
    "user-missing",
    // Clusters
    "authority-differs",
    "authority-malformed",
    "authority-not-valid-now",
    "authority-twice",
    "authority-unreadable",
    "authority-unused",
    "insecure-skip-tls-verify",
    "plain-http",
    "proxy-url-invalid",
    "server-invalid",
    "server-missing",
    // Users
    "auth-provider-unusable",
    "bootstrap-token",
    "client-certificate-foreign",
    "client-certificate-malformed",
    "client-certificate-missing",
    "client-certificate-not-valid-now",
    "client-certificate-twice",
    "client-certificate-unreadable",
    "client-key-malformed",
    "client-key-mismatch",
    "client-key-missing",
    "client-key-twice",
    "client-key-unchecked",
    "client-key-unreadable",
    "exec-incomplete",
    "exec-plugin",
    "impersonation-without-user",
    "no-credentials",
    "several-credentials",
    "static-credentials",
    "system-masters",
    "token-file-unreadable",
    "token-malformed",
];

/// Reads a file that a kubeconfig names.
pub type ReadFile<'a> = dyn Fn(&Path) -> io::Result<SecretBytes> + 'a;

/// What a kubeconfig is checked against: the time, and the files that it names.
pub struct Surroundings<'a> {
    now: Timestamp,
    folder: PathBuf,
    read: &'a ReadFile<'a>,
    mode: Option<u32>,
    authority: Option<&'a Certificate>,
}

impl<'a> Surroundings<'a> {
    /// The time, the folder that relative paths count from, and a way to read files.
    pub fn new(now: Timestamp, folder: impl Into<PathBuf>, read: &'a ReadFile<'a>) -> Self {
        Self { now, folder: folder.into(), read, mode: None, authority: None }
    }

    /// The permissions of the kubeconfig's own file.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// The authority that the clusters should be verified with.
    #[must_use]
    pub fn authority(mut self, authority: &'a Certificate) -> Self {
        self.authority = Some(authority);
        self
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// A file that the kubeconfig names.
    pub(super) fn file(&self, path: &str) -> io::Result<SecretBytes> {
        (self.read)(&resolved(&self.folder, path))
    }
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, folder, read: _, mode, authority } = self;
        f.debug_struct("Surroundings")
            .field("now", now)
            .field("folder", folder)
            .field("mode", mode)
            .field("authority", authority)
            .finish_non_exhaustive()
    }
}

/// Findings in the making.
struct Report<'a> {
    surroundings: &'a Surroundings<'a>,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn error(&mut self, code: &'static str, path: &str, text: impl Into<String>) {
        self.push(Severity::Error, code, path, text.into());
    }

    fn warning(&mut self, code: &'static str, path: &str, text: impl Into<String>) {
        self.push(Severity::Warning, code, path, text.into());
    }

    fn note(&mut self, code: &'static str, path: &str, text: impl Into<String>) {
        self.push(Severity::Note, code, path, text.into());
    }

    fn push(&mut self, severity: Severity, code: &'static str, path: &str, text: String) {
        debug_assert!(FINDING_CODES.contains(&code), "{code}");
        self.findings.push(Finding { severity, code, path: path.to_owned(), text });
    }
}

/// An entry's place in the document.
fn place(list: &str, name: &str) -> String {
    format!("{list}[{}]", escaped(&shown(name)))
}

/// A text that is there: Go takes an empty one for none.
pub(super) fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

impl Kubeconfig {
    /// Checks every entry, and the files that they name; the worst findings come first.
    ///
    /// What cannot be read at all (other types, other versions, two entries of one name) is an error of
    /// parsing, not a finding.
    ///
    /// ```
    /// use kboot_core::{Env, kubeconfig::{Kubeconfig, Severity, Surroundings}, secret::SecretBytes};
    /// let config: Kubeconfig = "{clusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443'}}],
    ///     users: [{name: u, user: {client-certificate: u.crt}}],
    ///     contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}".parse()?;
    /// let read = |path: &std::path::Path| std::fs::read(path).map(SecretBytes::new);
    /// let findings = config.check(&Surroundings::new(Env::system().now(), "/etc/kubernetes", &read));
    /// assert_eq!((findings[0].severity, findings[0].code), (Severity::Error, "client-key-missing"));
    /// assert_eq!(findings[0].path, "users[u].client-key");
    /// # Ok::<(), kboot_core::kubeconfig::KubeconfigError>(())
    /// ```
    #[must_use]
    pub fn check(&self, surroundings: &Surroundings<'_>) -> Vec<Finding> {
        let mut report = Report { surroundings, findings: Vec::new() };
        self.check_document(&mut report);
        for entry in &self.contexts {
            self.check_context(entry, &mut report);
        }
        for entry in &self.clusters {
            cluster::check(entry, &mut report);
        }
        for entry in &self.users {
            user::check(entry, &mut report);
        }
        let mut findings = report.findings;
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }

    fn check_document(&self, report: &mut Report<'_>) {
        let Self { clusters, contexts, users, current_context, .. } = self;
        if clusters.is_empty() && contexts.is_empty() && users.is_empty() && current_context.is_empty() {
            report.error("empty", "(file)", "there is no cluster, user or context in it");
            return;
        }
        if current_context.is_empty() {
            let text = "no context is current: every command needs --context";
            report.warning("no-current-context", "current-context", text);
        } else if !contexts.iter().any(|entry| entry.name == *current_context) {
            let text = format!("there is no context {:?}", shown(current_context));
            report.error("unknown-context", "current-context", text);
        }
        for (list, names) in [
            ("clusters", clusters.iter().map(|entry| &entry.name).collect::<BTreeSet<_>>()),
            ("users", users.iter().map(|entry| &entry.name).collect()),
            ("contexts", contexts.iter().map(|entry| &entry.name).collect()),
        ] {
            if names.contains(&String::new()) {
                let path = place(list, "");
                let text = "an entry has no name, so nothing can refer to it";
                // Upstream: "empty context name for … is not allowed"; it says nothing of the others.
                if list == "contexts" {
                    report.error("name-missing", &path, text);
                } else {
                    report.warning("name-missing", &path, text);
                }
            }
        }
        if let Some(mode) = report.surroundings.mode
            && mode & 0o077 != 0
            && users.iter().any(|entry| entry.value.holds_secret())
        {
            let text = format!("its mode is {:04o} and it holds credentials: use 0600", mode & 0o7777);
            report.warning("loose-mode", "(file)", text);
        }
    }

    fn check_context(&self, entry: &Named<Context>, report: &mut Report<'_>) {
        let Named { name, value: Context { cluster, user, namespace, .. }, .. } = entry;
        let path = place("contexts", name);
        let missing = |what: &str, name: &str| format!("there is no {what} {:?}", shown(name));
        if cluster.is_empty() {
            report.error("cluster-missing", &format!("{path}.cluster"), "it names no cluster");
        } else if !self.clusters.iter().any(|entry| entry.name == *cluster) {
            report.error("unknown-cluster", &format!("{path}.cluster"), missing("cluster", cluster));
        }
        if user.is_empty() {
            report.error("user-missing", &format!("{path}.user"), "it names no user");
        } else if !self.users.iter().any(|entry| entry.name == *user) {
            report.error("unknown-user", &format!("{path}.user"), missing("user", user));
        }
        if let Some(Err(error)) = given(namespace.as_ref()).map(str::parse::<Namespace>) {
            report.error("namespace-invalid", &format!("{path}.namespace"), error.to_string());
        }
    }
}
