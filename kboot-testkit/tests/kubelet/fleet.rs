//! Many kubelets at once.

use std::time::{Duration, Instant};

use kboot_testkit::kubelet::VirtualKubelet;
use kboot_testkit::server::Clock;

use crate::cluster::Cluster;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_nodes_join_and_leave() {
    let cluster = Cluster::in_process("1.36", &Clock::system()).await;
    let started = Instant::now();
    let fleet = VirtualKubelet::builder("worker").version("1.36").without_serving();
    let fleet = fleet.start_many(100, &cluster.bootstrap).await.unwrap();
    fleet.wait_until_ready(Duration::from_secs(60)).await.unwrap();
    eprintln!("100 nodes joined in {:?}", started.elapsed());
    assert_eq!(fleet.ready(), 100);
    let nodes = cluster.get("/api/v1/nodes").await;
    let nodes = nodes["items"].as_array().unwrap();
    let mut addresses: Vec<_> =
        nodes.iter().map(|node| node["status"]["addresses"][0]["address"].as_str()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!((nodes.len(), addresses.len()), (100, 100));
    assert!(fleet.get("worker-100").is_some() && fleet.get("worker-101").is_none());

    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    drop(fleet);
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let until = Instant::now() + Duration::from_secs(10);
    while alive() > 20 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(before >= 200 && alive() <= 20, "{before} tasks, and afterwards {}", alive());
}
