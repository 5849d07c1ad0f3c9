//! Settings that let in whoever asks, in units and configuration files that exist.
//!
//! Sources: `applyLegacyDefaults` in the kubelet's `cmd/kubelet/app/options/options.go`;
//! `BuiltInAuthorizationOptions` and the front proxy's `RequestHeaderAuthenticationOptions` of the API server.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::{Component, gates};
use crate::finding::Detail;
use crate::version::KubernetesVersion;

/// A setting that lets in whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InsecureSetting {
    /// The kubelet asks nobody who they are.
    AnonymousKubelet(Form),
    /// The kubelet lets everyone run commands in every pod.
    UnauthorizedKubelet(Form),
    /// The kubelet shows its pods on a second port.
    ReadOnlyPort(Form),
    /// kube-apiserver lets everyone do everything.
    AlwaysAllow,
    /// kube-apiserver has a port without questions.
    InsecurePort,
    /// kube-apiserver has such a port by default.
    InsecurePortByDefault,
    /// Every client's certificate is one of the front proxy.
    AnyFrontProxy,
}

/// Where a setting of the kubelet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two that the kubelet reads")]
pub enum Form {
    /// It is a flag.
    Flag,
    /// It is a field of the configuration file.
    Field,
}

impl Detail for InsecureSetting {
    fn code(&self) -> &'static str {
        match self {
            Self::AnonymousKubelet(_) => "anonymous-kubelet",
            Self::UnauthorizedKubelet(_) => "unauthorized-kubelet",
            Self::ReadOnlyPort(_) => "read-only-port",
            Self::AlwaysAllow => "always-allow",
            Self::InsecurePort | Self::InsecurePortByDefault => "insecure-port",
            Self::AnyFrontProxy => "any-front-proxy",
        }
    }
}

impl fmt::Display for InsecureSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kubelet = |f: &mut fmt::Formatter<'_>, what: &str, form: Form, flag: &str, field: &str| match form
        {
            Form::Flag => write!(f, "the kubelet {what}; set {flag}"),
            Form::Field => write!(f, "the kubelet {what}; use {field}"),
        };
        match *self {
            Self::AnonymousKubelet(form) => {
                kubelet(f, "asks nobody who they are", form, "--anonymous-auth=false", "false")
            }
            Self::UnauthorizedKubelet(form) => {
                let flag = "--authorization-mode=Webhook";
                kubelet(f, "lets everyone run commands in every pod", form, flag, "Webhook")
            }
            Self::ReadOnlyPort(form) => {
                kubelet(f, "shows its pods to everyone on a second port", form, "--read-only-port=0", "0")
            }
            Self::AlwaysAllow => {
                f.write_str("kube-apiserver lets everyone do everything; set --authorization-mode=Node,RBAC")
            }
            Self::InsecurePort => f.write_str(
                "--insecure-port lets everyone on the machine, or beyond it, do everything; set it to 0",
            ),
            Self::InsecurePortByDefault => {
                f.write_str("without --insecure-port=0, port 8080 lets everyone on the machine do everything")
            }
            Self::AnyFrontProxy => f.write_str(
                "every certificate of --requestheader-client-ca-file may speak for any user; set \
                 --requestheader-allowed-names, or give the front proxy an authority of its own",
            ),
        }
    }
}

/// What a component's arguments let in. `all` says whether every argument is known, so that a missing one
/// has its default.
pub(crate) fn of_arguments(
    component: Component,
    version: KubernetesVersion,
    arguments: &BTreeMap<String, String>,
    all: bool,
) -> Vec<InsecureSetting> {
    let mut found = match component {
        Component::Kubelet => of_kubelet(arguments, all),
        Component::KubeApiserver => of_api_server(version, arguments, all),
        _ => Vec::new(),
    };
    if matches!(component, Component::KubeApiserver | Component::KubeControllerManager)
        && all
        && arguments.contains_key("requestheader-client-ca-file")
        && !arguments.contains_key("requestheader-allowed-names")
        && arguments.get("requestheader-client-ca-file") == own_clients(component, arguments)
    {
        found.push(InsecureSetting::AnyFrontProxy);
    }
    found
}

fn of_kubelet(arguments: &BTreeMap<String, String>, all: bool) -> Vec<InsecureSetting> {
    let value = |flag: &str| arguments.get(flag).map(String::as_str);
    // Without a configuration file the flags have the defaults of old.
    let has_default = |flag: &str| all && !arguments.contains_key("config") && value(flag).is_none();
    let is_anonymous = matches!(value("anonymous-auth"), Some("" | "true"));
    let allows_all = value("authorization-mode") == Some("AlwaysAllow");
    let has_port = value("read-only-port").is_some_and(|port| port != "0");
    [
        (is_anonymous, "anonymous-auth", InsecureSetting::AnonymousKubelet(Form::Flag)),
        (allows_all, "authorization-mode", InsecureSetting::UnauthorizedKubelet(Form::Flag)),
        (has_port, "read-only-port", InsecureSetting::ReadOnlyPort(Form::Flag)),
    ]
    .into_iter()
    .filter(|(is_set, flag, _)| *is_set || has_default(flag))
    .map(|(.., setting)| setting)
    .collect()
}

fn of_api_server(
    version: KubernetesVersion,
    arguments: &BTreeMap<String, String>,
    all: bool,
) -> Vec<InsecureSetting> {
    let value = |flag: &str| arguments.get(flag).map(String::as_str);
    let mut found = Vec::new();
    let modes = value("authorization-mode");
    let allows_all = modes.is_some_and(|modes| modes.split(',').any(|mode| mode == "AlwaysAllow"));
    let by_default = all && modes.is_none() && !arguments.contains_key("authorization-config");
    if allows_all || by_default {
        found.push(InsecureSetting::AlwaysAllow);
    }
    match value("insecure-port") {
        Some("0") => {}
        Some(_) => found.push(InsecureSetting::InsecurePort),
        None if all && gates::INSECURE_PORT.contains(version) => {
            found.push(InsecureSetting::InsecurePortByDefault);
        }
        None => {}
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
pub(crate) fn of_kubelet_configuration(fields: &Map<String, Value>) -> Vec<(&'static str, InsecureSetting)> {
    let at = |path: &str| {
        let mut parts = path.split('.');
        let first = parts.next().and_then(|name| fields.get(name));
        parts.fold(first, |value, name| value.and_then(|value| value.get(name)))
    };
    let is_anonymous = at("authentication.anonymous.enabled") == Some(&Value::Bool(true));
    let allows_all = at("authorization.mode").and_then(Value::as_str) == Some("AlwaysAllow");
    let has_port = at("readOnlyPort").and_then(Value::as_u64).is_some_and(|port| port != 0);
    [
        (is_anonymous, "authentication.anonymous.enabled", InsecureSetting::AnonymousKubelet(Form::Field)),
        (allows_all, "authorization.mode", InsecureSetting::UnauthorizedKubelet(Form::Field)),
        (has_port, "readOnlyPort", InsecureSetting::ReadOnlyPort(Form::Field)),
    ]
    .into_iter()
    .filter(|(is_set, ..)| *is_set)
    .map(|(_, path, setting)| (path, setting))
    .collect()
}
