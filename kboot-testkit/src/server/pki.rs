//! The authorities and keys that a server makes for itself when it starts.

use kboot_core::Env;
use kboot_core::danger::issue_unrestricted;
use kboot_core::name::{Group, Username};
use kboot_core::pki::{CertificateAuthority, CertificateTemplate};
use kboot_core::time::Lifetime;
use kboot_core::x509::{Certificate, KeyAlgorithm, PrivateKey, SubjectAltNames};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::clock::Clock;
use super::error::ServerError;

/// The authority of clients and kubelets, the server's own certificate, and the key that signs service account tokens.
pub(crate) struct Pki {
    pub(crate) authority: CertificateAuthority,
    pub(crate) serving: (Certificate, PrivateKey),
    pub(crate) service_accounts: PrivateKey,
}

impl std::fmt::Debug for Pki {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pki").finish_non_exhaustive()
    }
}

const KEY: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

impl Pki {
    pub(crate) fn create(clock: &Clock) -> Result<Self, ServerError> {
        // Clients verify the server by the machine's clock, the server its clients by its own: both are within the authority's
        // life, and so is a clock that is moved by decades.
        let start = clock.now().min(Env::system().now());
        let mut env = Env::at(start);
        let authority = CertificateAuthority::create("kubernetes", KEY, years(100)?, &mut env)?;
        let names: SubjectAltNames = [
            "127.0.0.1",
            "::1",
            "10.96.0.1",
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ]
        .into_iter()
        .map(|name| name.parse().map_err(|_| ServerError::Name { name: name.to_owned() }))
        .collect::<Result<_, _>>()?;
        let key = PrivateKey::generate(KEY)?;
        let template = CertificateTemplate::server(username("kube-apiserver")?, names);
        let certificate = authority.issue(&template, &key, years(100)?, &mut env)?;
        Ok(Self { authority, serving: (certificate, key), service_accounts: PrivateKey::generate(KEY)? })
    }

    /// A client certificate for anybody, whoever they claim to be: for tests alone.
    pub(crate) fn client(
        &self,
        user: &str,
        groups: &[String],
        clock: &Clock,
    ) -> Result<(Certificate, PrivateKey), ServerError> {
        let mut template = CertificateTemplate::client(username(user)?);
        for group in groups {
            let group: Group = group.parse().map_err(|_| ServerError::Name { name: group.clone() })?;
            template = template.with_group(group);
        }
        let key = PrivateKey::generate(KEY)?;
        let certificate = issue_unrestricted(&self.authority, &template, &key, years(1)?, &mut env(clock))?;
        Ok((certificate, key))
    }

    pub(crate) fn authority_der(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.authority.certificate().der().to_vec())
    }

    pub(crate) fn serving_der(
        &self,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), ServerError> {
        let (certificate, key) = &self.serving;
        let key = key.to_pkcs8_der()?.expose_secret().to_vec();
        let key = PrivateKeyDer::try_from(key).map_err(|why| ServerError::Tls { why: why.to_owned() })?;
        Ok((CertificateDer::from(certificate.der().to_vec()), key))
    }
}

fn env(clock: &Clock) -> Env {
    let clock = clock.clone();
    Env::system().with_clock(move || clock.now())
}

fn username(name: &str) -> Result<Username, ServerError> {
    name.parse().map_err(|_| ServerError::Name { name: name.to_owned() })
}

fn years(years: u32) -> Result<Lifetime, ServerError> {
    Lifetime::from_days(years * 365).map_err(|_| ServerError::Name { name: years.to_string() })
}
