//! Requests from files: objects of the API, or bare PKCS#10.

use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use kboot_core::csr::{CertificateSigningRequest, CsrError, Requestor, read_list};
use kboot_core::x509::{CertificateRequest, RequestError};

use super::shown;
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
    check_for_object(file, fields)?;
    let each = |index, object: Result<CertificateSigningRequest, CsrError>| match object {
        Ok(object) => each(index, Ok(sent_by(file, object, fields)?)),
        error => each(index, error),
    };
    let count = read_list(std::io::Cursor::new(start).chain(reader), each).with_context(name)?;
    if count == 0 {
        bail!("{}: there is no request in it", name());
    }
    Ok(())
}

/// Refuses what an object says itself.
pub(super) fn check_for_object(file: &Path, fields: &ObjectFields) -> Result<()> {
    if fields.signer.is_some() || !fields.usages.is_empty() || fields.lifetime.is_some() {
        let name = input::name(file);
        bail!("--signer, --usage and --lifetime are for a bare request: {name} says them itself");
    }
    Ok(())
}

/// The object with its sender: one that was in no cluster yet does not say who that is.
pub(super) fn sent_by(
    file: &Path,
    object: CertificateSigningRequest,
    fields: &ObjectFields,
) -> Result<CertificateSigningRequest> {
    match (requestor(fields), object.requestor().username.as_str()) {
        (None, _) => Ok(object),
        (Some(requestor), "") => Ok(object.with_requestor(requestor)),
        (Some(_), said) => bail!("--requestor: {} says that {:?} sent it", input::name(file), shown(said)),
    }
}

fn requestor(fields: &ObjectFields) -> Option<Requestor> {
    let user = Requestor::user(fields.requestor.as_ref()?);
    Some(fields.groups.iter().fold(user, |user, group| user.with_group(group)))
}

/// JSON begins with a bracket, and YAML has its kind; text above a PEM block has neither.
fn looks_like_an_object(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    text.trim_start().starts_with(['{', '[']) || text.lines().any(|line| line.starts_with("apiVersion:"))
}

/// The object of a bare request, with what the API server would know of it.
pub(super) fn bare(pem: &[u8], fields: &ObjectFields) -> Result<CertificateSigningRequest> {
    let Some(signer) = fields.signer else {
        if let Err(RequestError::WrongPemLabel { label }) = CertificateRequest::from_pem(pem) {
            bail!("the PEM block is a {}, not a CERTIFICATE REQUEST", shown(&label));
        }
        bail!(
            "a request in PEM does not say for which signer it is: add --signer kubernetes.io/kubelet-serving or another"
        );
    };
    let mut object = CertificateSigningRequest::new("", signer, pem);
    if let Some(requestor) = requestor(fields) {
        object = object.with_requestor(requestor);
    }
    if !fields.usages.is_empty() {
        object = object.with_usages(fields.usages.clone());
    }
    if let Some(lifetime) = fields.lifetime {
        object = object.with_expiration(lifetime);
    }
    Ok(object)
}
