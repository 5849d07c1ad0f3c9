//! Why a cluster could not be asked.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use http::Method;

use super::permission::Permission;
use super::{chain, on_one_line};
use crate::document::DocumentError;
use crate::kind::ErrorKind;

/// Why a cluster could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnlineError {
    /// The kubeconfig leads to no cluster.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[source] UnusableKubeconfig),
    /// The kubeconfig's credentials cannot be had.
    #[error("the credentials cannot be used")]
    Credentials(#[source] UnusableCredentials),
    /// No connection, or one that broke.
    #[error("the API server cannot be reached")]
    Unreachable(#[source] TransportError),
    /// No complete answer in time.
    #[error("no answer to {method} {path} within {} s", limit.as_secs())]
    TimedOut {
        /// How it was asked.
        method: Method,
        /// What was asked for.
        path: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The API server refuses, or fails.
    #[error("the API server answers {method} {path} with {code}: {message}")]
    Status {
        /// How it was asked.
        method: Method,
        /// What was asked for.
        path: String,
        /// The HTTP status.
        code: u16,
        /// The message, quoted and cut.
        message: String,
    },
    /// The API server does not let the user do it.
    #[error("the API server answers {method} {path} with 403: {message}; what lacks is a {lacking}")]
    Forbidden {
        /// How it was asked.
        method: Method,
        /// What was asked for.
        path: String,
        /// The message, quoted and cut.
        message: String,
        /// The permission that no role gives the user.
        lacking: Box<Permission>,
    },
    /// The cluster's own facts cannot be used.
    #[error("what {path} says of the cluster cannot be used")]
    Facts {
        /// Where it was read.
        path: String,
        /// What is wrong with it.
        #[source]
        problem: DocumentError,
    },
    /// The API server has no objects of this kind.
    #[error("the API server has no {kind} of {api_version}: it is of another version, or lacks a definition")]
    NoSuchKind {
        /// The group and version.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// More than is ever needed.
    #[error("the answer to {method} {path} is larger than {limit} bytes")]
    TooLarge {
        /// How it was asked.
        method: Method,
        /// What was asked for.
        path: String,
        /// How much is read.
        limit: usize,
    },
    /// The answer is not what the path stands for.
    #[error("the answer to {method} {path} is not the JSON of a Kubernetes object")]
    Malformed {
        /// How it was asked.
        method: Method,
        /// What was asked for.
        path: String,
    },
}

impl OnlineError {
    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Kubeconfig(_) | Self::Credentials(_) => ErrorKind::Input,
            _ => ErrorKind::Cluster,
        }
    }

    /// The HTTP status of the API server's answer, where it gave one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            Self::Forbidden { .. } => Some(403),
            _ => None,
        }
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    pub(super) fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// The error with its cause, for a report.
    pub(super) fn with_cause(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}

/// Why a kubeconfig leads to no cluster. It holds secrets, so a parser's message, which quotes its input, is
/// not in here.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnusableKubeconfig {
    /// A device, or more than is read.
    Endless {
        /// The file.
        path: PathBuf,
        /// How many bytes are read.
        most: u64,
    },
    /// It cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// There is no home folder.
    NoHome,
    /// No context is current.
    NoCurrentContext,
    /// There is no context of the name.
    NoContext(String),
    /// There is no cluster of the name.
    NoCluster(String),
    /// The cluster has no server.
    NoServer,
    /// The server's URL has no scheme.
    NoScheme,
    /// What should be a proxy's URL is none that is used. It may hold a password, so it is not in here.
    Proxy {
        /// Where it stands.
        of: &'static str,
    },
    /// It is not YAML, or no kubeconfig.
    Malformed {
        /// The line and the column, from 1.
        at: Option<(u64, u64)>,
    },
    /// What else kube's client says of it.
    Other(String),
}

impl std::error::Error for UnusableKubeconfig {}

impl fmt::Display for UnusableKubeconfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Endless { path, most } => format!("{} is no file of at most {most} bytes", path.display()),
            Self::Unreadable { path, error } => {
                format!("cannot read {}: {error}; name another file or set KUBECONFIG", path.display())
            }
            Self::NoHome => "there is no home folder to look for .kube/config in".to_owned(),
            Self::NoCurrentContext => "it has no current-context: name a context".to_owned(),
            Self::NoContext(name) => format!("it has no context {name:?}"),
            Self::NoCluster(name) => format!("it has no cluster {name:?}"),
            Self::NoServer => "its cluster has no server".to_owned(),
            Self::NoScheme => "the cluster's server has no scheme: write https://HOST:PORT".to_owned(),
            Self::Proxy { of } => format!(
                "{of} is no http://[USER:PASSWORD@]HOST:PORT, https://… or socks5://HOST:PORT (without a user)"
            ),
            Self::Malformed { at } => {
                let place = at.map(|(line, column)| format!(" (line {line}, column {column})"));
                format!("it is not a kubeconfig in YAML or JSON{}", place.unwrap_or_default())
            }
            Self::Other(problem) => problem.clone(),
        };
        f.write_str(&on_one_line(&text))
    }
}

/// Why a kubeconfig's credentials cannot be had. Nothing that a credential plug-in printed is in here: that may
/// be a token.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnusableCredentials {
    /// A token file that is a device, or larger than is read.
    EndlessTokenFile {
        /// How many bytes are read.
        most: u64,
    },
    /// A token that cannot be sent, of the kubeconfig itself.
    TokenInFile,
    /// A token that cannot be sent.
    Token,
    /// A user name or a password that cannot be sent.
    NameOrPassword,
    /// A token file cannot be read.
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The credential plug-in failed. Its command is not in here either: arguments and environment may hold
    /// secrets.
    PluginFailed(ExitStatus),
    /// The credential plug-in does not start.
    PluginDoesNotStart(io::Error),
    /// The credential plug-in printed something else.
    PluginOutput,
    /// The credential plug-in has no command.
    PluginWithoutCommand,
    /// The credential plug-in wants to know more than it is told.
    PluginWantsCluster,
    /// A way to log in that kboot does not have.
    Unsupported,
    /// What TLS says of a certificate or a key.
    Tls(TransportError),
}

impl std::error::Error for UnusableCredentials {}

impl fmt::Display for UnusableCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::EndlessTokenFile { most } => format!("a tokenFile is no file of at most {most} bytes"),
            Self::TokenInFile => "a token has characters that no header can hold".to_owned(),
            Self::Token => "the token has characters that no header can hold".to_owned(),
            Self::NameOrPassword => "user name or password cannot stand in a header".to_owned(),
            Self::TokenFile { path, error } => format!("cannot read {}: {error}", path.display()),
            Self::PluginFailed(status) => format!("the credential plug-in failed: {status}"),
            Self::PluginDoesNotStart(error) => format!("the credential plug-in does not start: {error}"),
            Self::PluginOutput => "the credential plug-in did not print an ExecCredential".to_owned(),
            Self::PluginWithoutCommand => "the credential plug-in has no command".to_owned(),
            Self::PluginWantsCluster => "the credential plug-in wants provideClusterInfo".to_owned(),
            Self::Unsupported => {
                "kboot supports client certificates, tokens, token files, passwords and exec plug-ins"
                    .to_owned()
            }
            Self::Tls(error) => error.to_string(),
        };
        f.write_str(&on_one_line(&text))
    }
}

/// What the network or TLS says: an error of another library with its causes, on one line.
pub struct TransportError(Box<dyn std::error::Error + Send + Sync>);

impl TransportError {
    pub(super) fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// The library's error, with its causes.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self.0.as_ref()
    }
}

/// The causes are in the message, so there is no source.
impl std::error::Error for TransportError {}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(self.0.as_ref()))
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransportError({self})")
    }
}
