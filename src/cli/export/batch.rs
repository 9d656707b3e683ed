//! `docmill export --target`: claims bills for a batch and writes its files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Value, json};

use crate::cli::app::App;
use crate::cli::exit::ExitStatus;
use crate::cli::output::{self, Out, Replaced, count};
use crate::cli::summary::command;
use crate::cli::user::user;
use crate::config::UsageError;
use crate::files;
use crate::outputs::accounts::{
    self, Accounts, BatchInput, BatchPlan, Gathered, Held, HoldCode, TargetName, sha256,
};
use crate::outputs::source_file;
use crate::store::{BatchDocument, BatchRow, ExportFile, Store};

/// Most plans for one batch: another process may change the ledger or records meanwhile.
const TRIES: u32 = 5;

#[derive(Args)]
#[command(next_help_heading = "Accounting options")]
pub struct BatchFlags {
    /// Accounting program or format: write the accepted bills that it does not
    /// have yet to the folder --out
    #[arg(long, value_name = "NAME", value_parser = target_parser())]
    pub target: Option<TargetName>,
    /// Accounts and tax codes by supplier [default: accounts.toml, if it exists]
    #[arg(long, value_name = "FILE", requires = "target")]
    accounts: Option<PathBuf>,
    /// Put each bill's source file beside them, in the folder `documents`
    #[arg(long, requires = "target")]
    with_documents: bool,
}

fn target_parser() -> impl TypedValueParser<Value = TargetName> {
    PossibleValuesParser::new(TargetName::NAMES).try_map(|name| name.parse::<TargetName>())
}

impl BatchFlags {
    pub async fn run(
        &self,
        target: TargetName,
        folder: Option<&Path>,
        app: &mut App,
        json: bool,
    ) -> anyhow::Result<ExitStatus> {
        let Some(folder) = folder else {
            let why = "--target needs a folder: --out DIR";
            return Err(UsageError(why.to_owned()).into());
        };
        let accounts = Accounts::read(self.accounts.as_deref()).map_err(UsageError)?;
        let has_accounts = accounts.is_some();
        let accounts = accounts.unwrap_or_default().for_target(target);
        let store = Store::open_existing(&app.settings().db).await?;
        output::create_folder(folder)?;
        let folder = files::absolute(folder);
        let finished = finish_interrupted(&store).await?;
        let (plan, gathered) = self.claim(&store, target, &accounts, &folder).await?;
        let batch = match plan.batch.lines.is_empty() {
            true => None,
            false => {
                let id = plan.id;
                let row = store.batch(id).await?;
                let row = row.with_context(|| format!("batch {id} is not in the ledger"))?;
                Some(write_files(&store, row, &folder).await?)
            }
        };
        store.close().await;
        let (not_for_target, held): (Vec<&Held>, Vec<&Held>) =
            (plan.held.iter()).partition(|held| held.hold.code == HoldCode::NotSupported);
        let report = Report {
            finished: &finished,
            batch: batch.as_ref(),
            source_files: plan.batch.documents.len(),
            held: &held,
            not_for_target: &not_for_target,
            exported_before: plan.exported_before,
            not_accepted: gathered.not_accepted,
            set_aside: gathered.set_aside,
        };
        if json {
            app.out.json(&report.json()?)?;
        } else {
            report.print(app)?;
            let is_setting = |held: &&Held| {
                matches!(
                    held.hold.code,
                    HoldCode::Supplier | HoldCode::Setting | HoldCode::TaxCode
                )
            };
            if !has_accounts && held.iter().any(is_setting) {
                app.out.line(
                    "There is no accounts.toml in this folder: make one (docs/accounting-import.md has an example), or name it with --accounts.",
                )?;
            }
        }
        Ok(match held.is_empty() {
            true => ExitStatus::Success,
            false => ExitStatus::NeedsReview,
        })
    }
}

/// A plan whose bills are claimed.
struct Claimed {
    id: i64,
    plan: BatchPlan,
}

impl std::ops::Deref for Claimed {
    type Target = BatchPlan;

    fn deref(&self) -> &BatchPlan {
        &self.plan
    }
}

impl BatchFlags {
    /// Plans and claims a batch. Also returns the records that it was planned with.
    async fn claim(
        &self,
        store: &Store,
        target: TargetName,
        accounts: &Accounts,
        folder: &Path,
    ) -> anyhow::Result<(Claimed, Gathered)> {
        let country = accounts.ubl.buyer_country.as_deref();
        for _ in 0..TRIES {
            let ledger = store.ledger().await?;
            let mut gathered = accounts::gather(store, target, country).await?;
            let (now, user) = (now(), user());
            let plan = |gathered: &Gathered| {
                accounts::plan(&BatchInput {
                    target,
                    candidates: &gathered.candidates,
                    papers: &gathered.papers,
                    accounts,
                    ledger: &ledger,
                    now,
                    user: &user,
                    folder,
                })
            };
            let mut plan = match self.with_documents {
                false => plan(&gathered)?,
                true => {
                    gathered.attach_documents(&plan(&gathered)?);
                    plan(&gathered)?
                }
            };
            plan.held.splice(..0, gathered.held.drain(..));
            if plan.batch.lines.is_empty() {
                return Ok((Claimed { id: 0, plan }, gathered));
            }
            if let Some(id) = store.claim_batch(ledger.version, &plan.batch).await? {
                return Ok((Claimed { id, plan }, gathered));
            }
        }
        anyhow::bail!(
            "records or ledger changed {TRIES} times while the batch was planned: nothing was exported; try again when no run is at work"
        )
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// Writes the files of an export that was killed after it had claimed its bills, to their
/// intended folder, so that no bill is in two files. Returns these batches.
async fn finish_interrupted(store: &Store) -> anyhow::Result<Vec<BatchRow>> {
    let mut finished = Vec::new();
    for batch in store.unwritten_batches().await? {
        if batch.is_forgotten {
            tracing::warn!(
                "batch {} was interrupted and a document in it was forgotten: take it back with `docmill export reverse {}`",
                batch.id,
                batch.id
            );
            continue;
        }
        if batch.reversed == batch.lines {
            continue;
        }
        let (id, folder) = (batch.id, batch.folder.clone());
        let written = write_files(store, batch, &folder).await;
        finished.push(written.with_context(|| {
            format!(
                "batch {id} was interrupted and its files cannot be written: make its folder available again, or use `docmill export again {id} --out DIR`"
            )
        })?);
    }
    Ok(finished)
}

/// Writes the stored files of a batch and the source files beside them, the manifest last:
/// where it exists, all files do. Returns the batch as it is then.
pub async fn write_files(
    store: &Store,
    batch: BatchRow,
    folder: &Path,
) -> anyhow::Result<BatchRow> {
    output::create_folder(folder)?;
    let files = store.batch_files(batch.id).await?;
    let is_manifest = |file: &ExportFile| file.name.ends_with(".manifest.json");
    let (manifest, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_manifest);
    for file in &files {
        write_stored(folder, file, batch.id)?;
    }
    for (document, paths) in store.batch_documents(batch.id).await? {
        write_document(folder, &document, &paths)
            .with_context(|| format!("batch {} is not complete", batch.id))?;
    }
    for file in &manifest {
        write_stored(folder, file, batch.id)?;
    }
    store.mark_written(batch.id, folder).await?;
    Ok(BatchRow {
        folder: folder.to_owned(),
        is_written: true,
        ..batch
    })
}

fn write_stored(folder: &Path, file: &ExportFile, batch: i64) -> anyhow::Result<()> {
    anyhow::ensure!(
        sha256(&file.bytes) == file.sha256,
        "the stored content of {} is damaged: it was not written. `docmill export reverse {batch}` lets its bills be exported again",
        file.name
    );
    write_file(&folder.join(&file.name), &file.bytes)
}

fn write_document(
    folder: &Path,
    document: &BatchDocument,
    paths: &[PathBuf],
) -> anyhow::Result<()> {
    let Some((_, bytes)) = source_file(paths, &document.blake3) else {
        let path = paths.first().map(|path| output::short(path));
        anyhow::bail!(
            "the file for {} is not at {} any more, or has other content: put it back and export again",
            document.name,
            path.as_deref().unwrap_or("any known path")
        );
    };
    let place = folder.join(&document.name);
    if let Some(folder) = place.parent() {
        output::create_folder(folder)?;
    }
    write_file(&place, &bytes)
}

fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut written = Replaced::create(path)?;
    written.write_all(bytes)?;
    written.commit_durably()
}

/// What an export did.
struct Report<'a> {
    /// Batches of interrupted exports whose files were written now.
    finished: &'a [BatchRow],
    /// `None`: there was nothing to export.
    batch: Option<&'a BatchRow>,
    /// Number of source files beside the rows.
    source_files: usize,
    held: &'a [&'a Held],
    not_for_target: &'a [&'a Held],
    /// Number of bills that the target has already.
    exported_before: usize,
    /// Number of bills that need review or failed.
    not_accepted: usize,
    /// Number of records that a person rejected or found to be no bill.
    set_aside: usize,
}

impl Report<'_> {
    fn print(&self, app: &mut App) -> anyhow::Result<()> {
        let status = command(app, "status");
        let why = match self.batch {
            Some(_) => Vec::new(),
            None => self.why_nothing(app),
        };
        let out = &mut app.out;
        for batch in self.finished {
            out.line(&format!(
                "Batch {} was interrupted. Its files are in {} now.",
                batch.id,
                output::short(&batch.folder)
            ))?;
        }
        match self.batch {
            Some(batch) => {
                let bills = count(batch.lines as u64, "bill");
                out.line(&format!("Batch {}: {bills} for {}", batch.id, batch.target))?;
                for name in batch.files.lines() {
                    out.line(&format!("  {}", output::short(&batch.folder.join(name))))?;
                }
                if self.source_files > 0 {
                    let files = count(self.source_files as u64, "source file");
                    let folder = output::short(&batch.folder.join("documents"));
                    out.line(&format!("  {folder}: {files}"))?;
                }
            }
            None => {
                out.line("Nothing to export:")?;
                for line in why {
                    out.line(&format!("  {line}"))?;
                }
            }
        }
        list(out, "Held", self.held)?;
        list(out, "Not for this target", self.not_for_target)?;
        if self.not_accepted > 0 && self.batch.is_some() {
            let bills = count(self.not_accepted as u64, "bill");
            out.line(&format!("Not accepted: {bills}. `{status}` lists them."))?;
        }
        Ok(())
    }

    /// Where the bills are that were not exported, and which command lists them.
    fn why_nothing(&self, app: &App) -> Vec<String> {
        let status = command(app, "status");
        let batches = command(app, "export batches");
        let of_status = command(app, "export --status rejected --status not_a_bill");
        let reasons = [
            (
                self.not_accepted,
                "bill",
                format!("not accepted yet: `{status}` lists what needs review or failed"),
            ),
            (
                self.exported_before,
                "bill",
                format!("exported before: `{batches}`"),
            ),
            (
                self.held.len(),
                "bill",
                "held: the table below says why".to_owned(),
            ),
            (
                self.not_for_target.len(),
                "bill",
                "not for this target: see the table below".to_owned(),
            ),
            (
                self.set_aside,
                "record",
                format!("rejected or not a bill: `{of_status}`"),
            ),
        ];
        let reasons = reasons.into_iter().filter(|(number, ..)| *number > 0);
        let lines: Vec<String> = reasons
            .map(|(number, what, why)| format!("{}, {why}", count(number as u64, what)))
            .collect();
        match lines.is_empty() {
            true => vec![format!(
                "there is no invoice or receipt: `{status}` counts what was read"
            )],
            false => lines,
        }
    }

    fn json(&self) -> anyhow::Result<Value> {
        let held = |held: &&Held| {
            json!({
                "record": held.record,
                "path": held.path,
                "reason": held.hold.code.as_str(),
                "message": held.hold.message,
            })
        };
        let finished: Result<Vec<Value>, _> = self.finished.iter().map(batch_json).collect();
        Ok(json!({
            "finished": finished?,
            "batch": self.batch.map(batch_json).transpose()?,
            "source_files": self.source_files,
            "held": self.held.iter().map(held).collect::<Vec<_>>(),
            "not_for_target": self.not_for_target.iter().map(held).collect::<Vec<_>>(),
            "exported_before": self.exported_before,
            "not_accepted": self.not_accepted,
            "set_aside": self.set_aside,
        }))
    }
}

/// A batch with the names that its manifest uses.
pub fn batch_json(batch: &BatchRow) -> anyhow::Result<Value> {
    let created = jiff::Timestamp::from_millisecond(batch.created_at)?;
    Ok(json!({
        "batch": batch.id,
        "target": batch.target,
        "created": created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "created_by": batch.created_by,
        "folder": batch.folder.to_string_lossy(),
        "files": batch.files.lines().collect::<Vec<_>>(),
        "documents": batch.lines,
        "reversed": batch.reversed,
        "written": batch.is_written,
        "forgotten": batch.is_forgotten,
    }))
}

fn list(out: &mut Out, what: &str, held: &[&Held]) -> anyhow::Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    out.line(&format!("{what}: {}", count(held.len() as u64, "bill")))?;
    let mut table = output::table(&["id", "file", "reason", "why, and what to do"]);
    for held in held {
        table.add_row([
            output::cell(&held.record.to_string()),
            output::cell(&output::short(Path::new(&held.path))),
            output::cell(held.hold.code.as_str()),
            output::cell(&held.hold.message),
        ]);
    }
    out.table(&table)
}
