//! Kubeconfigs held against what they should be, without their secrets.

use kboot_core::Env;
use kboot_core::kubeconfig::{
    CheckEnvironment, ClusterSummary, Credential, Kubeconfig, KubeconfigSummary, UserSummary,
};
use kboot_core::secret::SecretBytes;
use kboot_core::x509::Certificate;

use super::{Difference, Differences, texts};

/// Begins an assertion about a kubeconfig: about its current context. Files that it names are read, from the
/// folder that the test runs in.
///
/// ```
/// use kboot_core::kubeconfig::Kubeconfig;
/// use kboot_testkit::assert;
/// let config: Kubeconfig = "
/// clusters: [{name: lab, cluster: {server: 'https://10.0.0.1:6443'}}]
/// users: [{name: boot, user: {token: abcdef.0123456789abcdef}}]
/// contexts: [{name: boot@lab, context: {cluster: lab, user: boot}}]
/// current-context: boot@lab".parse()?;
/// assert::kubeconfig(&config).server("https://10.0.0.1:6443").credentials(["bootstrap-token"]).check();
/// let wrong = assert::kubeconfig(&config).server("https://10.0.0.2:6443").differences();
/// assert_eq!(wrong[0].found, "https://10.0.0.1:6443");
/// # Ok::<(), kboot_core::kubeconfig::KubeconfigError>(())
/// ```
pub fn kubeconfig(kubeconfig: &Kubeconfig) -> ExpectedKubeconfig {
    let read = |path: &std::path::Path| std::fs::read(path).map(SecretBytes::new);
    let summary = kubeconfig.summary(&CheckEnvironment::new(Env::system().now(), "", &read));
    ExpectedKubeconfig { summary, differences: Differences::default() }
}

/// What a kubeconfig should be; see [`kubeconfig`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asserted before check()"]
pub struct ExpectedKubeconfig {
    summary: KubeconfigSummary,
    differences: Differences,
}

impl ExpectedKubeconfig {
    fn context(&self) -> Option<&kboot_core::kubeconfig::ContextSummary> {
        self.summary.contexts.iter().find(|context| context.name == self.summary.current_context)
    }

    fn cluster(&self) -> Option<&ClusterSummary> {
        let name = &self.context()?.cluster;
        self.summary.clusters.iter().find(|cluster| cluster.name == *name)
    }

    fn user(&self) -> Option<&UserSummary> {
        let name = &self.context()?.user;
        self.summary.users.iter().find(|user| user.name == *name)
    }

    /// The name of the current context.
    pub fn current_context(mut self, name: &str) -> Self {
        self.differences.compare("current context", name, &self.summary.current_context);
        self
    }

    /// The names of all contexts, in any order.
    pub fn contexts<T: ToString>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        let found = texts(self.summary.contexts.iter().map(|context| &context.name));
        self.differences.compare_sets("contexts", texts(names), found);
        self
    }

    /// The namespace; `""` where none should be named.
    pub fn namespace(mut self, namespace: &str) -> Self {
        let found = self.context().map(|context| context.namespace.clone()).unwrap_or_default();
        self.differences.compare("namespace", namespace, found);
        self
    }

    /// The URL of the API server.
    pub fn server(mut self, url: &str) -> Self {
        let found = self.cluster().map(|cluster| cluster.server.clone()).unwrap_or_default();
        self.differences.compare("server", url, found);
        self
    }

    /// The authorities that the API server is known by, all of them.
    pub fn trusts<'c>(mut self, authorities: impl IntoIterator<Item = &'c Certificate>) -> Self {
        let expected = authorities.into_iter().map(|one| format!("sha256:{}", one.fingerprint())).collect();
        let cluster = self.cluster();
        let found = cluster.into_iter().flat_map(|cluster| &cluster.authorities).map(|one| &one.fingerprint);
        let found = texts(found);
        self.differences.compare_sets("authorities", expected, found);
        self
    }

    /// The kinds of credentials of the user, in any order, in the words of [`Credential::as_str`].
    pub fn credentials<T: ToString>(mut self, kinds: impl IntoIterator<Item = T>) -> Self {
        let found = self.user().into_iter().flat_map(|user| &user.credentials);
        let found = texts(found.copied().map(Credential::as_str));
        self.differences.compare_sets("credentials", texts(kinds), found);
        self
    }

    /// The subject of the client certificate: `O=system:nodes, CN=system:node:w1`.
    pub fn subject(mut self, subject: &str) -> Self {
        let certificate = self.user().and_then(|user| user.certificate.as_ref());
        let found = certificate.map(|certificate| certificate.subject.clone()).unwrap_or_default();
        self.differences.compare("subject", subject, found);
        self
    }

    /// What differs.
    #[must_use]
    pub fn differences(self) -> Vec<Difference> {
        self.differences.0
    }

    /// Panics where something differs, with all that does.
    ///
    /// # Panics
    /// Where something differs.
    #[track_caller]
    pub fn check(self) {
        self.differences.check("the kubeconfig", "");
    }
}
