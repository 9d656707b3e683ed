//! What a person decides about a record without approving it: one way for the
//! command line and the review page.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::store::NewDecision;

/// Days after which a postponed record comes back, unless a date is given.
pub const POSTPONED_DAYS: i32 = 7;

/// A decision as it is given on the command line (`not-a-bill`) and by the page
/// (`not_a_bill`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = DecisionChoice)]
pub enum Choice {
    /// It is not paid or booked
    Reject,
    /// There is nothing to book: a letter, an advertisement
    NotABill,
    /// It comes back to the queue on a day
    Postpone,
    /// It needs review again
    Reopen,
}

impl Choice {
    /// `until`: the day on which a postponed record comes back. The error says what is
    /// wrong with it.
    pub fn on(self, until: Option<Date>, today: Date) -> Result<NewDecision, String> {
        match (self, until) {
            (Choice::Postpone, until) => postpone(until, today),
            (_, Some(_)) => Err("a day (until) belongs to `postpone`".to_owned()),
            (Choice::Reject, None) => Ok(NewDecision::Reject),
            (Choice::NotABill, None) => Ok(NewDecision::NotABill),
            (Choice::Reopen, None) => Ok(NewDecision::Reopen),
        }
    }
}

fn postpone(until: Option<Date>, today: Date) -> Result<NewDecision, String> {
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
        let postponed = |until| Choice::Postpone.on(until, today);
        let next = Ok(NewDecision::Postpone(day("2027-01-04")));
        assert_eq!(postponed(None), next);
        let tomorrow = day("2026-12-29");
        assert_eq!(
            postponed(Some(tomorrow)),
            Ok(NewDecision::Postpone(tomorrow))
        );
        assert!(postponed(Some(today)).unwrap_err().contains("has come"));
        let rejected = Choice::Reject.on(Some(tomorrow), today);
        assert!(rejected.unwrap_err().contains("belongs to `postpone`"));
    }
}
