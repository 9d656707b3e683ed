//! `docmill export batches`, `again`, `reverse`, `distinct` and `cases`: what was
//! exported or approved, and what a person decides about it.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::exit::ExitStatus;
use crate::cli::output::{self, count};
use crate::cli::show::no_record;
use crate::cli::user::{reason as given, user};
use crate::config::UsageError;
use crate::domain::time::minute;
use crate::files;
use crate::outputs::accounts::{BatchView, is_same_bill, write_files};
use crate::outputs::evaluation;
use crate::store::{BatchRow, BillId, DistinctPair, NotReversed, Store, StoredRecord};

#[derive(Subcommand)]
pub enum ExportAction {
    /// List what was exported for accounting programs
    Batches {
        /// Print each batch as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the files of a batch again, with the same content
    Again {
        /// Number of the batch
        batch: i64,
        /// Folder to write to [default: the batch's own]
        #[arg(long, short, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Print the batch as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Reverse a batch, so that its bills are exported again
    ///
    /// Only after its files were discarded, or its bills were removed from the books.
    Reverse {
        /// Number of the batch
        batch: i64,
        /// Why; kept in the ledger
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Only this record of the batch; may be repeated
        #[arg(long, value_name = "ID")]
        record: Vec<i64>,
        /// Print the batch as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the records that a person approved as documents with known values
    ///
    /// `docmill eval DIR` and `docmill calibrate DIR` read them.
    Cases {
        /// Folder to write to
        #[arg(long, short, value_name = "DIR")]
        out: PathBuf,
        /// Print the folder and the numbers of its records as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Decide that two records are two payments
    ///
    /// For bills that an export holds. They are two documents as well: `docmill duplicates`
    /// does not list them together any more. The same bill (supplier, number, currency and
    /// amount) is never exported twice.
    Distinct {
        /// The record that is held
        id: i64,
        /// The record that it was compared with
        other: i64,
        /// Why; kept in the ledger
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Print the two records as one line of JSON
        #[arg(long)]
        json: bool,
    },
}

impl ExportAction {
    pub async fn run(&self, app: &mut App) -> anyhow::Result<ExitStatus> {
        let store = Store::open_existing(&app.settings().db).await?;
        match self {
            ExportAction::Batches { json: true } => {
                for batch in store.batches().await? {
                    app.out.json(&BatchView::of(&batch))?;
                }
            }
            ExportAction::Batches { json: false } => list(&store, app).await?,
            ExportAction::Again { batch, out, json } => {
                let row = batch_row(&store, *batch).await?;
                anyhow::ensure!(
                    !row.is_forgotten,
                    "a document of batch {batch} was forgotten: its files cannot be written again. `docmill export reverse {batch}` lets the other bills be exported again"
                );
                let folder = match out {
                    Some(folder) => files::absolute(folder),
                    None => row.folder.clone(),
                };
                let row = write_files(&store, row, &folder).await?;
                let message = format!("Batch {batch} is in {}.", output::short(&folder));
                print_batch(app, &row, *json, &message)?;
            }
            ExportAction::Reverse {
                batch,
                reason,
                record,
                json,
            } => {
                let reason = given(reason)?;
                let reversed = store.reverse_batch(*batch, record, &user(), reason).await?;
                let reversed = reversed.map_err(|why| UsageError(why.to_string()))?;
                let lines = count(reversed, "bill");
                let message = format!(
                    "Batch {batch}: {lines} reversed. Export again to have what was reversed."
                );
                let row = batch_row(&store, *batch).await?;
                print_batch(app, &row, *json, &message)?;
            }
            ExportAction::Cases { out, json } => cases(&store, app, out, *json).await?,
            ExportAction::Distinct {
                id,
                other,
                reason,
                json,
            } => {
                let reason = given(reason)?;
                let (a, b) = (record(&store, *id).await?, record(&store, *other).await?);
                let pair = DistinctPair::of(&bill_id(&a), &bill_id(&b));
                let documents = [a.document_id, b.document_id];
                if is_same_bill(&store, a, b).await? {
                    let why = format!(
                        "records {id} and {other} are the same bill: supplier, number, currency and amount are equal, and the same bill is never exported twice. `docmill decide reject {id} --reason …`, or reverse the batch that has the other (`docmill export reverse`)"
                    );
                    return Err(UsageError(why).into());
                }
                store.mark_distinct(&pair, &user(), reason).await?;
                if documents[0] != documents[1] {
                    store.reject_pair(documents[0], documents[1]).await?;
                }
                match *json {
                    true => app.out.json(&json!({ "distinct": [id, other] }))?,
                    false => app
                        .out
                        .line(&format!("Records {id} and {other} are two payments."))?,
                }
            }
        }
        store.close().await;
        Ok(ExitStatus::Success)
    }
}

/// Prints the batch as `export batches --json` does, or the message.
fn print_batch(app: &mut App, batch: &BatchRow, json: bool, message: &str) -> anyhow::Result<()> {
    match json {
        true => app.out.json(&BatchView::of(batch)),
        false => app.out.line(message),
    }
}

async fn batch_row(store: &Store, id: i64) -> anyhow::Result<BatchRow> {
    let row = store.batch(id).await?;
    row.ok_or_else(|| UsageError(NotReversed::NoBatch(id).to_string()).into())
}

async fn record(store: &Store, id: i64) -> anyhow::Result<StoredRecord> {
    match store.any_record(id).await? {
        Some(record) => Ok(record),
        None => Err(no_record(store, id).await?.into()),
    }
}

fn bill_id(stored: &StoredRecord) -> BillId {
    BillId {
        blake3: stored.blake3.clone(),
        pages: stored.record.pages.clone(),
    }
}

async fn cases(store: &Store, app: &mut App, folder: &Path, json: bool) -> anyhow::Result<()> {
    output::create_folder(folder)?;
    let cases = evaluation::write_cases(store, folder).await?;
    if json {
        return app.out.json(&json!({
            "folder": folder.to_string_lossy(),
            "written": cases.written,
            "without_file": cases.without_file,
            "of_parts": cases.of_parts,
        }));
    }
    let written = count(cases.written, "approved record");
    app.out
        .line(&format!("{written} written to {}.", output::short(folder)))?;
    for (ids, why) in [
        (
            &cases.without_file,
            "the file is not where it was, or has other content",
        ),
        (&cases.of_parts, "the document has several records"),
    ] {
        for id in ids {
            app.out
                .line(&format!("  record {id} was left out: {why}"))?;
        }
    }
    Ok(())
}

async fn list(store: &Store, app: &mut App) -> anyhow::Result<()> {
    let batches = store.batches().await?;
    if batches.is_empty() {
        return app
            .out
            .line("Nothing was exported for an accounting program.");
    }
    let mut table = output::table(&["batch", "target", "time", "by", "bills", "state", "files"]);
    for batch in batches {
        let state = match &batch {
            batch if batch.reversed == batch.lines => "reversed".to_owned(),
            batch if batch.reversed > 0 => format!("{} reversed", batch.reversed),
            batch if !batch.is_written => "interrupted".to_owned(),
            _ => "written".to_owned(),
        };
        let mut files = batch
            .files
            .lines()
            .filter(|name| !name.ends_with(".manifest.json"));
        let first = output::short(&batch.folder.join(files.next().unwrap_or_default()));
        let others: Vec<String> = files.map(str::to_owned).collect();
        let files = [vec![first], others].concat().join(", ");
        table.add_row([
            output::cell(&batch.id.to_string()),
            output::cell(&batch.target),
            output::cell(&minute(batch.created_at)),
            output::cell(&batch.created_by),
            output::cell(&batch.lines.to_string()),
            output::cell(&state),
            output::cell(&files),
        ]);
    }
    app.out.table(&table)
}
