//! What people see: every table, plan, explanation and report at 80 columns, and every help and manual page.
//!
//! `KBOOT_UPDATE_GOLDEN=1 cargo test -p kboot-cli --test api golden` writes the golden files anew.

use std::path::Path;

use crate::common::{kboot, write};
use crate::flags::helps;
use crate::reports::{REPORTS, World};

const COLUMNS: usize = 80;

/// What is there to be copied stays on its line.
fn is_wide(line: &&str) -> bool {
    line.chars().count() > COLUMNS && !line.starts_with("kboot: next: ")
}

/// What differs from run to run, in as many columns: times, digests, serial numbers and how long a signature is.
pub(crate) fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    let id = "\"id\": \"";
    while let Some(c) = rest.chars().next() {
        let hex = rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
        let is_start = !steady.ends_with(|c: char| c.is_ascii_alphanumeric());
        let (taken, shown) = match rest.as_bytes() {
            text if is_start && is_time(text) => (20, "YYYY-MM-DDThh:mm:ssZ".to_owned()),
            text if steady.ends_with(id) && text.get(6) == Some(&b'"') && !rest.starts_with("abcdef") => {
                (6, "tttttt".to_owned())
            }
            _ if is_start && hex >= 16 => (hex, "x".repeat(hex)),
            _ if is_start && hex == 3 && rest.get(3..).is_some_and(|rest| rest.starts_with(" bytes")) => {
                (3, "nnn".to_owned())
            }
            _ => (c.len_utf8(), c.to_string()),
        };
        steady += &shown;
        rest = &rest[taken..];
    }
    // The cluster answers at once, or nearly.
    steady.replace(" 1 s old", " 0 s old")
}

fn is_time(text: &[u8]) -> bool {
    let shape = b"0000-00-00T00:00:00Z";
    text.len() >= shape.len()
        && shape
            .iter()
            .zip(text)
            .all(|(shape, byte)| if *shape == b'0' { byte.is_ascii_digit() } else { shape == byte })
}

#[test]
fn every_report_fits_on_80_columns() {
    let world = World::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let is_update = std::env::var_os("KBOOT_UPDATE_GOLDEN").is_some();
    let mut differs = Vec::new();
    for report in &REPORTS {
        let outcome = world.shown(report.command, Some(COLUMNS));
        if !report.schema.is_empty() {
            // What nobody looks at is as wide as a terminal usually is.
            let piped = world.shown(report.command, None).stdout;
            assert_eq!(steady(&outcome.stdout), steady(&piped), "{}", report.name);
        }
        let code = outcome.code.unwrap();
        let text = format!("$ kboot {}\n{}{}# exit {code}\n", report.command, outcome.stdout, outcome.stderr);
        let text = steady(&text);
        let wide: Vec<&str> = text.lines().skip(1).filter(is_wide).collect();
        assert!(wide.is_empty(), "{}: {wide:#?}", report.name);
        let file = folder.join(format!("{}.txt", report.name));
        if is_update {
            std::fs::create_dir_all(&folder).unwrap();
            write(&file, text.as_bytes());
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_default();
        if golden != text {
            differs.push(format!("{}:\n{text}\ninstead of\n{golden}", report.name));
        }
    }
    assert!(differs.is_empty(), "KBOOT_UPDATE_GOLDEN=1 writes them anew\n{}", differs.join("\n"));
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, REPORTS.len(), "a golden file that nobody compares");
}

/// No name is cut: what a wide screen shows stands on a narrow one too, word by word.
#[test]
fn a_wide_screen_is_used_and_a_narrow_one_loses_nothing() {
    let world = World::new();
    for report in REPORTS.iter().filter(|report| !report.schema.is_empty()) {
        let [narrow, wide] = [COLUMNS, 1000].map(|columns| world.shown(report.command, Some(columns)).stdout);
        // A path that is wider than the screen is broken at its joints.
        let narrow: String = steady(&narrow).split_whitespace().collect();
        let is_head = |word: &str| word.chars().all(|c| c.is_ascii_uppercase() || c == ',');
        for word in steady(&wide).split_whitespace() {
            // Heads of columns stand below the rows, where they name something.
            let found = narrow.contains(word) || is_head(word);
            assert!(found, "{}: {word} is missing in\n{narrow}", report.name);
        }
    }
    let lines = |columns| world.shown("cert expiry out", Some(columns)).stdout.lines().count();
    assert!(lines(200) < lines(120) && lines(120) < lines(40), "{} {} {}", lines(200), lines(120), lines(40));
    // What is no width is none.
    let command = "cert expiry out";
    let usual = world.shown(command, None).stdout;
    for said in ["0", "wide"] {
        let folder = world.server.folder.path();
        let mut program = std::process::Command::new(crate::common::kboot_path());
        let output =
            program.args(command.split(' ')).current_dir(folder).env("COLUMNS", said).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), usual, "COLUMNS={said}");
    }
}

#[test]
fn no_help_is_wider_than_80_columns() {
    let helps = helps();
    assert!(helps.len() > 30, "only {} commands are found", helps.len());
    let folder = tempfile::tempdir().unwrap();
    for (command, long) in helps {
        let words: Vec<&str> = command.split_whitespace().collect();
        let short = kboot(folder.path(), &[&words[..], &["-h"]].concat());
        let man = kboot(folder.path(), &[&["man"], &words[..]].concat());
        assert_eq!((short.code, man.code), (Some(0), Some(0)), "{command}");
        // What roff takes for itself is not on the page.
        let page =
            ["\\fB", "\\fI", "\\fR", "\\"].iter().fold(man.stdout, |page, mark| page.replace(mark, ""));
        for (what, text) in [("--help", &long), ("-h", &short.stdout), ("man", &page)] {
            let wide: Vec<&str> = text.lines().filter(is_wide).collect();
            assert!(wide.is_empty(), "{command} {what}: {wide:#?}");
        }
    }
}
