//! What leads from an object to a node (`plugin/pkg/auth/authorizer/node/graph.go`). Upstream keeps a graph up to
//! date; here the objects are asked each time.

use serde_json::Value;

use super::rule::{at, items, text};
use crate::server::attributes::Objects;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Secret,
    ConfigMap,
    Claim,
    Volume,
    Attachment,
    ServiceAccount,
    Pod,
    ResourceClaim,
    ResourceSlice,
    PodCertificateRequest,
}

/// The objects that say where they lead to, as of a version.
struct Graph<'a> {
    node: &'a str,
    objects: &'a dyn Objects,
    minor: u32,
}

pub(super) fn reaches(
    node: &str,
    target: Target,
    namespace: &str,
    name: &str,
    objects: &dyn Objects,
    minor: u32,
) -> bool {
    let graph = Graph { node, objects, minor };
    match target {
        Target::Secret => {
            graph.any_pod(namespace, |pod| graph.uses(pod, name, SECRET))
                || graph.any_volume(|volume| graph.volume_needs(volume, namespace, name))
        }
        Target::ConfigMap => {
            graph.any_pod(namespace, |pod| graph.uses(pod, name, CONFIG_MAP))
                || graph.is_configured_by(namespace, name)
        }
        Target::Claim => graph.claims(namespace, name),
        Target::Volume => {
            objects.get("", "persistentvolumes", "", name).is_some_and(|volume| graph.mounts(&volume))
        }
        Target::ServiceAccount => {
            graph.any_pod(namespace, |pod| text(pod, &["spec", "serviceAccountName"]) == name)
        }
        Target::ResourceClaim => graph.any_pod(namespace, |pod| has_resource_claim(pod, name)),
        Target::Pod => graph.is_on_node("", "pods", namespace, name),
        Target::Attachment => graph.is_on_node("storage.k8s.io", "volumeattachments", "", name),
        Target::ResourceSlice => graph.is_on_node("resource.k8s.io", "resourceslices", "", name),
        Target::PodCertificateRequest => {
            graph.is_on_node("certificates.k8s.io", "podcertificaterequests", namespace, name)
        }
    }
}

impl Graph<'_> {
    fn is_on_node(&self, group: &str, resource: &str, namespace: &str, name: &str) -> bool {
        let found = self.objects.get(group, resource, namespace, name);
        found.is_some_and(|object| text(&object, &["spec", "nodeName"]) == self.node)
    }

    /// A mirror pod leads to nothing: the kubelet made it, and would give itself what it names.
    fn any_pod(&self, namespace: &str, wanted: impl Fn(&Value) -> bool) -> bool {
        let is_own = |pod: &Value| text(pod, &["spec", "nodeName"]) == self.node;
        let is_mirror = |pod| at(pod, &["metadata", "annotations", "kubernetes.io/config.mirror"]).is_some();
        let pods = self.objects.list("", "pods", namespace);
        pods.iter().any(|pod| is_own(pod) && !is_mirror(pod) && wanted(pod))
    }

    fn uses(&self, pod: &Value, name: &str, places: &Places) -> bool {
        visit(pod, places, self.minor, &|object, path| text(object, path) == name)
    }

    fn any_volume(&self, wanted: impl Fn(&Value) -> bool) -> bool {
        self.objects.list("", "persistentvolumes", "").iter().any(|volume| wanted(volume))
    }

    /// `Node.spec.configSource`, which 1.22 turned off.
    fn is_configured_by(&self, namespace: &str, name: &str) -> bool {
        self.minor < 22
            && self.objects.get("", "nodes", "", self.node).is_some_and(|node| {
                let source = |field| text(&node, &["spec", "configSource", "configMap", field]);
                source("namespace") == namespace && source("name") == name
            })
    }

    fn claims(&self, namespace: &str, name: &str) -> bool {
        self.any_pod(namespace, |pod| {
            items(pod, &["spec", "volumes"]).iter().any(|volume| {
                let claim = text(volume, &["persistentVolumeClaim", "claimName"]);
                if !claim.is_empty() {
                    return claim == name;
                }
                // A claim that is made for the pod has its name and the volume's.
                let own = [text(pod, &["metadata", "name"]), text(volume, &["name"])];
                self.minor >= 21
                    && volume.get("ephemeral").is_some_and(Value::is_object)
                    && own.join("-") == name
            })
        })
    }

    fn mounts(&self, volume: &Value) -> bool {
        let claim = |field| text(volume, &["spec", "claimRef", field]);
        !claim("name").is_empty() && self.claims(claim("namespace"), claim("name"))
    }

    /// The kubelet mounts the volume with the secret (`VisitPVSecretNames`). Secrets of controllers do not count.
    fn volume_needs(&self, volume: &Value, namespace: &str, name: &str) -> bool {
        let spec = &volume["spec"];
        let claim_namespace = text(spec, &["claimRef", "namespace"]);
        let or_claims = |own| if str::is_empty(own) { claim_namespace } else { own };
        let is =
            |own_namespace: &str, own: &str| !own.is_empty() && own == name && own_namespace == namespace;
        let by_azure = is(
            or_claims(text(spec, &["azureFile", "secretNamespace"])),
            text(spec, &["azureFile", "secretName"]),
        );
        let by_source =
            ["cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos"].iter().any(|source| {
                let own = text(spec, &[source, "secretRef", "namespace"]);
                let own = if matches!(*source, "cinder" | "storageos") { own } else { or_claims(own) };
                is(own, text(spec, &[source, "secretRef", "name"]))
            });
        let by_driver =
            ["nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"].iter().any(|secret| {
                let own = |field| text(spec, &["csi", secret, field]);
                (*secret != "nodeExpandSecretRef" || self.minor >= 25) && is(own("namespace"), own("name"))
            });
        (by_azure || by_source || by_driver) && self.mounts(volume)
    }
}

/// Whether a pod names a Secret anywhere.
pub(crate) fn names_a_secret(pod: &Value, minor: u32) -> bool {
    visit(pod, SECRET, minor, &|object, path| at(object, path).is_some())
}

/// Whether one of the places where a pod names what it uses is the right one (`VisitPodSecretNames`,
/// `VisitPodConfigmapNames`).
fn visit(pod: &Value, places: &Places, minor: u32, is: &dyn Fn(&Value, &[&str]) -> bool) -> bool {
    let spec = &pod["spec"];
    let pulls = places.pulls && items(spec, &["imagePullSecrets"]).iter().any(|secret| is(secret, &["name"]));
    // Ephemeral containers came with 1.23.
    let kinds: &[_] = if minor < 23 {
        &["initContainers", "containers"]
    } else {
        &["initContainers", "containers", "ephemeralContainers"]
    };
    let in_container = |container: &Value| {
        items(container, &["envFrom"]).iter().any(|source| is(source, &[places.from, "name"]))
            || items(container, &["env"]).iter().any(|env| is(env, &["valueFrom", places.key, "name"]))
    };
    let in_volume = |volume: &Value| {
        places.volumes.iter().any(|path| is(volume, path))
            || items(volume, &["projected", "sources"])
                .iter()
                .any(|source| is(source, &[places.projected, "name"]))
    };
    pulls
        || kinds.iter().any(|kind| items(spec, &[kind]).iter().any(in_container))
        || items(spec, &["volumes"]).iter().any(in_volume)
}

/// Where a pod names its secrets or config maps.
struct Places {
    pulls: bool,
    from: &'static str,
    key: &'static str,
    projected: &'static str,
    volumes: &'static [&'static [&'static str]],
}

const SECRET: &Places = &Places {
    pulls: true,
    from: "secretRef",
    key: "secretKeyRef",
    projected: "secret",
    volumes: &[
        &["azureFile", "secretName"],
        &["cephfs", "secretRef", "name"],
        &["cinder", "secretRef", "name"],
        &["flexVolume", "secretRef", "name"],
        &["rbd", "secretRef", "name"],
        &["secret", "secretName"],
        &["scaleIO", "secretRef", "name"],
        &["iscsi", "secretRef", "name"],
        &["storageos", "secretRef", "name"],
        &["csi", "nodePublishSecretRef", "name"],
    ],
};

const CONFIG_MAP: &Places = &Places {
    pulls: false,
    from: "configMapRef",
    key: "configMapKeyRef",
    projected: "configMap",
    volumes: &[&["configMap", "name"]],
};

/// Claims that the pod names, and those that were made for it (`resourceclaim.Name`).
fn has_resource_claim(pod: &Value, name: &str) -> bool {
    let made = items(pod, &["status", "resourceClaimStatuses"]);
    let made_for = |claim: &Value| {
        made.iter()
            .any(|status| status["name"] == claim["name"] && text(status, &["resourceClaimName"]) == name)
    };
    items(pod, &["spec", "resourceClaims"]).iter().any(|claim| {
        text(claim, &["resourceClaimName"]) == name
            || (claim.get("resourceClaimTemplateName").is_some() && made_for(claim))
    }) || text(pod, &["status", "extendedResourceClaimStatus", "resourceClaimName"]) == name
}
