//! The run's loop: claim a page, work on it, store what came of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::{Notify, mpsc::UnboundedSender, watch};
use tokio::task::JoinSet;

use super::engines::Engines;
use super::finish::{Ladder, bill};
use super::intake;
use super::page::{PageJob, PageWork, Stages};
use super::plan::Rung;
use super::{Event, RunRequest, Summary};
use crate::domain::{Failure, Usage, XmlPlace};
use crate::store::{Claim, PageCompletion, RunId, Store, Wanted};

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
    pub(super) ladder: Ladder,
    summary: Mutex<Summary>,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
    /// Wakes the claiming loop when a file was taken in.
    pub(super) work_arrived: Notify,
    /// Held while records are stored and counted: those of one document may
    /// change what another's were counted as.
    pub(super) recording: tokio::sync::Mutex<()>,
    /// The pages that this run works on, by their id.
    held: Mutex<BTreeMap<i64, Claim>>,
}

impl Batch {
    pub fn new(
        engines: Engines,
        store: Store,
        run: RunId,
        ladder: Ladder,
        events: UnboundedSender<Event>,
        stop: watch::Receiver<bool>,
    ) -> Batch {
        let (summary, work_arrived, held) = (Mutex::default(), Notify::new(), Mutex::default());
        Batch {
            engines,
            store,
            run,
            ladder,
            summary,
            events,
            stop,
            work_arrived,
            recording: tokio::sync::Mutex::default(),
            held,
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
        let readers = self.readers_above();
        let stayed = self.store.stay_without(self.run, &readers).await?;
        if stayed > 0 {
            tracing::info!(
                pages = stayed,
                "pages that waited for a reader of another ladder stay as they were"
            );
        }
        self.finish_left().await?;
        let batch = self.clone();
        let mut intake = Some(tokio::spawn(async move {
            intake::take_in(&batch, &request).await
        }));
        let mut pages: JoinSet<anyhow::Result<usize>> = JoinSet::new();
        // Pages in work, by rung.
        let mut in_work = vec![0; self.engines.in_flight.len()];
        let mut stop = self.stop.clone();
        let mut give_back_at = None;
        loop {
            if self.is_stopped() {
                let drain = Duration::from_secs(self.stages().settings.jobs.drain_seconds);
                let at = *give_back_at.get_or_insert_with(|| Instant::now() + drain);
                if Instant::now() >= at {
                    if let Some(task) = intake.take() {
                        task.abort();
                    }
                    return self.give_back(pages).await;
                }
            }
            while !self.is_stopped() {
                let Some((claim, rung)) = self.claim(&in_work).await? else {
                    break;
                };
                in_work[rung] += 1;
                let batch = self.clone();
                pages.spawn(async move { batch.work(claim, rung).await.map(|()| rung) });
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
                // Another run may have died meanwhile; its pages are free.
                if !self.is_stopped() && self.store.reclaim(self.run).await? > 0 {
                    continue;
                }
                return self.finish_left().await;
            }
            tokio::select! {
                Some(done) = pages.join_next() => in_work[done??] -= 1,
                () = self.work_arrived.notified(), if taking_in => {}
                _ = stop.changed(), if !self.is_stopped() => {}
                () = tokio::time::sleep(POLL), if taking_in => {}
                () = until(give_back_at), if give_back_at.is_some() => {}
            }
        }
    }

    /// Leaves the pages in hand to the next run, uncharged: some take longer
    /// than whoever stops a run waits.
    async fn give_back(&self, mut pages: JoinSet<anyhow::Result<usize>>) -> anyhow::Result<()> {
        pages.abort_all();
        while let Some(ended) = pages.join_next().await {
            // A task that was done before may have an error to tell.
            if let Ok(result) = ended {
                result?;
            }
        }
        let held: Vec<Claim> = {
            let mut held = self.held.lock().expect("no panic while held");
            std::mem::take(&mut *held).into_values().collect()
        };
        for claim in &held {
            self.store.release(claim).await?;
        }
        if !held.is_empty() {
            tracing::warn!(pages = held.len(), "pages in hand were given back unread");
        }
        Ok(())
    }

    /// Records of documents that a run completed and had no time to record, or
    /// whose last page was given up.
    async fn finish_left(&self) -> anyhow::Result<()> {
        for document in self.store.unfinished_documents().await? {
            self.finish(document).await?;
        }
        Ok(())
    }

    /// Hashes of the readers above the first.
    fn readers_above(&self) -> Vec<String> {
        let rungs = self.stages().plan.rungs.iter().skip(1);
        rungs.map(|rung| rung.reader.hash.clone()).collect()
    }

    /// The next page for a reader that has room, and the reader's place. A
    /// slow reader holds up no page of a quick one.
    async fn claim(&self, in_work: &[usize]) -> anyhow::Result<Option<(Claim, usize)>> {
        let has_room = |rung: usize| in_work[rung] < self.engines.in_flight[rung];
        let above = self.readers_above().into_iter().zip(1..);
        let wanted = Wanted {
            // Without its first reader a run has nothing to do.
            first: has_room(0) && self.ladder.is_open(0),
            readers: above
                .filter(|(_, rung)| has_room(*rung))
                .map(|(reader, _)| reader)
                .collect(),
        };
        if !wanted.first && wanted.readers.is_empty() {
            return Ok(None);
        }
        let lease = self.engines.lease();
        let claim = self
            .store
            .claim(self.run, &wanted, lease, MAX_CLAIMS)
            .await?;
        let Some(claim) = claim else { return Ok(None) };
        self.hold(&claim);
        let rung = match &claim.climb {
            None => 0,
            Some(climb) => self
                .stages()
                .plan
                .rung(&climb.reader)
                .context("a page was claimed for a reader that the run does not have")?,
        };
        Ok(Some((claim, rung)))
    }

    fn hold(&self, claim: &Claim) {
        let mut held = self.held.lock().expect("no panic while held");
        held.insert(claim.page_id, claim.clone());
    }

    fn let_go(&self, claim: &Claim) {
        let mut held = self.held.lock().expect("no panic while held");
        held.remove(&claim.page_id);
    }

    /// One claimed page: the stages, then one transaction.
    async fn work(self: &Arc<Batch>, claim: Claim, rung: usize) -> anyhow::Result<()> {
        let Some(boarded) = self.board(rung).await? else {
            return self.stay(claim).await;
        };
        let start = Instant::now();
        let mut work = PageWork::default();
        let job = PageJob {
            document: &claim.blake3,
            paths: &claim.paths,
            index: claim.index,
            forced_type: claim.forced_type.as_deref(),
            xml: claim.xml,
            rung,
            routing: claim
                .climb
                .as_ref()
                .and_then(|climb| climb.routing.as_ref()),
            is_retry: claim.failures > 0,
        };
        let result = self.stages().run(&job, &mut work).await;
        let seconds = start.elapsed().as_secs_f64();
        let path = claim.paths.first().cloned().unwrap_or_default();
        let page = claim.index;
        let completion = self.completion(work, claim.xml, rung, result.as_ref().err());
        let again = match &result {
            Ok(()) => false,
            Err(failure) => {
                self.stages().retries(rung, failure)
                    && claim.failures + 1 < self.stages().settings.jobs.max_attempts
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
        self.let_go(&claim);
        if !completed.owned {
            tracing::warn!(path = %path.display(), page, "the page's lease had passed to another run; its result was dropped");
            return Ok(());
        }
        drop(boarded);
        self.note_outcome(rung, result.as_ref().err(), completion.cost);
        self.count_work(rung, &completion, result.is_err());
        match result {
            Ok(()) => {
                self.count(|summary| summary.pages_done += u64::from(rung == 0));
                self.emit(Event::PageDone {
                    path,
                    page,
                    seconds,
                    stages: completion.seconds,
                });
            }
            Err(failure) => self.emit(Event::PageFailed {
                path,
                page,
                failure,
                again,
            }),
        }
        if completed.document_complete {
            self.finish(claim.document_id).await?;
        }
        Ok(())
    }

    /// The page keeps what it has: no stronger reader reads it in this run.
    async fn stay(&self, claim: Claim) -> anyhow::Result<()> {
        let stayed = self.store.stay(&claim).await?;
        self.let_go(&claim);
        self.emit(Event::Stayed {
            path: claim.paths.first().cloned().unwrap_or_default(),
            page: claim.index,
        });
        if stayed.document_complete {
            self.finish(claim.document_id).await?;
        }
        Ok(())
    }

    /// What the attempt took, for the summary.
    fn count_work(&self, rung: usize, completion: &PageCompletion, failed: bool) {
        let reader = self.stages().plan.rungs[rung].reader.name.as_str();
        let is_called = completion.usage.is_some() || completion.seconds.contains_key("read");
        let usage = completion.usage.unwrap_or_default();
        if is_called {
            self.emit(Event::ReaderCalled {
                reader: reader.to_owned(),
                failed,
                seconds: completion.seconds.get("read").copied().unwrap_or(0.0),
                usage,
                cost: completion.cost,
                currency: completion.currency.clone(),
            });
        }
        self.count(|summary| {
            for (stage, seconds) in &completion.seconds {
                *summary.stage_seconds.entry(stage.clone()).or_default() += seconds;
            }
            // Not routed to a type that is read, or failed before.
            if !is_called {
                return;
            }
            let work = summary.readers.entry(reader.to_owned()).or_default();
            work.pages += 1;
            work.failed += u64::from(failed);
            work.input_tokens += u64::from(usage.input);
            work.output_tokens += u64::from(usage.output);
            if let Some(cost) = completion.cost {
                *work.cost.get_or_insert_default() += cost;
                work.currency.clone_from(&completion.currency);
            }
        });
    }

    fn completion(
        &self,
        work: PageWork,
        xml: Option<XmlPlace>,
        rung: usize,
        failure: Option<&Failure>,
    ) -> PageCompletion {
        let plan = &self.stages().plan;
        let Rung {
            reader, prompts, ..
        } = &plan.rungs[rung];
        let routing = work.routing.as_ref();
        let doc_type = routing.and_then(|routing| routing.verdict.as_deref().ok());
        let forced = routing.is_some_and(|routing| routing.forced);
        let asks_model = plan.treatment(xml).asks_model();
        let rendered = doc_type.and_then(|name| prompts.get(name));
        let rendered = rendered.filter(|_| asks_model);
        let of_reading = work.reading.as_ref().map(|reading| Usage {
            input: reading.prompt_tokens,
            output: reading.output_tokens,
        });
        let usage = of_reading.or(failure.and_then(|failure| failure.usage));
        let (cost, currency) = usage.map_or((None, None), |usage| bill(reader, usage));
        PageCompletion {
            key: plan.key_of(rung, doc_type, forced, xml),
            // A page that climbs failed at this reader, wherever it failed.
            model_hash: (rendered.is_some() || rung > 0).then(|| reader.hash.clone()),
            prompt_hash: rendered.map(|rendered| rendered.hash.clone()),
            schema_hash: doc_type
                .and_then(|name| plan.types.get(name))
                .map(|t| t.schema_hash.clone()),
            words: work.words,
            ocr: work.ocr,
            routing: work.routing,
            reading: work.reading,
            seconds: work
                .seconds
                .into_iter()
                .map(|(stage, s)| (stage.to_owned(), s))
                .collect(),
            usage,
            cost,
            currency,
        }
    }
}

async fn until(moment: Option<Instant>) {
    if let Some(moment) = moment {
        tokio::time::sleep_until(moment.into()).await;
    }
}
