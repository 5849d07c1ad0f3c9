//! A kubelet's Node and Lease (`pkg/kubelet/kubelet_node_status.go`, `component-helpers/apimachinery/lease`).

use serde_json::{Value, json};

use super::connection::{Api, is_code};
use super::settings::Settings;

const NODES: &str = "/api/v1/nodes";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const LEASE_SECONDS: u32 = 40;

/// Creates the Node, or takes over the one that is there; its UID, and whether it is new.
pub(super) async fn register(api: &Api, settings: &Settings) -> Result<(String, bool), kube::Error> {
    let uid = |object: &Value| object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    match api.create(NODES, node(settings).to_string()).await {
        Ok(object) => Ok((uid(&object), true)),
        Err(error) if is_code(&error, 409) => {
            let path = format!("{NODES}/{}", settings.name);
            let there = api.get(&path).await?;
            let labels = json!({"metadata": {"labels": labels(settings)}});
            let missing = labels["metadata"]["labels"].as_object().into_iter().flatten();
            if missing.into_iter().any(|(key, value)| there["metadata"]["labels"][key] != *value) {
                api.patch(&path, &labels).await?;
            }
            let mut status = status(settings);
            // A list with a merge key: without this, addresses that the node no longer has would stay.
            if let Some(addresses) = status["addresses"].as_array_mut() {
                addresses.push(json!({"$patch": "replace"}));
            }
            api.patch(&format!("{path}/status"), &json!({"status": status})).await?;
            Ok((uid(&there), false))
        }
        Err(error) => Err(error),
    }
}

/// Says in the Node's status that it is still there.
pub(super) async fn heartbeat(api: &Api, settings: &Settings) -> Result<(), kube::Error> {
    let now = settings.clock.rfc3339();
    let conditions: Vec<Value> =
        CONDITIONS.into_iter().map(|(kind, ..)| json!({"type": kind, "lastHeartbeatTime": now})).collect();
    let path = format!("{NODES}/{}/status", settings.name);
    api.patch(&path, &json!({"status": {"conditions": conditions}})).await.map(drop)
}

/// Creates the Lease where it is missing, or makes the one that is there its own; as it is now.
pub(super) async fn lease(api: &Api, settings: &Settings, node_uid: &str) -> Result<Value, kube::Error> {
    let path = format!("{LEASES}/{}", settings.name);
    match api.get(&path).await {
        Ok(there) => renew(api, settings, there).await,
        Err(error) if is_code(&error, 404) => {
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {
                    "name": settings.name.as_str(),
                    "namespace": "kube-node-lease",
                    "ownerReferences": [
                        {"apiVersion": "v1", "kind": "Node", "name": settings.name.as_str(), "uid": node_uid},
                    ],
                },
                "spec": {
                    "holderIdentity": settings.name.as_str(),
                    "leaseDurationSeconds": LEASE_SECONDS,
                    "renewTime": micro_time(settings),
                },
            });
            api.create(LEASES, lease.to_string()).await
        }
        Err(error) => Err(error),
    }
}

/// Renews a Lease; as it is now.
pub(super) async fn renew(api: &Api, settings: &Settings, mut lease: Value) -> Result<Value, kube::Error> {
    lease["spec"]["holderIdentity"] = settings.name.as_str().into();
    lease["spec"]["leaseDurationSeconds"] = LEASE_SECONDS.into();
    lease["spec"]["renewTime"] = micro_time(settings).into();
    api.update(&format!("{LEASES}/{}", settings.name), &lease).await
}

/// `metav1.MicroTime`, of a clock of whole seconds.
fn micro_time(settings: &Settings) -> String {
    settings.clock.rfc3339().replace('Z', ".000000Z")
}

fn node(settings: &Settings) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": settings.name.as_str(),
            "labels": labels(settings),
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": {},
        "status": status(settings),
    })
}

fn labels(settings: &Settings) -> Value {
    let mut labels = json!({
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": settings.name.as_str(),
        "kubernetes.io/os": "linux",
    });
    for (key, value) in &settings.labels {
        labels[key.as_str()] = value.as_str().into();
    }
    labels
}

/// The conditions of a kubelet: type, status, reason, message.
const CONDITIONS: [(&str, &str, &str, &str); 4] = [
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

fn status(settings: &Settings) -> Value {
    let now = settings.clock.rfc3339();
    let address = |kind: &str, address: String| json!({"type": kind, "address": address});
    let ips = settings.addresses.iter().map(|ip| address("InternalIP", ip.to_string()));
    let hostname = [address("Hostname", settings.name.to_string())];
    let names = settings.dns_names.iter().map(|name| address("InternalDNS", name.clone()));
    let addresses: Vec<Value> = ips.chain(hostname).chain(names).collect();
    let conditions: Vec<Value> = CONDITIONS
        .into_iter()
        .map(|(kind, status, reason, message)| {
            json!({
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            })
        })
        .collect();
    let mut capacity = json!({"cpu": "4", "memory": "8Gi", "ephemeral-storage": "40Gi", "pods": "110"});
    for (resource, quantity) in &settings.capacity {
        capacity[resource.as_str()] = quantity.as_str().into();
    }
    let version = settings.version.to_string();
    // Ids that are of the shape of a machine's and the same in each run.
    let id = format!("{:016x}{:016x}", settings.seed, settings.seed.rotate_left(32));
    json!({
        "addresses": addresses,
        "allocatable": capacity,
        "capacity": capacity,
        "conditions": conditions,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": id,
            "containerRuntimeVersion": "virtual://1.0.0",
            "kernelVersion": "6.1.0-virtual",
            "kubeProxyVersion": if settings.version.minor() >= 33 { "" } else { version.as_str() },
            "kubeletVersion": version,
            "machineID": id,
            "operatingSystem": "linux",
            "osImage": "virtual kubelet of kboot-testkit",
            "systemUUID": id,
        },
    })
}
