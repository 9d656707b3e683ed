//! Intake: each file becomes a document with queued pages, a further path of a known
//! document, or a rejection with its reason.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::events::Event;
use super::recorder::Recorder;
use super::run_context::RunContext;
use crate::domain::{DocumentInfo, Failure, Limits, Reason};
use crate::engines::worker::{OpenDocument, OpenedDocument};
use crate::files::{self, FoundFile};
use crate::store::{DocumentRow, NewDocument, PageKey};

/// The request of a run.
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// Files and folders to take in; empty: only queued pages are processed.
    pub paths: Vec<PathBuf>,
    /// Whether known documents are read again.
    pub force: bool,
    /// Whether the paths were found in folders, not named: files that hold data are skipped.
    pub are_found: bool,
    /// Document type of every page; `None`: the router finds it.
    pub doc_type: Option<String>,
}

pub(super) struct Intake {
    context: Arc<RunContext>,
    recorder: Arc<Recorder>,
    request: RunRequest,
}

impl Intake {
    pub fn new(context: Arc<RunContext>, recorder: Arc<Recorder>, request: RunRequest) -> Intake {
        Intake {
            context,
            recorder,
            request,
        }
    }

    /// Walks the request's paths. Ends early when the run is stopped.
    pub async fn run(self) -> anyhow::Result<()> {
        let (found, mut files) = mpsc::channel(1);
        let settings = self.context.settings();
        let paths = self.request.paths.clone();
        let (max_bytes, database) = (settings.limits.max_bytes, settings.db.clone());
        // Bounded, so that at most two files are in memory.
        let walk = tokio::task::spawn_blocking(move || {
            for path in &paths {
                let mut is_empty = true;
                for file in files::walk(std::slice::from_ref(path), max_bytes, &database) {
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
            if self.context.is_stopped() {
                break;
            }
            self.take_in(file).await?;
            self.context.work_arrived.notify_one();
        }
        drop(files);
        walk.await?;
        Ok(())
    }

    async fn take_in(&self, file: FoundFile) -> anyhow::Result<()> {
        self.context.count(|stats| stats.files += 1);
        let FoundFile {
            path,
            is_named,
            outcome,
        } = file;
        let is_named = is_named && !self.request.are_found;
        let bytes = match outcome {
            Ok(bytes) => bytes,
            Err(failure) if !is_named && files::is_data(&path, &[], &failure) => {
                return self.skip(path).await;
            }
            Err(failure) => return self.reject(path, failure).await,
        };
        let blake3 = files::hash(&bytes);
        if let Some(known) = self.context.store.lookup(&blake3).await? {
            return self.take_in_known(path, known).await;
        }
        let OpenedDocument { info, einvoices } = match self.open(&blake3, &bytes).await {
            Ok(opened) => opened,
            Err(failure) if !is_named && files::is_data(&path, &bytes, &failure) => {
                return self.skip(path).await;
            }
            Err(failure) => return self.reject(path, failure).await,
        };
        let pages = info.pages;
        let document = NewDocument {
            blake3,
            bytes: bytes.len() as u64,
            info,
            path: path.clone(),
            einvoices,
        };
        let (store, run) = (&self.context.store, self.context.run);
        let forced_type = self.request.doc_type.as_deref();
        store.add_document(run, &document, forced_type).await?;
        self.context.emit(Event::TakenIn {
            path,
            pages,
            new_pages: pages,
        });
        Ok(())
    }

    /// Takes in a document that the database has already. It is read again only where
    /// the request asks for it or its result would differ. Its records are made again
    /// where another calibration or error rate applies.
    async fn take_in_known(&self, path: PathBuf, known: DocumentRow) -> anyhow::Result<()> {
        let (store, run) = (&self.context.store, self.context.run);
        store.add_source(run, &path, Some(known.id), None).await?;
        let taken_in = |new_pages| Event::TakenIn {
            path: path.clone(),
            pages: known.pages,
            new_pages,
        };
        if let Some(name) = self.missing_type(&known).await? {
            tracing::warn!(
                path = %path.display(),
                "left as it is: it is of document type `{name}`, which this run does not know; name its folder with --types"
            );
            self.context.emit(taken_in(0));
            return Ok(());
        }
        let requeued = self.requeue(&known).await?;
        let escalated = match requeued {
            0 => self.recorder.reconsider(known.id).await?,
            _ => 0,
        };
        self.context.emit(taken_in(requeued + escalated));
        let policy = self.context.plan().policy_key();
        if requeued + escalated == 0 && store.reopen_if_policy_changed(known.id, &policy).await? {
            self.recorder.finish(known.id).await?;
        }
        Ok(())
    }

    /// A document type of the known document that this run does not have; the request's
    /// type replaces those of all pages.
    async fn missing_type(&self, known: &DocumentRow) -> anyhow::Result<Option<String>> {
        if self.request.doc_type.is_some() {
            return Ok(None);
        }
        let types = self.context.plan().known_types();
        let forced_only = self.request.force;
        let store = &self.context.store;
        store.missing_type_of(known.id, &types, forced_only).await
    }

    /// Queues the pages to read again. Returns their number.
    async fn requeue(&self, known: &DocumentRow) -> anyhow::Result<u32> {
        let (store, run) = (&self.context.store, self.context.run);
        let plan = self.context.plan().clone();
        let RunRequest {
            force, doc_type, ..
        } = &self.request;
        let asks_model = |xml| plan.treatment(xml).asks_model();
        let mut requeued = 0;
        if *force || doc_type.is_some() {
            let forced_type = doc_type.as_deref();
            let forced = store.requeue(run, known.id, *force, forced_type, &asks_model);
            requeued += forced.await?;
        }
        let is_stale =
            |page: PageKey<'_>| page.key != plan.key(page.doc_type, page.forced, page.xml);
        let stale = store.requeue_stale(known.id, &is_stale);
        Ok(requeued + stale.await?)
    }

    async fn reject(&self, path: PathBuf, failure: Failure) -> anyhow::Result<()> {
        let (store, run) = (&self.context.store, self.context.run);
        store.add_source(run, &path, None, Some(&failure)).await?;
        self.context
            .count(|stats| *stats.rejected.entry(failure.reason).or_default() += 1);
        self.context.emit(Event::Rejected { path, failure });
        Ok(())
    }

    /// The path is stored, so that an earlier rejection of it does not stay.
    async fn skip(&self, path: PathBuf) -> anyhow::Result<()> {
        tracing::info!(path = %path.display(), "skipped: data or settings, not a document");
        let skipped = Failure::new(Reason::NotADocument, "data or settings: skipped");
        let (store, run) = (&self.context.store, self.context.run);
        store.add_source(run, &path, None, Some(&skipped)).await?;
        self.context.count(|stats| stats.skipped += 1);
        Ok(())
    }

    /// Opens the document in a rasterizer, a second time where the worker dies.
    async fn open(&self, blake3: &str, bytes: &[u8]) -> Result<OpenedDocument, Failure> {
        let settings = self.context.settings();
        let deadline = Duration::from_secs(settings.rasterizing.open_seconds);
        let mut last = Failure::new(Reason::Internal, "the document was not opened");
        for _ in 0..settings.jobs.max_attempts.max(1) {
            let mut worker = match self.context.stages().rasterizers.worker(None).await {
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
                    check(&opened.info, &settings.limits)?;
                    worker.set_document(Some(blake3.to_owned()));
                    return Ok(opened);
                }
                Err(failure) if failure.reason.is_retryable() => last = failure,
                Err(failure) => return Err(failure),
            }
        }
        Err(last)
    }
}

/// `Err` where the numbers of pages exceed the limits: a compromised worker may report
/// any number, and each page becomes a row.
fn check(info: &DocumentInfo, limits: &Limits) -> Result<(), Failure> {
    if info.pages == 0 || info.pages > limits.max_pages {
        let message = format!(
            "the rasterizer counts {} pages where 1 to {} are possible",
            info.pages, limits.max_pages
        );
        return Err(Failure::new(Reason::Internal, message));
    }
    Ok(())
}
