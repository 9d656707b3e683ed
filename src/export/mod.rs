//! Stored records for other programs: JSONL, CSV with a second file for the
//! lines of lists, invoices as UBL files.

mod csv_format;
mod json_format;
mod ubl;

use crate::store::{Store, StoredRecord};

pub use csv_format::CsvExport;
pub use json_format::line;
pub use ubl::{Ubl, ubl};

/// Records fetched at once: memory stays flat whatever the database holds.
const CHUNK: u32 = 500;

/// Calls `each` with every current record in the order in which they were
/// stored.
pub async fn for_each(
    store: &Store,
    mut each: impl FnMut(&StoredRecord) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let (mut after, mut count) = (0, 0);
    loop {
        let records = store.records_after(after, CHUNK).await?;
        let Some(last) = records.last() else {
            return Ok(count);
        };
        after = last.id;
        count += records.len() as u64;
        for record in &records {
            each(record)?;
        }
    }
}

#[cfg(test)]
fn example() -> StoredRecord {
    use serde_json::json;

    use crate::domain::{Calibrated, Finding, Record, Severity, Source, Status};

    let fields = json!({"merchant_name": "=HYPERLINK(\"x\")", "total": "-4.20", "date": null,
        "items": [{"description": "Tea, \"green\"", "amount": "3.00"}, {"description": null, "amount": "-1.00"}]});
    StoredRecord {
        id: 7,
        document_id: crate::store::DocumentId(3),
        record: Record {
            doc_type: Some("receipt".into()),
            pages: vec![0, 1],
            status: Status::NeedsReview,
            source: Source::Model,
            fields: fields.as_object().unwrap().clone(),
            findings: vec![Finding::new(
                "missing",
                Severity::Warning,
                Some("date"),
                "date was not found",
            )],
            confidence: Some(0.5),
            field_confidence: vec![("total".into(), 0.5)],
            logprobs: vec![],
            type_probability: None,
            calibrated: Some(Calibrated {
                calibration: "c".into(),
                max_error: 0.005,
                threshold: Some(0.97),
                fields: vec![("total".into(), 0.25)],
            }),
        },
        paths: vec!["/in/a.pdf".into(), "/in/copy.pdf".into()],
        blake3: "ab12".into(),
        run_id: 2,
        created_at: 1_735_689_600_000,
        models: vec!["m".into()],
        prompts: vec!["p".into()],
        schemas: vec!["s".into()],
    }
}
