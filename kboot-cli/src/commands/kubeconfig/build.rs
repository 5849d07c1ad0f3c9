//! `kboot kubeconfig build`

use std::path::Path;

use anyhow::{Context, Result, bail};
use kboot_core::kubeconfig::{Exec, Kubeconfig};
use kboot_core::secret::SecretText;
use kboot_core::x509::{PrivateKey, X509Error};

use super::{MAX_BYTES, certificate, cluster_name, finish};
use crate::cli::KubeconfigBuild;
use crate::input;

/// A file's path as the kubeconfig names it: absolute, because readers of a kubeconfig take relative
/// paths from its own folder.
fn reference(path: &Path) -> Result<String> {
    if path.as_os_str() == "-" {
        bail!("stdin can only be embedded; add --embed-certs");
    }
    let absolute = std::path::absolute(path).with_context(|| input::name(path))?;
    let text = absolute.to_str().with_context(|| format!("the path {} is not UTF-8", path.display()))?;
    Ok(text.to_owned())
}

pub(super) fn run(arguments: &KubeconfigBuild) -> Result<()> {
    let authority = certificate(&arguments.certificate_authority)?;
    let builder = Kubeconfig::for_cluster(cluster_name(&arguments.names), &arguments.server);
    let builder = if arguments.embed_certs {
        builder.trusting(&authority)
    } else {
        builder.trusting_file(&reference(&arguments.certificate_authority)?)
    };
    let builder = builder.as_user(&arguments.user);
    let builder = if let (Some(certificate_file), Some(key_file)) =
        (&arguments.client_certificate, &arguments.client_key)
    {
        let certificate = certificate(certificate_file)?;
        let pem = input::secret(key_file, MAX_BYTES)?;
        let key = PrivateKey::from_pem(pem.expose_secret()).with_context(|| input::name(key_file))?;
        let facts = certificate.facts();
        if facts.public_key != *key.public_key() {
            return Err(X509Error::KeyMismatch { subject: facts.subject.clone() })
                .with_context(|| input::name(key_file));
        }
        if arguments.embed_certs {
            builder.with_certificate(&certificate, &key)
        } else {
            builder.with_certificate_files(&reference(certificate_file)?, &reference(key_file)?)
        }
    } else if let Some(file) = &arguments.token_file {
        let token =
            SecretText::new(input::secret_text(file, MAX_BYTES)?.expose_secret().trim_end().to_owned());
        if token.expose_secret().contains(',') {
            bail!(
                "{} holds a row of a static token file; give its first column alone (cut -d, -f1)",
                input::name(file)
            );
        }
        if token.expose_secret().is_empty() || token.expose_secret().chars().any(char::is_whitespace) {
            bail!("{} does not hold one token", input::name(file));
        }
        builder.with_bearer_token(token)
    } else if let Some(path) = &arguments.token_path {
        builder.with_token_file(path)
    } else if let Some(command) = &arguments.exec_command {
        builder.with_exec(Exec::new(command, &arguments.exec_args))
    } else {
        bail!("credentials are missing");
    };
    finish(builder, &arguments.names)
}
