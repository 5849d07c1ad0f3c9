//! A port of loopback that stays the server's, also while it does not listen.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::os::fd::OwnedFd;

use rustix::io::{Errno, FdFlags, fcntl_setfd};
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

/// A thousand kubelets connect at once; whom the kernel has no room for tries again after a second.
const BACKLOG: i32 = 4096;

fn bound(address: &SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    set_socket_reuseaddr(&socket, true)?;
    bind(&socket, address)?;
    Ok(socket)
}

impl Port {
    pub(crate) fn take(address: SocketAddr) -> Result<Self, ServerError> {
        let take = || {
            let bound = bound(&address)?;
            let address = SocketAddr::try_from(getsockname(&bound)?).map_err(|_| Errno::AFNOSUPPORT)?;
            Ok(Self { _bound: bound, address })
        };
        take().map_err(|source: Errno| ServerError::Listen { address, source: source.into() })
    }

    /// Must be called where there is a Tokio runtime.
    pub(crate) fn listen(&self) -> Result<TcpListener, ServerError> {
        let listen = || {
            let socket = bound(&self.address)?;
            rustix::net::listen(&socket, BACKLOG)?;
            let listener = StdListener::from(socket);
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        listen().map_err(|source| ServerError::Listen { address: self.address, source })
    }
}
