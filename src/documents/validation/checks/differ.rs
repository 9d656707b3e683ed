//! Two fields that must not have the same value.

use super::{CheckOutcome, CheckedFields, Weight, comparable};
use crate::domain::{Finding, FindingCode};

impl CheckedFields<'_> {
    /// `None` where a value is absent.
    pub(super) fn differ(&self, a: &str, b: &str) -> Option<CheckOutcome> {
        let of = |field| self.fields.get(field)?.as_str();
        let (value, other) = (of(a)?, of(b)?);
        let is_equal = comparable(value)? == comparable(other)?;
        let finding = is_equal.then(|| {
            let message = format!(
                "{} and {} are both {value}: one of them was misread or is not on the page; compare them with it",
                self.words(a),
                self.words(b),
            );
            Finding::new(FindingCode::EqualParties, Some(b), message)
        });
        Some(CheckOutcome {
            name: format!("{a} is not {b}"),
            fields: vec![a.to_owned(), b.to_owned()],
            finding,
            note: None,
            weight: Weight::Plausible,
        })
    }
}
