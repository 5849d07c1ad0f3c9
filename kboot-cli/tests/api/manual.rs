//! The manual pages, and the examples in them and in every help text.

use std::fs;

use crate::common::{run, succeed, write};

#[test]
fn every_page_and_every_help_has_the_examples() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(succeed(&folder, "man --out new/man1").stdout, "");
    assert_eq!(run(&folder, "man --out new/man1").code, Some(2), "nothing is overwritten");
    let pages: Vec<_> =
        fs::read_dir(folder.path().join("new/man1")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(pages.len() > 50, "{}", pages.len());
    for page in &pages {
        let name = page.file_name().unwrap().to_str().unwrap();
        let command = name.strip_suffix(".1").unwrap().split('-').skip(1).collect::<Vec<_>>().join(" ");
        let text = fs::read_to_string(page).unwrap();
        assert!(text.contains(".SH EXAMPLES\n") && text.contains(".SH OPTIONS\n"), "{name}: {text}");
        assert!(!text.contains(".SH EXTRA"), "{name}");
        // node-client and node-serving have a hyphen of their own.
        let command = command.replace("node client", "node-client").replace("node serving", "node-serving");
        assert_eq!(succeed(&folder, &format!("man {command}")).stdout, text, "{name}");
        let help = succeed(&folder, &format!("{command} --help")).stdout;
        let (_, examples) = help.split_once("\nExamples:\n").unwrap();
        assert!(examples.lines().all(|line| line.starts_with("  ") && line.len() <= 78), "{examples}");
        for line in examples.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            // As roff writes it.
            let line = line.trim_end_matches(" \\").replace('-', "\\-").replace('\'', "\\*(Aq");
            assert!(text.contains(&line), "{name} lacks the help's {line}");
        }
    }
}

#[test]
fn a_page_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(succeed(&folder, "man").stdout.contains(".TH kboot 1"));
    assert!(succeed(&folder, "man cluster build").stdout.contains("kboot\\-cluster\\-build"));
    assert_eq!(run(&folder, "man nonsense").code, Some(2));
    assert_eq!(run(&folder, "man cluster --out new").code, Some(2));
    write(&folder.path().join("file"), b"");
    let refused = run(&folder, "man --out file");
    assert!(refused.code == Some(2) && refused.stderr.contains("file"), "{}", refused.stderr);
}
