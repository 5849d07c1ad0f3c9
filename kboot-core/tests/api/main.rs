//! The library from outside, one file a topic; one binary, since each costs a link.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod architecture;
mod bundle;
mod certificates;
mod cfssl;
mod choices;
mod cluster_builder;
mod cluster_file;
mod common;
mod components;
mod conversions;
mod corpus;
mod csr;
mod csr_strict;
mod documents;
mod folder;
mod guides;
mod imported_authority;
mod inspect;
mod install;
mod keys_elsewhere;
mod kubeadm;
mod kubeconfig_authority;
mod kubeconfig_check;
mod kubeconfig_merge;
mod lint;
mod node_registration;
mod policy;
mod policy_builder;
mod policy_context;
mod policy_evidence;
mod policy_files;
mod policy_properties;
mod redaction;
mod renewal;
mod schemas;
mod signing;
mod static_tokens;
mod strict_json;
mod systems;
