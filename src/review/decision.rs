//! What a person decides about a record without approving it: one way for the
//! command line and the review page.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::store::NewDecision;

/// Days after which a postponed record comes back, unless a date is given.
pub const POSTPONED_DAYS: i32 = 7;

/// To postpone a record until a day; the error says why it cannot be that one.
pub fn postpone(until: Option<Date>, today: Date) -> Result<NewDecision, String> {
    let until = match until {
        Some(until) => until,
        None => today.saturating_add(POSTPONED_DAYS.days()),
    };
    match until > today {
        true => Ok(NewDecision::Postpone(until)),
        false => Err(format!("{until} has come: give a day after {today}")),
    }
}

/// What becomes of the record: the end of a sentence that begins with it.
pub fn in_words(decision: NewDecision) -> String {
    match decision {
        NewDecision::Reject => "is rejected".to_owned(),
        NewDecision::NotABill => "is not a bill".to_owned(),
        NewDecision::Postpone(until) => format!("is postponed until {until}"),
        NewDecision::Reopen => "needs review again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_postponed_to_a_later_day() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let today = day("2026-12-28");
        let postponed = |until| postpone(until, today);
        let next = Ok(NewDecision::Postpone(day("2027-01-04")));
        assert_eq!(postponed(None), next);
        let tomorrow = day("2026-12-29");
        assert_eq!(
            postponed(Some(tomorrow)),
            Ok(NewDecision::Postpone(tomorrow))
        );
        assert!(postponed(Some(today)).unwrap_err().contains("has come"));
    }
}
