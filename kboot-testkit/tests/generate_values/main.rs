//! What kboot-core's readers take and refuse: each strategy is held to them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod documents;
mod fixed;
#[cfg(feature = "server")]
mod typed;
mod values;
