//! Wrong values and unread documents by what probably went wrong, so that one
//! sees where reading fails. docs/evaluation.md defines the causes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compare::{date, normal, number};
use super::judge::{Document, Leaf, Outcome};
use crate::domain::Reason;

/// Texts at least this similar (1 - edit distance / longer length) are nearly
/// right: ANLS counts likeness from here on, so `letters` is what it forgives.
const NEARLY: f64 = 0.5;
/// Numbers and dates whose digits differ in at most so many places.
const PLACES: usize = 1;
/// Shorter values, such as a quantity of 2, stand everywhere on a page: that one
/// stands elsewhere says nothing.
const LEAST_TELLING: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The document has a value, null was read.
    Missing,
    /// Nearly right.
    Letters,
    /// Another value of the same document.
    OtherValue,
    /// The same letters and digits in another form.
    Format,
    /// A value was read where the document has none.
    Invented,
    /// None of these.
    Elsewhere,
}

impl Cause {
    pub const ALL: [Cause; 6] = [
        Cause::Missing,
        Cause::Letters,
        Cause::OtherValue,
        Cause::Format,
        Cause::Invented,
        Cause::Elsewhere,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Missing => "missing",
            Cause::Letters => "letters",
            Cause::OtherValue => "other_value",
            Cause::Format => "format",
            Cause::Invented => "invented",
            Cause::Elsewhere => "elsewhere",
        }
    }

    /// Of a value that is not right. `is_other`: whether another true value of
    /// the document is this, in the form of [`normal`]; `on_page`: the page has
    /// it somewhere.
    pub fn of(leaf: &Leaf, is_other: impl Fn(&str) -> bool, on_page: bool) -> Option<Cause> {
        let cause = match leaf.outcome {
            Outcome::Missing => Cause::Missing,
            Outcome::Invented => Cause::Invented,
            Outcome::Wrong => {
                let (truth, read) = (leaf.truth.as_deref()?, leaf.read.as_deref()?);
                of_wrong(truth, read, is_other, on_page)
            }
            _ => return None,
        };
        Some(cause)
    }
}

/// What is certain comes first. A number that the page has elsewhere is hardly
/// a misread digit; a text that it has may be half of the right one.
fn of_wrong(truth: &str, read: &str, is_other: impl Fn(&str) -> bool, on_page: bool) -> Cause {
    let telling = letters(read).chars().count() >= LEAST_TELLING;
    let normal = normal(&Value::from(read));
    if telling && normal.is_some_and(|normal| is_other(&normal)) {
        return Cause::OtherValue;
    }
    let both = |is: fn(&str) -> bool| is(truth) && is(read);
    let is_number = both(|text| number(text).is_some());
    let is_date = both(|text| date(text).is_some());
    let (same, near) = match is_number || is_date {
        true => (are_same_digits(truth, read), are_near(truth, read)),
        false => (
            letters(truth) == letters(read),
            are_alike(truth, read) || (telling && is_part(truth, read)),
        ),
    };
    match telling && on_page {
        _ if same => Cause::Format,
        true if is_number || is_date => Cause::OtherValue,
        _ if near => Cause::Letters,
        true => Cause::OtherValue,
        false => Cause::Elsewhere,
    }
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_uppercase).collect()
}

fn digits(text: &str) -> String {
    let date = date(text).map(|date| date.to_string());
    let text = date.as_deref().unwrap_or(text).chars();
    text.filter(char::is_ascii_digit).collect()
}

/// Another order (day and month, a slip of two digits), another sign, or the
/// decimal sign elsewhere. One digit and noughts, as 1 and 10, is another number.
fn are_same_digits(truth: &str, read: &str) -> bool {
    let (truth, read) = (digits(truth), digits(read));
    let sorted = |digits: &str| {
        let mut digits: Vec<char> = digits.chars().collect();
        digits.sort_unstable();
        digits
    };
    let significant = |digits: &str| digits.trim_matches('0').to_owned();
    let (of_truth, of_read) = (significant(&truth), significant(&read));
    sorted(&truth) == sorted(&read) || (of_truth == of_read && of_truth.len() > 1)
}

fn are_near(truth: &str, read: &str) -> bool {
    strsim::levenshtein(&digits(truth), &digits(read)) <= PLACES
}

fn are_alike(truth: &str, read: &str) -> bool {
    strsim::normalized_levenshtein(&truth.to_lowercase(), &read.to_lowercase()) >= NEARLY
}

/// Cut short, or run on into what stands beside it.
fn is_part(truth: &str, read: &str) -> bool {
    let (truth, read) = (letters(truth), letters(read));
    truth.contains(&read) || read.contains(&truth)
}

/// Why a document as a whole was not read as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The answer to a page was not complete, at every attempt.
    CutOff,
    /// A page, or the file, could not be worked on.
    PageFailed,
    /// Taken for another type.
    OtherType,
    /// Taken for no type, or for one that is not read: sent to review.
    NoType,
    /// A list of it repeated itself and was closed.
    Repeated,
}

impl Trouble {
    pub const ALL: [Trouble; 5] = [
        Trouble::CutOff,
        Trouble::PageFailed,
        Trouble::OtherType,
        Trouble::NoType,
        Trouble::Repeated,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Trouble::CutOff => "cut_off",
            Trouble::PageFailed => "page_failed",
            Trouble::OtherType => "other_type",
            Trouble::NoType => "no_type",
            Trouble::Repeated => "repeated",
        }
    }

    /// The first that applies. `failure` begins with a [`Reason`]; `taken_for`:
    /// the type of its record, of `None` none; `right`: the document's own.
    pub fn of(
        failure: Option<&str>,
        taken_for: Option<&str>,
        right: &str,
        repeats: bool,
    ) -> Option<Trouble> {
        let cut_off = Reason::OutputCutOff.as_str();
        match (failure, taken_for) {
            (Some(why), _) if why.starts_with(cut_off) => Some(Trouble::CutOff),
            (Some(_), _) => Some(Trouble::PageFailed),
            (None, None) => Some(Trouble::NoType),
            (None, Some(other)) if other != right => Some(Trouble::OtherType),
            _ => repeats.then_some(Trouble::Repeated),
        }
    }
}

/// How often what went wrong, of one document type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Causes {
    /// Wrong values of documents that were read.
    pub values: BTreeMap<Cause, u64>,
    /// The same by field; fields without any are left out.
    pub fields: BTreeMap<String, BTreeMap<Cause, u64>>,
    pub documents: BTreeMap<Trouble, u64>,
    /// Documents of which no record of their type was read, and the values that
    /// they hold: not in `values`, where they would hide the rest.
    pub unread_documents: u64,
    pub unread_values: u64,
}

impl Default for Causes {
    fn default() -> Causes {
        Causes {
            values: none(),
            fields: BTreeMap::new(),
            documents: Trouble::ALL.map(|trouble| (trouble, 0)).into(),
            unread_documents: 0,
            unread_values: 0,
        }
    }
}

fn none() -> BTreeMap<Cause, u64> {
    Cause::ALL.map(|cause| (cause, 0)).into()
}

impl Causes {
    pub fn of(documents: &[&Document]) -> Causes {
        let mut causes = Causes::default();
        for document in documents {
            if let Some(trouble) = document.trouble {
                *causes.documents.entry(trouble).or_default() += 1;
            }
            let found = document.fields.iter().filter_map(|l| Some((l, l.cause?)));
            if document.unread {
                causes.unread_documents += 1;
                causes.unread_values += found.count() as u64;
                continue;
            }
            for (leaf, cause) in found {
                let of_field = causes.fields.entry(leaf.field.clone());
                *of_field.or_insert_with(none).entry(cause).or_default() += 1;
                *causes.values.entry(cause).or_default() += 1;
            }
        }
        causes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::judge::tests::{case, seen};
    use super::super::judge::{Seen, Work, judge};
    use super::*;
    use crate::domain::{EvidenceClass, FieldEvidence, Finding, Severity, Status};

    fn wrong(truth: &str, read: &str, others: &[&str]) -> Cause {
        of_wrong(truth, read, |other| others.contains(&other), false)
    }

    fn on_page(truth: &str, read: &str) -> Cause {
        of_wrong(truth, read, |_| false, true)
    }

    #[test]
    fn nearly_right_is_a_digit_or_half_of_the_letters() {
        assert_eq!(wrong("59.86", "69.86", &[]), Cause::Letters);
        assert_eq!(wrong("59.86", "9.86", &[]), Cause::Letters);
        assert_eq!(wrong("59.86", "69.83", &[]), Cause::Elsewhere);
        assert_eq!(wrong("2024-03-14", "2024-03-19", &[]), Cause::Letters);
        assert_eq!(wrong("2024-03-14", "2024-05-19", &[]), Cause::Elsewhere);
        assert_eq!(wrong("Currant bun", "Curramt bum", &[]), Cause::Letters);
        assert_eq!(wrong("abcd", "abxy", &[]), Cause::Letters);
        assert_eq!(wrong("abcd", "axyz", &[]), Cause::Elsewhere);
        assert_eq!(wrong("Currant bun", "Green tea", &[]), Cause::Elsewhere);
    }

    #[test]
    fn another_form_has_the_same_digits_or_letters() {
        assert_eq!(wrong("2024-03-14", "2014-03-24", &[]), Cause::Format);
        assert_eq!(wrong("2024-03-04", "2024-04-03", &[]), Cause::Format);
        assert_eq!(wrong("12.00", "-12.00", &[]), Cause::Format);
        assert_eq!(wrong("4.40", "4.04", &[]), Cause::Format);
        assert_eq!(wrong("1234.50", "1.2345", &[]), Cause::Format);
        assert_eq!(wrong("950.00", "9.50", &[]), Cause::Format);
        assert_eq!(wrong("INV 2041", "INV2041", &[]), Cause::Format);
        assert_eq!(wrong("1", "10", &[]), Cause::Letters);
    }

    #[test]
    fn another_value_is_one_of_the_truth_or_of_the_page() {
        // A digit of the total is not misread where the subtotal is that number.
        assert_eq!(wrong("10.80", "10.00", &["10"]), Cause::OtherValue);
        assert_eq!(
            wrong("2024-03-04", "2024-04-03", &["2024-04-03"]),
            Cause::OtherValue
        );
        assert_eq!(wrong("5", "7", &["7"]), Cause::Letters, "7 is everywhere");
        assert_eq!(on_page("10.80", "10.00"), Cause::OtherValue);
        assert_eq!(on_page("12.00", "-12.00"), Cause::Format);
        assert_eq!(on_page("Tea House Ltd", "Tea House"), Cause::Letters);
        let (whole, half) = ("31 Temple Street, Singapore 058581", "31 Temple Street");
        assert_eq!(on_page(whole, half), Cause::Letters);
        assert_eq!(on_page(half, whole), Cause::Letters);
        assert_eq!(on_page("Tea House Ltd", "T"), Cause::Elsewhere);
        assert_eq!(on_page("Tea House Ltd", "Mill Lane 9"), Cause::OtherValue);
    }

    fn causes(seen: &[Seen]) -> Document {
        let truth = json!({"date": "2024-03-01", "subtotal": "10.00", "tax": null, "total": "10.80", "seller": "Tea House",
            "items": [{"name": "green tea", "amount": "4.00"}, {"name": "currant bun", "amount": "6.00"}]});
        judge(&case(truth), seen, Work::default())
    }

    #[test]
    fn each_wrong_value_of_a_record_has_its_cause_and_lines_are_compared_in_pairs() {
        let mut read = seen(
            1,
            json!({"date": "2001-03-24", "subtotal": null, "tax": "0.80", "total": "10.00", "seller": "Mill Lane",
            "items": [{"name": "currant bum", "amount": "6.00"}, {"name": "green tea", "amount": "6.00"}, {"name": "dust", "amount": null}]}),
        );
        let mut evidence = FieldEvidence::model_only("seller");
        evidence.class = EvidenceClass::Ocr;
        read.record.evidence = vec![evidence];
        let document = causes(&[read]);
        let found: Vec<_> = document
            .fields
            .iter()
            .filter_map(|leaf| Some((leaf.path.as_str(), leaf.cause?)))
            .collect();
        assert_eq!(
            found,
            [
                ("date", Cause::Format),
                ("subtotal", Cause::Missing),
                ("tax", Cause::Invented),
                ("total", Cause::OtherValue),
                ("seller", Cause::OtherValue),
                ("items[0].amount", Cause::OtherValue),
                ("items[1].name", Cause::Letters),
                ("items[+].name", Cause::Invented),
            ]
        );
        let sum = Causes::of(&[&document, &document]);
        assert_eq!(sum.values[&Cause::OtherValue], 6);
        assert_eq!(sum.fields["items.name"][&Cause::Letters], 2);
        assert_eq!((sum.unread_documents, sum.unread_values), (0, 0));
        assert!(!sum.fields.contains_key("items"));
    }

    #[test]
    fn an_unread_document_is_told_by_why_and_its_values_are_counted_apart() {
        let failed = |why: &str| Work {
            failure: Some(why.to_owned()),
            ..Work::default()
        };
        let trouble = |seen: &[Seen], work: Work| {
            let document = judge(&case(json!({"total": "1.00"})), seen, work);
            (document.trouble, document.unread)
        };
        let right = || seen(1, json!({"total": "1.00"}));
        let mut other = right();
        other.record.doc_type = Some("invoice".into());
        let mut none = right();
        none.record.doc_type = None;
        let mut repeats = right();
        let finding = Finding::new("list_repeats", Severity::Warning, Some("items"), "x");
        repeats.record.findings = vec![finding];
        let mut lost = right();
        lost.record.status = Status::Failed;
        let good = Work::default;
        assert_eq!(trouble(&[right()], good()), (None, false));
        assert_eq!(trouble(&[other], good()), (Some(Trouble::OtherType), true));
        assert_eq!(trouble(&[none], good()), (Some(Trouble::NoType), true));
        let cut = (Some(Trouble::CutOff), true);
        assert_eq!(trouble(&[lost], failed("output_cut_off: 900 tokens")), cut);
        let page = (Some(Trouble::PageFailed), false);
        assert_eq!(trouble(&[right()], failed("deadline: 180 s")), page);
        let again = (Some(Trouble::Repeated), false);
        assert_eq!(trouble(&[repeats], good()), again);
        let document = causes(&[]);
        let sum = Causes::of(&[&document]);
        assert_eq!((sum.unread_documents, sum.unread_values), (1, 8));
        assert_eq!(sum.values.values().sum::<u64>(), 0);
        assert_eq!(sum.documents[&Trouble::NoType], 1);
    }
}
