//! One request for a certificate: made, sent and waited for (`client-go/util/certificate/csr`).

use aws_lc_rs::digest::{SHA512_256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures::StreamExt;
use kboot_core::csr::{CertificateSigningRequest, Signer, Stage};
use kboot_core::x509::{Certificate, CertificateRequest, PrivateKey, SubjectAltNames, X509Error};
use serde_json::Value;

use super::connection::{Api, is_code, said};
use super::settings::Settings;

const PATH: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// Why a request led to no certificate.
pub(super) enum NoCertificate {
    /// The question did not go; it may next time.
    Failed(String),
    /// The request leads to none any more.
    Lost(String),
    /// Somebody refused it.
    Refused { stage: Stage, reason: String, message: String },
}

/// A request as the API server has it.
pub(super) struct Sent {
    pub(super) name: String,
    uid: String,
}

/// Asks for a certificate of this key.
pub(super) async fn send(
    api: &Api,
    settings: &Settings,
    signer: Signer,
    names: &SubjectAltNames,
    key: &PrivateKey,
    is_named: bool,
) -> Result<Sent, String> {
    let request = of(settings, signer, names, key).map_err(|error| error.to_string())?;
    let pem = request.to_pem();
    let mut object = CertificateSigningRequest::new("csr", signer, pem.as_bytes());
    object = match &settings.usages {
        Some(usages) => object.with_usages(usages.clone()),
        None => object.with_usages_of(settings.version),
    };
    if !is_named {
        let object = object.with_generated_name("csr-").to_json();
        let answer = api.create(PATH, object).await.map_err(|error| said(&error))?;
        return sent(&answer);
    }
    let names = request.common_names().chain(request.organizations());
    let name = digest_name(request.public_key().der(), names, object.usages());
    let again =
        CertificateSigningRequest::new(&name, signer, pem.as_bytes()).with_usages(object.usages().to_vec());
    match api.create(PATH, again.to_json()).await {
        Ok(answer) => sent(&answer),
        // Of the same key, so from an earlier attempt of ours.
        Err(error) if is_code(&error, 409) => match api.get(&format!("{PATH}/{name}")).await {
            Ok(answer) => sent(&answer),
            Err(error) => Err(said(&error)),
        },
        Err(error) => Err(said(&error)),
    }
}

fn of(
    settings: &Settings,
    signer: Signer,
    names: &SubjectAltNames,
    key: &PrivateKey,
) -> Result<CertificateRequest, X509Error> {
    match signer {
        Signer::KubeletServing => CertificateRequest::for_kubelet_serving(&settings.requested, names, key),
        Signer::KubeApiserverClient | Signer::KubeApiserverClientKubelet => {
            CertificateRequest::for_kubelet_client(&settings.requested, key)
        }
    }
}

/// The name that a kubelet gives a request which it would recognize: of its key (SubjectPublicKeyInfo), the
/// names in it and its usages (`digestedName` in `pkg/kubelet/certificate/bootstrap/bootstrap.go`).
fn digest_name<'t>(key: &'t [u8], names: impl Iterator<Item = &'t str>, usages: &'t [String]) -> String {
    let texts = names.chain(usages.iter().map(String::as_str)).map(str::as_bytes);
    let mut all = String::new();
    for item in std::iter::once(key).chain(texts) {
        URL_SAFE_NO_PAD.encode_string(item, &mut all);
        all.push('|');
    }
    format!("node-csr-{}", URL_SAFE_NO_PAD.encode(digest(&SHA512_256, all.as_bytes())))
}

fn sent(answer: &Value) -> Result<Sent, String> {
    let text = |field: &str| answer["metadata"][field].as_str().unwrap_or_default().to_owned();
    match (text("name"), text("uid")) {
        (name, _) if name.is_empty() => Err("the answer to the request has no name".to_owned()),
        (name, uid) => Ok(Sent { name, uid }),
    }
}

/// Waits until the request has its certificate or never gets one.
pub(super) async fn wait(api: &Api, sent: &Sent, key: &PrivateKey) -> Result<Certificate, NoCertificate> {
    let failed = |error: kube::Error| NoCertificate::Failed(said(&error));
    // A name that the API server took is one of a path's segment; what else it may hold is escaped.
    let name: String = form_urlencoded::byte_serialize(sent.name.as_bytes()).collect();
    let query = format!("fieldSelector=metadata.name%3D{name}");
    loop {
        let list = api.get(&format!("{PATH}?{query}")).await.map_err(failed)?;
        let there = list["items"].as_array().and_then(|items| items.first());
        if let Some(certificate) = look(there, sent, key)? {
            return Ok(certificate);
        }
        let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let watch = format!("{PATH}?{query}&watch=true&resourceVersion={version}&timeoutSeconds=480");
        let mut objects = match api.watch(&watch).await {
            Ok(objects) => objects,
            Err(error) if is_code(&error, 410) => continue,
            Err(error) => return Err(failed(error)),
        };
        while let Some(object) = objects.next().await {
            if let Some(certificate) = look(object.as_ref(), sent, key)? {
                return Ok(certificate);
            }
        }
        // A watch that ends at once, again and again, must not keep the server busy.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// The certificate, once it is there and somebody has approved it (`WaitForCertificate`).
fn look(object: Option<&Value>, sent: &Sent, key: &PrivateKey) -> Result<Option<Certificate>, NoCertificate> {
    let Some(object) = object else { return Err(NoCertificate::Lost(format!("{} was deleted", sent.name))) };
    if object["metadata"]["uid"].as_str().unwrap_or_default() != sent.uid {
        return Err(NoCertificate::Lost(format!("{} was replaced by another", sent.name)));
    }
    let status = &object["status"];
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (kind, stage) in [("Denied", Stage::Denied), ("Failed", Stage::Failed)] {
        if let Some(condition) = conditions.iter().find(|condition| condition["type"] == kind) {
            let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
            return Err(NoCertificate::Refused { stage, reason: text("reason"), message: text("message") });
        }
    }
    let is_approved = conditions.iter().any(|condition| condition["type"] == "Approved");
    let pem = status["certificate"].as_str().filter(|text| is_approved && !text.is_empty());
    let Some(pem) = pem else { return Ok(None) };
    let certificate = STANDARD.decode(pem).ok().and_then(|pem| Certificate::from_pem(&pem).ok());
    match certificate {
        Some(certificate) if certificate.facts().public_key == *key.public_key() => Ok(Some(certificate)),
        Some(_) => Err(NoCertificate::Lost(format!("the certificate of {} is for another key", sent.name))),
        None => Err(NoCertificate::Lost(format!("the certificate of {} cannot be read", sent.name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_digests() {
        let key: Vec<u8> = (0..91).collect();
        let usages = ["digital signature", "key encipherment", "client auth"].map(str::to_owned);
        let name = digest_name(&key, ["system:node:node-1", "system:nodes"].into_iter(), &usages);
        // Made with Python's hashlib.
        assert_eq!(name, "node-csr-bfqbF6l0_JNhQ1bHWHqCHV2NPcPEqIFZLDpBXCf0qoc");
    }
}
