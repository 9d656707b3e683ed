//! Records that are made straight in the database, as runs leave them.

use std::path::Path;

use docmill::domain::{Facts, Record, SupplierId, folded};
use docmill::store::Store;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// One document of one page with one record.
pub struct Row {
    pub id: i64,
    pub record: Record,
    /// Words of the page, with their boxes.
    pub words: Vec<(String, [f32; 4])>,
}

impl Row {
    /// An invoice of one line that needs review: its total is not the sum, and the
    /// number was read with doubts.
    pub fn invoice(id: i64, seller: &str, net: &str, gross: &str) -> Row {
        let on_page = |field: &str, text: &str, top: f32| {
            json!({"field": field, "class": "text_layer", "page": 0, "text": text,
                "bbox": [0.6, top, 0.7, top + 0.02]})
        };
        let mut gross_evidence = on_page("gross_total", gross, 0.7);
        gross_evidence["contradicted_by"] = json!(["sum_mismatch"]);
        let finding = |code: &str, field: &str, message: &str| json!({"code": code, "severity": "warning", "field": field, "message": message});
        let number = format!("R-{id}");
        let record = json!({
            "doc_type": "invoice", "pages": [0], "status": "needs_review", "source": "model",
            "fields": {
                "invoice_number": number, "issue_date": "2026-03-02", "due_date": null, "currency": "EUR",
                "seller_name": seller, "seller_vat_id": null, "buyer_name": null, "buyer_vat_id": null,
                "line_items": [
                    {"description": "Paper", "quantity": "2", "unit_price": "5.00", "line_total": "10.00"},
                ],
                "net_total": net, "tax_total": "1.90", "gross_total": gross, "iban": null, "bic": null,
                "payment_reference": null,
            },
            "findings": [
                finding("sum_mismatch", "gross_total", "net and tax do not add up to the gross total"),
                finding("low_confidence", "invoice_number", "invoice_number is right with probability 0.41"),
            ],
            "confidence": 0.41, "field_confidence": [["invoice_number", 0.41]],
            "evidence": [
                on_page("invoice_number", &number, 0.1),
                on_page("issue_date", "02.03.2026", 0.13),
                on_page("seller_name", seller, 0.05),
                on_page("net_total", net, 0.6),
                on_page("tax_total", "1.90", 0.65),
                gross_evidence,
            ],
            "keys": [],
        });
        let words = [(seller, 0.05), (&number, 0.1), ("11,90", 0.7)];
        Row {
            id,
            record: serde_json::from_value(record).unwrap(),
            words: words
                .map(|(text, top)| (text.to_owned(), [0.6, top, 0.7, top + 0.02]))
                .into(),
        }
    }
}

/// Makes the database, or adds to it.
pub fn fill(db: &Path, rows: &[Row]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        Store::open(db).await.unwrap().close().await;
        let options = SqliteConnectOptions::new().filename(db).foreign_keys(true);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        insert(&pool, rows).await.unwrap();
        pool.close().await;
    });
}

async fn insert(pool: &SqlitePool, rows: &[Row]) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("INSERT OR IGNORE INTO runs (id, started_at, pid, process_start, boot_id, version, settings) VALUES (1, 0, 0, 0, '', '', '{}')")
        .execute(&mut *tx).await?;
    for Row { id, record, words } in rows {
        sqlx::query("INSERT INTO documents (id, blake3, bytes, media_type, pages, attachments, warnings, added_at, run_id, state) VALUES (?1, ?2, 1, 'image/png', 1, '[]', '[]', 0, 1, 'recorded')")
            .bind(id).bind(format!("{id:064x}")).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO sources (path, path_text, document_id, run_id, seen_at) VALUES (CAST(?1 AS BLOB), ?1, ?2, 1, 0)")
            .bind(format!("/in/{id}.png")).bind(id).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO pages (id, document_id, page_index, part, state, doc_type) VALUES (?1, ?1, 0, 0, 'done', ?2)")
            .bind(id).bind(&record.doc_type).execute(&mut *tx).await?;
        let words: Vec<Value> = words
            .iter()
            .map(|(text, bbox)| json!({"text": text, "bbox": bbox}))
            .collect();
        sqlx::query("INSERT INTO page_text (page_id, source, words) VALUES (?, 'text_layer', ?)")
            .bind(id)
            .bind(json!(words).to_string())
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO records (id, document_id, ordinal, doc_type, status, source, fields, confidence, field_confidence, logprobs, evidence, run_id, created_at) VALUES (?1, ?1, 0, ?2, ?3, 'model', ?4, ?5, ?6, '[]', ?7, 1, 0)")
            .bind(id).bind(&record.doc_type).bind(record.status.as_str())
            .bind(json!(record.fields).to_string()).bind(record.confidence)
            .bind(json!(record.field_confidence).to_string()).bind(json!(record.evidence).to_string())
            .execute(&mut *tx).await?;
        sqlx::query("INSERT INTO record_pages (record_id, page_index) VALUES (?, 0)")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        for finding in &record.findings {
            sqlx::query("INSERT INTO findings (record_id, code, severity, field, message) VALUES (?, ?, ?, ?, ?)")
                .bind(id).bind(finding.code.as_str()).bind(finding.severity.as_str())
                .bind(&finding.field).bind(&finding.message).execute(&mut *tx).await?;
        }
        for key in &record.keys {
            sqlx::query("INSERT INTO record_keys (record_id, key, words) VALUES (?, ?, ?)")
                .bind(id)
                .bind(&key.key)
                .bind(&key.words)
                .execute(&mut *tx)
                .await?;
        }
        let facts = Facts::of(&record.fields);
        let supplier = SupplierId::of(&record.fields).unwrap_or_default();
        sqlx::query("INSERT INTO record_facts (record_id, party, day, total_units, currency, number, vat_id, iban) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(id).bind(facts.party.as_deref().map(folded)).bind(&facts.date)
            .bind(facts.total_units()).bind(&facts.currency).bind(&facts.number)
            .bind(supplier.vat_id).bind(supplier.iban)
            .execute(&mut *tx).await?;
    }
    tx.commit().await
}
