//! Converts one value by its format.

use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::conventions::Conventions;
use crate::documents::values::currency;
use crate::documents::values::date::{self, DateReading};
use crate::documents::values::number::{self, NumberReading, Repair};
use crate::documents::values::quantity;
use crate::domain::FindingCode;

/// The result of converting a value.
pub(super) enum Typed {
    Fine,
    /// In the schema's form, with a note about the conversion.
    Rewritten {
        value: String,
        note: Option<Note>,
    },
    /// In the schema's form under an assumption that a person must check.
    Assumed {
        value: String,
        why: String,
    },
    /// Not converted, with the finding.
    Doubtful(FindingCode, String),
}

/// A note about a conversion.
pub(super) enum Note {
    /// Reported only where the conversion is.
    Reason(String),
    /// Also reported for copies of the page's text, since the copy does not show it.
    Repair(String),
}

/// First plausible year of a document.
const FIRST_YEAR: i16 = 1970;
/// Most plausible years in the future; due dates are nearer.
const YEARS_AHEAD: i16 = 5;

/// Checks an amount in the schema's form whose point may separate thousands.
pub(super) fn check_thousands(text: &str) -> Typed {
    match number::plain(text) {
        Some(value) if number::may_be_thousands(value) => Typed::Doubtful(
            FindingCode::AmbiguousAmount,
            "the point may be for thousands or for decimals".into(),
        ),
        _ => Typed::Fine,
    }
}

pub(super) fn amount(text: &str, conventions: &Conventions) -> Typed {
    match number::parse(text) {
        Ok(reading) => number(&reading, conventions),
        Err(error) => in_exponents(text)
            .unwrap_or_else(|| Typed::Doubtful(FindingCode::NotAnAmount, error.to_string())),
    }
}

/// The number of a quantity with any unit.
pub(super) fn quantity(text: &str, conventions: &Conventions) -> Typed {
    match quantity::parse(text) {
        Ok(quantity) => number(&quantity.number, conventions),
        Err(error) => in_exponents(text)
            .unwrap_or_else(|| Typed::Doubtful(FindingCode::NotAnAmount, error.to_string())),
    }
}

/// `1.5e3`, as JSON may have numbers.
fn in_exponents(text: &str) -> Option<Typed> {
    let is_json =
        text.contains(['e', 'E']) && serde_json::from_str::<serde_json::Number>(text).is_ok();
    let value = Decimal::from_scientific(text).ok().filter(|_| is_json)?;
    Some(rewritten(value.normalize().to_string(), None))
}

fn number(reading: &NumberReading, conventions: &Conventions) -> Typed {
    let note = reading.repair.map(|repair| match repair {
        Repair::Blank => Note::Repair("without the blank beside its sign".into()),
        Repair::SignApart => Note::Repair("with the minus beside it".into()),
    });
    if let Some(value) = reading.only() {
        return rewritten(value.to_string(), note);
    }
    if let Some((value, decision)) = conventions.number(reading) {
        let note = match decision.against {
            0 => Note::Reason(decision.to_string()),
            _ => Note::Repair(decision.to_string()),
        };
        return rewritten(value.to_string(), Some(note));
    }
    let values: Vec<String> = reading.values().map(|value| value.to_string()).collect();
    Typed::Doubtful(
        FindingCode::AmbiguousAmount,
        format!(
            "it may be {}, and nothing else on the page shows which",
            values.join(" or ")
        ),
    )
}

pub(super) fn date(text: &str, conventions: &Conventions, today: Date) -> Typed {
    let reading = match Date::from_str(text.trim()) {
        Ok(date) => return plausible(date, today, rewritten(date.to_string(), None)),
        Err(_) => match date::parse(text, Some(today)) {
            Ok(reading) => reading,
            Err(error) => return Typed::Doubtful(FindingCode::NotADate, error.to_string()),
        },
    };
    if let Some(date) = reading.only() {
        return plausible(date, today, rewritten(date.to_string(), None));
    }
    let decision = &conventions.dates;
    let Some(date) = decision.date(&reading) else {
        let why = format!("it may be {}", days(&reading));
        return Typed::Doubtful(FindingCode::AmbiguousDate, why);
    };
    let typed = match decision.is_shown() {
        true => rewritten(date.to_string(), Some(Note::Repair(decision.to_string()))),
        false => Typed::Assumed {
            value: date.to_string(),
            why: format!(
                "it may be {}; it is stored as {date} ({decision})",
                days(&reading)
            ),
        },
    };
    plausible(date, today, typed)
}

fn days(reading: &DateReading) -> String {
    let days: Vec<String> = reading.dates().map(|date| date.to_string()).collect();
    days.join(" or ")
}

fn plausible(date: Date, today: Date, typed: Typed) -> Typed {
    if date.year() < FIRST_YEAR || date.year() > today.year() + YEARS_AHEAD {
        return Typed::Doubtful(
            FindingCode::ImplausibleDate,
            format!("the year of {date} is unlikely"),
        );
    }
    typed
}

pub(super) fn currency(text: &str, conventions: &Conventions) -> Typed {
    let candidates = match currency::parse(text) {
        Ok(candidates) => candidates,
        Err(error) => return Typed::Doubtful(FindingCode::UnknownCurrency, error.to_string()),
    };
    if let Some(only) = candidates.only() {
        return rewritten(only.code().to_owned(), None);
    }
    if let Some(settled) = conventions.settle(&candidates) {
        let country = conventions.country.as_ref();
        let note =
            country.map(|guess| Note::Repair(format!("the page is of {}", guess.country.name())));
        return rewritten(settled.code().to_owned(), note);
    }
    /// Most that the finding names.
    const MOST: usize = 6;
    let codes: Vec<_> = candidates.all().iter().map(|code| code.code()).collect();
    let more = if codes.len() > MOST {
        " and others"
    } else {
        ""
    };
    let codes = codes[..codes.len().min(MOST)].join(", ");
    Typed::Doubtful(
        FindingCode::AmbiguousCurrency,
        format!(
            "it stands for several currencies ({codes}{more}), and nothing else on the page shows which"
        ),
    )
}

fn rewritten(value: String, note: Option<Note>) -> Typed {
    Typed::Rewritten { value, note }
}
