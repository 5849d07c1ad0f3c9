//! From a kubeconfig to a client.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use kube::client::AuthError;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use secrecy::ExposeSecret;

use super::{OnlineError, chain, on_one_line};

/// A client for the cluster that a kubeconfig leads to.
///
/// Without `kubeconfig`, the files of the environment variable KUBECONFIG are taken, else `~/.kube/config`;
/// without `context`, the kubeconfig's current one. Credential plug-ins (`exec`) are run as kubectl runs
/// them. Where the server is plain `http`, credentials are not sent (client-go's
/// `tools/clientcmd/client_config.go`).
///
/// The client repeats nothing by itself, so that a node's 503 is seen at once. It needs a tokio runtime, as
/// every [`kube::Client`] does.
///
/// # Errors
/// [`OnlineError::Kubeconfig`] where it is missing, malformed or incomplete,
/// [`OnlineError::Credentials`] where a credential plug-in or a token file fails. Nothing is sent yet.
pub async fn connect(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Client, OnlineError> {
    let read = match kubeconfig {
        Some(path) if is_endless(path, MAX_KUBECONFIG) => {
            let problem = format!("{} is no file of at most {MAX_KUBECONFIG} bytes", path.display());
            return Err(OnlineError::Kubeconfig { problem: on_one_line(&problem) });
        }
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let kubeconfig = read.map_err(unusable)?;
    refuse_unsupported(&kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unusable)?;
    config.default_retry = false;
    match config.cluster_url.scheme_str() {
        Some("https") => {}
        Some("http") => config.auth_info = kube::config::AuthInfo::default(),
        _ => {
            let problem = "the cluster's server has no scheme: write https://HOST:PORT".to_owned();
            return Err(OnlineError::Kubeconfig { problem });
        }
    }
    Client::try_from(config).map_err(of_client)
}

/// Far more than any kubeconfig, and than any token.
const MAX_KUBECONFIG: u64 = 4 * 1024 * 1024;
const MAX_TOKEN: u64 = 1024 * 1024;

/// Whether reading might not end: kube's client reads devices like files. Pipes are for a shell's
/// `<(command)`, and what is missing is kube's to say.
fn is_endless(path: &Path, most: u64) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| {
        let kind = metadata.file_type();
        kind.is_char_device() || kind.is_block_device() || metadata.len() > most
    })
}

/// What kube's client would say in words that hold a password, or not survive.
fn refuse_unsupported(kubeconfig: &Kubeconfig) -> Result<(), OnlineError> {
    let clusters = kubeconfig.clusters.iter().filter_map(|cluster| cluster.cluster.as_ref());
    if clusters.into_iter().any(|cluster| cluster.proxy_url.is_some()) {
        let problem =
            "a cluster has a proxy-url, which kboot does not use; connect without a proxy".to_owned();
        return Err(OnlineError::Kubeconfig { problem });
    }
    let users = || kubeconfig.auth_infos.iter().filter_map(|user| user.auth_info.as_ref());
    let mut token_files = users().filter_map(|user| user.token_file.as_ref());
    if token_files.any(|path| is_endless(Path::new(path), MAX_TOKEN)) {
        let problem = format!("a tokenFile is no file of at most {MAX_TOKEN} bytes");
        return Err(OnlineError::Credentials { problem });
    }
    // RFC 9110, 5.5: a header field holds letters, digits and signs.
    let mut tokens = users().filter_map(|user| user.token.as_ref());
    if tokens.any(|token| !token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic())) {
        let problem = "a token has characters that no header can hold".to_owned();
        return Err(OnlineError::Credentials { problem });
    }
    Ok(())
}

/// A kubeconfig holds secrets, so a parser's message, which quotes its input, is not passed on.
fn unusable(error: KubeconfigError) -> OnlineError {
    let problem = match error {
        KubeconfigError::ReadConfig(error, path) => {
            format!("cannot read {}: {error}; name another file or set KUBECONFIG", path.display())
        }
        KubeconfigError::FindPath => "there is no home folder to look for .kube/config in".to_owned(),
        KubeconfigError::CurrentContextNotSet => "it has no current-context: name a context".to_owned(),
        KubeconfigError::LoadContext(name) => format!("it has no context {name:?}"),
        KubeconfigError::LoadClusterOfContext(name) => format!("it has no cluster {name:?}"),
        KubeconfigError::MissingClusterUrl => "its cluster has no server".to_owned(),
        KubeconfigError::Parse(error) => {
            let place = error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
            format!("it is not a kubeconfig in YAML or JSON{}", place.unwrap_or_default())
        }
        other => other.to_string(),
    };
    OnlineError::Kubeconfig { problem: on_one_line(&problem) }
}

/// What kube's client says, without what a credential plug-in printed: that may be a token.
pub(super) fn of_client(error: kube::Error) -> OnlineError {
    match error {
        kube::Error::InferKubeconfig(error) => unusable(error),
        kube::Error::Auth(error) => {
            let problem = match error {
                // Not its command either: arguments and environment may hold secrets.
                AuthError::AuthExecRun { out, .. } => {
                    format!("the credential plug-in failed: {}", out.status)
                }
                AuthError::AuthExecStart(error) => format!("the credential plug-in does not start: {error}"),
                AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
                    "the credential plug-in did not print an ExecCredential".to_owned()
                }
                AuthError::ReadTokenFile(error, path) => format!("cannot read {}: {error}", path.display()),
                AuthError::InvalidBearerToken(_) => {
                    "the token has characters that no header can hold".to_owned()
                }
                AuthError::InvalidBasicAuth(_) => "user name or password cannot stand in a header".to_owned(),
                AuthError::MissingCommand => "the credential plug-in has no command".to_owned(),
                AuthError::ExecMissingClusterInfo => {
                    "the credential plug-in wants provideClusterInfo".to_owned()
                }
                _ => "kboot supports client certificates, tokens, token files, passwords and exec plug-ins"
                    .to_owned(),
            };
            OnlineError::Credentials { problem: on_one_line(&problem) }
        }
        kube::Error::RustlsTls(error) => OnlineError::Credentials { problem: chain(&error) },
        kube::Error::Service(error) => OnlineError::Unreachable { problem: chain(error.as_ref()) },
        other => OnlineError::Unreachable { problem: chain(&other) },
    }
}
