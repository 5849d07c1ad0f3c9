//! `kboot schema`: of the files that people write, and of what `-o json` and `-o yaml` print.

use anyhow::Result;
use kboot_core::ClusterSpec;
use kboot_core::document::Document;
use kboot_core::policy::{ContextDocument, Inventory, Policy};
use kboot_core::shown::to_json;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::{cert, cluster, config, csr, kubeconfig, node, policy, token};
use crate::Answer;
use crate::cli::{self, Output};
use crate::output;

pub(crate) fn run(document: cli::Schema) -> Result<Answer> {
    let text = match document {
        cli::Schema::Cluster => ClusterSpec::schema(),
        cli::Schema::Policy => Policy::schema(),
        cli::Schema::Inventory => Inventory::schema(),
        cli::Schema::Context => ContextDocument::schema(),
        cli::Schema::Output { name } => return of_output(name),
    };
    output::data(text.as_bytes())?;
    Ok(Answer::Yes)
}

fn of_output(name: Output) -> Result<Answer> {
    let mut schema = match name {
        Output::CertExpiry => of::<cert::expiry::Expiry<'_>>(),
        Output::CertInspect => of::<cert::inspect::Inspected>(),
        Output::CertVerify => of::<cert::verify::Verified>(),
        Output::ClusterApply => of::<cluster::apply::Entries>(),
        Output::ClusterPlan => of::<cluster::plan::Steps<'_>>(),
        Output::ConfigLint => of::<config::lint::Lint>(),
        Output::CsrExplain => of::<csr::explain::Explanations<'_>>(),
        Output::CsrInspect => of::<csr::inspect::Requests>(),
        Output::CsrList => of::<csr::list::Listed<'_>>(),
        Output::CsrSettled => of::<csr::settled::Told<'_>>(),
        Output::CsrSimulate => of::<csr::simulate::Line<'_>>(),
        Output::KubeconfigCheck => of::<kubeconfig::check::Findings>(),
        Output::KubeconfigInspect => of::<kubeconfig::inspect::Inspected>(),
        Output::NodeVerify => of::<node::verify::Checks>(),
        Output::NodeVerifyAll => of::<node::all::Checks>(),
        Output::PolicyCheck => of::<policy::check::Check>(),
        Output::PolicyPreset => of::<policy::preset::Presets>(),
        Output::TokenCheck => of::<token::online::Checked>(),
        Output::TokenList => of::<token::online::Tokens>(),
        Output::TokenStaticCheck => of::<token::static_token::StaticTokens>(),
    };
    schema.insert("title".to_owned(), name.title().into());
    output::data(to_json(&schema)?.as_bytes())?;
    Ok(Answer::Yes)
}

/// The schema of what a type is written as.
fn of<R: JsonSchema>() -> Schema {
    let settings =
        SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.inline_subschemas = true);
    settings
        .with_transform(RecursiveTransform(bare))
        .with_transform(RecursiveTransform(explained))
        .into_generator()
        .into_root_schema_for::<R>()
}

/// Without what only our own types say.
fn bare(schema: &mut Schema) {
    for name in ["format", "minimum", "default", "description"] {
        schema.remove(name);
    }
}

/// One name has one meaning, wherever it stands.
fn explained(schema: &mut Schema) {
    let Some(Value::Object(fields)) = schema.get_mut("properties") else { return };
    for (name, field) in fields {
        if let (Some(meaning), Value::Object(field)) = (meaning(name), field) {
            field.insert("description".to_owned(), meaning.into());
        }
    }
}

/// What a field of this name means.
fn meaning(name: &str) -> Option<&'static str> {
    include_str!("fields.tsv")
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(of, _)| *of == name)
        .map(|(_, meaning)| meaning)
}
