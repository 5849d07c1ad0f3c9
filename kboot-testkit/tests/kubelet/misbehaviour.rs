//! Requests as no kubelet should send them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kboot_core::x509::CertificateRequest;
use kboot_testkit::kubelet::{Happening, KubeletError, VirtualKubelet};
use kboot_testkit::server::Clock;

use crate::cluster::{Cluster, REQUESTS, SECONDS_10};

#[tokio::test(flavor = "multi_thread")]
async fn kubelets_ask_for_what_is_not_theirs() {
    let cluster = Cluster::in_process("1.36", &Clock::system()).await;
    let asked = async |name: &str| {
        let object = cluster.get(&format!("{REQUESTS}/{name}")).await;
        let pem = STANDARD.decode(object["spec"]["request"].as_str().unwrap()).unwrap();
        (CertificateRequest::from_pem(&pem).unwrap(), object)
    };

    // The old roles let every token be any node.
    let thief = VirtualKubelet::builder("node-1").version(&cluster.version).as_node("master-1");
    let thief = thief.start(&cluster.bootstrap).await.unwrap();
    let status = thief.wait_until("issued", SECONDS_10, |status| status.client.is_some()).await.unwrap();
    assert_eq!(status.client.unwrap().facts().common_name, "system:node:master-1");
    // What it may not do as master-1 it says.
    let status = thief.wait_until("refused", SECONDS_10, |status| status.problem.is_some()).await.unwrap();
    assert!(
        status.problem.as_ref().unwrap().starts_with("cannot register the Node: 403 Forbidden:"),
        "{status}"
    );

    let liar = VirtualKubelet::builder("node-2").version(&cluster.version);
    let liar =
        liar.serving_names(["kubernetes.default", "10.96.0.1"]).start(&cluster.bootstrap).await.unwrap();
    let status =
        liar.wait_until("asking", SECONDS_10, |status| status.serving_request.is_some()).await.unwrap();
    let (request, object) = asked(&status.serving_request.unwrap()).await;
    let names: Vec<String> = request.alternative_names().map(ToString::to_string).collect();
    assert_eq!(names, ["DNS:kubernetes.default", "IP:10.96.0.1"]);
    assert_eq!(object["spec"]["username"], "system:node:node-2");

    let careless = VirtualKubelet::builder("node-3").version(&cluster.version).usages(["any"]);
    let careless = careless.start(&cluster.bootstrap).await.unwrap();
    let status =
        careless.wait_until("asking", SECONDS_10, |status| status.client_request.is_some()).await.unwrap();
    assert_eq!(asked(&status.client_request.unwrap()).await.1["spec"]["usages"], serde_json::json!(["any"]));
}

#[tokio::test]
async fn versions_differ_in_what_they_ask_for() {
    let cluster = Cluster::in_process("1.36", &Clock::system()).await;
    for (version, usages) in [
        ("1.26", &["digital signature", "key encipherment", "client auth"][..]),
        ("v1.27.3", &["digital signature", "client auth"]),
    ] {
        let kubelet =
            VirtualKubelet::builder("node-1").version(version).start(&cluster.bootstrap).await.unwrap();
        kubelet.wait_until("asking", SECONDS_10, |status| status.client_request.is_some()).await.unwrap();
        let Happening::Requested { request, .. } = &kubelet.events()[0].what else { panic!() };
        let object = cluster.get(&format!("{REQUESTS}/{request}")).await;
        assert_eq!(object["spec"]["usages"], serde_json::json!(usages), "{version}");
    }
    let nameless = VirtualKubelet::builder("node-2").version("1.31").without_addresses();
    let nameless = nameless.start(&cluster.bootstrap).await.unwrap();
    nameless.wait_until_ready(SECONDS_10).await.unwrap();
    let nothing = nameless.events().iter().any(|event| event.what == Happening::NothingToServe);
    assert!(nothing, "{:?}", nameless.events());

    for wrong in [
        VirtualKubelet::builder("Node 1"),
        VirtualKubelet::builder("node-1").version("2.0"),
        VirtualKubelet::builder("node-1").as_node(""),
        VirtualKubelet::builder("node-1").serving_names(["a b"]),
    ] {
        let error = wrong.start(&cluster.bootstrap).await.unwrap_err();
        assert!(matches!(error, KubeletError::Name { .. } | KubeletError::Version { .. }), "{error}");
    }
    let error = VirtualKubelet::builder("node-1").start("clusters: []").await.unwrap_err();
    assert!(matches!(error, KubeletError::Kubeconfig(_)), "{error}");
}
