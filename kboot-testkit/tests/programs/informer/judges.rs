//! The same informer at the real servers and at this crate's of their versions: it asks for the same, and sees it.

use kboot_testkit::Identity;
use kboot_testkit::server::ApiServer;
use kboot_testkit::upstream::{Machinery, Upstream, UpstreamError};
use kube::Client;
use serde_json::json;

use super::program::Informer;
use super::{MODES, Mode, SECRETS, THINGS, define_things, in_default, secret, thing};
use crate::support::{delete, post, put};

fn present<T>(located: Result<T, UpstreamError>) -> Option<T> {
    located
        .inspect_err(|error| {
            let is_required = std::env::var_os("KBOOT_REQUIRE_ORACLES").is_some_and(|value| value == "1");
            assert!(!is_required, "{error}");
            eprintln!("SKIPPED: {error}");
        })
        .ok()
}

/// What an informer of a resource asks for and sees, without versions; none where it is missing.
async fn life(kubeconfig: &str, admin: &Client, mode: Mode, resource: &str) -> Option<Vec<String>> {
    let new = if resource == THINGS { thing } else { secret };
    for name in ["a", "b", "c"] {
        post(admin, &in_default(resource), &new(name)).await;
    }
    let mut informer = Informer::start(kubeconfig, mode, &[], &[resource])?;
    informer.synced(1);
    informer.until("watches", |informer| informer.asked(resource).last().is_some_and(|verb| verb != "list"));
    let mut made = post(admin, &in_default(resource), &new("d")).await;
    made["metadata"]["labels"] = json!({"seen": "twice"});
    put(admin, &format!("{}/d", in_default(resource)), &made).await;
    for name in ["a", "b", "c", "d"] {
        delete(admin, &format!("{}/{name}", in_default(resource)), &json!({})).await;
    }
    informer.until("sees", |informer| informer.said("delete").len() == 4);
    informer.until_it_holds(admin, &[resource]).await;
    let mut life = informer.asked(resource);
    let events = informer.events().into_iter();
    let mut events: Vec<_> = events.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect();
    // What is there at the start comes in any order.
    events[..3].sort();
    life.append(&mut events);
    informer.ends_well();
    Some(life)
}

/// The same on a server of this crate.
async fn in_process(version: &str, mode: Mode, resource: &str) -> Option<Vec<String>> {
    let api = ApiServer::builder().version(version).start().await.unwrap();
    let admin = api.client(&Identity::admin()).unwrap();
    define_things(&admin).await;
    life(&api.kubeconfig(&Identity::admin()).unwrap(), &admin, mode, resource).await
}

/// Watch lists are refused by whom does not know them, and the informer falls back to a list.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_server_is_listed() {
    for mode in MODES {
        for resource in [SECRETS, THINGS] {
            for version in ["1.20", "1.30", "1.33"] {
                let Some(seen) = in_process(version, mode, resource).await else { return };
                let asked =
                    if mode.watch_lists { &["watch-list", "list", "watch"][..] } else { &["list", "watch"] };
                assert_eq!(seen[..asked.len()], *asked, "{version}");
            }
        }
    }
    let api = ApiServer::builder().version("1.20").start().await.unwrap();
    let kubeconfig = api.kubeconfig(&Identity::admin()).unwrap();
    let Some(informer) = Informer::start(&kubeconfig, MODES[0], &["-watch-lists"], &[SECRETS]) else {
        return;
    };
    let (code, log) = informer.ends();
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("it fell back from a watch list to a list"), "{log}");
    api.requests().expect("watch", "secrets").answered(422).times(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_servers_are_asked_the_same() {
    let Some(upstream) = present(Upstream::locate()) else { return };
    let version = format!("1.{}", upstream.minor());
    let upstream = upstream.start().await.unwrap();
    let admin = upstream.client(&Identity::admin()).unwrap();
    let kubeconfig = upstream.kubeconfig(&Identity::admin()).unwrap();
    define_things(&admin).await;
    for mode in MODES {
        for resource in [SECRETS, THINGS] {
            let Some(real) = life(kubeconfig.expose_secret(), &admin, mode, resource).await else { return };
            assert_eq!(in_process(&version, mode, resource).await.unwrap(), real, "{version}, {mode:?}");
        }
    }

    let Some(machinery) = present(Machinery::locate()) else { return };
    let machinery = machinery.start(&upstream).await.unwrap();
    let kubeconfig = kubeconfig.expose_secret().replace(&upstream.url(), &machinery.url());
    let admin = machinery.client(&Identity::admin()).unwrap();
    define_things(&admin).await;
    for mode in MODES {
        let Some(real) = life(&kubeconfig, &admin, mode, THINGS).await else { return };
        assert_eq!(in_process("1.36", mode, THINGS).await.unwrap(), real, "{mode:?}");
    }
}
