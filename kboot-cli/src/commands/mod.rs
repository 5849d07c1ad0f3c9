//! One file for each group of commands.

pub(crate) mod certificate;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod csr;
pub(crate) mod kubeconfig;
pub(crate) mod node;
pub(crate) mod policy;
pub(crate) mod shell;
pub(crate) mod token;
