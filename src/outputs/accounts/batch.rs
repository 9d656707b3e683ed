//! Exports: enters the bills of a batch in the ledger and writes its files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use super::gather::{Gathered, gather};
use super::hold::HoldCode;
use super::package::{Packed, in_package, package};
use super::plan::{BatchInput, BatchPlan, Held, PartlyDue, plan, sha256};
use super::settings::Accounts;
use super::target_name::TargetName;
use crate::files::{Replaced, create_folder};
use crate::outputs::source_file;
use crate::store::{BatchDocument, BatchRow, ExportFile, Store};

/// Most plans for one batch: another process may change the ledger or records meanwhile.
const TRIES: u32 = 5;

/// What is exported, and where to.
pub struct ExportOrder<'a> {
    pub target: TargetName,
    /// As the file says, not yet those of the target.
    pub accounts: Accounts,
    /// Whether each bill's source file lies beside them.
    pub with_documents: bool,
    pub by: &'a str,
    /// Absolute; it is created.
    pub folder: &'a Path,
}

/// What an export did.
pub struct ExportOutcome {
    /// Batches of interrupted exports whose files were written now.
    pub finished: Vec<BatchRow>,
    /// `None`: there was nothing to export.
    pub batch: Option<BatchRow>,
    /// Number of source files beside the rows.
    pub source_files: usize,
    /// The folder or the zips that they are in, below the batch's folder.
    pub source_places: BTreeSet<String>,
    pub held: Vec<Held>,
    pub not_for_target: Vec<Held>,
    /// Exported bills of which another amount than the gross total is due.
    pub partly_due: Vec<PartlyDue>,
    /// Number of bills that the target has already.
    pub exported_before: usize,
    /// Number of bills that need review or failed.
    pub not_accepted: usize,
    /// Number of records that a person rejected or found to be no bill.
    pub set_aside: usize,
}

/// A plan whose bills are in the export ledger.
struct Entered {
    /// 0: there is nothing to export.
    id: i64,
    plan: BatchPlan,
    /// The records that it was planned with.
    gathered: Gathered,
}

/// Exports the accepted bills that the target does not have yet. First the files of
/// interrupted exports are written.
pub async fn export(store: &Store, order: ExportOrder<'_>) -> anyhow::Result<ExportOutcome> {
    let order = ExportOrder {
        accounts: order.accounts.for_target(order.target),
        ..order
    };
    create_folder(order.folder)?;
    let finished = finish_interrupted(store).await?;
    let entered = enter(store, &order).await?;
    let plan = entered.plan;
    let batch = match plan.batch.lines.is_empty() {
        true => None,
        false => {
            let id = entered.id;
            let row = store.batch(id).await?;
            let row = row.with_context(|| format!("batch {id} is not in the ledger"))?;
            Some(write_files(store, row, order.folder).await?)
        }
    };
    let is_not_for_target = |held: &Held| held.hold.code == HoldCode::NotSupported;
    let (not_for_target, held) = plan.held.into_iter().partition(is_not_for_target);
    Ok(ExportOutcome {
        finished,
        batch,
        source_files: plan.batch.documents.len(),
        source_places: plan.batch.documents.iter().map(place).collect(),
        held,
        not_for_target,
        partly_due: plan.partly_due,
        exported_before: plan.exported_before,
        not_accepted: entered.gathered.not_accepted,
        set_aside: entered.gathered.set_aside,
    })
}

/// The folder or the zip that a source file is in.
fn place(document: &BatchDocument) -> String {
    let place = document.name.split('/').next();
    place.unwrap_or_default().to_owned()
}

/// Plans a batch and enters it in the export ledger.
async fn enter(store: &Store, order: &ExportOrder<'_>) -> anyhow::Result<Entered> {
    let country = order.accounts.ubl.buyer_country.as_deref();
    for _ in 0..TRIES {
        let ledger = store.ledger().await?;
        let mut gathered = gather(store, order.target, country).await?;
        let now = now();
        let plan = |gathered: &Gathered| {
            plan(&BatchInput {
                target: order.target,
                candidates: &gathered.candidates,
                papers: &gathered.papers,
                accounts: &order.accounts,
                ledger: &ledger,
                now,
                user: order.by,
                folder: order.folder,
            })
        };
        let mut plan = match order.with_documents {
            false => plan(&gathered)?,
            true => {
                gathered.attach_documents(&plan(&gathered)?);
                plan(&gathered)?
            }
        };
        plan.held.splice(..0, gathered.held.drain(..));
        let entered = match plan.batch.lines.is_empty() {
            true => Some(0),
            false => store.enter_batch(ledger.version, &plan.batch).await?,
        };
        if let Some(id) = entered {
            return Ok(Entered { id, plan, gathered });
        }
    }
    anyhow::bail!(
        "records or ledger changed {TRIES} times while the batch was planned: nothing was exported; try again when no run is at work"
    )
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// Writes the files of an export that was killed after it had entered its bills, to their
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
    create_folder(folder)?;
    let files = store.batch_files(batch.id).await?;
    let is_manifest = |file: &ExportFile| file.name.ends_with(".manifest.json");
    let (manifest, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_manifest);
    for file in &files {
        write_stored(folder, file, batch.id)?;
    }
    let documents = store.batch_documents(batch.id).await?;
    write_documents(folder, &batch, &documents)
        .with_context(|| format!("batch {} is not complete", batch.id))?;
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

/// Writes the source files, each of its own or in a package.
fn write_documents(
    folder: &Path,
    batch: &BatchRow,
    documents: &[(BatchDocument, Vec<PathBuf>)],
) -> anyhow::Result<()> {
    let mut packages: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (document, paths) in documents {
        match in_package(&document.name) {
            None => write_document(folder, document, paths)?,
            Some((zip, name)) => {
                let packed = packages.entry(zip).or_default();
                packed.push((name, document, paths));
            }
        }
    }
    // One after the other: a package may have 100 MiB.
    for (zip, packed) in packages {
        let mut files = Vec::new();
        for (name, document, paths) in packed {
            files.push(Packed {
                name,
                blake3: &document.blake3,
                bytes: read_document(document, paths)?,
            });
        }
        write_file(&folder.join(zip), &package(&files, batch.created_at)?)?;
    }
    Ok(())
}

fn write_document(
    folder: &Path,
    document: &BatchDocument,
    paths: &[PathBuf],
) -> anyhow::Result<()> {
    let bytes = read_document(document, paths)?;
    let place = folder.join(&document.name);
    if let Some(folder) = place.parent() {
        create_folder(folder)?;
    }
    write_file(&place, &bytes)
}

fn read_document(document: &BatchDocument, paths: &[PathBuf]) -> anyhow::Result<Vec<u8>> {
    let Some((_, bytes)) = source_file(paths, &document.blake3) else {
        let path = paths.first().map(|path| format!("{path:?}"));
        anyhow::bail!(
            "the file for {} is not at {} any more, or has other content: put it back and export again",
            document.name,
            path.as_deref().unwrap_or("any known path")
        );
    };
    Ok(bytes)
}

fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut written = Replaced::create(path)?;
    written.write_all(bytes)?;
    written.commit_durably()
}
