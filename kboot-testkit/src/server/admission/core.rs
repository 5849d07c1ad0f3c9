//! Validation of the core kinds (`pkg/apis/core/validation`, `pkg/apis/coordination/validation`).

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde_json::{Map, Value};

use super::field::{
    VALUES_AS_JSON, duplicate, invalid, invalid_printed, invalid_texts, list_at, map_at, not_supported,
    octets, quote, same, text, too_long,
};
use super::metadata;
use super::names::{NameRule, data_key, dns_subdomain, label_value, qualified_name};
use super::node_restriction::MIRROR;
use crate::server::status::FieldError;

const LARGEST: usize = 1024 * 1024;

fn entries<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    object.get(field).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn decoded_length(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

/// What an object that says so keeps.
fn immutable_data(old: Option<&Value>, new: &Value, fields: &[&str]) -> Vec<FieldError> {
    let Some(old) = old.filter(|old| old.get("immutable") == Some(&Value::Bool(true))) else {
        return Vec::new();
    };
    let detail = "field is immutable when `immutable` is set";
    let mut errors = Vec::new();
    if new.get("immutable") != Some(&Value::Bool(true)) {
        errors.push(FieldError::forbidden("immutable", detail));
    }
    let changed = fields.iter().filter(|field| !same(old.get(field), new.get(field)));
    errors.extend(changed.map(|field| FieldError::forbidden(*field, detail)));
    errors
}

pub(crate) fn secret(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = metadata::validate_kind_update(old, new, minor);
    let kind = text(new, "/type");
    if old.is_some_and(|old| text(old, "/type") != kind) {
        errors.push(metadata::immutable("type", kind));
    }
    errors.extend(immutable_data(old, new, &["data"]));
    errors.extend(metadata::validate_kind(new, true, NameRule::DnsSubdomain, minor));
    let mut size = 0;
    for (key, value) in entries(new, "data") {
        errors.extend(data_key(key).iter().map(|message| invalid(format!("data[{key}]"), key, message)));
        size += decoded_length(value.as_str().unwrap_or_default());
    }
    if size > LARGEST {
        errors.push(too_long("data", LARGEST, minor));
    }
    let has = |key: &str| new.get("data").is_some_and(|data| data.get(key).is_some());
    let missing = |field: &str, key: &str| FieldError::required(format!("{field}[{key}]"), "");
    match kind {
        "kubernetes.io/service-account-token" => {
            const NAME: &str = "kubernetes.io/service-account.name";
            if !map_at(new, "/metadata/annotations").any(|(key, value)| key == NAME && !value.is_empty()) {
                errors.push(missing("metadata.annotations", NAME));
            }
        }
        "kubernetes.io/dockercfg" => errors.extend(docker(new, ".dockercfg")),
        "kubernetes.io/dockerconfigjson" => errors.extend(docker(new, ".dockerconfigjson")),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            // Upstream's field path has this slip.
            errors.push(missing("data[%s]", "username"));
            errors.push(missing("data[%s]", "password"));
        }
        "kubernetes.io/ssh-auth" if text(new, "/data/ssh-privatekey").is_empty() => {
            errors.push(missing("data[%s]", "ssh-privatekey"));
        }
        "kubernetes.io/tls" => {
            let keys = ["tls.crt", "tls.key"].into_iter().filter(|key| !has(key));
            errors.extend(keys.map(|key| missing("data", key)));
        }
        _ => {}
    }
    errors
}

fn docker(secret: &Value, key: &str) -> Option<FieldError> {
    let field = format!("data[{key}]");
    if secret.get("data").is_none_or(|data| data.get(key).is_none()) {
        return Some(FieldError::required(field, ""));
    }
    let json = octets(secret, &format!("/data/{key}"));
    let why = serde_json::from_slice::<Map<String, Value>>(&json).err()?;
    let detail = if why.is_eof() { "unexpected end of JSON input" } else { "invalid JSON" };
    Some(invalid(field, "<secret contents redacted>", detail))
}

pub(crate) fn config_map(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = metadata::validate_kind_update(old, new, minor);
    errors.extend(immutable_data(old, new, &["data", "binaryData"]));
    errors.extend(metadata::validate_kind(new, true, NameRule::DnsSubdomain, minor));
    let mut size = 0;
    for (key, value) in entries(new, "data") {
        let field = || format!("data[{key}]");
        errors.extend(data_key(key).iter().map(|message| invalid(field(), key, message)));
        if new.get("binaryData").is_some_and(|data| data.get(key).is_some()) {
            errors.push(invalid(field(), key, "duplicate of key present in binaryData"));
        }
        size += value.as_str().map_or(0, str::len);
    }
    for (key, value) in entries(new, "binaryData") {
        errors
            .extend(data_key(key).iter().map(|message| invalid(format!("binaryData[{key}]"), key, message)));
        size += decoded_length(value.as_str().unwrap_or_default());
    }
    if size > LARGEST {
        errors.push(too_long("", LARGEST, minor));
    }
    errors
}

pub(crate) fn service_account(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = metadata::validate_kind_update(old, new, minor);
    errors.extend(metadata::validate_kind(new, true, NameRule::DnsSubdomain, minor));
    errors
}

pub(crate) fn namespace(subresource: &str, old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if subresource.is_empty() {
        errors.extend(metadata::validate_kind(new, false, NameRule::DnsLabel, minor));
        errors.extend(namespace_finalizers(new, false, minor));
    }
    errors.extend(metadata::validate_kind_update(old, new, minor));
    if subresource == "finalize" {
        errors.extend(namespace_finalizers(new, true, minor));
    }
    if subresource == "status" {
        let phase = text(new, "/status/phase");
        let (wanted, empty) = match text(new, "/metadata/deletionTimestamp") {
            "" => ("Active", "empty"),
            _ => ("Terminating", "not empty"),
        };
        if phase != wanted {
            let detail = format!("may only be '{wanted}' if `deletionTimestamp` is {empty}");
            errors.push(invalid("status.Phase", phase, &detail));
        }
    }
    errors
}

fn namespace_finalizers(namespace: &Value, with_index: bool, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, name) in list_at(namespace, "/spec/finalizers").iter().enumerate() {
        let name = name.as_str().unwrap_or_default();
        let field =
            if with_index { format!("spec.finalizers[{index}]") } else { "spec.finalizers".to_owned() };
        errors.extend(qualified_name(name, minor).iter().map(|message| invalid(&field, name, message)));
        errors.extend(metadata::kubernetes_finalizer(&field, name));
    }
    errors
}

pub(crate) fn node(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = match old {
        None => metadata::validate_kind(new, false, NameRule::DnsSubdomain, minor),
        Some(_) => metadata::validate_kind_update(old, new, minor),
    };
    match old {
        None => {
            errors.extend(taints(new, minor));
            errors.extend(ranges(new, minor));
        }
        Some(old) => {
            let mut seen = BTreeSet::new();
            for (index, address) in list_at(new, "/status/addresses").iter().enumerate() {
                let (kind, address) = (text(address, "/type"), text(address, "/address"));
                if !seen.insert((kind, address)) {
                    let message = if minor >= VALUES_AS_JSON {
                        format!(
                            "Duplicate value: {{\"Type\":{},\"Address\":{}}}",
                            quote(kind),
                            quote(address)
                        )
                    } else {
                        format!(
                            "Duplicate value: core.NodeAddress{{Type:{}, Address:{}}}",
                            quote(kind),
                            quote(address)
                        )
                    };
                    let field = format!("status.addresses[{index}]");
                    errors.push(FieldError { reason: "FieldValueDuplicate", field, message });
                }
            }
            errors.extend(once(old, new, minor));
            errors.extend(taints(new, minor));
        }
    }
    errors
}

/// What is set once and kept.
fn once(old: &Value, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let before = list_at(old, "/spec/podCIDRs");
    if !before.is_empty() && before != list_at(new, "/spec/podCIDRs") {
        let detail = "node updates may not change podCIDR except from \"\" to valid";
        errors.push(FieldError::forbidden("spec.podCIDRs", detail));
    }
    let provider = text(old, "/spec/providerID");
    if !provider.is_empty() && provider != text(new, "/spec/providerID") {
        let detail = "node updates may not change providerID except from \"\" to valid";
        errors.push(FieldError::forbidden("spec.providerID", detail));
    }
    let rest = |object: &Value| {
        let mut spec = object.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
        spec.retain(|field, value| {
            let is_free = ["configSource", "taints", "unschedulable"].contains(&field.as_str())
                || before.is_empty() && field.starts_with("podCIDR")
                || provider.is_empty() && field == "providerID";
            !is_free && !same(Some(value), None)
        });
        spec
    };
    if rest(old) != rest(new) {
        let dynamic = if minor >= 24 {
            ""
        } else {
            " (or configSource, if the DynamicKubeletConfig feature gate is enabled)"
        };
        let detail = format!("node updates may only change labels, taints, or capacity{dynamic}");
        errors.push(FieldError::forbidden("[]", &detail));
    }
    errors
}

fn taints(node: &Value, minor: u32) -> Vec<FieldError> {
    const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    let mut errors = Vec::new();
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (index, taint) in list_at(node, "/spec/taints").iter().enumerate() {
        let [key, value, effect] = ["/key", "/value", "/effect"].map(|field| text(taint, field));
        let field = |name: &str| format!("metadata.taints[{index}]{name}");
        errors.extend(qualified_name(key, minor).iter().map(|message| invalid(field(".key"), key, message)));
        let messages = label_value(value, minor);
        if !messages.is_empty() {
            errors.push(invalid(field(".value"), value, &messages.join(";")));
        }
        match effect {
            "" => errors.push(FieldError::required(field(".effect"), "")),
            _ if EFFECTS.contains(&effect) => {}
            _ => errors.push(not_supported(field(".effect"), effect, &EFFECTS)),
        }
        if !seen.entry(effect).or_default().insert(key) {
            let printed = if minor >= VALUES_AS_JSON {
                taint.to_string()
            } else {
                let [key, value, effect] = [key, value, effect].map(quote);
                format!("core.Taint{{Key:{key}, Value:{value}, Effect:{effect}, TimeAdded:(*v1.Time)(nil)}}")
            };
            let message = format!("Duplicate value: {printed}: taints must be unique by key and effect pair");
            errors.push(FieldError { reason: "FieldValueDuplicate", field: field(""), message });
        }
    }
    errors
}

fn ranges(node: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let list = node.pointer("/spec/podCIDRs").unwrap_or(&Value::Null);
    let texts: Vec<&str> = list_at(node, "/spec/podCIDRs").iter().filter_map(Value::as_str).collect();
    let ranges: Vec<Option<IpNet>> = texts.iter().map(|text| text.parse().ok()).collect();
    for (index, range) in ranges.iter().enumerate() {
        if range.is_none() {
            errors.push(invalid_texts(format!("spec.podCIDRs[{index}]"), list, "must be valid CIDR", minor));
        }
    }
    if texts.len() > 1 {
        let families = ranges.iter().flatten().map(|range| range.addr().is_ipv4()).collect::<BTreeSet<_>>();
        if families.len() < 2 || texts.len() > 2 {
            let detail = "may specify no more than one CIDR for each IP family";
            errors.push(invalid_texts("spec.podCIDRs", list, detail, minor));
        }
        let mut seen = BTreeSet::new();
        let twice = texts.iter().enumerate().filter(|(_, text)| !seen.insert(**text));
        errors.extend(twice.map(|(index, text)| duplicate(format!("spec.podCIDRs[{index}]"), text)));
    }
    errors
}

pub(crate) fn lease(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = match old {
        None => metadata::validate_kind(new, true, NameRule::DnsSubdomain, minor),
        Some(_) => metadata::validate_kind_update(old, new, minor),
    };
    let number = |field: &str| new.pointer(&format!("/spec/{field}")).and_then(Value::as_i64);
    if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        errors.push(invalid_printed(
            "spec.leaseDurationSeconds",
            &seconds.to_string(),
            "must be greater than 0",
        ));
    }
    if let Some(transitions) = number("leaseTransitions").filter(|transitions| *transitions < 0) {
        // Spelt right from 1.2x on.
        let detail = if minor >= 29 {
            "must be greater than or equal to 0"
        } else {
            "must to greater or equal than 0"
        };
        errors.push(invalid_printed("spec.leaseTransitions", &transitions.to_string(), detail));
    }
    errors
}

/// `legacyValidateEvent`, which is all that events of the core group are held to.
pub(crate) fn event(event: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (namespace, involved) =
        (text(event, "/metadata/namespace"), text(event, "/involvedObject/namespace"));
    let mismatch = || invalid("involvedObject.namespace", involved, "does not match event.namespace");
    if text(event, "/eventTime").is_empty() {
        let matches =
            if involved.is_empty() { ["", "default"].contains(&namespace) } else { namespace == involved };
        if !matches {
            errors.push(mismatch());
        }
    } else {
        // Events about what has no namespace: kube-system until 1.21, then default too.
        let anywhere = namespace == "kube-system" || minor >= 22 && namespace == "default";
        if involved.is_empty() && !anywhere {
            errors.push(mismatch());
        }
        let controller = ["/reportingController", "/reportingComponent"].map(|field| text(event, field));
        let controller = controller.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        if controller.is_empty() {
            errors.push(FieldError::required("reportingController", ""));
        }
        let messages = qualified_name(controller, minor);
        errors.extend(messages.iter().map(|message| invalid("reportingController", controller, message)));
        for (field, required, most) in [
            ("reportingInstance", true, 128),
            ("action", true, 128),
            ("reason", true, 128),
            ("message", false, 1024),
        ] {
            let value = text(event, &format!("/{field}"));
            if required && value.is_empty() {
                errors.push(FieldError::required(field, ""));
            }
            if value.len() > most {
                errors.push(invalid(field, "", &format!("can have at most {most} characters")));
            }
        }
    }
    errors.extend(dns_subdomain(namespace).iter().map(|message| invalid("namespace", namespace, message)));
    errors
}

/// What a mirror pod names leads its node to nothing, so that it is one stays as it is
/// (`ValidatePodSpecificAnnotationUpdates`).
pub(crate) fn mirror_pod(old: &Value, new: &Value) -> Option<FieldError> {
    let annotation = |pod: &Value| pod["metadata"]["annotations"].get(MIRROR).cloned();
    let detail = match (annotation(old), annotation(new)) {
        (old, new) if old == new => return None,
        (None, _) => "may not add mirror pod annotation",
        (Some(_), _) => "may not remove or update mirror pod annotation",
    };
    Some(FieldError::forbidden(format!("metadata.annotations[{MIRROR}]"), detail))
}
