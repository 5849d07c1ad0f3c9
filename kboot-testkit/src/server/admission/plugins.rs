//! The admission plug-ins that upstream turns on by default and that bootstrapping meets
//! (`plugin/pkg/admission`, `apiserver/pkg/admission/plugin`).

use serde_json::{Value, json};

use super::CERTIFICATES;
use super::field::{octets, quote, same, text};
use super::node_restriction;
use super::pki::request::CertificateRequest;
use crate::server::attributes::{Attributes, Objects};
use crate::server::resource::Resource;
use crate::server::status::Status;

/// Upstream asks some plug-ins before an object is prepared and validated, the others afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Mutating,
    Validating,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

/// A request that authorizers have let pass, as plug-ins see it.
pub(super) struct Request<'a> {
    pub(super) attributes: &'a Attributes,
    pub(super) operation: Operation,
    pub(super) old: Option<&'a Value>,
    pub(super) new: Option<&'a Value>,
    pub(super) objects: &'a dyn Objects,
    pub(super) allowed: &'a dyn Fn(&Attributes) -> bool,
    pub(super) minor: u32,
}

/// Whether a write may go on. `old` is none where the object is not there yet, `new` is none where it is deleted; of
/// subresources that are kinds of their own (`token`) `new` is that, and `old` is none.
#[expect(clippy::too_many_arguments, reason = "what upstream's admission.Attributes hold")]
pub(crate) fn admit(
    phase: Phase,
    attributes: &Attributes,
    resource: &Resource,
    old: Option<&Value>,
    new: Option<&Value>,
    objects: &dyn Objects,
    allowed: &dyn Fn(&Attributes) -> bool,
    minor: u32,
) -> Result<(), Status> {
    let operation = match (new, old) {
        (None, _) => Operation::Delete,
        (_, None) => Operation::Create,
        _ => Operation::Update,
    };
    let request = Request { attributes, operation, old, new, objects, allowed, minor };
    match phase {
        Phase::Mutating => {
            namespace_lifecycle(&request, resource)?;
            mirror_pod(&request)?;
            node_restriction::admit(&request)
        }
        Phase::Validating => {
            if attributes.group != CERTIFICATES {
                return Ok(());
            }
            match (attributes.resource.as_str(), attributes.subresource.as_str()) {
                ("certificatesigningrequests", "approval") => approval(&request),
                ("certificatesigningrequests", "status") => signing(&request),
                ("certificatesigningrequests", "") => subject_restriction(&request),
                ("clustertrustbundles", "") => attest(&request),
                _ => Ok(()),
            }
        }
    }
}

fn mirror_pod(request: &Request<'_>) -> Result<(), Status> {
    let Attributes { group, resource, subresource, .. } = request.attributes;
    let (Operation::Create, "", "pods", "", Some(pod)) =
        (request.operation, group.as_str(), resource.as_str(), subresource.as_str(), request.new)
    else {
        return Ok(());
    };
    node_restriction::refers_as_a_mirror(pod, request.minor).map_or(Ok(()), |why| Err(request.forbidden(why)))
}

impl Request<'_> {
    pub(super) fn name(&self) -> &str {
        let of_object = || self.new.map(|object| text(object, "/metadata/name")).unwrap_or_default();
        if self.attributes.name.is_empty() { of_object() } else { &self.attributes.name }
    }

    /// `admission.NewForbidden`.
    pub(super) fn forbidden(&self, why: &str) -> Status {
        let name = match self.name() {
            "" => self.new.map(|object| text(object, "/metadata/generateName")).unwrap_or_default(),
            name => name,
        };
        let name = if name.is_empty() { "Unknown" } else { name };
        Status::forbidden(&self.attributes.group, &self.attributes.resource, name, why)
    }

    /// Whether the user has a verb on a signer, or on all of its domain (`pkg/certauthorization`).
    fn may(&self, verb: &str, signer: &str) -> bool {
        let domain = signer.split('/').next().unwrap_or_default();
        [signer.to_owned(), format!("{domain}/*")].into_iter().any(|name| {
            (self.allowed)(&Attributes {
                user: self.attributes.user.clone(),
                verb: verb.to_owned(),
                group: CERTIFICATES.to_owned(),
                version: "*".to_owned(),
                resource: "signers".to_owned(),
                name,
                ..Attributes::default()
            })
        })
    }
}

/// Nothing is made in a namespace that is not there or on its way out; some namespaces stay.
fn namespace_lifecycle(request: &Request<'_>, resource: &Resource) -> Result<(), Status> {
    let Attributes { group, resource: plural, namespace, name, .. } = request.attributes;
    if group.is_empty() && plural == "namespaces" {
        let immortal = ["default", "kube-system", "kube-public"].contains(&name.as_str());
        if request.operation == Operation::Delete && immortal {
            return Err(Status::forbidden("", "namespaces", name, "this namespace may not be deleted"));
        }
        return Ok(());
    }
    let review = group == "authorization.k8s.io" && plural == "localsubjectaccessreviews";
    if !resource.namespaced || namespace.is_empty() || request.operation == Operation::Delete || review {
        return Ok(());
    }
    let Some(found) = request.objects.get("", "namespaces", "", namespace) else {
        return Err(Status::not_found("", "namespaces", namespace));
    };
    if request.operation == Operation::Create && text(&found, "/status/phase") == "Terminating" {
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut status = request.forbidden(&why);
        if let Some(details) = &mut status.details {
            details["causes"] = json!([{
                "reason": "NamespaceTerminating",
                "message": format!("namespace {namespace} is being terminated"),
                "field": "metadata.namespace",
            }]);
        }
        return Err(status);
    }
    Ok(())
}

/// CertificateApproval: judged by the signer that the request had before.
fn approval(request: &Request<'_>) -> Result<(), Status> {
    let (Operation::Update, Some(old)) = (request.operation, request.old) else { return Ok(()) };
    let signer = text(old, "/spec/signerName");
    if request.may("approve", signer) {
        return Ok(());
    }
    Err(request
        .forbidden(&format!("user not permitted to approve requests with signerName {}", quote(signer))))
}

/// CertificateSigning: only who signs changes the certificate and the conditions.
fn signing(request: &Request<'_>) -> Result<(), Status> {
    let (Operation::Update, Some(old), Some(new)) = (request.operation, request.old, request.new) else {
        return Ok(());
    };
    let unchanged = |pointer| same(old.pointer(pointer), new.pointer(pointer));
    if unchanged("/status/certificate") && unchanged("/status/conditions") {
        return Ok(());
    }
    let signer = text(old, "/spec/signerName");
    if request.may("sign", signer) {
        return Ok(());
    }
    Err(request.forbidden(&format!("user not permitted to sign requests with signerName {}", quote(signer))))
}

/// CertificateSubjectRestriction: nobody asks for cluster administration.
fn subject_restriction(request: &Request<'_>) -> Result<(), Status> {
    const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
    let (Operation::Create, Some(new)) = (request.operation, request.new) else { return Ok(()) };
    if text(new, "/spec/signerName") != CLIENT {
        return Ok(());
    }
    let asked = CertificateRequest::from_pem(&octets(new, "/spec/request"), request.minor)
        .map_err(|why| request.forbidden(&format!("failed to parse CSR: {why}")))?;
    if asked.organizations.iter().any(|group| group == "system:masters") {
        let why = format!("use of {CLIENT} signer with system:masters group is not allowed");
        return Err(request.forbidden(&why));
    }
    Ok(())
}

/// ClusterTrustBundleAttest.
fn attest(request: &Request<'_>) -> Result<(), Status> {
    let Some(new) = request.new else { return Ok(()) };
    let signer = text(new, "/spec/signerName");
    if signer.is_empty() || request.old.is_some_and(|old| old.get("spec") == new.get("spec")) {
        return Ok(());
    }
    if request.may("attest", signer) {
        return Ok(());
    }
    Err(request.forbidden(&format!("user not permitted to attest for signerName {}", quote(signer))))
}
