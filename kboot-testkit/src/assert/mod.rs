//! Assertions with readable differences: certificates, kubeconfigs and decisions. No secret is ever shown.
//!
//! Each collects what is expected; `check` panics with all that differs at once, `differences` gives it as values.

mod certificate;
mod decision;
mod kubeconfig;

use std::fmt;

pub use certificate::{ExpectedCertificate, certificate};
pub use decision::{ExpectedDecision, decision};
pub use kubeconfig::{ExpectedKubeconfig, kubeconfig};

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What it is about: `organizations`.
    pub what: &'static str,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, expected, found } = self;
        write!(f, "{what:<16} expected {expected}\n{:<16} found    {found}", "")
    }
}

/// What differs so far.
#[derive(Debug, Clone, Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn compare(&mut self, what: &'static str, expected: impl AsRef<str>, found: impl AsRef<str>) {
        let (expected, found) = (shown(expected.as_ref()), shown(found.as_ref()));
        if expected != found {
            self.0.push(Difference { what, expected, found });
        }
    }

    /// Lists whose order means nothing.
    fn compare_sets(&mut self, what: &'static str, expected: Vec<String>, found: Vec<String>) {
        let listed = |mut list: Vec<String>| {
            list.sort_unstable();
            list.join(", ")
        };
        self.compare(what, listed(expected), listed(found));
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "an assertion")]
    fn check(&self, of: &str, more: impl fmt::Display) {
        if self.0.is_empty() {
            return;
        }
        let lines: Vec<String> = self.0.iter().map(|one| one.to_string().replace('\n', "\n  ")).collect();
        panic!("{of} is not as expected:\n  {}{more}", lines.join("\n  "));
    }
}

fn shown(text: &str) -> String {
    if text.is_empty() { "(nothing)".to_owned() } else { kboot_core::shown::escaped(text) }
}

fn texts<T: ToString>(list: impl IntoIterator<Item = T>) -> Vec<String> {
    list.into_iter().map(|text| text.to_string()).collect()
}
