//! Upstream's kubelet, which bootstraps on any API server.

use std::path::{Path, PathBuf};

use kboot_core::name::NodeName;
use kboot_core::{Kubeconfig, x509::Certificate};
use serde_json::json;

use super::error::UpstreamError;
use super::launch::{free_ports, owned, ready, with_own};
use super::locate;
use super::nursery::Nursery;
use super::running::plain_client;

const NAME: &str = "kubelet";

/// Upstream's kubelet, found and not started yet.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # use kboot_core::{BootstrapToken, Env, token::TokenSettings};
/// use kboot_testkit::server::{ApiServer, Controller};
/// use kboot_testkit::{Identity, upstream::Kubelet};
/// let kubelet = Kubelet::locate()?;
/// let api = ApiServer::builder()
///     .version(&format!("1.{}", kubelet.minor()))
///     .controllers(Controller::ALL)
///     .start()
///     .await?;
/// let token = BootstrapToken::generate(&mut Env::system())?;
/// api.add_bootstrap_token(&token, &TokenSettings::new())?;
/// let running = kubelet.start("worker-1", &api.kubeconfig(&Identity::bootstrap(&token))?)?;
/// running.ready().await?;
/// # Ok(())
/// # }
/// ```
///
/// It needs root, and to be ready a container runtime. It changes as little of the machine as a kubelet can: no cgroups of
/// its own, no rules of iptables; but kernel settings (`vm.overcommit_memory`, `kernel.panic`) and
/// `/var/lib/kubelet/device-plugins`. Run it on a machine that is thrown away, or in namespaces.
#[derive(Debug, Clone)]
pub struct Kubelet {
    program: PathBuf,
    minor: u32,
    runtime: PathBuf,
    flags: Vec<(String, String)>,
}

impl Kubelet {
    /// Finds kubelet where [`Upstream::locate`](super::Upstream::locate) finds the servers. Its container runtime is
    /// containerd at its usual socket.
    ///
    /// # Errors
    /// [`UpstreamError::Missing`] with the folders that were looked into, [`UpstreamError::Version`] where it does not
    /// say its version.
    pub fn locate() -> Result<Self, UpstreamError> {
        let [program] = locate::find([NAME], locate::kubernetes_folders())?;
        let minor = locate::minor_of(&program)?;
        let runtime = PathBuf::from("/run/containerd/containerd.sock");
        Ok(Self { program, minor, runtime, flags: Vec::new() })
    }

    /// The minor version of the kubelet: 20 of 1.20.2.
    #[must_use]
    pub fn minor(&self) -> u32 {
        self.minor
    }

    /// The socket of another container runtime.
    #[must_use]
    pub fn with_runtime(mut self, socket: impl Into<PathBuf>) -> Self {
        self.runtime = socket.into();
        self
    }

    /// Gives it a flag, in place of the one of that name that it gets otherwise: `("node-ip", "10.0.0.7")`. A kubelet
    /// takes no address of loopback for its own, and asks for no serving certificate while it has none.
    #[must_use]
    pub fn with_flag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.flags.push((name.into(), value.into()));
        self
    }

    /// Starts it as this node, with a bootstrap token's kubeconfig, and does not wait: somebody has to approve its
    /// requests first.
    ///
    /// # Errors
    /// [`UpstreamError::Credentials`] for what is no node's name and for a kubeconfig without an authority in it,
    /// [`UpstreamError::System`] where no process can be started. What ends one that did start is said by
    /// [`RunningKubelet::ready`].
    pub fn start(self, node: &str, bootstrap: &str) -> Result<RunningKubelet, UpstreamError> {
        let node: NodeName = node.parse().map_err(UpstreamError::credentials("a kubelet's certificate"))?;
        let authority = authority_of(bootstrap)?;
        let mut nursery = Nursery::open(false)?;
        let [port, healthz] = free_ports()?;
        let authority = nursery.write("ca.crt", authority.to_pem())?;
        let config = nursery.write("config.yaml", self.configuration(&authority, port, healthz))?;
        let folder = |name: &str| nursery.folder().join(name).display().to_string();
        let mut flags = vec![
            ("bootstrap-kubeconfig", nursery.write("bootstrap.conf", bootstrap)?),
            ("kubeconfig", folder("kubelet.conf")),
            ("config", config),
            ("root-dir", folder("root")),
            ("cert-dir", folder("pki")),
            ("hostname-override", node.to_string()),
        ];
        if self.minor < 27 {
            flags.push(("container-runtime", "remote".to_owned()));
            flags.push(("container-runtime-endpoint", endpoint(&self.runtime)));
        }
        nursery.start(NAME, &self.program, &with_own(owned(flags), self.flags))?;
        Ok(RunningKubelet { nursery, healthz })
    }

    fn configuration(&self, authority: &str, port: u16, healthz: u16) -> String {
        let mut fields = json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": "127.0.0.1",
            "port": port,
            "healthzBindAddress": "127.0.0.1",
            "healthzPort": healthz,
            "authentication": {"anonymous": {"enabled": false}, "x509": {"clientCAFile": authority}},
            "authorization": {"mode": "Webhook"},
            "rotateCertificates": true,
            "serverTLSBootstrap": true,
            "cgroupsPerQOS": false,
            "enforceNodeAllocatable": [],
            "failSwapOn": false,
            "makeIPTablesUtilChains": false,
        });
        if self.minor >= 27 {
            fields["containerRuntimeEndpoint"] = endpoint(&self.runtime).into();
        }
        if self.minor >= 35 {
            // Else it ends where cgroups are version 1.
            fields["failCgroupV1"] = false.into();
        }
        fields.to_string()
    }
}

fn endpoint(socket: &Path) -> String {
    format!("unix://{}", socket.display())
}

fn authority_of(kubeconfig: &str) -> Result<Certificate, UpstreamError> {
    const WHAT: &str = "the authority in a bootstrap kubeconfig";
    let read: Kubeconfig = kubeconfig.parse().map_err(UpstreamError::credentials(WHAT))?;
    let data = read.clusters.first().and_then(|one| one.value.certificate_authority_data.as_deref());
    let data = data.ok_or("its first cluster has no certificate-authority-data");
    let data = data.map_err(UpstreamError::credentials(WHAT))?;
    Certificate::from_pem(data).map_err(UpstreamError::credentials(WHAT))
}

/// A kubelet that runs until this is dropped. What it writes is shown where that happens in a panic.
#[derive(Debug)]
pub struct RunningKubelet {
    nursery: Nursery,
    healthz: u16,
}

impl RunningKubelet {
    /// Waits until it is healthy: it has its certificate, and its container runtime answers. Its Node is made and Ready
    /// soon after.
    ///
    /// # Errors
    /// [`UpstreamError::NotReady`] with the end of its log, where it has ended or takes longer than two minutes.
    pub async fn ready(&self) -> Result<(), UpstreamError> {
        let client = plain_client(NAME, self.healthz)?;
        ready(&self.nursery, &[NAME], &client, "/healthz").await
    }
}
