//! `kboot csr new`

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use kboot_core::policy::{PolicyContext, Preset, Verdict};
use kboot_core::shown::to_json;
use kboot_core::{Env, PrivateKey, bundle};
use kboot_core::{
    csr::{CertificateSigningRequest, Requestor, Signer, check_expiration, check_name},
    version::KubernetesVersion,
    x509::CertificateRequest,
};

use super::{check_new, folder_of};
use crate::Answer;
use crate::cli::{CsrNew, CsrNewOptions, RequestFormat};
use crate::{input, output};

/// Far more than any key.
const MAX_KEY_BYTES: usize = 64 * 1024;

pub(super) fn run(request: &CsrNew) -> Result<Answer> {
    let how = match request {
        CsrNew::NodeClient { how, .. } | CsrNew::NodeServing { how, .. } | CsrNew::User { how, .. } => how,
    };
    check(how)?;
    let key = match &how.key {
        Some(file) => {
            let pem = input::secret(file, MAX_KEY_BYTES)?;
            PrivateKey::from_pem(pem.expose_secret()).with_context(|| input::name(file))?
        }
        None => PrivateKey::generate(how.key_algorithm)?,
    };
    let (made, signer, sender) = made(request, &key)?;
    let pem = made.to_pem();
    let name = how.name.as_deref().unwrap_or_default();
    let mut object = CertificateSigningRequest::new(name, signer, pem.as_bytes());
    if name.is_empty() {
        object = object.with_generated_name("csr-");
    }
    if let Some(version) = how.kubernetes_version {
        object = object.with_usages_of(version);
    }
    if let Some(expiration) = how.lifetime {
        object = object.with_expiration(expiration);
    }
    let text = match how.output {
        RequestFormat::Pem => pem,
        RequestFormat::Yaml => object.to_yaml()?,
        RequestFormat::Json => to_json(&object)?,
    };
    warn_of_refusal(&object.with_requestor(sender));
    if how.output != RequestFormat::Pem && how.name.is_none() {
        output::note("kubectl apply needs a name: use kubectl create, or give --name");
    }
    if let Some(file) = &how.key_out {
        bundle::write_new(file, key.to_pem()?.expose_secret().as_bytes(), 0o600)?;
        output::public(how.out.as_deref(), &text)
            .with_context(|| format!("the key is in {}: use it with --key", file.display()))?;
    } else {
        output::public(how.out.as_deref(), &text)?;
    }
    Ok(Answer::Yes)
}

fn check(how: &CsrNewOptions) -> Result<()> {
    check_new(how.key_out.as_deref())?;
    check_new(how.out.as_deref())?;
    if let (Some(key), Some(out)) = (&how.key_out, &how.out)
        && is_same(key, out)
    {
        bail!("--key-out and --out are the same file, {}; the key needs one of its own", input::name(out));
    }
    if how.key_out.as_ref().is_some_and(|file| file.as_os_str() == "-") {
        bail!("--key-out is a file: stdout is for the request");
    }
    let is_of_object = how.name.is_some() || how.lifetime.is_some() || how.kubernetes_version.is_some();
    if how.output == RequestFormat::Pem && is_of_object {
        bail!(
            "--name, --lifetime and --kubernetes-version say what stands in the object, not in the PEM: add \
             -o yaml or -o json"
        );
    }
    if let Some(expiration) = how.lifetime {
        let version = how.kubernetes_version.unwrap_or(KubernetesVersion::LATEST);
        check_expiration(expiration, version).context("--lifetime")?;
    }
    if let Some(name) = &how.name {
        check_name(name).context("--name")?;
    }
    Ok(())
}

/// Whether two files that are not there yet would be one.
fn is_same(one: &Path, other: &Path) -> bool {
    let place = |file: &Path| Some((folder_of(file).canonicalize().ok()?, file.file_name()?.to_owned()));
    place(one).is_some_and(|one| Some(one) == place(other))
}

/// The request, the signer that it is for, and who would send it.
fn made(request: &CsrNew, key: &PrivateKey) -> Result<(CertificateRequest, Signer, Requestor)> {
    Ok(match request {
        CsrNew::NodeClient { node, .. } => (
            CertificateRequest::for_kubelet_client(node, key)?,
            Signer::KubeApiserverClientKubelet,
            Requestor::user(node.username().as_str()).with_group("system:nodes"),
        ),
        CsrNew::NodeServing { node, sans, .. } => (
            CertificateRequest::for_kubelet_serving(node, &sans.iter().cloned().collect(), key)?,
            Signer::KubeletServing,
            Requestor::user(node.username().as_str()).with_group("system:nodes"),
        ),
        CsrNew::User { user, groups, .. } => (
            CertificateRequest::for_user(user.clone(), groups.iter().cloned(), key)?,
            Signer::KubeApiserverClient,
            Requestor::user(user.as_str()),
        ),
    })
}

/// A request that kboot never approves is made all the same: other approvers may take it.
fn warn_of_refusal(object: &CertificateSigningRequest) {
    let decision = Preset::Upstream.policy().evaluate(object, &PolicyContext::at(Env::system().now()));
    let message = decision.message();
    // What no person can approve, the floor refuses.
    if decision.approve_as("anybody").verdict() != Verdict::Approve {
        output::warn(&format!("kboot would not approve this request: {message}"));
    }
}
