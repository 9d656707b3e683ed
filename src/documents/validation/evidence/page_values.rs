//! The numbers, dates and currencies on a page in any notation, by their words.

use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::page_words::{EvidenceWord, Placed, Span, on_one_line};
use crate::documents::values::currency::{self, Candidates};
use crate::documents::values::date;
use crate::documents::values::number::{self, NumberRole};

/// A possible number of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    pub value: Decimal,
    /// Whether it has two decimals, as money has.
    pub is_money: bool,
    pub is_percent: bool,
}

/// All possible values of the words: both values of `1.234`, the parts and the whole of
/// `1 234,56`, both days of `03/04/2025`. Further meanings do no harm, since only known
/// values are looked up.
#[derive(Default)]
pub struct PageValues {
    pub numbers: Vec<Placed<Number>>,
    pub dates: Vec<Placed<Date>>,
    pub currencies: Vec<Placed<Candidates>>,
}

pub fn scan(words: &[EvidenceWord]) -> PageValues {
    let mut values = PageValues::default();
    values.add_numbers(&JoinedText::of(words, between));
    // A date may continue on the next line or in the next column.
    values.add_dates(&JoinedText::of(words, |_, _| " "));
    values
}

impl PageValues {
    fn add_numbers(&mut self, joined: &JoinedText) {
        for span in number::scan(&joined.text) {
            for value in span.reading.values() {
                let number = Number {
                    value,
                    is_money: value.scale() == 2,
                    is_percent: span.role == NumberRole::Percent,
                };
                self.numbers.push(joined.placed(number, &span.range));
            }
            if let Some(currency) = span.currency {
                self.currencies.push(joined.placed(currency, &span.whole));
            }
        }
        for span in currency::scan(&joined.text) {
            self.currencies
                .push(joined.placed(span.currency, &span.range));
        }
    }

    fn add_dates(&mut self, joined: &JoinedText) {
        for span in date::scan(&joined.text, None) {
            for date in span.reading.dates() {
                let placed = joined.placed(date, &span.range);
                if !self.dates.contains(&placed) {
                    self.dates.push(placed);
                }
            }
        }
    }
}

/// The words as one text.
struct JoinedText {
    text: String,
    /// The byte at which each word begins.
    starts: Vec<usize>,
}

impl JoinedText {
    fn of(
        words: &[EvidenceWord],
        between: fn(&EvidenceWord, &EvidenceWord) -> &'static str,
    ) -> JoinedText {
        let mut joined = JoinedText {
            text: String::new(),
            starts: Vec::with_capacity(words.len()),
        };
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                joined.text.push_str(between(&words[index - 1], word));
            }
            joined.starts.push(joined.text.len());
            joined.text.push_str(&word.text);
        }
        joined
    }

    fn placed<T>(&self, value: T, bytes: &Range<usize>) -> Placed<T> {
        let word = |byte: usize| {
            let after = self.starts.partition_point(|start| *start <= byte);
            after.saturating_sub(1)
        };
        let last = bytes.end.saturating_sub(1).max(bytes.start);
        let span = Span {
            first: word(bytes.start),
            last: word(last),
        };
        Placed { value, span }
    }
}

/// One blank where a number may continue, two between columns.
fn between(before: &EvidenceWord, next: &EvidenceWord) -> &'static str {
    let gap = next.bbox[0] - before.bbox[2];
    if !on_one_line(before.bbox, next.bbox) {
        "\n"
    } else if gap <= before.height().max(next.height()) {
        // A gap up to the height of a line: a blank, not a column.
        " "
    } else {
        "  "
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words in a row, a blank apart.
    fn row(texts: &[&str]) -> Vec<EvidenceWord> {
        let mut left = 0.0;
        texts
            .iter()
            .map(|text| {
                let right = left + 0.01 * text.chars().count() as f32;
                let word = EvidenceWord::new(text, [left, 0.1, right, 0.12], None);
                left = right + 0.005;
                word
            })
            .collect()
    }

    fn numbers(texts: &[&str]) -> Vec<String> {
        let values = scan(&row(texts));
        let numbers = values.numbers.iter();
        numbers
            .map(|number| number.value.value.normalize().to_string())
            .collect()
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let cases: [(&[&str], &str); 18] = [
            (&["119,00"], "119"),
            (&["€1.190,50"], "1190.5"),
            (&["RM12.50"], "12.5"),
            (&["12.50SR"], "12.5"),
            (&["1", "234,56"], "1234.56"),
            (&["1", "234", "567,89", "EUR"], "1234567.89"),
            (&["Total:119.00"], "119"),
            (&["1'234.50"], "1234.5"),
            (&["12,34,567.00"], "1234567"),
            (&["12", ",50"], "12.5"),
            (&["12.", "50"], "12.5"),
            (&["(12.00)"], "-12"),
            (&["-$4.00"], "-4"),
            (&["12.00-"], "-12"),
            (&["-", "4.20"], "-4.2"),
            (&["1.234"], "1234"),
            (&["45.–"], "45"),
            (&["$.99"], "0.99"),
        ];
        for (texts, expected) in cases {
            let numbers = numbers(texts);
            assert!(
                numbers.contains(&expected.to_owned()),
                "{texts:?}: {numbers:?}"
            );
        }
        assert!(!numbers(&["45.–"]).contains(&"-45".to_owned()));
        assert!(!numbers(&["$.99"]).contains(&"99".to_owned()));
    }

    #[test]
    fn digits_of_a_name_are_not_numbers_and_counts_are() {
        for (word, is_number) in [
            ("DE1", false),
            ("M8", false),
            ("31.12.2024", false),
            ("2x", true),
            ("3pcs", true),
            ("12", true),
            ("RM5.00", true),
        ] {
            assert_eq!(!numbers(&[word]).is_empty(), is_number, "{word}");
        }
    }

    #[test]
    fn far_words_are_not_an_amount_and_percentages_are_recognised() {
        let mut far = row(&["1", "234.00"]);
        far[1].bbox[0] += 0.3;
        far[1].bbox[2] += 0.3;
        let values = scan(&far);
        assert!(
            values
                .numbers
                .iter()
                .all(|n| n.value.value != Decimal::from(1234))
        );
        assert!(scan(&row(&["19", "%"])).numbers[0].value.is_percent);
    }

    #[test]
    fn values_are_placed_in_their_words() {
        let values = scan(&row(&[
            "Total", "EUR", "1", "234,56", "31.", "März", "2025",
        ]));
        let whole = values
            .numbers
            .iter()
            .find(|n| n.value.value == Decimal::new(123_456, 2))
            .unwrap();
        assert_eq!(whole.span, Span { first: 2, last: 3 });
        assert_eq!(values.dates[0].span, Span { first: 4, last: 6 });
        assert!(
            values
                .currencies
                .iter()
                .any(|c| c.span == Span { first: 1, last: 1 })
        );
    }
}
