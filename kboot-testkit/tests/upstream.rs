//! Upstream's programs start, know their clients, and end with the test.

#![cfg(feature = "server")]
#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use kboot_core::{BootstrapToken, Env, TokenSettings};
use kboot_testkit::Identity;
use kboot_testkit::server::{ApiServer, Controller};
use kboot_testkit::upstream::{Kubelet, Program, Upstream, UpstreamError};
use kube::client::Body;
use serde_json::Value;

/// The programs; none, with a line on stderr, where they are missing and may be.
fn located() -> Option<Upstream> {
    match Upstream::locate() {
        Ok(upstream) => Some(upstream),
        Err(error) => {
            skipped(&error);
            None
        }
    }
}

fn skipped(error: &UpstreamError) {
    assert!(std::env::var_os("KBOOT_REQUIRE_ORACLES").is_none_or(|value| value != "1"), "{error}");
    eprintln!("SKIPPED: {error}");
}

/// Who the server takes a client for, and its code: by a request that is forbidden to most.
async fn known_as(client: &kube::Client) -> (u16, String) {
    let request = http::Request::get("/api/v1/secrets?limit=1").body(Body::empty()).unwrap();
    let answer = client.send(request).await.unwrap();
    let code = answer.status().as_u16();
    let body: Value = serde_json::from_slice(&answer.into_body().collect_bytes().await.unwrap()).unwrap();
    let message = body["message"].as_str().unwrap_or_default();
    let name = message.split('"').nth(1).unwrap_or_default();
    (code, name.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_knows_its_clients() {
    let Some(upstream) = located() else { return };
    let started = Instant::now();
    let api = upstream.with_static_tokens("hunter2,jack,7,\"ops\"\n").start().await.unwrap();
    eprintln!("etcd and kube-apiserver: {:?}", started.elapsed());
    let admin = api.client(&Identity::admin()).unwrap();
    assert_eq!(known_as(&admin).await.0, 200);
    let version = admin.apiserver_version().await.unwrap();
    assert_eq!(version.minor.trim_end_matches('+'), api.minor().to_string());

    let token = BootstrapToken::generate(&mut Env::system()).unwrap();
    api.add_bootstrap_token(&token, &TokenSettings::new()).await.unwrap();

    let name = token.username();
    for (identity, code, known) in [
        (Identity::certificate("jane", ["dev"]), 403, "jane"),
        (Identity::node("worker-1"), 403, "system:node:worker-1"),
        (Identity::bootstrap(&token), 403, name.as_str()),
        (Identity::token("hunter2"), 403, "jack"),
        (Identity::token("hunter3"), 401, ""),
        (Identity::anonymous(), 403, "system:anonymous"),
    ] {
        let client = api.client(&identity).unwrap();
        // The authenticator of bootstrap tokens reads a cache.
        let until = Instant::now() + Duration::from_secs(5);
        let mut found = known_as(&client).await;
        while found.0 != code && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
            found = known_as(&client).await;
        }
        assert_eq!(found, (code, known.to_owned()), "{identity:?}");
        let kubeconfig = api.kubeconfig(&identity).unwrap();
        let read = kube::config::Kubeconfig::from_yaml(kubeconfig.expose_secret()).unwrap();
        let config = kube::Config::from_custom_kubeconfig(read, &Default::default()).await.unwrap();
        let client = kube::Client::try_from(config).unwrap();
        assert_eq!(known_as(&client).await, (code, known.to_owned()), "{identity:?} by kubeconfig");
    }
    api.compact().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_up_says_why() {
    let Some(upstream) = located() else { return };
    let started = upstream.with_flag(Program::ApiServer, "authorization-mode", "Magic").start().await;
    let Err(UpstreamError::NotReady { program, problem, log }) = started else { panic!("{started:?}") };
    assert_eq!(program, "kube-apiserver");
    assert!(problem.starts_with("ended with "), "{problem}");
    assert!(log.contains("Magic"), "{log}");
}

/// What comes before its container runtime: the token's request, the certificate, and what a kubelet says of its server.
#[tokio::test(flavor = "multi_thread")]
async fn a_kubelet_bootstraps_and_says_what_it_lacks() {
    let kubelet = match Kubelet::locate() {
        Ok(kubelet) => kubelet,
        Err(error) => return skipped(&error),
    };
    let version = format!("1.{}", kubelet.minor());
    let api = ApiServer::builder().version(&version).controllers(Controller::ALL).start().await.unwrap();
    let token = BootstrapToken::generate(&mut Env::system()).unwrap();
    api.add_bootstrap_token(&token, &TokenSettings::new()).unwrap();
    let kubeconfig = api.kubeconfig(&Identity::bootstrap(&token)).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let kubelet = kubelet.with_runtime(folder.path().join("no.sock"));
    let error = kubelet.clone().start("Worker_1", &kubeconfig).unwrap_err().to_string();
    assert!(error.starts_with("a kubelet's certificate: "), "{error}");
    let running = kubelet.start("worker-1", &kubeconfig).unwrap();
    let error = running.ready().await.unwrap_err();
    let UpstreamError::NotReady { program: "kubelet", problem, log } = error else { panic!("{error}") };
    assert!(problem.starts_with("ended with "), "{problem}");
    assert!(log.contains("no.sock"), "{log}");
    api.requests().expect("POST", "certificatesigningrequests").by(&token.username()).times(1);
    let admin = api.client(&Identity::admin()).unwrap();
    let requests =
        kube::Api::<CertificateSigningRequest>::all(admin).list(&Default::default()).await.unwrap();
    let [request] = requests.items.as_slice() else { panic!("{requests:?}") };
    assert!(request.status.as_ref().is_some_and(|status| status.certificate.is_some()), "{request:?}");
}

/// Whose environment names a folder without a server.
#[test]
#[ignore = "run by the_variable_is_all_that_counts"]
fn locates() {
    println!("{}", Upstream::locate().unwrap_err());
}

#[test]
fn the_variable_is_all_that_counts() {
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "locates", "--ignored", "--nocapture"]).env("KUBEBUILDER_ASSETS", "/nowhere");
    let said = String::from_utf8(test.output().unwrap().stdout).unwrap();
    assert!(said.contains("kube-apiserver is missing; looked into /nowhere; "), "{said}");
}

/// Killed by `a_killed_test_leaves_nothing`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by a_killed_test_leaves_nothing"]
async fn victim() {
    let Some(upstream) = located() else { return };
    let _api = upstream.with_controller_manager().start().await.unwrap();
    std::future::pending().await
}

/// The processes with this text in their environment.
fn processes_with(mark: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let marked = processes.filter(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(mark)
    });
    let name =
        |path: &Path| std::fs::read_to_string(path.join("cmdline")).unwrap_or_default().replace('\0', " ");
    marked.map(|entry| format!("{:?}: {}", entry.file_name(), name(&entry.path()))).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_test_leaves_nothing() {
    if located().is_none() {
        return;
    }
    // Many more by hand: KBOOT_KILLS=100.
    let kills =
        std::env::var_os("KBOOT_KILLS").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(20_u32);
    let folder = tempfile::tempdir().unwrap();
    let mark = format!("TMPDIR={}", folder.path().display());
    let mut alive = 0;
    for kill in 0..kills {
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "victim", "--ignored"]).env("TMPDIR", folder.path());
        let mut test = test.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // From a moment after its start to one when all of it runs.
        let random = u64::from(kill % 5) * 800 + u64::from(std::process::id().wrapping_mul(kill + 1) % 800);
        std::thread::sleep(Duration::from_millis(random));
        alive += usize::from(processes_with(&mark).iter().any(|process| process.contains("kube-apiserver")));
        test.kill().unwrap();
        test.wait().unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let left = processes_with(&mark);
            let files: Vec<_> =
                std::fs::read_dir(folder.path()).unwrap().flatten().map(|file| file.path()).collect();
            if left.is_empty() && files.is_empty() {
                break;
            }
            assert!(Instant::now() < until, "left of kill {kill} after {random} ms: {left:#?} {files:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(
        alive * 4 > usize::try_from(kills).unwrap(),
        "only {alive} of {kills} ran a server when they were killed"
    );
}
