//! Faults come when they were ordered, as often as they were ordered, and the log knows.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use kboot_testkit::Identity;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};

use crate::builder;

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

#[tokio::test]
#[should_panic(expected = "expected 1 times PUT nodes by anybody, and there were 0")]
async fn what_was_not_asked_fails_the_test() {
    let api = builder().start().await.unwrap();
    api.requests().expect("PUT", "nodes").times(1);
}
