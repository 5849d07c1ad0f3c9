//! Merging: several kubeconfigs become one, and nothing is lost or exchanged without being said.
//!
//! kubectl merges the files of `KUBECONFIG` by name, and the first file wins without a word
//! (`clientcmd/loader.go`). That is [`MergeStrategy::Keep`] here; the default is to refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use zeroize::Zeroizing;

use super::KubeconfigError;
use super::model::{Context, Entry, Kubeconfig, Named, Unknown};
use crate::shown::excerpt;

/// What happens where two kubeconfigs have different entries of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MergeStrategy {
    /// It is an error.
    #[default]
    Fail,
    /// The first one stays, as with kubectl.
    Keep,
    /// The later one takes its place.
    Replace,
    /// The later one gets a new name, `NAME-2` or the next that is free, and the contexts that came with it
    /// follow.
    Rename,
}

/// A kubeconfig to merge, and where it comes from.
#[derive(Debug)]
#[non_exhaustive]
pub struct MergeSource {
    /// What it is called in messages: the file's name.
    pub name: String,
    /// The folder of its file, absolute; relative paths count from there.
    pub folder: PathBuf,
    /// The configuration.
    pub kubeconfig: Kubeconfig,
}

impl MergeSource {
    /// A kubeconfig that was read from a file in this folder.
    #[must_use]
    pub fn new(name: impl Into<String>, folder: impl Into<PathBuf>, kubeconfig: Kubeconfig) -> Self {
        Self { name: name.into(), folder: folder.into(), kubeconfig }
    }
}

/// What was merged.
#[derive(Debug)]
#[non_exhaustive]
pub struct Merged {
    /// The configuration, its paths absolute, its lists in the order in which names first appeared.
    pub kubeconfig: Kubeconfig,
    /// What every source after the first changed, or did not.
    pub changes: Vec<MergeChange>,
}

/// What became of an entry; an entry that is there already, word for word, is not mentioned.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MergeChange {
    /// The name of its source.
    pub source: String,
    /// Which list it is in.
    pub kind: EntryKind,
    /// Its name in the source.
    pub name: String,
    /// What became of it.
    pub action: MergeAction,
}

/// What became of an entry of a later source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MergeAction {
    /// It is new.
    Added,
    /// Another one of its name was there and stays; this one is left out.
    Kept,
    /// Another one of its name was there; this one takes its place.
    Replaced,
    /// Another one of its name was there; this one has a new name.
    Renamed {
        /// The new name.
        to: String,
    },
    /// Another one of its name was there, and the strategy is to fail.
    Refused,
    /// A context that leads elsewhere than its own file had it, because the cluster or user that it names
    /// was left out or replaced.
    Redirected,
}

/// The parts of a kubeconfig that are merged by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryKind {
    /// An entry of `clusters`.
    Cluster,
    /// An entry of `users`.
    User,
    /// An entry of `contexts`.
    Context,
    /// The name in `current-context`.
    CurrentContext,
    /// A key of the document that kboot has no field for, such as `preferences`.
    Key,
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cluster => "cluster",
            Self::User => "user",
            Self::Context => "context",
            Self::CurrentContext => "current context",
            Self::Key => "key",
        })
    }
}

impl fmt::Display for MergeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, kind, name, action } = self;
        let (source, name) = (excerpt(source), excerpt(name));
        match action {
            MergeAction::Added => write!(f, "added {kind} {name:?} from {source:?}"),
            MergeAction::Kept if *kind == EntryKind::CurrentContext => {
                write!(f, "left out {kind} {name:?} of {source:?}: another one is set")
            }
            MergeAction::Kept => {
                write!(f, "left out {kind} {name:?} of {source:?}: a different one is there")
            }
            MergeAction::Replaced => write!(f, "replaced {kind} {name:?} with that of {source:?}"),
            MergeAction::Renamed { to } => {
                write!(
                    f,
                    "added {kind} {name:?} from {source:?} as {:?}: a different one is there",
                    excerpt(to)
                )
            }
            MergeAction::Redirected => write!(
                f,
                "{kind} {name:?} of {source:?} now leads to another cluster or user of the name that it uses"
            ),
            MergeAction::Refused => write!(f, "{kind} {name:?} of {source:?}: a different one is there"),
        }
    }
}

/// Merges kubeconfigs; the first one has precedence.
///
/// Entries are compared with everything in them, keys that kboot does not know included. The current
/// context is the first that is set. Relative paths become absolute.
///
/// ```
/// use kboot_core::kubeconfig::{Kubeconfig, MergeSource, MergeStrategy, merge};
/// let ours: Kubeconfig = "clusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443'}}]".parse()?;
/// let theirs: Kubeconfig = "clusters: [{name: c, cluster: {server: 'https://10.0.0.2:6443'}}]".parse()?;
/// let sources = vec![MergeSource::new("ours", "/a", ours), MergeSource::new("theirs", "/b", theirs)];
/// let merged = merge(sources, MergeStrategy::Rename)?;
/// assert_eq!(merged.kubeconfig.clusters[1].name, "c-2");
/// assert_eq!(merged.changes[0].to_string(), r#"added cluster "c" from "theirs" as "c-2": a different one is there"#);
/// # Ok::<(), kboot_core::kubeconfig::KubeconfigError>(())
/// ```
///
/// # Errors
/// [`KubeconfigError::Conflicts`] with every conflict where the strategy is to fail,
/// [`KubeconfigError::Folder`] where a folder is relative or not UTF-8.
pub fn merge(sources: Vec<MergeSource>, strategy: MergeStrategy) -> Result<Merged, KubeconfigError> {
    let all = || sources.iter().map(|source| &source.kubeconfig);
    let taken = [
        all().flat_map(|config| names(&config.clusters)).collect(),
        all().flat_map(|config| names(&config.users)).collect(),
        all().flat_map(|config| names(&config.contexts)).collect(),
    ];
    let [of_clusters, of_users, of_contexts]: [BTreeSet<String>; 3] = taken;
    let mut kubeconfig = Kubeconfig::empty();
    let mut changes = Vec::new();
    for (index, source) in sources.into_iter().enumerate() {
        let MergeSource { name, folder, kubeconfig: mut theirs } = source;
        theirs.resolve_paths(&folder)?;
        let mut step = Step { strategy, source: &name, changes: Vec::new() };
        let clusters =
            step.list(EntryKind::Cluster, &of_clusters, &mut kubeconfig.clusters, theirs.clusters)?;
        let users = step.list(EntryKind::User, &of_users, &mut kubeconfig.users, theirs.users)?;
        let redirected = step.redirected(&kubeconfig.contexts, &theirs.contexts);
        for Named { value: context, .. } in &mut theirs.contexts {
            follow(&clusters, &mut context.cluster);
            follow(&users, &mut context.user);
        }
        let contexts =
            step.list(EntryKind::Context, &of_contexts, &mut kubeconfig.contexts, theirs.contexts)?;
        redirected.iter().for_each(|name| step.note(EntryKind::Context, name, MergeAction::Redirected));
        let own_name = theirs.current_context.clone();
        follow(&contexts, &mut theirs.current_context);
        step.current_context(&mut kubeconfig.current_context, theirs.current_context, &own_name);
        step.keys(&mut kubeconfig.unknown, theirs.unknown);
        // What the first one adds is no news.
        let news = step.changes.into_iter().filter(|change| index > 0 || change.action != MergeAction::Added);
        changes.extend(news);
    }
    let conflicts: Vec<_> =
        changes.iter().filter(|change| change.action == MergeAction::Refused).cloned().collect();
    if conflicts.is_empty() {
        Ok(Merged { kubeconfig, changes })
    } else {
        Err(KubeconfigError::Conflicts { conflicts })
    }
}

fn names<T>(list: &[Named<T>]) -> impl Iterator<Item = String> {
    list.iter().map(|entry| entry.name.clone())
}

type Renames = BTreeMap<String, String>;

fn follow(renames: &Renames, name: &mut String) {
    if let Some(to) = renames.get(name) {
        name.clone_from(to);
    }
}

/// One source on its way into the result.
struct Step<'a> {
    strategy: MergeStrategy,
    source: &'a str,
    changes: Vec<MergeChange>,
}

impl Step<'_> {
    fn note(&mut self, kind: EntryKind, name: &str, action: MergeAction) {
        self.changes.push(MergeChange {
            source: self.source.to_owned(),
            kind,
            name: name.to_owned(),
            action,
        });
    }

    fn list<T: Entry + Serialize>(
        &mut self,
        kind: EntryKind,
        taken: &BTreeSet<String>,
        ours: &mut Vec<Named<T>>,
        theirs: Vec<Named<T>>,
    ) -> Result<Renames, KubeconfigError> {
        let mut renames = Renames::new();
        for mut entry in theirs {
            let name = entry.name.clone();
            let Some(there) = ours.iter_mut().find(|there| there.name == name) else {
                self.note(kind, &name, MergeAction::Added);
                ours.push(entry);
                continue;
            };
            let text = text_of(&entry)?;
            if text_of(there)? == text {
                continue;
            }
            let action = match self.strategy {
                MergeStrategy::Fail => MergeAction::Refused,
                MergeStrategy::Keep => MergeAction::Kept,
                MergeStrategy::Replace => {
                    *there = entry;
                    MergeAction::Replaced
                }
                MergeStrategy::Rename => {
                    let mut number = 2_u64;
                    let to = loop {
                        let to = format!("{name}-{number}");
                        let same_name = ours.iter().find(|there| there.name == to);
                        entry.name.clone_from(&to);
                        match same_name {
                            // A source that was merged before, and got this name then.
                            Some(there) if text_of(there)? == text_of(&entry)? => break None,
                            None if !taken.contains(&to) => break Some(to),
                            _ => number = number.saturating_add(1),
                        }
                    };
                    renames.insert(name.clone(), entry.name.clone());
                    let Some(to) = to else { continue };
                    ours.push(entry);
                    MergeAction::Renamed { to }
                }
            };
            self.note(kind, &name, action);
        }
        Ok(renames)
    }

    /// The contexts that lost what they led to: with `Keep` those of this source, with `Replace` the others.
    fn redirected(&self, ours: &[Named<Context>], theirs: &[Named<Context>]) -> Vec<String> {
        let (lost, contexts) = match self.strategy {
            MergeStrategy::Keep => (MergeAction::Kept, theirs),
            MergeStrategy::Replace => (MergeAction::Replaced, ours),
            MergeStrategy::Fail | MergeStrategy::Rename => return Vec::new(),
        };
        let has_lost = |kind: EntryKind, name: &str| {
            self.changes
                .iter()
                .any(|change| change.kind == kind && change.name == name && change.action == lost)
        };
        let names_lost = |context: &&Named<Context>| {
            has_lost(EntryKind::Cluster, &context.value.cluster)
                || has_lost(EntryKind::User, &context.value.user)
        };
        contexts.iter().filter(names_lost).map(|context| context.name.clone()).collect()
    }

    fn current_context(&mut self, ours: &mut String, theirs: String, own_name: &str) {
        if theirs.is_empty() || *ours == theirs {
            return;
        }
        let action = if ours.is_empty() { MergeAction::Added } else { MergeAction::Kept };
        if action == MergeAction::Added {
            *ours = theirs;
        }
        self.note(EntryKind::CurrentContext, own_name, action);
    }

    /// A key holds one value for the whole document, so there is nothing to rename: the first one stays.
    fn keys(&mut self, ours: &mut Unknown, theirs: Unknown) {
        for (key, value) in theirs.into_entries() {
            let action = match ours.get(&key) {
                Some(there) if *there == value || is_empty(&value) => continue,
                None => MergeAction::Added,
                Some(there) if is_empty(there) => MergeAction::Added,
                Some(_) => match self.strategy {
                    MergeStrategy::Fail => MergeAction::Refused,
                    MergeStrategy::Keep | MergeStrategy::Rename => MergeAction::Kept,
                    MergeStrategy::Replace => MergeAction::Replaced,
                },
            };
            self.note(EntryKind::Key, &key, action.clone());
            if matches!(action, MergeAction::Added | MergeAction::Replaced) {
                ours.insert(key, value);
            }
        }
    }
}

fn is_empty(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::Array(list) => list.is_empty(),
        serde_json::Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// An entry with everything in it, its secrets included: for comparison alone.
fn text_of<T: Entry + Serialize>(entry: &Named<T>) -> Result<Zeroizing<String>, KubeconfigError> {
    serde_json::to_string(entry)
        .map(Zeroizing::new)
        .map_err(|_| KubeconfigError::Malformed { problem: "an entry cannot be written".to_owned() })
}
