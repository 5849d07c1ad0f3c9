//! The flags of one component, as the version at hand takes them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::ClusterSpec;
use crate::release::flags::known;
use crate::release::{Component, fields, gates};
use crate::version::KubernetesVersion;

/// The flags of one component, in alphabetical order.
#[derive(Debug)]
pub(crate) struct Flags {
    component: Component,
    version: KubernetesVersion,
    values: BTreeMap<String, String>,
}

impl Flags {
    pub(super) fn new(component: Component, spec: &ClusterSpec) -> Self {
        Self { component, version: spec.kubernetes_version, values: BTreeMap::new() }
    }

    /// Sets a flag, where the version knows it.
    pub(super) fn set(&mut self, flag: &'static str, value: impl Into<String>) {
        let known = known(self.component, flag);
        debug_assert!(known.is_some(), "{flag} is missing from flags.tsv");
        if known.is_some_and(|known| known.is_in(self.version)) {
            self.values.insert(flag.to_owned(), value.into());
        }
    }

    /// Whether the flag is set.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.values.contains_key(flag)
    }

    /// Sets the first of several flags of one meaning that the version knows.
    pub(super) fn set_first(&mut self, flags: &[&'static str], value: &str) {
        let is_known =
            |flag: &&&'static str| known(self.component, flag).is_some_and(|known| known.is_in(self.version));
        if let Some(flag) = flags.iter().find(is_known) {
            self.set(flag, value);
        }
    }

    /// Sets the flags that say the same as a configuration's fields, where the version's file does not have
    /// the field and its program knows the flag.
    pub(super) fn set_fields(&mut self, config: &Value) {
        for leaf in fields::leaves(self.component, config) {
            if let (false, Some(flag)) = (leaf.is_in_the_file_of(self.version), leaf.flag) {
                self.set(flag, leaf.value);
            }
        }
    }

    /// Takes the cluster file's `extraArgs` over what is there.
    pub(super) fn with_extra(mut self, spec: &ClusterSpec) -> Self {
        if let Some(overrides) = spec.overrides(self.component) {
            for (flag, value) in &overrides.extra_args {
                let value = match flag.as_str() {
                    // The lists in which kboot's own entry must survive.
                    "enable-admission-plugins" => with_entry(value, "NodeRestriction"),
                    "admission-control" if gates::NODE_AUTHORIZER.contains(self.version) => {
                        with_entry(value, "NodeRestriction")
                    }
                    _ => value.clone(),
                };
                self.values.insert(flag.clone(), value);
            }
        }
        self
    }

    /// `--flag=value`, each.
    pub(super) fn arguments(&self) -> impl Iterator<Item = String> {
        self.values.iter().map(|(flag, value)| format!("--{flag}={value}"))
    }
}

fn with_entry(list: &str, entry: &str) -> String {
    if list.split(',').any(|present| present.trim() == entry) {
        list.to_owned()
    } else {
        format!("{entry},{list}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_restriction_survives() {
        assert_eq!(with_entry("PodSecurity", "NodeRestriction"), "NodeRestriction,PodSecurity");
        assert_eq!(with_entry("A,NodeRestriction", "NodeRestriction"), "A,NodeRestriction");
    }
}
