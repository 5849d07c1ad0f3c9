//! `kboot cert issue`

use std::path::Path;

use anyhow::{Context, Result, bail};
use kboot_core::identity::MASTERS_GROUP;
use kboot_core::time::Lifetime;
use kboot_core::{CertificateAuthority, CertificateTemplate, Env, PrivateKey, bundle, danger};
use kboot_core::{
    cluster::CaRole,
    pki::{CfsslRequest, Profile, ProfileOptions, SigningProfile},
    x509::KeyAlgorithm,
};

use super::{MAX_BYTES, usage};
use crate::cli::CertIssue;
use crate::commands::authority::{self, file_names};
use crate::{input, output};

/// What to issue, however it was said.
struct Order {
    template: CertificateTemplate,
    key: KeyAlgorithm,
    lifetime: Lifetime,
    /// Where the lifetime comes from; none for the default, which is cut without a word.
    lifetime_source: Option<String>,
    name: Option<String>,
    /// The authority of a cluster that signs such certificates.
    authority: CaRole,
}

pub(super) fn run(arguments: CertIssue) -> Result<()> {
    let (ca, out) = (arguments.ca.clone(), arguments.out.clone());
    let (is_allowed, cfssljson_names) = (arguments.allow_system_masters, arguments.cfssljson_names);
    let order = match arguments.profile {
        Some(profile) => of_profile(profile, arguments)?,
        None => of_cfssl(arguments)?,
    };
    if order.template.is_unrestricted() && !is_allowed {
        bail!(
            "a client in {MASTERS_GROUP} may do everything, whatever RBAC says, until the certificate expires; \
             use another group and bind it, or add --allow-system-masters"
        );
    }
    let name = order.name.context("--file-name is missing: what are the files to be called?")?;
    if name.is_empty() || name.starts_with('.') || name.contains('/') || name.chars().any(char::is_control) {
        bail!("{name:?} cannot be a file's name; choose another with --file-name");
    }
    let mut env = Env::system();
    let authority = authority::load(&ca, order.authority, &env)?;
    if let Some(source) = &order.lifetime_source {
        authority.check_lifetime(order.lifetime).with_context(|| source.clone())?;
    }
    let key = PrivateKey::generate(order.key)?;
    let wanted_end = env.now().after(order.lifetime)?;
    let issue = if is_allowed { danger::issue_unrestricted } else { CertificateAuthority::issue };
    let certificate = issue(&authority, &order.template, &key, order.lifetime, &mut env)
        .with_context(|| format!("--ca {}", input::name(&ca)))?;
    let facts = certificate.facts();

    let (certificate_file, key_file) = file_names(&name, cfssljson_names);
    let pem = key.to_pem()?;
    let text = certificate.to_pem();
    let files = [
        (key_file.as_str(), pem.expose_secret().as_bytes(), 0o600),
        (certificate_file.as_str(), text.as_bytes(), 0o644),
    ];
    bundle::write_all_new(&out, &files).context("no certificate is issued")?;
    output::tell(&format!(
        "{} and {key_file}: {}, {}, until {}",
        out.join(&certificate_file).display(),
        facts.subject,
        facts.uses().join("; "),
        facts.validity.not_after
    ));
    if facts.validity.not_after < wanted_end {
        output::note(&format!(
            "a lifetime of {} would have outlived the authority; the certificate ends with it",
            order.lifetime
        ));
    }
    Ok(())
}

fn of_profile(profile: Profile, arguments: CertIssue) -> Result<Order> {
    let CertIssue { node, common_name, groups, sans, usages, lifetime, key_algorithm, file_name, .. } =
        arguments;
    let default_name = match profile {
        Profile::Client | Profile::Server | Profile::Peer => {
            // scp takes what comes before a colon for a machine.
            common_name.as_ref().map(|name| name.as_str().replace(':', "-"))
        }
        _ => Some(profile.as_str().to_owned()),
    };
    let mut options = ProfileOptions::default();
    options.node = node;
    options.common_name = common_name;
    options.organizations = groups;
    options.alt_names = sans;
    options.usage = usage(&usages);
    Ok(Order {
        template: profile.template(&options)?,
        key: key_algorithm.unwrap_or(KeyAlgorithm::EcdsaP256),
        lifetime: lifetime.unwrap_or(Lifetime::ONE_YEAR),
        lifetime_source: lifetime.map(|_| "--lifetime".to_owned()),
        name: file_name.or(default_name),
        authority: profile.ca().unwrap_or(CaRole::Cluster),
    })
}

fn of_cfssl(arguments: CertIssue) -> Result<Order> {
    let CertIssue { cfssl_csr, cfssl_config, cfssl_profile, sans, lifetime, file_name, .. } = arguments;
    let file = cfssl_csr.context("--profile or --cfssl-csr is missing")?;
    let mut request =
        CfsslRequest::from_json(&input::bytes(&file, MAX_BYTES)?).with_context(|| input::name(&file))?;
    if !sans.is_empty() {
        request.alt_names = sans.into_iter().collect();
    }
    let mut profile = SigningProfile::default();
    let mut lifetime_source = lifetime.map(|_| "--lifetime".to_owned());
    if let Some(config) = &cfssl_config {
        profile = SigningProfile::from_json(&input::bytes(config, MAX_BYTES)?, cfssl_profile.as_deref())
            .with_context(|| input::name(config))?;
        let place = cfssl_profile.map_or_else(|| "default".to_owned(), |name| format!("profiles.{name}"));
        lifetime_source = Some(format!("{}: signing.{place}.expiry", input::name(config)));
    }
    Ok(Order {
        template: request.template(&profile).with_context(|| input::name(&file))?,
        key: request.key,
        lifetime: lifetime.unwrap_or(profile.lifetime),
        lifetime_source,
        name: file_name.or_else(|| name_of_request(&file)),
        authority: CaRole::Cluster,
    })
}

/// `kube-proxy` for `kube-proxy-csr.json`, as guides name the files.
fn name_of_request(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_str()?;
    (stem != "-").then(|| stem.strip_suffix("-csr").unwrap_or(stem).to_owned())
}
