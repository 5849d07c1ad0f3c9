//! HTTP as bytes, for requests that no client sends.

use std::sync::Arc;
use std::time::Duration;

use kboot_testkit::server::ApiServer;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) type Connection = TlsStream<TcpStream>;

/// A connection without a client certificate.
pub(crate) async fn connect(api: &ApiServer) -> Connection {
    let address = api.url().trim_start_matches("https://").to_owned();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(api.authority_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(&address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

/// Sends the bytes and reads the code and the body of what comes, until the server ends or is silent.
pub(crate) async fn exchange(api: &ApiServer, bytes: &[u8]) -> (u16, String) {
    let mut connection = connect(api).await;
    // A server that refuses early may close while this is still being written.
    let _ = connection.write_all(bytes).await;
    let mut read = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while let Ok(Ok(count)) = tokio::time::timeout(Duration::from_secs(5), connection.read(&mut buffer)).await
    {
        if count == 0 {
            break;
        }
        read.extend_from_slice(&buffer[..count]);
        if is_whole(&read) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&read).into_owned();
    let code = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (code, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// A request of `admin` with a body.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    [text.as_bytes(), body].concat()
}
