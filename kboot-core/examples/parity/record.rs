//! What scripts/e2e-parity recorded of kube-apiserver and kube-controller-manager.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use kboot_core::csr::CertificateSigningRequest;
use kboot_core::policy::AccessReviews;
use serde_json::Value;

/// One request and its fate.
pub(crate) struct Case {
    pub(crate) name: String,
    /// What kube-controller-manager could learn about the requestor.
    pub(crate) access_reviews: AccessReviews,
    pub(crate) fate: Fate,
}

pub(crate) enum Fate {
    /// kube-apiserver did not take it.
    Refused {
        sent: Box<CertificateSigningRequest>,
        message: String,
    },
    Taken(Box<Taken>),
}

pub(crate) struct Taken {
    /// After kube-controller-manager had decided.
    pub(crate) decided: CertificateSigningRequest,
    /// After the rest was approved by hand and kube-controller-manager had signed.
    pub(crate) signed: CertificateSigningRequest,
}

pub(crate) struct Record {
    folder: PathBuf,
    pub(crate) cases: Vec<Case>,
}

type Objects = BTreeMap<String, CertificateSigningRequest>;

impl Record {
    pub(crate) fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut record = Self { folder: folder.to_owned(), cases: Vec::new() };
        let (mut decided, mut signed) = (record.objects("decided.json")?, record.objects("signed.json")?);
        for line in read_to_string(folder.join("cases.tsv"))?.lines() {
            let (name, requestor) = line.split_once('\t').ok_or("a line of cases.tsv has no tab")?;
            let access_reviews = AccessReviews {
                self_node_client: record.is_allowed(requestor, "selfnodeclient")?,
                node_client: record.is_allowed(requestor, "nodeclient")?,
            };
            let fate = match (decided.remove(name), signed.remove(name)) {
                (Some(decided), Some(signed)) => Fate::Taken(Box::new(Taken { decided, signed })),
                (None, None) => {
                    let sent = CertificateSigningRequest::from_json(&record.text(&format!("{name}.json"))?)?;
                    Fate::Refused { sent: Box::new(sent), message: record.refusal(name)? }
                }
                _ => return Err(format!("{name} is in one of decided.json and signed.json only").into()),
            };
            record.cases.push(Case { name: name.to_owned(), access_reviews, fate });
        }
        if let Some(name) = decided.keys().chain(signed.keys()).next() {
            return Err(format!("{name} is not in cases.tsv").into());
        }
        Ok(record)
    }

    /// The authority of this signer: its certificate and its key, PEM.
    pub(crate) fn authority(&self, signer: &str) -> Result<(String, String), Box<dyn Error>> {
        let folder = self.folder.join("ca").join(signer.trim_start_matches("kubernetes.io/"));
        Ok((read_to_string(folder.join("ca.crt"))?, read_to_string(folder.join("ca.key"))?))
    }

    fn text(&self, name: &str) -> Result<String, Box<dyn Error>> {
        Ok(read_to_string(self.folder.join(name)).map_err(|error| format!("{name}: {error}"))?)
    }

    fn json(&self, name: &str) -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_str(&self.text(name)?).map_err(|error| format!("{name}: {error}"))?)
    }

    fn objects(&self, name: &str) -> Result<Objects, Box<dyn Error>> {
        let list = self.json(name)?;
        let items = list["items"].as_array().ok_or_else(|| format!("{name} is no list"))?;
        let mut objects = Objects::new();
        for item in items {
            let object = CertificateSigningRequest::from_json(&item.to_string())?;
            objects.insert(object.name().to_owned(), object);
        }
        Ok(objects)
    }

    /// None where kube-apiserver did not answer: NodeRestriction refuses all that a nameless node creates.
    fn is_allowed(&self, requestor: &str, subresource: &str) -> Result<Option<bool>, Box<dyn Error>> {
        let review = self.json(&format!("access/{requestor}.{subresource}.json"))?;
        Ok(review["status"]["allowed"].as_bool())
    }

    fn refusal(&self, case: &str) -> Result<String, Box<dyn Error>> {
        let name = format!("created/{case}.json");
        let status = self.json(&name)?;
        let message = status["message"].as_str().ok_or_else(|| format!("{name} has no message"))?;
        // Before the reason stands the whole request, octet by octet.
        let reason = message.rsplit_once("}: ").map_or(message, |(_, reason)| reason);
        // And before that the name, which stands in the table already.
        let quoted = format!("\"{case}\" is ");
        Ok(reason.split_once(&quoted).map_or(reason, |(_, reason)| reason).to_owned())
    }
}
