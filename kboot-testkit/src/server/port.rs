//! A port of loopback that stays the server's, also while it does not listen.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
use tokio::net::TcpListener;

use super::error::ServerError;

/// A socket that is bound and never listens. Without it a client that tries again and again while the server restarts would
/// get the port for its own end, sooner or later.
#[derive(Debug)]
pub(crate) struct Port {
    _bound: OwnedFd,
    pub(crate) address: SocketAddr,
}

impl Port {
    pub(crate) fn take(address: SocketAddr) -> Result<Self, ServerError> {
        let take = || {
            let bound = socket(AddressFamily::INET, SocketType::STREAM, None)?;
            set_socket_reuseaddr(&bound, true)?;
            bind(&bound, &address)?;
            let address = SocketAddr::try_from(getsockname(&bound)?).map_err(|_| Errno::AFNOSUPPORT)?;
            Ok(Self { _bound: bound, address })
        };
        take().map_err(|source: Errno| ServerError::Listen { address, source: source.into() })
    }

    /// Must be called where there is a Tokio runtime.
    pub(crate) fn listen(&self) -> Result<TcpListener, ServerError> {
        let listen = || {
            let listener = StdListener::bind(self.address)?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        listen().map_err(|source| ServerError::Listen { address: self.address, source })
    }
}
