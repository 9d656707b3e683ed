//! Corrections that hold for other waiting records of the supplier, for the command line
//! and the review page.

use serde_json::Value;

use super::correction::{self, Edits};
use crate::documents::types::DocTypes;
use crate::domain::{FieldPath, scalar_text};
use crate::store::{ChangeRow, FieldChange, Store, StoredRecord};

/// Fields whose value is the same on all documents of a supplier.
pub const OF_SUPPLIER: [&str; 7] = [
    "seller_name",
    "seller_vat_id",
    "currency",
    "iban",
    "bic",
    "buyer_name",
    "buyer_vat_id",
];

/// By what other records are corrected.
pub struct CorrectionRules<'a> {
    pub types: &'a DocTypes,
    /// The setting `acceptance.min_confidence`, 0 to 1.
    pub min_confidence: f32,
    /// The setting `review.second_approval_from`.
    pub second_approval_from: Option<u64>,
}

/// A correction by which a record was made, of a field of its supplier.
pub struct SharedCorrection {
    /// The record with the correction.
    made: i64,
    /// The record that it was made in.
    before: StoredRecord,
    pub change: FieldChange,
}

/// What became of the other records.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CorrectedToo {
    /// Numbers of the records with the correction.
    pub made: Vec<i64>,
    /// Numbers of records that stay as they are: somebody has them open, or they were
    /// replaced meanwhile.
    pub open: Vec<i64>,
}

/// The corrections of fields of the supplier by which the record was made, the last one of
/// each field.
pub async fn shared_corrections(
    store: &Store,
    made: &StoredRecord,
) -> anyhow::Result<Vec<SharedCorrection>> {
    let history = store.changes(made.document_id).await?;
    let of_record = history.iter().filter(|row| row.made_record_id == made.id);
    let mut found = Vec::new();
    for field in OF_SUPPLIER {
        let is_it = |row: &&ChangeRow| row.field.as_deref() == Some(field);
        let Some(row) = of_record.clone().rfind(is_it) else {
            continue;
        };
        // Without it the supplier before the correction is not known.
        let Some(before) = store.any_record(row.record_id).await? else {
            continue;
        };
        let value = |json: &Option<String>| -> Value {
            let text = json.as_deref().unwrap_or("null");
            serde_json::from_str(text).unwrap_or_default()
        };
        let change = FieldChange {
            field: field.to_owned(),
            before: value(&row.before),
            after: value(&row.after),
        };
        if change.before != change.after {
            found.push(SharedCorrection {
                made: made.id,
                before,
                change,
            });
        }
    }
    Ok(found)
}

impl SharedCorrection {
    /// Waiting records of the supplier, before or after the correction, that have the value
    /// before it.
    pub async fn records(&self, store: &Store) -> anyhow::Result<Vec<i64>> {
        let (old, change) = (&self.before.record.fields, &self.change);
        let mut new = old.clone();
        if let Some(value) = FieldPath::parse(&change.field).value_at_mut(&mut new) {
            *value = change.after.clone();
        }
        let mut ids = store
            .waiting_of_supplier([old, &new], &change.field, &change.before)
            .await?;
        ids.retain(|id| *id != self.made);
        Ok(ids)
    }

    /// Makes the correction in the other records too; none is approved by it. `session`: its
    /// own locks do not hold it up.
    pub async fn apply(
        &self,
        store: &Store,
        rules: &CorrectionRules<'_>,
        by: &str,
        session: &str,
    ) -> anyhow::Result<CorrectedToo> {
        let locks = store.review_locks(session).await?;
        let mut corrected = CorrectedToo::default();
        for id in self.records(store).await? {
            let is_open = locks.iter().any(|lock| lock.record_id == id);
            let made = match is_open {
                true => None,
                false => self.apply_to(store, rules, by, id).await?,
            };
            match made {
                Some(made) => corrected.made.push(made),
                None => corrected.open.push(id),
            }
        }
        Ok(corrected)
    }

    /// `None`: the record was replaced meanwhile.
    async fn apply_to(
        &self,
        store: &Store,
        rules: &CorrectionRules<'_>,
        by: &str,
        id: i64,
    ) -> anyhow::Result<Option<i64>> {
        let Some(stored) = store.record(id).await? else {
            return Ok(None);
        };
        let doc_type = correction::type_of(rules.types, &stored.record)?;
        let value = scalar_text(&self.change.after).unwrap_or_default();
        let edits = Edits {
            values: vec![(self.change.field.clone(), value)],
            ..Edits::default()
        };
        let today = jiff::Zoned::now().date();
        let least = rules.min_confidence;
        let mut corrected = correction::apply(doc_type, &stored.record, &edits, today, least)?;
        let reason = format!("as in record {}", self.made);
        let from = rules.second_approval_from;
        corrected
            .store(store, &stored, false, (by, &reason), from)
            .await
    }
}
