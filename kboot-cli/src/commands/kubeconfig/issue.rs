//! `kboot kubeconfig user` and `bootstrap`

use anyhow::{Context, Result, bail};
use kboot_core::identity::ClientIdentity;
use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::token::BootstrapToken;
use kboot_core::{CertificateTemplate, Env, PrivateKey, danger};
use kboot_core::{cluster::CaRole, pki::CertificateAuthority};

use super::{MAX_BYTES, certificate, finish};
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
    let template = CertificateTemplate::of(&identity);
    let key = PrivateKey::generate(arguments.key_algorithm).context("no certificate is issued")?;
    let issue =
        if arguments.allow_system_masters { danger::issue_unrestricted } else { CertificateAuthority::issue };
    let certificate = issue(&authority, &template, &key, arguments.lifetime, &mut env)
        .context("no certificate is issued")?;
    let builder = Kubeconfig::for_cluster(&arguments.names.cluster, &arguments.server)
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

fn chosen_authority(arguments: &KubeconfigUser, env: &Env) -> Result<CertificateAuthority> {
    if let Some(folder) = &arguments.ca {
        return authority::load(folder, CaRole::Cluster, env);
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
    let builder = Kubeconfig::for_cluster(&arguments.names.cluster, &arguments.server)
        .trusting(&certificate(&arguments.certificate_authority)?)
        .as_user(&arguments.user)
        .with_token(&token);
    finish(builder, &arguments.names)
}
