//! Laws of the policy, over requests that are genuine or made worse in every way that the corpus knows.
use std::sync::LazyLock;

use kboot_core::policy::{Decision, Policy, PolicyContext, Reason, Verdict};
use kboot_core::{csr::CertificateSigningRequest, x509::CertificateRequest};
use kboot_testkit::generate::strategies::{self, Case};
use kboot_testkit::{checker, cluster, corpus};
use proptest::prelude::*;
use proptest::sample::{Index, select};

static POLICY: LazyLock<Policy> = LazyLock::new(crate::common::policy);
static CONTEXT: LazyLock<PolicyContext<'static>> = LazyLock::new(crate::common::context);

fn decide(policy: &Policy, case: &Case) -> Option<Decision> {
    let object = CertificateSigningRequest::from_json(&case.json().to_string()).ok()?;
    Some(policy.evaluate(&object, &CONTEXT))
}

/// Rules of every kind: the corpus' own, and such as know nothing, deny or hold.
fn rules() -> impl Strategy<Value = Vec<String>> {
    let lines = corpus::POLICY_YAML.split("    - name: ").skip(1);
    let of_corpus = lines.map(|rule| rule.split("  otherwise:").next().unwrap().to_owned());
    let more = [
        "signer: kubernetes.io/kube-apiserver-client-kubelet\n      access: nodeclient\n      decision: approve\n",
        "signer: kubernetes.io/kube-apiserver-client-kubelet\n      access: selfnodeclient\n      decision: deny\n",
        "signer: kubernetes.io/kube-apiserver-client-kubelet\n      node: {names: ['worker-*']}\n      decision: deny\n",
        "signer: kubernetes.io/kubelet-serving\n      node: {names: ['worker-*']}\n      decision: hold\n",
        "signer: kubernetes.io/kubelet-serving\n      subjectAltNames: {within: [served]}\n      decision: deny\n",
        "signer: kubernetes.io/kube-apiserver-client\n      requestor: self\n      decision: hold\n",
    ];
    let all: Vec<String> = of_corpus.chain(more.map(|rule| format!("more\n      {rule}"))).collect();
    proptest::collection::vec(select(all), 1..8)
}

fn load(rules: &[String]) -> Policy {
    let named = rules.iter().enumerate().map(|(i, rule)| {
        let (_, rest) = rule.split_once('\n').unwrap();
        format!("    - name: rule-{i}\n{rest}")
    });
    let rules = named.collect::<String>();
    let text = format!("apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec:\n  rules:\n{rules}");
    text.parse().unwrap_or_else(|error| panic!("{text}\n{error}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_approved_that_the_independent_checker_refuses(case in strategies::case()) {
        if let Some(Decision::Approve(_)) = decide(&POLICY, &case) {
            prop_assert_eq!(checker::check(&case.json(), &cluster::PICTURE), Ok(()));
        }
    }

    #[test]
    fn what_is_genuine_is_approved(case in strategies::genuine()) {
        let decision = decide(&POLICY, &case).unwrap();
        prop_assert_eq!(decision.verdict(), Verdict::Approve, "{:?}", decision.trace());
    }

    #[test]
    fn a_rule_after_the_deciding_one_changes_nothing(
        case in strategies::case(),
        rules in rules(),
        added in rules(),
        at in any::<Index>(),
    ) {
        let Some(before) = decide(&load(&rules), &case) else { return Ok(()) };
        let deciding = before.trace().clauses().last().and_then(|clause| {
            let said = clause.to_string();
            let (_, name) = said.split_once(": rule-")?;
            name.parse::<usize>().ok()
        });
        if let Some(deciding) = deciding {
            let at = deciding + 1 + at.index(rules.len() - deciding);
            let mut longer = rules;
            longer.splice(at..at, added);
            let after = decide(&load(&longer), &case).unwrap();
            prop_assert_eq!((after.verdict(), after.reason()), (before.verdict(), before.reason()));
        }
    }

    #[test]
    fn making_a_request_worse_never_gains_anything(
        (case, mutations) in strategies::mutations(),
        rules in rules(),
    ) {
        let policy = load(&rules);
        let mut case = case;
        let mut refused = false;
        for mutation in [None].into_iter().chain(mutations.iter().map(Some)) {
            if let Some(mutation) = mutation {
                mutation.apply(&mut case);
            }
            let verdict = decide(&policy, &case).map_or(Verdict::Deny, |decision| decision.verdict());
            prop_assert!(!(refused && verdict == Verdict::Approve), "{mutations:?}");
            refused |= verdict == Verdict::Deny;
        }
    }

    #[test]
    fn each_mutation_is_refused_and_no_person_lifts_a_denial((case, mutations) in strategies::mutations()) {
        let mut case = case;
        mutations.iter().for_each(|mutation| mutation.apply(&mut case));
        if let Some(decision) = decide(&POLICY, &case) {
            prop_assert_eq!(decision.verdict() == Verdict::Approve, mutations.is_empty(), "{:?}", mutations);
            let denied = decision.verdict() == Verdict::Deny;
            let floor = !matches!(
                decision.reason(),
                Reason::RuleApproves | Reason::NoRule | Reason::RuleHolds | Reason::FactsUnknown
            );
            let by_person = decision.approve_as("jane").verdict();
            prop_assert!(!((denied || floor) && by_person == Verdict::Approve));
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(
        case in strategies::case(),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..6),
        cut in any::<Index>(),
        noise in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut der = case.request.der();
        for (at, byte) in changes {
            let at = at.index(der.len());
            der[at] = byte;
        }
        let _ = CertificateRequest::from_der(&der);
        let _ = CertificateRequest::from_der(&der[..cut.index(der.len())]);
        let _ = CertificateRequest::from_der(&noise);
        let _ = CertificateRequest::from_pem(&noise);
        let mut text = case.pem_text().into_bytes();
        let at = cut.index(text.len());
        text[at] = noise.first().copied().unwrap_or(b'-');
        let _ = CertificateRequest::from_pem(&text);
    }

    #[test]
    fn decoding_and_encoding_agree(case in strategies::genuine()) {
        let request = CertificateRequest::from_der(&case.request.der()).unwrap();
        prop_assert_eq!(&CertificateRequest::from_pem(request.to_pem().as_bytes()).unwrap(), &request);
        let object = CertificateSigningRequest::from_json(&case.json().to_string()).unwrap();
        prop_assert_eq!(&CertificateSigningRequest::from_json(&object.to_json()).unwrap(), &object);
    }
}
