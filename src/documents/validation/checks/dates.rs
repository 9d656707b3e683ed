//! Checks the order of dates, and that they are not in the future.

use std::str::FromStr;

use jiff::civil::Date;

use super::{CheckOutcome, CheckedFields, Weight};
use crate::domain::{Finding, FindingCode, count};

impl CheckedFields<'_> {
    fn date(&self, path: &str) -> Option<Date> {
        Date::from_str(self.fields.get(path)?.as_str()?).ok()
    }

    pub(super) fn order(
        &self,
        earlier: &str,
        later: &str,
        within_days: Option<u32>,
    ) -> Option<CheckOutcome> {
        let (first, second) = (self.date(earlier)?, self.date(later)?);
        let days = days_between(first, second);
        let (early_words, late_words) = (self.words(earlier), self.words(later));
        let message = if days < 0 {
            Some(format!(
                "the {late_words} {second} is before the {early_words} {first}"
            ))
        } else if within_days.is_some_and(|within| days > i64::from(within)) {
            Some(format!(
                "the {late_words} {second} is {} after the {early_words} {first}",
                count(days as u64, "day")
            ))
        } else {
            None
        };
        let finding =
            message.map(|message| Finding::new(FindingCode::DateOrder, Some(later), message));
        Some(CheckOutcome {
            name: format!("{earlier} before {later}"),
            fields: vec![earlier.to_owned(), later.to_owned()],
            finding,
            note: None,
            weight: Weight::Plausible,
        })
    }

    pub(super) fn not_ahead(&self, path: &str, days_ahead: u32) -> Option<CheckOutcome> {
        let date = self.date(path)?;
        let days = days_between(self.today, date);
        let finding = (days > i64::from(days_ahead)).then(|| {
            let message = format!(
                "the {} {date} is {} in the future",
                self.words(path),
                count(days as u64, "day")
            );
            Finding::new(FindingCode::DateAhead, Some(path), message)
        });
        Some(CheckOutcome {
            name: format!("{path} not ahead"),
            fields: vec![path.to_owned()],
            finding,
            note: None,
            weight: Weight::Plausible,
        })
    }
}

/// Days from `first` to `second`; negative when it comes before.
fn days_between(first: Date, second: Date) -> i64 {
    first.duration_until(second).as_hours() / 24
}
