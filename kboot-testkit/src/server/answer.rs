//! What the server answers, in the form that the client asked for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WARNING};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::negotiate::{Encoding, Form, MetaVersion, Shape};
use super::resource::Resource;
use super::schema::{Schema, protobuf};
use super::status::Status;
use super::store::Stored;
use super::table::{self, Seen};

/// Pieces of a watch.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send>>;
pub(crate) type Body = Either<
    http_body_util::combinators::MapErr<Full<Bytes>, fn(Infallible) -> std::io::Error>,
    StreamBody<Pieces>,
>;

/// An answer before it has a form.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) content: Content,
    pub(crate) warnings: Vec<String>,
}

pub(crate) enum Content {
    /// An object of a resource.
    Object(Arc<Resource>, Arc<Value>),
    /// The same where its bytes are there already.
    Stored(Arc<Resource>, Arc<Stored>),
    List(List),
    /// What is no object of a resource: a status, discovery.
    Plain(Value),
    Text(String),
    Bytes(&'static str, Bytes),
    Stream(&'static str, Pieces),
    /// What somebody else answered.
    Passed(Box<Response<Body>>),
}

/// Objects of a resource at one version.
pub(crate) struct List {
    pub(crate) resource: Arc<Resource>,
    pub(crate) revision: u64,
    pub(crate) items: Vec<Arc<Stored>>,
    pub(crate) next: String,
    pub(crate) remaining: Option<usize>,
}

/// What shapes need besides the objects.
pub(crate) struct Look<'a> {
    pub(crate) schema: &'a Schema,
    /// What a table's row has besides its cells (`includeObject`).
    pub(crate) include: &'a str,
    pub(crate) seen: Seen,
}

impl Answer {
    pub(crate) fn new(code: u16, content: Content) -> Self {
        Self { code, content, warnings: Vec::new() }
    }

    pub(crate) fn plain(value: Value) -> Self {
        Self::new(200, Content::Plain(value))
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::new(200, Content::Text(text.to_owned()))
    }

    /// Over the wire.
    pub(crate) fn into_response(self, form: Form, look: &Look<'_>) -> Response<Body> {
        let warnings = self.warnings;
        let mut response = match self.content {
            Content::Stored(resource, stored) if is_as_stored(form, &resource, &stored.value) => {
                full(self.code, "application/json", stored.json())
            }
            Content::Stored(resource, stored) => {
                encoded(self.code, form, look.schema, &shaped(form, &resource, &stored.value, look))
            }
            Content::Object(resource, value) => {
                encoded(self.code, form, look.schema, &shaped(form, &resource, &value, look))
            }
            Content::List(list) => list.into_response(self.code, form, look),
            Content::Plain(value) => {
                encoded(self.code, Form { shape: Shape::Whole, ..form }, look.schema, &value)
            }
            Content::Text(text) => full(self.code, "text/plain; charset=utf-8", Bytes::from(text)),
            Content::Bytes(media_type, bytes) => full(self.code, media_type, bytes),
            Content::Stream(media_type, pieces) => {
                with_type(self.code, media_type, Either::Right(StreamBody::new(pieces)))
            }
            Content::Passed(response) => *response,
        };
        for warning in warnings {
            let text = warning.replace('\\', "\\\\").replace('"', "\\\"");
            if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{text}\"")) {
                response.headers_mut().append(WARNING, value);
            }
        }
        response
    }
}

/// A refusal over the wire. Tables and metadata are no forms of a status.
pub(crate) fn refusal(status: &Status, form: Form, schema: &Schema) -> Response<Body> {
    let mut response = encoded(status.code, Form { shape: Shape::Whole, ..form }, schema, &status.to_value());
    if let Some(seconds) = status.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status.code == 403 {
        // What a refusal repeats of the request is not to be taken for a page.
        let value = HeaderValue::from_static("nosniff");
        response.headers_mut().insert(http::header::X_CONTENT_TYPE_OPTIONS, value);
    }
    response
}

fn is_as_stored(form: Form, resource: &Resource, value: &Value) -> bool {
    form == Form::JSON && value["apiVersion"] == resource.api_version().as_str()
}

/// The object in the version that was asked for, whole or in part.
pub(crate) fn shaped(form: Form, resource: &Resource, value: &Value, look: &Look<'_>) -> Value {
    match form.shape {
        Shape::Whole => in_version(resource, value),
        Shape::Metadata(version) => partial(version, value),
        Shape::Table(version) => {
            let rows: Vec<_> = std::iter::once(value).collect();
            let metadata = json!({"resourceVersion": value["metadata"]["resourceVersion"]});
            table::table(version, resource, &rows, &metadata, look.include, &look.seen)
        }
    }
}

pub(crate) fn in_version(resource: &Resource, value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(object) = value.as_object_mut() {
        object.insert("apiVersion".to_owned(), resource.api_version().into());
        object.insert("kind".to_owned(), resource.kind.clone().into());
    }
    value
}

pub(crate) fn partial(version: MetaVersion, value: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": version.api_version(), "metadata": value["metadata"]})
}

impl List {
    fn into_response(self, code: u16, form: Form, look: &Look<'_>) -> Response<Body> {
        if form == Form::JSON {
            return full(code, "application/json", self.json());
        }
        let metadata = self.metadata();
        let values = || self.items.iter().map(|item| &*item.value);
        let value = match form.shape {
            Shape::Whole => json!({
                "kind": format!("{}List", self.resource.kind),
                "apiVersion": self.resource.api_version(),
                "metadata": metadata,
                "items": values().map(|value| in_version(&self.resource, value)).collect::<Vec<_>>(),
            }),
            Shape::Metadata(version) => json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": version.api_version(),
                "metadata": metadata,
                "items": values().map(|value| partial(version, value)).collect::<Vec<_>>(),
            }),
            Shape::Table(version) => table::table(
                version,
                &self.resource,
                &values().collect::<Vec<_>>(),
                &metadata,
                look.include,
                &look.seen,
            ),
        };
        encoded(code, form, look.schema, &value)
    }

    fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": self.revision.to_string()});
        if !self.next.is_empty() {
            metadata["continue"] = self.next.clone().into();
        }
        if let Some(remaining) = self.remaining {
            metadata["remainingItemCount"] = remaining.into();
        }
        metadata
    }

    /// Made of the objects' own bytes, so that thousands cost no more than copying them.
    fn json(&self) -> Bytes {
        let items: Vec<Bytes> = self.items.iter().map(|item| item.item_json(&self.resource)).collect();
        let length: usize = items.iter().map(|item| item.len() + 1).sum();
        let mut text = Vec::with_capacity(length + 256);
        let kind = Value::from(format!("{}List", self.resource.kind));
        let version = Value::from(self.resource.api_version());
        text.extend_from_slice(
            format!(r#"{{"kind":{kind},"apiVersion":{version},"metadata":{},"items":["#, self.metadata())
                .as_bytes(),
        );
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            text.extend_from_slice(item);
        }
        text.extend_from_slice(b"]}");
        Bytes::from(text)
    }
}

fn encoded(code: u16, form: Form, schema: &Schema, value: &Value) -> Response<Body> {
    match form.encoding {
        Encoding::Protobuf => match protobuf::encode(schema, value) {
            Some(bytes) => full(code, Encoding::Protobuf.media_type(), Bytes::from(bytes)),
            None => full(code, "application/json", Bytes::from(value.to_string())),
        },
        Encoding::Yaml => match serde_saphyr::to_string(value) {
            Ok(text) => full(code, "application/yaml", Bytes::from(text)),
            Err(_) => full(code, "application/json", Bytes::from(value.to_string())),
        },
        Encoding::Json if form.is_pretty => {
            full(code, "application/json", Bytes::from(format!("{value:#}\n")))
        }
        Encoding::Json => full(code, "application/json", Bytes::from(value.to_string())),
    }
}

/// Without a body.
pub(crate) fn empty(code: StatusCode) -> Response<Body> {
    full(code.as_u16(), "text/plain; charset=utf-8", Bytes::new())
}

fn full(code: u16, media_type: &'static str, bytes: Bytes) -> Response<Body> {
    let never: fn(Infallible) -> std::io::Error = |never| match never {};
    with_type(code, media_type, Either::Left(Full::new(bytes).map_err(never)))
}

fn with_type(code: u16, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    let no_cache = HeaderValue::from_static("no-cache, private");
    response.headers_mut().insert(http::header::CACHE_CONTROL, no_cache);
    response
}

/// Pieces of a stream that ends with the last one.
pub(crate) fn pieces(stream: impl Stream<Item = Bytes> + Send + 'static) -> Pieces {
    Box::pin(stream.map(|bytes| Ok(Frame::data(bytes))))
}
