//! A kubelet's life: it joins, rotates, loses its certificate, joins again.

use std::time::Duration;

use kboot_core::csr::{Signer, Stage};
use kboot_testkit::kubelet::{Happening, KubeletError, Phase, VirtualKubelet};
use kboot_testkit::server::Clock;

use crate::cluster::{Cluster, REQUESTS, SECONDS_10};

const DAY: u64 = 24 * 3600;
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1";

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_upstream() {
    let Some(cluster) = Cluster::upstream().await else { return };
    let _kubelet = joins(&cluster, &Clock::system()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_rotates_and_joins_again() {
    let clock = Clock::stopped_at(kboot_core::Env::system().now());
    let cluster = Cluster::in_process("1.36", &clock).await;
    let kubelet = joins(&cluster, &clock).await;
    let renewed = async || cluster.get(LEASE).await["spec"]["renewTime"].as_str().unwrap().to_owned();
    let first = renewed().await;
    for _ in 0..5 {
        clock.advance(Duration::from_secs(10)).await;
    }
    let second = renewed().await;
    assert!(second > first, "{second}");

    let issued = || {
        let last = kubelet.events().into_iter().rev().find_map(|event| match event.what {
            Happening::Issued { signer: Signer::KubeApiserverClientKubelet, not_after, rotates } => {
                Some((not_after, rotates))
            }
            _ => None,
        });
        last.unwrap()
    };
    let (not_after, rotates) = issued();
    let life = 365 * DAY;
    let left = u64::try_from(not_after.unix() - rotates.unix()).unwrap();
    assert!((life / 10..=life * 3 / 10).contains(&left), "{left} s of {life}");
    let seconds = |from: i64, to: i64| Duration::from_secs(u64::try_from(to - from).unwrap());
    clock.advance(seconds(clock.now().unix(), rotates.unix() - 1)).await;
    assert_eq!(kubelet.status().clients, 1);
    clock.advance(Duration::from_secs(1)).await;
    let status = kubelet.wait_until("rotated", SECONDS_10, |status| status.clients == 2).await.unwrap();
    assert_eq!(status.phase, Phase::Ready, "{status}");
    assert_ne!(issued().1, rotates);

    // A machine that was off for years.
    clock.advance(Duration::from_secs(800 * DAY)).await;
    kubelet.wait_until_ready(SECONDS_10).await.unwrap();
    let events = kubelet.events();
    assert!(events.iter().any(|event| event.what == Happening::Ended), "{events:?}");
    assert_eq!(kubelet.status().clients, 3);
    assert!(events.iter().any(|event| event.what == Happening::Registered { created: false }), "{events:?}");

    kubelet.stop();
    assert_eq!(kubelet.status().phase, Phase::Stopped);
    let last = renewed().await;
    clock.advance(Duration::from_secs(60)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(renewed().await, last);
    let stopped = kubelet.wait_until_ready(SECONDS_10).await.unwrap_err();
    assert!(matches!(stopped, KubeletError::Stopped { .. }), "{stopped}");
}

/// A node with everything, and its serving certificate.
async fn joins(cluster: &Cluster, clock: &Clock) -> VirtualKubelet {
    let kubelet = VirtualKubelet::builder("node-1")
        .version(&cluster.version)
        .clock(clock)
        .address([10, 0, 0, 5])
        .dns_name("node-1.example.com")
        .label("disk", "ssd")
        .capacity("cpu", "64")
        .start(&cluster.bootstrap)
        .await
        .unwrap();
    let status = kubelet.wait_until_ready(SECONDS_10).await.unwrap();
    assert_eq!(status.client.unwrap().facts().subject, "O=system:nodes, CN=system:node:node-1");

    let node = cluster.get("/api/v1/nodes/node-1").await;
    assert_eq!(node["metadata"]["labels"]["disk"], "ssd");
    assert_eq!(node["status"]["capacity"]["cpu"], "64");
    assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], format!("v{}.0", cluster.version));
    assert_eq!(node["status"]["addresses"].as_array().unwrap().len(), 3, "{node}");
    let ready = node["status"]["conditions"].as_array().unwrap().iter().find(|one| one["type"] == "Ready");
    assert_eq!(ready.unwrap()["status"], "True");
    let lease = cluster.get(LEASE).await;
    assert_eq!(lease["spec"]["holderIdentity"], "node-1");
    assert_eq!(lease["metadata"]["ownerReferences"][0]["uid"], node["metadata"]["uid"]);

    // Nobody approves serving certificates by himself.
    let asking = kubelet.wait_until("asking to serve", SECONDS_10, |status| status.serving_request.is_some());
    let request = asking.await.unwrap().serving_request.unwrap();
    let object = cluster.get(&format!("{REQUESTS}/{request}")).await;
    assert_eq!(object["spec"]["username"], "system:node:node-1");
    cluster.decide(&request, "Approved").await;
    let serving = kubelet.wait_until_serving(SECONDS_10).await.unwrap().serving.unwrap();
    assert_eq!(serving.facts().alt_names.to_string(), "DNS:node-1, DNS:node-1.example.com, IP:10.0.0.5");

    let kinds: Vec<&str> = kubelet.events().iter().map(|event| kind(&event.what)).collect();
    assert_eq!(kinds, ["requested", "issued", "registered", "requested", "issued"]);
    kubelet
}

fn kind(happening: &Happening) -> &'static str {
    match happening {
        Happening::Requested { .. } => "requested",
        Happening::Issued { .. } => "issued",
        Happening::Registered { .. } => "registered",
        Happening::Failed { .. } => "failed",
        _ => "other",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_denied_asks_again_later() {
    let clock = Clock::stopped_at(kboot_core::Env::system().now());
    let cluster = Cluster::in_process("1.20", &clock).await;
    cluster.without_auto_approval().await;
    let kubelet =
        VirtualKubelet::builder("node-1").version(&cluster.version).clock(&clock).start(&cluster.bootstrap);
    let kubelet = kubelet.await.unwrap();
    let asking = |before: String| {
        kubelet.wait_until("asking", SECONDS_10, move |status| {
            status.client_request.as_ref().is_some_and(|name| *name != before)
        })
    };
    let first = asking(String::new()).await.unwrap().client_request.unwrap();
    let late = kubelet.wait_until_ready(Duration::from_millis(100)).await.unwrap_err().to_string();
    assert!(late.starts_with("node-1 is not ready after 100ms: bootstrapping, waits for csr-"), "{late}");

    cluster.decide(&first, "Denied").await;
    let denied =
        kubelet.wait_until("denied", SECONDS_10, |status| status.client_request.is_none()).await.unwrap();
    assert_eq!(denied.problem.unwrap(), format!("{first} was denied: said the test (ByTest)"));
    let refused = Happening::Refused {
        request: first.clone(),
        stage: Stage::Denied,
        reason: "ByTest".to_owned(),
        message: "said the test".to_owned(),
    };
    assert!(kubelet.events().iter().any(|event| event.what == refused));

    clock.advance(Duration::from_secs(2)).await;
    let second = asking(first).await.unwrap().client_request.unwrap();
    // Nobody answers for a quarter of an hour: it gives that one up.
    clock.advance(Duration::from_secs(15 * 60)).await;
    kubelet.wait_until("giving up", SECONDS_10, |status| status.client_request.is_none()).await.unwrap();
    clock.advance(Duration::from_secs(4)).await;
    let third = asking(second).await.unwrap().client_request.unwrap();
    cluster.decide(&third, "Approved").await;
    kubelet.wait_until_ready(SECONDS_10).await.unwrap();
    let asked = kubelet.events().iter().filter(|event| kind(&event.what) == "requested").count();
    assert!(asked >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_trouble_keeps_no_node_away() {
    let clock = Clock::stopped_at(kboot_core::Env::system().now());
    let cluster = Cluster::in_process("1.36", &clock).await;
    let faults = cluster.faults.as_ref().unwrap();
    faults.on("POST", "certificatesigningrequests").internal_error().times(2);
    faults.on("GET", "certificatesigningrequests").drop_connection().times(2);
    faults.on("POST", "nodes").lose_answer().times(1);
    faults.on("POST", "leases").internal_error().times(1);
    let kubelet = VirtualKubelet::builder("node-1").version("1.36").clock(&clock).without_serving();
    let kubelet = kubelet.start(&cluster.bootstrap).await.unwrap();
    let status = kubelet.wait_until_ready(SECONDS_10).await.unwrap();
    assert_eq!(status.problem, None);
    let events = kubelet.events();
    let failed: Vec<_> = events.iter().filter(|event| kind(&event.what) == "failed").collect();
    assert!(failed.len() >= 3, "{events:?}");
    // It was registered by the request whose answer was lost.
    assert!(events.iter().any(|event| event.what == Happening::Registered { created: false }), "{events:?}");

    faults.on("PUT", "leases/*").conflict().times(1);
    clock.advance(Duration::from_secs(10)).await;
    let end = tokio::time::Instant::now() + SECONDS_10;
    let now = clock.now().to_string().replace('Z', ".000000Z");
    while cluster.get(LEASE).await["spec"]["renewTime"] != now.as_str() {
        assert!(tokio::time::Instant::now() < end, "{}", kubelet.status());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rotation_a_request_is_known_by_its_key() {
    let clock = Clock::system();
    let cluster = Cluster::in_process("1.30", &clock).await;
    let kubelet = VirtualKubelet::builder("node-1")
        .version(&cluster.version)
        .clock(&clock)
        .without_rotation()
        .without_serving()
        .start(&cluster.bootstrap)
        .await
        .unwrap();
    kubelet.wait_until_ready(SECONDS_10).await.unwrap();
    let events = kubelet.events();
    let Happening::Requested { signer: Signer::KubeApiserverClientKubelet, request } = &events[0].what else {
        panic!("{events:?}")
    };
    assert!(request.starts_with("node-csr-"), "{request}");
    clock.advance(Duration::from_secs(360 * DAY)).await;
    assert_eq!(kubelet.status().clients, 1);
    clock.advance(Duration::from_secs(6 * DAY)).await;
    kubelet.wait_until("there again", SECONDS_10, |status| status.clients == 2).await.unwrap();
}
