//! What `kubectl get` shows: tables (`pkg/printers/internalversion/printers.go`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::negotiate::MetaVersion;
use super::resource::Resource;

/// Objects as rows. `include` is what a row has besides its cells: `None`, `Metadata` or `Object`.
pub(crate) fn table(
    version: MetaVersion,
    resource: &Resource,
    items: &[&Value],
    metadata: &Value,
    include: &str,
    seen: &Seen,
) -> Value {
    let columns = columns(resource, seen.minor);
    let row = |item: &&Value| {
        let object = match include {
            "None" => Value::Null,
            "Object" => super::answer::in_version(resource, item),
            _ => super::answer::partial(version, item),
        };
        let cells: Vec<_> = columns.iter().map(|column| (column.cell)(item, seen)).collect();
        json!({"cells": cells, "object": object})
    };
    let definition = |column: &Column| {
        let format = if column.name == "Name" { "name" } else { "" };
        let kind = if column.is_number { "integer" } else { "string" };
        json!({
            "name": column.name,
            "type": kind,
            "format": format,
            "description": "",
            "priority": if column.is_wide { 1 } else { 0 },
        })
    };
    json!({
        "kind": "Table",
        "apiVersion": version.api_version(),
        "metadata": metadata,
        "columnDefinitions": columns.iter().map(definition).collect::<Vec<_>>(),
        "rows": items.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Who looks, and when: ages are counted from here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) now: OffsetDateTime,
    pub(crate) minor: u32,
}

type Cell = fn(&Value, &Seen) -> Value;

struct Column {
    name: &'static str,
    cell: Cell,
    is_wide: bool,
    is_number: bool,
}

const fn column(name: &'static str, cell: Cell) -> Column {
    Column { name, cell, is_wide: false, is_number: false }
}

const fn wide(name: &'static str, cell: Cell) -> Column {
    Column { name, cell, is_wide: true, is_number: false }
}

const fn number(name: &'static str, cell: Cell) -> Column {
    Column { name, cell, is_wide: false, is_number: true }
}

const NAME: Column = column("Name", |object, _| object["metadata"]["name"].clone());
const AGE: Column = column("Age", |object, seen| age(&object["metadata"]["creationTimestamp"], seen).into());
const CREATED: Column = column("Created At", |object, _| object["metadata"]["creationTimestamp"].clone());

fn columns(resource: &Resource, minor: u32) -> Vec<Column> {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "nodes") => vec![
            NAME,
            column("Status", |node, _| node_status(node).into()),
            column("Roles", |node, _| node_roles(node).into()),
            AGE,
            column("Version", |node, _| node["status"]["nodeInfo"]["kubeletVersion"].clone()),
            wide("Internal-IP", |node, _| address(node, "InternalIP").into()),
            wide("External-IP", |node, _| address(node, "ExternalIP").into()),
            wide("OS-Image", |node, _| known(&node["status"]["nodeInfo"]["osImage"])),
            wide("Kernel-Version", |node, _| known(&node["status"]["nodeInfo"]["kernelVersion"])),
            wide("Container-Runtime", |node, _| {
                known(&node["status"]["nodeInfo"]["containerRuntimeVersion"])
            }),
        ],
        ("certificates.k8s.io", "certificatesigningrequests") => {
            let mut columns = vec![
                NAME,
                AGE,
                column("SignerName", |request, _| or_none(&request["spec"]["signerName"])),
                column("Requestor", |request, _| request["spec"]["username"].clone()),
            ];
            if minor >= 22 {
                columns.push(column("RequestedDuration", |request, _| {
                    duration(&request["spec"]["expirationSeconds"])
                }));
            }
            columns.push(column("Condition", |request, _| request_condition(request).into()));
            columns
        }
        ("", "secrets") => vec![
            NAME,
            column("Type", |secret, _| secret["type"].clone()),
            number("Data", |secret, _| size(&[&secret["data"]]).into()),
            AGE,
        ],
        ("", "configmaps") => {
            vec![NAME, number("Data", |map, _| size(&[&map["data"], &map["binaryData"]]).into()), AGE]
        }
        ("", "serviceaccounts") => vec![
            NAME,
            number("Secrets", |account, _| account["secrets"].as_array().map_or(0, Vec::len).into()),
            AGE,
        ],
        ("", "namespaces") => {
            vec![NAME, column("Status", |namespace, _| namespace["status"]["phase"].clone()), AGE]
        }
        ("", "events") => vec![
            column("Last Seen", |event, seen| last_seen(event, seen).into()),
            column("Type", |event, _| event["type"].clone()),
            column("Reason", |event, _| event["reason"].clone()),
            column("Object", |event, _| involved(event).into()),
            wide("Subobject", |event, _| event["involvedObject"]["fieldPath"].clone()),
            wide("Source", |event, _| source(event).into()),
            column("Message", |event, _| event["message"].as_str().unwrap_or_default().trim().into()),
            wide("First Seen", |event, seen| age(&event["firstTimestamp"], seen).into()),
            wide("Count", |event, _| event["count"].as_i64().unwrap_or(1).to_string().into()),
            wide("Name", |event, _| event["metadata"]["name"].clone()),
        ],
        ("coordination.k8s.io", "leases") => {
            vec![
                NAME,
                column("Holder", |lease, _| {
                    lease["spec"]["holderIdentity"].as_str().unwrap_or_default().into()
                }),
                AGE,
            ]
        }
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") => vec![NAME, CREATED],
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => vec![
            NAME,
            column("Role", |binding, _| role(binding).into()),
            AGE,
            wide("Users", |binding, _| subjects(binding, "User").into()),
            wide("Groups", |binding, _| subjects(binding, "Group").into()),
            wide("ServiceAccounts", |binding, _| subjects(binding, "ServiceAccount").into()),
        ],
        ("", "pods") => vec![
            NAME,
            column("Ready", |pod, _| ready_containers(pod).into()),
            column("Status", |pod, _| pod["status"]["phase"].clone()),
            column("Restarts", |_, _| "0".into()),
            AGE,
            wide("IP", |pod, _| or_none(&pod["status"]["podIP"])),
            wide("Node", |pod, _| or_none(&pod["spec"]["nodeName"])),
        ],
        ("certificates.k8s.io", "clustertrustbundles") => {
            vec![NAME, column("SignerName", |bundle, _| or_none(&bundle["spec"]["signerName"]))]
        }
        ("certificates.k8s.io", "podcertificaterequests") => vec![
            NAME,
            column("PodName", |request, _| request["spec"]["podName"].clone()),
            column("ServiceAccountName", |request, _| request["spec"]["serviceAccountName"].clone()),
            column("NodeName", |request, _| request["spec"]["nodeName"].clone()),
            column("SignerName", |request, _| request["spec"]["signerName"].clone()),
            column("State", |request, _| first_condition(request).into()),
        ],
        _ if resource.is_custom => vec![NAME, AGE],
        _ => vec![NAME, CREATED],
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn known(value: &Value) -> Value {
    if text(value).is_empty() { "<unknown>".into() } else { value.clone() }
}

fn or_none(value: &Value) -> Value {
    if text(value).is_empty() { "<none>".into() } else { value.clone() }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn size(maps: &[&Value]) -> usize {
    maps.iter().filter_map(|map| map.as_object()).map(serde_json::Map::len).sum()
}

fn node_status(node: &Value) -> String {
    let ready = items(&node["status"]["conditions"]).find(|condition| condition["type"] == "Ready");
    let mut status = match ready {
        Some(condition) if condition["status"] == "True" => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if node["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    status
}

fn node_roles(node: &Value) -> String {
    let labels = node["metadata"]["labels"].as_object();
    let mut roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) if !role.is_empty() => Some(role),
            _ if key == "kubernetes.io/role" && !text(value).is_empty() => Some(text(value)),
            _ => None,
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
}

fn address(node: &Value, kind: &str) -> String {
    let address = items(&node["status"]["addresses"]).find(|address| address["type"] == kind);
    address.map_or_else(|| "<none>".to_owned(), |address| text(&address["address"]).to_owned())
}

/// Approved, denied, failed, issued, in the order of the conditions (`extractCSRStatus`).
fn request_condition(request: &Value) -> String {
    let has = |kind: &str| items(&request["status"]["conditions"]).any(|condition| condition["type"] == kind);
    let mut status = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied",
        (_, true) => "Approved",
        _ => "Pending",
    }
    .to_owned();
    if has("Failed") {
        status.push_str(",Failed");
    }
    let certificate = STANDARD.decode(text(&request["status"]["certificate"])).unwrap_or_default();
    if !certificate.is_empty() {
        status.push_str(",Issued");
    }
    status
}

fn first_condition(request: &Value) -> String {
    let condition = items(&request["status"]["conditions"]).next();
    condition.map_or_else(|| "Pending".to_owned(), |condition| text(&condition["type"]).to_owned())
}

fn role(binding: &Value) -> String {
    format!("{}/{}", text(&binding["roleRef"]["kind"]), text(&binding["roleRef"]["name"]))
}

fn subjects(binding: &Value, kind: &str) -> String {
    let of_kind = items(&binding["subjects"]).filter(|subject| subject["kind"] == kind);
    let name = |subject: &Value| match kind {
        "ServiceAccount" => format!("{}/{}", text(&subject["namespace"]), text(&subject["name"])),
        _ => text(&subject["name"]).to_owned(),
    };
    of_kind.map(name).collect::<Vec<_>>().join(", ")
}

fn ready_containers(pod: &Value) -> String {
    let ready = items(&pod["status"]["containerStatuses"]).filter(|status| status["ready"] == true).count();
    format!("{ready}/{}", items(&pod["spec"]["containers"]).count())
}

fn involved(event: &Value) -> String {
    let object = &event["involvedObject"];
    format!("{}/{}", text(&object["kind"]).to_lowercase(), text(&object["name"]))
}

fn source(event: &Value) -> String {
    let (component, host) = (text(&event["source"]["component"]), text(&event["source"]["host"]));
    let component = if component.is_empty() { text(&event["reportingComponent"]) } else { component };
    if host.is_empty() { component.to_owned() } else { format!("{component}, {host}") }
}

fn last_seen(event: &Value, seen: &Seen) -> String {
    let fields = [
        &event["series"]["lastObservedTime"],
        &event["lastTimestamp"],
        &event["eventTime"],
        &event["firstTimestamp"],
    ];
    fields.iter().find(|time| time.is_string()).map_or_else(|| "<unknown>".to_owned(), |time| age(time, seen))
}

fn duration(seconds: &Value) -> Value {
    seconds.as_i64().map_or_else(|| "<none>".into(), |seconds| human(seconds).into())
}

fn age(time: &Value, seen: &Seen) -> String {
    let time = OffsetDateTime::parse(text(time), &Rfc3339);
    time.map_or_else(|_| "<unknown>".to_owned(), |time| human((seen.now - time).whole_seconds()))
}

/// A span in two units at most (`apimachinery/pkg/util/duration`, `HumanDuration`).
fn human(seconds: i64) -> String {
    let two = |large: i64, large_unit: char, small: i64, small_unit: char| match small {
        0 => format!("{large}{large_unit}"),
        _ => format!("{large}{large_unit}{small}{small_unit}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn spans_are_said_as_kubectl_says_them() {
        let spans = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (121, "2m1s"),
            (3600, "60m"),
            (10_800, "3h"),
            (90_000, "25h"),
        ];
        for (seconds, said) in spans {
            assert_eq!(human(seconds), said);
        }
        assert_eq!(
            [human(-2), human(172_800), human(86_400 * 400)],
            ["<invalid>", "2d", "400d"].map(str::to_owned)
        );
    }
}
