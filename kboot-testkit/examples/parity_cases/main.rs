//! Writes the requests of scripts/e2e-parity: `parity_cases DIR SERVER VERSION`.
//!
//! VERSION is the server's: from 1.22 on there are no requests of v1beta1, and with them none for the signer
//! legacy-unknown.
//!
//! In DIR: one API object a case (`CASE.json`), `cases.tsv` with each case's requestor, `rbac.json` with the
//! roles that the requestors hold, and configurations of curl, to be run in DIR by an administrator whose
//! certificate lies there: `create.curl` creates each case as its requestor and leaves the answer in
//! `created/CASE.json`; `access.curl` asks, as each requestor, what kube-controller-manager asks about it,
//! and leaves the answers in `access/REQUESTOR.SUBRESOURCE.json`.

mod cases;
mod requestors;
mod variants;

use std::error::Error;
use std::fs::{File, create_dir};
use std::io::Write;
use std::path::Path;

use kboot_testkit::generate::Object;
use serde_json::{Value, json};

use cases::Case;
use requestors::{REQUESTORS, Requestor};

fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    File::create_new(folder.join(name))?.write_all(text.as_bytes())
}

/// A configuration of curl: requests as users that the administrator impersonates.
struct Curl<'a> {
    server: &'a str,
    text: String,
}

impl Curl<'_> {
    fn post(&mut self, path: &str, requestor: &Requestor, body: &str, answer: &str) {
        if !self.text.is_empty() {
            self.text.push_str("next\n");
        }
        let mut line = |option: &str, value: &str| {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            self.text.push_str(&format!("{option} = \"{quoted}\"\n"));
        };
        line("url", &format!("{}{path}", self.server));
        line("cacert", "ca.crt");
        line("cert", "admin.crt");
        line("key", "admin.key");
        line("header", "Content-Type: application/json");
        line("header", &format!("Impersonate-User: {}", requestor.username));
        for group in requestor.groups {
            line("header", &format!("Impersonate-Group: {group}"));
        }
        line("data-binary", &format!("@{body}"));
        line("output", answer);
    }
}

/// The object as a client sends it.
fn body(case: &Case) -> Value {
    let Requestor { username, groups, .. } = case.requestor;
    let usages: Vec<&str> = case.usages.iter().map(String::as_str).collect();
    let mut object = Object::new(username, groups, case.signer, &usages, case.request.clone()).json();
    object["apiVersion"] = json!(format!("certificates.k8s.io/{}", case.version));
    object["metadata"] = json!({"name": case.name});
    if usages.is_empty() && case.version == "v1beta1" {
        // Not an empty list: then the API server fills it in.
        object["spec"]["usages"] = Value::Null;
    }
    object
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(server), Some(version)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: parity_cases DIR SERVER VERSION".into());
    };
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u16>().ok());
    let minor = minor.ok_or_else(|| format!("{version} is no version: write v1.MINOR.PATCH"))?;
    let folder = Path::new(&folder);
    create_dir(folder)?;
    let mut cases = cases::all();
    cases.retain(|case| case.version == "v1" || minor < 22);

    let mut create = Curl { server: &server, text: String::new() };
    let mut table = String::new();
    for case in &cases {
        let file = format!("{}.json", case.name);
        write(folder, &file, &body(case).to_string())?;
        let path = format!("/apis/certificates.k8s.io/{}/certificatesigningrequests", case.version);
        create.post(&path, case.requestor, &file, &format!("created/{file}"));
        table.push_str(&format!("{}\t{}\n", case.name, case.requestor.name));
    }
    write(folder, "create.curl", &create.text)?;
    write(folder, "cases.tsv", &table)?;

    let mut access = Curl { server: &server, text: String::new() };
    for subresource in ["nodeclient", "selfnodeclient"] {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"group": "certificates.k8s.io", "resource": "certificatesigningrequests",
                "subresource": subresource, "verb": "create"}},
        });
        let file = format!("{subresource}.review.json");
        write(folder, &file, &review.to_string())?;
        for requestor in REQUESTORS {
            let answer = format!("access/{}.{subresource}.json", requestor.name);
            access.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", requestor, &file, &answer);
        }
    }
    write(folder, "access.curl", &access.text)?;
    write(folder, "rbac.json", &requestors::bindings().to_string())?;
    Ok(())
}
