//! What kboot-core's own online half makes of each server.

use std::time::Duration;

use kboot_core::csr::Condition;
use kboot_core::name::NodeName;
use kboot_core::online::apply::{self, Manifest};
use kboot_core::online::csr::{Approver, Outcome};
use kboot_core::online::node::{ClusterLook, verify, verify_all};
use kboot_core::online::{csr, token};
use kboot_core::policy::{PolicyContext, Preset};
use kboot_core::time::Timestamp;
use kboot_core::token::TokenUsage;
use kboot_core::{BootstrapToken, Env, TokenSettings};
use kboot_testkit::Identity;
use kboot_testkit::generate::Request;
use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::{Api, MERGE_PATCH};
use crate::authentication::CSRS;
use crate::csrs::request_of;
use crate::runner::scenarios;

scenarios! {
    Full: verify_of_a_node_that_nobody_knows, verify_of_a_node_that_waits, verify_of_a_node_that_was_denied, verify_of_a_node_that_is_ready,
        verify_of_a_node_that_is_lost, verify_of_a_node_on_the_servers_own_machine, verify_of_a_node_whose_pods_wait,
        verify_by_somebody_without_rights, verify_of_several_nodes, tokens_from_their_making_to_their_end,
        a_request_approved_by_policy_and_once, a_request_left_and_denied, manifests_planned_applied_and_in_conflict;
}

const LIMIT: Duration = Duration::from_secs(30);
const CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";

fn now() -> Timestamp {
    Env::system().now()
}

fn name(api: &Api) -> NodeName {
    api.unique("node").parse().unwrap()
}

/// The report on the scenario's node.
async fn see(api: &Api, now: Timestamp) {
    let report = verify(api.client(), &name(api), now, LIMIT).await.unwrap();
    see_report(api, &report.to_yaml().unwrap());
}

/// Whatever version the server is of, and the kubelet of [`joins`].
fn see_report(api: &Api, report: &str) {
    let of_this_minor = format!("v1.{}.", api.minor());
    api.see(
        "report",
        report.replace(&format!("{of_this_minor}0"), "V").replace(&format!("{of_this_minor}2"), "V"),
    );
}

/// The node's kubelet asks for its certificate.
async fn asks(api: &Api) -> Value {
    let node = name(api);
    let pem = Request::kubelet_client(node.as_str()).pem();
    let usages = ["digital signature", "key encipherment", "client auth"];
    let kubelet = api.as_(Identity::node(node.as_str()));
    kubelet.post(CSRS, &request_of(&api.unique("csr"), &pem, CLIENT, &usages)).await.expect(201)
}

/// A Node as a kubelet writes it, at this address, and its Lease of noon.
async fn joins(api: &Api, addresses: Value, ready: &str) {
    let node = name(api);
    let kubelet = api.as_(Identity::node(node.as_str()));
    let info = |version: &str| {
        json!({
            "architecture": "amd64", "bootID": "a", "containerRuntimeVersion": "containerd://1.6.20", "kernelVersion": "6.1",
            "kubeProxyVersion": version, "kubeletVersion": version, "machineID": "b", "operatingSystem": "linux",
            "osImage": "Debian", "systemUUID": "c",
        })
    };
    kubelet
        .post(
            "/api/v1/nodes",
            &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node.as_str()}}),
        )
        .await
        .expect(201);
    let status = json!({"status": {
        "addresses": addresses,
        "conditions": [{
            "type": "Ready", "status": ready, "reason": "KubeletSaysSo", "message": "posted by a test",
            "lastHeartbeatTime": "2026-06-01T12:00:00Z", "lastTransitionTime": "2026-06-01T11:00:00Z",
        }],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": info(&format!("v1.{}.2", api.minor())),
    }});
    kubelet.patch(&format!("/api/v1/nodes/{node}/status"), MERGE_PATCH, &status).await.expect(200);
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": node.as_str()},
        "spec": {"holderIdentity": node.as_str(), "leaseDurationSeconds": 40, "renewTime": "2026-06-01T12:00:00.000000Z"},
    });
    let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    kubelet.post(leases, &lease).await.expect(201);
}

/// Soon after the Lease of [`joins`].
fn noon() -> Timestamp {
    "2026-06-01T12:00:05Z".parse().unwrap()
}

async fn verify_of_a_node_that_nobody_knows(api: Api) {
    see(&api, now()).await;
}

async fn verify_of_a_node_that_waits(api: Api) {
    asks(&api).await;
    see(&api, now()).await;
}

async fn verify_of_a_node_that_was_denied(api: Api) {
    let csr = asks(&api).await;
    let condition = Condition::denied("UnknownMachine", "It is none of ours.", now()).unwrap();
    let denied = csr::deny(api.client(), csr.name(), &condition, false, LIMIT).await.unwrap().unwrap();
    assert_eq!(denied.outcome, Outcome::Denied);
    see(&api, now()).await;
}

async fn verify_of_a_node_that_is_ready(api: Api) {
    joins(&api, json!([]), "True").await;
    see(&api, noon()).await;
}

async fn verify_of_a_node_that_is_lost(api: Api) {
    joins(&api, json!([]), "Unknown").await;
    see(&api, "2026-06-01T12:10:00Z".parse().unwrap()).await;
}

/// Where the API server may not be sent by anybody (`IsProxyableIP`).
async fn verify_of_a_node_on_the_servers_own_machine(api: Api) {
    joins(
        &api,
        json!([{"type": "Hostname", "address": "x"}, {"type": "InternalIP", "address": "127.0.0.1"}]),
        "True",
    )
    .await;
    see(&api, noon()).await;
    for id in ["no-such-node", "a:b:c:d", ":1", "ftp:a:1"] {
        let answer = api.get(&format!("/api/v1/nodes/{id}/proxy/healthz")).await;
        api.see(id, format!("{} {}", answer.code, answer.said()));
    }
    let answer = api.get(&format!("/api/v1/nodes/{}/proxy/healthz", name(&api))).await;
    api.see("own", format!("{} {}", answer.code, answer.said()));
}

async fn verify_of_a_node_whose_pods_wait(api: Api) {
    joins(&api, json!([]), "True").await;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    api.post(&format!("/api/v1/namespaces/{}/serviceaccounts", api.ns), &account).await.expect(201);
    let pods = format!("/api/v1/namespaces/{}/pods", api.ns);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {
            "nodeName": name(&api).as_str(), "automountServiceAccountToken": false,
            "containers": [{"name": "web", "image": "registry.example.com/web"}],
        },
    });
    api.post(&pods, &pod).await.expect(201);
    let status = json!({"status": {"phase": "Pending", "containerStatuses": [{
        "name": "web", "image": "registry.example.com/web", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
    }]}});
    api.patch(&format!("{pods}/web/status"), MERGE_PATCH, &status).await.expect(200);
    see(&api, noon()).await;
}

async fn verify_by_somebody_without_rights(api: Api) {
    let jane = api.user("jane");
    let error = verify(jane.client(), &name(&api), now(), LIMIT).await.unwrap_err();
    api.see("error", error);
}

async fn verify_of_several_nodes(api: Api) {
    joins(&api, json!([]), "True").await;
    let mut look = ClusterLook::default();
    look.nodes = vec![name(&api), api.unique("other").parse().unwrap()];
    let report = verify_all(api.client(), &look, noon(), LIMIT).await.unwrap();
    see_report(&api, &report.to_yaml().unwrap());
}

async fn checked(api: &Api, token: &BootstrapToken, now: Timestamp) -> token::TokenCheck {
    token::check(api.client(), token, now, LIMIT).await.unwrap()
}

async fn tokens_from_their_making_to_their_end(api: Api) {
    let new = BootstrapToken::generate(&mut Env::system()).unwrap();
    let shown = |text: &dyn std::fmt::Display| text.to_string().replace(new.id().as_str(), "ID");
    let end: Timestamp = "2099-01-01T00:00:00Z".parse().unwrap();
    let settings = TokenSettings::new().with_expiration(Some(end)).with_usages(&[TokenUsage::Authentication]);
    let secret = new.secret(&settings).unwrap();
    api.see("before", shown(&checked(&api, &new, now()).await));
    token::create(api.client(), &secret, LIMIT).await.unwrap();
    api.see("again", shown(&token::create(api.client(), &secret, LIMIT).await.unwrap_err()));
    let all = token::list(api.client(), LIMIT).await.unwrap();
    let found = all.into_iter().find(|one| one.id().as_ref() == Some(new.id())).unwrap();
    let found = found.settings.unwrap();
    assert_eq!((found.expiration(), found.groups()), (settings.expiration(), settings.groups()));
    api.see("now", shown(&checked(&api, &new, now()).await));
    api.see("at its end", shown(&checked(&api, &new, end).await));
    let other: BootstrapToken = format!("{}.0123456789abcdef", new.id().as_str()).parse().unwrap();
    api.see("with another secret", shown(&checked(&api, &other, now()).await));
    assert!(token::delete(api.client(), new.id(), LIMIT).await.unwrap());
    assert!(!token::delete(api.client(), new.id(), LIMIT).await.unwrap());
}

async fn a_request_approved_by_policy_and_once(api: Api) {
    let object = asks(&api).await;
    let found = csr::find(api.client(), object.name(), LIMIT).await.unwrap().unwrap();
    let policy = Preset::Bootstrap.policy();
    let mut context = PolicyContext::at(now());
    for dry_run in [true, false, false] {
        let approver = Approver::by_hand(&policy, "jane", LIMIT).dry_run(dry_run);
        let settled = approver.settle(api.client(), &found, &mut context).await.unwrap();
        api.see("outcome", format!("{:?}", settled.outcome));
        if let Some(decision) = settled.decision {
            api.see("decision", format!("{:?}", decision.verdict()));
        }
    }
    let now = api.get(&format!("{CSRS}/{}", object.name())).await.expect(200);
    api.see("conditions", now["status"]["conditions"].to_string());
}

async fn a_request_left_and_denied(api: Api) {
    let object = asks(&api).await;
    let found = csr::find(api.client(), object.name(), LIMIT).await.unwrap().unwrap();
    let policy = Preset::KubeletServing.policy();
    let approver = Approver::by_policy(&policy, LIMIT);
    let mut context = PolicyContext::at(now());
    let left = approver.settle(api.client(), &found, &mut context).await.unwrap();
    assert_eq!(left.outcome, Outcome::Left);
    let condition = Condition::denied("UnknownMachine", "It is none of ours.", now()).unwrap();
    for _ in 0..2 {
        let denied = csr::deny(api.client(), object.name(), &condition, false, LIMIT).await.unwrap().unwrap();
        api.see("outcome", format!("{:?}", denied.outcome));
    }
    assert!(csr::deny(api.client(), "no-such-request", &condition, false, LIMIT).await.unwrap().is_none());
    api.delete(&format!("{CSRS}/{}", object.name())).await.expect(200);
    let gone = approver.settle(api.client(), &found, &mut context).await.unwrap();
    api.see("outcome", format!("{:?}", gone.outcome));
}

async fn manifests_planned_applied_and_in_conflict(api: Api) {
    let read = |colour: &str| {
        let text = format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {}}}, data: {{colour: {colour}}}}}\n",
            api.ns
        );
        Manifest::read(&text).unwrap()
    };
    let red = read("red");
    for step in ["new", "the same"] {
        let planned = apply::plan(api.client(), &red, false, LIMIT).await.unwrap();
        api.see(step, format!("{:?}", planned[0].change()));
        planned[0].apply(api.client(), LIMIT).await.unwrap();
    }
    let planned = apply::plan(api.client(), &read("green"), false, LIMIT).await.unwrap();
    api.see("changed", format!("{:?}", planned[0].change()));
    let path = format!("/api/v1/namespaces/{}/configmaps/a", api.ns);
    api.patch(&format!("{path}?fieldManager=other"), MERGE_PATCH, &json!({"data": {"colour": "blue"}}))
        .await
        .expect(200);
    for force in [false, true] {
        let planned = apply::plan(api.client(), &red, force, LIMIT).await.unwrap();
        api.see("somebody else's", format!("{force}: {:?}", planned[0].change()));
    }
    let unknown = Manifest::read("{apiVersion: v7, kind: Thing, metadata: {name: a}}").unwrap();
    api.see("unknown", apply::plan(api.client(), &unknown, false, LIMIT).await.unwrap_err());
}
