//! Virtual kubelets against API servers: the one in the process and upstream's.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod cluster;
mod fleet;
mod life;
mod misbehaviour;
