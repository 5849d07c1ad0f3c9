//! CertificateSigningRequests: what may be asked for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_testkit::generate::{Request, Signature};
use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::Api;
use crate::authentication::CSRS;
use crate::runner::scenarios;

scenarios! {
    Full: who_asks_is_the_servers_word, a_status_is_not_taken, usages_are_needed, usages_are_known, usages_come_once, every_usage_there_is,
        a_signer_is_needed, a_signers_name_has_a_form, legacy_unknown_is_for_old_versions, a_request_is_needed, a_block_of_another_kind,
        a_signature_that_is_wrong, text_around_the_block, a_request_that_is_no_pem, a_generated_name,
        a_duration_of_at_least_ten_minutes, a_delete;
}

/// A request object; its PKCS#10 is one of a person.
pub(crate) fn request(name: &str, signer: &str, usages: &[&str]) -> Value {
    request_of(name, &Request::user("jane", &["dev"]).pem(), signer, usages)
}

pub(crate) fn request_of(name: &str, pem: &str, signer: &str, usages: &[&str]) -> Value {
    json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
        "spec": {"request": STANDARD.encode(pem), "signerName": signer, "usages": usages},
    })
}

const SIGNER: &str = "kit.example.com/a";

pub(crate) async fn made(api: &Api) -> Value {
    api.post(CSRS, &request(&api.unique("a"), SIGNER, &["client auth"])).await.expect(201)
}

pub(crate) fn path(api: &Api, subresource: &str) -> String {
    format!("{CSRS}/{}{subresource}", api.unique("a"))
}

/// With a condition more.
pub(crate) fn with_condition(mut csr: Value, kind: &str, status: &str) -> Value {
    let condition = json!({"type": kind, "status": status, "reason": "Test", "message": "by a test"});
    match csr["status"]["conditions"].as_array_mut() {
        Some(conditions) => conditions.push(condition),
        None => csr["status"]["conditions"] = json!([condition]),
    }
    csr
}

/// That it is refused for this field; the message.
async fn invalid(api: &Api, csr: &Value, field: &str) -> String {
    let answer = api.post(CSRS, csr).await;
    answer.refused(422, "Invalid");
    let fields: Vec<_> = answer.json["details"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["field"].as_str().unwrap())
        .collect();
    assert!(fields.contains(&field), "{}", answer.text);
    answer.message().to_owned()
}

async fn who_asks_is_the_servers_word(api: Api) {
    let mut csr = request(&api.unique("a"), SIGNER, &["client auth"]);
    csr["spec"]["username"] = json!("system:node:worker-1");
    csr["spec"]["groups"] = json!(["system:nodes"]);
    csr["spec"]["uid"] = json!("mine");
    csr["spec"]["extra"] = json!({"a": ["b"]});
    let made = api.post(CSRS, &csr).await.expect(201);
    assert_eq!(made["spec"]["username"], "kubernetes-admin");
    assert_eq!(made["spec"]["groups"], json!(["system:masters", "system:authenticated"]));
    assert_ne!(made["spec"]["uid"], "mine");
    assert_eq!(made["spec"]["extra"].get("a"), None);
}

async fn a_status_is_not_taken(api: Api) {
    let csr = with_condition(request(&api.unique("a"), SIGNER, &["client auth"]), "Approved", "True");
    let made = api.post(CSRS, &csr.with("/status/certificate", "YQ==")).await.expect(201);
    assert_eq!(made["status"], json!({}));
}

async fn usages_are_needed(api: Api) {
    let csr = request("a", SIGNER, &[]);
    api.see("empty", invalid(&api, &csr, "spec.usages").await);
    let mut csr = csr;
    csr["spec"].as_object_mut().unwrap().remove("usages");
    api.see("none", invalid(&api, &csr, "spec.usages").await);
}

async fn usages_are_known(api: Api) {
    api.see(
        "message",
        invalid(&api, &request("a", SIGNER, &["client auth", "make coffee"]), "spec.usages[1]").await,
    );
}

async fn usages_come_once(api: Api) {
    api.see(
        "message",
        invalid(&api, &request("a", SIGNER, &["client auth", "client auth"]), "spec.usages[1]").await,
    );
}

async fn every_usage_there_is(api: Api) {
    let usages = [
        "signing",
        "digital signature",
        "content commitment",
        "key encipherment",
        "key agreement",
        "data encipherment",
        "cert sign",
        "crl sign",
        "encipher only",
        "decipher only",
        "any",
        "server auth",
        "client auth",
        "code signing",
        "email protection",
        "s/mime",
        "ipsec end system",
        "ipsec tunnel",
        "ipsec user",
        "timestamping",
        "ocsp signing",
        "microsoft sgc",
        "netscape sgc",
    ];
    let made = api.post(CSRS, &request(&api.unique("a"), SIGNER, &usages)).await.expect(201);
    assert_eq!(made["spec"]["usages"], json!(usages));
}

async fn a_signer_is_needed(api: Api) {
    let mut csr = request("a", SIGNER, &["client auth"]);
    csr["spec"].as_object_mut().unwrap().remove("signerName");
    api.see("message", invalid(&api, &csr, "spec.signerName").await);
}

async fn a_signers_name_has_a_form(api: Api) {
    let (long, longest) = (
        format!("kit.example.com/{}", ["a"; 300].join(".")),
        format!("kit.example.com/{}", ["a"; 200].join(".")),
    );
    for name in [
        "a",
        "example/a",
        "kit.example.com/",
        "/a",
        "kit.example.com/a/b",
        "Kit.example.com/a",
        "kit.example.com/A",
        "kit.example.com/a b",
        "kit.example.com/-a",
        &long,
    ] {
        api.see(
            name.get(..40).unwrap_or(name),
            invalid(&api, &request("a", name, &["client auth"]), "spec.signerName").await.len() > 20,
        );
    }
    for (number, name) in ["kit.example.com/a.b-c", "a.b/c", &longest].into_iter().enumerate() {
        api.post(CSRS, &request(&api.unique(&number.to_string()), name, &["client auth"])).await.expect(201);
    }
}

async fn legacy_unknown_is_for_old_versions(api: Api) {
    api.see(
        "message",
        invalid(&api, &request("a", "kubernetes.io/legacy-unknown", &["client auth"]), "spec.signerName")
            .await,
    );
}

async fn a_request_is_needed(api: Api) {
    for text in ["", "nonsense"] {
        api.see(text, invalid(&api, &request_of("a", text, SIGNER, &["client auth"]), "spec.request").await);
    }
}

async fn a_block_of_another_kind(api: Api) {
    let pem = Request::user("jane", &[]).pem();
    for kind in ["NEW CERTIFICATE REQUEST", "CERTIFICATE"] {
        let other = pem.replace("CERTIFICATE REQUEST", kind);
        api.see(
            kind,
            invalid(&api, &request_of("a", &other, SIGNER, &["client auth"]), "spec.request")
                .await
                .contains("PEM block type must be CERTIFICATE REQUEST"),
        );
    }
}

async fn a_signature_that_is_wrong(api: Api) {
    let pem = Request::user("jane", &[]).with_signature(Signature::Wrong).pem();
    let message = invalid(&api, &request_of("a", &pem, SIGNER, &["client auth"]), "spec.request").await;
    api.see("message", message.rsplit(": ").next().unwrap_or_default());
}

async fn text_around_the_block(api: Api) {
    let pem = Request::user("jane", &[]).pem();
    let around = format!("a comment\n{pem}more\n{}", pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"));
    api.post(CSRS, &request_of(&api.unique("a"), &around, SIGNER, &["client auth"])).await.expect(201);
}

async fn a_request_that_is_no_pem(api: Api) {
    let mut csr = request("a", SIGNER, &["client auth"]);
    csr["spec"]["request"] = json!("%%%");
    let answer = api.post(CSRS, &csr).await;
    api.see("no base64", answer.refused(400, "BadRequest"));
    csr["spec"]["request"] = json!(
        STANDARD.encode("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n")
    );
    invalid(&api, &csr, "spec.request").await;
}

/// Any certificate as PEM.
async fn a_generated_name(api: Api) {
    let mut csr = request("", SIGNER, &["client auth"]);
    csr["metadata"] = json!({"generateName": "csr-"});
    let made = api.post(CSRS, &csr).await.expect(201);
    assert!(made.name().starts_with("csr-") && made.name().len() == 9, "{}", made.name());
}

async fn a_duration_of_at_least_ten_minutes(api: Api) {
    let csr = |seconds: i64| {
        request(&api.unique(&seconds.to_string()), SIGNER, &["client auth"])
            .with("/spec/expirationSeconds", seconds)
    };
    if api.minor() < 22 {
        let made = api.post(CSRS, &csr(1)).await.expect(201);
        assert_eq!(made["spec"].get("expirationSeconds"), None);
        return;
    }
    api.see("message", invalid(&api, &csr(599), "spec.expirationSeconds").await);
    api.post(CSRS, &csr(600)).await.expect(201);
}

async fn a_delete(api: Api) {
    made(&api).await;
    let gone = api.delete(&path(&api, "")).await.expect(200);
    assert_eq!(gone["status"], "Success");
    assert_eq!(gone["details"]["group"], "certificates.k8s.io");
}
