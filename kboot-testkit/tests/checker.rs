//! The checker against the corpus and the strategies.

use kboot_testkit::checker::check;
use kboot_testkit::cluster::PICTURE;
use kboot_testkit::corpus;
use kboot_testkit::generate::strategies::{Mutation, case, client, genuine, mutations, serving, user};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

#[test]
fn it_refuses_every_hostile_entry_and_accepts_every_genuine_one() {
    for entry in corpus::all() {
        let answer = check(&entry.object, &PICTURE);
        assert_eq!(answer.is_err(), entry.is_hostile(), "{}: {answer:?}", entry.name);
    }
}

#[test]
fn it_refuses_hostile_entries_for_what_they_are() {
    for (name, reason) in [
        ("names-masters-address", "address 192.168.5.11 is not worker-1's"),
        ("names-address-claimed", "address 192.168.5.11 is not worker-9's"),
        ("node-second-organization-masters", "the organization is not exactly system:nodes"),
        ("node-name-empty", "no such machine"),
        ("token-other-new-node", "not this machine's token"),
        ("token-again-for-joined-node", "a token for a node that has joined"),
        ("requestor-other-node-renewal", "not this machine's token"),
        ("user-cluster-admins", "kubeadm:cluster-admins is privileged"),
        ("user-precreated-for-jane", "the requestor may not have this name with these groups"),
        ("signature-over-something-else", "the signature is wrong"),
        ("extension-alt-names-twice", "an extension twice"),
        ("attribute-two-extension-requests", "more than one attribute"),
        ("authority-ca-true", "asks to be an authority"),
        ("key-rsa-1024", "an RSA key of an odd size"),
        ("key-rsa-exponent-3", "an RSA exponent that is not 65537"),
        ("encoding-second-request", "not one PEM block"),
        ("names-link-local", "address 169.254.20.10 is not worker-1's"),
        ("key-ed25519-neutral", "an Ed25519 key that anybody signs for"),
    ] {
        let entry = corpus::all().iter().find(|entry| entry.name == name).expect(name);
        assert_eq!(check(&entry.object, &PICTURE), Err(reason.to_owned()), "{name}");
    }
}

#[test]
fn each_mutation_alone_is_refused() {
    let mut runner = TestRunner::new(Config::default());
    let mut genuine_case = |signer: usize| match signer {
        0 => serving().boxed().new_tree(&mut runner).unwrap().current(),
        1 => client().boxed().new_tree(&mut runner).unwrap().current(),
        _ => user().boxed().new_tree(&mut runner).unwrap().current(),
    };
    for signer in 0..3 {
        let all = Mutation::for_signer(&genuine_case(signer).object.signer_name);
        for mutation in all.into_iter().flat_map(|mutation| [mutation; 4]) {
            let mut case = genuine_case(signer);
            assert_eq!(check(&case.json(), &PICTURE), Ok(()), "{case:?}");
            mutation.apply(&mut case);
            assert!(check(&case.json(), &PICTURE).is_err(), "{mutation:?} changes nothing: {case:?}");
        }
    }
}

#[test]
fn another_encoding_than_der_is_refused() {
    use kboot_testkit::generate::{EXTENSION_REQUEST, GeneralName, Object, Request, SUBJECT_ALT_NAME, der};

    let names = GeneralName::dns("worker-1").der();
    let names = der::octet_string(&der::sequence([names]));
    let judge = |extension: Vec<u8>| {
        let request = Request::kubelet_client("worker-1");
        let request = request.with_attribute(EXTENSION_REQUEST, vec![der::sequence([extension])]);
        check(&Object::kubelet_serving("worker-1", request.pem()).json(), &PICTURE)
    };
    assert_eq!(judge(der::sequence([der::oid(SUBJECT_ALT_NAME), names.clone()])), Ok(()));
    // `critical` written out though it is the default, and TRUE as 1
    for critical in [[1, 1, 0], [1, 1, 1]] {
        let extension = der::sequence([der::oid(SUBJECT_ALT_NAME), critical.to_vec(), names.clone()]);
        assert!(judge(extension).unwrap_err().starts_with("extensions"), "{critical:?}");
    }
}

#[test]
fn strategies_make_both_kinds() {
    let mut runner = TestRunner::new(Config::default());
    let mut accepted = 0;
    for _ in 0..200 {
        let case = case().new_tree(&mut runner).unwrap().current();
        accepted += usize::from(check(&case.json(), &PICTURE).is_ok());
    }
    assert!((10..=150).contains(&accepted), "{accepted} of 200 accepted");
}

proptest! {
    #![proptest_config(Config::with_cases(256))]

    #[test]
    fn genuine_requests_are_accepted(case in genuine()) {
        prop_assert_eq!(check(&case.json(), &PICTURE), Ok(()));
    }

    #[test]
    fn nothing_that_is_worse_is_accepted((mut case, mutations) in mutations()) {
        for mutation in &mutations {
            mutation.apply(&mut case);
        }
        prop_assert_eq!(check(&case.json(), &PICTURE).is_ok(), mutations.is_empty(), "{:?}", mutations);
    }

    #[test]
    fn it_never_panics(text in "\\PC*", octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut object = kboot_testkit::generate::Object::kubelet_serving("worker-1", octets).json();
        prop_assert!(check(&object, &PICTURE).is_err());
        object["spec"]["request"] = serde_json::json!(text);
        prop_assert!(check(&object, &PICTURE).is_err());
    }
}
