//! `get`, `describe`, `wait`, `explain` and what kubectl learns of the server.

use super::{Cluster, clusters, request};
use crate::support::has;

const OBJECTS: &str = r#"
apiVersion: v1
kind: Node
metadata: {name: w1, labels: {kubernetes.io/hostname: w1, node-role.kubernetes.io/worker: ""}}
spec: {taints: [{key: a, value: b, effect: NoSchedule}]}
status:
  addresses: [{type: InternalIP, address: 10.0.0.1}, {type: Hostname, address: w1}]
  capacity: {cpu: "2", memory: 4Gi}
  allocatable: {cpu: "2", memory: 4Gi}
  conditions: [{type: Ready, status: "True", reason: KubeletReady, message: kubelet is posting ready status}]
  nodeInfo:
    {architecture: amd64, bootID: b, containerRuntimeVersion: containerd://1.6.20, kernelVersion: 6.1.0, machineID: m,
     kubeProxyVersion: v1.20.2, kubeletVersion: v1.20.2, operatingSystem: linux, osImage: Debian, systemUUID: s}
---
apiVersion: v1
kind: Event
metadata: {name: w1.1, namespace: default}
involvedObject: {apiVersion: v1, kind: Node, name: w1, uid: w1}
reason: Starting
message: Starting kubelet.
source: {component: kubelet, host: w1}
type: Normal
count: 1
firstTimestamp: "2026-01-01T00:00:00Z"
lastTimestamp: "2026-01-01T00:00:00Z"
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: w1, namespace: kube-node-lease}
spec: {holderIdentity: w1, leaseDurationSeconds: 40, renewTime: "2026-01-01T00:00:00.000000Z"}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: b}}
---
{apiVersion: v1, kind: Secret, metadata: {name: password}, stringData: {a: b}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reads}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: User, name: jane}, {kind: ServiceAccount, name: robot, namespace: default}]
"#;

/// A node with its event and lease, a request, and one of each other kind.
fn fill(cluster: &Cluster) {
    let kubectl = &cluster.kubectl;
    let file = kubectl.write("objects.yaml", format!("{OBJECTS}---\n{}", request("jane")));
    kubectl.ok(&["create", "-f", &file]);
}

/// The columns' heads, and the line of this name, each without its spaces.
fn table(text: &str, name: &str) -> (String, String) {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = text.lines().find(|line| line.split_whitespace().any(|word| word == name));
    (words(text.lines().next().unwrap_or_default()), words(line.unwrap_or_default()))
}

#[tokio::test]
async fn tables_of_each_kind() {
    for cluster in clusters().await {
        fill(&cluster);
        let kubectl = &cluster.kubectl;
        let duration = if cluster.minor >= 22 { " REQUESTEDDURATION" } else { "" };
        for (words, name, heads, start) in [
            ("nodes", "w1", "NAME STATUS ROLES AGE VERSION", "w1 Ready worker "),
            (
                "nodes -o wide",
                "w1",
                "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME",
                "w1 Ready worker ",
            ),
            ("csr", "jane", &format!("NAME AGE SIGNERNAME REQUESTOR{duration} CONDITION"), "jane "),
            ("secrets", "password", "NAME TYPE DATA AGE", "password Opaque 1 "),
            ("configmaps", "settings", "NAME DATA AGE", "settings 1 "),
            ("serviceaccounts", "robot", "NAME SECRETS AGE", "robot 0 "),
            ("namespaces", "default", "NAME STATUS AGE", "default Active "),
            ("events", "Starting", "LAST SEEN TYPE REASON OBJECT MESSAGE", ""),
            ("leases -n kube-node-lease", "w1", "NAME HOLDER AGE", "w1 w1 "),
            ("roles", "reader", "NAME CREATED AT", "reader 2"),
            ("rolebindings", "reads", "NAME ROLE AGE", "reads Role/reader "),
            (
                "rolebindings -o wide",
                "reads",
                "NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS",
                "reads Role/reader ",
            ),
            ("clusterroles", "view", "NAME CREATED AT", "view 2"),
            (
                "clusterrolebindings",
                "cluster-admin",
                "NAME ROLE AGE",
                "cluster-admin ClusterRole/cluster-admin ",
            ),
        ] {
            let words: Vec<_> = ["get"].into_iter().chain(words.split(' ')).collect();
            let text = kubectl.ok(&words);
            let (first, line) = table(&text, name);
            assert_eq!(first, heads, "1.{} {words:?}", cluster.minor);
            assert!(line.starts_with(start), "1.{} {words:?}: {line}", cluster.minor);
        }
        let text = kubectl.ok(&["get", "configmaps,serviceaccounts", "-A"]);
        has(&text, &["NAMESPACE", "configmap/settings", "serviceaccount/robot", "kube-system"]);
        has(
            &kubectl.refused(&["get", "secret", "none"]),
            &["Error from server (NotFound): secrets \"none\" not found"],
        );
        has(&kubectl.refused(&["get", "things"]), &["the server doesn't have a resource type \"things\""]);
    }
}

#[tokio::test]
async fn output_and_selectors() {
    for cluster in clusters().await {
        fill(&cluster);
        let kubectl = &cluster.kubectl;
        assert_eq!(kubectl.ok(&["get", "nodes", "-o", "name"]), "node/w1\n");
        has(
            &kubectl.ok(&["get", "cm", "settings", "-o", "yaml"]),
            &["apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\n"],
        );
        let json = kubectl.ok(&["get", "secrets", "-o", "json", "--field-selector=type=Opaque"]);
        let list: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&list["kind"], &list["items"][0]["data"]["a"]), (&"List".into(), &"Yg==".into()));
        let path = "jsonpath={.status.nodeInfo.osImage}";
        assert_eq!(kubectl.ok(&["get", "node", "w1", "-o", path]), "Debian");
        assert_eq!(
            kubectl.ok(&["get", "nodes", "--no-headers", "-o", "custom-columns=N:.metadata.name"]).trim(),
            "w1"
        );
        let name = "metadata.name=settings";
        assert_eq!(
            kubectl.ok(&["get", "cm", "--field-selector", name, "-o", "name"]),
            "configmap/settings\n"
        );
        let selected = |selector| kubectl.ok(&["get", "nodes", "-l", selector, "-o", "name"]);
        assert_eq!(selected("kubernetes.io/hostname in (w1,w2)"), "node/w1\n");
        assert_eq!(selected("!kubernetes.io/hostname"), "");
        assert_eq!(kubectl.ok(&["get", "clusterroles", "-o", "name", "--chunk-size=7"]).lines().count(), {
            kubectl.ok(&["get", "clusterroles", "-o", "name", "--chunk-size=0"]).lines().count()
        });
        let raw = kubectl.ok(&["get", "--raw", "/api/v1/namespaces/default"]);
        has(&raw, &["\"kind\":\"Namespace\""]);
        has(
            &kubectl.refused(&["get", "cm", "--field-selector=data=x"]),
            &["\"data\" is not a known field selector"],
        );
    }
}

#[tokio::test]
async fn watches_show_what_changes() {
    for cluster in clusters().await {
        fill(&cluster);
        let kubectl = &cluster.kubectl;
        let watching = kubectl.start(&["get", "cm", "-w", "--output-watch-events", "-l", "!fixed"]);
        watching.says("ADDED      settings");
        kubectl.ok(&["create", "configmap", "another"]);
        watching.says("ADDED      another");
        kubectl.ok(&["annotate", "cm", "another", "a=b"]);
        watching.says("MODIFIED   another");
        kubectl.ok(&["label", "cm", "settings", "fixed=yes"]);
        watching.says("DELETED    settings");
        kubectl.ok(&["delete", "cm", "another"]);
        watching.says("DELETED    another");
    }
}

#[tokio::test]
async fn descriptions() {
    for cluster in clusters().await {
        fill(&cluster);
        let kubectl = &cluster.kubectl;
        for (words, parts) in [
            (
                "node w1",
                &[
                    "Roles:              worker",
                    "a=b:NoSchedule",
                    "InternalIP:  10.0.0.1",
                    "HolderIdentity:  w1",
                ][..],
            ),
            (
                "csr jane",
                &["Requesting User:", "kubernetes-admin", "Pending", "system:node:w1", "system:nodes"],
            ),
            ("secret password", &["Type:  Opaque", "a:  1 bytes"]),
            ("configmap settings", &["Data\n====\na:\n----\nb\n"]),
            ("serviceaccount robot", &["robot", "Image pull secrets:"]),
            ("role reader", &["secrets    []                 []              [get]"]),
            (
                "rolebinding reads",
                &["Name:  reader", "User            jane", "ServiceAccount  robot  default"],
            ),
            ("namespace default", &["Status:       Active"]),
            ("lease -n kube-node-lease w1", &["Holder Identity:         w1"]),
            ("event", &["Starting kubelet."]),
        ] {
            let words: Vec<_> = ["describe"].into_iter().chain(words.split(' ')).collect();
            has(&kubectl.ok(&words), parts);
        }
        has(&kubectl.ok(&["events", "-A"]), &["Starting", "Node/w1"]);
    }
}

#[tokio::test]
async fn waiting_for_conditions_and_ends() {
    for cluster in clusters().await {
        fill(&cluster);
        let kubectl = &cluster.kubectl;
        has(
            &kubectl.ok(&["wait", "--for=condition=Ready", "node/w1", "--timeout=20s"]),
            &["node/w1 condition met"],
        );
        let words = ["wait", "--for=condition=Approved", "csr/jane", "--timeout=60s"];
        let waiting = kubectl.start(&words);
        kubectl.ok(&["certificate", "approve", "jane"]);
        waiting.says("certificatesigningrequest.certificates.k8s.io/jane condition met");
        let words = ["wait", "--for=jsonpath={.status.certificate}", "csr/jane", "--timeout=60s"];
        kubectl.ok(&words);
        let mut waiting = kubectl.start(&["wait", "--for=delete", "cm/settings", "--timeout=60s"]);
        kubectl.ok(&["delete", "cm", "settings"]);
        waiting.ends_well();
        let words = ["wait", "--for=condition=Denied", "csr/jane", "--timeout=1s"];
        has(&kubectl.refused(&words), &["timed out waiting for the condition"]);
    }
}

#[tokio::test]
async fn what_kubectl_learns_of_the_server() {
    for cluster in clusters().await {
        let kubectl = &cluster.kubectl;
        let version = format!("Server Version: v1.{}.0", cluster.minor);
        has(&kubectl.ok(&["version"]), &[&version]);
        has(&kubectl.ok(&["cluster-info"]), &["is running at", &cluster.api.url()]);
        let versions = kubectl.ok(&["api-versions"]);
        for version in
            ["v1", "certificates.k8s.io/v1", "rbac.authorization.k8s.io/v1", "coordination.k8s.io/v1"]
        {
            assert!(versions.lines().any(|line| line == version), "{version}: {versions}");
        }
        let resources = kubectl.ok(&["api-resources", "--verbs=list,watch"]);
        for (name, line) in [
            ("nodes", "nodes no v1 false Node"),
            (
                "certificatesigningrequests",
                "certificatesigningrequests csr certificates.k8s.io/v1 false CertificateSigningRequest",
            ),
            ("leases", "leases coordination.k8s.io/v1 true Lease"),
        ] {
            assert_eq!(table(&resources, name).1, line, "1.{}", cluster.minor);
        }
        // From 1.27 on all groups come in one answer.
        let asks_for_groups =
            cluster.api.requests().all().iter().any(|request| request.path == "/apis/certificates.k8s.io/v1");
        assert_eq!(asks_for_groups, cluster.minor < 27);
        has(&kubectl.ok(&["explain", "node.spec"]), &["podCIDRs\t<[]string>", "unschedulable\t<boolean>"]);
        has(&kubectl.ok(&["explain", "csr.spec", "--recursive"]), &["signerName", "usages"]);
        has(&kubectl.refused(&["explain", "node.nothing"]), &["field \"nothing\" does not exist"]);
        for path in ["/healthz", "/livez", "/readyz"] {
            assert_eq!(kubectl.ok(&["get", "--raw", path]), "ok");
        }
    }
}
