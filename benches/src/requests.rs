//! A kubelet's request, the policy that it is judged by, and its bare signature check.

use std::fmt::Write;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest as KubeRequest;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, Time};
use k8s_openapi::jiff;
use kboot_core::Error;
use kboot_core::csr::{CertificateSigningRequest, Requestor, Signer};
use kboot_core::net::Host;
use kboot_core::policy::{Decision, Policy, PolicyContext, Verdict};
use kboot_core::time::Timestamp;
use kboot_testkit::generate::{GeneralName, Key, KeyKind, Pem, Request, der};

/// A kubelet's request for a serving certificate, with everything that a decision needs.
#[derive(Debug)]
pub struct Requests {
    message: Vec<u8>,
    signature: Vec<u8>,
    point: Vec<u8>,
    pem: String,
    object: CertificateSigningRequest,
    of_kube: KubeRequest,
    policy: Policy,
    context: PolicyContext<'static>,
}

impl Requests {
    /// The inputs: ten rules for the signer, of which the last approves.
    ///
    /// # Errors
    /// Where the policy or an input of it cannot be read.
    ///
    /// # Panics
    /// Where the policy does not approve.
    pub fn new() -> Result<Self, Error> {
        let names = [GeneralName::dns("worker-1"), GeneralName::ip("192.168.5.21")];
        let request = Request::kubelet_serving("worker-1", &names).with_key(Key::shared(KeyKind::P256));
        let (message, key) = (request.info(), request.key.public_key_info());
        let signature = request.key.sign(&message);
        let der =
            der::sequence([message.clone(), request.key.signature_algorithm(), der::bit_string(&signature)]);
        // The point ends the key's DER.
        let point = key.get(key.len().saturating_sub(65)..).unwrap_or_default().to_vec();
        let pem = Pem::default().text(&der);
        let object = object(&pem);
        let requests = Self {
            of_kube: of_kube(&object)?,
            object,
            policy: policy()?,
            context: context()?,
            message,
            signature,
            point,
            pem,
        };
        assert!(requests.check_signature());
        assert_eq!(requests.decide().verdict(), Verdict::Approve);
        assert_eq!(requests.convert_and_decide()?.verdict(), Verdict::Approve);
        Ok(requests)
    }

    /// The limit: the request's signature, checked by aws-lc-rs alone.
    #[must_use]
    pub fn check_signature(&self) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point);
        key.verify(&self.message, &self.signature).is_ok()
    }

    /// A decision from the request's PEM, its signature check included.
    #[must_use]
    pub fn read_and_decide(&self) -> Decision {
        self.policy.evaluate(&object(&self.pem), &self.context)
    }

    /// A decision from the object as a controller holds it, the request's signature check included.
    ///
    /// # Errors
    /// Where the object is not taken.
    pub fn convert_and_decide(&self) -> Result<Decision, Error> {
        let object = CertificateSigningRequest::try_from(&self.of_kube)?;
        Ok(self.policy.evaluate(&object, &self.context))
    }

    /// A decision on the request as it was read before.
    #[must_use]
    pub fn decide(&self) -> Decision {
        self.policy.evaluate(&self.object, &self.context)
    }
}

fn object(pem: &str) -> CertificateSigningRequest {
    let node =
        Requestor::user("system:node:worker-1").with_group("system:nodes").with_group("system:authenticated");
    CertificateSigningRequest::new("csr-7xk2p", Signer::KubeletServing, pem.as_bytes()).with_requestor(node)
}

/// The object as a watch of the API gives it, metadata and all.
fn of_kube(object: &CertificateSigningRequest) -> Result<KubeRequest, Error> {
    let mut of_kube = KubeRequest::try_from(object)?;
    let now = jiff::Timestamp::UNIX_EPOCH;
    let metadata = &mut of_kube.metadata;
    metadata.generate_name = Some("csr-".to_owned());
    metadata.uid = Some("6b2f1b0e-9f0c-4f5b-8a57-3d2b5e0a9c11".to_owned());
    metadata.resource_version = Some("123456".to_owned());
    metadata.creation_timestamp = Some(Time(now));
    metadata.managed_fields = Some(vec![ManagedFieldsEntry {
        api_version: Some("certificates.k8s.io/v1".to_owned()),
        fields_type: Some("FieldsV1".to_owned()),
        manager: Some("kubelet".to_owned()),
        operation: Some("Update".to_owned()),
        time: Some(Time(now)),
        ..ManagedFieldsEntry::default()
    }]);
    Ok(of_kube)
}

/// Nine rules for other nodes, then the one for workers.
fn policy() -> Result<Policy, Error> {
    let mut text = "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec:\n  rules:\n".to_owned();
    for pool in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "worker"] {
        let _ = write!(
            text,
            "  - name: {pool}
    signer: kubernetes.io/kubelet-serving
    requestor: self
    node: {{names: ['{pool}-*'], inventory: nodes.yaml}}
    subjectAltNames: {{within: [inventory, nodeStatus], max: 16}}
    maxExpiration: 8760h
    decision: approve
"
        );
    }
    Ok(text.parse()?)
}

fn context() -> Result<PolicyContext<'static>, Error> {
    let mut context = PolicyContext::at(Timestamp::from_unix(1_800_000_000)?);
    let inventory = "{apiVersion: kboot.dev/v1alpha1, kind: NodeInventory, spec: {nodes: [{name: worker-1, \
                     addresses: [192.168.5.21]}]}}";
    context.inventories.insert("nodes.yaml".to_owned(), inventory.parse()?);
    let names = ["worker-1", "192.168.5.21"].iter().map(|name| name.parse::<Host>());
    let names = names.collect::<Result<_, _>>()?;
    context.nodes = Some([("worker-1".parse()?, names)].into_iter().collect());
    context.service_cidrs = vec!["10.96.0.0/12".parse()?];
    Ok(context)
}
