//! `kboot GROUP COMMAND` is `GROUP/COMMAND.rs`. Arguments in, calls to the library, output out.

pub(crate) mod ca;
pub(crate) mod cert;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod csr;
pub(crate) mod kubeconfig;
pub(crate) mod node;
pub(crate) mod policy;
pub(crate) mod schema;
pub(crate) mod shell;
pub(crate) mod token;

mod authority;
mod connection;
mod shapes;
