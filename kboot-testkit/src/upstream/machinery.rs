//! Upstream's API machinery of a newer version: custom resources alone, beside a whole cluster.

use std::path::PathBuf;
use std::sync::Arc;

use kube::Client;

use super::error::UpstreamError;
use super::launch::{etcd_flags, free_ports, ready};
use super::locate;
use super::nursery::Nursery;
use super::pki::Pki;
use super::running::{self, Running};
use crate::identity::Identity;

/// apiextensions-apiserver, found and not started yet: watch cache, server-side apply, pagination and field validation of
/// the newest Kubernetes, for custom resources. Who a client is and what it may do, it asks another cluster.
#[derive(Debug, Clone)]
pub struct Machinery {
    program: PathBuf,
    etcd: PathBuf,
}

impl Machinery {
    /// The minor version that `scripts/api-machinery` builds; the program itself does not say one before it runs.
    pub const MINOR: u32 = 36;

    /// Finds it and an etcd in the cache that `scripts/api-machinery` fills, or in `PATH`.
    ///
    /// # Errors
    /// [`UpstreamError::Missing`] with what is missing and the folders that were looked into,
    /// [`UpstreamError::TooOld`] where the etcd is.
    pub fn locate() -> Result<Self, UpstreamError> {
        // An etcd of KUBEBUILDER_ASSETS may be too old for this one (see scripts/api-machinery).
        let folders = locate::own_folders(&format!("api-machinery-v1.{}", Self::MINOR));
        let [program, etcd] = locate::find(["apiextensions-apiserver", "etcd"], folders)?;
        let minor = locate::etcd_minor(&etcd)?;
        if minor < 5 {
            // Without its notifications of progress, watch lists end with an error (scripts/api-machinery).
            let needs = "the API machinery needs 3.5.13, which scripts/api-machinery puts beside it";
            return Err(UpstreamError::TooOld { program: etcd, minor, needs });
        }
        Ok(Self { program, etcd })
    }

    /// Starts it beside a cluster, whose clients are its clients: as long as that runs.
    ///
    /// # Errors
    /// [`UpstreamError`] where it does not come up, with the end of its log.
    pub async fn start(self, cluster: &Running) -> Result<RunningMachinery, UpstreamError> {
        let no_fsync = locate::etcd_minor(&self.etcd)? >= 5;
        let mut nursery = Nursery::open(!no_fsync)?;
        let [etcd, peer, port] = free_ports()?;
        let flags = etcd_flags(nursery.folder(), etcd, peer, no_fsync);
        let flags: Vec<_> = flags.into_iter().map(|(name, value)| format!("--{name}={value}")).collect();
        nursery.start("etcd", &self.etcd, &flags)?;

        let server = cluster.pki.server()?;
        let key = server.key.to_pem().map_err(UpstreamError::credentials("a key of the API server"))?;
        let admin = nursery.write("admin.conf", cluster.kubeconfig(&Identity::admin())?.expose_secret())?;
        let flags = [
            format!("--etcd-servers=http://127.0.0.1:{etcd}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            format!("--tls-cert-file={}", nursery.write("server.crt", server.certificate.to_pem())?),
            format!("--tls-private-key-file={}", nursery.write("server.key", key.expose_secret())?),
            format!("--client-ca-file={}", nursery.write("ca.crt", cluster.authority().to_pem())?),
            format!(
                "--requestheader-client-ca-file={}",
                nursery.write("front-proxy-ca.crt", cluster.pki.front_proxy.certificate().to_pem())?
            ),
            format!("--kubeconfig={admin}"),
            format!("--authentication-kubeconfig={admin}"),
            format!("--authorization-kubeconfig={admin}"),
            "--enable-priority-and-fairness=false".to_owned(),
            // They look into other APIs, which an old cluster or none serves.
            "--disable-admission-plugins=ValidatingAdmissionPolicy,MutatingAdmissionPolicy,NamespaceLifecycle,\
             MutatingAdmissionWebhook,ValidatingAdmissionWebhook"
                .to_owned(),
        ];
        nursery.start("apiextensions-apiserver", &self.program, &flags)?;
        let running = RunningMachinery { nursery, pki: Arc::clone(&cluster.pki), port, etcd };
        let admin = running.client(&Identity::admin())?;
        ready(&running.nursery, &["etcd", "apiextensions-apiserver"], &admin, "/readyz").await?;
        Ok(running)
    }
}

/// Runs until this is dropped.
#[derive(Debug)]
pub struct RunningMachinery {
    nursery: Nursery,
    pki: Arc<Pki>,
    port: u16,
    etcd: u16,
}

impl RunningMachinery {
    /// Where it is: `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// A client, as that of [`Running::client`].
    ///
    /// # Errors
    /// [`UpstreamError::Credentials`] for a user or a group that no certificate can name.
    pub fn client(&self, identity: &Identity) -> Result<Client, UpstreamError> {
        running::client(&self.pki, identity, &self.url())
    }

    /// As [`Running::compact`].
    ///
    /// # Errors
    /// [`UpstreamError::Etcd`] where etcd does not do it.
    pub async fn compact(&self) -> Result<(), UpstreamError> {
        running::compact(self.etcd).await
    }
}
