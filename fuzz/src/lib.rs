//! What the targets around certificate requests share.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    missing_debug_implementations,
    reason = "a law that does not hold ends the run"
)]

pub mod known;
pub mod plain_facts;
pub mod rules;
pub mod second_reader;
pub mod situation;
