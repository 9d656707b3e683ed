//! A document whose pages are all done: what should climb is queued for a
//! stronger reader, within the run's budget; of the rest records are made.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::Event;
use super::batch::Batch;
use super::ladder::{self, Read, Weighed};
use super::plan::INVOICE;
use crate::documents::einvoice;
use crate::documents::validation::{self, EmbeddedInvoice};
use crate::domain::{Failure, Reason, Record, Status, Usage, XmlFile};
use crate::engines::models::ReaderSpec;
use crate::store::{DocumentId, FinishedPages, NewClimb, RunId};

/// Pages in a row to which a reader was away, after which it is left alone for
/// the rest of the run.
const AWAY: u32 = 3;

/// What a run may still spend on stronger readers, and which are there.
pub(super) struct Ladder {
    /// Climbs of this run and those after it count.
    pub since: RunId,
    is_used_up: AtomicBool,
    rungs: Vec<RungState>,
}

#[derive(Default)]
struct RungState {
    is_closed: AtomicBool,
    away: AtomicU32,
    /// What the page that cost most cost: so much the next may cost.
    dearest: Mutex<f64>,
    in_hand: AtomicU32,
}

impl Ladder {
    pub fn new(since: RunId, rungs: usize) -> Ladder {
        let rungs = (0..rungs).map(|_| RungState::default()).collect();
        Ladder {
            since,
            is_used_up: AtomicBool::new(false),
            rungs,
        }
    }

    pub fn is_open(&self, rung: usize) -> bool {
        !self.rungs[rung].is_closed.load(Ordering::Relaxed)
    }

    pub fn is_used_up(&self) -> bool {
        self.is_used_up.load(Ordering::Relaxed)
    }
}

impl Batch {
    /// Assembles and stores the records of a document whose pages are all
    /// done, or queues what should be read by a stronger reader first.
    ///
    /// A document whose stored results do not parse stays as it is: no other
    /// waits for it.
    pub(super) async fn finish(&self, document: DocumentId) -> anyhow::Result<()> {
        match self.record(document).await {
            Err(error) if error.chain().any(|cause| cause.is::<serde_json::Error>()) => {
                tracing::error!(
                    document = document.0,
                    "a document cannot be recorded ({error}): `docmill forget` its file and run again over it"
                );
                Ok(())
            }
            done => done,
        }
    }

    async fn record(&self, document: DocumentId) -> anyhow::Result<()> {
        let Some(mut pages) = self.store.finished_pages(document).await? else {
            return Ok(());
        };
        match self.einvoice(&pages).await {
            Ok(None) => {}
            Ok(Some(einvoice)) => {
                let plan = &self.stages().plan;
                let context = self.context(&pages, Some(einvoice), &BTreeSet::new());
                let records = validation::records(&plan.types, &pages.results, &context);
                return self.store_records(document, pages, records, 0).await;
            }
            // What it says is then read from the page.
            Err(failure) => pages.warnings.push(failure.message),
        }
        if let Some(name) = self.unknown_type(&pages) {
            tracing::warn!(
                path = %pages.path.display(),
                "not recorded yet: it is of document type `{name}`, which this run does not know; name its folder with --types"
            );
            return Ok(());
        }
        let weighed = self.weigh(document, &pages).await?;
        if self.climb(document, &pages, &weighed.climbs).await? > 0 {
            return Ok(());
        }
        let records = self.judge(&pages, &weighed.reads);
        pages.results = weighed
            .reads
            .iter()
            .map(|read| read.result.clone())
            .collect();
        pages.chosen.clone_from(&weighed.chosen);
        self.store_records(document, pages, records, weighed.rescued)
            .await
    }

    /// The type of a page by which nothing of it could be checked.
    fn unknown_type(&self, pages: &FinishedPages) -> Option<String> {
        let types = &self.stages().plan.types;
        let routed = pages
            .results
            .iter()
            .filter_map(|page| page.routing.as_ref());
        let mut named = routed.filter_map(|routing| routing.verdict.as_ref().ok());
        named.find(|name| types.get(name).is_none()).cloned()
    }

    async fn store_records(
        &self,
        document: DocumentId,
        mut pages: FinishedPages,
        mut records: Vec<Record>,
        rescued: u64,
    ) -> anyhow::Result<()> {
        if self.keep(document, &pages).await? {
            return Ok(());
        }
        pages.policy = self.stages().plan.policy_key();
        let recording = self.recording.lock().await;
        let Some(recorded) = self
            .store
            .finish_document(self.run, document, &pages, &mut records)
            .await?
        else {
            return Ok(());
        };
        self.count(|summary| summary.pages_done += rescued);
        self.count_failed(&pages);
        for (record, record_id) in records.into_iter().zip(recorded.ids) {
            self.recorded(&pages, record, record_id);
        }
        for record_id in recorded.doubted {
            self.doubted(record_id).await?;
        }
        drop(recording);
        Ok(())
    }

    async fn doubted(&self, record_id: i64) -> anyhow::Result<()> {
        let Some(stored) = self.store.record(record_id).await? else {
            return Ok(());
        };
        self.count(|summary| {
            summary.accepted -= u64::from(stored.run_id == self.run.0);
            summary.needs_review += 1;
        });
        self.emit(Event::Doubted {
            path: stored.paths.first().cloned().unwrap_or_default(),
            record: Box::new(stored.record),
            record_id,
        });
        Ok(())
    }

    fn count_failed(&self, pages: &FinishedPages) {
        self.count(|summary| {
            for (_, failure) in failures(pages) {
                *summary.pages_failed.entry(failure.reason).or_default() += 1;
            }
        });
    }

    /// Whether the document's records stay: pages that were read before could
    /// not be read again, which is no reason to lose what they said.
    async fn keep(&self, document: DocumentId, pages: &FinishedPages) -> anyhow::Result<bool> {
        let failures: Vec<_> = failures(pages)
            .filter(|(_, failure)| failure.reason.is_about_source_or_settings())
            .collect();
        if failures.is_empty() {
            return Ok(false);
        }
        let kept = self.store.keep_records(document, pages, &failures).await?;
        let Some(kept) = kept else { return Ok(false) };
        if !kept.is_empty() {
            self.count_failed(pages);
        }
        for record_id in kept {
            self.emit(Event::Kept {
                path: pages.path.clone(),
                record_id,
            });
        }
        Ok(true)
    }

    /// The document's electronic invoice, where its values are to be the
    /// record's.
    async fn einvoice(&self, pages: &FinishedPages) -> Result<Option<EmbeddedInvoice>, Failure> {
        let place = pages.xml.as_ref().map(XmlFile::place);
        let treatment = self.stages().plan.treatment(place);
        let Some(file) = pages.xml.clone().filter(|_| treatment.takes_xml()) else {
            return Ok(None);
        };
        // A large one takes a moment, which would hold up the runtime.
        let parsed = tokio::task::spawn_blocking(move || {
            let invoice = einvoice::parse(&file.bytes)?;
            Ok(EmbeddedInvoice {
                doc_type: INVOICE.to_owned(),
                fields: einvoice::fields(&invoice),
                invoice,
            })
        });
        parsed.await.map_err(Failure::internal)?.map(Some)
    }

    fn context(
        &self,
        pages: &FinishedPages,
        einvoice: Option<EmbeddedInvoice>,
        readers: &BTreeSet<&str>,
    ) -> validation::Context {
        let plan = &self.stages().plan;
        validation::Context {
            unsupported_fields: plan.unsupported_fields(readers),
            document_warnings: pages.warnings.clone(),
            einvoice,
            policy: plan.rungs[0].policy.clone(),
            today: jiff::Zoned::now().date(),
        }
    }

    fn recorded(&self, pages: &FinishedPages, record: Record, record_id: i64) {
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

    /// Pages of a document in review that a reader of today's ladder has not
    /// seen climb to it. Returns how many.
    pub(super) async fn reconsider(&self, document: DocumentId) -> anyhow::Result<u32> {
        if self.stages().plan.rungs.len() == 1 || self.ladder.is_used_up() {
            return Ok(0);
        }
        let Some(pages) = self.store.pages_in_review(document).await? else {
            return Ok(0);
        };
        let place = pages.xml.as_ref().map(XmlFile::place);
        if self.stages().plan.treatment(place).takes_xml() {
            return Ok(0);
        }
        let weighed = self.weigh(document, &pages).await?;
        self.climb(document, &pages, &weighed.climbs).await
    }

    async fn weigh(&self, document: DocumentId, pages: &FinishedPages) -> anyhow::Result<Weighed> {
        let above: Vec<String> = self.stages().plan.rungs[1..]
            .iter()
            .map(|rung| rung.reader.hash.clone())
            .collect();
        if above.is_empty() && !pages.climbed {
            return Ok(Weighed::of_one_reader(&pages.results, &pages.readers));
        }
        let attempts = self.store.attempts(document).await?;
        let judge = |reads: &[Read]| self.judge(pages, reads);
        Ok(ladder::weigh(
            &pages.results,
            &attempts,
            &above,
            self.run,
            &judge,
        ))
    }

    fn judge(&self, pages: &FinishedPages, reads: &[Read]) -> Vec<Record> {
        let stages = self.stages();
        let readers: BTreeSet<&str> = reads
            .iter()
            .filter_map(|read| read.reader.as_deref())
            .collect();
        let context = self.context(pages, None, &readers);
        let results: Vec<_> = reads.iter().map(|read| read.result.clone()).collect();
        let mut records = validation::records(&stages.plan.types, &results, &context);
        for record in &mut records {
            self.judge_by_reader(record, reads);
        }
        records
    }

    /// A record is accepted by what is known of the reader that read it.
    fn judge_by_reader(&self, record: &mut Record, reads: &[Read]) {
        let plan = &self.stages().plan;
        let of_record = reads
            .iter()
            .filter(|read| record.pages.contains(&read.result.index));
        let readers: BTreeSet<&str> = of_record
            .filter_map(|read| read.reader.as_deref())
            .collect();
        let reader = match readers.len() {
            1 => readers.into_iter().next(),
            _ => None,
        };
        let doc_type = record
            .doc_type
            .as_deref()
            .and_then(|name| plan.types.get(name));
        plan.policy_of(reader).apply(doc_type, record);
    }

    /// Queues what the budget allows. Returns how many pages.
    async fn climb(
        &self,
        document: DocumentId,
        pages: &FinishedPages,
        climbs: &[NewClimb],
    ) -> anyhow::Result<u32> {
        let mut open = Vec::new();
        for climb in climbs {
            let rung = self.stages().plan.rung(&climb.reader);
            if let Some(rung) = rung.filter(|rung| self.ladder.is_open(*rung))
                && self.can_pay(rung).await?
            {
                open.push((rung, climb.clone()));
            }
        }
        if open.is_empty() {
            return Ok(0);
        }
        let wanted: Vec<NewClimb> = open.iter().map(|(_, climb)| climb.clone()).collect();
        let most = self.stages().settings.escalation.max_pages;
        let made = self
            .store
            .climb(self.run, self.ladder.since, document, pages, &wanted, most)
            .await?;
        let mut climbed = 0;
        for ((rung, climb), made) in open.into_iter().zip(made) {
            if !made {
                self.used_up(&format!("escalation.max_pages = {most}"));
                continue;
            }
            climbed += climb.pages.len() as u32;
            self.count(|summary| summary.climbed += climb.pages.len() as u64);
            self.emit(Event::Climbed {
                path: pages.path.clone(),
                pages: climb.pages,
                reader: self.stages().plan.rungs[rung].reader.name.clone(),
                why: climb.why,
            });
        }
        if climbed > 0 {
            self.work_arrived.notify_one();
        }
        Ok(climbed)
    }

    /// Whether a further page of this reader's is within the budget.
    async fn can_pay(&self, rung: usize) -> anyhow::Result<bool> {
        let reader = &self.stages().plan.rungs[rung].reader;
        let Some(currency) = reader.price.as_ref().map(|price| &price.currency) else {
            return Ok(true);
        };
        let most = self.stages().settings.escalation.max_cost;
        let state = &self.ladder.rungs[rung];
        let dearest = *state.dearest.lock().expect("no panic while held");
        let in_hand = f64::from(state.in_hand.load(Ordering::Relaxed));
        let spent = self.store.climb_cost(self.ladder.since).await?;
        let fits = spent + (in_hand + 1.0) * dearest <= most && spent < most;
        if !fits {
            self.used_up(&format!("escalation.max_cost = {most} {currency}"));
        }
        Ok(fits)
    }

    /// Told once.
    fn used_up(&self, budget: &str) {
        if !self.ladder.is_used_up.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the budget for stronger readers is used up ({budget}): further pages stay in review"
            );
            self.count(|summary| summary.budget_used_up = Some(budget.to_owned()));
        }
    }

    /// Takes the page in hand for this reader; `None`: it is away, or paid for
    /// no more.
    pub(super) async fn board(self: &Arc<Self>, rung: usize) -> anyhow::Result<Option<Boarded>> {
        if rung > 0 && !(self.ladder.is_open(rung) && self.can_pay(rung).await?) {
            return Ok(None);
        }
        self.ladder.rungs[rung]
            .in_hand
            .fetch_add(1, Ordering::Relaxed);
        Ok(Some(Boarded {
            batch: self.clone(),
            rung,
        }))
    }

    /// Notes how it went: a reader that is away again and again is left alone.
    pub(super) fn note_outcome(&self, rung: usize, failure: Option<&Failure>, cost: Option<f64>) {
        let state = &self.ladder.rungs[rung];
        if let Some(cost) = cost {
            let mut dearest = state.dearest.lock().expect("no panic while held");
            *dearest = dearest.max(cost);
        }
        let Some(failure) = failure.filter(|failure| failure.reason.is_outage()) else {
            return state.away.store(0, Ordering::Relaxed);
        };
        let away = state.away.fetch_add(1, Ordering::Relaxed) + 1;
        let is_closed = failure.reason == Reason::ReaderMisconfigured || away >= AWAY;
        if is_closed && !state.is_closed.swap(true, Ordering::Relaxed) {
            let reader = self.stages().plan.rungs[rung].reader.name.as_str();
            tracing::error!(
                reader,
                "left alone for the rest of this run: {}",
                failure.message
            );
            self.count(|summary| {
                summary
                    .readers_away
                    .insert(reader.to_owned(), failure.message.clone());
            });
        }
    }
}

/// The pages that could not be read, by index.
fn failures(pages: &FinishedPages) -> impl Iterator<Item = (u32, &Failure)> {
    let results = pages.results.iter();
    results.filter_map(|page| Some((page.index, page.reading.as_ref().err()?)))
}

/// A page in a reader's hand.
pub(super) struct Boarded {
    batch: Arc<Batch>,
    rung: usize,
}

impl Drop for Boarded {
    fn drop(&mut self) {
        self.batch.ladder.rungs[self.rung]
            .in_hand
            .fetch_sub(1, Ordering::Relaxed);
    }
}

/// What an attempt cost and in which currency.
pub(super) fn bill(reader: &ReaderSpec, usage: Usage) -> (Option<f64>, Option<String>) {
    let price = reader.price.as_ref();
    let bill = price.map(|price| (price.cost(usage), price.currency.clone()));
    bill.unzip()
}
