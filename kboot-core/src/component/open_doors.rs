//! Settings that let in whoever asks, in units and configuration files that exist.
//!
//! Sources: `applyLegacyDefaults` in the kubelet's `cmd/kubelet/app/options/options.go`;
//! `BuiltInAuthorizationOptions` and the front proxy's `RequestHeaderAuthenticationOptions` of the API server.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Component;
use crate::version::KubernetesVersion;

/// What a component's arguments let in. `all` says whether every argument is known, so that a missing one
/// has its default.
pub(super) fn of_arguments(
    component: Component,
    version: KubernetesVersion,
    arguments: &BTreeMap<String, String>,
    all: bool,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |problem: &str| found.push(problem.to_owned());
    let value = |flag: &str| arguments.get(flag).map(String::as_str);
    let is_on = |flag: &str| matches!(value(flag), Some("" | "true"));
    match component {
        Component::Kubelet => {
            // Without a configuration file the flags have the defaults of old.
            let defaults = all && !arguments.contains_key("config");
            if is_on("anonymous-auth") || (defaults && value("anonymous-auth").is_none()) {
                add("the kubelet asks nobody who they are; set --anonymous-auth=false");
            }
            if value("authorization-mode") == Some("AlwaysAllow")
                || (defaults && value("authorization-mode").is_none())
            {
                add("the kubelet lets everyone run commands in every pod; set --authorization-mode=Webhook");
            }
            if value("read-only-port").is_some_and(|port| port != "0")
                || (defaults && value("read-only-port").is_none())
            {
                add("the kubelet shows its pods to everyone on a second port; set --read-only-port=0");
            }
        }
        Component::KubeApiserver => {
            let modes = value("authorization-mode");
            let allows_all = modes.is_some_and(|modes| modes.split(',').any(|mode| mode == "AlwaysAllow"));
            let by_default = all && modes.is_none() && !arguments.contains_key("authorization-config");
            if allows_all || by_default {
                add("kube-apiserver lets everyone do everything; set --authorization-mode=Node,RBAC");
            }
            if value("insecure-port").is_some_and(|port| port != "0") {
                add("--insecure-port lets everyone on the machine, or beyond it, do everything; set it to 0");
            }
            // The default was 8080, on this machine alone, until 1.20 took it away.
            if all && version.minor() < 20 && value("insecure-port").is_none() {
                add("without --insecure-port=0, port 8080 lets everyone on the machine do everything");
            }
        }
        _ => {}
    }
    if matches!(component, Component::KubeApiserver | Component::KubeControllerManager)
        && all
        && arguments.contains_key("requestheader-client-ca-file")
        && !arguments.contains_key("requestheader-allowed-names")
        && arguments.get("requestheader-client-ca-file") == own_clients(component, arguments)
    {
        add("every certificate of --requestheader-client-ca-file may speak for any user; set \
             --requestheader-allowed-names, or give the front proxy an authority of its own");
    }
    found
}

/// The authority of the component's own clients; where kube-controller-manager names none, its root.
fn own_clients(component: Component, arguments: &BTreeMap<String, String>) -> Option<&String> {
    let fallback =
        if component == Component::KubeControllerManager { "root-ca-file" } else { "client-ca-file" };
    arguments.get("client-ca-file").or_else(|| arguments.get(fallback))
}

/// What a KubeletConfiguration lets in, each with its field.
pub(super) fn of_kubelet_configuration(fields: &Map<String, Value>) -> Vec<(&'static str, &'static str)> {
    let fields = Value::Object(fields.clone());
    let at = |pointer: &str| fields.pointer(pointer);
    let mut found = Vec::new();
    if at("/authentication/anonymous/enabled") == Some(&Value::Bool(true)) {
        found.push(("authentication.anonymous.enabled", "the kubelet asks nobody who they are; use false"));
    }
    if at("/authorization/mode").and_then(Value::as_str) == Some("AlwaysAllow") {
        found
            .push(("authorization.mode", "the kubelet lets everyone run commands in every pod; use Webhook"));
    }
    if at("/readOnlyPort").and_then(Value::as_u64).is_some_and(|port| port != 0) {
        found.push(("readOnlyPort", "the kubelet shows its pods to everyone on a second port; use 0"));
    }
    found
}
