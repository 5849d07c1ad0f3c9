//! What a request's method, path and query ask for (`apiserver/pkg/endpoints/request/requestinfo.go`).

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::attributes::{Attributes, User};
use super::status::Status;

/// What a request is about, before anybody asks whether there is such a thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// Of paths that are no resources, the method in lower case.
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) version: String,
    /// Empty for paths that are no resources.
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) query: Query,
    /// There is more in the path than a subresource.
    pub(crate) is_too_deep: bool,
}

/// The parameters of a query, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value, empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A boolean as Go's conversion reads it (`Convert_Slice_string_To_bool`): there and neither `false` nor `0`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.has(name) && !matches!(self.get(name), "false" | "0" | "False" | "FALSE" | "f" | "F")
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Status> {
        match self.get(name) {
            "" => Ok(None),
            // Below zero it is as if it were not there.
            text => text.parse::<i64>().map(|number| u64::try_from(number).ok()).map_err(|_| {
                Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
            }),
        }
    }
}

/// Subresources of namespaces that are not resources in a namespace of that name.
const OF_NAMESPACES: &[&str] = &["status", "finalize"];

impl Target {
    pub(crate) fn parse(method: &str, path: &str, query: &str) -> Result<Self, Status> {
        let query = Query::parse(query);
        let mut target =
            Self { verb: method.to_ascii_lowercase(), path: path.to_owned(), query, ..Self::default() };
        let segments: Vec<Cow<'_, str>> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8())
            .collect::<Result<_, _>>()
            .map_err(|_| Status::bad_request("the path is not UTF-8"))?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let rest = match segments.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => {
                target.version = (*version).to_owned();
                rest
            }
            ["apis", group, version, rest @ ..] if !rest.is_empty() => {
                target.group = (*group).to_owned();
                target.version = (*version).to_owned();
                rest
            }
            _ => return Ok(target),
        };
        let (is_legacy_watch, rest) = match rest {
            ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
            _ => (false, rest),
        };
        let rest = match rest {
            ["namespaces", name] => {
                (*name).clone_into(&mut target.namespace);
                rest
            }
            ["namespaces", name, after, ..] => {
                (*name).clone_into(&mut target.namespace);
                if OF_NAMESPACES.contains(after) { rest } else { rest.get(2..).unwrap_or_default() }
            }
            _ => rest,
        };
        if let [resource, rest @ ..] = rest {
            (*resource).clone_into(&mut target.resource);
            if let [name, rest @ ..] = rest {
                (*name).clone_into(&mut target.name);
                if let [subresource, rest @ ..] = rest {
                    (*subresource).clone_into(&mut target.subresource);
                    target.is_too_deep = !rest.is_empty();
                }
            }
        }
        target.verb = verb(method, &target, is_legacy_watch).to_owned();
        if target.name.is_empty() && matches!(target.verb.as_str(), "list" | "watch" | "deletecollection") {
            target.name = named(target.query.get("fieldSelector")).unwrap_or_default();
        }
        Ok(target)
    }

    /// What authorizers and admission judge.
    pub(crate) fn attributes(&self, user: Arc<User>) -> Attributes {
        Attributes {
            user,
            verb: self.verb.clone(),
            group: self.group.clone(),
            version: self.version.clone(),
            resource: self.resource.clone(),
            subresource: self.subresource.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            path: self.path.clone(),
            field_selector: self.query.get("fieldSelector").to_owned(),
        }
    }

    pub(crate) fn is_resource(&self) -> bool {
        !self.resource.is_empty()
    }
}

fn verb<'a>(method: &'a str, target: &Target, is_legacy_watch: bool) -> &'a str {
    let is_watch = is_legacy_watch || target.query.flag("watch");
    match method {
        "POST" => "create",
        "GET" | "HEAD" if is_legacy_watch || (target.name.is_empty() && is_watch) => "watch",
        "GET" | "HEAD" if target.name.is_empty() => "list",
        "GET" | "HEAD" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if target.name.is_empty() => "deletecollection",
        "DELETE" => "delete",
        _ => "",
    }
}

/// Whoever selects one object by its name asks for that one, so `resourceNames` in a role let it list and watch.
fn named(selector: &str) -> Option<String> {
    selector.split(',').find_map(|term| {
        let (field, value) = term.split_once('=')?;
        (field == "metadata.name" && !value.is_empty()).then(|| value.trim_start_matches('=').to_owned())
    })
}
