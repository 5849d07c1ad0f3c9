//! NodeRestriction: a kubelet writes what is its own (`plugin/pkg/admission/noderestriction/admission.go`), as far as
//! bootstrapping goes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::CERTIFICATES;
use super::field::{list_at, map_at, octets, quote, same, text};
use super::pki::request::CertificateRequest;
use super::plugins::{Operation, Request};
use crate::server::attributes::Attributes;
use crate::server::authz::names_a_secret;
use crate::server::status::Status;

pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";

pub(super) fn admit(request: &Request<'_>) -> Result<(), Status> {
    let attributes = request.attributes;
    let Some(node) = attributes.user.node() else { return Ok(()) };
    if node.is_empty() {
        let why = format!("could not determine node from user {}", quote(&attributes.user.name));
        return Err(request.forbidden(&why));
    }
    let refused =
        match (attributes.group.as_str(), attributes.resource.as_str(), attributes.subresource.as_str()) {
            ("", "nodes", _) => nodes(request, node),
            ("", "pods", "") => return pods(request, node),
            ("", "pods", "status") => pod_status(request, node),
            ("", "pods", "eviction") => return eviction(request, node),
            ("", "pods", other) => Err(format!(
                "unexpected pod subresource {}, only 'status' and 'eviction' are allowed",
                quote(other)
            )),
            ("", "serviceaccounts", "token") => return token(request, node),
            ("coordination.k8s.io", "leases", _) => leases(request, node),
            ("storage.k8s.io", "csinodes", _) if request.name() != node => {
                Err("can only access CSINode with the same name as the requesting node".to_owned())
            }
            (CERTIFICATES, "certificatesigningrequests", "") if request.minor >= 31 => csr(request, node),
            (CERTIFICATES, "podcertificaterequests", _) => return pod_certificate(request, node),
            _ => Ok(()),
        };
    refused.map_err(|why| request.forbidden(&why))
}

fn nodes(request: &Request<'_>, node: &str) -> Result<(), String> {
    let name = request.name();
    let quoted = quote(node);
    if name != node {
        return Err(format!("node {quoted} is not allowed to modify node {}", quote(name)));
    }
    let Some(new) = request.new else { return Ok(()) };
    let source = new.pointer("/spec/configSource").filter(|source| !source.is_null());
    let Some(old) = request.old else {
        if source.is_some() {
            return Err(format!("node {quoted} is not allowed to create pods with a non-nil configSource"));
        }
        let labels = forbidden_labels(None, new);
        if labels.is_empty() {
            return Ok(());
        }
        return Err(format!(
            "node {quoted} is not allowed to set the following labels: {}",
            labels.join(", ")
        ));
    };
    if source.is_some() && source != old.pointer("/spec/configSource") {
        return Err(format!(
            "node {quoted} is not allowed to update configSource to a new non-nil configSource"
        ));
    }
    if !same(old.pointer("/spec/taints"), new.pointer("/spec/taints")) {
        return Err(format!("node {quoted} is not allowed to modify taints"));
    }
    // Since 1.32 (CVE-2025-5187 and what followed it in the older ones).
    if request.minor >= 32
        && !same(old.pointer("/metadata/ownerReferences"), new.pointer("/metadata/ownerReferences"))
    {
        return Err(format!("node {quoted} is not allowed to modify ownerReferences"));
    }
    let labels = forbidden_labels(Some(old), new);
    if labels.is_empty() {
        return Ok(());
    }
    Err(format!("is not allowed to modify labels: {}", labels.join(", ")))
}

/// The labels that differ and are not a kubelet's to set, sorted.
fn forbidden_labels(old: Option<&Value>, new: &Value) -> Vec<String> {
    let labels = |object| -> BTreeSet<(&str, &str)> { map_at(object, "/metadata/labels").collect() };
    let before = old.map(labels).unwrap_or_default();
    let modified: BTreeSet<&str> = before.symmetric_difference(&labels(new)).map(|(key, _)| *key).collect();
    modified.into_iter().filter(|key| is_forbidden(key)).map(str::to_owned).collect()
}

fn is_forbidden(label: &str) -> bool {
    const KUBELETS: [&str; 11] = [
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    ];
    let domain = label.split_once('/').map_or("", |(domain, _)| domain);
    let is_in =
        |parent: &str| domain.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let own = KUBELETS.contains(&label) || is_in("kubelet.kubernetes.io") || is_in("node.kubernetes.io");
    is_in("node-restriction.kubernetes.io") || (is_in("kubernetes.io") || is_in("k8s.io")) && !own
}

fn leases(request: &Request<'_>, node: &str) -> Result<(), String> {
    if request.attributes.namespace != "kube-node-lease" {
        return Err("can only access leases in the \"kube-node-lease\" system namespace".to_owned());
    }
    if request.name() != node {
        return Err("can only access node lease with the same name as the requesting node".to_owned());
    }
    Ok(())
}

fn csr(request: &Request<'_>, node: &str) -> Result<(), String> {
    let (Operation::Create, Some(new)) = (request.operation, request.new) else { return Ok(()) };
    let signers = ["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"];
    if !signers.contains(&text(new, "/spec/signerName")) {
        return Ok(());
    }
    let asked = CertificateRequest::from_pem(&octets(new, "/spec/request"), request.minor)
        .map_err(|why| format!("unable to parse csr: {why}"))?;
    if asked.common_name == format!("system:node:{node}") {
        return Ok(());
    }
    Err(format!("can only create a node CSR with CN=system:node:{node}"))
}

fn pods(request: &Request<'_>, node: &str) -> Result<(), Status> {
    let quoted = quote(node);
    match (request.operation, request.new) {
        (Operation::Create, Some(pod)) => {
            mirror_pod(pod, node).map_err(|why| request.forbidden(&why))?;
            let Some(found) = request.objects.get("", "nodes", "", node) else {
                return Err(Status::not_found("", "node", node));
            };
            let (uid, owner) = (text(&found, "/metadata/uid"), text(pod, "/metadata/ownerReferences/0/uid"));
            if uid != owner {
                return Err(
                    request.forbidden(&format!("node {node} UID mismatch: expected {owner} got {uid}"))
                );
            }
            references_nothing(pod, &quoted, request.minor).map_err(|why| request.forbidden(&why))
        }
        (Operation::Delete, _) => {
            let pod = existing_pod(request, &request.attributes.name)?;
            if text(&pod, "/spec/nodeName") == node {
                return Ok(());
            }
            Err(request
                .forbidden(&format!("node {quoted} can only delete pods with spec.nodeName set to itself")))
        }
        _ => Err(request.forbidden(&format!(
            "unexpected operation \"UPDATE\", node {quoted} can only create and delete mirror pods"
        ))),
    }
}

fn existing_pod(request: &Request<'_>, name: &str) -> Result<std::sync::Arc<Value>, Status> {
    let found = request.objects.get("", "pods", &request.attributes.namespace, name);
    found.ok_or_else(|| Status::not_found("", "pod", name))
}

fn mirror_pod(pod: &Value, node: &str) -> Result<(), String> {
    let quoted = quote(node);
    if !map_at(pod, "/metadata/annotations").any(|(key, _)| key == MIRROR) {
        return Err(format!(
            "pod does not have {} annotation, node {quoted} can only create mirror pods",
            quote(MIRROR)
        ));
    }
    if text(pod, "/spec/nodeName") != node {
        return Err(format!("node {quoted} can only create pods with spec.nodeName set to itself"));
    }
    let [owner] = list_at(pod, "/metadata/ownerReferences") else {
        let what = if list_at(pod, "/metadata/ownerReferences").is_empty() { "an" } else { "a single" };
        return Err(format!("node {quoted} can only create pods with {what} owner reference set to itself"));
    };
    let is_node =
        text(owner, "/apiVersion") == "v1" && text(owner, "/kind") == "Node" && text(owner, "/name") == node;
    if !is_node {
        return Err(format!("node {quoted} can only create pods with an owner reference set to itself"));
    }
    if owner.get("controller") != Some(&Value::Bool(true)) {
        return Err(format!(
            "node {quoted} can only create pods with a controller owner reference set to itself"
        ));
    }
    if owner.get("blockOwnerDeletion") == Some(&Value::Bool(true)) {
        return Err(format!("node {quoted} must not set blockOwnerDeletion on an owner reference"));
    }
    Ok(())
}

/// What volumes and variables take from somewhere.
fn sources(pod: &Value) -> Vec<&Value> {
    let volumes = list_at(pod, "/spec/volumes");
    let containers = ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|field| list_at(pod, &format!("/spec/{field}")));
    let mut sources: Vec<&Value> = volumes.iter().collect();
    sources.extend(volumes.iter().flat_map(|volume| list_at(volume, "/projected/sources")));
    for container in containers {
        sources.extend(list_at(container, "/envFrom"));
        sources.extend(list_at(container, "/env").iter().filter_map(|variable| variable.get("valueFrom")));
    }
    sources
}

/// Of mirror pods, whoever makes them, the plug-in ServiceAccount
/// (`plugin/pkg/admission/serviceaccount/admission.go`).
pub(super) fn refers_as_a_mirror(pod: &Value, minor: u32) -> Option<&'static str> {
    if !map_at(pod, "/metadata/annotations").any(|(key, _)| key == MIRROR) {
        return None;
    }
    if !text(pod, "/spec/serviceAccountName").is_empty() {
        return Some("a mirror pod may not reference service accounts");
    }
    if names_a_secret(pod, minor) {
        return Some("a mirror pod may not reference secrets");
    }
    let has_token = sources(pod).iter().any(|source| source.get("serviceAccountToken").is_some());
    has_token.then_some("a mirror pod may not use ServiceAccountToken volume projections")
}

/// A mirror pod refers to no object of the API: its kubelet could read that then. What [`refers_as_a_mirror`] refuses
/// has been looked at before.
fn references_nothing(pod: &Value, quoted: &str, minor: u32) -> Result<(), String> {
    let refers = |what: &str| Err(format!("node {quoted} can not create pods that reference {what}"));
    let sources = sources(pod);
    let has =
        |fields: &[&str]| sources.iter().any(|source| fields.iter().any(|field| source.get(field).is_some()));
    if has(&["clusterTrustBundle"]) {
        return refers("clustertrustbundles");
    }
    if has(&["podCertificate"]) {
        return refers("podcertificaterequests");
    }
    // Since CVE-2025-4563.
    if minor >= 32 && !list_at(pod, "/spec/resourceClaims").is_empty() {
        return refers("resourceclaims");
    }
    if has(&["configMap", "configMapRef", "configMapKeyRef"]) {
        return refers("configmaps");
    }
    if has(&["persistentVolumeClaim"]) {
        return refers("persistentvolumeclaims");
    }
    Ok(())
}

fn pod_status(request: &Request<'_>, node: &str) -> Result<(), String> {
    let (Some(old), Some(new)) = (request.old, request.new) else { return Ok(()) };
    if text(old, "/spec/nodeName") != node {
        let quoted = quote(node);
        return Err(format!(
            "node {quoted} can only update pod status for pods with spec.nodeName set to itself"
        ));
    }
    if !same(old.pointer("/metadata/labels"), new.pointer("/metadata/labels")) {
        return Err(format!("node {} cannot update labels through pod status", quote(node)));
    }
    // Since CVE-2025-4563: what they name, the node could read.
    let claims = ["/status/resourceClaimStatuses", "/status/extendedResourceClaimStatus"];
    if request.minor >= 32 && claims.iter().any(|path| !same(old.pointer(path), new.pointer(path))) {
        return Err(format!("node {} cannot update resource claim statuses", quote(node)));
    }
    Ok(())
}

fn eviction(request: &Request<'_>, node: &str) -> Result<(), Status> {
    let pod = existing_pod(request, request.name())?;
    if text(&pod, "/spec/nodeName") == node {
        return Ok(());
    }
    Err(request.forbidden(&format!("node {node} can only evict pods with spec.nodeName set to itself")))
}

/// A kubelet asks for tokens of its pods' service accounts.
fn token(request: &Request<'_>, node: &str) -> Result<(), Status> {
    let Some(new) = request.new else { return Ok(()) };
    let forbidden = |why: &str| Err(request.forbidden(why));
    let bound = |field: &str| text(new, &format!("/spec/boundObjectRef/{field}"));
    let (name, uid) = (bound("name"), bound("uid"));
    if bound("apiVersion") != "v1" || bound("kind") != "Pod" || name.is_empty() {
        return forbidden("node requested token not bound to a pod");
    }
    if uid.is_empty() {
        return forbidden("node requested token with a pod binding without a uid");
    }
    let pod = existing_pod(request, name)?;
    let real = text(&pod, "/metadata/uid");
    if uid != real {
        // Newer versions do not tell the other UID.
        let known = if request.minor >= 27 { String::new() } else { format!(" ({real})") };
        return forbidden(&format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record{known}. The object might \
             have been deleted and then recreated"
        ));
    }
    if text(&pod, "/spec/nodeName") != node {
        return forbidden("node requested token bound to a pod scheduled on a different node");
    }
    if request.minor >= 33 {
        audience(request, new, &pod).map_err(|why| request.forbidden(&why))
    } else {
        Ok(())
    }
}

/// ServiceAccountNodeAudienceRestriction: only audiences that the pod's volumes ask for. Those of CSI drivers are not
/// looked at here.
fn audience(request: &Request<'_>, token: &Value, pod: &Value) -> Result<(), String> {
    let audiences: Vec<_> = list_at(token, "/spec/audiences").iter().filter_map(Value::as_str).collect();
    let audience = match audiences.as_slice() {
        // Each pod gets a volume with such a token, by the admission plug-in ServiceAccount.
        [] => return Ok(()),
        [audience] => *audience,
        _ => return Err("node may only request 0 or 1 audiences".to_owned()),
    };
    let mut sources =
        list_at(pod, "/spec/volumes").iter().flat_map(|volume| list_at(volume, "/projected/sources"));
    let asked = |source: &Value| {
        source.get("serviceAccountToken").is_some_and(|token| text(token, "/audience") == audience)
    };
    if sources.any(asked) {
        return Ok(());
    }
    let attributes = Attributes {
        user: request.attributes.user.clone(),
        verb: "request-serviceaccounts-token-audience".to_owned(),
        version: "v1".to_owned(),
        resource: audience.to_owned(),
        namespace: request.attributes.namespace.clone(),
        name: request.attributes.name.clone(),
        ..Attributes::default()
    };
    if (request.allowed)(&attributes) {
        return Ok(());
    }
    Err(format!(
        "audience {} not found in pod spec volume, {} is not authorized to request tokens for this audience",
        quote(audience),
        request.attributes.user.name
    ))
}

/// A kubelet asks for certificates of its pods.
fn pod_certificate(request: &Request<'_>, node: &str) -> Result<(), Status> {
    let forbidden = |why: &str| Err(request.forbidden(why));
    let (Operation::Create, Some(new)) = (request.operation, request.new) else {
        let operation = if request.operation == Operation::Delete { "DELETE" } else { "UPDATE" };
        return forbidden(&format!("unexpected operation {operation}"));
    };
    let spec = |field: &str| text(new, &format!("/spec/{field}"));
    let namespace = &request.attributes.namespace;
    let (node_name, account) = (spec("nodeName"), spec("serviceAccountName"));
    let pod_path = quote(&format!("{namespace}/{}", spec("podName")));
    // Upstream's caches may lag behind, so these are no refusals but errors.
    let later = |message: String| Status {
        code: 500,
        reason: "",
        message,
        details: None,
        retry_after: None,
        next: None,
    };
    if node_name != node {
        return forbidden(&format!(
            "PodCertificateRequest.Spec.NodeName={}, which is not the requesting node {}",
            quote(node_name),
            quote(node)
        ));
    }
    let missing = |what: &str, path: &str, kind: &str, name: &str| {
        let not_found = Status::not_found("", kind, name);
        let message = format!(
            "while retrieving {what} {path} named in the PodCertificateRequest: {}",
            not_found.message
        );
        Status { message, ..not_found }
    };
    let found = request.objects.get("", "nodes", "", node);
    let found = found.ok_or_else(|| missing("node", &quote(node), "node", node))?;
    if text(&found, "/metadata/uid") != spec("nodeUID") {
        return Err(later(format!(
            "PodCertificateRequest for pod {pod_path} names node UID {}, inconsistent with the running node ({})",
            quote(spec("nodeUID")),
            quote(text(&found, "/metadata/uid"))
        )));
    }
    let pod = request.objects.get("", "pods", namespace, spec("podName"));
    let pod = pod.ok_or_else(|| missing("pod", &pod_path, "pod", spec("podName")))?;
    if text(&pod, "/metadata/uid") != spec("podUID") {
        return Err(later(format!(
            "PodCertificateRequest for pod {pod_path} contains pod UID ({}) which differs from running pod {}",
            quote(spec("podUID")),
            quote(text(&pod, "/metadata/uid"))
        )));
    }
    if text(&pod, "/spec/nodeName") != node_name {
        return forbidden(&format!(
            "pod {pod_path} is not running on node {} named in the PodCertificateRequest",
            quote(node_name)
        ));
    }
    if map_at(&pod, "/metadata/annotations").any(|(key, _)| key == MIRROR) {
        return forbidden(&format!("pod {pod_path} is a mirror pod"));
    }
    if text(&pod, "/spec/serviceAccountName") != account {
        return forbidden(&format!(
            "PodCertificateRequest for pod {pod_path} contains serviceAccountName ({}) that differs from running \
             pod ({})",
            quote(account),
            quote(text(&pod, "/spec/serviceAccountName"))
        ));
    }
    let path = quote(&format!("{namespace}/{account}"));
    let found = request.objects.get("", "serviceaccounts", namespace, account);
    let found = found.ok_or_else(|| missing("service account", &path, "serviceaccount", account))?;
    if text(&found, "/metadata/uid") != spec("serviceAccountUID") {
        return Err(later(format!(
            "PodCertificateRequest for pod {pod_path} names service account UID {}, which differs from the running \
             service account ({})",
            quote(spec("serviceAccountUID")),
            quote(text(&found, "/metadata/uid"))
        )));
    }
    Ok(())
}
