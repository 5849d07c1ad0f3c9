//! What an API server does, written once and held against every server that there is: upstream's own 1.20.2, its API
//! machinery of 1.36, and this crate's.
//!
//! `KBOOT_SCENARIO=text` runs those whose name has that text; `KBOOT_UPDATE_GOLDEN=1` writes `CONFORMANCE.md` anew.

#![cfg(feature = "server")]
#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

mod answer;
mod api;
mod conformance;
mod runner;
mod servers;
mod watch;

mod apply;
mod authentication;
mod bootstrap_tokens;
mod conflicts;
mod controllers;
mod csr_rules;
mod csr_status;
mod csrs;
mod deletes;
mod discovery;
mod errors;
mod escalation;
mod namespaces;
mod nodes;
mod objects;
mod online;
mod pages;
mod patches;
mod rbac;
mod reviews;
mod selectors;
mod subresources;
mod tables;
mod validation;
mod versions;
mod watches;

use runner::Scenario;

/// All of them, by topic.
fn all() -> Vec<Scenario> {
    [
        objects::SCENARIOS,
        conflicts::SCENARIOS,
        versions::SCENARIOS,
        pages::SCENARIOS,
        selectors::SCENARIOS,
        watches::SCENARIOS,
        patches::SCENARIOS,
        apply::SCENARIOS,
        validation::SCENARIOS,
        deletes::SCENARIOS,
        tables::SCENARIOS,
        discovery::SCENARIOS,
        errors::SCENARIOS,
        subresources::SCENARIOS,
        authentication::SCENARIOS,
        bootstrap_tokens::SCENARIOS,
        rbac::SCENARIOS,
        escalation::SCENARIOS,
        nodes::SCENARIOS,
        csrs::SCENARIOS,
        csr_status::SCENARIOS,
        csr_rules::SCENARIOS,
        reviews::SCENARIOS,
        namespaces::SCENARIOS,
        controllers::SCENARIOS,
        online::SCENARIOS,
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn scenarios() {
    runner::run(&all()).await;
}
