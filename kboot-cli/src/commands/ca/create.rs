//! `kboot ca create`

use anyhow::{Context, Result, bail};
use kboot_core::{CertificateAuthority, Env, bundle};
use kboot_core::{
    cluster::SubjectDefaults,
    pki::{CfsslRequest, Subject},
    x509::PrivateKey,
};

use crate::cli::CaCreate;
use crate::commands::authority::file_names;
use crate::{input, output};

/// Far more than any request of cfssl.
const MAX_BYTES: usize = 1024 * 1024;

pub(super) fn run(arguments: CaCreate) -> Result<()> {
    let (certificate_file, key_file) = file_names("ca", arguments.cfssljson_names);
    let out = arguments.out.clone();
    let authority = authority(arguments)?;
    let key = authority.key().to_pem()?;
    let certificate = authority.certificate().to_pem();
    let files = [
        (key_file.as_str(), key.expose_secret().as_bytes(), 0o600),
        (certificate_file.as_str(), certificate.as_bytes(), 0o644),
    ];
    bundle::write_all_new(&out, &files).with_context(|| {
        format!(
            "the authority is not made: give {} to kboot cert issue --ca to use what is there, or choose another folder",
            out.display()
        )
    })?;
    output::tell(&format!(
        "{} and {}: {}, until {}, {}",
        out.join(&certificate_file).display(),
        key_file,
        authority.certificate().facts().subject,
        authority.validity().not_after,
        authority.pin()
    ));
    Ok(())
}

fn authority(arguments: CaCreate) -> Result<CertificateAuthority> {
    let mut env = Env::system();
    if let Some(file) = &arguments.cfssl_csr {
        let text = input::bytes(file, MAX_BYTES)?;
        let mut make = || -> Result<_, kboot_core::pki::CfsslCaError> {
            CfsslRequest::from_json(&text)?.create_authority(&mut env)
        };
        return make().with_context(|| input::name(file));
    }
    let CaCreate {
        common_name, key_algorithm, lifetime, country, state, locality, organizational_unit, ..
    } = arguments;
    let defaults = SubjectDefaults { country, state, locality, organizational_unit };
    if let Some((field, problem)) = defaults.problems().first() {
        let field = if *field == "organizationalUnit" { "organizational-unit" } else { field };
        bail!("--{field} {problem}");
    }
    let subject = Subject::new(common_name).with_defaults(&defaults);
    let key = PrivateKey::generate(key_algorithm)?;
    CertificateAuthority::with_key(&subject, key, lifetime, &mut env).context("--lifetime")
}
