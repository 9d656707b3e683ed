//! Decides the order of day and month in a document from all of its dates, its currency and
//! its country.

use std::fmt;

use iso_country::Country;
use iso_currency::Currency;
use jiff::civil::Date;

use super::types::{By, DateReading, Order};

/// An order with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateDecision {
    pub order: Order,
    pub reason: OrderReason,
    pub country: Option<Country>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderReason {
    /// This date of the document has only one possible order.
    Date(Date),
    /// The document has this day in another form too.
    Repeated(Date),
    Country(Country),
    Currency(Currency),
    /// No evidence: the day comes first in most countries.
    Assumed,
}

impl fmt::Display for OrderReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrderReason::Date(date) => {
                write!(f, "the document has a date of this order alone ({date})")
            }
            OrderReason::Repeated(date) => {
                write!(f, "the document has {date} in another form too")
            }
            OrderReason::Country(country) => write!(f, "the document is of {}", country.name()),
            OrderReason::Currency(currency) => {
                write!(f, "its currency is {}", currency.code())
            }
            OrderReason::Assumed => f.write_str("assumed: nothing on the document shows it"),
        }
    }
}

impl fmt::Display for DateDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::DayFirst => "day before month",
            Order::MonthFirst => "month before day",
            Order::YearFirst => "year first",
        };
        write!(f, "{order}: {}", self.reason)
    }
}

impl DateDecision {
    /// The order of a document with these dates. Evidence in the order of its weight: a date
    /// with only one order, a day that occurs in two forms, the country, the currency.
    pub fn decide<'a>(
        dates: impl IntoIterator<Item = &'a DateReading>,
        currency: Option<Currency>,
        country: Option<Country>,
    ) -> DateDecision {
        let dates: Vec<_> = dates.into_iter().collect();
        let of_country = || {
            let country = country?;
            Some((order_of(country)?, OrderReason::Country(country)))
        };
        let of_currency = || {
            let currency = currency?;
            Some((order_with(currency)?, OrderReason::Currency(currency)))
        };
        let (order, reason) = by_dates(&dates)
            .or_else(|| by_repetition(&dates))
            .or_else(of_country)
            .or_else(of_currency)
            .unwrap_or((Order::DayFirst, OrderReason::Assumed));
        DateDecision {
            order,
            reason,
            country,
        }
    }

    /// Whether the document has evidence of the order.
    pub fn is_shown(&self) -> bool {
        self.reason != OrderReason::Assumed
    }

    /// The day of a date of the document; `None` where the order does not decide.
    pub fn date(&self, reading: &DateReading) -> Option<Date> {
        let language = self.country.and_then(language);
        // In countries where the year comes first, dates with the year at the end begin with
        // the day: Hungary, Sweden.
        let at_end = || (self.order == Order::YearFirst).then_some(Order::DayFirst);
        reading
            .under(self.order)
            .or_else(|| reading.under(at_end()?))
            .or_else(|| reading.in_language(language?))
    }
}

/// The order of dates that have only one, such as `31/12/2024`; all must have the same.
fn by_dates(dates: &[&DateReading]) -> Option<(Order, OrderReason)> {
    let of_date = |date: &&DateReading| match date.readings() {
        [reading] => match reading.by {
            By::Order(order) => Some((order, OrderReason::Date(reading.date))),
            _ => None,
        },
        _ => None,
    };
    let mut shown = dates.iter().filter_map(of_date);
    let first = shown.next()?;
    shown.all(|(order, _)| order == first.0).then_some(first)
}

/// The order of a date that occurs in words too: `03/04/2024` beside `3 April 2024`.
fn by_repetition(dates: &[&DateReading]) -> Option<(Order, OrderReason)> {
    let sure: Vec<Date> = dates.iter().filter_map(|date| date.only()).collect();
    let open = dates.iter().filter(|date| date.is_ambiguous());
    let fitting = open
        .flat_map(|date| date.readings())
        .filter(|reading| sure.contains(&reading.date));
    let mut orders = fitting.filter_map(|reading| match reading.by {
        By::Order(order) => Some((order, OrderReason::Repeated(reading.date))),
        _ => None,
    });
    let first = orders.next()?;
    orders.all(|(order, _)| order == first.0).then_some(first)
}

/// The order of a country by Unicode CLDR 45, short date formats; `None` for countries with
/// several languages and orders (Canada).
fn order_of(country: Country) -> Option<Order> {
    match country {
        Country::US
        | Country::PH
        | Country::PR
        | Country::GU
        | Country::AS
        | Country::VI
        | Country::MP
        | Country::UM
        | Country::MH
        | Country::FM
        | Country::PW => Some(Order::MonthFirst),
        Country::CN
        | Country::JP
        | Country::KR
        | Country::KP
        | Country::TW
        | Country::HU
        | Country::LT
        | Country::MN
        | Country::SE
        | Country::IR
        | Country::BT => Some(Order::YearFirst),
        Country::CA | Country::ZA | Country::KE | Country::GH => None,
        _ => Some(Order::DayFirst),
    }
}

/// The order for a currency without a country: a document in US dollars that shows no country
/// is most probably from the United States.
fn order_with(currency: Currency) -> Option<Order> {
    match currency {
        Currency::USD | Currency::PHP => Some(Order::MonthFirst),
        Currency::CNY | Currency::JPY | Currency::KRW | Currency::TWD | Currency::HUF => {
            Some(Order::YearFirst)
        }
        Currency::CAD | Currency::ZAR => None,
        _ => Some(Order::DayFirst),
    }
}

/// The language of a country whose names of months mean other months elsewhere.
fn language(country: Country) -> Option<&'static str> {
    match country {
        Country::HR | Country::BA => Some("hr"),
        Country::PL => Some("pl"),
        Country::CZ => Some("cs"),
        _ => None,
    }
}
