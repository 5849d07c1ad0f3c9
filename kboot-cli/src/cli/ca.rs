//! `kboot ca`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use kboot_core::KeyAlgorithm;
use kboot_core::name::Username;
use kboot_core::time::Lifetime;

#[derive(Subcommand)]
pub(crate) enum Ca {
    /// Make a certificate authority: ca.crt and ca.key
    Create(CaCreate),
}

#[derive(Args)]
pub(crate) struct CaCreate {
    /// The folder to write into, made where it is missing (mode 0700); nothing is overwritten
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// The authority's common name
    #[arg(long, value_name = "NAME", default_value = "kubernetes")]
    pub(crate) common_name: Username,
    /// The kind of key: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 or rsa-4096
    #[arg(long, value_name = "ALGORITHM", default_value_t = KeyAlgorithm::EcdsaP256)]
    pub(crate) key_algorithm: KeyAlgorithm,
    /// How long the authority lives
    #[arg(long, value_name = "TIME", default_value = "10y")]
    pub(crate) lifetime: Lifetime,
    /// The subject's C: two capital letters
    #[arg(long)]
    pub(crate) country: Option<String>,
    /// The subject's ST
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// The subject's L
    #[arg(long)]
    pub(crate) locality: Option<String>,
    /// The subject's OU
    #[arg(long)]
    pub(crate) organizational_unit: Option<String>,
    /// Make the authority that this cfssl request describes (cfssl gencert -initca); - is stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["common_name", "key_algorithm", "lifetime", "country", "state", "locality", "organizational_unit"])]
    pub(crate) cfssl_csr: Option<PathBuf>,
    /// Name the files as cfssljson does: ca.pem and ca-key.pem
    #[arg(long)]
    pub(crate) cfssljson_names: bool,
}
