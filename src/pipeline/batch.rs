//! The run's loop: claim a page, work on it, store what came of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc::UnboundedSender, watch};
use tokio::task::JoinSet;

use super::engines::Engines;
use super::intake;
use super::page::{PageJob, PageWork, Stages};
use super::plan::INVOICE;
use super::{Event, RunRequest, Summary};
use crate::domain::{Failure, Status, XmlFile, XmlPlace};
use crate::einvoice;
use crate::store::{Claim, DocumentId, FinishedPages, PageCompletion, RunId, Store};
use crate::validate;

/// Claims after which a page is given up although no failure of it was seen:
/// input that takes the whole program down must not return for ever.
const MAX_CLAIMS: u32 = 10;
/// How often a run that is still taking files in looks for pages to claim
/// without being woken.
const POLL: Duration = Duration::from_secs(2);

/// What the tasks of one run share.
pub(super) struct Batch {
    engines: Engines,
    pub(super) store: Store,
    pub(super) run: RunId,
    summary: Mutex<Summary>,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
    /// Wakes the claiming loop when a file was taken in.
    pub(super) work_arrived: Notify,
}

impl Batch {
    pub fn new(
        engines: Engines,
        store: Store,
        run: RunId,
        events: UnboundedSender<Event>,
        stop: watch::Receiver<bool>,
    ) -> Batch {
        let (summary, work_arrived) = (Mutex::default(), Notify::new());
        Batch {
            engines,
            store,
            run,
            summary,
            events,
            stop,
            work_arrived,
        }
    }

    pub(super) fn engines(&self) -> &Engines {
        &self.engines
    }

    pub(super) fn stages(&self) -> &Stages {
        &self.engines.stages
    }

    pub(super) fn emit(&self, event: Event) {
        // Nobody listening is no reason to stop.
        let _ = self.events.send(event);
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Summary)) {
        change(&mut self.summary.lock().expect("no panic while held"));
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    pub fn summary(&self) -> Summary {
        let mut summary = self.summary.lock().expect("no panic while held").clone();
        summary.interrupted = self.is_stopped();
        self.engines.report(&mut summary);
        summary
    }

    pub async fn process(self: &Arc<Batch>, request: RunRequest) -> anyhow::Result<()> {
        let reclaimed = self.store.reclaim(self.run).await?;
        if reclaimed > 0 {
            tracing::info!(
                pages = reclaimed,
                "going on with pages of a run that ended early"
            );
        }
        for document in self.store.unfinished_documents().await? {
            self.finish(document).await?;
        }
        let batch = self.clone();
        let mut intake = Some(tokio::spawn(async move {
            intake::take_in(&batch, &request).await
        }));
        let mut pages = JoinSet::new();
        let mut stop = self.stop.clone();
        loop {
            while pages.len() < self.engines.in_flight && !self.is_stopped() {
                let Some(claim) = self.claim().await? else {
                    break;
                };
                let batch = self.clone();
                pages.spawn(async move { batch.work(claim).await });
            }
            let taking_in = intake.as_ref().is_some_and(|task| !task.is_finished());
            if !taking_in && let Some(task) = intake.take() {
                task.await??;
                self.emit(Event::Queued {
                    pages: self.store.open_pages().await?,
                });
                // What the last files brought is not yet claimed.
                continue;
            }
            if pages.is_empty() && !taking_in {
                return Ok(());
            }
            tokio::select! {
                Some(done) = pages.join_next() => done??,
                () = self.work_arrived.notified(), if taking_in => {}
                _ = stop.changed(), if !self.is_stopped() => {}
                () = tokio::time::sleep(POLL), if taking_in => {}
            }
        }
    }

    async fn claim(&self) -> anyhow::Result<Option<Claim>> {
        self.store
            .claim(self.run, self.engines.lease(), MAX_CLAIMS)
            .await
    }

    /// One claimed page: the stages, then one transaction.
    async fn work(&self, claim: Claim) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut work = PageWork::default();
        let job = PageJob {
            document: &claim.blake3,
            paths: &claim.paths,
            index: claim.index,
            forced_type: claim.forced_type.as_deref(),
            xml: claim.xml,
            is_retry: claim.failures > 0,
        };
        let result = self.stages().run(&job, &mut work).await;
        let seconds = start.elapsed().as_secs_f64();
        let path = claim.paths.first().cloned().unwrap_or_default();
        let page = claim.index;
        let completion = self.completion(work, claim.xml);
        let again = match &result {
            Ok(()) => false,
            Err(failure) => {
                failure.reason.is_retryable()
                    && claim.failures + 1 < self.stages().settings.max_attempts
            }
        };
        let completed = match &result {
            Ok(()) => self.store.complete_page(&claim, &completion).await?,
            Err(failure) => {
                self.store
                    .fail_page(&claim, failure, again, &completion)
                    .await?
            }
        };
        if !completed.owned {
            tracing::warn!(path = %path.display(), page, "the page's lease had passed to another run; its result was dropped");
            return Ok(());
        }
        self.count(|summary| {
            for (stage, seconds) in &completion.seconds {
                *summary.stage_seconds.entry(stage.clone()).or_default() += seconds;
            }
        });
        match result {
            Ok(()) => {
                self.count(|summary| summary.pages_done += 1);
                self.emit(Event::PageDone {
                    path,
                    page,
                    seconds,
                    stages: completion.seconds,
                });
            }
            Err(failure) => self.page_failed(path, page, failure, again),
        }
        if completed.document_complete {
            self.finish(claim.document_id).await?;
        }
        Ok(())
    }

    fn page_failed(&self, path: PathBuf, page: u32, failure: Failure, again: bool) {
        if !again {
            self.count(|summary| *summary.pages_failed.entry(failure.reason).or_default() += 1);
        }
        self.emit(Event::PageFailed {
            path,
            page,
            failure,
            again,
        });
    }

    fn completion(&self, work: PageWork, xml: Option<XmlPlace>) -> PageCompletion {
        let plan = &self.stages().plan;
        let routing = work.routing.as_ref();
        let doc_type = routing.and_then(|routing| routing.verdict.as_deref().ok());
        let forced = routing.is_some_and(|routing| routing.forced);
        let asks_model = plan.treatment(xml).asks_model();
        let rendered = doc_type.and_then(|name| plan.prompts.get(name));
        let rendered = rendered.filter(|_| asks_model);
        PageCompletion {
            key: plan.key(doc_type, forced, xml),
            model_hash: rendered.map(|_| plan.reader.hash.clone()),
            prompt_hash: rendered.map(|rendered| rendered.hash.clone()),
            schema_hash: doc_type
                .and_then(|name| plan.types.get(name))
                .map(|t| t.schema_hash.clone()),
            words: work.words,
            routing: work.routing,
            reading: work.reading,
            seconds: work
                .seconds
                .into_iter()
                .map(|(stage, s)| (stage.to_owned(), s))
                .collect(),
        }
    }

    /// The document's electronic invoice, where its values are to be the
    /// record's.
    async fn einvoice(
        &self,
        pages: &FinishedPages,
    ) -> Result<Option<validate::StatedInvoice>, Failure> {
        let treatment = self
            .stages()
            .plan
            .treatment(pages.xml.as_ref().map(XmlFile::place));
        let Some(file) = pages.xml.clone().filter(|_| treatment.takes_xml()) else {
            return Ok(None);
        };
        // A large one takes a moment, which would hold up the runtime.
        let parsed = tokio::task::spawn_blocking(move || {
            let invoice = einvoice::parse(&file.bytes)?;
            Ok(validate::StatedInvoice {
                doc_type: INVOICE.to_owned(),
                fields: einvoice::fields(&invoice),
                invoice,
            })
        });
        parsed.await.map_err(Failure::internal)?.map(Some)
    }

    /// Assembles and stores the records of a document whose pages are all done.
    pub(super) async fn finish(&self, document: DocumentId) -> anyhow::Result<()> {
        let Some(mut pages) = self.store.finished_pages(document).await? else {
            return Ok(());
        };
        let plan = &self.stages().plan;
        let mut document_warnings = pages.warnings.clone();
        let einvoice = match self.einvoice(&pages).await {
            Ok(einvoice) => einvoice,
            Err(failure) => {
                document_warnings.push(failure.message);
                None
            }
        };
        let context = validate::Context {
            untaught: plan.untaught(),
            document_warnings,
            einvoice,
            policy: plan.policy.clone(),
            today: jiff::Zoned::now().date(),
        };
        pages.policy = plan.policy.key();
        let records = validate::records(&plan.types, &pages.results, &context);
        let Some(ids) = self
            .store
            .finish_document(self.run, document, &pages, &records)
            .await?
        else {
            return Ok(());
        };
        for (record, record_id) in records.into_iter().zip(ids) {
            self.count(|summary| match record.status {
                Status::Accepted => summary.accepted += 1,
                Status::NeedsReview => summary.needs_review += 1,
                Status::Failed => summary.failed += 1,
            });
            self.emit(Event::Recorded {
                path: pages.path.clone(),
                record: Box::new(record),
                record_id,
            });
        }
        Ok(())
    }
}
