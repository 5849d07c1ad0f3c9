//! Certificates that servers show, and what several nodes say alike.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, version};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::cluster::{TlsServer, judged};
use super::report::NodeReport;
use super::{BlockedContainer, NodeDetail, ReasonAndMessage, handshake, same_pods};
use crate::Env;
use crate::finding::{Finding, Severity};
use crate::net::Host;
use crate::pki::{CertificateAuthority, CertificateTemplate};
use crate::time::Timestamp;
use crate::x509::{Certificate, KeyAlgorithm, PrivateKey, SubjectAltNames};

const LIMIT: Duration = Duration::from_secs(5);

fn authority(env: &mut Env) -> CertificateAuthority {
    CertificateAuthority::create("etcd-ca", KeyAlgorithm::EcdsaP256, "10y".parse().unwrap(), env).unwrap()
}

/// A server that wants a certificate of its clients, as etcd does.
fn server(
    authority: &CertificateAuthority,
    name: &str,
    version: &'static SupportedProtocolVersion,
) -> SocketAddr {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let names = SubjectAltNames::from_iter([name.parse::<Host>().unwrap()]);
    let template = CertificateTemplate::server("etcd".parse().unwrap(), names);
    let issued = authority.issue(&template, &key, "1y".parse().unwrap(), &mut Env::system()).unwrap();
    let mut clients = RootCertStore::empty();
    clients.add(CertificateDer::from(authority.certificate().der())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), provider.clone());
    let key = key.to_pem().unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(vec![CertificateDer::from(issued.der().to_vec())], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let _ = StreamOwned::new(connection, stream).read(&mut [0]);
    });
    address
}

fn seen(address: SocketAddr, authorities: &[&CertificateAuthority], now: Timestamp) -> Finding<NodeDetail> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shown = runtime.block_on(handshake::certificates(address, LIMIT));
    let authorities: Vec<Certificate> =
        authorities.iter().map(|authority| authority.certificate().clone()).collect();
    judged(
        &TlsServer { name: "etcd of cp1".to_owned(), address, authorities },
        shown.as_deref().map_err(String::as_str),
        now,
    )
}

#[test]
fn a_server_shows_its_certificate_to_whom_it_refuses() {
    let mut env = Env::system();
    let (ours, foreign) = (authority(&mut env), authority(&mut env));
    let now = env.now();
    let later: Timestamp = "2099-01-01T00:00:00Z".parse().unwrap();
    for version in [&version::TLS12, &version::TLS13] {
        for (name, authorities, now, severity, said) in [
            ("127.0.0.1", vec![&ours], now, Severity::Note, "valid until "),
            ("127.0.0.2", vec![&ours], now, Severity::Error, "127.0.0.1"),
            ("127.0.0.1", vec![&foreign], now, Severity::Error, "clients refuse it"),
            ("127.0.0.1", vec![&ours], later, Severity::Error, "expired"),
            ("127.0.0.1", vec![], now, Severity::Warning, "authority is not at hand"),
            ("127.0.0.1", vec![], later, Severity::Error, "expired"),
            ("127.0.0.2", vec![], now, Severity::Error, "127.0.0.1 is none of its names"),
        ] {
            let finding = seen(server(&ours, name, version), &authorities, now);
            let text = finding.detail.to_string();
            assert_eq!((finding.severity, finding.path.as_str()), (severity, "etcd of cp1"), "{text}");
            assert!(text.contains(said) && text.contains(name), "{said}: {text}");
        }
    }
}

#[test]
fn who_does_not_speak_tls_is_unknown_in_time() {
    let now = Env::system().now();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shown =
        runtime.block_on(handshake::certificates(silent.local_addr().unwrap(), Duration::from_millis(100)));
    assert!(shown.unwrap_err().contains("no answer within"));
    let address = silent.local_addr().unwrap();
    drop(silent);
    let finding = seen(address, &[], now);
    assert_eq!((finding.severity, finding.detail.to_string().contains("refused")), (Severity::Warning, true));
}

#[test]
fn pods_of_several_nodes_that_fail_alike_are_said_once() {
    let pod = |name: &str, message: &str| {
        let said =
            ReasonAndMessage { reason: "\"ImagePullBackOff\"".to_owned(), message: message.to_owned() };
        let blocked = BlockedContainer { container: "\"cni\"".to_owned(), said, ended: None };
        Finding::error(format!("pod kube-system/{name}"), NodeDetail::PodBlocked(blocked))
    };
    let report = |node: &str, findings| NodeReport { node: node.to_owned(), findings };
    let ready = || Finding::note("ready", NodeDetail::Ready);
    let mut reports = [
        report(
            "a",
            vec![ready(), pod("cni-x7x2z", "back-off 5m0s pulling cni-x7x2z of 1f0e6a"), pod("own", "other")],
        ),
        report("b", vec![ready(), pod("cni-b9k4q", "back-off 40s pulling cni-b9k4q of 77aa01")]),
        report("c", vec![ready(), pod("alone-1", "twice on one node"), pod("alone-2", "twice on one node")]),
    ];
    let found = same_pods::take(&mut reports);
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let pods =
        "pods: 2 pods: kube-system/cni-x7x2z on a, kube-system/cni-b9k4q on b: container \"cni\" waits: ";
    assert!(texts[0].starts_with(pods), "{texts:?}");
    let left: Vec<usize> = reports.iter().map(|report| report.findings.len()).collect();
    assert_eq!(left, [2, 1, 3]);
}
