//! Finishes documents whose pages are all processed: escalates pages within the run's
//! budget, otherwise makes the records, decides on their acceptance and stores them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::escalation::{PageReading, SelectedAttempts, select_attempts};
use super::events::Event;
use super::plan::INVOICE;
use super::reader_tiers::ReaderTiers;
use super::run_context::RunContext;
use crate::archive;
use crate::documents::einvoice;
use crate::documents::validation::{self, EmbeddedInvoice};
use crate::domain::{Failure, Record};
use crate::store::{DbErrorKind, DocumentId, FinishedPages, NewEscalation, NewRecords};

/// E-invoices by part (from 0) of the document.
type EInvoices = BTreeMap<u32, EmbeddedInvoice>;

pub(super) struct Recorder {
    context: Arc<RunContext>,
    tiers: Arc<ReaderTiers>,
    /// Locked while records are stored and counted, since records of one document may
    /// change the status of another's.
    recording: tokio::sync::Mutex<()>,
}

impl Recorder {
    pub fn new(context: Arc<RunContext>, tiers: Arc<ReaderTiers>) -> Recorder {
        Recorder {
            context,
            tiers,
            recording: tokio::sync::Mutex::default(),
        }
    }

    /// Finishes documents whose pages are complete and not recorded, because a run ended
    /// in between or the last page was given up.
    pub async fn finish_left(&self) -> anyhow::Result<()> {
        for document in self.context.store.unfinished_documents().await? {
            self.finish(document).await?;
        }
        Ok(())
    }

    /// Makes and stores the records of a document whose pages are all done, or
    /// escalates first.
    ///
    /// A document whose stored results do not decode is skipped.
    pub async fn finish(&self, document: DocumentId) -> anyhow::Result<()> {
        match self.record(document).await {
            Err(error) if DbErrorKind::of(&error) == Some(DbErrorKind::Undecodable) => {
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
        let Some(mut pages) = self.context.store.finished_pages(document).await? else {
            return Ok(());
        };
        self.judge(&mut pages);
        let einvoices = self.einvoices(&mut pages).await;
        if let Some(name) = self.unknown_type(&pages, &einvoices) {
            tracing::warn!(
                path = %pages.path.display(),
                "not recorded yet: it is of document type `{name}`, which this run does not know; name its folder with --types"
            );
            return Ok(());
        }
        let selected = self.select(&pages, &einvoices).await?;
        if self.escalate(&pages, &selected.escalations).await? > 0 {
            return Ok(());
        }
        let records = self.records(&pages, &einvoices, &selected.pages);
        let results = selected.pages.into_iter().map(|page| page.result);
        pages.results = results.collect();
        self.store(pages, &selected.chosen, records, selected.rescued)
            .await
    }

    /// Escalates pages of a document in review that a reader of this run has not read yet.
    /// Returns their number.
    pub async fn reconsider(&self, document: DocumentId) -> anyhow::Result<u32> {
        let plan = self.context.plan();
        if plan.tiers.len() == 1 || self.tiers.is_exhausted() {
            return Ok(0);
        }
        let Some(mut pages) = self.context.store.pages_in_review(document).await? else {
            return Ok(0);
        };
        self.judge(&mut pages);
        let einvoices = self.einvoices(&mut pages).await;
        let selected = self.select(&pages, &einvoices).await?;
        self.escalate(&pages, &selected.escalations).await
    }

    /// What the measures of the pages say by this run's criteria.
    fn judge(&self, pages: &mut FinishedPages) {
        for page in &mut pages.results {
            if let Some(quality) = pages.quality.get(&page.index) {
                page.findings = self.context.plan().criteria.judge(page.index, quality);
            }
        }
    }

    /// A document type of the pages that this run does not have.
    fn unknown_type(&self, pages: &FinishedPages, einvoices: &EInvoices) -> Option<String> {
        let types = &self.context.plan().types;
        let read = pages.results.iter();
        let read = read.filter(|page| !einvoices.contains_key(&page.part));
        let routed = read.filter_map(|page| page.routing.as_ref());
        let mut named = routed.filter_map(|routing| routing.doc_type.as_ref().ok());
        named.find(|name| types.get(name).is_none()).cloned()
    }

    /// Chooses among the attempts at the pages that are read. Pages of an e-invoice
    /// are compared with it and never escalated.
    async fn select(
        &self,
        pages: &FinishedPages,
        einvoices: &EInvoices,
    ) -> anyhow::Result<SelectedAttempts> {
        let results = pages.results.iter().cloned().zip(pages.readers.clone());
        let (stated, read): (Vec<_>, Vec<_>) =
            results.partition(|(page, _)| einvoices.contains_key(&page.part));
        let (read, readers): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        let stronger = self.context.plan().stronger_readers();
        let mut selected = if stronger.is_empty() && !pages.escalated {
            SelectedAttempts::of_one_reader(&read, &readers)
        } else {
            let attempts = self.context.store.attempts(pages.document).await?;
            let records = |readings: &[PageReading]| self.records(pages, einvoices, readings);
            select_attempts(&read, &attempts, &stronger, self.context.run, &records)
        };
        let stated = stated
            .into_iter()
            .map(|(page, _)| PageReading::stated(page));
        selected.pages.extend(stated);
        selected.pages.sort_by_key(|page| page.result.index);
        Ok(selected)
    }

    /// Queues the escalations that the budget allows. Returns the number of pages.
    async fn escalate(
        &self,
        pages: &FinishedPages,
        escalations: &[NewEscalation],
    ) -> anyhow::Result<u32> {
        let plan = self.context.plan();
        let mut wanted = Vec::new();
        for escalation in escalations {
            let tier = plan.tier(&escalation.reader);
            if let Some(tier) = tier.filter(|tier| self.tiers.is_available(*tier))
                && self.tiers.can_afford(tier).await?
            {
                wanted.push(escalation.clone());
            }
        }
        if wanted.is_empty() {
            return Ok(0);
        }
        let most = self.context.settings().escalation.max_pages;
        let (run, since) = (self.context.run, self.tiers.since);
        let store = &self.context.store;
        let made = store.escalate(run, since, pages, &wanted, most).await?;
        let mut escalated = 0;
        for (escalation, made) in wanted.into_iter().zip(made) {
            if !made {
                self.tiers
                    .report_exhausted(&format!("escalation.max_pages = {most}"));
                continue;
            }
            escalated += escalation.pages.len() as u32;
            self.context
                .count(|stats| stats.escalated += escalation.pages.len() as u64);
            self.context.emit(Event::Escalated {
                path: pages.path.clone(),
                pages: escalation.pages,
                reader: plan.reader_name(&escalation.reader).to_owned(),
                reason: escalation.reason,
            });
        }
        if escalated > 0 {
            self.context.work_arrived.notify_one();
        }
        Ok(escalated)
    }

    /// The e-invoices whose values the records take, by part. Where one cannot be
    /// parsed, the records have the values that were read, and a warning.
    async fn einvoices(&self, pages: &mut FinishedPages) -> EInvoices {
        let mut einvoices = EInvoices::new();
        for file in std::mem::take(&mut pages.einvoices) {
            if !self
                .context
                .plan()
                .treatment(Some(file.place()))
                .takes_xml()
            {
                continue;
            }
            let part = file.part;
            // Parsing a large file would block the runtime.
            let parsed = tokio::task::spawn_blocking(move || einvoice::parse(&file.bytes));
            match parsed.await.map_err(Failure::internal).flatten() {
                Ok(invoice) => {
                    let invoice = EmbeddedInvoice {
                        doc_type: INVOICE.to_owned(),
                        fields: einvoice::fields(&invoice),
                        invoice,
                    };
                    einvoices.insert(part, invoice);
                }
                Err(failure) => pages.warnings.push(failure.message),
            }
        }
        einvoices
    }

    /// The records of these readings, accepted or not by the policy of their reader.
    fn records(
        &self,
        pages: &FinishedPages,
        einvoices: &EInvoices,
        readings: &[PageReading],
    ) -> Vec<Record> {
        let plan = self.context.plan();
        let readers_of = |of: &dyn Fn(&&PageReading) -> bool| -> BTreeSet<&str> {
            let readings = readings.iter().filter(of);
            readings.filter_map(|page| page.reader.as_deref()).collect()
        };
        let context = validation::Context {
            unsupported_fields: plan.unsupported_fields(&readers_of(&|_| true)),
            document_warnings: pages.warnings.clone(),
            einvoices: einvoices.clone(),
            today: jiff::Zoned::now().date(),
        };
        let results: Vec<_> = readings.iter().map(|page| page.result.clone()).collect();
        let mut records = validation::records(&plan.types, &results, &context);
        for record in &mut records {
            let mut readers = readers_of(&|page| record.pages.contains(&page.result.index));
            let reader = readers.pop_first().filter(|_| readers.is_empty());
            plan.accept(record, reader);
        }
        records
    }

    async fn store(
        &self,
        pages: FinishedPages,
        chosen: &[(u32, i64)],
        mut records: Vec<Record>,
        rescued: u64,
    ) -> anyhow::Result<()> {
        if self.retain(&pages).await? {
            return Ok(());
        }
        let policy = self.context.plan().policy_key();
        let entries = archive::entries(&pages.results, &records);
        let made_with = NewRecords {
            policy: &policy,
            chosen,
            entries: &entries,
            second_approval_from: self.context.settings().review.second_approval_from,
        };
        let recording = self.recording.lock().await;
        let (store, run) = (&self.context.store, self.context.run);
        let recorded = store.finish_document(run, &pages, made_with, &mut records);
        let Some(recorded) = recorded.await? else {
            return Ok(());
        };
        self.context.count(|stats| stats.pages_done += rescued);
        self.count_failed(&pages);
        for (record, record_id) in records.into_iter().zip(recorded.ids) {
            self.context
                .count(|stats| stats.count_record(record.status));
            self.context.emit(Event::Recorded {
                path: pages.path.clone(),
                record: Box::new(record),
                record_id,
            });
        }
        for record_id in recorded.downgraded {
            self.report_downgraded(record_id).await?;
        }
        drop(recording);
        Ok(())
    }

    async fn report_downgraded(&self, record_id: i64) -> anyhow::Result<()> {
        let Some(stored) = self.context.store.record(record_id).await? else {
            return Ok(());
        };
        self.context.count(|stats| {
            stats.accepted -= u64::from(stored.run_id == self.context.run.0);
            stats.needs_review += 1;
        });
        self.context.emit(Event::Downgraded {
            path: stored.paths.first().cloned().unwrap_or_default(),
            record: Box::new(stored.record),
            record_id,
        });
        Ok(())
    }

    /// Retains the document's records where pages that were read before could not be read
    /// again. Returns whether it did.
    async fn retain(&self, pages: &FinishedPages) -> anyhow::Result<bool> {
        let failures: Vec<_> = failures(pages)
            .filter(|(_, failure)| failure.reason.is_about_source_or_settings())
            .collect();
        if failures.is_empty() {
            return Ok(false);
        }
        let retained = self.context.store.retain_records(pages, &failures).await?;
        let Some(retained) = retained else {
            return Ok(false);
        };
        if !retained.is_empty() {
            self.count_failed(pages);
        }
        for record_id in retained {
            self.context.emit(Event::RecordRetained {
                path: pages.path.clone(),
                record_id,
            });
        }
        Ok(true)
    }

    fn count_failed(&self, pages: &FinishedPages) {
        self.context.count(|stats| {
            for (_, failure) in failures(pages) {
                *stats.pages_failed.entry(failure.reason).or_default() += 1;
            }
        });
    }
}

/// The pages that could not be read, by index.
fn failures(pages: &FinishedPages) -> impl Iterator<Item = (u32, &Failure)> {
    let results = pages.results.iter();
    results.filter_map(|page| Some((page.index, page.reading.as_ref().err()?)))
}
