//! The certificates of a test's cluster.

use std::net::{IpAddr, Ipv4Addr};

use kboot_core::net::{ApiEndpoint, Host};
use kboot_core::pki::{CertificateAuthority, CertificateTemplate};
use kboot_core::secret::SecretText;
use kboot_core::x509::{Certificate, KeyAlgorithm, PrivateKey};
use kboot_core::{Env, Kubeconfig, Lifetime, danger};
use kube::config::AuthInfo;

use super::error::UpstreamError;
use crate::identity::{Credential, Identity};

type Result<T> = std::result::Result<T, UpstreamError>;

/// A cluster's authorities and the key of its service accounts.
#[derive(Debug)]
pub(super) struct Pki {
    pub(super) authority: CertificateAuthority,
    pub(super) front_proxy: CertificateAuthority,
    pub(super) service_accounts: PrivateKey,
}

/// A certificate and its key.
pub(super) struct Pair {
    pub(super) certificate: Certificate,
    pub(super) key: PrivateKey,
}

fn lifetime() -> Result<Lifetime> {
    Lifetime::from_days(365).map_err(UpstreamError::credentials("a certificate's lifetime"))
}

impl Pki {
    pub(super) fn create() -> Result<Self> {
        let mut env = Env::system();
        let lifetime =
            Lifetime::from_days(3650).map_err(UpstreamError::credentials("an authority's lifetime"))?;
        let mut authority = |name: &str| {
            CertificateAuthority::create(name, KeyAlgorithm::EcdsaP256, lifetime, &mut env)
                .map_err(UpstreamError::credentials(format!("the authority {name}")))
        };
        let (authority, front_proxy) = (authority("kubernetes")?, authority("front-proxy-ca")?);
        let service_accounts = PrivateKey::generate(KeyAlgorithm::EcdsaP256)
            .map_err(UpstreamError::credentials("the key of service accounts"))?;
        Ok(Self { authority, front_proxy, service_accounts })
    }

    /// What the API server shows: for loopback and the names that pods know it by.
    pub(super) fn server(&self) -> Result<Pair> {
        let names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
        let names = names.map(|name| Host::Dns(name.to_owned()));
        let addresses =
            [Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 96, 0, 1)].map(|address| Host::Ip(IpAddr::V4(address)));
        let name = "kube-apiserver".parse().map_err(UpstreamError::credentials("the server's name"))?;
        let template = CertificateTemplate::server(name, names.into_iter().chain(addresses).collect());
        self.issue("the server's certificate", &template)
    }

    pub(super) fn client(&self, user: &str, groups: &[String]) -> Result<Pair> {
        let what = format!("a certificate for the user {user:?}");
        let name = user.parse().map_err(UpstreamError::credentials(what.clone()))?;
        let mut template = CertificateTemplate::client(name);
        for group in groups {
            template = template.with_group(group.parse().map_err(UpstreamError::credentials(what.clone()))?);
        }
        self.issue(&what, &template)
    }

    /// The cluster is the test's, so that its owner may be in `system:masters`.
    fn issue(&self, what: &str, template: &CertificateTemplate) -> Result<Pair> {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).map_err(UpstreamError::credentials(what))?;
        let issued =
            danger::issue_unrestricted(&self.authority, template, &key, lifetime()?, &mut Env::system());
        Ok(Pair { certificate: issued.map_err(UpstreamError::credentials(what))?, key })
    }

    /// How kube's client shows who it is.
    pub(super) fn auth_info(&self, identity: &Identity) -> Result<AuthInfo> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        Ok(match identity.credential() {
            Credential::Certificate { user, groups } => {
                let Pair { certificate, key } = self.client(user, groups)?;
                let key = key.to_pem().map_err(UpstreamError::credentials("a client's key"))?;
                AuthInfo {
                    client_certificate_data: Some(STANDARD.encode(certificate.to_pem())),
                    client_key_data: Some(STANDARD.encode(key.expose_secret()).into()),
                    ..AuthInfo::default()
                }
            }
            Credential::Token(token) => AuthInfo { token: Some(token.clone().into()), ..AuthInfo::default() },
            Credential::Nothing => AuthInfo::default(),
        })
    }

    /// A kubeconfig as text.
    pub(super) fn kubeconfig(&self, identity: &Identity, port: u16) -> Result<SecretText> {
        let endpoint = ApiEndpoint::of(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let builder = Kubeconfig::for_cluster("kubernetes", &endpoint).trusting(self.authority.certificate());
        let built = match identity.credential() {
            Credential::Certificate { user, groups } => {
                let Pair { certificate, key } = self.client(user, groups)?;
                builder.as_user(user).with_certificate(&certificate, &key).build()
            }
            Credential::Token(token) => {
                builder.as_user("token").with_bearer_token(SecretText::new(token.clone())).build()
            }
            // There is no such user in a kubeconfig; one whose token nobody knows is refused, not anonymous.
            Credential::Nothing => {
                return Ok(SecretText::new(anonymous_kubeconfig(self.authority.certificate(), &endpoint)));
            }
        };
        let text = built.and_then(|kubeconfig| kubeconfig.to_yaml());
        text.map_err(UpstreamError::credentials(format!("a kubeconfig for {identity:?}")))
    }
}

fn anonymous_kubeconfig(authority: &Certificate, endpoint: &ApiEndpoint) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let authority = STANDARD.encode(authority.to_pem());
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: anonymous@kubernetes\nclusters:\n- name: kubernetes\n  cluster:\n    \
         server: {endpoint}\n    certificate-authority-data: {authority}\ncontexts:\n- name: anonymous@kubernetes\n  \
         context:\n    cluster: kubernetes\n    user: anonymous\nusers:\n- name: anonymous\n  user: {{}}\n"
    )
}
