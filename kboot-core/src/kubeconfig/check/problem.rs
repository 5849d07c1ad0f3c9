//! Everything that a check of a kubeconfig can find.

use std::fmt;
use std::io;

use super::url::UrlProblem;
use crate::finding::Detail;
use crate::name::NameError;
use crate::shown::excerpt;
use crate::time::Timestamp;
use crate::token::TokenId;
use crate::x509::X509Error;

/// Every code that a finding of a kubeconfig can have.
pub const FINDING_CODES: [&str; 44] = [
    // The document
    "empty",
    "loose-mode",
    "name-missing",
    "no-current-context",
    "unknown-context",
    // Contexts
    "cluster-missing",
    "namespace-invalid",
    "unknown-cluster",
    "unknown-user",
    "user-missing",
    // Clusters
    "authority-differs",
    "authority-malformed",
    "authority-not-valid-now",
    "authority-twice",
    "authority-unreadable",
    "authority-unused",
    "insecure-skip-tls-verify",
    "plain-http",
    "proxy-url-invalid",
    "server-invalid",
    "server-missing",
    // Users
    "auth-provider-unusable",
    "bootstrap-token",
    "client-certificate-foreign",
    "client-certificate-malformed",
    "client-certificate-missing",
    "client-certificate-not-valid-now",
    "client-certificate-twice",
    "client-certificate-unreadable",
    "client-key-malformed",
    "client-key-mismatch",
    "client-key-missing",
    "client-key-twice",
    "client-key-unchecked",
    "client-key-unreadable",
    "exec-incomplete",
    "exec-plugin",
    "impersonation-without-user",
    "no-credentials",
    "several-credentials",
    "static-credentials",
    "system-masters",
    "token-file-unreadable",
    "token-malformed",
];

/// What [`Kubeconfig::check`](crate::kubeconfig::Kubeconfig::check) finds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KubeconfigProblem {
    /// There is nothing in the file.
    Empty,
    /// The file holds credentials, and others may read it.
    LooseMode {
        /// Its permissions.
        mode: u32,
    },
    /// An entry has no name.
    NameMissing,
    /// No context is current.
    NoCurrentContext,
    /// The current context is not there.
    UnknownContext {
        /// Its name.
        name: String,
    },
    /// A context without a cluster.
    ClusterMissing,
    /// A context's namespace is none.
    NamespaceInvalid(NameError),
    /// A context's cluster is not there.
    UnknownCluster {
        /// Its name.
        name: String,
    },
    /// A context's user is not there.
    UnknownUser {
        /// Its name.
        name: String,
    },
    /// A context without a user.
    UserMissing,
    /// A cluster without an authority, where one was expected.
    AuthorityAbsent,
    /// A cluster with another authority than the expected one.
    AuthorityDiffers {
        /// The SHA-256 of the expected one, in hexadecimal.
        expected: String,
    },
    /// The authority cannot be read as a certificate.
    AuthorityMalformed(X509Error),
    /// The authority is not valid now.
    AuthorityNotValidNow(NotValidNow),
    /// Two authorities of one cluster.
    AuthorityTwice,
    /// The authority's file cannot be read.
    AuthorityUnreadable(UnreadableReference),
    /// An authority beside `insecure-skip-tls-verify`.
    AuthorityUnused,
    /// The server is not verified.
    InsecureSkipTlsVerify,
    /// The server is reached without TLS.
    PlainHttp,
    /// The proxy's URL is none.
    ProxyUrlInvalid(UrlProblem),
    /// The server's URL is none.
    ServerInvalid(UrlProblem),
    /// A cluster without a server.
    ServerMissing,
    /// An `auth-provider` that kubectl does not use.
    AuthProviderUnusable(AuthProviderProblem),
    /// The token is a bootstrap token.
    BootstrapToken {
        /// Its public half.
        id: TokenId,
    },
    /// The client certificate is of another authority than the expected one.
    ClientCertificateForeign {
        /// Its subject.
        subject: String,
    },
    /// The client certificate cannot be read.
    ClientCertificateMalformed(X509Error),
    /// A client key without a certificate.
    ClientCertificateMissing,
    /// The client certificate is not valid now.
    ClientCertificateNotValidNow(NotValidNow),
    /// Two client certificates of one user.
    ClientCertificateTwice,
    /// The client certificate's file cannot be read.
    ClientCertificateUnreadable(UnreadableReference),
    /// The client key cannot be read.
    ClientKeyMalformed(X509Error),
    /// The client key is another one's.
    ClientKeyMismatch {
        /// The subject of the certificate.
        subject: String,
    },
    /// A client certificate without a key.
    ClientKeyMissing,
    /// Two client keys of one user.
    ClientKeyTwice,
    /// The client key is of a kind that kboot does not read.
    ClientKeyUnchecked,
    /// The client key's file cannot be read.
    ClientKeyUnreadable(UnreadableReference),
    /// A credential plug-in lacks something.
    ExecIncomplete(ExecProblem),
    /// A program is run.
    ExecPlugin {
        /// Its name.
        command: String,
    },
    /// Groups or extra fields to act as, and no user.
    ImpersonationWithoutUser,
    /// A user without credentials.
    NoCredentials,
    /// Credentials of which one alone can be used.
    SeveralCredentials(CredentialPair),
    /// A password, which kube-apiserver does not know.
    Password,
    /// A token that stands in the file.
    StaticToken,
    /// The client certificate's group is `system:masters`.
    SystemMasters,
    /// The token's file cannot be read.
    TokenFileUnreadable(UnreadableReference),
    /// The token cannot be sent.
    TokenMalformed,
}

/// A certificate outside of its life.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotValidNow {
    /// Its subject, for people.
    pub subject: String,
    /// The first moment of its life.
    pub not_before: Timestamp,
    /// The last moment of its life.
    pub not_after: Timestamp,
    /// When it was looked at.
    pub now: Timestamp,
}

impl fmt::Display for NotValidNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, not_before, not_after, now } = self;
        write!(f, "{subject} is valid from {not_before} to {not_after} and it is {now}")
    }
}

/// A file that a kubeconfig names and that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadableReference {
    /// The path as it stands there, cut to 64 characters.
    pub file: String,
    /// What the operating system says.
    pub kind: io::ErrorKind,
}

impl UnreadableReference {
    pub(super) fn new(file: &str, error: &io::Error) -> Self {
        Self { file: excerpt(file), kind: error.kind() }
    }
}

impl fmt::Display for UnreadableReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} cannot be read: {}", self.file, self.kind)
    }
}

/// Why an `auth-provider` is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthProviderProblem {
    /// A setting is missing.
    Needs(&'static str),
    /// kubectl had it once.
    Gone,
    /// There is none of this name.
    Unknown(String),
}

impl fmt::Display for AuthProviderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needs(key) => write!(f, "it needs {key}"),
            Self::Gone => f.write_str("it is gone since kubectl 1.26: use its exec plug-in"),
            Self::Unknown(name) => write!(f, "there is no auth-provider {name:?} but oidc"),
        }
    }
}

/// What a credential plug-in lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecProblem {
    /// A program.
    Command,
    /// A version that clients speak.
    ApiVersion,
    /// A variable's name.
    VariableName,
    /// A way to use the terminal.
    InteractiveMode,
}

impl fmt::Display for ExecProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "it names no program",
            Self::ApiVersion => {
                "it must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1"
            }
            Self::VariableName => "a variable has no name",
            Self::InteractiveMode => "it must be Never, IfAvailable or Always",
        })
    }
}

/// Two kinds of credentials that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialPair {
    /// A token and a password.
    TokenAndPassword,
    /// A program and a way to log in that is built in.
    ExecAndAuthProvider,
}

impl fmt::Display for CredentialPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenAndPassword => "token and password are both there: keep one",
            Self::ExecAndAuthProvider => "an exec plug-in and an auth-provider are both there: keep one",
        })
    }
}

impl Detail for KubeconfigProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::LooseMode { .. } => "loose-mode",
            Self::NameMissing => "name-missing",
            Self::NoCurrentContext => "no-current-context",
            Self::UnknownContext { .. } => "unknown-context",
            Self::ClusterMissing => "cluster-missing",
            Self::NamespaceInvalid(_) => "namespace-invalid",
            Self::UnknownCluster { .. } => "unknown-cluster",
            Self::UnknownUser { .. } => "unknown-user",
            Self::UserMissing => "user-missing",
            Self::AuthorityAbsent | Self::AuthorityDiffers { .. } => "authority-differs",
            Self::AuthorityMalformed(_) => "authority-malformed",
            Self::AuthorityNotValidNow(_) => "authority-not-valid-now",
            Self::AuthorityTwice => "authority-twice",
            Self::AuthorityUnreadable(_) => "authority-unreadable",
            Self::AuthorityUnused => "authority-unused",
            Self::InsecureSkipTlsVerify => "insecure-skip-tls-verify",
            Self::PlainHttp => "plain-http",
            Self::ProxyUrlInvalid(_) => "proxy-url-invalid",
            Self::ServerInvalid(_) => "server-invalid",
            Self::ServerMissing => "server-missing",
            Self::AuthProviderUnusable(_) => "auth-provider-unusable",
            Self::BootstrapToken { .. } => "bootstrap-token",
            Self::ClientCertificateForeign { .. } => "client-certificate-foreign",
            Self::ClientCertificateMalformed(_) => "client-certificate-malformed",
            Self::ClientCertificateMissing => "client-certificate-missing",
            Self::ClientCertificateNotValidNow(_) => "client-certificate-not-valid-now",
            Self::ClientCertificateTwice => "client-certificate-twice",
            Self::ClientCertificateUnreadable(_) => "client-certificate-unreadable",
            Self::ClientKeyMalformed(_) => "client-key-malformed",
            Self::ClientKeyMismatch { .. } => "client-key-mismatch",
            Self::ClientKeyMissing => "client-key-missing",
            Self::ClientKeyTwice => "client-key-twice",
            Self::ClientKeyUnchecked => "client-key-unchecked",
            Self::ClientKeyUnreadable(_) => "client-key-unreadable",
            Self::ExecIncomplete(_) => "exec-incomplete",
            Self::ExecPlugin { .. } => "exec-plugin",
            Self::ImpersonationWithoutUser => "impersonation-without-user",
            Self::NoCredentials => "no-credentials",
            Self::SeveralCredentials(_) => "several-credentials",
            Self::Password | Self::StaticToken => "static-credentials",
            Self::SystemMasters => "system-masters",
            Self::TokenFileUnreadable(_) => "token-file-unreadable",
            Self::TokenMalformed => "token-malformed",
        }
    }
}

impl fmt::Display for KubeconfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = |f: &mut fmt::Formatter<'_>, what: &str, name: &str| {
            write!(f, "there is no {what} {:?}", excerpt(name))
        };
        f.write_str(match self {
            Self::LooseMode { mode } => {
                let mode = mode & 0o7777;
                return write!(f, "its mode is {mode:04o} and it holds credentials: use 0600");
            }
            Self::UnknownContext { name } => return missing(f, "context", name),
            Self::UnknownCluster { name } => return missing(f, "cluster", name),
            Self::UnknownUser { name } => return missing(f, "user", name),
            Self::NamespaceInvalid(error) => return write!(f, "{error}"),
            Self::AuthorityDiffers { expected } => {
                return write!(f, "it is not the expected authority, whose SHA-256 is {expected}");
            }
            Self::AuthorityMalformed(error)
            | Self::ClientCertificateMalformed(error)
            | Self::ClientKeyMalformed(error) => return write!(f, "{error}"),
            Self::AuthorityNotValidNow(why) | Self::ClientCertificateNotValidNow(why) => {
                return write!(f, "{why}");
            }
            Self::AuthorityUnreadable(file)
            | Self::ClientCertificateUnreadable(file)
            | Self::ClientKeyUnreadable(file)
            | Self::TokenFileUnreadable(file) => return write!(f, "{file}"),
            Self::ProxyUrlInvalid(problem) => return write!(f, "{problem}"),
            Self::ServerInvalid(problem) => return write!(f, "{problem}: write https://HOST:PORT"),
            Self::AuthProviderUnusable(problem) => return write!(f, "{problem}"),
            Self::BootstrapToken { id } => return write!(f, "it is the bootstrap token {id}"),
            Self::ClientCertificateForeign { subject } => {
                return write!(f, "{subject} was not issued by the expected authority");
            }
            Self::ClientKeyMismatch { subject } => {
                return write!(f, "it does not belong to the certificate {subject}");
            }
            Self::ExecIncomplete(problem) => return write!(f, "{problem}"),
            Self::ExecPlugin { command } => {
                return write!(f, "every command runs the program {:?} as you", excerpt(command));
            }
            Self::SeveralCredentials(pair) => return write!(f, "{pair}"),
            Self::Empty => "there is no cluster, user or context in it",
            Self::NameMissing => "an entry has no name, so nothing can refer to it",
            Self::NoCurrentContext => "no context is current: every command needs --context",
            Self::ClusterMissing => "it names no cluster",
            Self::UserMissing => "it names no user",
            Self::AuthorityAbsent => {
                "it has no authority: the machine's own are trusted, not the expected one"
            }
            Self::AuthorityTwice => {
                "certificate-authority and certificate-authority-data are both there: keep one"
            }
            Self::AuthorityUnused => {
                "with insecure-skip-tls-verify no authority is allowed: remove insecure-skip-tls-verify"
            }
            Self::InsecureSkipTlsVerify => {
                "anybody can pose as this server: its certificate is not verified"
            }
            Self::PlainHttp => {
                "it is reached without TLS, and no credentials are sent: write https://HOST:PORT"
            }
            Self::ServerMissing => "it has no server: write https://HOST:PORT",
            Self::ClientCertificateMissing => "a client key without a certificate is not used",
            Self::ClientCertificateTwice => {
                "client-certificate and client-certificate-data are both there: keep one"
            }
            Self::ClientKeyMissing => "a client certificate needs its key: client-key or client-key-data",
            Self::ClientKeyTwice => "client-key and client-key-data are both there: keep one",
            Self::ClientKeyUnchecked => {
                "it is damaged or of a kind that kboot does not read: whether it fits the certificate is not known"
            }
            Self::ImpersonationWithoutUser => "as-groups, as-uid and as-user-extra need as",
            Self::NoCredentials => "it has no credentials: kubectl asks for a name and a password",
            Self::Password => {
                "kube-apiserver knows no passwords since Kubernetes 1.19: use a certificate or a token"
            }
            Self::StaticToken => "whoever reads this file has the token, for as long as the token lives",
            Self::SystemMasters => "its group system:masters may do everything and cannot be taken back",
            Self::TokenMalformed => "it holds line ends or other control characters",
        })
    }
}
