//! Keys and signatures that only openssl makes.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use kboot_testkit::generate::{Request, Signature, key};

use super::Result;

fn run(folder: &Path, arguments: &[&str]) -> Result<bool> {
    Ok(Command::new("openssl").args(arguments).current_dir(folder).output()?.status.success())
}

fn file(folder: &Path, name: &str, octets: &[u8]) -> Result<()> {
    Ok(fs::File::create(folder.join(name))?.write_all(octets)?)
}

/// Whether `openssl req` reads the request and finds its signature right.
pub(crate) fn verifies(request: &[u8]) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    file(folder.path(), "request", request)?;
    run(folder.path(), &["req", "-inform", "DER", "-in", "request", "-verify", "-noout"])
}

/// How openssl signs.
pub(crate) struct Signer<'a> {
    /// Arguments of `genpkey`.
    pub(crate) key: &'a [&'a str],
    /// Arguments of `dgst`: digest and options.
    pub(crate) digest: &'a [&'a str],
    /// The AlgorithmIdentifier's DER.
    pub(crate) algorithm: Vec<u8>,
}

impl Signer<'_> {
    /// The request with a new key of this kind, signed by it.
    pub(crate) fn sign(&self, mut request: Request) -> Result<Request> {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        let steps = |arguments: &[&[&str]]| run(folder, &arguments.concat());
        let made = steps(&[&["genpkey", "-out", "key"], self.key])?
            && steps(&[&["pkey", "-in", "key", "-pubout", "-outform", "DER", "-out", "public"]])?;
        if !made {
            return Err(format!("openssl makes no key of {:?}", self.key).into());
        }
        request.public_key_info = Some(fs::read(folder.join("public"))?);
        file(folder, "info", &request.info())?;
        if !steps(&[&["dgst"], self.digest, &["-sign", "key", "-out", "signature", "info"]])? {
            return Err(format!("openssl does not sign with {:?}", self.digest).into());
        }
        let signature = fs::read(folder.join("signature"))?;
        Ok(Request { signature: Signature::Raw(self.algorithm.clone(), signature), ..request })
    }
}

/// ecdsa-with-SHA256.
pub(crate) fn ecdsa() -> Vec<u8> {
    key::algorithm("1.2.840.10045.4.3.2", None)
}

/// sha256WithRSAEncryption.
pub(crate) fn rsa() -> Vec<u8> {
    key::algorithm("1.2.840.113549.1.1.11", Some(kboot_testkit::generate::der::null()))
}
