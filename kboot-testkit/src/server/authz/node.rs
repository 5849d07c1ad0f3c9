//! What a kubelet may do (`plugin/pkg/auth/authorizer/node/node_authorizer.go`): its own objects, what its pods refer
//! to, and the rest by rules that hold for every node alike.

use super::rule::allows;
use super::{Decision, defaults, field_selector, node_graph};
use crate::server::attributes::{Attributes, Objects};
use node_graph::Target;

/// The minor version since which nodes see their own Node and Pods alone (`AuthorizeNodeWithSelectors`).
const WITH_SELECTORS: u32 = 32;
/// `DynamicResourceAllocation` and `KubeletServiceAccountTokenForCredentialProviders` are on.
const WITH_CLAIMS: u32 = 34;
/// This server has PodCertificateRequests; upstream has them off.
const WITH_POD_CERTIFICATES: u32 = 35;

/// A request of a node, and where what it is about is looked up.
struct Request<'a> {
    node: &'a str,
    attributes: &'a Attributes,
    objects: &'a dyn Objects,
    minor: u32,
}

pub(super) fn authorize(attributes: &Attributes, objects: &dyn Objects, minor: u32) -> Decision {
    let Some(node) = attributes.user.node() else { return no("") };
    if node.is_empty() {
        return no(format!("unknown node for user {:?}", attributes.user.name));
    }
    let request = Request { node, attributes, objects, minor };
    match (attributes.group.as_str(), attributes.resource.as_str()) {
        ("", "secrets") => request.read_namespaced(Target::Secret),
        ("", "configmaps") => request.read_namespaced(Target::ConfigMap),
        ("", "persistentvolumeclaims") if attributes.subresource == "status" => request.update_claim_status(),
        ("", "persistentvolumeclaims") => request.get(Target::Claim),
        ("", "persistentvolumes") => request.get(Target::Volume),
        ("", "serviceaccounts") => request.service_account(),
        ("", "nodes") if minor >= WITH_SELECTORS => request.node(),
        ("", "pods") if minor >= WITH_SELECTORS => request.pod(),
        ("storage.k8s.io", "volumeattachments") => request.get(Target::Attachment),
        ("storage.k8s.io", "csinodes") => request.csi_node(),
        ("coordination.k8s.io", "leases") => request.lease(),
        ("resource.k8s.io", "resourceclaims") if minor >= WITH_CLAIMS => request.get(Target::ResourceClaim),
        ("resource.k8s.io", "resourceslices") if minor >= WITH_CLAIMS => request.resource_slice(),
        ("certificates.k8s.io", "podcertificaterequests") if minor >= WITH_POD_CERTIFICATES => {
            request.pod_certificate_request()
        }
        _ if defaults::node_rules(minor).any(|rule| allows(attributes, rule)) => yes(),
        _ => no(""),
    }
}

fn yes() -> Decision {
    Decision::Allow(String::new())
}

fn no(why: impl Into<String>) -> Decision {
    Decision::NoOpinion(why.into())
}

impl Request<'_> {
    fn verb(&self) -> &str {
        &self.attributes.verb
    }

    fn subresource(&self) -> &str {
        &self.attributes.subresource
    }

    /// Something of the node leads to the object.
    fn related(&self, target: Target) -> Decision {
        let Attributes { namespace, name, .. } = self.attributes;
        if name.is_empty() {
            return no("No Object name found");
        }
        if node_graph::reaches(self.node, target, namespace, name, self.objects, self.minor) {
            return yes();
        }
        no(format!("no relationship found between node '{}' and this object", self.node))
    }

    fn read_namespaced(&self, target: Target) -> Decision {
        if !matches!(self.verb(), "get" | "list" | "watch") {
            return no("can only read resources of this type");
        }
        if !self.subresource().is_empty() {
            return no("cannot read subresource");
        }
        if self.attributes.namespace.is_empty() {
            return no("can only read namespaced object of this type");
        }
        self.related(target)
    }

    fn get(&self, target: Target) -> Decision {
        if self.verb() != "get" {
            return no("can only get individual resources of this type");
        }
        if !self.subresource().is_empty() {
            return no("cannot get subresource");
        }
        self.related(target)
    }

    fn update_claim_status(&self) -> Decision {
        match self.verb() {
            "update" | "patch" => self.related(Target::Claim),
            _ => no("can only get/update/patch this type"),
        }
    }

    /// Tokens of those whose pods run on the node; later also the accounts, for credential providers.
    fn service_account(&self) -> Decision {
        match (self.verb(), self.subresource()) {
            ("get", "") if self.minor >= WITH_CLAIMS => self.read_namespaced(Target::ServiceAccount),
            ("get", "") if self.minor == 33 => no("not allowed to get service accounts"),
            ("create", _) if self.attributes.name.is_empty() => {
                no("can only create tokens for individual service accounts")
            }
            ("create", "token") => self.related(Target::ServiceAccount),
            ("create", _) => no("can only create token subresource of serviceaccount"),
            _ => no("can only create tokens for individual service accounts"),
        }
    }

    /// The names of new objects are not known here: the admission plug-in NodeRestriction looks at those.
    fn lease(&self) -> Decision {
        if !self.writes_one() {
            return no("can only get, create, update, patch, or delete a node lease");
        }
        if self.attributes.namespace != "kube-node-lease" {
            return no("can only access leases in the \"kube-node-lease\" system namespace");
        }
        if self.verb() != "create" && self.attributes.name != self.node {
            return no("can only access node lease with the same name as the requesting node");
        }
        yes()
    }

    fn csi_node(&self) -> Decision {
        if !self.writes_one() {
            return no("can only get, create, update, patch, or delete a CSINode");
        }
        if !self.subresource().is_empty() {
            return no("cannot authorize CSINode subresources");
        }
        if self.verb() != "create" && self.attributes.name != self.node {
            return no("can only access CSINode with the same name as the requesting node");
        }
        yes()
    }

    fn writes_one(&self) -> bool {
        matches!(self.verb(), "get" | "create" | "update" | "patch" | "delete")
    }

    /// Which Node is written is NodeRestriction's.
    fn node(&self) -> Decision {
        match (self.subresource(), self.verb()) {
            ("", "create" | "update" | "patch") | ("status", "update" | "patch") => yes(),
            ("", "get" | "list" | "watch") => match self.attributes.name.as_str() {
                own if own == self.node => yes(),
                "" => no(format!("node '{}' cannot read all nodes, only its own Node object", self.node)),
                other => no(format!("node '{}' cannot read '{other}', only its own Node object", self.node)),
            },
            _ => no(""),
        }
    }

    /// Which Pod is written is NodeRestriction's.
    fn pod(&self) -> Decision {
        match (self.subresource(), self.verb()) {
            ("", "get") => self.get(Target::Pod),
            ("", "list" | "watch") if self.selects_own("spec.nodeName") => yes(),
            ("", "list" | "watch") if !self.attributes.name.is_empty() => self.related(Target::Pod),
            ("", "list" | "watch") => no("can only list/watch pods with spec.nodeName field selector"),
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => yes(),
            _ => no(""),
        }
    }

    fn resource_slice(&self) -> Decision {
        if !self.subresource().is_empty() {
            return no("cannot authorize ResourceSlice subresources");
        }
        match self.verb() {
            "create" => yes(),
            "get" | "update" | "patch" | "delete" => self.related(Target::ResourceSlice),
            "watch" | "list" | "deletecollection" if self.selects_own("spec.nodeName") => yes(),
            "watch" | "list" | "deletecollection" => {
                no("can only list/watch/deletecollection resourceslices with nodeName field selector")
            }
            _ => no(
                "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, \
                     patch, delete, deletecollection",
            ),
        }
    }

    fn pod_certificate_request(&self) -> Decision {
        if !self.subresource().is_empty() {
            return no("nodes may not access the status subresource of PodCertificateRequests");
        }
        match self.verb() {
            "create" => yes(),
            "get" => self.related(Target::PodCertificateRequest),
            "list" | "watch" if self.selects_own("spec.nodeName") => yes(),
            "list" | "watch" => no("can only list/watch podcertificaterequests with nodeName field selector"),
            other => no(format!("nodes may not {other} podcertificaterequests")),
        }
    }

    fn selects_own(&self, field: &str) -> bool {
        field_selector::asks_for(&self.attributes.field_selector, field, self.node)
    }
}
