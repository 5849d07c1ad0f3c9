//! Upstream's own programs against the API server in the process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod controller_manager;
mod informer;
mod kubeadm;
mod kubectl;
mod support;
