//! Faults come when they were ordered, as often as they were ordered, and the log knows.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use kboot_testkit::Identity;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{builder, raw};

fn map(name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        ..ConfigMap::default()
    }
}

#[tokio::test]
async fn what_was_ordered_happens_and_no_more() {
    let api = builder().start().await.unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(api.client(&Identity::admin()).unwrap());
    maps.create(&PostParams::default(), &map("a")).await.unwrap();

    let conflicts = api.faults().on("PUT", "configmaps/a").conflict().times(2);
    for _ in 0..2 {
        let error = maps.replace("a", &PostParams::default(), &map("a")).await.unwrap_err();
        assert!(matches!(&error, kube::Error::Api(status) if status.code == 409), "{error}");
    }
    assert_eq!(conflicts.left(), Some(0));
    maps.replace("a", &PostParams::default(), &map("a")).await.unwrap();

    // One that came before it was said how many counts: with a client that never rests there is always one.
    let errors = api.faults().on("GET", "configmaps/a").internal_error();
    maps.get("a").await.unwrap_err();
    let errors = errors.times(1);
    assert_eq!(errors.left(), Some(0));
    maps.get("a").await.unwrap();

    api.faults().on("list", "configmaps").too_many_requests(1).times(1);
    let error = maps.list(&ListParams::default()).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 429), "{error}");

    let slow = api.faults().on("get", "configmaps/*").latency(Duration::from_millis(80));
    let start = Instant::now();
    maps.get("a").await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(80));
    slow.cancel();

    // Done, and nobody hears of it.
    api.faults().on("POST", "configmaps").lose_answer().times(1);
    maps.create(&PostParams::default(), &map("b")).await.unwrap_err();
    maps.get("b").await.unwrap();

    let requests = api.requests();
    requests.expect("PUT", "configmaps/a").answered(409).times(2);
    requests.expect("PUT", "configmaps/a").by("kubernetes-*").times(3);
    requests.expect("GET", "configmaps/a").by("somebody").times(0);
    let history = api.history("", "configmaps", "default", "b");
    let written: Vec<_> = history.iter().map(|write| (write.verb.as_str(), write.user.as_str())).collect();
    assert_eq!(written, [("create", "kubernetes-admin")]);
}

/// Also one whose client is behind, and that waits for it just then.
#[tokio::test]
async fn every_watch_is_dropped() {
    let api = builder().start().await.unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(api.client(&Identity::admin()).unwrap());
    for number in 0..24 {
        let mut large = map(&format!("large-{number}"));
        large.data = Some([("large".to_owned(), "x".repeat(900_000))].into());
        maps.create(&PostParams::default(), &large).await.unwrap();
    }
    let path = "/api/v1/namespaces/default/configmaps?watch=true";
    let mut connection = raw::connect(&api).await;
    let request = raw::request("GET", path, &[("Connection", "close")], b"");
    connection.write_all(&request).await.unwrap();
    let mut buffer = vec![0; 1 << 20];
    assert!(connection.read(&mut buffer).await.unwrap() > 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    api.faults().drop_watches();
    while let Ok(read) = tokio::time::timeout(Duration::from_secs(5), connection.read(&mut buffer)).await {
        if matches!(read, Ok(0) | Err(_)) {
            return;
        }
    }
    panic!("the watch goes on");
}

#[tokio::test]
#[should_panic(expected = "expected 1 times PUT nodes by anybody, and there were 0")]
async fn what_was_not_asked_fails_the_test() {
    let api = builder().start().await.unwrap();
    api.requests().expect("PUT", "nodes").times(1);
}

#[tokio::test]
#[should_panic(expected = "there is no method or verb \"PUSH\"")]
async fn a_method_that_there_is_not() {
    let _ = builder().start().await.unwrap().faults().on("PUSH", "nodes");
}

#[tokio::test]
#[should_panic(expected = "the resource is certificatesigningrequests")]
async fn a_resource_by_its_short_name() {
    let _ = builder().start().await.unwrap().requests().expect("PUT", "csr/*/approval");
}
