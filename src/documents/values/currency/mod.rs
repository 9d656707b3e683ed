//! Currencies by code, sign or word, as ISO 4217 codes.

mod coins;
mod forms;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use iso_country::Country;
use iso_currency::Currency;

use super::chars::{fold, is_currency_sign, is_invisible};
use forms::{FORMS, WORDS};

pub use coins::{cash_step, has_decimals, minor_unit};

/// The currencies that a form may mean: one, or several as for `$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates(Vec<Currency>);

impl Candidates {
    pub fn all(&self) -> &[Currency] {
        &self.0
    }

    pub fn contains(&self, currency: Currency) -> bool {
        self.0.contains(&currency)
    }

    /// The currency where the form has one meaning.
    pub fn only(&self) -> Option<Currency> {
        match self.0.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// The one that is used in a country, e.g. for `$` in Australia; `None` where the country
    /// does not decide.
    pub fn settle(&self, country: Option<Country>) -> Option<Currency> {
        if let Some(only) = self.only() {
            return Some(only);
        }
        let of_country = Currency::from_country(country?);
        let mut used = self.0.iter().filter(|one| of_country.contains(one));
        match (used.next(), used.next()) {
            (Some(one), None) => Some(*one),
            // Territories list the dollar of the United States beside their own.
            (Some(one), Some(other)) if *one == Currency::USD => Some(*other),
            (Some(one), Some(other)) if *other == Currency::USD => Some(*one),
            _ => None,
        }
    }

    /// The currencies that both forms may mean: `RM` and `MYR`, `$` and `CAD`.
    pub fn and(&self, other: &Candidates) -> Option<Candidates> {
        let both = self.0.iter().filter(|one| other.0.contains(one));
        let both: Vec<_> = both.copied().collect();
        (!both.is_empty()).then_some(Candidates(both))
    }
}

/// Why a text is not a currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CurrencyError {
    Empty,
    /// `XXX`, `XAU`: ISO 4217 codes that are not money.
    NoMoney(Currency),
    /// `CLF`: a unit of account.
    Fund(Currency),
    /// `DM`: a former currency.
    Former(String),
    Unknown(String),
}

impl fmt::Display for CurrencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CurrencyError::Empty => f.write_str("there is no text"),
            CurrencyError::NoMoney(code) => {
                write!(f, "{} is not money: {}", code.code(), code.name())
            }
            CurrencyError::Fund(code) => {
                write!(
                    f,
                    "{} is a unit of account, not money: {}",
                    code.code(),
                    code.name()
                )
            }
            CurrencyError::Former(text) => {
                write!(f, "`{text}` is a currency that is no longer used")
            }
            CurrencyError::Unknown(text) => {
                write!(
                    f,
                    "`{text}` is not a code, sign or name of a currency (ISO 4217)"
                )
            }
        }
    }
}

impl std::error::Error for CurrencyError {}

/// Parses a text that is one form of a currency, without regard to case and accents. `Err`
/// for other text.
pub fn parse(text: &str) -> Result<Candidates, CurrencyError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CurrencyError::Empty);
    }
    if let Some(code) = code(text, true) {
        return candidates_of(code);
    }
    // Brackets around a code: `(EUR)`.
    let inner = text.trim_matches(|c: char| "()[]:*".contains(c)).trim();
    match lookup(inner) {
        Some(form) => form.candidates(inner),
        None if !inner.is_empty() && inner.len() < text.len() => parse(inner),
        None => words_of_one(inner).ok_or_else(|| CurrencyError::Unknown(text.to_owned())),
    }
}

/// Two forms of one currency: `EUR (€)`, `RM MYR`, `€ EUR`.
fn words_of_one(text: &str) -> Option<Candidates> {
    let mut parts = text.split([' ', '/', '(', ')']).filter(|p| !p.is_empty());
    let (first, second) = (parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    parse(first).ok()?.and(&parse(second).ok()?)
}

fn candidates_of(code: Currency) -> Result<Candidates, CurrencyError> {
    if code.is_special() {
        Err(CurrencyError::NoMoney(code))
    } else if code.is_fund() {
        Err(CurrencyError::Fund(code))
    } else {
        Ok(Candidates(vec![code]))
    }
}

/// The place of a currency in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencySpan {
    /// Bytes.
    pub range: Range<usize>,
    pub currency: Candidates,
}

/// Every form of a currency in a text, from left to right: codes in capitals, signs, and
/// words alone or beside digits. Single letters (`R`) count only beside a number: see
/// `number::scan`.
pub fn scan(text: &str) -> Vec<CurrencySpan> {
    let mut spans = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let Some(char) = text[at..].chars().next() else {
            break;
        };
        let before = text[..at].chars().next_back();
        let starts = !before.is_some_and(char::is_alphabetic) || is_currency_sign(char);
        let form = if starts { match_after(text, at) } else { None };
        match form {
            Some(end) if is_clear(&text[at..end]) => {
                if let Ok(currency) = parse(&text[at..end]) {
                    spans.push(CurrencySpan {
                        range: at..end,
                        currency,
                    });
                }
                at = end;
            }
            _ => at += char.len_utf8(),
        }
    }
    spans
}

/// Whether the form has more than one letter, or is a sign.
fn is_clear(form: &str) -> bool {
    form.chars().any(is_currency_sign) || form.chars().filter(|c| c.is_alphabetic()).count() > 1
}

#[derive(Clone, Debug)]
struct Form {
    codes: Vec<Currency>,
    /// Whether it is an abbreviation with a point.
    has_point: bool,
}

impl Form {
    fn candidates(&self, text: &str) -> Result<Candidates, CurrencyError> {
        if self.codes.is_empty() {
            return Err(CurrencyError::Former(text.to_owned()));
        }
        Ok(Candidates(self.codes.clone()))
    }
}

/// The forms without points and accents, in lower case.
static KNOWN: LazyLock<HashMap<String, Form>> = LazyLock::new(|| {
    let mut known: HashMap<String, Form> = HashMap::new();
    for (codes, forms) in FORMS {
        let codes: Vec<_> = codes
            .split_whitespace()
            .filter_map(Currency::from_code)
            .collect();
        for form in forms.split_whitespace() {
            let has_point = form.ends_with('.');
            let key = key(&form.replace('_', " "));
            let entry = known.entry(key).or_insert_with(|| Form {
                codes: codes.clone(),
                has_point,
            });
            entry.has_point |= has_point;
        }
    }
    known
});

fn key(text: &str) -> String {
    let folded = fold(text);
    let mut key = String::with_capacity(folded.len());
    for c in folded.chars() {
        match c {
            '.' => {}
            c if c.is_whitespace() => {
                if !key.ends_with(' ') {
                    key.push(' ');
                }
            }
            c => key.push(c),
        }
    }
    key.trim().to_owned()
}

fn lookup(text: &str) -> Option<Form> {
    KNOWN.get(&key(text)).cloned()
}

/// An ISO 4217 code in capitals, with `any_case` also in small letters.
fn code(text: &str, any_case: bool) -> Option<Currency> {
    if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    let is_fine = any_case || text == upper || !WORDS.contains(&upper.as_str());
    Currency::from_code(&upper).filter(|_| is_fine)
}

fn is_form(text: &str) -> bool {
    let bare = text.trim_end_matches('.');
    match code(bare, false) {
        Some(code) => !code.is_special(),
        None => lookup(text).is_some(),
    }
}

/// Whether the point at the end of a form belongs to the form: `Rs.`.
pub(super) fn has_own_point(form: &str) -> bool {
    lookup(form).is_some_and(|form| form.has_point)
}

/// Most bytes of a form.
const MOST_BYTES: usize = 40;
/// Most blanks in a form.
const MOST_BLANKS: usize = 2;

/// The end (in bytes) of the longest form that begins at a byte.
pub(super) fn match_after(text: &str, at: usize) -> Option<usize> {
    if follows_sdn(text, at) {
        return None;
    }
    let rest = &text[at..];
    let mut longest = None;
    let mut blanks = 0;
    let mut chars = rest.char_indices().peekable();
    while let Some((start, char)) = chars.next() {
        let end = start + char.len_utf8();
        if is_break(char, &mut blanks) || end > MOST_BYTES {
            break;
        }
        let next = chars.peek().map(|(_, next)| *next);
        if is_edge(char, next) && !char.is_whitespace() && is_form(&rest[..end]) {
            longest = Some(at + end);
        }
    }
    longest
}

/// The start (in bytes) of the longest form that ends at a byte.
pub(super) fn match_before(text: &str, end: usize) -> Option<usize> {
    let rest = &text[..end];
    let mut longest = None;
    let mut blanks = 0;
    let mut chars = rest.char_indices().rev().peekable();
    while let Some((start, char)) = chars.next() {
        if is_break(char, &mut blanks) || end - start > MOST_BYTES {
            break;
        }
        let before = chars.peek().map(|(_, before)| *before);
        if is_edge(char, before) && !char.is_whitespace() && is_form(&rest[start..]) {
            longest = Some(start);
        }
    }
    longest.filter(|start| !follows_sdn(text, *start))
}

/// `Sdn Bhd` is the legal form of companies in Malaysia and Brunei, not the dinar
/// of Bahrain.
fn follows_sdn(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '.', '\u{a0}']);
    let mut letters = before.chars().rev();
    let word: String = letters.by_ref().take(3).collect();
    word.eq_ignore_ascii_case("nds") && !letters.next().is_some_and(char::is_alphanumeric)
}

/// Whether a form ends between a character and its neighbour outside.
fn is_edge(char: char, outside: Option<char>) -> bool {
    let goes_on = outside.is_some_and(|c| c.is_alphabetic() || is_currency_sign(c));
    !goes_on || (is_currency_sign(char) && !outside.is_some_and(is_currency_sign))
}

fn is_break(char: char, blanks: &mut usize) -> bool {
    if char.is_whitespace() {
        *blanks += 1;
    }
    let is_part = char.is_alphabetic()
        || is_currency_sign(char)
        || is_invisible(char)
        || unicode_normalization::char::is_combining_mark(char)
        || matches!(
            char,
            '.' | '/' | '-' | '=' | ' ' | '\u{a0}' | '\u{202f}' | '\'' | '"' | '״'
        );
    !is_part || *blanks > MOST_BLANKS
}

/// The currency of a country; `None` where it has several.
pub fn of_country(country: Country) -> Option<Currency> {
    let used = Currency::from_country(country)
        .into_iter()
        .filter(|one| !one.is_fund() && !one.is_special() && one.is_superseded().is_none());
    let used: Vec<_> = used.collect();
    match used.as_slice() {
        [one] => Some(*one),
        // Territories list the dollar of the United States beside their own.
        [one, other] if *one == Currency::USD => Some(*other),
        [one, other] if *other == Currency::USD => Some(*one),
        _ => None,
    }
}
