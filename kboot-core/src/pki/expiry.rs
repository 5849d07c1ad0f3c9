//! When certificates end, and how soon that is.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::shown;
use crate::time::{Lifetime, Timestamp, Validity};
use crate::x509::CertificateFacts;

/// A certificate that will end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expiring {
    /// The file.
    pub path: String,
    /// Where in the file; empty where it is all of it.
    pub place: String,
    /// The subject, for people.
    pub subject: String,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// Its life.
    pub validity: Validity,
    /// Whether it is a certificate authority's.
    pub is_authority: bool,
}

/// How soon a certificate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "past, near, far")]
pub enum Urgency {
    /// It has ended.
    Expired,
    /// It ends within the threshold.
    Soon,
    /// It ends later.
    Later,
}

impl Expiring {
    /// What there is to say of a certificate in a file.
    #[must_use]
    pub fn new(path: String, place: String, facts: &CertificateFacts) -> Self {
        Self {
            path,
            place,
            subject: facts.subject.clone(),
            serial: facts.serial_hex(),
            validity: facts.validity,
            is_authority: facts.is_authority,
        }
    }

    /// How soon the certificate ends.
    #[must_use]
    pub fn urgency(&self, now: Timestamp, within: Lifetime) -> Urgency {
        let end = self.validity.not_after;
        if end < now {
            Urgency::Expired
        } else if end.unix() - now.unix() < within.seconds() {
            Urgency::Soon
        } else {
            Urgency::Later
        }
    }

    /// The seconds that are left; negative once it has ended.
    #[must_use]
    pub fn remaining(&self, now: Timestamp) -> i64 {
        self.validity.not_after.unix() - now.unix()
    }

    /// How many of so many parts of its life are left, rounded up.
    #[must_use]
    pub fn remaining_parts(&self, now: Timestamp, parts: u16) -> u16 {
        let whole = (self.validity.not_after.unix() - self.validity.not_before.unix()).max(1);
        let left = self.remaining(now).clamp(0, whole);
        let scaled = (left * i64::from(parts) + whole - 1) / whole;
        u16::try_from(scaled).unwrap_or(parts).min(parts)
    }
}

/// The list in Prometheus' text exposition format, version 0.0.4: one gauge,
/// `kboot_certificate_not_after_seconds`, in seconds since 1970, for a node exporter's textfile collector.
#[must_use]
pub fn prometheus(list: &[Expiring]) -> String {
    const NAME: &str = "kboot_certificate_not_after_seconds";
    let mut text = format!(
        "# HELP {NAME} When the certificate ends, in seconds since 1970-01-01T00:00:00Z.\n# TYPE {NAME} gauge\n"
    );
    // The same series twice would make the whole text invalid.
    let mut seen = BTreeSet::new();
    for entry in list {
        let labels = [
            ("path", &entry.path),
            ("place", &entry.place),
            ("subject", &entry.subject),
            ("serial", &entry.serial),
        ];
        let labels = labels.map(|(name, value)| format!("{name}=\"{}\"", escape_label(value))).join(",");
        if seen.insert(labels.clone()) {
            let _ = writeln!(text, "{NAME}{{{labels}}} {}", entry.validity.not_after.unix());
        }
    }
    text
}

fn escape_label(value: &str) -> String {
    // What hides is nobody's label; a line end has its own form here.
    let value = shown::escaped_lines(value);
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiring(path: &str) -> Expiring {
        let at = |seconds| Timestamp::from_unix(seconds).unwrap();
        Expiring {
            path: path.to_owned(),
            place: String::new(),
            subject: "CN=a\"b\\c\nd".to_owned(),
            serial: "01".to_owned(),
            validity: Validity { not_before: at(1000), not_after: at(2000) },
            is_authority: false,
        }
    }

    #[test]
    fn urgency_is_exact_to_the_second() {
        let one = expiring("x");
        let at = |seconds| Timestamp::from_unix(seconds).unwrap();
        let within: Lifetime = "100s".parse().unwrap();
        assert_eq!(one.urgency(at(2001), within), Urgency::Expired);
        assert_eq!(one.urgency(at(2000), within), Urgency::Soon);
        assert_eq!(one.urgency(at(1901), within), Urgency::Soon);
        assert_eq!(one.urgency(at(1900), within), Urgency::Later);
        assert_eq!(one.urgency(at(2000), Lifetime::ZERO), Urgency::Later);
        assert_eq!(
            [900, 1000, 1500, 1999, 2000, 3000].map(|now| one.remaining_parts(at(now), 10)),
            [10, 10, 5, 1, 0, 0]
        );
    }

    #[test]
    fn labels_are_escaped_and_series_unique() {
        let text = prometheus(&[expiring("a"), expiring("a"), expiring("b")]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(
            lines[2],
            r#"kboot_certificate_not_after_seconds{path="a",place="",subject="CN=a\"b\\c\nd",serial="01"} 2000"#
        );
    }
}
