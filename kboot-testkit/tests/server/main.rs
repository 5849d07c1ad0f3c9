//! The API server in the process as its clients see it: what no scenario can ask of a real one.

#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "tests"
)]

mod bootstrap;
mod faults;
mod hostile;
mod life;
mod proxy;
mod raw;

use kboot_testkit::server::{ApiServer, ApiServerBuilder};

/// A server that knows `admin` as a bearer token of somebody who may do everything.
fn builder() -> ApiServerBuilder {
    ApiServer::builder().static_tokens("admin,root,uid-of-root,\"system:masters\"\n")
}
