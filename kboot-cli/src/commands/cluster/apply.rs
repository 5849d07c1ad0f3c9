//! `kboot cluster apply`

use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail};
use kboot_core::online::OnlineError;
use kboot_core::online::apply::{self, Change, FieldConflict, Manifest, Planned};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Answer;
use crate::cli::ClusterApply;
use crate::commands::connection::with_cluster;
use crate::commands::shapes;
use crate::output::{Column, Page, Report, Table, Tone};
use crate::{input, output};

/// As large as YAML is read.
const MAX_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn run(arguments: &ClusterApply) -> Result<Answer> {
    let folder = arguments.out.join("manifests");
    let manifests = read(&folder)?;
    with_cluster(&arguments.connection, async |client, limit| {
        let hint = |error: OnlineError| advised(error, &arguments.out);
        let planned =
            apply::plan(&client, &manifests, arguments.force_conflicts, limit).await.map_err(hint)?;
        let entries = Entries(planned.iter().map(Entry::new).collect());
        output::report(arguments.output, &entries)?;
        let count = |of: &str| planned.iter().filter(|one| one.change().as_str() == of).count();
        let [create, update, keep, conflict] = ["create", "update", "keep", "conflict"].map(count);
        let (created, updated) = if arguments.dry_run || conflict > 0 {
            ("to create", "to update")
        } else {
            ("created", "updated")
        };
        let summary = format!("{create} objects {created}, {update} {updated}, {keep} kept");
        if conflict > 0 {
            output::tell(&format!(
                "{summary}; {conflict} in conflict, so nothing is applied: --force-conflicts takes these fields over"
            ));
            return Ok(Answer::No);
        }
        if !arguments.dry_run {
            for one in &planned {
                one.apply(&client, limit).await.map_err(hint)?;
            }
        }
        output::tell(&summary);
        let is_done = !arguments.dry_run || create.saturating_add(update) == 0;
        Ok(if is_done { Answer::Yes } else { Answer::No })
    })
}

/// The manifests of a folder, by their files' names.
fn read(folder: &Path) -> Result<Vec<Manifest>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in folder.read_dir().with_context(|| input::name(folder))? {
        let file = entry.with_context(|| input::name(folder))?.path();
        let ending = file.extension().and_then(|ending| ending.to_str());
        if matches!(ending, Some("json" | "yaml" | "yml")) && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    let mut manifests = Vec::new();
    for file in files {
        let text = input::secret_text(&file, MAX_BYTES)?;
        manifests.extend(Manifest::read(text.expose_secret()).with_context(|| input::name(&file))?);
    }
    if manifests.is_empty() {
        bail!("{}: there is no manifest in it", input::name(folder));
    }
    Ok(manifests)
}

/// In a new cluster nobody may do anything but who needs no permission.
fn advised(error: OnlineError, out: &Path) -> Error {
    let first = out.join("super-admin.conf");
    let is_forbidden = error.status() == Some(403);
    let error = Error::from(error);
    if is_forbidden && first.is_file() {
        return error.context(format!(
            "not allowed; what no role allows yet, a new cluster's first manifests, --kubeconfig {} may put in",
            input::name(&first)
        ));
    }
    error
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Entries(Vec<Entry>);

#[derive(JsonSchema, Serialize)]
struct Entry {
    resource: String,
    action: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<shapes::Conflict>")]
    conflicts: Vec<FieldConflict>,
}

impl Entry {
    fn new(planned: &Planned) -> Self {
        let (mut fields, mut conflicts) = (Vec::new(), Vec::new());
        match planned.change() {
            Change::Update { fields: of } => fields.clone_from(of),
            Change::Conflict { conflicts: of } => conflicts.clone_from(of),
            _ => {}
        }
        Self {
            resource: planned.manifest().to_string(),
            action: planned.change().as_str(),
            fields,
            conflicts,
        }
    }
}

impl Report for Entries {
    fn page(&self) -> Page {
        let columns = [Column::new("ACTION"), Column::new("OBJECT"), Column::new("FIELDS").free()];
        let mut table = Table::new(columns).gap(2);
        for entry in &self.0 {
            let action = match entry.action {
                "keep" => Tone::Good.text(entry.action),
                "conflict" => Tone::Bad.text(entry.action),
                action => Tone::Doubtful.text(action),
            };
            let conflicts = entry.conflicts.iter().map(ToString::to_string);
            let fields = entry.fields.iter().cloned().chain(conflicts).collect::<Vec<_>>().join(", ");
            table.row([action, entry.resource.as_str().into(), fields.into()]);
        }
        table.into()
    }
}
