//! Possible duplicates: records of other documents with the same business key.

use sqlx::{Sqlite, Transaction};

use super::columns::DocumentId;
use super::{captures, findings, sources};
use crate::domain::{BusinessKey, Capture, Finding, FindingCode, Record, Verdict, judge};

/// A current record with one of a record's keys, of a document that was taken in
/// earlier or of an earlier part of the same document.
pub(super) struct Earlier {
    pub record: i64,
    document: DocumentId,
    /// What the two have in common, in words.
    words: String,
    differences: Vec<String>,
}

/// Adds a finding where there is an [`Earlier`] record. With [`flag_later`], which of
/// two records gets the finding does not depend on the order in which they were made.
/// At most one finding is added.
pub(super) async fn flag(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    record: &mut Record,
) -> sqlx::Result<()> {
    if let Some(found) = earlier(tx, document, record).await? {
        let same = Same {
            words: &found.words,
            differences: &found.differences,
        };
        let other = match found.document == document {
            true => page_of_same_file(tx, found.record).await?,
            false => other_document(tx, found.document, document).await?,
        };
        record.flag_for_review(finding(&same, &other));
    }
    Ok(())
}

/// The first [`Earlier`] record that may be of the same document.
pub(super) async fn earlier(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    record: &Record,
) -> sqlx::Result<Option<Earlier>> {
    let own = captures::capture(tx, document, &record.pages, &record.fields);
    let own = own.await?.0;
    for key in &record.keys {
        let found = sqlx::query_as::<_, (i64, DocumentId)>(
            "SELECT r.id, r.document_id FROM record_keys k JOIN records r ON r.id = k.record_id
             WHERE k.key = ?1 AND r.current = 1 AND (r.document_id < ?2 OR r.document_id = ?2 AND EXISTS
                (SELECT 1 FROM record_pages rp JOIN pages p USING (page_index)
                 WHERE rp.record_id = r.id AND p.document_id = ?2
                    AND p.part < (SELECT part FROM pages WHERE document_id = ?2 AND page_index = ?3)))
             ORDER BY r.document_id",
        );
        let found = found.bind(&key.key).bind(document);
        let found = found.bind(record.pages.first().copied());
        for (record, of) in found.fetch_all(&mut **tx).await? {
            let pair = (&own, document);
            if let Some(differences) = differences(tx, pair, (record, of)).await? {
                return Ok(Some(Earlier {
                    record,
                    document: of,
                    words: key.words.clone(),
                    differences,
                }));
            }
        }
    }
    Ok(None)
}

/// The differences, in words, between a record and a stored one with the same business
/// key; `None`: they are of different documents.
async fn differences(
    tx: &mut Transaction<'_, Sqlite>,
    (own, document): (&Capture, DocumentId),
    (record, of): (i64, DocumentId),
) -> sqlx::Result<Option<Vec<String>>> {
    if captures::is_rejected_pair(tx, document, of).await? {
        return Ok(None);
    }
    let other = captures::of_record(tx, record).await?;
    let judgement = judge(own, &other);
    Ok((judgement.verdict != Verdict::Sibling).then_some(judgement.differences))
}

/// What two records have in common, and how they differ.
struct Same<'a> {
    words: &'a str,
    differences: &'a [String],
}

/// Flags the records with the same key of documents that were taken in later but
/// recorded earlier. Returns the records that are no longer accepted.
pub(super) async fn flag_later(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    record: &Record,
) -> sqlx::Result<Vec<i64>> {
    let mut downgraded = Vec::new();
    let own = captures::capture(tx, document, &record.pages, &record.fields);
    let own = own.await?.0;
    for key in &record.keys {
        let later = sqlx::query_as::<_, (i64, DocumentId)>(
            "SELECT r.id, r.document_id FROM record_keys k JOIN records r ON r.id = k.record_id
             WHERE k.key = ? AND r.current = 1 AND r.document_id > ? AND NOT EXISTS
                (SELECT 1 FROM findings f WHERE f.record_id = r.id AND f.code = ?) ORDER BY r.id",
        );
        let later = later.bind(&key.key).bind(document);
        let later = later.bind(FindingCode::PossibleDuplicate.as_str());
        for (id, of) in later.fetch_all(&mut **tx).await? {
            let Some(differences) = differences(tx, (&own, document), (id, of)).await? else {
                continue;
            };
            let same = Same {
                words: &key.words,
                differences: &differences,
            };
            let finding = finding(&same, &other_document(tx, document, of).await?);
            if findings::flag_for_review(tx, id, &finding).await? {
                downgraded.push(id);
            }
        }
    }
    Ok(downgraded)
}

/// Names the other document by its path, since its records may be made again. A file
/// that was overwritten, perhaps after its export, has the same path for both.
async fn other_document(
    tx: &mut Transaction<'_, Sqlite>,
    other: DocumentId,
    document: DocumentId,
) -> sqlx::Result<String> {
    let own = sources::paths(tx, document).await?;
    Ok(match sources::paths(tx, other).await?.first() {
        Some(path) if own.contains(path) => {
            let blake3 = sqlx::query_scalar("SELECT blake3 FROM documents WHERE id = ?");
            let blake3: String = blake3.bind(other).fetch_one(&mut **tx).await?;
            let document = blake3.get(..12).unwrap_or(&blake3);
            format!("other content of {} (document {document})", path.display())
        }
        Some(path) => path.display().to_string(),
        None => "another document".to_owned(),
    })
}

/// Names another document of the same portfolio by its first page.
async fn page_of_same_file(tx: &mut Transaction<'_, Sqlite>, record: i64) -> sqlx::Result<String> {
    let page = sqlx::query_scalar("SELECT min(page_index) FROM record_pages WHERE record_id = ?");
    let page: u32 = page.bind(record).fetch_one(&mut **tx).await?;
    Ok(format!("page {} of the same file", page + 1))
}

fn finding(same: &Same<'_>, other: &str) -> Finding {
    let words = same.words;
    let mut message = format!("possible duplicate payment: {words} are those of {other}");
    if !same.differences.is_empty() {
        message.push_str(&format!("; what differs: {}", same.differences.join("; ")));
    }
    Finding::new(FindingCode::PossibleDuplicate, None, message)
}

pub(super) async fn insert_keys(
    tx: &mut Transaction<'_, Sqlite>,
    record_id: i64,
    record: &Record,
) -> sqlx::Result<()> {
    for key in &record.keys {
        let insert = sqlx::query(
            "INSERT OR IGNORE INTO record_keys (record_id, key, words) VALUES (?, ?, ?)",
        );
        insert
            .bind(record_id)
            .bind(&key.key)
            .bind(&key.words)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

pub(super) async fn keys(
    tx: &mut Transaction<'_, Sqlite>,
    record_id: i64,
) -> sqlx::Result<Vec<BusinessKey>> {
    let rows =
        sqlx::query_as("SELECT key, words FROM record_keys WHERE record_id = ? ORDER BY key");
    let rows = rows.bind(record_id).fetch_all(&mut **tx).await?;
    let key = |(key, words)| BusinessKey { key, words };
    Ok(rows.into_iter().map(key).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::test_data::{self, begin};
    use super::super::tests::MADE_WITH;
    use super::super::*;
    use super::*;
    use crate::domain::{self, Status};

    /// Takes a document in, finishes its page and stores a record with `key`.
    async fn record(store: &Store, run: RunId, name: &str, key: &str) -> (DocumentId, Record) {
        let document = add(store, run, name).await;
        (document, finish(store, run, document, key).await)
    }

    async fn add(store: &Store, run: RunId, name: &str) -> DocumentId {
        add_at(store, run, name, name).await
    }

    async fn add_at(store: &Store, run: RunId, name: &str, path: &str) -> DocumentId {
        let new = test_data::document(name, path, 1);
        store.add_document(run, &new, None).await.unwrap()
    }

    async fn finish(store: &Store, run: RunId, document: DocumentId, key: &str) -> Record {
        read(store, run).await;
        store_record(store, run, document, key).await.0
    }

    async fn read(store: &Store, run: RunId) {
        let claim = store
            .claim(run, &WantedPages::FIRST, Duration::from_secs(60), 10)
            .await
            .unwrap();
        let done = PageCompletion::default();
        store.complete_page(&claim.unwrap(), &done).await.unwrap();
    }

    /// With the records of other documents that were downgraded.
    async fn store_record(
        store: &Store,
        run: RunId,
        document: DocumentId,
        key: &str,
    ) -> (Record, Vec<i64>) {
        let pages = store.finished_pages(document).await.unwrap().unwrap();
        let mut records = [Record {
            keys: vec![BusinessKey {
                key: key.to_owned(),
                words: "seller name Nord GmbH and invoice number A-1".into(),
            }],
            ..domain::test_data::record("invoice", json!({}))
        }];
        let recorded = store
            .finish_document(run, &pages, MADE_WITH, &mut records)
            .await;
        let recorded = recorded.unwrap().unwrap();
        let stored = store.record(recorded.ids[0]).await.unwrap().unwrap().record;
        assert_eq!(
            stored, records[0],
            "the record handed over is the one stored"
        );
        (stored, recorded.downgraded)
    }

    #[tokio::test]
    async fn the_same_key_is_a_finding_in_another_document_and_not_in_the_same_one_read_again() {
        let (_dir, store, run) = test_data::store().await;
        let (first, stored) = record(&store, run, "a.pdf", "k").await;
        assert_eq!(
            (stored.status, stored.findings.len()),
            (Status::Accepted, 0)
        );
        store
            .requeue(RunId(0), first, true, None, &|_| true)
            .await
            .unwrap();
        let again = finish(&store, run, first, "k").await;
        assert_eq!(again.status, Status::Accepted);
        let (_, other) = record(&store, run, "b.pdf", "other").await;
        assert_eq!(other.status, Status::Accepted);
        let (_, twice) = record(&store, run, "c.pdf", "k").await;
        assert_eq!(twice.status, Status::NeedsReview);
        let expected = "possible duplicate payment: seller name Nord GmbH and invoice number A-1 \
            are those of a.pdf";
        assert_eq!(twice.findings[0].message, expected);
        store
            .requeue(RunId(0), first, true, None, &|_| true)
            .await
            .unwrap();
        let again = finish(&store, run, first, "k").await;
        assert_eq!((again.status, again.findings.len()), (Status::Accepted, 0));
    }

    #[tokio::test]
    async fn records_of_replaced_content_are_flagged_until_the_content_is_back() {
        let (_dir, store, run) = test_data::store().await;
        let (first, stored) = record(&store, run, "a.pdf", "k").await;
        assert_eq!(stored.status, Status::Accepted);
        let run = begin(&store).await;
        let second = add_at(&store, run, "corrected", "a.pdf").await;
        let corrected = finish(&store, run, second, "k").await;
        // What was booked by the first would be booked again by the second.
        assert_eq!(corrected.status, Status::NeedsReview);
        let message = &corrected.findings[0].message;
        assert!(
            message.ends_with("are those of other content of a.pdf (document a.pdf)"),
            "{message}"
        );
        let codes = async |document: DocumentId| -> Vec<String> {
            let sql = "SELECT r.status || coalesce(f.code, '') FROM records r
                LEFT JOIN findings f ON f.record_id = r.id WHERE r.document_id = ? AND r.current = 1";
            let codes = sqlx::query_scalar(sql).bind(document.0);
            codes.fetch_all(&store.pool).await.unwrap()
        };
        assert_eq!(codes(first).await, ["needs_reviewreplaced"]);
        // A file there that cannot be read changes nothing.
        let broken = crate::domain::Failure::new(crate::domain::Reason::EmptyFile, "empty");
        store
            .add_source(begin(&store).await, "a.pdf".as_ref(), None, Some(&broken))
            .await
            .unwrap();
        assert!(
            codes(second)
                .await
                .contains(&"needs_reviewreplaced".to_owned())
        );
        // Another copy of the first content is one to book again.
        let run = begin(&store).await;
        store
            .add_source(run, "b.pdf".as_ref(), Some(first), None)
            .await
            .unwrap();
        store_record(&store, run, first, "other").await;
        assert_eq!(codes(first).await, ["accepted"]);
    }

    #[tokio::test]
    async fn the_document_taken_in_later_gets_the_finding_even_if_recorded_first() {
        let (_dir, store, run) = test_data::store().await;
        let (first, second) = (
            add(&store, run, "a.pdf").await,
            add(&store, run, "b.pdf").await,
        );
        read(&store, run).await;
        read(&store, run).await;
        let (alone, _) = store_record(&store, run, second, "k").await;
        assert_eq!(alone.status, Status::Accepted);
        let (record, downgraded) = store_record(&store, run, first, "k").await;
        assert_eq!(
            (record.status, record.findings.len()),
            (Status::Accepted, 0)
        );
        let later = store.records_of(second).await.unwrap().remove(0);
        assert_eq!(downgraded, [later.id]);
        assert_eq!(later.record.status, Status::NeedsReview);
        assert!(later.record.findings[0].message.ends_with("of a.pdf"));
    }
}
