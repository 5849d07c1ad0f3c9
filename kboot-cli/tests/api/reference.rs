//! The reference pages that the program itself knows: `docs/reference/commands/` and `docs/reference/cluster-file.md`;
//! and the library's example.
//!
//! `KBOOT_UPDATE_GOLDEN=1 cargo test -p kboot-cli --test api -- reference` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{succeed, write};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Holds a page to what it should be, or writes it.
fn hold(page: &str, text: &str) {
    let path = docs().join(page);
    if std::env::var_os("KBOOT_UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, text.as_bytes());
    }
    let present = fs::read_to_string(&path).unwrap_or_default();
    assert!(present == text, "docs/{page} is not what the program says; KBOOT_UPDATE_GOLDEN=1 writes it");
}

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let (_, list) = help.split_once("\nCommands:\n").unwrap_or_default();
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

fn help_of(command: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let help = succeed(&folder, &format!("{command} --help")).stdout;
    assert!(!help.contains("```"), "{help}");
    help.trim_end().to_owned()
}

/// A command and those below it.
fn describe(command: &str, level: usize, page: &mut String) {
    let help = help_of(command);
    write!(page, "{} kboot {command}\n\n```text\n{help}\n```\n", "#".repeat(level)).unwrap();
    for name in commands(&help) {
        page.push('\n');
        describe(&format!("{command} {name}"), (level + 1).min(3), page);
    }
}

#[test]
fn every_command_has_its_page() {
    let help = help_of("");
    let mut index = format!("# Commands\n\n```text\n{help}\n```\n\n| page | about |\n|---|---|\n");
    let mut pages = BTreeSet::new();
    for group in commands(&help) {
        let mut page = String::new();
        describe(&group, 1, &mut page);
        let about = help_of(&group).replace('\n', " ");
        let about = about.split("  ").next().unwrap_or_default();
        let about = about.split(". ").next().unwrap_or_default().replace('|', "\\|");
        writeln!(index, "| [kboot {group}](commands/{group}.md) | {about} |").unwrap();
        hold(&format!("reference/commands/{group}.md"), &page);
        pages.insert(format!("{group}.md"));
    }
    index.push_str("\n`kboot man --out DIR` writes all of this as manual pages, `kboot completions SHELL` has what a shell completes.\n");
    hold("reference/commands.md", &index);
    let there: BTreeSet<_> = fs::read_dir(docs().join("reference/commands"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, pages, "a page of a command that is gone, or none of one that came");
    let summary = fs::read_to_string(docs().join("SUMMARY.md")).unwrap();
    for page in pages {
        assert!(summary.contains(&format!("(reference/commands/{page})")), "SUMMARY.md lacks {page}");
    }
}

fn one_line(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

/// What a value may be: its type, or the words of which it is one.
fn kind(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return words
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

/// A row for each field below a schema, `[]` for the elements of a list.
fn fields(root: &Value, schema: &Value, place: &str, page: &mut String) {
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        let mut target = field;
        let mut meaning = one_line(&field["description"]);
        if let Some(pointer) = field["$ref"].as_str().and_then(|text| text.strip_prefix('#')) {
            target = root.pointer(pointer).unwrap();
            if meaning.is_empty() {
                meaning = one_line(&target["description"]);
            }
        }
        let must = if required.contains(&name.as_str()) { "yes" } else { "" };
        writeln!(page, "| `{place}` | {} | {must} | {meaning} |", kind(target)).unwrap();
        fields(root, target, &place, page);
        let mut element = &target["items"];
        if let Some(pointer) = element["$ref"].as_str().and_then(|text| text.strip_prefix('#')) {
            element = root.pointer(pointer).unwrap();
        }
        fields(root, element, &format!("{place}[]"), page);
    }
}

#[test]
fn the_cluster_file_has_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let schema: Value = serde_json::from_str(&succeed(&folder, "schema cluster").stdout).unwrap();
    let node = "--node cp1=10.0.0.11:control-plane,etcd --node w1=10.0.0.21:worker";
    let example = succeed(&folder, &format!("cluster init {node}")).stdout;
    let mut page = format!(
        "# The cluster file\n\nOne file says everything about a cluster. `kboot cluster init {node}` prints this one, in which every \
         field that is\nnot used is a comment with its default or an example:\n\n```yaml\n{example}```\n\n## Fields\n\n`kboot schema \
         cluster` prints the JSON Schema that this table is made of, for editors.\n\n| field | type | must be there | meaning \
         |\n|---|---|---|---|\n"
    );
    fields(&schema, &schema, "", &mut page);
    hold("reference/cluster-file.md", &page);
}

#[test]
fn the_library_page_shows_what_is_compiled() {
    let page = fs::read_to_string(docs().join("reference/library.md")).unwrap();
    let compiled = fs::read_to_string(docs().join("../kboot-core/README.md")).unwrap();
    let examples: Vec<_> =
        page.split("```rust").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!examples.is_empty());
    for example in examples {
        assert!(
            compiled.contains(example),
            "kboot-core/README.md, which is compiled, has not this example:\n{example}"
        );
    }
}
