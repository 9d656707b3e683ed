//! What a document confirms, or does not.

use std::collections::BTreeMap;

use super::{Checked, Outcome, Weight};
use crate::domain::{Finding, FindingCode};

impl Checked<'_> {
    pub(super) fn unsettled(
        &self,
        field: &str,
        values: &BTreeMap<String, String>,
    ) -> Option<Outcome> {
        let value = self.fields.get(field)?.as_str()?;
        let finding = values
            .get(value)
            .map(|told| Finding::new(FindingCode::NotCompleted, Some(field), told));
        Some(Outcome {
            name: format!("{field} is settled"),
            // A pending payment's values are no less right.
            fields: Vec::new(),
            finding,
            weight: Weight::Plausible,
        })
    }
}
