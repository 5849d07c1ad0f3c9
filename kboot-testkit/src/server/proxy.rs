//! The way through the API server to a node's kubelet and to other ports of a node
//! (`pkg/registry/core/node/rest/proxy.go`, `apimachinery/pkg/util/proxy/upgradeaware.go`).

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::TryStreamExt;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::InvalidUri;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, StreamBody};
use hyper::body::Frame;
use serde_json::Value;

use super::Server;
use super::answer::{self, Body};
use super::error::ServerError;
use super::status::Status;
use super::store::{Key, Place};

/// Where kubelets listen that do not say.
const KUBELET: u16 = 10250;
/// As `kubeadm init` sets `--kubelet-preferred-address-types`.
const ADDRESS_TYPES: [&str; 3] = ["InternalIP", "ExternalIP", "Hostname"];
/// What is between two neighbours, or between the client and the API server, and not for the node.
const NOT_FORWARDED: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// `NAME`, `NAME:PORT`, `SCHEME:NAME:PORT`.
struct Wanted<'a> {
    scheme: &'a str,
    node: &'a str,
    port: Option<u16>,
}

impl<'a> Wanted<'a> {
    fn read(id: &'a str) -> Result<Self, Status> {
        let parts: Vec<_> = id.split(':').collect();
        let port = |text: &str| text.parse().map(Some).map_err(|_| ());
        let read = match *parts.as_slice() {
            [node] => Ok(Self { scheme: "http", node, port: None }),
            [node, number] => port(number).map(|port| Self { scheme: "http", node, port }),
            [scheme @ ("http" | "https"), node, number] => {
                port(number).map(|port| Self { scheme, node, port })
            }
            _ => Err(()),
        };
        let read = read.ok().filter(|wanted| !wanted.node.is_empty());
        read.ok_or_else(|| Status::bad_request(format!("invalid node request {id:?}")))
    }
}

/// Asks the node, and answers what it answers.
pub(super) async fn forward(
    server: &Server,
    id: &str,
    asked: &Parts,
    body: Bytes,
) -> Result<Response<Body>, Status> {
    let wanted = Wanted::read(id)?;
    let key = Key { namespace: String::new(), name: wanted.node.to_owned() };
    let node = server.store.read(&Place::new("", "nodes"), &key);
    let node = node.ok_or_else(|| Status::not_found("", "nodes", wanted.node))?;
    let kubelet = kubelet_port(&node.value);
    let is_kubelet = wanted.port.is_none_or(|port| port == kubelet);
    let (scheme, port) =
        if is_kubelet { ("https", kubelet) } else { (wanted.scheme, wanted.port.unwrap_or(kubelet)) };
    let host = host(&node.value)?;
    // Until 1.22 a kubelet's address was not looked at (CVE-2022-3294, mended in patches of 1.22 to 1.25).
    let is_checked = server.minor >= 22 || !is_kubelet;
    let address = resolved(&host, port, is_checked, server.minor).await?;
    let query = asked.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = behind(asked.uri.path());
    if path.is_empty() && matches!(asked.method, Method::GET | Method::HEAD) {
        return Ok(moved(&format!("{}/{query}", asked.uri.path())));
    }
    let unreachable = |why: &(dyn std::error::Error + 'static)| unreachable(&address, why, server.minor);
    let url = format!("{scheme}://{address}").parse().map_err(|why: InvalidUri| unreachable(&why))?;
    let client = client(server, url, is_kubelet).map_err(|why| unreachable(&why))?;
    let mut request = Request::new(kube::client::Body::from(body.to_vec()));
    *request.method_mut() = asked.method.clone();
    *request.uri_mut() = format!("/{}{query}", path.trim_start_matches('/'))
        .parse()
        .map_err(|why: InvalidUri| unreachable(&why))?;
    let own = |name: &HeaderName| NOT_FORWARDED.contains(name) || name.as_str().starts_with("impersonate-");
    let passed = asked.headers.iter().filter(|(name, _)| !own(name));
    request.headers_mut().extend(passed.map(|(name, value)| (name.clone(), value.clone())));
    let (mut parts, body) = client.send(request).await.map_err(|why| unreachable(&why))?.into_parts();
    for name in NOT_FORWARDED {
        parts.headers.remove(name);
    }
    let pieces = body.into_data_stream().map_ok(Frame::data).map_err(std::io::Error::other);
    Ok(Response::from_parts(parts, Either::Right(StreamBody::new(Box::pin(pieces)))))
}

/// The API server is known to kubelets by its certificate; it does not look at theirs, as without
/// `--kubelet-certificate-authority`.
fn client(server: &Server, url: http::Uri, is_kubelet: bool) -> Result<kube::Client, ServerError> {
    let mut config = kube::Config::new(url);
    config.default_retry = false;
    config.accept_invalid_certs = true;
    if is_kubelet {
        let groups = ["system:masters".to_owned()];
        let (certificate, key) =
            server.pki.client("kube-apiserver-kubelet-client", &groups, &server.clock)?;
        config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate.to_pem()));
        config.auth_info.client_key_data = Some(STANDARD.encode(key.to_pem()?.expose_secret()).into());
    }
    kube::Client::try_from(config).map_err(|why| ServerError::Client(Box::new(why)))
}

fn kubelet_port(node: &Value) -> u16 {
    let port = &node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"];
    port.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0).unwrap_or(KUBELET)
}

/// The address of a node that the API server prefers (`GetPreferredNodeAddress`).
fn host(node: &Value) -> Result<String, Status> {
    let addresses = node["status"]["addresses"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |kind: &str| addresses.iter().find(|address| address["type"] == kind);
    let chosen = ADDRESS_TYPES.iter().find_map(|kind| of(kind)?["address"].as_str());
    let Some(host) = chosen else {
        let known: Vec<_> = addresses.iter().filter_map(|address| address["type"].as_str()).collect();
        let known = known.join(" ");
        let message = format!("no preferred addresses found; known addresses: [{known}]");
        return Err(Status::new(500, "", &message));
    };
    Ok(host.to_owned())
}

/// Where a host is: nowhere else than there the request goes. Nobody is sent to the API server's own machine
/// (`IsProxyableHostname`), whatever it is called.
async fn resolved(host: &str, port: u16, is_checked: bool, minor: u32) -> Result<String, Status> {
    let found: Vec<IpAddr> = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => match tokio::net::lookup_host((host, port)).await {
            Ok(found) => found.map(|found| found.ip()).collect(),
            Err(why) => return Err(unreachable(&format!("{host}:{port}"), &why, minor)),
        },
    };
    if is_checked && found.iter().any(|address| !is_global_unicast(address.to_canonical())) {
        return Err(Status::bad_request("address not allowed"));
    }
    match found.first() {
        Some(address) => Ok(SocketAddr::new(*address, port).to_string()),
        None => Err(Status::bad_request("no resolved IPs")),
    }
}

/// Go's `IP.IsGlobalUnicast`.
fn is_global_unicast(address: IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !(is_local || address.is_loopback() || address.is_unspecified() || address.is_multicast())
}

/// In Go's words, where it is the network's fault. From 1.21 on it is an error of the API.
fn unreachable(address: &str, why: &(dyn std::error::Error + 'static), minor: u32) -> Status {
    let causes: Vec<_> = std::iter::successors(Some(why), |why| why.source()).collect();
    let of_network = causes.iter().find_map(|why| why.downcast_ref::<std::io::Error>());
    let why = match of_network.map(std::io::Error::kind) {
        Some(ErrorKind::ConnectionRefused) => format!("dial tcp {address}: connect: connection refused"),
        Some(ErrorKind::TimedOut) => format!("dial tcp {address}: i/o timeout"),
        _ => causes.last().map(ToString::to_string).unwrap_or_default(),
    };
    let message = format!("error trying to reach service: {why}");
    if minor < 21 { Status::new(500, "", message) } else { Status::unavailable(&message) }
}

/// The node's part of `/api/v1/nodes/NAME/proxy/healthz`, as it was sent.
fn behind(path: &str) -> &str {
    let named = path.split_once("/nodes/").map_or("", |(_, named)| named);
    named.split_once("/proxy").map_or("", |(_, behind)| behind)
}

/// A path that ends with the subresource is a folder.
fn moved(to: &str) -> Response<Body> {
    let mut response = answer::empty(StatusCode::MOVED_PERMANENTLY);
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}
