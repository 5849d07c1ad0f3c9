//! Why a server could not be started or asked.

/// Why a server could not be started or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A key or certificate could not be made.
    #[error("the server's certificates could not be made: {0}")]
    Pki(#[source] Box<kboot_core::Error>),
    /// A row of the file of static tokens is none.
    #[error("the static tokens: {0}")]
    StaticTokens(#[source] Box<kboot_core::Error>),
    /// A certificate cannot have this name.
    #[error("{name:?} cannot be a name in a certificate: by X.520 it has 1 to 64 characters")]
    Name {
        /// The name.
        name: String,
    },
    /// A version that the server does not know.
    #[error("the server has no version {asked:?}: it has 1.20 to 1.37, written 1.36, v1.36 or 1.36.4")]
    Version {
        /// What was asked for.
        asked: String,
    },
    /// The server's TLS could not be set up.
    #[error("TLS could not be set up: {why}")]
    Tls {
        /// What rustls says.
        why: String,
    },
    /// Loopback could not be listened on.
    #[error("the server cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The server's threads could not be started.
    #[error("the server's threads could not be started")]
    Threads(#[source] std::io::Error),
    /// A client could not be made.
    #[error("a client of the server could not be made: {0}")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An object that a test puts in at the start was refused.
    #[error("the server refused an object: {message}")]
    Refused {
        /// The status' message.
        message: String,
    },
}

impl<E: Into<kboot_core::Error>> From<E> for ServerError {
    fn from(error: E) -> Self {
        Self::Pki(Box::new(error.into()))
    }
}
