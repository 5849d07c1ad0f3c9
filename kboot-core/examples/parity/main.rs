//! Compares kboot's preset `upstream` with what scripts/e2e-parity recorded of the real kube-controller-manager:
//! `parity RECORD VERSION EXPECTED`.
//!
//! Each request is decided and, in a person's name, signed here too: at the second and with the serial number
//! of upstream's certificate, so that the two must be equal octet by octet up to the signature. Stricter is
//! allowed, looser is not, but for what a later version of upstream does as well: up to 1.26 what 1.27 does,
//! and from 1.27 on nothing. With 1.20 the table of all cases must be EXPECTED's, so that a change shows as a
//! difference of that file; where it is not, the new table is left beside the record as `parity.tsv`, to be
//! looked at and taken. With another VERSION upstream's answers may be others and kboot's may not.

mod certificate;
mod expected;
mod record;
mod relation;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{File, read_to_string};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use kboot_core::Env;
use kboot_core::csr::CertificateSigningRequest;
use kboot_core::policy::{Decision, PolicyContext, Preset};
use kboot_core::version::KubernetesVersion;
use kboot_core::x509::Certificate;

use record::{Case, Fate, Record, Taken};
use relation::{Reason, Relation, failed_for_usages_of_1_27, has_access};

struct Report {
    /// Upstream's.
    version: KubernetesVersion,
    /// One line a case: what each side answered.
    table: String,
    refused: usize,
    taken: usize,
    decisions: BTreeMap<Relation, BTreeMap<String, usize>>,
    certificates: BTreeMap<Relation, BTreeMap<String, usize>>,
    /// Certificates that were compared.
    pairs: usize,
    failures: Vec<String>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), Some(version), Some(expected)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: parity RECORD VERSION EXPECTED".into());
    };
    let version: KubernetesVersion = version.to_string_lossy().parse()?;
    let (folder, expected) = (Path::new(&folder), Path::new(&expected));
    let record = Record::read(folder)?;
    let policy = Preset::Upstream.policy();
    let mut report = Report::of(version);
    for case in &record.cases {
        let evaluate = |object: &CertificateSigningRequest| -> Result<Decision, Box<dyn Error>> {
            let mut context = PolicyContext::at(Env::system().now());
            context.service_cidrs = vec!["10.96.0.0/12".parse()?];
            context.set_access(object.requestor(), case.access_reviews);
            Ok(policy.evaluate(object, &context))
        };
        match &case.fate {
            Fate::Refused { sent, message } => {
                report.compare_refused(&case.name, message, evaluate(sent)?)?
            }
            Fate::Taken(taken) => report.compare(case, taken, evaluate(&taken.decided)?, &record)?,
        }
    }
    report.finish(folder, expected)
}

impl Report {
    fn of(version: KubernetesVersion) -> Self {
        Self {
            version,
            table: String::new(),
            refused: 0,
            taken: 0,
            decisions: BTreeMap::new(),
            certificates: BTreeMap::new(),
            pairs: 0,
            failures: Vec::new(),
        }
    }

    /// What does not get as far as kube-controller-manager must not be signed here.
    fn compare_refused(
        &mut self,
        name: &str,
        message: &str,
        decision: Decision,
    ) -> Result<(), Box<dyn Error>> {
        self.refused += 1;
        let ours = format!("{} {}", decision.verdict().as_str(), decision.reason());
        writeln!(self.table, "{name}\trefused: {message}\t{ours}")?;
        if let Decision::Approve(_) = decision.approve_as("parity") {
            self.failures
                .push(format!("{name}: kube-apiserver does not take it ({message}), kboot signs it"));
        }
        Ok(())
    }

    fn compare(
        &mut self,
        case: &Case,
        taken: &Taken,
        decision: Decision,
        record: &Record,
    ) -> Result<(), Box<dyn Error>> {
        self.taken += 1;
        let (name, Taken { decided, signed }) = (&case.name, taken);
        let later = self.version.minor() < 27 && failed_for_usages_of_1_27(signed);
        let approved = decided.condition("Approved").is_some();
        let reason = match &decision {
            Decision::Approve(_) => None,
            Decision::Deny(refusal) | Decision::Hold(refusal) => Some(Reason::of(refusal, signed)),
        };
        let relation = Relation::of(approved, reason, later && has_access(decided, case.access_reviews));
        let ours = format!("{} {}", decision.verdict().as_str(), decision.reason());
        let theirs = if approved { "approved" } else { "pending" };
        write!(self.table, "{name}\t{theirs}\t{ours}\t{}", relation.word())?;
        self.count_decision(name, relation, theirs, &ours);

        let ours = match decision.approve_as("parity") {
            Decision::Approve(request) => certificate::sign(&request, signed, record)?,
            Decision::Deny(refusal) | Decision::Hold(refusal) => Err(Reason::of(&refusal, signed)),
        };
        let theirs = match (signed.certificate(), signed.condition("Failed")) {
            (Some(_), _) => "signed".to_owned(),
            (None, Some(failed)) => format!("failed: {}", failed.message),
            (None, None) => "nothing".to_owned(),
        };
        let (relation, ours) = match (signed.certificate(), ours) {
            (Some(pem), Ok(certificate)) => {
                self.pairs += 1;
                let upstreams = Certificate::only_from_pem(pem)?;
                match certificate::differences(upstreams.der(), certificate.der())? {
                    found if found.is_empty() => (Relation::Same, "signed".to_owned()),
                    found => (Relation::Different, format!("signed with another {}", found.join(", "))),
                }
            }
            (certificate, Ok(_)) => (Relation::of(certificate.is_some(), None, later), "signed".to_owned()),
            (certificate, Err(reason)) => {
                let relation = Relation::of(certificate.is_some(), Some(reason), later);
                (relation, format!("refused {}", reason.word()))
            }
        };
        writeln!(self.table, "\t{theirs}\t{ours}\t{}", relation.word())?;
        if !relation.is_allowed() {
            self.failures.push(format!("{name}: upstream {theirs}, kboot {ours}"));
        }
        *self.certificates.entry(relation).or_default().entry(ours).or_default() += 1;
        Ok(())
    }

    fn count_decision(&mut self, name: &str, relation: Relation, theirs: &str, ours: &str) {
        if !relation.is_allowed() {
            self.failures.push(format!("{name}: upstream {theirs}, kboot {ours}"));
        }
        *self.decisions.entry(relation).or_default().entry(ours.to_owned()).or_default() += 1;
    }

    fn finish(self, folder: &Path, expected: &Path) -> Result<ExitCode, Box<dyn Error>> {
        let mut out = std::io::stdout().lock();
        let Self { version, table, refused, taken, decisions, certificates, pairs, mut failures } = self;
        if taken < 300 {
            failures.push(format!("kube-apiserver took {taken} requests; 300 are wanted"));
        }
        writeln!(out, "ok kube-apiserver took {taken} requests and refused {refused}")?;
        for (what, relations) in [("decisions", &decisions), ("certificates", &certificates)] {
            for (relation, answers) in relations.iter().filter(|(relation, _)| relation.is_allowed()) {
                let total: usize = answers.values().sum();
                writeln!(out, "ok {what}, {}: {total}", relation.word())?;
                for (answer, count) in answers {
                    writeln!(out, "   {count:4} {answer}")?;
                }
            }
        }
        writeln!(out, "ok {pairs} pairs of certificates were compared")?;
        let path = folder.join("parity.tsv");
        File::create(&path)?.write_all(table.as_bytes())?;
        let known = read_to_string(expected).unwrap_or_default();
        let differences = expected::differences(&known, &table, version);
        if !differences.is_empty() {
            failures.extend(differences);
            failures.push(format!("the table {} is not as {} has it", path.display(), expected.display()));
        }
        for failure in &failures {
            writeln!(out, "FAILED {failure}")?;
        }
        Ok(ExitCode::from(u8::from(!failures.is_empty())))
    }
}
