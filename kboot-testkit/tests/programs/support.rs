//! How upstream's programs are found, run and ended here.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use kboot_testkit::Identity;
use kboot_testkit::server::ApiServer;
use kube::Client;
use serde_json::Value;
use tempfile::TempDir;

/// How long something may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(90);

fn found(name: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let program = folders.into_iter().map(|folder| folder.join(name)).find(|program| program.is_file());
    if program.is_none() {
        let is_required = std::env::var_os("KBOOT_REQUIRE_ORACLES").is_some_and(|value| value == "1");
        assert!(!is_required, "{name} is required and missing");
        eprintln!("SKIPPED: {name} is missing");
    }
    program
}

/// A program of the machine.
pub(crate) fn of_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    found(name, std::env::split_paths(&path))
}

/// What the scripts of this repository have built.
pub(crate) fn of_cache(below: &str, name: &str) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("KBOOT_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("kboot")))
        .or_else(|| Some(variable("HOME")?.join(".cache/kboot")));
    found(name, cache.map(|cache| cache.join(below)))
}

/// kubectl as old or new as a server of this version may have it.
pub(crate) fn kubectl_of(version: &str) -> Option<PathBuf> {
    match version {
        "1.36" => of_cache("api-machinery-v1.36/bin", "kubectl"),
        _ => of_path("kubectl"),
    }
}

/// A program with its own folder, home and kubeconfig.
pub(crate) struct Tool {
    program: PathBuf,
    folder: TempDir,
    /// What comes before all other arguments.
    pub(crate) first: Vec<String>,
}

/// What a program said, and whether it was content.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) is_ok: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Tool {
    pub(crate) fn new(program: PathBuf, first: &[&str]) -> Self {
        let first = first.iter().map(|&word| word.to_owned()).collect();
        Self { program, folder: tempfile::tempdir().unwrap(), first }
    }

    /// kubectl as this user.
    pub(crate) fn kubectl(program: PathBuf, api: &ApiServer, identity: &Identity) -> Self {
        let mut tool = Self::new(program, &[]);
        let kubeconfig = tool.write("kubeconfig", api.kubeconfig(identity).unwrap());
        let cache = tool.path("cache");
        tool.first = vec![format!("--kubeconfig={kubeconfig}"), format!("--cache-dir={cache}")];
        tool
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file into its folder; the path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        File::create(&path).unwrap().write_all(content.as_ref()).unwrap();
        path
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.first).args(words).current_dir(self.folder.path());
        command.env("HOME", self.folder.path()).env_remove("KUBECONFIG").env_remove("KUBE_EDITOR");
        command.stdin(Stdio::null());
        command
    }

    /// What it says to these words.
    pub(crate) fn run(&self, words: &[&str]) -> Said {
        Said::of(&self.command(words).output().unwrap())
    }

    /// What it prints; it must be content.
    #[track_caller]
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert!(said.is_ok, "{words:?}: {}{}", said.out, said.err);
        said.out
    }

    /// What it complains of; it must fail.
    #[track_caller]
    pub(crate) fn refused(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert!(!said.is_ok, "{words:?} went well: {}", said.out);
        said.err
    }

    /// What it prints once that is as it should be.
    #[track_caller]
    pub(crate) fn until(&self, words: &[&str], is: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        eventually(|| {
            let said = self.run(words);
            last = format!("{}{}", said.out, said.err);
            is(&said.out)
        })
        .unwrap_or_else(|()| panic!("{words:?}: {last}"));
        last
    }

    /// Runs until this is dropped; what it says goes to a file of its folder.
    pub(crate) fn start(&self, words: &[&str]) -> Started {
        let log = self.path("log");
        let file = File::create(&log).unwrap();
        let child = self.command(words).stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Started { child, log: log.into() }
    }
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            is_ok: output.status.success(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }
}

/// A program that runs, and ends with the test.
pub(crate) struct Started {
    child: Child,
    log: PathBuf,
}

impl Started {
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until its log says this.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        eventually(|| self.log().contains(text)).unwrap_or_else(|()| panic!("no {text:?}: {}", self.log()));
    }

    /// Waits until it ends, and asks that it was content.
    #[track_caller]
    pub(crate) fn ends_well(&mut self) {
        let mut status = None;
        let ended = eventually(|| {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let is_well = ended.is_ok() && status.is_some_and(|status| status.success());
        assert!(is_well, "{status:?}: {}", self.log());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("--- {}\n{}", self.log.display(), lines[lines.len().saturating_sub(40)..].join("\n"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so.
pub(crate) fn eventually(mut is: impl FnMut() -> bool) -> Result<(), ()> {
    let until = Instant::now() + PATIENCE;
    while !is() {
        if Instant::now() > until {
            return Err(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Whether a text has all of these.
#[track_caller]
pub(crate) fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

/// What is at a path; null where nothing is.
pub(crate) async fn get(client: &Client, path: &str) -> Value {
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    match client.request::<Value>(request).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Value::Null,
        result => result.unwrap(),
    }
}

pub(crate) async fn post(client: &Client, path: &str, object: &Value) -> Value {
    send(client, http::Request::post(path), object).await.unwrap()
}

pub(crate) async fn put(client: &Client, path: &str, object: &Value) -> Value {
    send(client, http::Request::put(path), object).await.unwrap()
}

pub(crate) async fn post_yaml(client: &Client, path: &str, text: &str) -> Value {
    let request = http::Request::post(path).header("content-type", "application/yaml");
    client.request(request.body(text.as_bytes().to_vec()).unwrap()).await.unwrap()
}

pub(crate) async fn delete(client: &Client, path: &str, options: &Value) -> Value {
    send(client, http::Request::delete(path), options).await.unwrap()
}

pub(crate) async fn send(
    client: &Client,
    request: http::request::Builder,
    body: &Value,
) -> kube::Result<Value> {
    let request = request.header("content-type", "application/json").body(body.to_string().into_bytes());
    client.request(request.unwrap()).await
}

/// What is at a path as soon as it is as it should be, else what it was last.
pub(crate) async fn until(client: &Client, path: &str, is: impl Fn(&Value) -> bool) -> Result<Value, Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let object = get(client, path).await;
        if is(&object) {
            return Ok(object);
        }
        if Instant::now() > until {
            return Err(object);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
