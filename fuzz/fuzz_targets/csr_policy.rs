//! Any request in any situation, decided: never a panic; what is approved is approvable by plain facts; one
//! more rule after the deciding one, or one more fact that only rules look at, changes nothing that was decided.

#![no_main]

use arbitrary::Unstructured;
use kboot_core::csr::CertificateSigningRequest;
use kboot_core::policy::{Reason, Verdict};
use kboot_fuzz::known::Known;
use kboot_fuzz::plain_facts::judge;
use kboot_fuzz::rules;
use kboot_fuzz::situation::{Situation, signed_anew};

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data.first() {
    Some(b'{') => of_the_api(data),
    // SEQUENCE
    Some(0x30) => {
        let known = Known::everything();
        for object in signed_anew(data) {
            judge(&object, &rules::approving().evaluate(&object, &known.context()));
        }
    }
    _ => {
        if let Ok(Some(situation)) = Situation::choose(Unstructured::new(data)) {
            decided(&situation);
        }
    }
});

/// An object as JSON, or a file of the corpus with one in it.
fn of_the_api(text: &[u8]) {
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(text) else { return };
    if value["object"].is_object() {
        value = value["object"].take();
    }
    let Ok(object) = CertificateSigningRequest::from_json(&value.to_string()) else { return };
    assert_eq!(CertificateSigningRequest::from_json(&object.to_json()).as_ref(), Ok(&object));
    let known = Known::everything();
    judge(&object, &rules::approving().evaluate(&object, &known.context()));
}

fn decided(situation: &Situation) {
    let Situation { object, mutation, policy, longer, known, hidden, .. } = situation;
    let (known, hidden) = (known.context(), hidden.context());
    let decision = policy.evaluate(object, &known);
    judge(object, &decision);
    assert!(mutation.is_none() || decision.verdict() != Verdict::Approve, "{mutation:?}: {decision:?}");

    // One more rule at the end matters only where none before it decided.
    // A rule's doubt about a name is one too; the floor's own word on it is not.
    let is_for_a_person = || decision.clone().approve_as("jane").verdict() == Verdict::Approve;
    let is_open = match decision.reason() {
        Reason::NoRule
        | Reason::FactsUnknown
        | Reason::ApiServerUnknown
        | Reason::NodeJoined
        | Reason::SignerNotRuled => true,
        Reason::AltNameOfOther => is_for_a_person(),
        _ => false,
    };
    assert!(is_open || longer.evaluate(object, &known) == decision);

    // What is decided before everything is known stays so when it is; but the floor may learn from the inventory
    // and the Nodes that a name is another node's, or that the API server's is in dispute, and then holds.
    let before = policy.evaluate(object, &hidden);
    judge(object, &before);
    assert!(
        before.verdict() == Verdict::Hold
            || before.verdict() == decision.verdict()
            || (decision.verdict() == Verdict::Hold
                && matches!(decision.reason(), Reason::AltNameOfOther | Reason::AltNameReserved)),
        "{before:?} {decision:?}"
    );
}
