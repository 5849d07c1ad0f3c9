//! `kboot cert expiry`

use std::fmt::Write;
use std::io::{IsTerminal, stdout};
use std::path::Path;

use anyhow::{Result, bail};
use kboot_core::Env;
use kboot_core::inspect::Item;
use kboot_core::pki::{Expiring, Urgency, prometheus};
use kboot_core::shown::to_json;
use kboot_core::time::{Lifetime, Timestamp};
use serde_json::json;

use super::files;
use crate::Answer;
use crate::cli::ExpiryFormat;
use crate::output::escaped;
use crate::{input, output};

pub(super) fn run(path: &Path, within: Option<Lifetime>, format: ExpiryFormat) -> Result<Answer> {
    let findings = if path.is_dir() { files::of_folder(path)? } else { files::of_file(path)? };
    let (now, threshold) = (Env::system().now(), within.unwrap_or(Lifetime::ZERO));
    let mut list = Vec::new();
    for (file, found) in &findings.found {
        if let Item::Certificate(certificate) = &found.item {
            list.push(Expiring::new(input::name(file), found.place.clone(), certificate.facts()));
        }
    }
    list.sort_by_key(|entry| entry.validity.not_after);
    let text = match format {
        ExpiryFormat::Table => output::visible(&table(&list, now, within)),
        ExpiryFormat::Prometheus => prometheus(&list),
        ExpiryFormat::Json | ExpiryFormat::Yaml => {
            let entries: Vec<_> = list
                .iter()
                .map(|entry| {
                    json!({
                        "path": entry.path,
                        "place": entry.place,
                        "subject": entry.subject,
                        "serial": entry.serial,
                        "isAuthority": entry.is_authority,
                        "notBefore": entry.validity.not_before.to_string(),
                        "notAfter": entry.validity.not_after.to_string(),
                        "remainingSeconds": entry.remaining(now),
                        "urgency": match entry.urgency(now, threshold) {
                            Urgency::Expired => "expired",
                            Urgency::Soon => "soon",
                            Urgency::Later => "later",
                        },
                    })
                })
                .collect();
            match format {
                ExpiryFormat::Json => to_json(&entries)?,
                _ => output::yaml_lines(&entries),
            }
        }
    };
    // The answer stands whether or not anyone reads the list to its end.
    match output::data(text.as_bytes()) {
        Err(error) if !output::is_closed_pipe(&error) => return Err(error),
        _ => {}
    }
    findings.problems.iter().for_each(|problem| output::tell(&format!("warning: {problem}")));
    if list.iter().any(|entry| entry.urgency(now, threshold) != Urgency::Later) {
        return Ok(Answer::No);
    }
    match findings.problems.len() {
        0 if list.is_empty() => bail!("{} holds no certificate", input::name(path)),
        0 => Ok(Answer::Yes),
        count => bail!("{count} could not be read, so nobody knows what ends there"),
    }
}

fn table(list: &[Expiring], now: Timestamp, within: Option<Lifetime>) -> String {
    #[expect(clippy::disallowed_methods, reason = "whether colours are wanted (no-color.org)")]
    let is_plain = !stdout().is_terminal() || std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
    let mut text = String::new();
    let files: Vec<String> =
        list.iter().map(|entry| escaped([entry.path.as_str(), &entry.place].join(" ").trim_end())).collect();
    let width = files.iter().map(|file| file.chars().count()).max().unwrap_or(0);
    let subjects: Vec<String> = list.iter().map(|entry| escaped(&entry.subject)).collect();
    let subject_width = subjects.iter().map(|subject| subject.chars().count()).max().unwrap_or(0);
    for (urgency, colour) in [(Urgency::Expired, "31"), (Urgency::Soon, "33"), (Urgency::Later, "32")] {
        let is_of_group = |entry: &Expiring| entry.urgency(now, within.unwrap_or(Lifetime::ZERO)) == urgency;
        if !list.iter().any(is_of_group) {
            continue;
        }
        let heading = match (urgency, within) {
            (Urgency::Expired, _) => "EXPIRED".to_owned(),
            (Urgency::Soon, Some(within)) => format!("WITHIN {within}"),
            _ => "LATER".to_owned(),
        };
        let _ = writeln!(text, "{heading}");
        let rows = list.iter().zip(&files).zip(&subjects).filter(|((entry, _), _)| is_of_group(entry));
        for ((entry, file), subject) in rows {
            let _ = write!(
                text,
                "  {file:<width$}  {subject:<subject_width$}  {}  {:>6}",
                entry.validity.not_after,
                residual(entry.remaining(now))
            );
            if !is_plain {
                let left = entry.remaining_parts(now, 20);
                let bar = |length: u16, of: &str| of.repeat(usize::from(length));
                let _ = write!(text, "  \x1b[{colour}m{}{}\x1b[0m", bar(left, "█"), bar(20 - left, "░"));
            }
            text.push('\n');
        }
    }
    text
}

/// In the largest unit that fits, as kubeadm's ShortHumanDuration; with a sign where it is over.
fn residual(seconds: i64) -> String {
    const YEAR: i64 = 365 * 86_400;
    let sign = if seconds < 0 { "-" } else { "" };
    match seconds.abs() {
        s if s < 60 => format!("{sign}{s}s"),
        s if s < 3600 => format!("{sign}{}m", s / 60),
        s if s < 86_400 => format!("{sign}{}h", s / 3600),
        s if s < YEAR => format!("{sign}{}d", s / 86_400),
        s => format!("{sign}{}y", s / YEAR),
    }
}
