//! Compares kboot's preset `upstream` with what scripts/e2e-parity recorded of the real kube-controller-manager:
//! `parity RECORD EXPECTED`.
//!
//! Each request is decided and, in a person's name, signed here too: at the second and with the serial number
//! of upstream's certificate, so that the two must be equal octet by octet up to the signature. Stricter is
//! allowed, looser is not, but for what a later version of upstream does as well. The table of all cases
//! must be EXPECTED's, so that a change shows as a difference of that file; where it is not, the new table is
//! left beside the record as `parity.tsv`, to be looked at and taken.

mod certificate;
mod record;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{File, read_to_string};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use kboot_core::Env;
use kboot_core::csr::{CertificateSigningRequest, Signer};
use kboot_core::pki::{Certificate, CertificateAuthority, PkiError};
use kboot_core::policy::{ApprovedRequest, Code, Context, Decision, Preset, Refusal};
use kboot_core::time::{Lifetime, Timestamp};

use record::{Fate, Record, Taken};

/// How kboot's answer stands to upstream's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    Same,
    Stricter,
    /// As upstream since 1.27, which takes usages without key encipherment.
    Since127,
    Looser,
    Different,
}

impl Relation {
    fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Stricter => "stricter",
            Self::Since127 => "as-1.27",
            Self::Looser => "LOOSER",
            Self::Different => "DIFFERENT",
        }
    }

    fn is_allowed(self) -> bool {
        !matches!(self, Self::Looser | Self::Different)
    }

    /// `theirs`: whether upstream lets the request through; `ours`: kboot's reason not to.
    fn of(theirs: bool, ours: Option<Reason>, signed: &CertificateSigningRequest) -> Self {
        match (theirs, ours) {
            // Only the floor may be stricter: the preset's rules are upstream's.
            (true, Some(Reason::Rules(_))) => Self::Different,
            (true, Some(Reason::Floor(_))) => Self::Stricter,
            (false, None) if failed_for_usages_of_1_27(signed) => Self::Since127,
            (false, None) => Self::Looser,
            (true, None) | (false, Some(_)) => Self::Same,
        }
    }
}

/// Why kboot does not let a request through, as a word.
#[derive(Clone, Copy)]
enum Reason {
    Floor(&'static str),
    Rules(&'static str),
}

impl Reason {
    fn of(refusal: &Refusal, signed: &CertificateSigningRequest) -> Self {
        match refusal.code() {
            code @ (Code::NoRule | Code::RuleHolds | Code::RuleDenies | Code::FactsUnknown) => {
                Self::Rules(code.word())
            }
            // Upstream's signers but legacy-unknown, which went with v1beta1, are all in the preset.
            code @ Code::SignerNotRuled if signed.signer().is_some() => Self::Rules(code.word()),
            code => Self::Floor(code.word()),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Floor(word) | Self::Rules(word) => word,
        }
    }
}

/// `pkg/apis/certificates/helpers.go` of 1.27: kubeletServingRequiredUsagesNoRSA, kubeletClientRequiredUsagesNoRSA.
fn failed_for_usages_of_1_27(signed: &CertificateSigningRequest) -> bool {
    let mut usages: Vec<&str> = signed.usages().iter().map(String::as_str).collect();
    usages.sort_unstable();
    let are_of_1_27 = match signed.signer() {
        Some(Signer::KubeApiserverClientKubelet) => usages == ["client auth", "digital signature"],
        Some(Signer::KubeletServing) => usages == ["digital signature", "server auth"],
        _ => false,
    };
    let failed = signed.condition("Failed");
    are_of_1_27 && failed.is_some_and(|failed| failed.message.starts_with("usages did not match"))
}

#[derive(Default)]
struct Report {
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
    let (Some(folder), Some(expected)) = (arguments.next(), arguments.next()) else {
        return Err("usage: parity RECORD EXPECTED".into());
    };
    let (folder, expected) = (Path::new(&folder), Path::new(&expected));
    let record = Record::read(folder)?;
    let policy = Preset::Upstream.policy();
    let mut report = Report::default();
    for case in &record.cases {
        let evaluate = |object: &CertificateSigningRequest| -> Result<Decision, Box<dyn Error>> {
            let mut context = Context::at(Env::system().now());
            context.service_cidrs = vec!["10.96.0.0/12".parse()?];
            context.access_reviews.insert(object.requestor().username.clone(), case.access_reviews);
            Ok(policy.evaluate(object, &context))
        };
        match &case.fate {
            Fate::Refused { sent, message } => {
                report.compare_refused(&case.name, message, evaluate(sent)?)?
            }
            Fate::Taken(taken) => report.compare(&case.name, taken, evaluate(&taken.decided)?, &record)?,
        }
    }
    report.finish(folder, expected)
}

impl Report {
    /// What does not get as far as kube-controller-manager must not be signed here.
    fn compare_refused(
        &mut self,
        name: &str,
        message: &str,
        decision: Decision,
    ) -> Result<(), Box<dyn Error>> {
        self.refused += 1;
        let ours = format!("{} {}", decision.verdict().word(), decision.code());
        writeln!(self.table, "{name}\trefused: {message}\t{ours}")?;
        if let Decision::Approve(_) = decision.approve_as("parity") {
            self.failures
                .push(format!("{name}: kube-apiserver does not take it ({message}), kboot signs it"));
        }
        Ok(())
    }

    fn compare(
        &mut self,
        name: &str,
        taken: &Taken,
        decision: Decision,
        record: &Record,
    ) -> Result<(), Box<dyn Error>> {
        self.taken += 1;
        let Taken { decided, signed } = taken;
        let approved = decided.condition("Approved").is_some();
        let reason = match &decision {
            Decision::Approve(_) => None,
            Decision::Deny(refusal) | Decision::Hold(refusal) => Some(Reason::of(refusal, signed)),
        };
        let relation = Relation::of(approved, reason, signed);
        let ours = format!("{} {}", decision.verdict().word(), decision.code());
        let theirs = if approved { "approved" } else { "pending" };
        write!(self.table, "{name}\t{theirs}\t{ours}\t{}", relation.word())?;
        self.count_decision(name, relation, theirs, &ours);

        let ours = match decision.approve_as("parity") {
            Decision::Approve(request) => sign(&request, signed, record)?,
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
            (certificate, Ok(_)) => (Relation::of(certificate.is_some(), None, signed), "signed".to_owned()),
            (certificate, Err(reason)) => {
                let relation = Relation::of(certificate.is_some(), Some(reason), signed);
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
        let Self { table, refused, taken, decisions, certificates, pairs, mut failures } = self;
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
        let known = read_to_string(expected).unwrap_or_default();
        if known != table {
            let path = folder.join("parity.tsv");
            File::create(&path)?.write_all(table.as_bytes())?;
            failures.push(format!("the table {} is not {}", path.display(), expected.display()));
        }
        for failure in &failures {
            writeln!(out, "FAILED {failure}")?;
        }
        Ok(ExitCode::from(u8::from(!failures.is_empty())))
    }
}

/// kboot's certificate for the request, at the second and with the serial number of upstream's where there is
/// one; the reason where kboot issues none.
fn sign(
    request: &ApprovedRequest,
    signed: &CertificateSigningRequest,
    record: &Record,
) -> Result<Result<Certificate, Reason>, Box<dyn Error>> {
    let upstreams = signed.certificate().map(Certificate::only_from_pem).transpose()?;
    let mut env = match &upstreams {
        Some(certificate) => as_of(certificate.der())?,
        None => Env::system(),
    };
    let (certificate, key) = record.authority(request.signer().name())?;
    let authority = CertificateAuthority::from_pem(certificate.as_bytes(), key.as_bytes(), env.now())?;
    let ours = match authority.sign(request, Lifetime::ONE_YEAR, &mut env) {
        Err(PkiError::IssuersName { .. }) => return Ok(Err(Reason::Floor("issuers-name"))),
        ours => ours?,
    };
    for certificate in upstreams.iter().chain([&ours]) {
        if !certificate.is_signed_by(authority.certificate())? {
            return Err(format!("a certificate of {} is not signed by its authority", signed.name()).into());
        }
    }
    Ok(Ok(ours))
}

fn as_of(der: &[u8]) -> Result<Env, Box<dyn Error>> {
    let now = Timestamp::from_unix(certificate::issued_at(der)?)?;
    let serial = certificate::serial(der)?;
    Ok(Env::fixed(now, move |buffer| {
        buffer.fill(0);
        for (octet, value) in buffer.iter_mut().rev().zip(serial.iter().rev()) {
            *octet = *value;
        }
    }))
}
