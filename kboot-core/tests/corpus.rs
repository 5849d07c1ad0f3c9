//! kboot against the attack corpus: each entry's decision and code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

use kboot_core::csr::CertificateSigningRequest;
use kboot_core::policy::{Context, Policy};
use kboot_testkit::corpus;

#[test]
fn each_entry_is_answered_as_it_should_be() {
    let policy: Policy = corpus::POLICY_YAML.parse().unwrap();
    let mut context = Context::at("2026-11-21T10:00:00Z".parse().unwrap());
    context.service_cidrs = vec!["10.96.0.0/12".parse().unwrap(), "fd00:96::/108".parse().unwrap()];
    let mut wrong = Vec::new();
    for entry in corpus::all() {
        let expected = (entry.expect.decision.as_str(), entry.expect.code.as_str());
        let got = match CertificateSigningRequest::from_json(&entry.object) {
            Ok(object) => {
                let decision = policy.evaluate(&object, &context);
                (decision.verdict().word(), decision.code().word())
            }
            Err(error) => ("deny", error.code()),
        };
        if got != expected {
            wrong.push(format!("{}: {got:?}, expected {expected:?}", entry.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
