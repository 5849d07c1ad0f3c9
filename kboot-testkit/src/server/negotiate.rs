//! In which form a client sends and wants its objects (`apiserver/pkg/endpoints/handlers/negotiation`).

use super::status::Status;

/// A form that objects are sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Yaml,
    Protobuf,
}

/// What a client is to get of an object or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    /// `PartialObjectMetadata`, of this version of `meta.k8s.io`.
    Metadata(MetaVersion),
    Table(MetaVersion),
}

/// A version of `meta.k8s.io`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetaVersion {
    V1,
    V1beta1,
}

impl MetaVersion {
    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "meta.k8s.io/v1",
            Self::V1beta1 => "meta.k8s.io/v1beta1",
        }
    }
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) encoding: Encoding,
    pub(crate) shape: Shape,
    /// Indented, for people.
    pub(crate) is_pretty: bool,
}

impl Form {
    pub(crate) const JSON: Self = Self { encoding: Encoding::Json, shape: Shape::Whole, is_pretty: false };
}

pub(crate) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const ACCEPTED: &[&str] = &["application/json", "application/yaml", PROTOBUF];

impl Encoding {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => PROTOBUF,
        }
    }

    fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json" | "*/*" | "application/*" => Some(Self::Json),
            "application/yaml" => Some(Self::Yaml),
            PROTOBUF => Some(Self::Protobuf),
            _ => None,
        }
    }
}

/// A media type without its parameters, and those.
pub(crate) fn media_type(text: &str) -> (String, Vec<(&str, &str)>) {
    let mut parts = text.split(';');
    let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let parameters = parts.filter_map(|part| part.trim().split_once('='));
    (name, parameters.map(|(key, value)| (key.trim(), value.trim().trim_matches('"'))).collect())
}

/// Whether objects can be written in protobuf: those of custom resources cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protobuf {
    Known,
    Unknown,
}

/// The first form of an `Accept` header that the server has, by weight.
pub(crate) fn accepted(header: Option<&str>, is_pretty: bool, protobuf: Protobuf) -> Result<Form, Status> {
    let json = Form { is_pretty, ..Form::JSON };
    let Some(header) = header.filter(|text| !text.trim().is_empty()) else { return Ok(json) };
    let mut clauses: Vec<(f32, Form)> = header
        .split(',')
        .filter_map(|clause| form(clause, is_pretty))
        .filter(|(_, form)| protobuf == Protobuf::Known || form.encoding != Encoding::Protobuf)
        .collect();
    clauses.sort_by(|a, b| b.0.total_cmp(&a.0));
    clauses.first().map(|(_, form)| *form).ok_or_else(|| Status::not_acceptable(ACCEPTED))
}

fn form(clause: &str, is_pretty: bool) -> Option<(f32, Form)> {
    let (name, parameters) = media_type(clause);
    let encoding = Encoding::of(&name)?;
    let parameter = |name: &str| parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let weight = parameter("q").and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let shape = match parameter("as") {
        None => Shape::Whole,
        Some(kind) => {
            let version = match (parameter("g"), parameter("v")) {
                (Some("meta.k8s.io"), Some("v1")) => MetaVersion::V1,
                (Some("meta.k8s.io"), Some("v1beta1")) => MetaVersion::V1beta1,
                _ => return None,
            };
            match kind {
                "Table" => Shape::Table(version),
                "PartialObjectMetadata" | "PartialObjectMetadataList" => Shape::Metadata(version),
                _ => return None,
            }
        }
    };
    Some((weight, Form { encoding, shape, is_pretty }))
}

/// What a body is encoded in; without a word JSON.
pub(crate) fn sent(content_type: Option<&str>) -> Result<Encoding, Status> {
    let Some(text) = content_type.filter(|text| !text.trim().is_empty()) else { return Ok(Encoding::Json) };
    let (name, _) = media_type(text);
    match Encoding::of(&name) {
        Some(encoding) if !name.contains('*') => Ok(encoding),
        _ => Err(Status::unsupported_media_type(ACCEPTED)),
    }
}
