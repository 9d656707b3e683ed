//! The pieces of a page's text that an answer may copy as dates, numbers and currencies.

use std::collections::BTreeSet;
use std::ops::Range;

use super::chars::{self, Glyph, GlyphKind};
use super::number::NumberRole;
use super::{currency, date, number};

/// Exact substrings of a page's lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValuePieces {
    /// Dates without times.
    pub dates: BTreeSet<String>,
    /// Numbers with and without their own marks, without currencies.
    pub numbers: BTreeSet<String>,
    /// Numbers without percentages: a reader may take the 6 of `Total 6%` for a sum.
    pub amounts: BTreeSet<String>,
    pub currencies: BTreeSet<String>,
}

/// Everything on a page that can be a value. Digits within words and codes count as numbers
/// too, since nothing else can be answered.
pub fn pieces<S: AsRef<str>>(lines: &[S]) -> ValuePieces {
    let mut pieces = ValuePieces::default();
    for line in lines {
        pieces.add(line.as_ref());
    }
    pieces
}

impl ValuePieces {
    fn add(&mut self, line: &str) {
        let piece = |range: Range<usize>| line[range].trim().to_owned();
        let dates = date::scan(line, None);
        self.dates
            .extend(dates.into_iter().map(|span| piece(span.range)));
        for span in number::scan(line) {
            let bare = without_marks(&line[span.range.clone()]);
            let numbers = bare.into_iter().chain([piece(span.range)]);
            self.add_numbers(numbers, span.role == NumberRole::Percent);
        }
        for (range, is_percentage) in digits(line) {
            self.add_numbers([piece(range)], is_percentage);
        }
        let currencies = currency::scan(line).into_iter();
        self.currencies
            .extend(currencies.map(|span| piece(span.range)));
        self.currencies
            .extend(currencies_beside_numbers(line).into_iter().map(piece));
    }

    fn add_numbers(&mut self, numbers: impl IntoIterator<Item = String>, is_percentage: bool) {
        for number in numbers {
            if !is_percentage {
                self.amounts.insert(number.clone());
            }
            self.numbers.insert(number);
        }
    }
}

/// The digits of a number with signs between them: `12.00` of `(12.00)` and
/// `12.00-`.
fn without_marks(number: &str) -> Option<String> {
    let digits = |c: char| c.is_numeric();
    let start = number.find(digits)?;
    let end = number.rfind(digits)?;
    let last = number[end..].chars().next()?.len_utf8();
    let bare = &number[start..end + last];
    (bare.len() < number.len()).then(|| bare.to_owned())
}

/// Every run of at most 20 digits with single points, commas and apostrophes, as byte range,
/// and whether a percent sign follows.
fn digits(line: &str) -> Vec<(Range<usize>, bool)> {
    const MOST: usize = 20;
    let glyphs = chars::glyphs(line);
    let is_digit = |at: usize| glyphs.get(at).is_some_and(Glyph::is_digit);
    let mut runs = Vec::new();
    let mut at = 0;
    while at < glyphs.len() {
        if !is_digit(at) {
            at += 1;
            continue;
        }
        let start = at;
        while is_digit(at)
            || (matches!(glyphs.get(at).map(|g| g.kind), Some(GlyphKind::Mark(_)))
                && is_digit(at + 1))
        {
            at += 1;
        }
        let kind = |at: usize| glyphs.get(at).map(|glyph| glyph.kind);
        let is_blank = matches!(kind(at), Some(GlyphKind::Blank(_)));
        let is_percentage = kind(at + usize::from(is_blank)) == Some(GlyphKind::Percent);
        if at - start <= MOST {
            let range = glyphs[start].start..glyphs[at - 1].end;
            runs.push((range, is_percentage));
        }
    }
    runs
}

/// Byte ranges of currencies with one letter, which count beside an amount: `R` of `R12.50`.
fn currencies_beside_numbers(line: &str) -> Vec<Range<usize>> {
    let spans = number::scan(line).into_iter();
    let beside = spans
        .filter(|span| span.currency.is_some())
        .flat_map(|span| span.beside());
    beside
        .filter(|range| currency::parse(&line[range.clone()]).is_ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> ValuePieces {
        pieces(&[line])
    }

    #[test]
    fn every_value_of_a_line_can_be_copied() {
        for (line, dates, numbers, currencies) in [
            (
                "Date:15/06/2016Time:12:03",
                vec!["15/06/2016"],
                vec![],
                vec![],
            ),
            ("03-02-1802:56PM", vec!["03-02-18"], vec![], vec![]),
            ("15/06/201612:03", vec!["15/06/2016"], vec![], vec![]),
            ("Dat:25-03-201804219AM", vec!["25-03-2018"], vec![], vec![]),
            ("TOTALRM12.00", vec![], vec!["12.00"], vec![]),
            ("Total RM12.00", vec![], vec!["12.00"], vec!["RM"]),
            ("refund 12.00-", vec![], vec!["12.00-", "12.00"], vec![]),
            (
                "(45.00) 2x 1.234,50 €",
                vec![],
                vec!["(45.00)", "45.00", "2", "1.234,50"],
                vec!["€"],
            ),
            ("USD 1,200.00", vec![], vec!["1,200.00"], vec!["USD"]),
            ("12. 50", vec![], vec!["12. 50", "12", "50"], vec![]),
            ("3X8.00 2.50*3", vec![], vec!["3", "8.00", "2.50"], vec![]),
            ("R12.50", vec![], vec!["12.50"], vec!["R"]),
            ("CHF 45.–", vec![], vec!["45.–", "45"], vec!["CHF"]),
            (
                "5. März 2024 and 31DEC24",
                vec!["5. März 2024", "31DEC24"],
                vec![],
                vec![],
            ),
            ("1 234,56", vec![], vec!["1 234,56", "1", "234,56"], vec![]),
        ] {
            let found = of(line);
            for date in dates {
                assert!(found.dates.contains(date), "{line}: {found:?}");
            }
            for number in numbers {
                assert!(found.numbers.contains(number), "{line}: {found:?}");
            }
            for currency in currencies {
                assert!(found.currencies.contains(currency), "{line}: {found:?}");
            }
        }
    }

    #[test]
    fn percentages_are_no_amounts() {
        let found = of("Total 6% supplies (GST 7,5 %): 17.81 at 19%");
        let amounts: Vec<&str> = found.amounts.iter().map(String::as_str).collect();
        assert_eq!(amounts, ["17.81"]);
        for number in ["6", "7,5", "17.81", "19"] {
            assert!(found.numbers.contains(number), "{number}: {found:?}");
        }
        assert!(of("6% of 6").amounts.contains("6"));
    }

    #[test]
    fn pieces_are_of_the_line() {
        let line = "A 1.234,50 € 31.12.2024 (12) RM 5 x2";
        let found = of(line);
        let all = [&found.dates, &found.numbers, &found.currencies];
        assert!(
            all.into_iter()
                .flatten()
                .all(|piece| line.contains(piece.as_str()))
        );
        assert!(!found.dates.is_empty());
    }
}
