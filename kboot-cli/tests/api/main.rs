//! The command line from outside, one file a topic; one binary, since each costs a link.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]

mod adversity;
mod all_nodes;
mod certificates;
mod commands;
mod common;
mod connection;
mod csr;
mod expiry;
mod explain;
mod flags;
mod folder;
mod golden;
mod hidden;
mod kubeconfig;
mod manual;
mod node;
mod online;
mod outputs;
mod plugin;
mod policy;
mod policy_check;
mod renewal;
mod reports;
mod surroundings;
mod terminal;
mod wrong_authority;
mod wrong_files;
