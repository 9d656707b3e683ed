//! The notation of one document's values, decided from all of them.

use iso_currency::Currency;
use jiff::civil::Date;
use serde_json::Value;

use crate::documents::validation::printed;
use crate::documents::values::currency::{self, Candidates};
use crate::documents::values::date::{self, DateDecision, DateReading};
use crate::documents::values::number::{self, Locale, NumberDecision, NumberReading};
use crate::documents::values::{self, CountryGuess};
use crate::domain::{DocType, Fields, Format, PageResult, line_properties};

/// The conventions of a document's numbers, dates and currencies.
pub struct Conventions {
    numbers: Option<NumberDecision>,
    pub dates: DateDecision,
    /// The currencies that its pages print, each notation once.
    printed: Vec<Candidates>,
    pub country: Option<CountryGuess>,
    /// The only day that the pages print.
    pub day: Option<Date>,
}

impl Conventions {
    /// The conventions of a document's answers and of the text of its pages (text
    /// layer, otherwise OCR). `copied`: the answers are copies of the page; answers in
    /// the schema's form do not show the conventions.
    pub fn of(
        doc_type: &DocType,
        fields: &Fields,
        copied: bool,
        pages: &[&PageResult],
        today: Date,
    ) -> Conventions {
        let text: Vec<String> = pages.iter().flat_map(|page| printed::lines(page)).collect();
        let text = text.join("\n");
        let answers = answers(doc_type, fields);
        let of_format = |wanted: fn(Format) -> bool| {
            let answers = answers.iter().filter(move |(format, _)| wanted(*format));
            answers.map(|(_, text)| *text)
        };
        let country = values::country(&text);
        let local = country
            .as_ref()
            .and_then(|guess| currency::of_country(guess.country));
        let printed = printed_currencies(&text, local);
        let mut conventions = Conventions {
            numbers: None,
            dates: DateDecision::decide([], None, None),
            printed,
            country,
            day: None,
        };
        let currency = of_format(|format| format == Format::Currency)
            .find_map(|text| conventions.settle(&currency::parse(text).ok()?))
            .or_else(|| conventions.only_printed())
            .or_else(|| Some(conventions.of_country()?.0));
        let answered: Vec<NumberReading> = of_format(Format::is_number)
            .filter(|_| copied)
            .filter_map(|text| number::find(text).ok())
            .map(|span| span.reading)
            .collect();
        conventions.numbers = decide_numbers(&answered, &text, currency);
        let answered = of_format(|format| format == Format::Date);
        let mut dates: Vec<DateReading> = answered
            .filter(|text| copied || text.parse::<Date>().is_err())
            .filter_map(|text| date::parse(text, Some(today)).ok())
            .collect();
        let on_page: Vec<DateReading> = date::scan(&text, Some(today))
            .into_iter()
            .filter(|span| span.is_marked)
            .map(|span| span.reading)
            .collect();
        dates.extend(on_page.iter().cloned());
        let country = conventions.country.as_ref().map(|guess| guess.country);
        conventions.dates = DateDecision::decide(&dates, currency, country);
        let days = on_page
            .iter()
            .map(|reading| conventions.dates.date(reading));
        conventions.day = match on_page.is_empty() {
            true => only_day(compact_dates(&text, today).map(Some)),
            false => only_day(days),
        };
        conventions
    }

    /// The value of a number by the convention of the others.
    pub fn number(
        &self,
        reading: &NumberReading,
    ) -> Option<(rust_decimal::Decimal, NumberDecision)> {
        let decision = self.numbers?;
        Some((decision.value(reading)?, decision))
    }

    /// The one of several currencies that the country or the other currencies of the
    /// page indicate.
    pub fn settle(&self, candidates: &Candidates) -> Option<Currency> {
        let country = self.country.as_ref().map(|guess| guess.country);
        let of_page = || {
            let mut of_page = self.printed.iter().filter_map(Candidates::only);
            let first = of_page.find(|code| candidates.contains(*code))?;
            of_page
                .all(|other| other == first || !candidates.contains(other))
                .then_some(first)
        };
        // Documents in other pounds print a letter beside the sign, or show their
        // country.
        let sterling =
            || (country.is_none() && candidates.contains(Currency::GBP)).then_some(Currency::GBP);
        candidates
            .settle(country)
            .or_else(of_page)
            .or_else(sterling)
    }

    /// The currency of all amounts that the pages print with one.
    pub fn of_page(&self) -> Option<Currency> {
        let (first, others) = self.printed.split_first()?;
        let joint = others
            .iter()
            .try_fold(first.clone(), |joint, form| joint.and(form))?;
        self.settle(&joint)
    }

    /// The currency of the country, where the pages print none or the same.
    pub fn of_country(&self) -> Option<(Currency, &CountryGuess)> {
        let guess = self.country.as_ref()?;
        let currency = currency::of_country(guess.country)?;
        let agrees = self.printed.iter().all(|form| form.contains(currency));
        agrees.then_some((currency, guess))
    }

    fn only_printed(&self) -> Option<Currency> {
        let mut of_page = self.printed.iter().filter_map(Candidates::only);
        let first = of_page.next()?;
        of_page.all(|other| other == first).then_some(first)
    }
}

/// The day that all are; `None` where one is open.
fn only_day(mut days: impl Iterator<Item = Option<Date>>) -> Option<Date> {
    let first = days.next()??;
    days.all(|day| day == Some(first)).then_some(first)
}

/// Years before today of which a number of eight digits may be a date. Of random numbers
/// 1 in 10,000 is one.
const COMPACT_YEARS: i16 = 20;

/// Words of eight digits that are a day of the last years: `27032018`, `20180327`.
fn compact_dates(text: &str, today: Date) -> impl Iterator<Item = Date> {
    let day = move |word: &str| {
        let is_number = word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
        let part = |range: std::ops::Range<usize>| word.get(range)?.parse::<i16>().ok();
        let of = |year: i16, month: i16, day: i16| {
            let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
            let is_recent = date <= today && today.year() - date.year() <= COMPACT_YEARS;
            is_recent.then_some(date)
        };
        let day_first = of(part(4..8)?, part(2..4)?, part(0..2)?);
        let year_first = of(part(0..4)?, part(4..6)?, part(6..8)?);
        day_first.or(year_first).filter(|_| is_number)
    };
    text.split_whitespace().filter_map(day)
}

/// The convention of the answers' numbers, otherwise of the pages': a page also has
/// numbers that are no values.
fn decide_numbers(
    answered: &[NumberReading],
    text: &str,
    currency: Option<Currency>,
) -> Option<NumberDecision> {
    let of_page = number::scan(text);
    let of_page = of_page
        .iter()
        .filter(|span| !span.is_part)
        .map(|span| &span.reading);
    Locale::decide(answered.iter().chain(of_page), currency)
        .or_else(|| Locale::decide(answered, currency))
}

/// The texts of a record's typed fields, those of lines too.
fn answers<'a>(doc_type: &DocType, fields: &'a Fields) -> Vec<(Format, &'a str)> {
    let mut answers = Vec::new();
    let Some(properties) = doc_type.properties() else {
        return answers;
    };
    let mut push = |property: &Value, value: &'a Value| {
        if let (Some(format), Some(text)) = (Format::of(property), value.as_str()) {
            answers.push((format, text));
        }
    };
    for (name, property) in properties {
        match (fields.get(name), line_properties(property)) {
            (Some(Value::Array(lines)), Some(of_line)) => {
                for (leaf, value) in lines.iter().filter_map(Value::as_object).flatten() {
                    if let Some(property) = of_line.get(leaf) {
                        push(property, value);
                    }
                }
            }
            (Some(value), _) => push(property, value),
            (None, _) => {}
        }
    }
    answers
}

/// The printed currencies. Letters may have other meanings: the BHD of a Malaysian
/// company, the SR of its tax table and the ID of a tax number are not currencies.
fn printed_currencies(text: &str, local: Option<Currency>) -> Vec<Candidates> {
    let beside = number::scan(text).into_iter().filter_map(|span| {
        let form = span.beside().map(|range| &text[range]).concat();
        let is_amount = text[span.range].contains(['.', ',']);
        is_meant(&form, is_amount, local, span.currency?)
    });
    let alone = currency::scan(text).into_iter().filter_map(|span| {
        let is_bracketed =
            text[..span.range.start].ends_with('(') && text[span.range.end..].starts_with(')');
        is_meant(&text[span.range], is_bracketed, local, span.currency)
    });
    let mut printed: Vec<Candidates> = Vec::new();
    for candidates in beside.chain(alone) {
        if !printed.contains(&candidates) {
            printed.push(candidates);
        }
    }
    printed
}

/// Whether a text is a currency: a sign always; letters where they are the currency of
/// the document's country. Other letters count beside an amount or as a column heading:
/// codes always, other forms where no country is known.
fn is_meant(
    form: &str,
    is_mark: bool,
    local: Option<Currency>,
    currency: Candidates,
) -> Option<Candidates> {
    let letters = form.trim().trim_end_matches('.');
    let is_sign = letters.chars().any(|c| !c.is_alphabetic());
    let is_code = currency.only().is_some_and(|one| one.code() == letters);
    let is_local = local.is_some_and(|local| currency.contains(local));
    let is_meant = is_sign
        || is_local
        || is_mark && (is_code || local.is_none())
        || is_code && local.is_none();
    is_meant.then_some(currency)
}
