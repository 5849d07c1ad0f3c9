//! Writes the corpus' files anew: `cargo run -p kboot-testkit --example write_corpus`.
//!
//! Keys and signatures are new at each run, so every file changes; run it only to add or mend entries.
//! Keys and signatures that aws-lc does not make come from the openssl program.

mod encoding;
mod extensions;
mod genuine;
mod harm;
mod identity;
mod names;
mod openssl;
mod picture;
mod requestor;
mod rules;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{Key, Signature};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// An entry before it is written.
pub(crate) struct Entry {
    name: &'static str,
    about: &'static str,
    incident: Option<&'static str>,
    code: &'static str,
    creatable: bool,
    /// Held, where its code leads to denials elsewhere.
    held: bool,
    case: Case,
}

impl Entry {
    /// A request that a correct approver refuses, with kboot's code for it.
    pub(crate) fn hostile(name: &'static str, about: &'static str, code: &'static str, case: Case) -> Self {
        Self { name, about, incident: None, code, creatable: true, held: false, case }
    }

    /// A request that a correct approver approves.
    pub(crate) fn genuine(name: &'static str, about: &'static str, case: Case) -> Self {
        Self::hostile(name, about, "rule-approves", case)
    }

    /// Where it was seen.
    pub(crate) fn incident(self, incident: &'static str) -> Self {
        Self { incident: Some(incident), ..self }
    }

    /// No kube-apiserver from 1.20 on lets it be created.
    pub(crate) fn not_creatable(self) -> Self {
        Self { creatable: false, ..self }
    }

    /// No proof of a violation: the operator may know better.
    pub(crate) fn held(self) -> Self {
        Self { held: true, ..self }
    }

    /// What a code leads to; see the table of codes.
    fn decision(&self) -> &'static str {
        if self.held {
            return "hold";
        }
        let person = self.case.object.signer_name == kboot_testkit::generate::KUBE_APISERVER_CLIENT;
        match self.code {
            "rule-approves" => "approve",
            "subject-attribute" if person => "hold",
            "signer-not-ruled" | "signature-unknown" | "key-oversized" | "key-unknown"
            | "attribute-unknown" | "extension-unknown" | "requestor-unknown" | "requestor-not-node"
            | "no-rule" | "alt-name-of-other" => "hold",
            _ => "deny",
        }
    }

    fn file(mut self) -> Result<(PathBuf, Value)> {
        let genuine = self.code == "rule-approves";
        if self.case.request.public_key_info.is_none() && self.case.request.signature == Signature::Right {
            // Nobody's key is another's.
            self.case.request.key = Key::new(self.case.request.key.kind());
        }
        if self.case.object.name == "csr-7xk2p" {
            self.case.object.name = self.name.to_owned();
        }
        let octets = self.case.request.der();
        let signed = openssl::verifies(&octets)?;
        // openssl reads no text that is not UTF-8 and no number as text.
        let unreadable = ["malformed", "signature-wrong", "signature-unknown"].contains(&self.code)
            || ["subject-invalid-utf8", "subject-number"].contains(&self.name);
        if !signed && !unreadable {
            return Err(format!("openssl does not verify {}", self.name).into());
        }
        let mut case = self.case.clone();
        case.object.request = case.pem.text(&octets).into_bytes();
        let mut object = case.object.json();
        if let Some(text) = &case.base64 {
            object["spec"]["request"] = json!(text);
        }
        let (class, severity) = harm::harm(self.name, self.code);
        let harm = if genuine { Value::Null } else { json!({"class": class, "severity": severity}) };
        let entry = json!({
            "name": self.name,
            "about": self.about,
            "incident": self.incident,
            "creatable": self.creatable,
            "harm": harm,
            "object": object,
            "expect": {
                "answer": if genuine { "approve" } else { "refuse" },
                "decision": self.decision(),
                "code": self.code,
            },
        });
        let folder = Path::new(if genuine { "genuine" } else { "hostile" });
        Ok((folder.join(format!("{}.json", self.name)), entry))
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    Ok(fs::File::create(path)?.write_all(text.as_bytes())?)
}

fn main() -> Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = home.join("corpus");
    let mut entries = encoding::entries()?;
    entries.extend(extensions::entries());
    entries.extend(identity::entries());
    entries.extend(names::entries());
    entries.extend(requestor::entries());
    entries.extend(rules::entries());
    entries.extend(genuine::entries());

    let mut files = entries.into_iter().map(Entry::file).collect::<Result<Vec<_>>>()?;
    files.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(pair) = files.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("two entries are {}", pair[0].0.display()).into());
    }
    let mut index = "//! The corpus' files. Written by `examples/write_corpus`.\n".to_owned();
    for folder in ["hostile", "genuine"] {
        if corpus.join(folder).exists() {
            fs::remove_dir_all(corpus.join(folder))?;
        }
        fs::create_dir_all(corpus.join(folder))?;
        index.push_str(&format!("\npub(super) const {}: &[&str] = &[\n", folder.to_uppercase()));
        for (path, entry) in files.iter().filter(|(path, _)| path.starts_with(folder)) {
            write(&corpus.join(path), &format!("{}\n", serde_json::to_string_pretty(entry)?))?;
            index.push_str(&format!("    include_str!(\"../../corpus/{}\"),\n", path.display()));
        }
        index.push_str("];\n");
    }
    write(&home.join("src/corpus/files.rs"), &index)?;
    write(&corpus.join("nodes.json"), &format!("{}\n", serde_json::to_string_pretty(&picture::nodes())?))?;
    write(&corpus.join("inventory.yaml"), &picture::inventory())?;
    write(&corpus.join("policy.yaml"), &picture::policy())?;
    write(&corpus.join("context.yaml"), &picture::context())?;
    Ok(())
}
