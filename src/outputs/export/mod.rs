//! Stored records for other programs: JSON lines, CSV with a second file for
//! the lines of lists, invoices as UBL files.

mod csv_format;
mod csv_style;
mod json_format;
mod ubl;

use serde_json::Value;

use crate::documents::einvoice;
use crate::domain::{EInvoice, FieldPath, Fields, Finding, FindingCode, Status, XmlFile};
use crate::store::{Store, StoredAnswer, StoredRecord};

pub use csv_format::CsvExport;
pub use csv_style::{CellSeparator, CsvStyle, FORMULA_SIGNS};
pub use json_format::{RecordLine, line};
pub use ubl::{UblResult, ubl, ubl_file_name};

/// Records fetched at once: memory stays flat whatever the database holds.
const CHUNK: u32 = 500;

/// A record as it is exported.
#[derive(Clone)]
pub struct Exported {
    /// Values that do not have the format of their field are null; their findings
    /// quote them.
    pub stored: StoredRecord,
    /// Amount due for payment (BT-115) of an e-invoice, a decimal string, if it
    /// is not the gross total.
    pub amount_due: Option<String>,
    /// To the questions that `docmill ask --column` asked.
    pub answers: Vec<StoredAnswer>,
}

impl Exported {
    pub async fn of(store: &Store, mut stored: StoredRecord) -> anyhow::Result<Exported> {
        let mut findings = stored.record.findings.iter();
        let invoice = match findings.any(|finding| finding.code == FindingCode::AmountDue) {
            true => stated_invoice(store, &stored).await?,
            false => None,
        };
        let fields = invoice.map(|invoice| einvoice::fields(&invoice));
        let due = fields
            .as_ref()
            .and_then(|fields| fields["amount_due"].as_str());
        clear_ambiguous(&mut stored.record.fields, &stored.record.findings);
        let answers = match stored.record.pages.first() {
            Some(first) => store.answers(stored.document_id, *first).await?,
            None => Vec::new(),
        };
        Ok(Exported {
            answers,
            amount_due: due.map(str::to_owned),
            stored,
        })
    }
}

/// The e-invoice of the record's pages.
async fn einvoice_of(store: &Store, stored: &StoredRecord) -> anyhow::Result<Option<XmlFile>> {
    match stored.record.pages.first() {
        Some(page) => store.einvoice(stored.document_id, *page).await,
        None => Ok(None),
    }
}

/// As [`einvoice_of`], parsed.
pub async fn stated_invoice(
    store: &Store,
    stored: &StoredRecord,
) -> anyhow::Result<Option<EInvoice>> {
    let file = einvoice_of(store, stored).await?;
    // It was parsed without an error when the record was made.
    Ok(file.and_then(|file| einvoice::parse(&file.bytes).ok()))
}

/// Sets ambiguous values to null: a program that imports `1.234` takes it for a
/// number.
fn clear_ambiguous(fields: &mut Fields, findings: &[Finding]) {
    let not_in_form = |finding: &&Finding| finding.code.is_not_in_form();
    for finding in findings.iter().filter(not_in_form) {
        let path = finding.field.as_deref().unwrap_or_default();
        if let Some(value) = FieldPath::parse(path).value_at_mut(fields) {
            *value = Value::Null;
        }
    }
}

/// Calls `each` with every current record that has one of these statuses (empty:
/// with all) in the order in which they were stored. Returns their number.
pub async fn for_each(
    store: &Store,
    statuses: &[Status],
    mut each: impl FnMut(Exported) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let (mut after, mut count) = (0, 0);
    loop {
        let records = store.records_after(after, CHUNK).await?;
        let Some(last) = records.last() else {
            return Ok(count);
        };
        after = last.id;
        for stored in records {
            if statuses.is_empty() || statuses.contains(&stored.record.status) {
                count += 1;
                each(Exported::of(store, stored).await?)?;
            }
        }
    }
}

#[cfg(test)]
fn example() -> Exported {
    use serde_json::json;

    use crate::domain::{Calibrated, EvidenceClass, FieldEvidence, Finding, Record, Source};

    let fields = json!({"merchant_name": "=HYPERLINK(\"x\")", "total": "-4.20", "date": null,
        "items": [{"description": "Tea, \"green\"", "amount": "3.00"}, {"description": null, "amount": "-1.00"}]});
    let stored = StoredRecord {
        id: 7,
        document_id: crate::store::DocumentId(3),
        record: Record {
            doc_type: Some("receipt".into()),
            pages: vec![0, 1],
            status: Status::NeedsReview,
            source: Source::Model,
            fields: fields.as_object().unwrap().clone(),
            findings: vec![Finding::new(
                FindingCode::Missing,
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
            evidence: vec![
                FieldEvidence::model_only("merchant_name"),
                FieldEvidence {
                    class: EvidenceClass::TextLayer,
                    page: Some(1),
                    bbox: Some([0.5, 0.25, 0.75, 0.5]),
                    text: Some("4.20-".into()),
                    ..FieldEvidence::model_only("total")
                },
            ],
            keys: Vec::new(),
        },
        paths: vec!["/in/a.pdf".into(), "/in/copy.pdf".into()],
        blake3: "ab12".into(),
        run_id: 2,
        created_at: 1_735_689_600_000,
        models: vec!["m".into()],
        prompts: vec!["p".into()],
        schemas: vec!["s".into()],
    };
    Exported {
        stored,
        amount_due: Some("-2.20".into()),
        answers: vec![StoredAnswer {
            name: "terms".into(),
            question: "payment terms?".into(),
            model: "m".into(),
            answer: json!("30 days"),
            page: 0,
            place: Some([0.1, 0.2, 0.3, 0.25]),
            probability: Some(0.75),
        }],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_that_is_not_an_amount_or_date_is_not_exported_as_one() {
        let fields = json!({"total": "1.234", "date": "2025-02-30", "tax": "0.20",
            "items": [{"amount": "3.00"}, {"amount": "l.00"}]});
        let mut fields = fields.as_object().unwrap().clone();
        let finding = |code, field| Finding::new(code, Some(field), "");
        let findings = [
            finding(FindingCode::AmbiguousAmount, "total"),
            finding(FindingCode::NotADate, "date"),
            finding(FindingCode::NotAnAmount, "items[1].amount"),
            finding(FindingCode::NotAnAmount, "items[9].amount"),
            finding(FindingCode::SumMismatch, "tax"),
        ];
        clear_ambiguous(&mut fields, &findings);
        let expected = json!({"total": null, "date": null, "tax": "0.20",
            "items": [{"amount": "3.00"}, {"amount": null}]});
        assert_eq!(Value::Object(fields), expected);
    }
}
