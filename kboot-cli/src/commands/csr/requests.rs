//! Requests from files: objects of the API, or bare PKCS#10.

use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use kboot_core::csr::{CertificateSigningRequest, CsrError, Requestor, read_list};

use crate::cli::ObjectFields;
use crate::input;

/// Calls `each` for every request of a file.
pub(super) fn each(
    file: &Path,
    fields: &ObjectFields,
    mut each: impl FnMut(usize, Result<CertificateSigningRequest, CsrError>) -> Result<()>,
) -> Result<()> {
    let mut reader = BufReader::new(input::open(file)?);
    let name = || input::name(file);
    let mut start = Vec::new();
    reader.by_ref().take(4096).read_to_end(&mut start).with_context(name)?;
    if start.windows(5).any(|five| five == b"-----") && !looks_like_an_object(&start) {
        reader.take(128 * 1024).read_to_end(&mut start).with_context(name)?;
        return each(0, Ok(bare(&start, fields).with_context(name)?));
    }
    if fields.signer.is_some() || fields.requestor.is_some() || !fields.usages.is_empty() {
        bail!(
            "{}: --signer, --requestor and --usage are for requests in PEM; objects state their own",
            name()
        );
    }
    let count = read_list(std::io::Cursor::new(start).chain(reader), each).with_context(name)?;
    if count == 0 {
        bail!("{}: there is no request in it", name());
    }
    Ok(())
}

/// JSON begins with a bracket, and YAML has its kind; text above a PEM block has neither.
fn looks_like_an_object(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    text.trim_start().starts_with(['{', '[']) || text.lines().any(|line| line.starts_with("apiVersion:"))
}

/// The object of a bare request, with what the API server would know of it.
pub(super) fn bare(pem: &[u8], fields: &ObjectFields) -> Result<CertificateSigningRequest> {
    let Some(signer) = fields.signer else {
        bail!(
            "a request in PEM does not say for which signer it is: add --signer kubernetes.io/kubelet-serving or another"
        );
    };
    let mut object = CertificateSigningRequest::new("", signer, pem);
    if let Some(user) = &fields.requestor {
        object = object.with_requestor(
            fields.groups.iter().fold(Requestor::user(user), |user, group| user.group(group)),
        );
    }
    if !fields.usages.is_empty() {
        object = object.with_usages(fields.usages.clone());
    }
    if let Some(lifetime) = fields.expiration {
        object = object.with_expiration(lifetime);
    }
    Ok(object)
}
