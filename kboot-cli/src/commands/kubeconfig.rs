//! `kboot kubeconfig`

use std::path::Path;

use anyhow::{Context, Result, bail};
use kboot_core::bundle;
use kboot_core::kubeconfig::{Exec, Kubeconfig};
use kboot_core::pki::{Certificate, PkiError, PrivateKey};
use kboot_core::secret::{SecretBytes, SecretText};

use crate::Answer;
use crate::cli::{self, KubeconfigBuild};
use crate::{input, output};

/// Far more than any token, key or certificate file.
const MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn run(command: cli::Kubeconfig) -> Result<Answer> {
    let cli::Kubeconfig::Build(arguments) = command;
    let text = build(&arguments)?.to_yaml()?;
    let bytes = text.expose_secret().as_bytes();
    match &arguments.out {
        Some(file) if file.as_os_str() != "-" => bundle::write_new(file, bytes, 0o600)?,
        _ => output::data(bytes)?,
    }
    Ok(Answer::Yes)
}

fn certificate(path: &Path) -> Result<Certificate> {
    Certificate::from_pem(&input::bytes(path, MAX_BYTES)?).with_context(|| input::name(path))
}

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

fn build(arguments: &KubeconfigBuild) -> Result<Kubeconfig> {
    let authority = certificate(&arguments.certificate_authority)?;
    let builder = Kubeconfig::for_cluster(&arguments.cluster, &arguments.server);
    let builder = if arguments.embed_certs {
        builder.trusting(&authority)
    } else {
        builder.trusting_file(&reference(&arguments.certificate_authority)?)
    };
    let builder = builder.as_user(&arguments.user);
    let mut builder = if let (Some(certificate_file), Some(key_file)) =
        (&arguments.client_certificate, &arguments.client_key)
    {
        let certificate = certificate(certificate_file)?;
        let pem = SecretBytes::new(input::bytes(key_file, MAX_BYTES)?);
        let key = PrivateKey::from_pem(pem.expose_secret()).with_context(|| input::name(key_file))?;
        let facts = certificate.facts()?;
        if facts.public_key_der != key.public_key_der() {
            return Err(PkiError::KeyMismatch { subject: facts.subject })
                .with_context(|| input::name(key_file));
        }
        if arguments.embed_certs {
            builder.with_certificate(&certificate, &key)
        } else {
            builder.with_certificate_files(&reference(certificate_file)?, &reference(key_file)?)
        }
    } else if let Some(file) = &arguments.token_file {
        let token = SecretText::new(input::text(file, MAX_BYTES)?.trim_end().to_owned());
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
    if let Some(name) = &arguments.context {
        builder = builder.context(name);
    }
    if let Some(namespace) = &arguments.namespace {
        builder = builder.namespace(namespace);
    }
    Ok(builder.build()?)
}
