//! The typestate builder: cluster, then trust, then user, then credentials.

use super::KubeconfigError;
use super::model::{Cluster, Context, Exec, Kubeconfig, Named, Unknown, User};
use super::pem::check_certificates;
use crate::net::ApiEndpoint;
use crate::secret::SecretText;
use crate::token::BootstrapToken;

/// A kubeconfig in the making; see [`Kubeconfig::for_cluster`]. The state types need not be spelt out.
#[derive(Debug)]
#[must_use]
pub struct KubeconfigBuilder<State> {
    cluster_name: String,
    cluster: Cluster,
    /// The first thing that does not fit, said when the kubeconfig is built.
    pub(super) problem: Option<KubeconfigError>,
    state: State,
}

/// The certificate authority comes next.
#[derive(Debug)]
pub struct WantsTrust(());

/// The user's name comes next.
#[derive(Debug)]
pub struct WantsUser(());

/// The user's credentials come next.
#[derive(Debug)]
pub struct WantsCredential {
    user: String,
}

/// The builder's last state: everything that a kubeconfig needs is there.
#[derive(Debug)]
pub struct Ready {
    user_name: String,
    user: User,
    context: Option<String>,
    namespace: Option<String>,
}

impl Kubeconfig {
    /// Starts a kubeconfig for a cluster; the steps that follow are its trust, its user and its
    /// credentials, in this order.
    ///
    /// ```
    /// use kboot_core::{BootstrapToken, Env, Kubeconfig};
    /// # let authority = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    /// let token = BootstrapToken::generate(&mut Env::system())?;
    /// let kubeconfig = Kubeconfig::for_cluster("kubernetes", &"https://10.0.0.1:6443".parse()?)
    ///     .trusting_pem(authority)
    ///     .as_user("kubelet-bootstrap")
    ///     .with_token(&token)
    ///     .build()?;
    /// assert_eq!(kubeconfig.current_context, "kubelet-bootstrap@kubernetes");
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    pub fn for_cluster(name: &str, endpoint: &ApiEndpoint) -> KubeconfigBuilder<WantsTrust> {
        KubeconfigBuilder::new(name, endpoint)
    }
}

impl KubeconfigBuilder<WantsTrust> {
    pub(super) fn new(name: &str, endpoint: &ApiEndpoint) -> Self {
        let cluster = Cluster { server: endpoint.to_string(), ..Cluster::default() };
        Self { cluster_name: name.to_owned(), cluster, problem: None, state: WantsTrust(()) }
    }

    /// Embeds the certificate authority, as a PEM text: what a ConfigMap `kube-root-ca.crt` or a file `ca.crt` holds.
    /// With the feature `certificates`, `trusting` takes a certificate that has been read.
    ///
    /// The text is one or more blocks `CERTIFICATE` of base64, and nothing beside them but blank lines; their
    /// inside is not looked into. What does not fit is [`KubeconfigError::Authority`] when the kubeconfig is built.
    ///
    /// ```
    /// use kboot_core::kubeconfig::{Kubeconfig, KubeconfigError};
    /// let builder = Kubeconfig::for_cluster("kubernetes", &"10.0.0.1:6443".parse()?);
    /// let built = builder.trusting_pem("ca.crt").as_user("jane").with_token_file("token").build();
    /// assert!(matches!(built, Err(KubeconfigError::Authority { .. })));
    /// # Ok::<(), kboot_core::net::NetError>(())
    /// ```
    pub fn trusting_pem(mut self, authority: &str) -> KubeconfigBuilder<WantsUser> {
        if let Err(problem) = check_certificates(authority) {
            self.problem = Some(KubeconfigError::Authority { problem });
        }
        self.embedding(authority.as_bytes().to_vec())
    }

    pub(super) fn embedding(mut self, authority: Vec<u8>) -> KubeconfigBuilder<WantsUser> {
        self.cluster.certificate_authority_data = Some(authority);
        self.wants_user()
    }

    /// Names the file of the certificate authority, as the kubeconfig's reader will find it.
    pub fn trusting_file(mut self, path: &str) -> KubeconfigBuilder<WantsUser> {
        self.cluster.certificate_authority = Some(path.to_owned());
        self.wants_user()
    }

    fn wants_user(self) -> KubeconfigBuilder<WantsUser> {
        let Self { cluster_name, cluster, problem, state: WantsTrust(()) } = self;
        KubeconfigBuilder { cluster_name, cluster, problem, state: WantsUser(()) }
    }
}

impl KubeconfigBuilder<WantsUser> {
    /// Names the user's entry. What the API server takes the user for is in the credentials.
    pub fn as_user(self, name: &str) -> KubeconfigBuilder<WantsCredential> {
        let Self { cluster_name, cluster, problem, state: WantsUser(()) } = self;
        KubeconfigBuilder { cluster_name, cluster, problem, state: WantsCredential { user: name.to_owned() } }
    }
}

impl KubeconfigBuilder<WantsCredential> {
    /// Names the files of a client certificate and its key.
    pub fn with_certificate_files(self, certificate: &str, key: &str) -> KubeconfigBuilder<Ready> {
        let user = User {
            client_certificate: Some(certificate.to_owned()),
            client_key: Some(key.to_owned()),
            ..User::default()
        };
        self.ready(user)
    }

    /// Embeds a bootstrap token.
    pub fn with_token(self, token: &BootstrapToken) -> KubeconfigBuilder<Ready> {
        self.with_bearer_token(token.expose_secret())
    }

    /// Embeds any bearer token.
    pub fn with_bearer_token(self, token: SecretText) -> KubeconfigBuilder<Ready> {
        self.ready(User { token: Some(token), ..User::default() })
    }

    /// Names the file of a bearer token, which clients read again now and then.
    pub fn with_token_file(self, path: &str) -> KubeconfigBuilder<Ready> {
        self.ready(User { token_file: Some(path.to_owned()), ..User::default() })
    }

    /// Names a program that prints credentials.
    pub fn with_exec(self, exec: Exec) -> KubeconfigBuilder<Ready> {
        self.ready(User { exec: Some(exec), ..User::default() })
    }

    pub(super) fn ready(self, user: User) -> KubeconfigBuilder<Ready> {
        let Self { cluster_name, cluster, problem, state: WantsCredential { user: user_name } } = self;
        let state = Ready { user_name, user, context: None, namespace: None };
        KubeconfigBuilder { cluster_name, cluster, problem, state }
    }
}

impl KubeconfigBuilder<Ready> {
    /// Names the context; without this it is `USER@CLUSTER`, as kubeadm has it.
    pub fn with_context(mut self, name: &str) -> Self {
        self.state.context = Some(name.to_owned());
        self
    }

    /// Sets the context's namespace.
    pub fn with_namespace(mut self, name: &str) -> Self {
        self.state.namespace = Some(name.to_owned());
        self
    }

    /// The kubeconfig, with its one context current.
    ///
    /// # Errors
    /// [`KubeconfigError`] where a key given before is not its certificate's, or the authority or a key cannot be
    /// written; [`KubeconfigError::Malformed`] for a name or a path that is empty.
    pub fn build(self) -> Result<Kubeconfig, KubeconfigError> {
        let Self { cluster_name, cluster, problem, state: Ready { user_name, user, context, namespace } } =
            self;
        if let Some(problem) = problem {
            return Err(problem);
        }
        let needed = [
            ("certificate-authority", cluster.certificate_authority.as_deref()),
            ("the user's name", Some(user_name.as_str())),
            ("the cluster's name", Some(cluster_name.as_str())),
        ];
        if let Some((what, _)) = needed.into_iter().find(|(_, text)| text.is_some_and(str::is_empty)) {
            return Err(KubeconfigError::Malformed { problem: format!("{what} is empty") });
        }
        let context_name = context.unwrap_or_else(|| format!("{user_name}@{cluster_name}"));
        let context = Context {
            cluster: cluster_name.clone(),
            user: user_name.clone(),
            namespace,
            unknown: Unknown::default(),
        };
        Ok(Kubeconfig {
            api_version: "v1".to_owned(),
            clusters: vec![Named::new(&cluster_name, cluster)],
            contexts: vec![Named::new(&context_name, context)],
            current_context: context_name,
            kind: "Config".to_owned(),
            users: vec![Named::new(&user_name, user)],
            unknown: Unknown::default(),
        })
    }
}
