//! Authorities in folders, as kubeadm and cfssljson lay them out.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use kboot_core::{CertificateAuthority, Env, PrivateKey};
use kboot_core::{cluster::CaRole, x509::Certificate};

use crate::{input, output};

/// Far more than any certificate or key.
const MAX_BYTES: usize = 1024 * 1024;

/// The files of a certificate and its key, in kubeadm's manner or in cfssljson's.
pub(super) fn file_names(name: &str, cfssljson: bool) -> (String, String) {
    if cfssljson {
        (format!("{name}.pem"), format!("{name}-key.pem"))
    } else {
        (format!("{name}.crt"), format!("{name}.key"))
    }
}

/// The authority in a folder, under the names that kubeadm or cfssljson have for it.
pub(super) fn load(folder: &Path, authority: CaRole, env: &Env) -> Result<CertificateAuthority> {
    let pair = |base: &str, cfssljson| {
        let (certificate, key) = file_names(base, cfssljson);
        (folder.join(certificate), folder.join(key))
    };
    let bases = [authority.base_name(), CaRole::Cluster.base_name()];
    let candidates = bases.into_iter().flat_map(|base| [pair(base, false), pair(base, true)]);
    let found: Vec<(PathBuf, PathBuf)> = candidates.filter(|(certificate, _)| certificate.exists()).collect();
    let Some((certificate, key)) = found.first() else {
        bail!("{} holds no authority: neither ca.crt nor ca.pem is there", folder.display());
    };
    if let Some((other, _)) = found
        .iter()
        .skip(1)
        .find(|(other, _)| other.with_extension("") == certificate.with_extension("") && other != certificate)
    {
        bail!("{} and {} are both there; move one of them away", certificate.display(), other.display());
    }
    let mode = std::fs::metadata(key).map(|metadata| metadata.permissions().mode()).unwrap_or_default();
    if mode & 0o077 != 0 {
        output::warn(&format!(
            "{} has mode {:04o}: whoever reads an authority's key is the authority; chmod 600",
            key.display(),
            mode & 0o7777
        ));
    }
    let certificate_pem = input::bytes(certificate, MAX_BYTES)?;
    let key_pem = input::secret(key, MAX_BYTES)?;
    let read_certificate =
        Certificate::only_from_pem(&certificate_pem).with_context(|| input::name(certificate))?;
    let read_key = PrivateKey::from_pem(key_pem.expose_secret()).with_context(|| input::name(key))?;
    let authority = CertificateAuthority::load(read_certificate, read_key, env.now())
        .with_context(|| input::name(certificate))?;
    Ok(named_by_path(authority, certificate))
}

/// The authority as what the path of its certificate says that it is: its name may say nothing.
pub(super) fn named_by_path(authority: CertificateAuthority, path: &Path) -> CertificateAuthority {
    let real = std::fs::canonicalize(path).unwrap_or_default();
    let Some(named) = CaRole::of_path(&real).or_else(|| CaRole::of_path(path)) else {
        return authority;
    };
    // Where one authority signs everything, some keep copies of it under the other names, too.
    let is_clusters = real.ancestors().skip(1).take(2).flat_map(|folder| {
        [folder.join("ca.crt"), folder.join("ca.pem")].into_iter().filter(|other| *other != real)
    });
    let is_clusters = is_clusters
        .filter_map(|other| input::bytes(&other, MAX_BYTES).ok())
        .filter_map(|pem| Certificate::only_from_pem(&pem).ok())
        .any(|other| other == *authority.certificate());
    if is_clusters { authority } else { authority.with_ca_role(named) }
}
