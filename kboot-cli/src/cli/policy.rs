//! `kboot policy`

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};
use kboot_core::policy::Preset;

use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Policy {
    /// Say what each rule of a policy file does, and what may not be meant; exit 1 where the file is wrong,
    /// or an inventory that it names cannot be used
    Check {
        /// The file; - is stdin. Inventories that it names are read relative to it
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// What to print: sentences, or everything as json or yaml, problems and warnings among it
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
    /// Print a policy that comes with kboot, commented; without a name, list them
    Preset {
        /// Its name
        name: Option<Preset>,
        /// The form of the list
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
}
