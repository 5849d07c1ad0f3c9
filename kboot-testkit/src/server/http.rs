//! From a connection to an answer: TLS, who asks, what, whether they may, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, USER_AGENT};
use http::{Request as HttpRequest, Response};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::DistinguishedName;
use rustls::crypto::aws_lc_rs;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::answer::{Answer, Body, Content, refusal};
use super::attributes::User;
use super::authn::certificate::{AnyCertificate, ClientCertificate};
use super::error::ServerError;
use super::faults::{self, Action};
use super::impersonation::impersonated;
use super::negotiate::{Form, Protobuf, accepted};
use super::path::{Query, Target};
use super::pki::Pki;
use super::requests::Request;
use super::status::Status;
use super::verbs::Call;
use super::{Server, discovery, proxy};

/// The largest body (`--max-resource-write-bytes`).
const LARGEST_BODY: usize = 3 * 1024 * 1024;
/// So much of a body that is too large is read all the same.
const LARGEST_READ: usize = 4 * LARGEST_BODY;
/// So much of a path, a query or a name of a program.
const MOST_REMEMBERED: usize = 4096;
/// How long a client may take for its headers and its handshake, so that idle ones hold nothing for ever.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn acceptor(pki: &Pki) -> Result<TlsAcceptor, ServerError> {
    let tls = |why: &dyn std::fmt::Display| ServerError::Tls { why: why.to_string() };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let authority = pki.authority_der();
    let anchor = webpki::anchor_from_trusted_cert(&authority).map_err(|why| tls(&why))?;
    let name =
        DistinguishedName::from([&[0x30][..], &length(anchor.subject.len()), &anchor.subject].concat());
    let verifier = Arc::new(AnyCertificate::new(&name, algorithms));
    let (certificate, key) = pki.serving_der()?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| tls(&why))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .map_err(|why| tls(&why))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A length in DER; subjects are shorter than 64 KiB.
fn length(of: usize) -> Vec<u8> {
    match u8::try_from(of) {
        Ok(short) if short < 0x80 => vec![short],
        Ok(byte) => vec![0x81, byte],
        Err(_) => {
            let [.., high, low] = of.to_be_bytes();
            vec![0x82, high, low]
        }
    }
}

/// Takes connections until the server stops.
pub(crate) async fn serve(
    server: Arc<Server>,
    listener: TcpListener,
    tls: TlsAcceptor,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Out of file descriptors: those that end make room.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
            () = ended(&mut stopped) => break,
        };
        let (server, tls, mut stopped) = (Arc::clone(&server), tls.clone(), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = connection(server, stream, tls) => {}
                () = ended(&mut stopped) => {}
            }
        });
    }
    // Who waits for the end of all that hold `stopped` may listen here next.
    drop(listener);
    drop(stopped);
}

/// Returns when the server is to stop, or is gone.
async fn ended(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn connection(server: Arc<Server>, stream: TcpStream, tls: TlsAcceptor) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await else { return };
    let certificate = stream.get_ref().1.peer_certificates().map(|chain| {
        Arc::new(ClientCertificate::read(chain, &server.anchors, server.minor, server.clock.time()))
    });
    let service = hyper::service::service_fn(move |request| {
        let (server, certificate) = (Arc::clone(&server), certificate.clone());
        async move { handle(&server, certificate.as_deref(), request).await }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(2048);
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// The connection is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault that was ordered: the connection ends")]
pub(crate) struct Dropped;

/// Of a connection, or octets that are there.
pub(crate) trait RequestBody:
    hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin
{
}

impl<B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin> RequestBody for B {}

pub(crate) async fn handle(
    server: &Arc<Server>,
    certificate: Option<&ClientCertificate>,
    request: HttpRequest<impl RequestBody>,
) -> Result<Response<Body>, Dropped> {
    let method = request.method().as_str().to_owned();
    let user_agent = header(request.headers(), &USER_AGENT).unwrap_or_default().to_owned();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let form = accepted(
        header(request.headers(), &ACCEPT),
        is_pretty(&Query::parse(&query), &user_agent),
        Protobuf::Known,
    );
    let mut asked = Asked {
        form,
        method,
        user_agent,
        query: query.clone(),
        target: Target { path: path.clone(), ..Target::default() },
        user: String::new(),
    };
    let mut is_lost = false;
    let token = bearer(request.headers());
    let user = server.authenticator.user(certificate, token.as_deref(), &server.store, server.clock.time());
    if let Ok(user) = &user {
        asked.user.clone_from(&user.name);
    }
    let result = match Target::parse(&asked.method, &path, &query) {
        Ok(target) => {
            asked.target = target;
            match server.faults.of(&asked.method, &asked.target) {
                Some(Action::Drop) => {
                    asked.note(server, 0);
                    return Err(Dropped);
                }
                Some(Action::Refuse(status)) => Err(status),
                Some(Action::Conflict) => {
                    let target = &asked.target;
                    Err(Status::modified(&target.group, &target.resource, &target.name))
                }
                Some(Action::Wait(time)) => {
                    tokio::time::sleep(time).await;
                    answer(server, user, request, &mut asked).await
                }
                Some(Action::LoseAnswer) => {
                    is_lost = true;
                    answer(server, user, request, &mut asked).await
                }
                None => answer(server, user, request, &mut asked).await,
            }
        }
        Err(status) => Err(status),
    };
    let form = asked.form.clone().unwrap_or(Form::JSON);
    let include = asked.target.query.get("includeObject").to_owned();
    let response = match result {
        Ok(answer) => answer.into_response(form, &server.look(&include)),
        Err(status) => refusal(&status, form, &server.schema),
    };
    asked.note(server, response.status().as_u16());
    if is_lost { Err(Dropped) } else { Ok(response) }
}

/// People who look with curl or a browser get indented JSON.
fn is_pretty(query: &Query, user_agent: &str) -> bool {
    match query.has("pretty") {
        true => query.flag("pretty"),
        false => ["curl", "Wget", "Mozilla/5.0"].iter().any(|start| user_agent.starts_with(start)),
    }
}

struct Asked {
    /// How it is to be answered.
    form: Result<Form, Status>,
    method: String,
    user_agent: String,
    query: String,
    target: Target,
    user: String,
}

impl Asked {
    fn note(self, server: &Server, code: u16) {
        // A hostile client is not to fill the memory with what is remembered of it.
        let cut = |text: String| text.chars().take(MOST_REMEMBERED).collect::<String>();
        server.requests.note(Request {
            time: server.clock.now(),
            place: cut(faults::place(&self.target)),
            method: self.method,
            verb: self.target.verb,
            path: cut(self.target.path),
            query: cut(self.query),
            namespace: self.target.namespace,
            user: self.user,
            code,
            user_agent: cut(self.user_agent),
        });
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A token of other octets than ASCII is one that nobody has.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(AUTHORIZATION)?.as_bytes());
    let mut words = text.trim().split(' ');
    let (scheme, token) = (words.next()?, words.next()?);
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    is_bearer.then(|| token.to_owned())
}

async fn answer(
    server: &Arc<Server>,
    user: Result<Arc<User>, Status>,
    request: HttpRequest<impl RequestBody>,
    asked: &mut Asked,
) -> Result<Answer, Status> {
    let (parts, body) = request.into_parts();
    let user = impersonated(server, user?, &parts.headers)?;
    asked.user.clone_from(&user.name);
    let target = &asked.target;
    let attributes = target.attributes(user);
    server.check_allowed(&attributes)?;
    let accept = header(&parts.headers, &ACCEPT);
    if !target.is_resource() {
        return plain(server, &asked.method, target, accept);
    }
    let resource = server
        .registry
        .find(&server.store, &target.group, &target.version, &target.resource)
        .ok_or_else(Status::no_such_resource)?;
    if target.verb.is_empty()
        || (target.name.is_empty() && matches!(target.verb.as_str(), "update" | "patch"))
    {
        return Err(Status::method_not_allowed());
    }
    let is_in_namespace = !target.namespace.is_empty() && target.resource != "namespaces";
    let crosses = resource.namespaced
        && !is_in_namespace
        && !(target.name.is_empty() || matches!(target.verb.as_str(), "list" | "watch"))
        || resource.namespaced && !is_in_namespace && target.verb == "create" && !resource.is_review;
    if !resource.namespaced && is_in_namespace {
        return Err(Status::no_such_resource());
    }
    if crosses || (resource.namespaced && !is_in_namespace && target.verb == "deletecollection") {
        return Err(if target.name.is_empty() {
            Status::method_not_allowed()
        } else {
            Status::no_such_resource()
        });
    }
    if resource.is_custom {
        asked.form = accepted(accept, is_pretty(&target.query, &asked.user_agent), Protobuf::Unknown);
    }
    if resource.is("", "nodes") && target.subresource == "proxy" {
        let body = read(&parts.headers, body).await?;
        let passed = proxy::forward(server, &target.name, &parts, body).await?;
        return Ok(Answer::new(passed.status().as_u16(), Content::Passed(Box::new(passed))));
    }
    // Upstream routes HEAD for custom resources alone.
    if asked.method == "HEAD" && !resource.is_custom {
        return Err(Status::method_not_allowed());
    }
    let form = asked.form.clone()?;
    let content_type = header(&parts.headers, &CONTENT_TYPE);
    let body = read(&parts.headers, body).await?;
    let call = Call {
        server,
        resource,
        target,
        attributes: &attributes,
        form,
        content_type,
        user_agent: &asked.user_agent,
        body,
    };
    call.run()
}

async fn read(headers: &HeaderMap, mut body: impl RequestBody) -> Result<Bytes, Status> {
    let said = header(headers, &CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    if said.is_some_and(|length| length > LARGEST_READ) {
        return Err(Status::too_large());
    }
    // A client that is still sending would not hear the answer, so a body that is too large is read on for a while.
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|why| Status::bad_request(format!("the request's body ended early: {why}")))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= LARGEST_BODY {
            bytes.extend_from_slice(&data);
        } else if length > LARGEST_READ {
            break;
        }
    }
    if length > LARGEST_BODY { Err(Status::too_large()) } else { Ok(Bytes::from(bytes)) }
}

/// Paths that are no resources.
fn plain(server: &Server, method: &str, target: &Target, accept: Option<&str>) -> Result<Answer, Status> {
    if !matches!(method, "GET" | "HEAD") {
        return Err(Status::method_not_allowed());
    }
    let path = match target.path.as_str() {
        "/" => "/",
        path if path.ends_with("//") => path,
        path => path.strip_suffix('/').unwrap_or(path),
    };
    match path {
        "/healthz" | "/livez" | "/readyz" if target.query.has("verbose") => {
            Ok(Answer::text(&format!("[+]ping ok\n{} check passed\n", path.trim_start_matches('/'))))
        }
        "/metrics" => Ok(Answer::text("")),
        "/healthz" | "/livez" | "/readyz" | "/healthz/ping" | "/livez/ping" | "/readyz/ping" => {
            Ok(Answer::text("ok"))
        }
        "/" => Ok(Answer::plain(serde_json::json!({
            "paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
        }))),
        _ => match super::openapi::answer(server, path, accept) {
            Some(answer) => Ok(answer),
            None => {
                discovery::answer(server, path, accept).unwrap_or_else(|| Err(Status::no_such_resource()))
            }
        },
    }
}
