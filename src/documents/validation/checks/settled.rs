//! Whether a payment was made.

use std::collections::BTreeMap;

use super::{CheckOutcome, CheckedFields, Weight};
use crate::domain::{Finding, FindingCode};

impl CheckedFields<'_> {
    pub(super) fn unsettled(
        &self,
        field: &str,
        values: &BTreeMap<String, String>,
    ) -> Option<CheckOutcome> {
        let value = self.fields.get(field)?.as_str()?;
        let finding = values
            .get(value)
            .map(|message| Finding::new(FindingCode::NotCompleted, Some(field), message));
        Some(CheckOutcome {
            name: format!("{field} is settled"),
            // A pending payment does not make other values wrong.
            fields: Vec::new(),
            finding,
            note: None,
            weight: Weight::Plausible,
        })
    }
}
