//! The same business transaction in another document: a possible duplicate
//! payment.

use sqlx::{Row, Sqlite, Transaction};

use super::{DocumentId, jobs};
use crate::domain::{BusinessKey, Finding, POSSIBLE_DUPLICATE, Record, Severity, Status};

/// Adds a finding where a current record of another document has one of the
/// record's keys. The same document read again is no duplicate of itself.
///
/// Within the transaction that stores the record: of two documents recorded at
/// once, the later one always sees the earlier.
pub(super) async fn tell(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    record: &mut Record,
) -> sqlx::Result<()> {
    for key in &record.keys {
        let found = sqlx::query(
            "SELECT r.id, r.document_id FROM record_keys k JOIN records r ON r.id = k.record_id
             WHERE k.key = ? AND r.current = 1 AND r.document_id <> ? ORDER BY r.id LIMIT 1",
        );
        let found = found.bind(&key.key).bind(document.0);
        let Some(row) = found.fetch_optional(&mut **tx).await? else {
            continue;
        };
        let (other, of_document): (i64, i64) = (row.get(0), row.get(1));
        let paths = jobs::paths(tx, of_document).await?;
        let place = paths
            .first()
            .map(|path| format!(" ({})", path.display()))
            .unwrap_or_default();
        let message = format!(
            "possible duplicate payment: {} are those of record {other}{place}",
            key.words
        );
        let severity = Severity::Warning;
        record
            .findings
            .push(Finding::new(POSSIBLE_DUPLICATE, severity, None, message));
        if record.status == Status::Accepted {
            record.status = Status::NeedsReview;
        }
        // One finding sends it to a person; another key would say the same.
        break;
    }
    Ok(())
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
    let rows = sqlx::query("SELECT key, words FROM record_keys WHERE record_id = ? ORDER BY key");
    let rows = rows.bind(record_id).fetch_all(&mut **tx).await?;
    let key = |row: sqlx::sqlite::SqliteRow| BusinessKey {
        key: row.get(0),
        words: row.get(1),
    };
    Ok(rows.into_iter().map(key).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::*;
    use super::*;
    use crate::domain::{DocumentInfo, MediaType};

    async fn begin(store: &Store) -> RunId {
        let new = NewRun {
            settings: json!({}),
            models: vec![],
            prompts: vec![],
            schemas: vec![],
        };
        store.begin_run(&new).await.unwrap()
    }

    /// Takes a document in, finishes its page and stores a record with `key`.
    async fn record(store: &Store, run: RunId, name: &str, key: &str) -> (DocumentId, Record) {
        let info = DocumentInfo {
            media_type: MediaType::Pdf,
            pages: 1,
            attachments: vec![],
            warnings: vec![],
        };
        let new = NewDocument {
            blake3: name.into(),
            bytes: 1,
            info,
            path: name.into(),
            xml: None,
        };
        let document = store.add_document(run, &new, None).await.unwrap();
        (document, finish(store, run, document, key).await)
    }

    async fn finish(store: &Store, run: RunId, document: DocumentId, key: &str) -> Record {
        let claim = store
            .claim(run, &Wanted::FIRST, Duration::from_secs(60), 10)
            .await
            .unwrap();
        let done = PageCompletion::default();
        store.complete_page(&claim.unwrap(), &done).await.unwrap();
        let pages = store.finished_pages(document).await.unwrap().unwrap();
        let record = json!({"doc_type": "invoice", "pages": [0], "status": "accepted", "fields": {}, "findings": [],
            "confidence": null, "field_confidence": [],
            "keys": [{"key": key, "words": "seller name Nord GmbH and invoice number A-1"}]});
        let mut records = [serde_json::from_value(record).unwrap()];
        let ids = store
            .finish_document(run, document, &pages, &mut records)
            .await;
        let id = ids.unwrap().unwrap()[0];
        let stored = store.record(id).await.unwrap().unwrap().record;
        assert_eq!(stored, records[0], "what is told is what is stored");
        stored
    }

    #[tokio::test]
    async fn the_same_key_in_another_document_is_told_and_in_the_same_document_read_again_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).await.unwrap();
        let run = begin(&store).await;
        let (first, stored) = record(&store, run, "a.pdf", "k").await;
        assert_eq!(
            (stored.status, stored.findings.len()),
            (Status::Accepted, 0)
        );
        store.requeue(first, true, None).await.unwrap();
        let again = finish(&store, run, first, "k").await;
        assert_eq!(again.status, Status::Accepted);
        let (_, other) = record(&store, run, "b.pdf", "other").await;
        assert_eq!(other.status, Status::Accepted);
        let (_, twice) = record(&store, run, "c.pdf", "k").await;
        assert_eq!(twice.status, Status::NeedsReview);
        let expected = "possible duplicate payment: seller name Nord GmbH and invoice number A-1 \
            are those of record 2 (a.pdf)";
        assert_eq!(twice.findings[0].message, expected);
    }
}
