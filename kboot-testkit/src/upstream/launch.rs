//! How the programs are started.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Client;

use super::error::UpstreamError;
use super::locate;
use super::nursery::Nursery;
use super::pki::Pki;
use super::running::Running;
use crate::identity::Identity;

/// How long a program may take to be ready, on a machine that has much else to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
/// How often a cluster is started on other ports, where another program took one in between.
const ATTEMPTS: u32 = 5;

/// A program of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "those that are started here")]
pub enum Program {
    /// etcd.
    Etcd,
    /// kube-apiserver.
    ApiServer,
    /// kube-controller-manager.
    ControllerManager,
}

impl Program {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
        }
    }
}

/// Upstream's programs, found and not started yet.
#[derive(Debug, Clone)]
pub struct Upstream {
    pub(super) etcd: PathBuf,
    api_server: PathBuf,
    minor: u32,
    with_controllers: bool,
    static_tokens: Option<String>,
    /// Besides or in place of those that are given here.
    flags: Vec<(Program, String, String)>,
}

impl Upstream {
    /// Finds etcd and kube-apiserver in the folder that `KUBEBUILDER_ASSETS` names, in the cache
    /// that `scripts/upstream-binaries` fills (`KBOOT_CACHE`, else `~/.cache/kboot`), in `PATH`. Where the variable is set,
    /// kube-apiserver has to be there: another version would be tested unasked.
    ///
    /// # Errors
    /// [`UpstreamError::Missing`] with what is missing and the folders that were looked into,
    /// [`UpstreamError::Version`] where kube-apiserver does not say its version.
    pub fn locate() -> Result<Self, UpstreamError> {
        let [api_server] = locate::find([Program::ApiServer.name()], locate::kubernetes_folders())?;
        let [etcd] = locate::find([Program::Etcd.name()], locate::etcd_folders())?;
        let minor = locate::minor_of(&api_server)?;
        Ok(Self { etcd, api_server, minor, with_controllers: false, static_tokens: None, flags: Vec::new() })
    }

    /// The minor version of kube-apiserver: 20 of 1.20.2.
    #[must_use]
    pub fn minor(&self) -> u32 {
        self.minor
    }

    /// Whether kube-controller-manager lies beside kube-apiserver: envtest's folders have none, and one of another version
    /// is none.
    #[must_use]
    pub fn has_controller_manager(&self) -> bool {
        self.controller_manager().is_ok()
    }

    fn controller_manager(&self) -> Result<PathBuf, UpstreamError> {
        let folder = self.api_server.parent().map(Path::to_owned).into_iter().collect();
        let [program] = locate::find([Program::ControllerManager.name()], folder)?;
        Ok(program)
    }

    /// Runs kube-controller-manager as well, with all its controllers: the bootstrap signer and the token cleaner too.
    #[must_use]
    pub fn with_controller_manager(mut self) -> Self {
        self.with_controllers = true;
        self
    }

    /// The API server's file of static tokens: rows of `token,user,uid,"group,group"`.
    #[must_use]
    pub fn with_static_tokens(mut self, rows: impl Into<String>) -> Self {
        self.static_tokens = Some(rows.into());
        self
    }

    /// Gives a program a flag, in place of the one of that name that it gets otherwise: `("v", "4")`.
    #[must_use]
    pub fn with_flag(mut self, program: Program, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.flags.push((program, name.into(), value.into()));
        self
    }

    /// Starts them and waits until they serve: some three seconds.
    ///
    /// # Errors
    /// [`UpstreamError`] where one of them does not come up, with the end of its log.
    pub async fn start(self) -> Result<Running, UpstreamError> {
        let controllers = if self.with_controllers { Some(self.controller_manager()?) } else { None };
        let mut attempt = 1;
        loop {
            match self.start_once(controllers.as_deref()).await {
                Err(UpstreamError::NotReady { log, .. })
                    if attempt < ATTEMPTS && log.contains("address already in use") =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn start_once(&self, controllers: Option<&Path>) -> Result<Running, UpstreamError> {
        let pki = Pki::create()?;
        let no_fsync = locate::etcd_minor(&self.etcd)? >= 5;
        let mut nursery = Nursery::open(!no_fsync)?;
        let [etcd, peer, port] = free_ports()?;
        let flags = self.flags(Program::Etcd, etcd_flags(nursery.folder(), etcd, peer, no_fsync));
        nursery.start("etcd", &self.etcd, &flags)?;
        let flags = self.flags(Program::ApiServer, self.api_server_flags(&nursery, &pki, etcd, port)?);
        nursery.start("kube-apiserver", &self.api_server, &flags)?;
        let mut running = Running { nursery, pki: Arc::new(pki), port, etcd, minor: self.minor };
        let admin = running.client(&Identity::admin())?;
        ready(&running.nursery, &["etcd", "kube-apiserver"], &admin, "/readyz").await?;
        if let Some(program) = controllers {
            let flags = self.flags(
                Program::ControllerManager,
                self.controller_flags(&running.nursery, &running.pki, port)?,
            );
            running.nursery.start("kube-controller-manager", program, &flags)?;
            // The first that one sees of the controllers; it has no port that others could take.
            let first = "/api/v1/namespaces/default/serviceaccounts/default";
            let programs = ["etcd", "kube-apiserver", "kube-controller-manager"];
            ready(&running.nursery, &programs, &admin, first).await?;
        }
        Ok(running)
    }

    fn flags(&self, program: Program, flags: Vec<(String, String)>) -> Vec<String> {
        let own = self.flags.iter().filter(|(of, ..)| *of == program);
        with_own(flags, own.map(|(_, name, value)| (name.clone(), value.clone())).collect())
    }

    fn api_server_flags(
        &self,
        nursery: &Nursery,
        pki: &Pki,
        etcd: u16,
        port: u16,
    ) -> Result<Vec<(String, String)>, UpstreamError> {
        let secret = |key: &kboot_core::PrivateKey| {
            key.to_pem().map_err(UpstreamError::credentials("a key of the API server"))
        };
        let server = pki.server()?;
        let accounts = nursery.write("sa.key", secret(&pki.service_accounts)?.expose_secret())?;
        let mut flags = vec![
            ("etcd-servers", format!("http://127.0.0.1:{etcd}")),
            ("bind-address", "127.0.0.1".to_owned()),
            ("advertise-address", "127.0.0.1".to_owned()),
            ("secure-port", port.to_string()),
            ("tls-cert-file", nursery.write("server.crt", server.certificate.to_pem())?),
            ("tls-private-key-file", nursery.write("server.key", secret(&server.key)?.expose_secret())?),
            ("client-ca-file", nursery.write("ca.crt", pki.authority.certificate().to_pem())?),
            (
                "requestheader-client-ca-file",
                nursery.write("front-proxy-ca.crt", pki.front_proxy.certificate().to_pem())?,
            ),
            ("requestheader-allowed-names", "front-proxy-client".to_owned()),
            ("requestheader-username-headers", "X-Remote-User".to_owned()),
            ("requestheader-group-headers", "X-Remote-Group".to_owned()),
            ("requestheader-extra-headers-prefix", "X-Remote-Extra-".to_owned()),
            ("service-account-key-file", nursery.write("sa.pub", pki.service_accounts.public_key_pem())?),
            ("service-account-signing-key-file", accounts),
            ("service-account-issuer", "https://kubernetes.default.svc.cluster.local".to_owned()),
            ("service-cluster-ip-range", "10.96.0.0/12".to_owned()),
            ("authorization-mode", "Node,RBAC".to_owned()),
            ("kubelet-preferred-address-types", "InternalIP,ExternalIP,Hostname".to_owned()),
            ("enable-admission-plugins", "NodeRestriction".to_owned()),
            ("enable-bootstrap-token-auth", "true".to_owned()),
            ("allow-privileged", "true".to_owned()),
            ("profiling", "false".to_owned()),
        ];
        if let Some(rows) = &self.static_tokens {
            flags.push(("token-auth-file", nursery.write("tokens.csv", rows)?));
        }
        Ok(owned(flags))
    }

    fn controller_flags(
        &self,
        nursery: &Nursery,
        pki: &Pki,
        port: u16,
    ) -> Result<Vec<(String, String)>, UpstreamError> {
        let identity = Identity::certificate::<String>("system:kube-controller-manager", []);
        let kubeconfig = pki.kubeconfig(&identity, port)?;
        let key = pki.authority.key().to_pem().map_err(UpstreamError::credentials("the authority's key"))?;
        let in_folder = |name: &str| nursery.folder().join(name).display().to_string();
        let mut flags = vec![
            ("kubeconfig", nursery.write("controller-manager.conf", kubeconfig.expose_secret())?),
            ("cluster-signing-cert-file", in_folder("ca.crt")),
            ("cluster-signing-key-file", nursery.write("ca.key", key.expose_secret())?),
            ("root-ca-file", in_folder("ca.crt")),
            ("service-account-private-key-file", in_folder("sa.key")),
            ("controllers", "*,bootstrapsigner,tokencleaner".to_owned()),
            ("use-service-account-credentials", "true".to_owned()),
            ("leader-elect", "false".to_owned()),
            // A test does not wait for a queue.
            ("kube-api-qps", "500".to_owned()),
            ("kube-api-burst", "1000".to_owned()),
            ("secure-port", "0".to_owned()),
        ];
        if self.minor < 24 {
            flags.push(("port", "0".to_owned()));
        }
        Ok(owned(flags))
    }
}

/// The command line; who calls has the last word on each flag.
pub(super) fn with_own(mut flags: Vec<(String, String)>, own: Vec<(String, String)>) -> Vec<String> {
    flags.retain(|(name, _)| !own.iter().any(|(own, _)| own == name));
    flags.extend(own);
    flags.into_iter().map(|(name, value)| format!("--{name}={value}")).collect()
}

pub(super) fn owned(flags: Vec<(&str, String)>) -> Vec<(String, String)> {
    flags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn etcd_flags(folder: &Path, port: u16, peer: u16, no_fsync: bool) -> Vec<(String, String)> {
    let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
    let mut flags = vec![
        ("data-dir", folder.join("etcd").display().to_string()),
        ("listen-client-urls", client.clone()),
        ("advertise-client-urls", client),
        ("listen-peer-urls", peer.clone()),
        ("initial-advertise-peer-urls", peer.clone()),
        ("initial-cluster", format!("default={peer}")),
    ];
    if no_fsync {
        flags.push(("unsafe-no-fsync", "true".to_owned()));
    }
    owned(flags)
}

/// Ports of loopback that nobody has at this moment, all different.
pub(super) fn free_ports<const N: usize>() -> Result<[u16; N], UpstreamError> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        let (free, listener) =
            bound.map_err(UpstreamError::system("a free port of 127.0.0.1 was to be found"))?;
        *port = free;
        held.push(listener);
    }
    Ok(ports)
}

/// Waits until this path answers with 200, while all programs run.
pub(super) async fn ready(
    nursery: &Nursery,
    programs: &[&'static str],
    client: &Client,
    path: &str,
) -> Result<(), UpstreamError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let request = http::Request::get(path).body(kube::client::Body::empty());
        let request = request.map_err(UpstreamError::credentials(format!("a request of {path}")))?;
        let answer = client.send(request).await;
        if answer.as_ref().is_ok_and(|answer| answer.status() == http::StatusCode::OK) {
            return Ok(());
        }
        for program in programs {
            if let Some(how) = nursery.ended(program) {
                return Err(nursery.not_ready(program, how));
            }
        }
        if Instant::now() > until {
            let last = programs.last().copied().unwrap_or_default();
            let said = answer.map_or_else(|error| error.to_string(), |answer| answer.status().to_string());
            return Err(nursery.not_ready(last, format!("has not served {path} in {PATIENCE:?} ({said})")));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
