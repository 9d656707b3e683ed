//! Queries, as terms and as expressions of FTS5.

use std::collections::BTreeMap;

use super::terms::{ValueSpan, values};
use crate::domain::folded_words;

/// The words that a person typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pub text: String,
    pub terms: Vec<QueryTerm>,
}

/// A word, a quoted phrase, a number or a date, which a page may have in several forms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryTerm {
    /// As typed.
    pub typed: String,
    /// Its words, folded; a page must have them in sequence.
    pub words: Vec<String>,
    /// Its values as tokens, where it is a number or date.
    pub tokens: Vec<String>,
    /// Other words of the archive that resemble it or contain it.
    pub near: Vec<String>,
}

/// Words that nearly every page has, in the languages of the receipts and invoices that
/// docmill reads: articles, conjunctions and prepositions.
#[rustfmt::skip]
const FILLERS: [&str; 83] = [
    "a", "an", "the", "and", "or", "of", "in", "on", "at", "to", "for", "from", "with", "by", "is",
    "der", "die", "das", "den", "dem", "des", "ein", "eine", "einer", "eines", "einem", "einen", "und", "oder",
    "von", "vom", "zu", "zur", "zum", "mit", "fur", "im", "am", "auf", "aus", "bei",
    "le", "la", "les", "un", "une", "du", "de", "et", "ou", "au", "aux", "pour", "avec", "dans", "sur", "l", "d",
    "el", "los", "las", "una", "y", "o", "del", "con", "por", "para", "en",
    "il", "lo", "gli", "i", "uno", "e", "di", "da", "per",
    "het", "een", "van", "voor", "met",
];

impl Query {
    /// Double quotes make a phrase. Numbers and dates are recognised in every form that pages
    /// use. Articles and the like are left out where other words are asked for; in quotes
    /// they count.
    pub fn parse(text: &str) -> Query {
        let (mut terms, mut fillers) = (Vec::new(), Vec::new());
        for (place, part) in text.split('"').enumerate() {
            if place % 2 == 1 {
                terms.extend(QueryTerm::new(part, Vec::new()));
            } else {
                let (filling, telling): (Vec<_>, Vec<_>) =
                    unquoted(part).into_iter().partition(QueryTerm::is_filler);
                terms.extend(telling);
                fillers.extend(filling);
            }
        }
        if terms.is_empty() {
            terms = fillers;
        }
        Query {
            text: text.trim().to_owned(),
            terms,
        }
    }

    /// Expression for pages that have every term as typed; `None` without terms.
    pub fn all_exact(&self) -> Option<String> {
        self.join(" AND ", QueryTerm::exact)
    }

    /// Expression for pages that have any of the terms; `None` without terms.
    pub fn any_exact(&self) -> Option<String> {
        self.join(" OR ", QueryTerm::exact)
    }

    /// Expression for pages that have, for every term, the term or a word that resembles it;
    /// `None` where no word resembles a term.
    pub fn all_near(&self) -> Option<String> {
        let has_near = self.terms.iter().any(|term| !term.near.is_empty());
        has_near
            .then(|| self.join(" AND ", QueryTerm::exact_or_near))
            .flatten()
    }

    fn join(&self, operator: &str, expression: fn(&QueryTerm) -> String) -> Option<String> {
        let terms: Vec<_> = self.terms.iter().map(expression).collect();
        (!terms.is_empty()).then(|| terms.join(operator))
    }
}

/// The terms of an unquoted text: numbers, dates and the words between them.
fn unquoted(text: &str) -> Vec<QueryTerm> {
    let mut terms = Vec::new();
    let mut end = 0;
    for span in values(text) {
        let ValueSpan { range, tokens, .. } = span;
        // Of overlapping readings the longest comes first.
        if range.start < end {
            if let (true, Some(last)) = (range.end <= end, terms.last_mut()) {
                add_reading(last, text, &range, tokens);
            }
            continue;
        }
        terms.extend(words(&text[end..range.start]));
        terms.extend(QueryTerm::new(&text[range.clone()], tokens));
        end = range.end;
    }
    terms.extend(words(&text[end..]));
    terms
}

/// Adds the tokens of a value to a term: `20240314` is a number and a day; `234,50` in
/// `1 234,50` is neither.
fn add_reading(
    term: &mut QueryTerm,
    text: &str,
    range: &std::ops::Range<usize>,
    tokens: Vec<String>,
) {
    if term.typed == text[range.clone()] {
        term.tokens.extend(tokens);
    }
}

fn words(text: &str) -> impl Iterator<Item = QueryTerm> {
    text.split_whitespace()
        .filter_map(|word| QueryTerm::new(word, Vec::new()))
}

impl QueryTerm {
    /// `None` for text without letters and digits.
    fn new(typed: &str, tokens: Vec<String>) -> Option<QueryTerm> {
        let words = folded_words(typed);
        (!words.is_empty()).then(|| QueryTerm {
            typed: typed.trim().to_owned(),
            words,
            tokens,
            near: Vec::new(),
        })
    }

    fn is_filler(&self) -> bool {
        let word = self.words.first().map(String::as_str).unwrap_or_default();
        self.words.len() == 1 && self.tokens.is_empty() && FILLERS.contains(&word)
    }

    /// Every word and token by which pages of the term are found.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        let forms = self.words.iter().chain(&self.tokens).chain(&self.near);
        forms.map(String::as_str)
    }

    /// Upper bound of the number of pages with the term, or with `near` also with a word that
    /// resembles it. `counts`: number of pages with each form.
    pub fn page_count(&self, counts: &BTreeMap<String, u64>, near: bool) -> u64 {
        let count = |form: &String| counts.get(form).copied().unwrap_or(0);
        let phrase = self.words.iter().map(count).min().unwrap_or(0);
        let tokens: u64 = self.tokens.iter().map(count).sum();
        let resembling: u64 = self.near.iter().map(count).sum();
        phrase + tokens + if near { resembling } else { 0 }
    }

    /// The term as an FTS5 expression. Words are letters and digits, so nothing in quotes needs
    /// escaping.
    fn exact(&self) -> String {
        let phrase = format!("{{names fields body}} : \"{}\"", self.words.join(" "));
        let values = self.tokens.iter().map(|token| format!("numbers : {token}"));
        let forms: Vec<_> = std::iter::once(phrase).chain(values).collect();
        format!("({})", forms.join(" OR "))
    }

    fn exact_or_near(&self) -> String {
        let near = self.near.iter();
        let near = near.map(|word| format!("{{names fields body}} : \"{word}\""));
        let forms: Vec<_> = std::iter::once(self.exact()).chain(near).collect();
        format!("({})", forms.join(" OR "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<(String, Vec<String>)> {
        let terms = Query::parse(text).terms.into_iter();
        terms
            .map(|term| (term.words.join(" "), term.tokens))
            .collect()
    }

    #[test]
    fn a_number_is_one_term_in_every_national_form() {
        for text in ["1.234,50", "1,234.50", "1 234,50", "1'234.50", "1234.50"] {
            let found = Query::parse(text).terms;
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!(found[0].tokens, ["n1234d5"], "{text}");
        }
    }

    #[test]
    fn words_phrases_numbers_and_dates_are_terms() {
        let found = terms("Weber \"Druck GmbH\" 384,37 from 02.07.2024");
        let expected = [
            ("weber", vec![]),
            ("druck gmbh", vec![]),
            ("384 37", vec!["n384d37"]),
            ("02 07 2024", vec!["d20240702"]),
        ];
        let expected: Vec<(String, Vec<String>)> = expected
            .into_iter()
            .map(|(words, tokens)| (words.into(), tokens.into_iter().map(String::from).collect()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fillers_are_left_out_unless_they_are_quoted_or_alone() {
        let typed = |text: &str| -> Vec<String> {
            let terms = Query::parse(text).terms.into_iter();
            terms.map(|term| term.typed).collect()
        };
        assert_eq!(
            typed("photo of a crumpled receipt"),
            ["photo", "crumpled", "receipt"]
        );
        assert_eq!(
            typed("Rechnung für den \"Haus der Kunst\""),
            ["Rechnung", "Haus der Kunst"]
        );
        assert_eq!(typed("the"), ["the"]);
    }

    #[test]
    fn nothing_that_is_typed_breaks_an_expression() {
        for text in [
            "\"",
            "a\"b",
            "NEAR(",
            "AND OR NOT",
            "* - ^ :",
            "fields:x",
            "'; DROP",
        ] {
            if let Some(expression) = Query::parse(text).all_exact() {
                assert!(!expression.contains("\"\""), "{text}: {expression}");
            }
        }
        assert_eq!(Query::parse(" - ").all_exact(), None);
    }
}
