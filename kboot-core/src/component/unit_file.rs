//! Units and environment files as systemd reads them (systemd.syntax(7), systemd.service(5) "Command
//! lines", systemd.exec(5) `EnvironmentFile=`).

/// A directive or an assignment: its name, its value, and the line that it begins on, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: usize,
}

/// Why a unit or an environment file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// A section's name does not end.
    #[error("line {line}: a section needs ']'")]
    OpenSection {
        /// The line, from 1.
        line: usize,
    },
    /// A line of a unit that is neither a section nor a directive.
    #[error("line {line}: expected a section or NAME=VALUE")]
    NoDirective {
        /// The line, from 1.
        line: usize,
    },
    /// A line of an environment file that is no assignment.
    #[error("line {line}: expected NAME=VALUE")]
    NoAssignment {
        /// The line, from 1.
        line: usize,
    },
    /// A quote that does not end.
    #[error("line {line}: {name} begins a quote that does not end")]
    OpenQuote {
        /// The line, from 1.
        line: usize,
        /// The variable whose value it is.
        name: String,
    },
}

/// The directives of a unit's section `[Service]`.
pub(super) fn service_directives(text: &str) -> Result<Vec<Assignment>, SyntaxError> {
    let directives = directives(text)?.into_iter();
    Ok(directives.filter(|(section, _)| section == "Service").map(|(_, directive)| directive).collect())
}

/// Every directive of a unit with its section.
pub(super) fn directives(text: &str) -> Result<Vec<(String, Assignment)>, SyntaxError> {
    let mut directives = Vec::new();
    let mut section = "";
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            section = name.strip_suffix(']').ok_or(SyntaxError::OpenSection { line: index + 1 })?;
            continue;
        }
        let mut whole = line.to_owned();
        while let Some(kept) = whole.strip_suffix('\\') {
            let kept = kept.to_owned();
            // Comments between the parts of a line are skipped.
            let next = lines.by_ref().map(|(_, line)| line.trim()).find(|line| !line.starts_with(['#', ';']));
            whole = format!("{kept} {}", next.unwrap_or_default());
        }
        let Some((name, value)) = whole.split_once('=') else {
            return Err(SyntaxError::NoDirective { line: index + 1 });
        };
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        directives.push((section.to_owned(), Assignment { name, value, line: index + 1 }));
    }
    Ok(directives)
}

/// The assignments of an environment file.
pub(super) fn environment(text: &str) -> Result<Vec<Assignment>, SyntaxError> {
    let mut assignments = Vec::new();
    let mut line = 1;
    let mut rest = text.chars().peekable();
    while let Some(&first) = rest.peek() {
        if first.is_whitespace() {
            line += usize::from(first == '\n');
            rest.next();
            continue;
        }
        let begins = line;
        if matches!(first, '#' | ';') {
            let _ = rest.by_ref().find(|c| *c == '\n');
            line += 1;
            continue;
        }
        let mut name = String::new();
        loop {
            match rest.next() {
                Some('=') => break,
                Some(c) if c.is_ascii_alphanumeric() || c == '_' => name.push(c),
                _ => return Err(SyntaxError::NoAssignment { line: begins }),
            }
        }
        let mut value = String::new();
        let mut quote = None;
        while let Some(c) = rest.next() {
            line += usize::from(c == '\n');
            match (quote, c) {
                (None, '\n') => break,
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (Some('\''), c) => value.push(c),
                (_, '\\') => match rest.next() {
                    Some('\n') => line += 1,
                    Some(c) if quote.is_none() || matches!(c, '"' | '\\' | '`' | '$') => value.push(c),
                    Some(c) => value.extend(['\\', c]),
                    None => {}
                },
                (_, c) => value.push(c),
            }
        }
        if quote.is_some() {
            return Err(SyntaxError::OpenQuote { line: begins, name });
        }
        assignments.push(Assignment { name, value: value.trim_end().to_owned(), line: begins });
    }
    Ok(assignments)
}

/// The words of a command line or of a variable in one.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (quote, '\\') if quote != Some('\'') => word.get_or_insert_default().extend(rest.next()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The variable that a word of a command line stands for, as `$NAME` or `${NAME}`.
pub(super) fn variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some(name)
}

/// The flags among words, without dashes, as Kubernetes' programs normalise them, each with its value.
pub(super) fn flags(words: &[String]) -> Vec<(String, Option<String>)> {
    let mut flags: Vec<(String, Option<String>)> = Vec::new();
    let mut takes_next = false;
    for word in words {
        if let Some(flag) = word.strip_prefix("--").filter(|flag| !flag.is_empty()) {
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            takes_next = value.is_none();
            flags.push((name.replace('_', "-"), value));
        } else if takes_next {
            takes_next = false;
            if let Some((_, value)) = flags.last_mut() {
                *value = Some(word.clone());
            }
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_go_over_several_lines() {
        let text = "# a unit\n[Unit]\nAfter=a\n[Service]\nExecStart=/usr/bin/kubelet \\\n  --a=1 \\\n# not this\n  --b 2\nRestart=always\n";
        let directives = service_directives(text).unwrap();
        assert_eq!(directives.len(), 2);
        assert_eq!((directives[0].line, directives[1].line), (5, 9));
        let words = words(&directives[0].value);
        assert_eq!(words, ["/usr/bin/kubelet", "--a=1", "--b", "2"]);
        assert_eq!(
            flags(&words),
            [("a".to_owned(), Some("1".to_owned())), ("b".to_owned(), Some("2".to_owned()))]
        );
        assert!(service_directives("[Service\n").is_err() && service_directives("nonsense").is_err());
    }

    #[test]
    fn environment_files_have_quotes_and_continuations() {
        let text = "# c\nA=\"--a=1 \\\n   --b='x y' \\\"\"\n\nB=--c_d\\\n=2\n;x\nC='a\\b'";
        let found = environment(text).unwrap();
        let values: Vec<(&str, &str, usize)> =
            found.iter().map(|a| (a.name.as_str(), a.value.as_str(), a.line)).collect();
        assert_eq!(values, [("A", "--a=1    --b='x y' \"", 2), ("B", "--c_d=2", 5), ("C", "a\\b", 8)]);
        assert!(environment("A=\"x").is_err() && environment("a b").is_err() && environment("x: y").is_err());
    }

    #[test]
    fn variables() {
        assert_eq!(
            (variable("$A_1"), variable("${A}"), variable("$$A"), variable("A")),
            (Some("A_1"), Some("A"), None, None)
        );
    }
}
