//! kboot against the attack corpus: each entry's decision and code, and a person's approval over it.
use kboot_core::csr::CertificateSigningRequest;
use kboot_core::policy::{Reason, Verdict};
use kboot_testkit::corpus;

#[test]
fn each_entry_is_answered_as_it_should_be() {
    let (policy, context) = (crate::common::policy(), crate::common::context());
    let mut wrong = Vec::new();
    for entry in corpus::all() {
        let expected = (entry.expect.decision.as_str(), entry.expect.code.as_str());
        let got = match CertificateSigningRequest::from_json(&entry.object.to_string()) {
            Ok(object) => {
                let decision = policy.evaluate(&object, &context);
                (decision.verdict().as_str(), decision.reason().as_str())
            }
            Err(error) => ("deny", error.code()),
        };
        if got != expected {
            wrong.push(format!("{}: {got:?}, expected {expected:?}", entry.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_person_lifts_what_the_rules_hold_and_never_the_floor() {
    let (policy, context) = (crate::common::policy(), crate::common::context());
    for entry in corpus::all() {
        let Ok(object) = CertificateSigningRequest::from_json(&entry.object.to_string()) else { continue };
        let decision = policy.evaluate(&object, &context);
        let by_rules = matches!(decision.reason(), Reason::NoRule | Reason::RuleHolds | Reason::FactsUnknown);
        let is_approved = decision.verdict() == Verdict::Approve;
        let after = decision.approve_as("jane").verdict();
        assert_eq!(after == Verdict::Approve, is_approved || by_rules, "{}", entry.name);
    }
}
