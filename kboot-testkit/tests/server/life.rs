//! From start to end: how long it takes, what a restart keeps, what a stop ends, what is left.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kboot_testkit::Identity;
use kboot_testkit::server::{ApiServer, Clock, ServerError};
use kube::api::{Api, ObjectMeta, PostParams, WatchEvent, WatchParams};

use crate::builder;

fn map(name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        ..ConfigMap::default()
    }
}

#[tokio::test]
async fn a_restart_keeps_what_was_stored_and_ends_connections() {
    let mut api = builder().start().await.unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(api.client(&Identity::admin()).unwrap());
    let made = maps.create(&PostParams::default(), &map("a")).await.unwrap();
    let mut watch = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    assert!(matches!(watch.next().await, Some(Ok(WatchEvent::Added(_)))));
    api.restart().await.unwrap();
    let ended = loop {
        match watch.next().await {
            Some(Ok(_)) => {}
            ended => break ended,
        }
    };
    assert!(matches!(ended, None | Some(Err(_))));
    let found = maps.get("a").await.unwrap();
    assert_eq!(found.metadata.resource_version, made.metadata.resource_version);
    api.stop().await;
    maps.get("a").await.unwrap_err();
    api.restart().await.unwrap();
    maps.get("a").await.unwrap();
}

#[tokio::test]
async fn a_compaction_ends_old_watches_with_410() {
    let api = builder().start().await.unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(api.client(&Identity::admin()).unwrap());
    let made = maps.create(&PostParams::default(), &map("a")).await.unwrap();
    maps.create(&PostParams::default(), &map("b")).await.unwrap();
    let version = made.metadata.resource_version.unwrap();
    let mut watch = maps.watch(&WatchParams::default(), &version).await.unwrap().boxed();
    assert!(
        matches!(watch.next().await, Some(Ok(WatchEvent::Added(map))) if map.metadata.name.as_deref() == Some("b"))
    );
    api.compact();
    let mut watch = maps.watch(&WatchParams::default(), &version).await.unwrap().boxed();
    let said = watch.next().await;
    assert!(matches!(&said, Some(Ok(WatchEvent::Error(status))) if status.code == 410), "{said:?}");
}

#[tokio::test]
async fn a_watch_of_one_object_sleeps_through_what_happens_to_others() {
    let api = builder().start().await.unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(api.client(&Identity::admin()).unwrap());
    let create = PostParams::default();
    let made = maps.create(&create, &map("mine")).await.unwrap();
    let params = WatchParams::default().fields("metadata.name=mine");
    let mut watch =
        maps.watch(&params, made.metadata.resource_version.as_deref().unwrap()).await.unwrap().boxed();
    let other = |number: usize| {
        let data = [("number".to_owned(), number.to_string())].into();
        ConfigMap { data: Some(data), ..map("other") }
    };
    maps.create(&create, &other(0)).await.unwrap();
    // More than is remembered, and then everything is forgotten.
    for number in 1..9000 {
        maps.replace("other", &create, &other(number)).await.unwrap();
    }
    api.compact();
    maps.delete("mine", &Default::default()).await.unwrap();
    let event = watch.next().await;
    assert!(matches!(&event, Some(Ok(WatchEvent::Deleted(_)))), "{event:?}");
    // Who comes with that version now has missed something.
    let mut late =
        maps.watch(&params, made.metadata.resource_version.as_deref().unwrap()).await.unwrap().boxed();
    let said = late.next().await;
    assert!(matches!(&said, Some(Ok(WatchEvent::Error(status))) if status.code == 410), "{said:?}");
}

#[tokio::test]
async fn a_stalled_watch_says_nothing_until_it_goes_on_and_a_dropped_one_ends() {
    let api = builder().start().await.unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(api.client(&Identity::admin()).unwrap());
    let mut watch = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    api.faults().stall_watches();
    maps.create(&PostParams::default(), &map("a")).await.unwrap();
    let silence = tokio::time::timeout(Duration::from_millis(100), watch.next()).await;
    assert!(silence.is_err(), "{silence:?}");
    api.faults().resume_watches();
    assert!(matches!(watch.next().await, Some(Ok(WatchEvent::Added(_)))));
    api.faults().drop_watches();
    let ended = watch.next().await;
    assert!(!matches!(ended, Some(Ok(_))), "{ended:?}");
}

#[tokio::test]
async fn many_servers_live_side_by_side() {
    let starts = (0..20).map(|_| builder().start());
    let servers: Vec<ApiServer> = futures::future::try_join_all(starts).await.unwrap();
    for (index, api) in servers.iter().enumerate() {
        let maps: Api<ConfigMap> = Api::default_namespaced(api.client(&Identity::admin()).unwrap());
        maps.create(&PostParams::default(), &map(&format!("of-{index}"))).await.unwrap();
        assert_eq!(maps.list(&Default::default()).await.unwrap().items.len(), 1);
    }
}

#[tokio::test]
async fn a_taken_port_and_an_unknown_version_are_errors() {
    let api = builder().start().await.unwrap();
    let port = api.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(matches!(builder().port(port).start().await, Err(ServerError::Listen { .. })));
    for version in ["1.19", "1.38", "2.30", "1", "", "1.x", "1.30.1.1"] {
        assert!(
            matches!(builder().version(version).start().await, Err(ServerError::Version { .. })),
            "{version}"
        );
    }
}

#[tokio::test]
async fn certificates_end_with_the_servers_clock() {
    for start in ["2020-01-01T00:00:00Z", "2035-01-01T00:00:00Z"] {
        let clock = Clock::stopped_at(start.parse().unwrap());
        let api = builder().clock(&clock).start().await.unwrap();
        let admin = api.client(&Identity::admin()).unwrap();
        admin.apiserver_version().await.unwrap();
        clock.advance(Duration::from_secs(366 * 86_400)).await;
        let error = admin.apiserver_version().await.unwrap_err();
        assert!(matches!(&error, kube::Error::Api(status) if status.code == 401), "{error}");
        api.client(&Identity::admin()).unwrap().apiserver_version().await.unwrap();
    }
}
