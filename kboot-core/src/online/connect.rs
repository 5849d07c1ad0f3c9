//! From a kubeconfig to a client.

use std::path::Path;

use kube::client::AuthError;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use secrecy::ExposeSecret;

use crate::x509::{Certificate, X509Error};

use super::{OnlineError, TransportError, UnusableCredentials, UnusableKubeconfig};

/// A client for the cluster that a kubeconfig leads to.
///
/// Without `kubeconfig`, the files of the environment variable KUBECONFIG are taken, else `~/.kube/config`, and where
/// none is there and no context is named, a pod's own service account;
/// without `context`, the kubeconfig's current one. Credential plug-ins (`exec`) are run as kubectl runs
/// them, in another thread: a time limit around this future ends in time, and leaves the plug-in behind. Where the server is plain `http`, credentials are not sent (client-go's
/// `tools/clientcmd/client_config.go`).
///
/// The client repeats nothing by itself, so that a node's 503 is seen at once. It needs a tokio runtime, as
/// every [`kube::Client`] does.
///
/// # Errors
/// [`OnlineError::Kubeconfig`] where it is missing, malformed or incomplete,
/// [`OnlineError::Credentials`] where a credential plug-in or a token file fails. Nothing is sent yet.
pub async fn connect(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Client, OnlineError> {
    client(config(kubeconfig, context).await?).await
}

/// The authorities by which [`connect`] would know the API server; none where the kubeconfig leaves that to the system's, or
/// to nobody.
///
/// # Errors
/// As [`connect`], and [`OnlineError::Kubeconfig`] where a certificate cannot be read.
pub async fn authorities(
    kubeconfig: Option<&Path>,
    context: Option<&str>,
) -> Result<Vec<Certificate>, OnlineError> {
    let config = config(kubeconfig, context).await?;
    let read: Result<_, X509Error> =
        config.root_cert.into_iter().flatten().map(Certificate::from_der).collect();
    read.map_err(|error| {
        OnlineError::Kubeconfig(UnusableKubeconfig::Other(format!("its certificate authority: {error}")))
    })
}

async fn config(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Config, OnlineError> {
    let read = match kubeconfig {
        Some(path) if is_endless(path, MAX_KUBECONFIG) => {
            let endless = UnusableKubeconfig::Endless { path: path.to_owned(), most: MAX_KUBECONFIG };
            return Err(OnlineError::Kubeconfig(endless));
        }
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    if kubeconfig.is_none() && context.is_none() && read.as_ref().is_err_and(is_missing) {
        // As kubectl in a pod; what is said of a missing file stays where there is no pod.
        if let Ok(mut config) = Config::incluster() {
            config.default_retry = false;
            return Ok(config);
        }
    }
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let kubeconfig = read.map_err(unusable)?;
    refuse_unsupported(&kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unusable)?;
    config.default_retry = false;
    match config.cluster_url.scheme_str() {
        Some("https") => {}
        Some("http") => config.auth_info = kube::config::AuthInfo::default(),
        _ => return Err(OnlineError::Kubeconfig(UnusableKubeconfig::NoScheme)),
    }
    Ok(config)
}

fn is_missing(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// A credential plug-in may take its time: in a thread of its own it keeps nobody who waits no longer.
async fn client(config: Config) -> Result<Client, OnlineError> {
    match tokio::task::spawn_blocking(|| Client::try_from(config)).await {
        Ok(client) => client.map_err(of_client),
        Err(error) => Err(OnlineError::Unreachable(TransportError::new(error))),
    }
}

/// Far more than any kubeconfig, and than any token.
const MAX_KUBECONFIG: u64 = 4 * 1024 * 1024;
const MAX_TOKEN: u64 = 1024 * 1024;

/// Whether reading might not end: kube's client reads devices like files. Pipes are for a shell's
/// `<(command)`, and what is missing is kube's to say.
fn is_endless(path: &Path, most: u64) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| is_device(metadata.file_type()) || metadata.len() > most)
}

#[cfg(all(unix, not(kboot_no_unix)))]
fn is_device(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(all(unix, not(kboot_no_unix))))]
fn is_device(_: std::fs::FileType) -> bool {
    false
}

/// What kube's client would say in words that hold a password, or not survive.
fn refuse_unsupported(kubeconfig: &Kubeconfig) -> Result<(), OnlineError> {
    let clusters = kubeconfig.clusters.iter().filter_map(|cluster| cluster.cluster.as_ref());
    if clusters.into_iter().any(|cluster| cluster.proxy_url.is_some()) {
        return Err(OnlineError::Kubeconfig(UnusableKubeconfig::Proxy));
    }
    let users = || kubeconfig.auth_infos.iter().filter_map(|user| user.auth_info.as_ref());
    let mut token_files = users().filter_map(|user| user.token_file.as_ref());
    if token_files.any(|path| is_endless(Path::new(path), MAX_TOKEN)) {
        let endless = UnusableCredentials::EndlessTokenFile { most: MAX_TOKEN };
        return Err(OnlineError::Credentials(endless));
    }
    // RFC 9110, 5.5: a header field holds letters, digits and signs.
    let mut tokens = users().filter_map(|user| user.token.as_ref());
    if tokens.any(|token| !token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(OnlineError::Credentials(UnusableCredentials::TokenInFile));
    }
    Ok(())
}

/// A kubeconfig holds secrets, so a parser's message, which quotes its input, is not passed on.
fn unusable(error: KubeconfigError) -> OnlineError {
    OnlineError::Kubeconfig(match error {
        KubeconfigError::ReadConfig(error, path) => UnusableKubeconfig::Unreadable { path, error },
        KubeconfigError::FindPath => UnusableKubeconfig::NoHome,
        KubeconfigError::CurrentContextNotSet => UnusableKubeconfig::NoCurrentContext,
        KubeconfigError::LoadContext(name) => UnusableKubeconfig::NoContext(name),
        KubeconfigError::LoadClusterOfContext(name) => UnusableKubeconfig::NoCluster(name),
        KubeconfigError::MissingClusterUrl => UnusableKubeconfig::NoServer,
        KubeconfigError::Parse(error) => {
            let at = error.location().map(|at| (at.line(), at.column()));
            UnusableKubeconfig::Malformed { at }
        }
        other => UnusableKubeconfig::Other(other.to_string()),
    })
}

/// What kube's client says, without what a credential plug-in printed: that may be a token.
pub(super) fn of_client(error: kube::Error) -> OnlineError {
    match error {
        kube::Error::InferKubeconfig(error) => unusable(error),
        kube::Error::Auth(error) => OnlineError::Credentials(match error {
            AuthError::AuthExecRun { out, .. } => UnusableCredentials::PluginFailed(out.status),
            AuthError::AuthExecStart(error) => UnusableCredentials::PluginDoesNotStart(error),
            AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => UnusableCredentials::PluginOutput,
            AuthError::ReadTokenFile(error, path) => UnusableCredentials::TokenFile { path, error },
            AuthError::InvalidBearerToken(_) => UnusableCredentials::Token,
            AuthError::InvalidBasicAuth(_) => UnusableCredentials::NameOrPassword,
            AuthError::MissingCommand => UnusableCredentials::PluginWithoutCommand,
            AuthError::ExecMissingClusterInfo => UnusableCredentials::PluginWantsCluster,
            _ => UnusableCredentials::Unsupported,
        }),
        kube::Error::RustlsTls(error) => {
            OnlineError::Credentials(UnusableCredentials::Tls(TransportError::new(error)))
        }
        kube::Error::Service(error) => OnlineError::Unreachable(TransportError::new(error)),
        other => OnlineError::Unreachable(TransportError::new(other)),
    }
}
