//! Stores the records that are made from finished pages.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, JsonColumn, NameColumn, ResultColumns, RunId, now};
use super::database::Store;
use super::page_search::PageEntry;
use super::{
    approvals, documents, duplicates, facts, findings, page_quality, page_search, page_text,
    replaced, revisions, second_approval, sources, suppliers,
};
use crate::domain::{
    Failure, Finding, FindingCode, PageQuality, PageResult, Reading, Reason, Record, Routing,
    SourceText, Status, SupplierCard, XmlFile,
};

/// All pages of a document, done or failed, from which its records are made.
#[derive(Clone, Debug)]
pub struct FinishedPages {
    pub document: DocumentId,
    /// The document's first path that still has it.
    pub path: PathBuf,
    /// Warnings from opening the document.
    pub warnings: Vec<String>,
    pub results: Vec<PageResult>,
    /// For each result the hash of its reader.
    pub readers: Vec<Option<String>>,
    /// What was measured of its pages, by page index.
    pub quality: BTreeMap<u32, PageQuality>,
    /// The e-invoices attached to the document, or the document itself; at most
    /// one for each part.
    pub einvoices: Vec<XmlFile>,
    /// Whether a page was escalated.
    pub escalated: bool,
    pub(super) revision: i64,
}

/// What a document's records were made with.
#[derive(Clone, Copy, Debug)]
pub struct NewRecords<'a> {
    /// Key of the acceptance policy.
    pub policy: &'a str,
    /// Page indices (from 0) and ids of the readings chosen for them, where these are
    /// not the pages' last ones.
    pub chosen: &'a [(u32, i64)],
    /// The searchable content of its pages.
    pub entries: &'a [PageEntry],
    /// The setting `review.second_approval_from`: such records are not accepted
    /// without people.
    pub second_approval_from: Option<u64>,
}

/// The result of storing a document's records.
#[derive(Debug, PartialEq)]
pub struct Recorded {
    /// Ids of its records.
    pub ids: Vec<i64>,
    /// Records of other documents that were accepted and now need review, since
    /// one of these may be the same payment.
    pub downgraded: Vec<i64>,
}

#[derive(FromRow)]
struct FinishedPageRow {
    page_index: u32,
    part: u32,
    is_failed: bool,
    page_reason: Option<NameColumn<Reason>>,
    page_message: Option<String>,
    routing: Option<JsonColumn<Routing>>,
    escalated: bool,
    model_hash: Option<String>,
    #[sqlx(flatten)]
    reading: ResultColumns,
}

impl Store {
    /// Documents whose pages are all finished and whose records are not stored, since a
    /// run ended in between.
    pub async fn unfinished_documents(&self) -> anyhow::Result<Vec<DocumentId>> {
        let ids = sqlx::query_scalar(
            "SELECT id FROM documents WHERE state = 'open' AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))
             ORDER BY id",
        );
        Ok(ids.fetch_all(&self.pool).await?)
    }

    /// The pages of a document without stored records; `None` where a page is not
    /// finished or the records are stored.
    pub async fn finished_pages(
        &self,
        document: DocumentId,
    ) -> anyhow::Result<Option<FinishedPages>> {
        self.all_pages(document, "open").await
    }

    /// The pages of a document with stored records; `None` where all of them are
    /// accepted.
    pub async fn pages_in_review(
        &self,
        document: DocumentId,
    ) -> anyhow::Result<Option<FinishedPages>> {
        let in_review = sqlx::query_scalar(concat!(
            "SELECT EXISTS (SELECT 1 FROM records JOIN documents ON documents.id = records.document_id
                WHERE document_id = ? AND current = 1 AND status <> 'accepted' AND NOT ",
            approvals::corrected!(),
            ")"
        ));
        match in_review.bind(document).fetch_one(&self.pool).await? {
            true => self.all_pages(document, "recorded").await,
            false => Ok(None),
        }
    }

    async fn all_pages(
        &self,
        document: DocumentId,
        state: &str,
    ) -> anyhow::Result<Option<FinishedPages>> {
        let mut tx = self.pool.begin().await?;
        let found = sqlx::query_as::<_, (i64, JsonColumn<Vec<String>>)>(
            "SELECT revision, warnings FROM documents WHERE id = ? AND state = ? AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))",
        );
        let found = found.bind(document).bind(state);
        let Some((revision, JsonColumn(warnings))) = found.fetch_optional(&mut *tx).await? else {
            return Ok(None);
        };
        let pages = sqlx::query_as::<_, FinishedPageRow>(
            "SELECT p.page_index, p.part, p.state = 'failed' AS is_failed, p.reason AS page_reason,
                p.message AS page_message, p.routing, p.escalation_id IS NOT NULL AS escalated,
                r.model_hash, r.reading, r.raw_text, r.reason, r.message
             FROM pages p LEFT JOIN readings r ON r.id = p.reading_id
             WHERE p.document_id = ? ORDER BY p.page_index",
        );
        let pages = pages.bind(document).fetch_all(&mut *tx).await?;
        let mut texts = page_text::of_document(&mut tx, document).await?;
        let einvoices = documents::einvoices(&mut tx, document).await?;
        let path = sources::paths(&mut tx, document).await?.into_iter().next();
        Ok(Some(FinishedPages {
            document,
            path: path.unwrap_or_default(),
            warnings,
            readers: pages.iter().map(|page| page.model_hash.clone()).collect(),
            escalated: pages.iter().any(|page| page.escalated),
            quality: page_quality::of_document(&mut tx, document).await?,
            results: pages
                .into_iter()
                .map(|page| {
                    let texts = texts.remove(&page.page_index);
                    page_result(page, texts.unwrap_or_default())
                })
                .collect(),
            einvoices,
            revision,
        }))
    }

    /// Stores the document's records in place of earlier ones, which stay and are not
    /// current. Of documents with the same business key, the record of the one that was
    /// taken in later gets a finding and needs review. Returns `None` and stores nothing
    /// where the pages changed since `pages` were loaded, or another run stored records
    /// first.
    pub async fn finish_document(
        &self,
        run: RunId,
        pages: &FinishedPages,
        made_with: NewRecords<'_>,
        records: &mut [Record],
    ) -> anyhow::Result<Option<Recorded>> {
        let document = pages.document;
        let mut tx = self.write().await?;
        if !revisions::close(&mut tx, document, pages.revision).await? {
            return Ok(None);
        }
        let policy = sqlx::query("UPDATE documents SET policy = ? WHERE id = ?");
        let policy = policy.bind(made_with.policy).bind(document);
        policy.execute(&mut *tx).await?;
        for (page, reading) in made_with.chosen {
            choose(&mut tx, document, *page, *reading).await?;
        }
        let corrected = approvals::corrected_before(&mut tx, document).await?;
        let retire =
            sqlx::query("UPDATE records SET current = 0 WHERE document_id = ? AND current = 1");
        retire.bind(document).execute(&mut *tx).await?;
        page_search::insert(&mut tx, document, made_with.entries).await?;
        let mut ids = Vec::with_capacity(records.len());
        let mut downgraded = Vec::new();
        let replaced = replaced::finding(&mut tx, document).await?;
        for (ordinal, record) in records.iter_mut().enumerate() {
            duplicates::flag(&mut tx, document, record).await?;
            for finding in replaced.iter().chain(&corrected) {
                record.flag_for_review(finding.clone());
            }
            let card = suppliers::card(&mut tx, &record.fields).await?;
            compare_with_card(record, card.as_ref(), made_with.second_approval_from);
            ids.push(insert_record(&mut tx, run, document, ordinal, record).await?);
            downgraded.extend(duplicates::flag_later(&mut tx, document, record).await?);
        }
        tx.commit().await?;
        Ok(Some(Recorded { ids, downgraded }))
    }

    /// Retains a document's records where pages could not be read again, with a finding
    /// that says why. Returns the ids of the records; `None` where no record has values.
    pub async fn retain_records(
        &self,
        pages: &FinishedPages,
        failures: &[(u32, &Failure)],
    ) -> anyhow::Result<Option<Vec<i64>>> {
        let document = pages.document;
        let mut tx = self.write().await?;
        let retained = sqlx::query_scalar::<_, i64>(
            "SELECT id FROM records WHERE document_id = ? AND current = 1 AND fields <> '{}' ORDER BY id",
        );
        let retained = retained.bind(document).fetch_all(&mut *tx).await?;
        if retained.is_empty() {
            return Ok(None);
        }
        // The records keep their policy.
        if !revisions::close(&mut tx, document, pages.revision).await? {
            return Ok(Some(Vec::new()));
        }
        for id in &retained {
            let old = sqlx::query("DELETE FROM findings WHERE record_id = ? AND code = ?");
            let old = old.bind(id).bind(FindingCode::NotReadAgain.as_str());
            old.execute(&mut *tx).await?;
        }
        for (page, failure) in failures {
            let message = format!(
                "page {} could not be read again, these are the values read before: {failure}",
                page + 1
            );
            let finding = Finding::new(FindingCode::NotReadAgain, None, message);
            let of_page = sqlx::query_scalar::<_, i64>(
                "SELECT r.id FROM records r JOIN record_pages rp ON rp.record_id = r.id
                 WHERE r.document_id = ? AND r.current = 1 AND rp.page_index = ?",
            );
            let of_page = of_page.bind(document).bind(page);
            for id in of_page.fetch_all(&mut *tx).await? {
                findings::insert(&mut tx, id, &finding).await?;
            }
        }
        tx.commit().await?;
        Ok(Some(retained))
    }
}

/// Flags differences from the supplier's approved bills, and two approvals that are
/// needed; then fills what is empty in a record that a person looks at.
fn compare_with_card(record: &mut Record, card: Option<&SupplierCard>, from: Option<u64>) {
    let differences = card.map(|card| card.differences(record));
    for finding in differences.into_iter().flatten() {
        record.flag_for_review(finding);
    }
    if record.status == Status::Accepted
        && let Some(finding) = second_approval::required(from, record, card)
    {
        record.flag_for_review(finding);
    }
    if let (Some(card), Status::NeedsReview) = (card, record.status) {
        card.fill(record);
    }
}

/// Makes this reading the page's result.
async fn choose(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    page: u32,
    reading: i64,
) -> sqlx::Result<()> {
    let update = sqlx::query(
        "UPDATE pages SET reading_id = r.id, reason = r.reason, message = r.message,
            state = CASE WHEN r.reason IS NULL THEN 'done' ELSE 'failed' END
         FROM readings r WHERE r.id = ? AND r.page_id = pages.id AND pages.document_id = ? AND pages.page_index = ?",
    );
    let update = update.bind(reading).bind(document).bind(page);
    update.execute(&mut **tx).await.map(drop)
}

fn page_result(page: FinishedPageRow, texts: Vec<SourceText>) -> PageResult {
    PageResult {
        index: page.page_index,
        part: page.part,
        routing: page.routing.map(|JsonColumn(routing)| routing),
        reading: reading(
            page.is_failed,
            page.page_reason,
            page.page_message,
            page.reading,
        ),
        words: texts.iter().flat_map(SourceText::layer_words).collect(),
        ocr: texts.iter().flat_map(SourceText::ocr_words).collect(),
        findings: Vec::new(),
    }
}

/// The reading or failure of a page. A page that was given up has a failure without an
/// attempt. The raw text of a failed attempt is kept.
fn reading(
    is_failed: bool,
    reason: Option<NameColumn<Reason>>,
    message: Option<String>,
    of_attempt: ResultColumns,
) -> Result<Option<Reading>, Failure> {
    match reason.filter(|_| is_failed) {
        Some(NameColumn(reason)) => Err(Failure {
            reason,
            message: message.unwrap_or_default(),
            raw_text: of_attempt.into_result().err().and_then(|f| f.raw_text),
            usage: None,
        }),
        None => of_attempt.into_result(),
    }
}

pub(super) async fn insert_record(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    document: DocumentId,
    ordinal: usize,
    record: &Record,
) -> anyhow::Result<i64> {
    let calibrated = record.calibrated.as_ref().map(serde_json::to_string);
    let inserted = sqlx::query_scalar(
        "INSERT INTO records
            (document_id, ordinal, doc_type, status, source, fields, confidence, field_confidence, logprobs,
             type_probability, calibrated, evidence, run_id, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    );
    let id = inserted
        .bind(document)
        .bind(ordinal as i64)
        .bind(&record.doc_type)
        .bind(record.status.as_str())
        .bind(record.source.as_str())
        .bind(serde_json::to_string(&record.fields)?)
        .bind(record.confidence)
        .bind(serde_json::to_string(&record.field_confidence)?)
        .bind(serde_json::to_string(&record.logprobs)?)
        .bind(record.type_probability)
        .bind(calibrated.transpose()?)
        .bind(serde_json::to_string(&record.evidence)?)
        .bind(run)
        .bind(now())
        .fetch_one(&mut **tx)
        .await?;
    for page in &record.pages {
        let insert = sqlx::query(
            "INSERT INTO record_pages (record_id, page_index, reading_id)
             SELECT ?, page_index, reading_id FROM pages WHERE document_id = ? AND page_index = ?",
        );
        let insert = insert.bind(id).bind(document).bind(page);
        insert.execute(&mut **tx).await?;
    }
    for finding in &record.findings {
        findings::insert(tx, id, finding).await?;
    }
    duplicates::insert_keys(tx, id, record).await?;
    facts::insert(tx, id, record).await?;
    Ok(id)
}
