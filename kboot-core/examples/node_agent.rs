//! A node agent: what the administrator hands out, what the node starts with, and what it serves then.
//! `cargo run -p kboot-core --features kube --example node_agent`

#![expect(clippy::print_stdout, reason = "a report")]

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::pki::{CertificateAuthority, Profile, ProfileOptions};
use kboot_core::token::{BootstrapToken, TokenSettings};
use kboot_core::x509::{Certificate, KeyAlgorithm, PrivateKey};
use kboot_core::{Env, Lifetime};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

const NODE: &str = "worker-1";
const ADDRESS: &str = "192.0.2.11";

/// For the API server: the Secret that makes it know the token. For the node: a kubeconfig with the token.
fn bootstrap(
    authority: &CertificateAuthority,
    env: &mut Env,
) -> Result<(Secret, kube::config::Kubeconfig), Box<dyn Error>> {
    let token = BootstrapToken::generate(env)?;
    let settings = TokenSettings::new().with_ttl("1h".parse()?, env.now())?.with_description(NODE);
    let secret = Secret::from(&token.secret(&settings)?);
    let kubeconfig = Kubeconfig::for_cluster("prod", &"192.0.2.10:6443".parse()?)
        .trusting(authority.certificate())
        .as_user("kubelet-bootstrap")
        .with_token(&token)
        .build()?;
    Ok((secret, kube::config::Kubeconfig::try_from(&kubeconfig)?))
}

/// A key and a certificate for one of the table's purposes.
fn issued(
    profile: Profile,
    options: &ProfileOptions,
    authority: &CertificateAuthority,
    env: &mut Env,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Box<dyn Error>> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    let certificate: Certificate =
        authority.issue(&profile.template(options)?, &key, Lifetime::ONE_YEAR, env)?;
    Ok((vec![certificate.into()], PrivateKeyDer::try_from(&key)?))
}

/// The kubelet's end, which takes nobody whom the authority does not know.
fn kubelet(authority: &CertificateAuthority, env: &mut Env) -> Result<ServerConnection, Box<dyn Error>> {
    let mut options = ProfileOptions::default();
    options.node = Some(NODE.parse()?);
    options.alt_names = vec![ADDRESS.parse()?];
    let (chain, key) = issued(Profile::KubeletServing, &options, authority, env)?;
    let clients = WebPkiClientVerifier::builder(Arc::new(roots(authority)?)).build()?;
    let config = ServerConfig::builder().with_client_cert_verifier(clients).with_single_cert(chain, key)?;
    Ok(ServerConnection::new(Arc::new(config))?)
}

/// The API server's end, which reads logs from kubelets.
fn api_server(authority: &CertificateAuthority, env: &mut Env) -> Result<ClientConnection, Box<dyn Error>> {
    let (chain, key) = issued(Profile::ApiServerKubeletClient, &ProfileOptions::default(), authority, env)?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots(authority)?)
        .with_client_auth_cert(chain, key)?;
    let name = ServerName::from(ADDRESS.parse::<IpAddr>()?);
    Ok(ClientConnection::new(Arc::new(config), name)?)
}

fn roots(authority: &CertificateAuthority) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone().into())?;
    Ok(roots)
}

/// The bytes of one end to the other, until both know each other.
fn shake_hands(client: &mut ClientConnection, server: &mut ServerConnection) -> Result<(), Box<dyn Error>> {
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes)?;
        server.read_tls(&mut bytes.as_slice())?;
        server.process_new_packets()?;
        bytes.clear();
        server.write_tls(&mut bytes)?;
        client.read_tls(&mut bytes.as_slice())?;
        client.process_new_packets()?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut env = Env::system();
    let authority =
        CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;

    let (secret, kubeconfig) = bootstrap(&authority, &mut env)?;
    println!("Secret {:?}, context {:?}", secret.metadata.name, kubeconfig.current_context);

    let (mut client, mut server) = (api_server(&authority, &mut env)?, kubelet(&authority, &mut env)?);
    shake_hands(&mut client, &mut server)?;
    let peer = server.peer_certificates().and_then(<[_]>::first).ok_or("no client certificate")?;
    println!("the kubelet answers {:?}", Certificate::try_from(peer)?.facts().subject);
    Ok(())
}
