//! What is wrong with a kubeconfig: everything that client-go refuses, in every entry and not in the current
//! context alone (`clientcmd/validation.go`, `rest/config.go`, `transport`), and what it takes without a word.

mod cluster;
mod problem;
mod url;
mod user;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use problem::{
    AuthProviderProblem, CredentialPair, ExecProblem, FINDING_CODES, KubeconfigProblem, NotValidNow,
    UnreadableReference,
};
pub use url::UrlProblem;

use super::model::{Context, Kubeconfig, Named};
use super::paths::resolved;
use crate::finding::{Finding, Severity};
use crate::name::Namespace;
use crate::secret::SecretBytes;
use crate::shown::{escaped, excerpt};
use crate::time::Timestamp;
use crate::x509::Certificate;

pub(crate) use url::server_host;
pub(super) use user::{data, secret};

/// Reads a file that a kubeconfig names.
pub type ReadFile<'a> = dyn Fn(&Path) -> io::Result<SecretBytes> + 'a;

/// What a kubeconfig is checked against: the time, and the files that it names.
pub struct CheckEnvironment<'a> {
    now: Timestamp,
    folder: PathBuf,
    read: &'a ReadFile<'a>,
    mode: Option<u32>,
    authority: Option<&'a Certificate>,
}

impl<'a> CheckEnvironment<'a> {
    /// The time, the folder that relative paths count from, and a way to read files.
    pub fn new(now: Timestamp, folder: impl Into<PathBuf>, read: &'a ReadFile<'a>) -> Self {
        Self { now, folder: folder.into(), read, mode: None, authority: None }
    }

    /// The permissions of the kubeconfig's own file.
    #[must_use]
    pub fn with_mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// The authority that the clusters should be verified with.
    #[must_use]
    pub fn with_authority(mut self, authority: &'a Certificate) -> Self {
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

impl fmt::Debug for CheckEnvironment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, folder, read: _, mode, authority } = self;
        f.debug_struct("CheckEnvironment")
            .field("now", now)
            .field("folder", folder)
            .field("mode", mode)
            .field("authority", authority)
            .finish_non_exhaustive()
    }
}

/// Findings in the making.
struct Report<'a> {
    environment: &'a CheckEnvironment<'a>,
    findings: Vec<Finding<KubeconfigProblem>>,
}

impl Report<'_> {
    fn error(&mut self, path: &str, problem: KubeconfigProblem) {
        self.push(Severity::Error, path, problem);
    }

    fn warning(&mut self, path: &str, problem: KubeconfigProblem) {
        self.push(Severity::Warning, path, problem);
    }

    fn note(&mut self, path: &str, problem: KubeconfigProblem) {
        self.push(Severity::Note, path, problem);
    }

    fn push(&mut self, severity: Severity, path: &str, problem: KubeconfigProblem) {
        let finding = Finding::new(severity, path, problem);
        debug_assert!(FINDING_CODES.contains(&finding.code()), "{}", finding.code());
        self.findings.push(finding);
    }
}

/// An entry's place in the document.
fn place(list: &str, name: &str) -> String {
    format!("{list}[{}]", escaped(&excerpt(name)))
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
    /// use kboot_core::{Env, finding::Severity, kubeconfig::{Kubeconfig, CheckEnvironment}, secret::SecretBytes};
    /// let config: Kubeconfig = "{clusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443'}}],
    ///     users: [{name: u, user: {client-certificate: u.crt}}],
    ///     contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}".parse()?;
    /// let read = |path: &std::path::Path| std::fs::read(path).map(SecretBytes::new);
    /// let findings = config.check(&CheckEnvironment::new(Env::system().now(), "/etc/kubernetes", &read));
    /// assert_eq!((findings[0].severity, findings[0].code()), (Severity::Error, "client-key-missing"));
    /// assert_eq!(findings[0].path, "users[u].client-key");
    /// # Ok::<(), kboot_core::kubeconfig::KubeconfigError>(())
    /// ```
    #[must_use]
    pub fn check(&self, environment: &CheckEnvironment<'_>) -> Vec<Finding<KubeconfigProblem>> {
        let mut report = Report { environment, findings: Vec::new() };
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
            report.error("(file)", KubeconfigProblem::Empty);
            return;
        }
        if current_context.is_empty() {
            report.warning("current-context", KubeconfigProblem::NoCurrentContext);
        } else if !contexts.iter().any(|entry| entry.name == *current_context) {
            let name = current_context.clone();
            report.error("current-context", KubeconfigProblem::UnknownContext { name });
        }
        for (list, names) in [
            ("clusters", clusters.iter().map(|entry| &entry.name).collect::<BTreeSet<_>>()),
            ("users", users.iter().map(|entry| &entry.name).collect()),
            ("contexts", contexts.iter().map(|entry| &entry.name).collect()),
        ] {
            if names.contains(&String::new()) {
                let path = place(list, "");
                // Upstream: "empty context name for … is not allowed"; it says nothing of the others.
                if list == "contexts" {
                    report.error(&path, KubeconfigProblem::NameMissing);
                } else {
                    report.warning(&path, KubeconfigProblem::NameMissing);
                }
            }
        }
        if let Some(mode) = report.environment.mode
            && mode & 0o077 != 0
            && users.iter().any(|entry| entry.value.holds_secret())
        {
            report.warning("(file)", KubeconfigProblem::LooseMode { mode });
        }
    }

    fn check_context(&self, entry: &Named<Context>, report: &mut Report<'_>) {
        let Named { name, value: Context { cluster, user, namespace, .. }, .. } = entry;
        let path = place("contexts", name);
        if cluster.is_empty() {
            report.error(&format!("{path}.cluster"), KubeconfigProblem::ClusterMissing);
        } else if !self.clusters.iter().any(|entry| entry.name == *cluster) {
            let name = cluster.clone();
            report.error(&format!("{path}.cluster"), KubeconfigProblem::UnknownCluster { name });
        }
        if user.is_empty() {
            report.error(&format!("{path}.user"), KubeconfigProblem::UserMissing);
        } else if !self.users.iter().any(|entry| entry.name == *user) {
            let name = user.clone();
            report.error(&format!("{path}.user"), KubeconfigProblem::UnknownUser { name });
        }
        if let Some(Err(error)) = given(namespace.as_ref()).map(str::parse::<Namespace>) {
            report.error(&format!("{path}.namespace"), KubeconfigProblem::NamespaceInvalid(error));
        }
    }
}
