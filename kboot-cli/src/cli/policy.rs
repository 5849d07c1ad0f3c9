//! `kboot policy`

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};
use kboot_core::policy::Preset;

#[derive(Subcommand)]
pub(crate) enum Policy {
    /// Say what each rule of a policy file does, and what may not be meant; exit 1 where the file is wrong
    Check {
        /// The file; - is stdin
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Print a policy that comes with kboot, commented; without a name, list them
    Preset {
        /// Its name
        name: Option<Preset>,
    },
}
