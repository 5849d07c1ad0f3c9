//! A node's way into a cluster of the process: token, request, approval, certificate; and what time takes away.

use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, Node, Secret};
use kboot_core::token::TokenSettings;
use kboot_core::x509::{Certificate, CertificateRequest, KeyAlgorithm, PrivateKey};
use kboot_core::{BootstrapToken, Env};
use kboot_testkit::Identity;
use kboot_testkit::server::{ApiServer, Clock, Controller};
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, PostParams};

use crate::builder;

/// A cluster that nodes can join by a token of an hour.
fn prepare(api: &ApiServer) -> BootstrapToken {
    let token = BootstrapToken::generate(&mut Env::system()).unwrap();
    let settings = TokenSettings::new().with_ttl("1h".parse().unwrap(), api.clock().now()).unwrap();
    api.add_bootstrap_token(&token, &settings).unwrap();
    token
}

fn request(node: &str, key: &PrivateKey) -> CertificateSigningRequest {
    let request = CertificateRequest::for_kubelet_client(&node.parse().unwrap(), key).unwrap();
    CertificateSigningRequest {
        metadata: ObjectMeta { generate_name: Some("csr-".to_owned()), ..ObjectMeta::default() },
        spec: CertificateSigningRequestSpec {
            request: ByteString(request.to_pem().into_bytes()),
            signer_name: "kubernetes.io/kube-apiserver-client-kubelet".to_owned(),
            usages: Some(vec!["digital signature".to_owned(), "client auth".to_owned()]),
            ..CertificateSigningRequestSpec::default()
        },
        ..CertificateSigningRequest::default()
    }
}

async fn certificate(requests: &Api<CertificateSigningRequest>, name: &str) -> String {
    for _ in 0..200 {
        let request = requests.get(name).await.unwrap();
        if let Some(certificate) = request.status.and_then(|status| status.certificate) {
            return String::from_utf8(certificate.0).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{name} has got no certificate: {:?}", requests.get(name).await.unwrap());
}

#[tokio::test]
async fn a_token_becomes_a_node() {
    let api = builder().controllers(Controller::ALL).start().await.unwrap();
    let token = prepare(&api);
    let boot = api.client(&Identity::bootstrap(&token)).unwrap();
    let requests: Api<CertificateSigningRequest> = Api::all(boot.clone());
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let made = requests.create(&PostParams::default(), &request("w1", &key)).await.unwrap();
    let spec = &made.spec;
    assert_eq!(spec.username.as_deref(), Some(format!("system:bootstrap:{}", token.id().as_str()).as_str()));
    let name = made.metadata.name.unwrap();
    let pem = certificate(&requests, &name).await;
    let issued = Certificate::from_pem(pem.as_bytes()).unwrap();
    assert!(issued.is_signed_by(&Certificate::from_pem(api.authority_pem().as_bytes()).unwrap()));
    // A bootstrap token makes no Node; the node's certificate makes its own and no other.
    let node = |name: &str| Node {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        ..Node::default()
    };
    let refused = Api::<Node>::all(boot).create(&PostParams::default(), &node("w1")).await.unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.code == 403), "{refused}");
    let nodes: Api<Node> = Api::all(api.client(&Identity::node("w1")).unwrap());
    nodes.create(&PostParams::default(), &node("w1")).await.unwrap();
    nodes.create(&PostParams::default(), &node("w2")).await.unwrap_err();
    api.requests().expect("POST", "certificatesigningrequests").by("system:bootstrap:*").times(1);
    let history = api.history("certificates.k8s.io", "certificatesigningrequests", "", &name);
    let by: Vec<_> = history.iter().map(|write| write.user.as_str()).collect();
    let controller = "system:serviceaccount:kube-system:certificate-controller";
    assert_eq!(by[1..], [controller, controller]);
}

#[tokio::test]
async fn time_takes_tokens_and_requests_away() {
    let clock = Clock::stopped_at("2030-01-01T00:00:00Z".parse().unwrap());
    let api = builder().clock(&clock).controllers(Controller::ALL).start().await.unwrap();
    let token = prepare(&api);
    let boot = api.client(&Identity::bootstrap(&token)).unwrap();
    let requests: Api<CertificateSigningRequest> = Api::all(boot.clone());
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let made = requests.create(&PostParams::default(), &request("w1", &key)).await.unwrap();
    certificate(&requests, made.metadata.name.as_ref().unwrap()).await;
    clock.advance(Duration::from_secs(3599)).await;
    requests.list(&ListParams::default()).await.unwrap();
    clock.advance(Duration::from_secs(2)).await;
    let ended = requests.list(&ListParams::default()).await.unwrap_err();
    assert!(matches!(&ended, kube::Error::Api(status) if status.code == 401), "{ended}");
    let admin = api.client(&Identity::admin()).unwrap();
    let tokens =
        Api::<Secret>::namespaced(admin.clone(), "kube-system").list(&ListParams::default()).await.unwrap();
    assert_eq!(tokens.items.len(), 0, "the cleaner leaves no expired token");
    clock.advance(Duration::from_secs(3600)).await;
    let left = Api::<CertificateSigningRequest>::all(admin).list(&ListParams::default()).await.unwrap();
    assert_eq!(left.items.len(), 0, "issued requests are cleaned up after an hour");
}

#[tokio::test]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let clock = Clock::stopped_at("2030-01-01T00:00:00Z".parse().unwrap());
    let api = builder().clock(&clock).controllers(Controller::ALL).start().await.unwrap();
    let admin = api.client(&Identity::admin()).unwrap();
    let namespaces: Api<Namespace> = Api::all(admin.clone());
    let named = |name: &str| ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    namespaces
        .create(&PostParams::default(), &Namespace { metadata: named("x"), ..Namespace::default() })
        .await
        .unwrap();
    let secrets: Api<Secret> = Api::namespaced(admin, "x");
    secrets
        .create(&PostParams::default(), &Secret { metadata: named("a"), ..Secret::default() })
        .await
        .unwrap();
    namespaces.delete("x", &DeleteParams::default()).await.unwrap();
    clock.advance(Duration::ZERO).await;
    assert!(namespaces.get_opt("x").await.unwrap().is_none());
    assert_eq!(secrets.list(&ListParams::default()).await.unwrap().items.len(), 0);
}
