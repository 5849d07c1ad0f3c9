//! `kboot-apiserver`: the test kit's API server as a program, for other languages and for people who look.

mod approver;
mod arguments;
mod kubeconfig;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use kboot_core::Env;
use kboot_core::token::{BootstrapToken, TokenSettings};
use kboot_testkit::Identity;
use kboot_testkit::kubelet::VirtualKubelet;
use kboot_testkit::server::{ApiServer, Controller};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use approver::Loaded;
use arguments::{Arguments, Told};

/// Slowly enough to be watched.
const BETWEEN_NODES: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args_os().skip(1)) {
        Ok(Told::Serve(arguments)) => arguments,
        Ok(Told::Help) => return print(arguments::HELP),
        Ok(Told::Version) => return print(concat!("kboot-apiserver ", env!("CARGO_PKG_VERSION"), "\n")),
        Err(error) => {
            tell(&format!("error: {error}\n\nFor more information, try '--help'."));
            return ExitCode::from(2);
        }
    };
    allow_many_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(serve(&arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(error)) => {
            tell(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// What ends the program before its time, with its causes.
struct Failure(String);

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
        let texts = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string));
        Self(texts.collect::<Vec<_>>().join(": "))
    }
}

async fn serve(arguments: &Arguments) -> Result<(), Failure> {
    // Before anything is started, so that a mistake costs nothing.
    kubeconfig::check(&arguments.kubeconfig).map_err(Failure)?;
    let loaded = arguments.approver.as_deref().map(Loaded::read).transpose().map_err(Failure)?;
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);

    let mut builder = ApiServer::builder().port(arguments.port).controllers(Controller::ALL);
    if let Some(version) = &arguments.version {
        builder = builder.version(version);
    }
    let api = builder.start().await?;
    let admin = api.client(&Identity::admin())?;
    let git_version = admin.apiserver_version().await?.git_version;
    kubeconfig::write(&arguments.kubeconfig, &api.kubeconfig(&Identity::admin())?).map_err(Failure)?;
    tell(&format!("Kubernetes {git_version} at {}", api.url()));
    tell(&format!(
        "kubectl --kubeconfig {} get nodes --watch",
        kboot_core::shown::escaped(&arguments.kubeconfig.to_string_lossy())
    ));

    let approves = async {
        let Some(loaded) = &loaded else { return std::future::pending().await };
        for object in loaded.roles() {
            let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
            post(
                &admin,
                &format!("/apis/rbac.authorization.k8s.io/v1/{kind}s"),
                "application/json",
                &object.to_string(),
            )
            .await?;
        }
        let client = api.client(&Identity::certificate::<&str>(approver::NAME, []))?;
        loaded.approve(&client, tell).await;
        Ok::<(), Failure>(())
    };
    let joins = async {
        let _kubelets = join(&api, arguments.nodes, &git_version).await?;
        std::future::pending::<()>().await;
        Ok::<(), Failure>(())
    };
    tokio::select! {
        done = async { tokio::try_join!(approves, joins) } => done.map(drop),
        _ = interrupted.recv() => Ok(()),
        _ = terminated.recv() => Ok(()),
    }
}

/// Nodes that join by a bootstrap token, with kubeadm's roles, one after another.
async fn join(api: &ApiServer, count: u32, version: &str) -> Result<Vec<VirtualKubelet>, Failure> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let token = BootstrapToken::generate(&mut Env::system())?;
    api.add_bootstrap_token(&token, &TokenSettings::new())?;
    let bootstrap = api.kubeconfig(&Identity::bootstrap(&token))?;
    let mut kubelets = Vec::new();
    for number in 1..=count {
        let kubelet = VirtualKubelet::builder(&format!("node-{number}")).version(version);
        kubelets.push(kubelet.start(&bootstrap).await?);
        tokio::time::sleep(BETWEEN_NODES).await;
    }
    Ok(kubelets)
}

async fn post(client: &kube::Client, path: &str, kind: &str, body: &str) -> Result<(), Failure> {
    let request = http::Request::post(path).header(http::header::CONTENT_TYPE, kind);
    client.request::<Value>(request.body(body.as_bytes().to_vec())?).await?;
    Ok(())
}

/// Each node is two connections, and each of them has two ends here: as many open files as the system allows.
fn allow_many_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Tells people something; that nobody listens is no error.
fn tell(line: &str) {
    let _ = io::stderr().lock().write_all(format!("kboot-apiserver: {line}\n").as_bytes());
}

fn print(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tell(&format!("error: cannot write to stdout: {error}"));
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}
