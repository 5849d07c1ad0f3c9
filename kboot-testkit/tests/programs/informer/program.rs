//! The program: see `main.go` beside this, which `scripts/api-machinery` builds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};

use kube::Client;
use serde_json::Value;

use super::{Mode, path};
use crate::support::{Tool, eventually, get, of_cache};

/// Objects as `things default/a`, each with its version.
pub(super) type Objects = BTreeMap<String, String>;

pub(super) struct Informer {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<Vec<String>>>,
    tool: Tool,
}

impl Informer {
    /// None where the program is missing.
    pub(super) fn start(kubeconfig: &str, mode: Mode, flags: &[&str], resources: &[&str]) -> Option<Self> {
        let tool = Tool::new(of_cache("api-machinery-v1.36/bin", "informer")?, &[]);
        let kubeconfig = tool.write("kubeconfig", kubeconfig);
        let mut words = flags.to_vec();
        words.extend(mode.protobuf.then_some("-protobuf"));
        words.push(&kubeconfig);
        words.extend(resources);
        let mut command = tool.command(&words);
        // Watch lists are client-go's default since 0.35.
        command.env_remove("KUBE_FEATURE_WatchListClient");
        if !mode.watch_lists {
            command.env("KUBE_FEATURE_WatchListClient", "false");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(File::create(tool.path("log")).unwrap()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        let said = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        Some(Self { child, stdin, said, tool })
    }

    /// All it said, each line without the word that it begins with.
    pub(super) fn said(&self, word: &str) -> Vec<String> {
        let said = self.said.lock().unwrap();
        said.iter().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' ')).map(str::to_owned).collect()
    }

    /// The lines of what it saw.
    pub(super) fn events(&self) -> Vec<String> {
        let said = self.said.lock().unwrap();
        let is_event =
            |line: &&String| ["add ", "update ", "delete "].iter().any(|word| line.starts_with(word));
        said.iter().filter(is_event).cloned().collect()
    }

    /// What it asked for, of each resource in its order: `watch-list things`.
    pub(super) fn asked(&self, resource: &str) -> Vec<String> {
        let plural = resource.rsplit('/').next().unwrap();
        let asked = self.said("asks").into_iter();
        asked.filter_map(|line| line.strip_suffix(plural).map(|verb| verb.trim().to_owned())).collect()
    }

    #[track_caller]
    pub(super) fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        let is_so = eventually(|| {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the informer has ended ({status}): {}", self.log());
            }
            is(self)
        });
        is_so.unwrap_or_else(|()| panic!("{what}: never so; {}", self.log()));
    }

    /// Waits until the caches of so many resources are filled; how many milliseconds that took.
    #[track_caller]
    pub(super) fn synced(&mut self, resources: usize) -> u64 {
        self.until("synced", |informer| informer.said("synced").len() == resources);
        let times = self.said("synced").into_iter();
        times.map(|line| line.split(' ').nth(2).unwrap().parse().unwrap()).max().unwrap()
    }

    /// What the caches hold now.
    #[track_caller]
    pub(super) fn holds(&mut self) -> Objects {
        self.ask();
        let said = self.said.lock().unwrap();
        let before = said[..said.len() - 1].iter().rposition(|line| line == "said").map_or(0, |at| at + 1);
        said[before..].iter().filter_map(|line| object(line.strip_prefix("has ")?)).collect()
    }

    /// The version up to which it knows a resource.
    #[track_caller]
    pub(super) fn version(&mut self, plural: &str) -> u64 {
        self.ask();
        let last = self.said(&format!("at {plural}")).pop().unwrap();
        last.parse().unwrap()
    }

    /// Has it say what it holds.
    #[track_caller]
    fn ask(&mut self) {
        let answers = |informer: &Self| {
            let said = informer.said.lock().unwrap();
            said.iter().filter(|line| *line == "said").count()
        };
        let before = answers(self);
        self.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        self.until("an answer", |informer| answers(informer) > before);
    }

    /// Waits until it holds what the server has.
    pub(super) async fn until_it_holds(&mut self, client: &Client, resources: &[&str]) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let (stored, held) = (stored(client, resources).await, self.holds());
            if stored == held {
                return;
            }
            assert!(std::time::Instant::now() < until, "stored {stored:?}\nheld {held:?}\n{}", self.log());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// Ends it, as who has seen enough.
    #[track_caller]
    pub(super) fn ends_well(mut self) {
        drop(self.stdin.take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Waits until it ends by itself; its code and its complaints.
    #[track_caller]
    pub(super) fn ends(mut self) -> (Option<i32>, String) {
        let mut status = None;
        let ended = eventually(|| {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        ended.unwrap_or_else(|()| panic!("it runs on: {}", self.log()));
        (status.and_then(|status| status.code()), self.log())
    }

    /// Its complaints, and the end of what it said.
    pub(super) fn log(&self) -> String {
        let said = self.said.lock().unwrap();
        let end = said[said.len().saturating_sub(20)..].join("\n");
        let asks: Vec<_> = said.iter().filter(|line| line.starts_with("asks ")).collect();
        format!("{}\n{asks:?}\n{end}", std::fs::read_to_string(self.tool.path("log")).unwrap_or_default())
    }
}

impl Drop for Informer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `things default/a 7`.
pub(super) fn object(line: &str) -> Option<(String, String)> {
    let (object, version) = line.rsplit_once(' ')?;
    Some((object.to_owned(), version.to_owned()))
}

/// What the server has.
pub(super) async fn stored(client: &Client, resources: &[&str]) -> Objects {
    let mut objects = Objects::new();
    for resource in resources {
        let plural = resource.rsplit('/').next().unwrap();
        for item in get(client, &path(resource)).await["items"].as_array().unwrap() {
            let part = |name: &str| {
                item["metadata"].get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let object = format!("{plural} {}/{}", part("namespace"), part("name"));
            objects.insert(object, part("resourceVersion"));
        }
    }
    objects
}
