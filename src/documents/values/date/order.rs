//! The order of day and month in a document, decided by all of its dates
//! together, its currency and its country.

use std::fmt;

use iso_country::Country;
use iso_currency::Currency;
use jiff::civil::Date;

use super::types::{By, DateReading, Order};

/// Decides in which order a document writes its dates.
pub struct DateOrder;

/// An order, and what it was decided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateDecision {
    pub order: Order,
    pub reason: OrderReason,
    pub country: Option<Country>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderReason {
    /// This date of the document can be read in no other order.
    Date(Date),
    /// This day stands on the document in another form too.
    Repeated(Date),
    Country(Country),
    Currency(Currency),
    /// Nothing shows it: the day comes first in most of the world.
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
    /// Whether something on the document shows the order.
    pub fn is_shown(&self) -> bool {
        self.reason != OrderReason::Assumed
    }

    /// The day that a date of the document is.
    pub fn date(&self, reading: &DateReading) -> Option<Date> {
        let language = self.country.and_then(language);
        // Where the year comes first in general, a year at the end follows the
        // day: Hungary, Sweden.
        let at_end = || (self.order == Order::YearFirst).then_some(Order::DayFirst);
        reading
            .under(self.order)
            .or_else(|| reading.under(at_end()?))
            .or_else(|| reading.in_language(language?))
    }
}

impl DateOrder {
    /// The order of a document with these dates. The other evidence counts in
    /// this order: a date that has one order, a day that is there twice, the
    /// country, the currency.
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
}

/// Dates such as `31/12/2024` have one order; all must have the same.
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

/// `03/04/2024` beside `3 April 2024`.
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

/// Unicode CLDR 45, short date formats; countries with several languages of
/// different orders (Canada) decide nothing.
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

/// Dollars of the United States are invoiced everywhere, but a document in them
/// that shows no country is most likely of theirs.
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

/// The language of a country whose months other languages call otherwise.
fn language(country: Country) -> Option<&'static str> {
    match country {
        Country::HR | Country::BA => Some("hr"),
        Country::PL => Some("pl"),
        Country::CZ => Some("cs"),
        _ => None,
    }
}
