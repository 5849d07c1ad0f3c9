//! `kboot kubeconfig user` and `bootstrap`

use std::path::Path;

use anyhow::{Context, Result, bail};
use kboot_core::bundle::ClusterIdentity;
use kboot_core::identity::ClientIdentity;
use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::token::BootstrapToken;
use kboot_core::{CertificateTemplate, Env, PrivateKey, danger};
use kboot_core::{cluster::CaRole, pki::CertificateAuthority};

use super::{MAX_BYTES, certificate, cluster_name, finish};
use crate::cli::{KubeconfigBootstrap, KubeconfigUser};
use crate::commands::authority;
use crate::{input, output};

pub(super) fn user(arguments: &KubeconfigUser) -> Result<()> {
    let (user, groups) = (arguments.user.clone(), arguments.groups.clone());
    let identity = if arguments.allow_system_masters {
        danger::unrestricted_identity(user, groups)?
    } else {
        ClientIdentity::new(user, groups)
            .context("refused; if it is for system:masters, --allow-system-masters allows that")?
    };
    let mut env = Env::system();
    let authority = chosen_authority(arguments, &env)?;
    let cluster = cluster_of(arguments)?;
    let server = arguments.server.as_ref().or_else(|| cluster.as_ref().map(ClusterIdentity::endpoint));
    let server = server.context("--server is missing: no kboot.json says where the API server is")?;
    let recorded = cluster.as_ref().map(|cluster| cluster.name().as_str());
    let name = arguments.names.cluster_name.as_deref().or(recorded).unwrap_or("kubernetes");
    let template = CertificateTemplate::of(&identity);
    let key = PrivateKey::generate(arguments.key_algorithm).context("no certificate is issued")?;
    let issue =
        if arguments.allow_system_masters { danger::issue_unrestricted } else { CertificateAuthority::issue };
    let certificate = issue(&authority, &template, &key, arguments.lifetime, &mut env)
        .context("no certificate is issued")?;
    let builder = Kubeconfig::for_cluster(name, server)
        .trusting(authority.certificate())
        .as_user(arguments.user.as_str())
        .with_certificate(&certificate, &key);
    finish(builder, &arguments.names)?;
    let facts = certificate.facts();
    output::tell(&format!("issued {} until {}", facts.subject, facts.validity.not_after));
    if identity.is_reserved() {
        output::note("names that begin with system: are those of Kubernetes' own components");
    }
    Ok(())
}

/// The authority's folder, where it is not two files.
fn folder(arguments: &KubeconfigUser) -> Option<&Path> {
    let named = arguments.ca.as_deref();
    named.or_else(|| arguments.ca_cert.is_none().then_some(Path::new("out/authorities")))
}

/// The cluster that an output folder is for, which has the authority's folder in it.
fn cluster_of(arguments: &KubeconfigUser) -> Result<Option<ClusterIdentity>> {
    match folder(arguments).and_then(Path::parent) {
        Some(out) => Ok(ClusterIdentity::of_folder(out)?),
        None => Ok(None),
    }
}

fn chosen_authority(arguments: &KubeconfigUser, env: &Env) -> Result<CertificateAuthority> {
    if let Some(folder) = folder(arguments) {
        let loaded = authority::load(folder, CaRole::Cluster, env);
        return if arguments.ca.is_none() { loaded.context("no --ca is given") } else { loaded };
    }
    let (certificate_file, key_file) = match (&arguments.ca_cert, &arguments.ca_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => bail!("the authority is missing"),
    };
    let pem = input::bytes(&certificate_file, MAX_BYTES)?;
    let key = input::secret(&key_file, MAX_BYTES)?;
    let authority = CertificateAuthority::from_pem(&pem, key.expose_secret(), env.now())
        .with_context(|| format!("{} and {}", input::name(&certificate_file), input::name(&key_file)))?;
    Ok(authority::named_by_path(authority, &certificate_file))
}

pub(super) fn bootstrap(arguments: &KubeconfigBootstrap) -> Result<()> {
    let text = input::secret_text(&arguments.token_file, MAX_BYTES)?;
    let token: BootstrapToken =
        text.expose_secret().trim_end().parse().with_context(|| input::name(&arguments.token_file))?;
    let builder = Kubeconfig::for_cluster(cluster_name(&arguments.names), &arguments.server)
        .trusting(&certificate(&arguments.certificate_authority)?)
        .as_user(&arguments.user)
        .with_token(&token);
    finish(builder, &arguments.names)
}
