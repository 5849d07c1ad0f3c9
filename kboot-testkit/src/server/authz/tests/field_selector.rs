//! Field selectors as kubelets write them, and as nobody does.

use super::super::field_selector::{asks_for, condition, parse};

#[test]
fn only_the_plain_condition_counts() {
    for selector in ["spec.nodeName=n1", "spec.nodeName==n1", "a!=b,spec.nodeName=n1", "spec.nodeName=n1,"] {
        assert!(asks_for(selector, "spec.nodeName", "n1"), "{selector}");
    }
    for selector in [
        "",
        "spec.nodeName!=n1",
        "spec.nodeName=n12",
        "spec.nodeName=n1,a",
        "spec.nodeName=n1=",
        "x=spec.nodeName=n1",
        "spec.nodeName=n1\\x",
        "a=\\",
    ] {
        assert!(!asks_for(selector, "spec.nodeName", "n1"), "{selector}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for value in ["n1", "", "a,b", "a=b", "a\\,b", "!=", "\\"] {
        for is in [true, false] {
            let found = parse(&condition("metadata.name", is, value)).unwrap();
            let [found] = found.as_slice() else { panic!("{value}: {found:?}") };
            assert_eq!((found.field.as_str(), found.is, found.value.as_str()), ("metadata.name", is, value));
        }
    }
}
