//! An approver: a CertificateSigningRequest of k8s-openapi in, the object for `/approval` out, and for what is approved a
//! certificate, signed by a key that is waited for.
//! `cargo run -p kboot-core --features k8s-openapi,k8s-openapi/latest --example approver`

#![expect(clippy::print_stdout, reason = "a report")]

use std::error::Error;

use futures::executor::block_on;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest as KubeRequest;
use k8s_openapi::api::events::v1::Event;
use kboot_core::csr::{CertificateSigningRequest, Requestor, Signer};
use kboot_core::pki::{CertificateAuthority, Issuer};
use kboot_core::policy::{Decision, Inventory, InventoryNode, NameSource, Policy, PolicyContext, Rule};
use kboot_core::x509::{
    AsyncSigningKey, Certificate, CertificateRequest, KeyAlgorithm, PrivateKey, PublicKey, SigningError,
    SigningKey,
};
use kboot_core::{Env, Lifetime};

/// An authority's key in a vault, which answers after a while.
struct Vault(PrivateKey);

impl AsyncSigningKey for Vault {
    fn algorithm(&self) -> KeyAlgorithm {
        self.0.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        SigningKey::sign(&self.0, message)
    }
}

/// A kubelet gets a serving certificate for what the inventory has of its node.
fn policy() -> Result<Policy, Box<dyn Error>> {
    let serving = Rule::approve("serving-certificate", Signer::KubeletServing)
        .with_requestor_self()
        .with_inventory("machines")
        .with_names_within([NameSource::Inventory]);
    Ok(Policy::new([serving])?)
}

/// What is sent to `/approval`; nothing where the request is left to somebody else. And what the decision was.
fn decide(
    request: &KubeRequest,
    policy: &Policy,
    context: &PolicyContext<'_>,
) -> Result<(Option<KubeRequest>, Decision), Box<dyn Error>> {
    let request = CertificateSigningRequest::try_from(request)?;
    // A policy decides whatever became of the request; who decides only once looks at `is_pending` first.
    let decision = policy.evaluate(&request, context);
    let answer = decision.condition(context.now).map(|condition| request.with_condition(condition));
    Ok((answer.as_ref().map(KubeRequest::try_from).transpose()?, decision))
}

/// The certificate of an approved request; of any other there is none.
async fn sign(
    decision: &Decision,
    issuer: &Issuer,
    vault: &Vault,
    env: &mut Env,
) -> Result<Option<Certificate>, Box<dyn Error>> {
    let Decision::Approve(approved) = decision else { return Ok(None) };
    let unsigned = issuer.prepare_approved(approved, Lifetime::ONE_YEAR, env)?;
    Ok(Some(unsigned.sign_with_async(vault).await?))
}

/// A request as the API server hands it over.
fn asked_by(node: &str, address: &str) -> Result<KubeRequest, Box<dyn Error>> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    let names = ["worker-1".parse()?, address.parse()?].into_iter().collect();
    let pem = CertificateRequest::for_kubelet_serving(&"worker-1".parse()?, &names, &key)?.to_pem();
    let requestor = Requestor::user(&format!("system:node:{node}")).with_group("system:nodes");
    let request = CertificateSigningRequest::new("csr-1", Signer::KubeletServing, pem.as_bytes());
    Ok(KubeRequest::try_from(&request.with_requestor(requestor))?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut env = Env::system();
    let authority =
        CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
    let issuer = Issuer::load(authority.certificate().clone(), env.now())?;
    let vault = Vault(PrivateKey::from_der(authority.key().to_pkcs8_der()?.expose_secret())?);

    let machine = InventoryNode::new().with_address("192.0.2.11".parse()?);
    let mut context = PolicyContext::at(env.now());
    context
        .inventories
        .insert("machines".to_owned(), Inventory::from_nodes([("worker-1".parse()?, machine)])?);
    let policy = policy()?;

    for (node, address) in
        [("worker-1", "192.0.2.11"), ("worker-1", "192.0.2.66"), ("worker-2", "192.0.2.11")]
    {
        let (answer, decision) = decide(&asked_by(node, address)?, &policy, &context)?;
        let conditions = answer.and_then(|answer| answer.status?.conditions).unwrap_or_default();
        let condition = conditions.first().map_or("nothing", |condition| condition.type_.as_str());
        let event = Event::from(decision.event());
        println!("{node} for {address}: {condition}; {}", event.note.unwrap_or_default());
        if let Some(certificate) = block_on(sign(&decision, &issuer, &vault, &mut env))? {
            println!("  {}", certificate.facts().subject);
        }
    }
    Ok(())
}
