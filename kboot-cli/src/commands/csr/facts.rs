//! Policies and what they are decided by, from files; and DNS.

use std::collections::{BTreeMap, HashMap};
use std::io::BufReader;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use kboot_core::policy::{ContextDocument, Inventory, Policy, PolicyContext, Preset, Resolver};
use kboot_core::time::{Lifetime, Timestamp};

use crate::cli::{Facts, PolicyChoice};
use crate::{input, output};

/// As large as a policy or an inventory may be.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A policy with the inventories that it names.
pub(super) struct Loaded {
    pub(super) policy: Policy,
    /// How people call it.
    pub(super) name: String,
    /// Which one it is, if it comes with kboot.
    pub(super) preset: Option<Preset>,
    inventories: BTreeMap<String, Inventory>,
}

impl Loaded {
    pub(super) fn choose(choice: &PolicyChoice, given: Option<&Inventory>) -> Result<Self> {
        match (&choice.policy, choice.preset) {
            (Some(file), _) => Self::from_file(file, given),
            (None, preset) => Ok(Self::from_preset(preset.unwrap_or(Preset::Upstream), given)),
        }
    }

    /// The other policy of a comparison: a preset's name, or a file.
    pub(super) fn other(file: &Path, given: Option<&Inventory>) -> Result<Self> {
        match file.to_str().and_then(|name| name.parse().ok()) {
            Some(preset) if !file.exists() => Ok(Self::from_preset(preset, given)),
            _ => Self::from_file(file, given),
        }
    }

    /// A preset comes without a folder: an inventory that it names is there with --inventory, or not known.
    fn from_preset(preset: Preset, given: Option<&Inventory>) -> Self {
        let policy = preset.policy();
        let names = policy.inventories().map(str::to_owned);
        let inventories = names.filter_map(|name| Some((name, given?.clone()))).collect();
        Self { policy, name: format!("the preset {preset}"), preset: Some(preset), inventories }
    }

    /// A policy that was made in code.
    pub(super) fn of(policy: Policy, given: Option<&Inventory>) -> Self {
        let names = policy.inventories().map(str::to_owned);
        let inventories = names.filter_map(|name| Some((name, given?.clone()))).collect();
        Self { policy, name: "a person".to_owned(), preset: None, inventories }
    }

    fn from_file(file: &Path, given: Option<&Inventory>) -> Result<Self> {
        let policy: Policy = input::document(file, MAX_BYTES)?;
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let mut inventories = BTreeMap::new();
        for name in policy.inventories() {
            if inventories.contains_key(name) {
                continue;
            }
            let found = match given {
                Some(given) => given.clone(),
                None => inventory(&folder.join(name))
                    .with_context(|| format!("{} names the inventory {name:?}", input::name(file)))?,
            };
            inventories.insert(name.to_owned(), found);
        }
        Ok(Self { policy, name: input::name(file), preset: None, inventories })
    }

    /// A context for this policy.
    pub(super) fn context<'a>(&self, known: &'a Known, clock: Timestamp) -> PolicyContext<'a> {
        let mut context = known.document.context(clock);
        context.inventories = self.inventories.clone();
        // The floor asks it whose a name is, also where no rule names it.
        if let Some(given) = known.inventory.as_ref().filter(|_| context.inventories.is_empty()) {
            context.inventories.insert("given with --inventory".to_owned(), given.clone());
        }
        if let Some(resolver) = &known.resolver {
            context.resolver = Some(resolver);
        }
        context
    }
}

/// An inventory from its file; what of it is passed over is told.
pub(super) fn inventory(file: &Path) -> Result<Inventory> {
    let inventory = read_inventory(file)?;
    for warning in inventory.warnings() {
        output::warn(&format!("{}: {warning}", input::name(file)));
    }
    Ok(inventory)
}

/// An inventory from its file.
pub(in crate::commands) fn read_inventory(file: &Path) -> Result<Inventory> {
    input::document(file, MAX_BYTES)
}

/// What is known besides the requests.
pub(super) struct Known {
    pub(super) document: ContextDocument,
    pub(super) inventory: Option<Inventory>,
    resolver: Option<Dns>,
}

impl Known {
    pub(super) fn read(facts: &Facts) -> Result<Self> {
        let mut document = ContextDocument::default();
        for file in &facts.facts {
            let read = document.read(BufReader::new(input::open(file)?));
            read.map_err(|error| anyhow!(error.in_file(&input::name(file))))?;
        }
        let inventory = facts.inventory.as_deref().map(inventory).transpose()?;
        let resolver = facts.resolve_dns.map(|limit| Dns::new(limit, document.dns().clone())).transpose()?;
        Ok(Self { document, inventory, resolver })
    }

    /// Gives the look-ups of the next request their whole time.
    pub(super) fn begin_request(&self) {
        if let Some(resolver) = &self.resolver {
            *locked(&resolver.started) = Instant::now();
        }
    }
}

/// The system's resolver, with a time limit: a request may name a thousand hosts that nobody answers for.
struct Dns {
    limit: Duration,
    started: Mutex<Instant>,
    /// What files say goes before what the network says.
    known: BTreeMap<String, Vec<IpAddr>>,
    asked: Mutex<HashMap<String, Option<Vec<IpAddr>>>>,
}

impl Dns {
    fn new(limit: Lifetime, known: BTreeMap<String, Vec<IpAddr>>) -> Result<Self> {
        let seconds = u64::try_from(limit.seconds())?;
        if !(1..=60).contains(&seconds) {
            bail!("--resolve-dns takes 1s to 60s");
        }
        let limit = Duration::from_secs(seconds);
        Ok(Self { limit, started: Mutex::new(Instant::now()), known, asked: Mutex::default() })
    }
}

/// Nothing here is half done where a thread panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Resolver for Dns {
    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        const REMEMBERED: usize = 10_000;
        if let Some(known) = self.known.get(name) {
            return Some(known.clone());
        }
        if let Some(answer) = locked(&self.asked).get(name) {
            return answer.clone();
        }
        let left = self.limit.checked_sub(locked(&self.started).elapsed())?;
        let (send, receive) = mpsc::channel();
        let host = name.to_owned();
        // The system's resolver knows no time limit; a thread that it keeps waiting ends with the program.
        std::thread::Builder::new()
            .spawn(move || {
                let found = (host.as_str(), 0_u16).to_socket_addrs();
                let _ = send.send(found.ok().map(|found| found.map(|address| address.ip()).collect()));
            })
            .ok()?;
        let answer: Option<Vec<IpAddr>> = receive.recv_timeout(left).ok().flatten();
        // An empty list would say for sure that there is none, which this resolver cannot.
        let answer = answer.filter(|found| !found.is_empty());
        let mut asked = locked(&self.asked);
        if asked.len() >= REMEMBERED {
            asked.clear();
        }
        asked.insert(name.to_owned(), answer.clone());
        answer
    }
}

/// The files of a folder that may hold requests, by name; a file is itself.
pub(super) fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if path == Path::new("-") || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in path.read_dir().with_context(|| input::name(path))? {
        let file = entry.with_context(|| input::name(path))?.path();
        let ending = file.extension().and_then(|ending| ending.to_str());
        if matches!(ending, Some("json" | "yaml" | "yml")) && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        output::warn(&format!("no file of {} ends in .json, .yaml or .yml", input::name(path)));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_for_dns_is_that_of_one_request() {
        let dns = Dns::new("2s".parse().unwrap(), BTreeMap::new()).unwrap();
        *dns.started.lock().unwrap() = Instant::now().checked_sub(Duration::from_secs(2)).unwrap();
        assert_eq!(dns.addresses("localhost"), None);
        *dns.started.lock().unwrap() = Instant::now();
        assert!(
            dns.addresses("localhost").is_some_and(|addresses| addresses.iter().all(IpAddr::is_loopback))
        );
        for bad in ["0s", "61s", "1h"] {
            assert!(Dns::new(bad.parse().unwrap(), BTreeMap::new()).is_err());
        }
    }
}
