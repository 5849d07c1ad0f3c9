//! What the server has: `/api`, `/apis`, `/version` and below (`apiserver/pkg/endpoints/discovery`).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Server;
use super::answer::Answer;
use super::negotiate::media_type;
use super::resource::Resource;
use super::status::Status;

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The answer for a path of discovery; `None` where it is none.
pub(crate) fn answer(server: &Server, path: &str, accept: Option<&str>) -> Option<Result<Answer, Status>> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let resources = server.registry.list(&server.store);
    let aggregated = accept.and_then(|accept| aggregated(accept, server.minor));
    let answer = match segments.as_slice() {
        ["version"] => Answer::plain(version(server)),
        ["api"] => match aggregated {
            Some(version) => all(version, resources.iter().filter(|resource| resource.group.is_empty())),
            None => Answer::plain(json!({
                "kind": "APIVersions",
                "versions": ["v1"],
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server.port.address.to_string()}],
            })),
        },
        ["apis"] => match aggregated {
            Some(version) => all(version, resources.iter().filter(|resource| !resource.group.is_empty())),
            None => Answer::plain(json!({
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": groups(&resources).iter().map(|group| group_object(&resources, group)).collect::<Vec<_>>(),
            })),
        },
        ["apis", group] => {
            if !groups(&resources).iter().any(|known| known == group) {
                return Some(Err(Status::no_such_resource()));
            }
            let mut object = group_object(&resources, group);
            object["kind"] = "APIGroup".into();
            object["apiVersion"] = "v1".into();
            Answer::plain(object)
        }
        ["api", version] => return Some(resource_list(&resources, "", version, server.minor)),
        ["apis", group, version] => return Some(resource_list(&resources, group, version, server.minor)),
        _ => return None,
    };
    Some(Ok(answer))
}

fn version(server: &Server) -> Value {
    json!({
        "major": "1",
        "minor": server.minor.to_string(),
        "gitVersion": server.git_version(),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "kboot-testkit",
        "platform": "linux/amd64",
    })
}

/// The groups but the core one, in the order in which they come.
fn groups(resources: &[Arc<Resource>]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for resource in resources.iter().filter(|resource| !resource.group.is_empty()) {
        if !groups.contains(&resource.group) {
            groups.push(resource.group.clone());
        }
    }
    groups
}

fn versions(resources: &[Arc<Resource>], group: &str) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    for resource in resources.iter().filter(|resource| resource.group == group) {
        if !versions.contains(&resource.version) {
            versions.push(resource.version.clone());
        }
    }
    versions
}

fn group_object(resources: &[Arc<Resource>], group: &str) -> Value {
    let versions = versions(resources, group).into_iter();
    let versions: Vec<_> = versions
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

fn resource_list(
    resources: &[Arc<Resource>],
    group: &str,
    version: &str,
    minor: u32,
) -> Result<Answer, Status> {
    let of_version: Vec<_> =
        resources.iter().filter(|resource| resource.group == group && resource.version == version).collect();
    let Some(first) = of_version.first() else { return Err(Status::no_such_resource()) };
    let mut list = Vec::new();
    for resource in &of_version {
        let mut entry = json!({
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": verbs(resource),
        });
        if !resource.is_review {
            entry["storageVersionHash"] = storage_version_hash(resource).into();
        }
        if !resource.short_names.is_empty() {
            entry["shortNames"] = json!(resource.short_names);
        }
        if !resource.categories.is_empty() {
            entry["categories"] = json!(resource.categories);
        }
        list.push(entry);
        for subresource in &resource.subresources {
            let (kind, verbs) = of_subresource(resource, subresource);
            let mut entry = json!({
                "name": format!("{}/{subresource}", resource.plural),
                "singularName": "",
                "namespaced": resource.namespaced,
                "kind": kind,
                "verbs": verbs,
            });
            // kube-controller-manager asks for tokens only where it finds this group.
            if let Some((group, version)) = of_another_group(kind, minor) {
                entry["group"] = group.into();
                entry["version"] = version.into();
            }
            list.push(entry);
        }
    }
    Ok(Answer::plain(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": first.api_version(),
        "resources": list,
    })))
}

/// `apiserver/pkg/endpoints/discovery/storageversionhash.go`.
fn storage_version_hash(resource: &Resource) -> String {
    let text = format!("{}/{}/{}", resource.group, resource.version, resource.kind);
    STANDARD.encode(digest(&SHA256, text.as_bytes()).as_ref().get(..8).unwrap_or_default())
}

fn verbs(resource: &Resource) -> &'static [&'static str] {
    match resource {
        _ if resource.is_review => &["create"],
        _ if resource.is("", "namespaces") => {
            &["create", "delete", "get", "list", "patch", "update", "watch"]
        }
        _ => &VERBS,
    }
}

fn of_subresource<'a>(resource: &'a Resource, subresource: &str) -> (&'a str, &'static [&'static str]) {
    match subresource {
        "token" => ("TokenRequest", &["create"]),
        "finalize" => (&resource.kind, &["update"]),
        "eviction" => ("Eviction", &["create"]),
        "binding" => ("Binding", &["create"]),
        "scale" => ("Scale", &["get", "patch", "update"]),
        "log" => (&resource.kind, &["get"]),
        _ => (&resource.kind, &["get", "patch", "update"]),
    }
}

/// The group and version of a subresource's kind that is not of its resource's group.
fn of_another_group(kind: &str, minor: u32) -> Option<(&'static str, &'static str)> {
    match kind {
        "TokenRequest" => Some(("authentication.k8s.io", "v1")),
        "Eviction" => Some(("policy", if minor >= 22 { "v1" } else { "v1beta1" })),
        "Scale" => Some(("autoscaling", "v1")),
        _ => None,
    }
}

/// `AggregatedDiscoveryEndpoint` is on from 1.27 on, and v2 is there from 1.30 on.
const OLDEST_AGGREGATED: u32 = 27;
const OLDEST_V2: u32 = 30;

/// The version of `apidiscovery.k8s.io` that a client takes (`g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`).
fn aggregated(accept: &str, minor: u32) -> Option<&'static str> {
    let known = match minor {
        ..OLDEST_AGGREGATED => &[][..],
        OLDEST_AGGREGATED..OLDEST_V2 => &["v2beta1"],
        _ => &["v2", "v2beta1"],
    };
    accept.split(',').find_map(|clause| {
        let (name, parameters) = media_type(clause);
        let has = |key: &str, value: &str| parameters.contains(&(key, value));
        if name != "application/json"
            || !has("g", "apidiscovery.k8s.io")
            || !has("as", "APIGroupDiscoveryList")
        {
            return None;
        }
        known.iter().copied().find(|version| has("v", version))
    })
}

/// All groups with all of their resources in one answer (KEP 3352).
fn all<'a>(version: &'static str, resources: impl Iterator<Item = &'a Arc<Resource>>) -> Answer {
    let resources: Vec<_> = resources.cloned().collect();
    let mut names: Vec<String> = groups(&resources);
    if names.is_empty() {
        names.push(String::new());
    }
    let items: Vec<_> = names
        .iter()
        .map(|group| {
            let versions: Vec<_> = versions(&resources, group)
                .into_iter()
                .map(|version| {
                    let of_version = resources
                        .iter()
                        .filter(|resource| &resource.group == group && resource.version == version);
                    let list: Vec<_> = of_version.map(|resource| aggregated_resource(resource)).collect();
                    json!({"version": version, "freshness": "Current", "resources": list})
                })
                .collect();
            json!({"metadata": {"name": group, "creationTimestamp": null}, "versions": versions})
        })
        .collect();
    let object = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    });
    let media_type = match version {
        "v2" => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        _ => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
    };
    Answer::new(200, super::answer::Content::Bytes(media_type, object.to_string().into()))
}

fn aggregated_resource(resource: &Resource) -> Value {
    let kind = |kind: &str| {
        let (group, version) =
            of_another_group(kind, OLDEST_AGGREGATED).unwrap_or((&resource.group, &resource.version));
        json!({"group": group, "version": version, "kind": kind})
    };
    let subresources: Vec<_> = resource
        .subresources
        .iter()
        .map(|subresource| {
            let (of, verbs) = of_subresource(resource, subresource);
            json!({"subresource": subresource, "responseKind": kind(of), "verbs": verbs})
        })
        .collect();
    let mut entry = json!({
        "resource": resource.plural,
        "responseKind": kind(&resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": verbs(resource),
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        entry["categories"] = json!(resource.categories);
    }
    if !subresources.is_empty() {
        entry["subresources"] = subresources.into();
    }
    entry
}
