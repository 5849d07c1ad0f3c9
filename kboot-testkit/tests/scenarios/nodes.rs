//! What a kubelet may do: the node authorizer and the admission plugin NodeRestriction.

use std::time::{Duration, Instant};

use kboot_testkit::Identity;
use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::{Api, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Full: a_node_makes_itself, a_node_makes_no_other, a_node_reads_nodes, a_node_changes_itself, a_node_changes_no_other, a_node_deletes_none,
        labels_a_node_may_not_set, taints_are_for_others, a_nodes_own_lease, a_node_reads_what_its_pods_need, a_node_lists_no_secrets, a_node_asks_for_its_pods_tokens,
        a_node_without_its_group, a_node_has_no_roles, a_nodes_events, mirror_pods_of_its_own, a_node_sets_the_status_of_its_pods, a_node_evicts_its_pods;
}

const NODES: &str = "/api/v1/nodes";
const USUAL: [&str; 3] = ["digital signature", "key encipherment", "client auth"];

fn node(api: &Api, name: &str) -> (String, Api) {
    let name = api.unique(name);
    let client = api.as_(Identity::node(&name));
    (name, client)
}

fn new_node(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
}

async fn a_node_makes_itself(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let labels = json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "node.kubernetes.io/instance-type": "x", "mine.example.com/a": "b"});
    let made = kubelet.post(NODES, &new_node(&name).with("/metadata/labels", labels)).await.expect(201);
    assert_eq!(made.name(), name);
    api.see("taints", made["spec"]["taints"].to_string());
}

async fn a_node_makes_no_other(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let other = api.unique("b");
    let answer = kubelet.post(NODES, &new_node(&other)).await;
    let expected =
        format!(r#"nodes "{other}" is forbidden: node "{name}" is not allowed to modify node "{other}""#);
    assert_eq!(answer.refused(403, "Forbidden"), expected);
}

async fn a_node_reads_nodes(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let (other, _) = node(&api, "b");
    for name in [&name, &other] {
        api.post(NODES, &new_node(name)).await.expect(201);
    }
    kubelet.get(&format!("{NODES}/{name}")).await.expect(200);
    let answer = kubelet.get(&format!("{NODES}/{other}")).await;
    // From 1.32 on a node reads no other.
    assert_eq!(answer.code, if api.minor() >= 32 { 403 } else { 200 }, "{}", answer.text);
}

async fn a_node_changes_itself(api: Api) {
    let (name, kubelet) = node(&api, "a");
    kubelet.post(NODES, &new_node(&name)).await.expect(201);
    let path = format!("{NODES}/{name}");
    let status = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Test"}]}});
    let now =
        kubelet.patch(&format!("{path}/status"), crate::api::STRATEGIC_PATCH, &status).await.expect(200);
    assert_eq!(now["status"]["conditions"][0]["type"], "Ready");
    kubelet.patch(&path, MERGE_PATCH, &json!({"metadata": {"annotations": {"a": "b"}}})).await.expect(200);
}

async fn a_node_changes_no_other(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let (other, _) = node(&api, "b");
    for name in [&name, &other] {
        api.post(NODES, &new_node(name)).await.expect(201);
    }
    for path in [format!("{NODES}/{other}"), format!("{NODES}/{other}/status")] {
        let answer =
            kubelet.patch(&path, MERGE_PATCH, &json!({"metadata": {"annotations": {"a": "b"}}})).await;
        answer.refused(403, "Forbidden");
        api.see("message", answer.message());
    }
}

async fn a_node_deletes_none(api: Api) {
    let (name, kubelet) = node(&api, "a");
    kubelet.post(NODES, &new_node(&name)).await.expect(201);
    let answer = kubelet.delete(&format!("{NODES}/{name}")).await;
    api.see("message", format!("{} {}", answer.code, answer.message()));
    assert_eq!(answer.code, 403);
}

async fn labels_a_node_may_not_set(api: Api) {
    let (name, kubelet) = node(&api, "a");
    for label in [
        "node-restriction.kubernetes.io/a",
        "a.node-restriction.kubernetes.io/b",
        "node-role.kubernetes.io/master",
        "kubernetes.io/mine",
        "k8s.io/mine",
    ] {
        let answer =
            kubelet.post(NODES, &new_node(&name).with("/metadata/labels", json!({label: "x"}))).await;
        api.see(label, answer.refused(403, "Forbidden"));
    }
    kubelet.post(NODES, &new_node(&name)).await.expect(201);
    let path = format!("{NODES}/{name}");
    let label = |name: &str| json!({"metadata": {"labels": {name: "x"}}});
    kubelet
        .patch(&path, MERGE_PATCH, &label("node-restriction.kubernetes.io/a"))
        .await
        .refused(403, "Forbidden");
    kubelet.patch(&path, MERGE_PATCH, &label("node.kubernetes.io/a")).await.expect(200);
    kubelet.patch(&path, MERGE_PATCH, &label("topology.kubernetes.io/zone")).await.expect(200);
    // What an administrator has set, it may not take away.
    api.patch(&path, MERGE_PATCH, &label("node-restriction.kubernetes.io/b")).await.expect(200);
    kubelet
        .patch(
            &path,
            MERGE_PATCH,
            &json!({"metadata": {"labels": {"node-restriction.kubernetes.io/b": null}}}),
        )
        .await
        .refused(403, "Forbidden");
}

async fn taints_are_for_others(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let taint = json!([{"key": "a", "value": "b", "effect": "NoSchedule"}]);
    kubelet.post(NODES, &new_node(&name).with("/spec", json!({"taints": taint}))).await.expect(201);
    let answer =
        kubelet.patch(&format!("{NODES}/{name}"), MERGE_PATCH, &json!({"spec": {"taints": []}})).await;
    api.see("message", answer.refused(403, "Forbidden"));
    let source = json!({"spec": {"configSource": {"configMap": {"name": "a", "namespace": "b", "kubeletConfigKey": "c"}}}});
    let answer = kubelet.patch(&format!("{NODES}/{name}"), MERGE_PATCH, &source).await;
    api.see("a source of its configuration", answer.code);
}

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

async fn a_nodes_own_lease(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let lease = |name: &str| json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": {"holderIdentity": name}});
    // The namespace is made by the server once it runs.
    api.until("/api/v1/namespaces/kube-node-lease", |answer| answer.code == 200).await;
    let made = kubelet.post(LEASES, &lease(&name)).await.expect(201);
    kubelet.put(&format!("{LEASES}/{name}"), &made.with("/spec/leaseDurationSeconds", 40)).await.expect(200);
    kubelet.get(&format!("{LEASES}/{name}")).await.expect(200);
    let answer = kubelet.post(LEASES, &lease(&api.unique("b"))).await;
    api.see("another's", answer.refused(403, "Forbidden"));
    let elsewhere = format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", api.ns);
    let answer = kubelet.post(&elsewhere, &lease(&name)).await;
    api.see("elsewhere", answer.refused(403, "Forbidden"));
    kubelet.get(LEASES).await.refused(403, "Forbidden");
}

/// A pod on a node, with a Secret.
async fn pod(api: &Api, name: &str, node: &str, extra: Value) -> Value {
    let account = api
        .post(
            &format!("/api/v1/namespaces/{}/serviceaccounts", api.ns),
            &json!({"metadata": {"name": "default"}}),
        )
        .await;
    assert!(account.code == 201 || account.code == 409);
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"nodeName": node, "automountServiceAccountToken": false, "containers": [{"name": "a", "image": "a"}]},
    });
    for (key, value) in extra.as_object().unwrap() {
        pod["spec"][key] = value.clone();
    }
    // The plugin of service accounts reads a cache.
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = api.post(&pods(api), &pod).await;
        if answer.code == 201 {
            return answer.json;
        }
        assert!(Instant::now() < until, "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn pods(api: &Api) -> String {
    format!("/api/v1/namespaces/{}/pods", api.ns)
}

async fn a_node_reads_what_its_pods_need(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let (_, other) = node(&api, "b");
    let secrets = format!("/api/v1/namespaces/{}/secrets", api.ns);
    for secret in ["s", "t"] {
        api.post(&secrets, &json!({"metadata": {"name": secret}})).await.expect(201);
    }
    let answer = kubelet.get(&format!("{secrets}/s")).await;
    api.see("message", answer.refused(403, "Forbidden"));
    pod(&api, "p", &name, json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]})).await;
    kubelet.until(&format!("{secrets}/s"), |answer| answer.code == 200).await;
    kubelet.get(&format!("{secrets}/t")).await.refused(403, "Forbidden");
    other.get(&format!("{secrets}/s")).await.refused(403, "Forbidden");
    // By its name it may be watched and listed, too.
    kubelet.get(&format!("{secrets}?fieldSelector=metadata.name%3Ds")).await.expect(200);
}

async fn a_node_lists_no_secrets(api: Api) {
    let (_, kubelet) = node(&api, "a");
    for path in ["/api/v1/secrets".to_owned(), format!("/api/v1/namespaces/{}/secrets", api.ns), api.things()]
    {
        api.see("message", kubelet.get(&path).await.refused(403, "Forbidden"));
    }
}

async fn a_node_asks_for_its_pods_tokens(api: Api) {
    let (name, kubelet) = node(&api, "a");
    // From 1.33 on a pod must want a token for those for whom its node asks.
    let volumes =
        json!([{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]);
    let pod = pod(&api, "p", &name, json!({"volumes": volumes})).await;
    let path = format!("/api/v1/namespaces/{}/serviceaccounts/default/token", api.ns);
    let request = |uid: &str| {
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": uid}}})
    };
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = kubelet.post(&path, &request(pod.uid())).await;
        if answer.code == 201 {
            break;
        }
        assert!(Instant::now() < until, "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let unbound = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    api.see("unbound", kubelet.post(&path, &unbound).await.refused(403, "Forbidden"));
    api.see("another uid", kubelet.post(&path, &request("other")).await.code);
}

async fn a_node_without_its_group(api: Api) {
    let name = api.unique("a");
    let stranger = api.as_(Identity::certificate::<String>(format!("system:node:{name}"), []));
    stranger.post(NODES, &new_node(&name)).await.refused(403, "Forbidden");
    let nameless = api.as_(Identity::certificate("worker", ["system:nodes"]));
    nameless.get(&format!("{NODES}/{name}")).await.refused(403, "Forbidden");
}

async fn a_node_has_no_roles(api: Api) {
    let (_, kubelet) = node(&api, "a");
    for path in ["/apis/rbac.authorization.k8s.io/v1/clusterroles", "/api/v1/namespaces"] {
        kubelet.get(path).await.refused(403, "Forbidden");
    }
    // What everybody may.
    kubelet.get("/api/v1").await.expect(200);
    let csr = crate::csrs::request(&api.unique("c"), "kit.example.com/a", &USUAL);
    kubelet.post("/apis/certificates.k8s.io/v1/certificatesigningrequests", &csr).await.expect(201);
    kubelet.get("/api/v1/services").await.expect(200);
}

async fn a_nodes_events(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "Starting", "type": "Normal",
        "involvedObject": {"kind": "Node", "name": name, "namespace": api.ns},
    });
    kubelet.post(&format!("/api/v1/namespaces/{}/events", api.ns), &event).await.expect(201);
}

async fn mirror_pods_of_its_own(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let made = kubelet.post(NODES, &new_node(&name)).await.expect(201);
    let pod = |node: &str, mirror: bool| {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("static-{node}"), "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": made.uid(), "controller": true}]},
            "spec": {"nodeName": node, "automountServiceAccountToken": false, "containers": [{"name": "a", "image": "a"}]},
        });
        if mirror {
            pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
        }
        pod
    };
    // A pod of another makes the account that pods need.
    let pod_of_another = self::pod(&api, "p", &api.unique("c"), json!({})).await;
    assert_eq!(pod_of_another.name(), "p");
    let answer = kubelet.post(&pods(&api), &pod(&name, false)).await;
    api.see("no mirror", answer.refused(403, "Forbidden"));
    let answer = kubelet.post(&pods(&api), &pod(&api.unique("b"), true)).await;
    api.see("another's", answer.refused(403, "Forbidden"));
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = kubelet.post(&pods(&api), &pod(&name, true)).await;
        if answer.code == 201 {
            break;
        }
        assert!(Instant::now() < until, "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It names nothing, and stays a mirror pod: else its node could read what it names.
    let secret = json!({"name": "s"});
    for (what, volume) in [
        ("secret", json!({"secret": {"secretName": "s"}})),
        ("csi", json!({"csi": {"driver": "d", "nodePublishSecretRef": secret}})),
        ("azureFile", json!({"azureFile": {"secretName": "s", "shareName": "a"}})),
        ("rbd", json!({"rbd": {"monitors": ["a"], "image": "a", "secretRef": secret}})),
        ("token", json!({"projected": {"sources": [{"serviceAccountToken": {"path": "a"}}]}})),
    ] {
        let mut pod = pod(&name, true);
        pod["metadata"]["name"] = format!("of-{}", what.to_lowercase()).into();
        pod["spec"]["volumes"] = json!([volume.with("/name", "v")]);
        let answer = kubelet.post(&pods(&api), &pod).await;
        assert_eq!(answer.code, 403, "{what}: {}", answer.text);
        api.see(what, answer.message());
    }
    let path = format!("{}/static-{name}", pods(&api));
    for (by, path) in [(&kubelet, format!("{path}/status")), (&api, path)] {
        let answer = by.patch(&path, MERGE_PATCH, &json!({"metadata": {"annotations": null}})).await;
        api.see("no mirror any more", answer.refused(422, "Invalid"));
    }
}

async fn a_node_sets_the_status_of_its_pods(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let (_, other) = node(&api, "b");
    pod(&api, "p", &name, json!({})).await;
    let path = format!("{}/p/status", pods(&api));
    kubelet.patch(&path, MERGE_PATCH, &json!({"status": {"phase": "Running"}})).await.expect(200);
    let answer = other.patch(&path, MERGE_PATCH, &json!({"status": {"phase": "Failed"}})).await;
    api.see("another's", answer.refused(403, "Forbidden"));
    let answer = kubelet
        .patch(&format!("{}/p", pods(&api)), MERGE_PATCH, &json!({"metadata": {"labels": {"a": "b"}}}))
        .await;
    answer.refused(403, "Forbidden");
}

async fn a_node_evicts_its_pods(api: Api) {
    let (name, kubelet) = node(&api, "a");
    let (_, other) = node(&api, "b");
    pod(&api, "p", &name, json!({})).await;
    let path = format!("{}/p?gracePeriodSeconds=0", pods(&api));
    // The admission of deletions reads a cache.
    let until = Instant::now() + Duration::from_secs(10);
    let mut answer = other.delete(&path).await;
    while answer.code == 404 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer = other.delete(&path).await;
    }
    api.see("another's", answer.refused(403, "Forbidden"));
    kubelet.delete(&path).await.expect(200);
}
