//! `manifests/verify.yaml`: a web server on every worker and a service in front of them, to see that pods,
//! services and node ports are reached from everywhere.

use serde_json::{Value, json};

use crate::version::KubernetesVersion;

const NAME: &str = "kboot-verify";

pub(super) fn objects(version: KubernetesVersion, image: &str) -> [Value; 2] {
    // apps/v1 came with 1.9, and extensions/v1beta1 went with 1.16.
    let api_version = if version.minor() >= 9 { "apps/v1" } else { "extensions/v1beta1" };
    let labels = json!({"app": NAME});
    [
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME, "namespace": "default", "labels": labels},
            "spec": {
                "type": "NodePort",
                "selector": labels,
                "ports": [{"name": "http", "port": 80, "targetPort": 80}],
            },
        }),
        json!({
            "apiVersion": api_version,
            "kind": "DaemonSet",
            "metadata": {"name": NAME, "namespace": "default", "labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "containers": [{
                            "name": "web",
                            "image": image,
                            "ports": [{"name": "http", "containerPort": 80}],
                            "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
                        }],
                    },
                },
            },
        }),
    ]
}
