//! Takes files in: each becomes a document with its pages queued, a further
//! path of a known document, or a rejection with its reason.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

use super::batch::Batch;
use super::{Event, RunRequest};
use crate::domain::Limits;
use crate::domain::{DocumentInfo, Failure, Reason, XmlFile};
use crate::engines::worker::OpenDocument;
use crate::ingest::{self, Found};
use crate::store::{KnownDocument, NewDocument};

/// Walks the request's paths. Ends early when the run is stopped.
pub async fn take_in(batch: &Batch, request: &RunRequest) -> anyhow::Result<()> {
    let (found, mut files) = mpsc::channel(1);
    let settings = &batch.stages().settings;
    let (paths, max_bytes, database) = (
        request.paths.clone(),
        settings.limits.max_bytes,
        settings.db.clone(),
    );
    // Bounded: at most two files are in memory, whatever the folder's size.
    let walk = tokio::task::spawn_blocking(move || {
        for path in &paths {
            let mut is_empty = true;
            for file in ingest::walk(std::slice::from_ref(path), max_bytes, &database) {
                is_empty = false;
                if found.blocking_send(file).is_err() {
                    return;
                }
            }
            if is_empty {
                tracing::warn!("no files in {}: is it mounted?", path.display());
            }
        }
    });
    while let Some(file) = files.recv().await {
        if batch.is_stopped() {
            break;
        }
        take_file(batch, request, file).await?;
        batch.work_arrived.notify_one();
    }
    drop(files);
    walk.await?;
    Ok(())
}

async fn take_file(batch: &Batch, request: &RunRequest, file: Found) -> anyhow::Result<()> {
    batch.count(|summary| summary.files += 1);
    let Found { path, outcome } = file;
    let bytes = match outcome {
        Ok(bytes) => bytes,
        Err(failure) => return reject(batch, path, failure).await,
    };
    let blake3 = ingest::hash(&bytes);
    if let Some(known) = batch.store.lookup(&blake3).await? {
        let known = match known.xml_unsought {
            true => look_for_xml(batch, &blake3, &bytes, known).await?,
            false => known,
        };
        return again(batch, request, path, known).await;
    }
    let size = bytes.len() as u64;
    match open(batch, &blake3, &bytes).await {
        Ok((info, xml)) => {
            let pages = info.pages;
            let document = NewDocument {
                blake3,
                bytes: size,
                info,
                path: path.clone(),
                xml,
            };
            batch
                .store
                .add_document(batch.run, &document, request.doc_type.as_deref())
                .await?;
            batch.emit(Event::Ingested {
                path,
                pages,
                new_pages: pages,
                failed_pages: 0,
            });
            Ok(())
        }
        Err(failure) => reject(batch, path, failure).await,
    }
}

/// Looks into the attachments of a document that was taken in before docmill
/// knew electronic invoices. What cannot be opened today stays as it is.
async fn look_for_xml(
    batch: &Batch,
    blake3: &str,
    bytes: &[u8],
    known: KnownDocument,
) -> anyhow::Result<KnownDocument> {
    match open(batch, blake3, bytes).await {
        Ok((_, xml)) => {
            batch.store.note_xml(known.id, xml.as_ref()).await?;
            Ok(KnownDocument {
                xml: xml.as_ref().map(XmlFile::place),
                ..known
            })
        }
        Err(failure) => {
            tracing::warn!("its attachments could not be looked into: {failure}");
            Ok(known)
        }
    }
}

/// A document that is in the database already: nothing is read again unless
/// that is asked for or its result would be another. Its records are made anew
/// where another calibration or wanted error would accept otherwise.
async fn again(
    batch: &Batch,
    request: &RunRequest,
    path: PathBuf,
    known: KnownDocument,
) -> anyhow::Result<()> {
    let store = &batch.store;
    store
        .add_source(batch.run, &path, Some(known.id), None)
        .await?;
    let plan = batch.stages().plan.clone();
    if request.doc_type.is_none() {
        let known_types = plan.known_types();
        let missing = store.missing_type_of(known.id, &known_types, request.force);
        if let Some(name) = missing.await? {
            tracing::warn!(
                path = %path.display(),
                "left as it is: it is of document type `{name}`, which this run does not know; name its folder with --types"
            );
            batch.emit(Event::Ingested {
                path,
                pages: known.pages,
                new_pages: 0,
                failed_pages: known.failed_pages,
            });
            return Ok(());
        }
    }
    // What a page is taken for is nothing to one that no model is asked about.
    let asks_model = plan.treatment(known.xml).asks_model();
    let mut requeued = 0;
    if request.force || (request.doc_type.is_some() && asks_model) {
        requeued += store
            .requeue(
                batch.run,
                known.id,
                request.force,
                request.doc_type.as_deref(),
            )
            .await?;
    }
    requeued += store
        .requeue_stale(known.id, &|page| {
            page.key != plan.key(page.doc_type, page.forced, page.xml)
        })
        .await?;
    let climbing = match requeued {
        0 => batch.reconsider(known.id).await?,
        _ => 0,
    };
    batch.emit(Event::Ingested {
        path,
        pages: known.pages,
        new_pages: requeued + climbing,
        failed_pages: known.failed_pages,
    });
    let policy = batch.stages().plan.policy_key();
    if requeued + climbing == 0 && store.reopen_if_judged_otherwise(known.id, &policy).await? {
        batch.finish(known.id).await?;
    }
    Ok(())
}

async fn reject(batch: &Batch, path: PathBuf, failure: Failure) -> anyhow::Result<()> {
    batch
        .store
        .add_source(batch.run, &path, None, Some(&failure))
        .await?;
    batch.count(|summary| *summary.rejected.entry(failure.reason).or_default() += 1);
    batch.emit(Event::Rejected { path, failure });
    Ok(())
}

/// Opens the document in a rasteriser; once more if that kills the worker.
/// With the electronic invoice that it carries or is.
async fn open(
    batch: &Batch,
    blake3: &str,
    bytes: &[u8],
) -> Result<(DocumentInfo, Option<XmlFile>), Failure> {
    let deadline = Duration::from_secs(batch.stages().settings.rasterizing.open_seconds);
    let mut last = Failure::new(Reason::Internal, "the document was not opened");
    for _ in 0..batch.stages().settings.jobs.max_attempts.max(1) {
        let mut worker = match batch.stages().rasterizers.worker(None).await {
            Ok(worker) => worker,
            Err(failure) if failure.reason.is_retryable() => {
                last = failure;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        worker.set_document(None);
        match worker.call(&OpenDocument { bytes }, deadline).await {
            Ok(opened) => {
                check(&opened.info, &batch.stages().settings.limits)?;
                worker.set_document(Some(blake3.to_owned()));
                return Ok((opened.info, opened.einvoice));
            }
            Err(failure) if failure.reason.is_retryable() => last = failure,
            Err(failure) => return Err(failure),
        }
    }
    Err(last)
}

/// A worker that was taken over could claim any number of pages, each of which
/// becomes a row.
fn check(info: &DocumentInfo, limits: &Limits) -> Result<(), Failure> {
    if info.pages == 0 || info.pages > limits.max_pages {
        let message = format!(
            "the rasteriser counts {} pages where 1 to {} are possible",
            info.pages, limits.max_pages
        );
        return Err(Failure::new(Reason::Internal, message));
    }
    Ok(())
}
