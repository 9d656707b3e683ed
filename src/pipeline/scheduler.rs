//! The run's loop: claim a page, work on it, store the result.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;

use super::events::Event;
use super::intake::{Intake, RunRequest};
use super::page::{PageJob, PageWork};
use super::plan::ReaderTier;
use super::reader_tiers::ReaderTiers;
use super::recorder::Recorder;
use super::run_context::RunContext;
use super::statistics::ReaderWork;
use crate::domain::{Failure, Stage, Usage, XmlPlace};
use crate::store::{Claim, PageCompletion, WantedPages};

/// Claims after which a page is given up without a reported failure: input that ends the
/// whole program must not be tried without end.
const MAX_CLAIMS: u32 = 10;
/// Time between two searches for pages to claim during intake, without a notification.
const POLL: Duration = Duration::from_secs(2);

pub(super) struct Scheduler {
    context: Arc<RunContext>,
    tiers: Arc<ReaderTiers>,
    recorder: Arc<Recorder>,
    /// The pages in progress, by id.
    held: Mutex<BTreeMap<i64, Claim>>,
}

impl Scheduler {
    pub fn new(context: Arc<RunContext>, tiers: Arc<ReaderTiers>) -> Arc<Scheduler> {
        let recorder = Recorder::new(context.clone(), tiers.clone());
        Arc::new(Scheduler {
            context,
            tiers,
            recorder: Arc::new(recorder),
            held: Mutex::default(),
        })
    }

    /// Processes pages until nothing is queued or the run is stopped.
    pub async fn run(self: &Arc<Self>, request: RunRequest) -> anyhow::Result<()> {
        self.take_over().await?;
        let intake = Intake::new(self.context.clone(), self.recorder.clone(), request);
        let mut intake = Some(tokio::spawn(intake.run()));
        let mut pages: JoinSet<anyhow::Result<usize>> = JoinSet::new();
        // Number of pages in progress, by tier.
        let mut in_work = vec![0; self.context.engines.in_flight.len()];
        let mut stop = self.context.stop_signal();
        let mut give_back_at = None;
        loop {
            if self.context.is_stopped() {
                let drain = Duration::from_secs(self.context.settings().jobs.drain_seconds);
                let at = *give_back_at.get_or_insert_with(|| Instant::now() + drain);
                if Instant::now() >= at {
                    if let Some(task) = intake.take() {
                        task.abort();
                    }
                    return self.give_back(pages).await;
                }
            }
            while !self.context.is_stopped() {
                let Some((claim, tier)) = self.claim(&in_work).await? else {
                    break;
                };
                in_work[tier] += 1;
                let scheduler = self.clone();
                pages.spawn(async move { scheduler.work(claim, tier).await.map(|()| tier) });
            }
            let is_taking_in = intake.as_ref().is_some_and(|task| !task.is_finished());
            if !is_taking_in && let Some(task) = intake.take() {
                task.await??;
                self.context.emit(Event::Queued {
                    pages: self.context.store.open_pages().await?,
                });
                // Intake has ended, but the pages of the last files are not yet claimed.
                continue;
            }
            if pages.is_empty() && !is_taking_in {
                // Another run may have died meanwhile, so that its pages are free.
                if !self.context.is_stopped()
                    && self.context.store.reclaim(self.context.run).await? > 0
                {
                    continue;
                }
                return self.recorder.finish_left().await;
            }
            tokio::select! {
                Some(done) = pages.join_next() => in_work[done??] -= 1,
                () = self.context.work_arrived.notified(), if is_taking_in => {}
                _ = stop.changed(), if !self.context.is_stopped() => {}
                () = tokio::time::sleep(POLL), if is_taking_in => {}
                () = until(give_back_at), if give_back_at.is_some() => {}
            }
        }
    }

    /// Takes over the pages and documents of runs that ended early.
    async fn take_over(&self) -> anyhow::Result<()> {
        let (store, run) = (&self.context.store, self.context.run);
        let reclaimed = store.reclaim(run).await?;
        if reclaimed > 0 {
            tracing::info!(
                pages = reclaimed,
                "going on with pages of a run that ended early"
            );
        }
        let stronger = self.context.plan().stronger_readers();
        let skipped = store.skip_escalations_without(run, &stronger).await?;
        if skipped > 0 {
            tracing::info!(
                pages = skipped,
                "escalations to readers that this run does not have are skipped"
            );
        }
        self.recorder.finish_left().await
    }

    /// Returns the pages in progress to the queue; their attempts do not count. Some pages
    /// take longer than the one who stops a run waits.
    async fn give_back(&self, mut pages: JoinSet<anyhow::Result<usize>>) -> anyhow::Result<()> {
        pages.abort_all();
        while let Some(ended) = pages.join_next().await {
            // A task that ended before may have failed.
            if let Ok(result) = ended {
                result?;
            }
        }
        let held: Vec<Claim> = {
            let mut held = self.held.lock().expect("no panic while held");
            std::mem::take(&mut *held).into_values().collect()
        };
        for claim in &held {
            self.context.store.release(claim).await?;
        }
        if !held.is_empty() {
            tracing::warn!(pages = held.len(), "pages in progress were returned unread");
        }
        Ok(())
    }

    /// The next page for a reader with free capacity, and the reader's tier. A slow reader
    /// does not delay pages of a fast one.
    async fn claim(&self, in_work: &[usize]) -> anyhow::Result<Option<(Claim, usize)>> {
        let plan = self.context.plan();
        let has_room = |tier: usize| in_work[tier] < self.context.engines.in_flight[tier];
        let stronger = plan.stronger_readers().into_iter().zip(1..);
        let wanted = WantedPages {
            // No page is claimed for the first reader while it is not available.
            first: has_room(0) && self.tiers.is_available(0),
            readers: stronger
                .filter(|(_, tier)| has_room(*tier))
                .map(|(reader, _)| reader)
                .collect(),
        };
        if !wanted.first && wanted.readers.is_empty() {
            return Ok(None);
        }
        let (store, run) = (&self.context.store, self.context.run);
        let lease = self.context.engines.lease();
        let Some(claim) = store.claim(run, &wanted, lease, MAX_CLAIMS).await? else {
            return Ok(None);
        };
        self.hold(&claim);
        let tier = match &claim.escalation {
            None => 0,
            Some(escalation) => plan
                .tier(&escalation.reader)
                .context("a page was claimed for a reader that the run does not have")?,
        };
        Ok(Some((claim, tier)))
    }

    fn hold(&self, claim: &Claim) {
        let mut held = self.held.lock().expect("no panic while held");
        held.insert(claim.page_id, claim.clone());
    }

    fn let_go(&self, claim: &Claim) {
        let mut held = self.held.lock().expect("no panic while held");
        held.remove(&claim.page_id);
    }

    /// Processes one claimed page: the stages, then one transaction.
    async fn work(&self, claim: Claim, tier: usize) -> anyhow::Result<()> {
        let Some(in_flight) = self.tiers.acquire(tier).await? else {
            return self.skip_escalation(claim).await;
        };
        let start = Instant::now();
        let mut work = PageWork::default();
        let escalation = claim.escalation.as_ref();
        let job = PageJob {
            document: &claim.blake3,
            paths: &claim.paths,
            index: claim.index,
            forced_type: claim.forced_type.as_deref(),
            xml: claim.xml,
            tier,
            routing: escalation.and_then(|escalation| escalation.routing.as_ref()),
            is_retry: claim.failures > 0,
        };
        let stages = self.context.stages();
        let result = stages.run(&job, &mut work).await;
        let seconds = start.elapsed().as_secs_f64();
        let completion = self.completion(work, claim.xml, tier, result.as_ref().err());
        let store = &self.context.store;
        let max_attempts = self.context.settings().jobs.max_attempts;
        let (again, completed) = match &result {
            Ok(()) => (false, store.complete_page(&claim, &completion).await?),
            Err(failure) => {
                let again = stages.retries(tier, failure) && claim.failures + 1 < max_attempts;
                let failed = store.fail_page(&claim, failure, again, &completion);
                (again, failed.await?)
            }
        };
        self.let_go(&claim);
        let path = claim.paths.first().cloned().unwrap_or_default();
        let page = claim.index;
        if !completed.owned {
            tracing::warn!(path = %path.display(), page, "the page's lease had passed to another run; its result was dropped");
            return Ok(());
        }
        drop(in_flight);
        let failure = result.err();
        self.tiers
            .note_outcome(tier, failure.as_ref(), completion.cost);
        self.count_attempt(tier, &completion, failure.is_some());
        match failure {
            None => {
                self.context
                    .count(|stats| stats.pages_done += u64::from(tier == 0));
                self.context.emit(Event::PageDone {
                    path,
                    page,
                    seconds,
                    stages: completion.seconds,
                });
            }
            Some(failure) => self.context.emit(Event::PageFailed {
                path,
                page,
                failure,
                again,
            }),
        }
        if completed.document_complete {
            self.recorder.finish(claim.document_id).await?;
        }
        Ok(())
    }

    /// Skips the escalation of a page in this run; the page keeps its earlier result.
    async fn skip_escalation(&self, claim: Claim) -> anyhow::Result<()> {
        let skipped = self.context.store.skip_escalation(&claim).await?;
        self.let_go(&claim);
        self.context.emit(Event::EscalationSkipped {
            path: claim.paths.first().cloned().unwrap_or_default(),
            page: claim.index,
        });
        if skipped.document_complete {
            self.recorder.finish(claim.document_id).await?;
        }
        Ok(())
    }

    fn count_attempt(&self, tier: usize, completion: &PageCompletion, failed: bool) {
        self.context
            .count(|stats| stats.add_stages(&completion.seconds));
        let seconds = completion.seconds.get(&Stage::Read).copied();
        // Not routed to a type that is read, or failed before.
        if completion.usage.is_none() && seconds.is_none() {
            return;
        }
        let reader = self.context.plan().tiers[tier].reader.name.as_str();
        let usage = completion.usage.unwrap_or_default();
        let (cost, currency) = (completion.cost, completion.currency.clone());
        let work = ReaderWork::attempt(failed, usage, cost, currency.clone());
        self.context.count(|stats| stats.add_reader(reader, &work));
        self.context.emit(Event::ReaderCalled {
            reader: reader.to_owned(),
            failed,
            seconds: seconds.unwrap_or(0.0),
            usage,
            cost,
            currency,
        });
    }

    fn completion(
        &self,
        work: PageWork,
        xml: Option<XmlPlace>,
        tier: usize,
        failure: Option<&Failure>,
    ) -> PageCompletion {
        let plan = self.context.plan();
        let ReaderTier {
            reader, prompts, ..
        } = &plan.tiers[tier];
        let routing = work.routing.as_ref();
        let doc_type = routing.and_then(|routing| routing.doc_type.as_deref().ok());
        let forced = routing.is_some_and(|routing| routing.forced);
        let asks_model = plan.treatment(xml).asks_model();
        let rendered = doc_type.and_then(|name| prompts.get(name));
        let rendered = rendered.filter(|_| asks_model);
        let of_reading = work.reading.as_ref().map(|reading| Usage {
            input: reading.prompt_tokens,
            output: reading.output_tokens,
        });
        let usage = of_reading.or(failure.and_then(|failure| failure.usage));
        let bill = reader.price.as_ref().zip(usage);
        let bill = bill.map(|(price, usage)| (price.cost(usage), price.currency.clone()));
        let (cost, currency) = bill.unzip();
        PageCompletion {
            key: plan.key_of(tier, doc_type, forced, xml),
            // A failure of an escalated page counts for this reader in any stage.
            model_hash: (rendered.is_some() || tier > 0).then(|| reader.hash.clone()),
            prompt_hash: rendered.map(|rendered| rendered.hash.clone()),
            schema_hash: doc_type
                .and_then(|name| plan.types.get(name))
                .map(|t| t.schema_hash.clone()),
            texts: work.texts,
            look: work.look,
            quality: work.quality,
            routing: work.routing,
            clip_hash: Some(plan.clip.hash.clone()),
            reading: work.reading,
            seconds: work.seconds,
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
