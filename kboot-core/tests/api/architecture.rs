//! The rooms of `docs/architecture.md`, held against what each file of the library uses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

/// A module's path below the crate: `["policy", "floor"]`; the root's is empty.
type Module = Vec<String>;

/// The files of the library, each with what it uses, as modules or as names in them.
struct Library {
    files: BTreeMap<Module, String>,
    /// The name by which a module re-exports something of another, and that other.
    exports: BTreeMap<(Module, String), Module>,
}

impl Library {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = BTreeMap::new();
        for path in sources(&root) {
            let below = path.strip_prefix(&root).unwrap().with_extension("");
            let mut module: Module = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
                module.pop();
            }
            let is_test = module.last().is_some_and(|name| name.ends_with("tests"));
            if !is_test {
                files.insert(module, code(&std::fs::read_to_string(&path).unwrap()));
            }
        }
        let mut library = Self { files, exports: BTreeMap::new() };
        // A re-export may name another re-export.
        for _ in 0..3 {
            let mut exports = BTreeMap::new();
            for (module, text) in &library.files {
                for path in used(text) {
                    if let (Some(target), Some(name)) = (library.resolve(module, &path), path.last()) {
                        exports.insert((module.clone(), name.clone()), target);
                    }
                }
            }
            library.exports = exports;
        }
        library
    }

    /// The module in which the last part of a path lies; none for what is not of this crate.
    fn resolve(&self, from: &Module, path: &[String]) -> Option<Module> {
        let mut rest = path.iter().peekable();
        let mut at = match rest.peek()?.as_str() {
            "crate" => {
                rest.next();
                Vec::new()
            }
            "self" | "super" => from.clone(),
            // A child of the module that speaks, or something from outside.
            name => {
                let child: Module = from.iter().cloned().chain([name.to_owned()]).collect();
                self.files.contains_key(&child).then(|| from.clone())?
            }
        };
        while let Some(word) = rest.next_if(|word| matches!(word.as_str(), "self" | "super")) {
            if word == "super" {
                at.pop();
            }
        }
        for name in rest {
            let child: Module = at.iter().cloned().chain([name.clone()]).collect();
            if self.files.contains_key(&child) {
                at = child;
            } else if let Some(home) = self.exports.get(&(at.clone(), name.clone())) {
                return Some(home.clone());
            } else {
                break;
            }
        }
        Some(at)
    }

    /// The modules that each module uses, itself left out.
    fn arrows(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let targets = |module: &Module, text: &String| -> BTreeSet<Module> {
            let targets = used(text).into_iter().filter_map(|path| self.resolve(module, &path));
            targets.filter(|target| target != module).collect()
        };
        self.files.iter().map(|(module, text)| (module, targets(module, text))).collect()
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A file without its comments and its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path that a file names from `crate`, `super` or `self` on, or in a `use`, its braces spelt out.
fn used(text: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut elsewhere = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("use ") {
        let (before, after) = (&rest[..start], &rest[start + 4..]);
        let is_word = before.chars().last().is_none_or(|c| c.is_whitespace() || c == ')');
        elsewhere.push_str(before);
        rest = after;
        if let (true, Some(end)) = (is_word, after.find(';')) {
            expand(&after[..end], &[], &mut paths);
            rest = &after[end..];
        }
    }
    elsewhere.push_str(rest);
    let text = elsewhere.as_str();
    for anchor in ["crate::", "super::"] {
        for (at, _) in text.match_indices(anchor) {
            let before = text[..at].chars().last().unwrap_or(' ');
            if !(before.is_alphanumeric() || matches!(before, '_' | ':' | '$')) {
                let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
                let path: String = text[at..].chars().take_while(|c| is_path(*c)).collect();
                let parts = path.split("::").filter(|part| !part.is_empty());
                let parts: Vec<String> = parts.map(str::to_owned).collect();
                // `pub(in super::super)` is a visibility and no arrow.
                if parts.iter().any(|part| part != "super") {
                    paths.push(parts);
                }
            }
        }
    }
    paths
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expand(tree: &str, before: &[String], paths: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default();
        let parts = name.split("::").map(str::trim).filter(|part| !part.is_empty());
        paths.push(before.iter().cloned().chain(parts.map(str::to_owned)).collect());
        return;
    };
    let parts = head.split("::").map(str::trim).filter(|part| !part.is_empty());
    let before: Vec<String> = before.iter().cloned().chain(parts.map(str::to_owned)).collect();
    let (mut depth, mut start) = (0_i32, 0);
    let group = group.rsplit_once('}').map_or(group, |(inside, _)| inside);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !group[start..at].trim().is_empty() {
                    expand(&group[start..at], &before, paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The rooms in the order of the table, each with its number.
fn rooms() -> BTreeMap<String, usize> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/architecture.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table = text.split("| room | topic |").nth(1).expect("docs/architecture.md has the table of rooms");
    let mut rooms = BTreeMap::new();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    for (number, row) in rows.enumerate() {
        let cell = row.split('|').nth(1).unwrap_or_default();
        for name in cell.split('`').skip(1).step_by(2) {
            rooms.insert(name.to_owned(), number);
        }
    }
    rooms
}

#[test]
fn every_file_is_in_a_room_and_no_arrow_goes_up() {
    let (library, rooms) = (Library::read(), rooms());
    let mut wrong = Vec::new();
    for (module, targets) in library.arrows() {
        let Some(room) = module.first() else { continue };
        let Some(number) = rooms.get(room) else {
            wrong.push(format!("{room} is in no row of the table of docs/architecture.md"));
            continue;
        };
        for target in targets {
            let target_room = target.first().map_or("the crate's root", String::as_str);
            let is_wrong = rooms.get(target_room).is_none_or(|of_target| of_target > number);
            if is_wrong && target_room != room {
                wrong.push(format!("{} uses {target_room}", module.join("::")));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "arrows upwards:\n{}", wrong.join("\n"));
}

#[test]
fn no_files_go_in_circles() {
    let library = Library::read();
    let arrows = library.arrows();
    // A folder's own file declares its children and is used by them: that is no circle of two topics.
    let is_family = |a: &Module, b: &Module| a.starts_with(b) || b.starts_with(a);
    let next = |module: &Module| -> Vec<&Module> {
        let targets = arrows.get(module).into_iter().flatten();
        let others = targets.filter(|target| !is_family(module, target));
        others.filter_map(|target| library.files.get_key_value(target).map(|(module, _)| module)).collect()
    };
    // The shortest way from each file back to itself, told once for all files on it.
    let mut circles = BTreeMap::new();
    for start in library.files.keys() {
        let mut seen = BTreeSet::new();
        let mut open = VecDeque::from([vec![start]]);
        while let Some(path) = open.pop_front() {
            for target in next(path[path.len() - 1]) {
                let way: Vec<&Module> = path.iter().copied().chain([target]).collect();
                if target == start {
                    let members: BTreeSet<&Module> = way.iter().copied().collect();
                    let names: Vec<String> = way.iter().map(|module| module.join("::")).collect();
                    circles.entry(members).or_insert_with(|| names.join(" -> "));
                    open.clear();
                    break;
                }
                if seen.insert(target) {
                    open.push_back(way);
                }
            }
        }
    }
    assert!(circles.is_empty(), "circles:\n{}", circles.into_values().collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_reader_of_paths_reads_them() {
    let text = "use crate::{a, b::{C, d::E as F}};\npub use super::g::H;\nfn f() { crate::i::j(); }";
    let paths: Vec<String> = used(text).into_iter().map(|path| path.join("::")).collect();
    for path in ["crate::a", "crate::b::C", "crate::b::d::E", "super::g::H", "crate::i::j"] {
        assert!(paths.iter().any(|one| one == path), "{path} in {paths:?}");
    }
    assert!(code("// use crate::a;\nuse crate::b;").contains("crate::b"));
    assert!(!code("// use crate::a;\nuse crate::b;").contains("crate::a"));
}
