//! From a kubeconfig to a client.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::client::{AuthError, Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use secrecy::ExposeSecret;
use tower::buffer::BufferLayer;
use tower::filter::AsyncFilterLayer;

use crate::x509::{Certificate, X509Error};

use super::{OnlineError, TransportError, UnusableCredentials, UnusableKubeconfig, plugin, proxy};

/// A client for the cluster that a kubeconfig leads to.
///
/// Without `kubeconfig`, the files of the environment variable KUBECONFIG are taken, else `~/.kube/config`, and where
/// none is there and no context is named, a pod's own service account;
/// without `context`, the kubeconfig's current one. Credential plug-ins (`exec`) are run as kubectl runs
/// them, again before their token ends; who drops this future, or that of a request, ends the plug-in that it waits for.
/// The proxy is that of the kubeconfig (`proxy-url`), else of `HTTPS_PROXY` and `NO_PROXY`. Where the server is plain
/// `http`, credentials are not sent (client-go's `tools/clientcmd/client_config.go`).
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
            config.proxy_url = proxy::of_environment(&config.cluster_url).map_err(OnlineError::Kubeconfig)?;
            return Ok(config);
        }
    }
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let mut kubeconfig = read.map_err(unusable)?;
    refuse_unsupported(&kubeconfig)?;
    let proxy = take_proxy(&mut kubeconfig, context);
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unusable)?;
    config.default_retry = false;
    let of_cluster = proxy.map(|text| proxy::of_kubeconfig(&text)).transpose();
    config.proxy_url = match of_cluster.map_err(OnlineError::Kubeconfig)? {
        None => proxy::of_environment(&config.cluster_url).map_err(OnlineError::Kubeconfig)?,
        proxy => proxy,
    };
    match config.cluster_url.scheme_str() {
        Some("https") => {}
        Some("http") => config.auth_info = kube::config::AuthInfo::default(),
        _ => return Err(OnlineError::Kubeconfig(UnusableKubeconfig::NoScheme)),
    }
    Ok(config)
}

/// The proxy of the context's cluster. It is taken out of the kubeconfig: kube would hold `NO_PROXY` against the proxy, not
/// against the server, and knows it for the environment's proxies alone that client-go does.
fn take_proxy(kubeconfig: &mut Kubeconfig, context: Option<&str>) -> Option<String> {
    let context = context.or(kubeconfig.current_context.as_deref())?;
    let context = kubeconfig.contexts.iter().find(|named| named.name == context)?.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter_mut().find(|named| named.name == context.cluster)?;
    cluster.cluster.as_mut()?.proxy_url.take().filter(|text| !text.is_empty())
}

/// A client for a kubeconfig that is at hand, with certificates inside; to a machine's own address, so through no proxy.
pub(super) async fn client_of(kubeconfig: Kubeconfig) -> Result<Client, OnlineError> {
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unusable)?;
    config.default_retry = false;
    config.proxy_url = None;
    client(config).await
}

fn is_missing(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

async fn client(mut config: Config) -> Result<Client, OnlineError> {
    let user = &config.auth_info;
    let has_other = user.auth_provider.is_some()
        || user.username.is_some()
        || user.token.is_some()
        || user.token_file.is_some();
    let exec = config.auth_info.exec.take().filter(|_| !has_other);
    let Some(exec) = exec else { return Client::try_from(config).map_err(of_client) };
    let credential = plugin::run(&exec).await.map_err(OnlineError::Credentials)?;
    if let Some((certificate, key)) = &credential.certificate {
        config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
        config.auth_info.client_key_data = Some(STANDARD.encode(key.expose_secret()).into());
    }
    let Some(token) = &credential.token else { return Client::try_from(config).map_err(of_client) };
    let token = plugin::Token::new(exec, token, &credential).map_err(OnlineError::Credentials)?;
    let with_token = move |mut request: http::Request<Body>| {
        let token = token.clone();
        async move {
            let header = token.header().await?;
            request.headers_mut().insert(http::header::AUTHORIZATION, header);
            Ok::<_, UnusableCredentials>(request)
        }
    };
    let builder = ClientBuilder::try_from(config).map_err(of_client)?;
    // A filter wants a service that can be cloned.
    let builder = builder.with_layer(&BufferLayer::new(1024));
    Ok(builder.with_layer(&AsyncFilterLayer::new(with_token)).build())
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
    let users = || kubeconfig.auth_infos.iter().filter_map(|user| user.auth_info.as_ref());
    let mut token_files = users().filter_map(|user| user.token_file.as_ref());
    if token_files.any(|path| is_endless(Path::new(path), MAX_TOKEN)) {
        let endless = UnusableCredentials::EndlessTokenFile { most: MAX_TOKEN };
        return Err(OnlineError::Credentials(endless));
    }
    let clusters = kubeconfig.clusters.iter().filter_map(|cluster| cluster.cluster.as_ref());
    let mut files = clusters
        .filter_map(|cluster| cluster.certificate_authority.as_ref())
        .chain(users().flat_map(|user| user.client_certificate.iter().chain(&user.client_key)));
    if let Some(path) = files.find(|path| is_endless(Path::new(path), MAX_KUBECONFIG)) {
        let endless = UnusableKubeconfig::Endless { path: path.into(), most: MAX_KUBECONFIG };
        return Err(OnlineError::Kubeconfig(endless));
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

/// What kube's client says, but for what may hold a secret. Credential plug-ins are run here, not by kube.
pub(super) fn of_client(error: kube::Error) -> OnlineError {
    match error {
        kube::Error::InferKubeconfig(error) => unusable(error),
        kube::Error::Auth(error) => OnlineError::Credentials(match error {
            AuthError::ReadTokenFile(error, path) => UnusableCredentials::TokenFile { path, error },
            AuthError::InvalidBearerToken(_) => UnusableCredentials::Token,
            AuthError::InvalidBasicAuth(_) => UnusableCredentials::NameOrPassword,
            _ => UnusableCredentials::Unsupported,
        }),
        kube::Error::RustlsTls(error) => {
            OnlineError::Credentials(UnusableCredentials::Tls(TransportError::new(error)))
        }
        kube::Error::Service(error) => match error.downcast() {
            Ok(credentials) => OnlineError::Credentials(*credentials),
            Err(error) => OnlineError::Unreachable(TransportError::new(error)),
        },
        other => OnlineError::Unreachable(TransportError::new(other)),
    }
}
