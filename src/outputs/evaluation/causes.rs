//! Wrong values and unread documents by their probable cause. docs/evaluation.md
//! defines the causes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::compare::{date, normal, number};
use super::judged::{DocumentProblem, ErrorCause, JudgedDocument, JudgedValue, ValueOutcome};
use crate::domain::{Reason, letters_and_digits};

/// Texts at least this similar (1 - edit distance / longer length) are nearly
/// right. ANLS counts similarity from here on.
const NEARLY: f64 = 0.5;
/// Most differing digits of a number or date that is nearly right.
const PLACES: usize = 1;
/// Shorter values, such as a quantity of 2, are found everywhere on a page by
/// chance.
const MIN_LETTERS: usize = 3;

/// Probable cause of a wrong value. `is_other`: whether another true value of the
/// document equals this one, in the form of [`normal`]; `on_page`: whether the
/// page shows it anywhere.
pub fn cause(
    leaf: &JudgedValue,
    is_other: impl Fn(&str) -> bool,
    on_page: bool,
) -> Option<ErrorCause> {
    let cause = match leaf.outcome {
        ValueOutcome::Missing => ErrorCause::Missing,
        ValueOutcome::Spurious => ErrorCause::Spurious,
        ValueOutcome::Wrong => {
            let (truth, read) = (leaf.truth.as_deref()?, leaf.read.as_deref()?);
            of_wrong(truth, read, is_other, on_page)
        }
        _ => return None,
    };
    Some(cause)
}

/// Certain causes come first. A number found elsewhere on the page is hardly a
/// misread digit; a text found there may be half of the right one.
fn of_wrong(truth: &str, read: &str, is_other: impl Fn(&str) -> bool, on_page: bool) -> ErrorCause {
    let is_long = letters_and_digits(read).chars().count() >= MIN_LETTERS;
    let normal = normal(&Value::from(read));
    if is_long && normal.is_some_and(|normal| is_other(&normal)) {
        return ErrorCause::OtherValue;
    }
    let both = |is: fn(&str) -> bool| is(truth) && is(read);
    let is_number = both(|text| number(text).is_some());
    let is_date = both(|text| date(text).is_some());
    let (same, near) = match is_number || is_date {
        true => (are_same_digits(truth, read), are_near(truth, read)),
        false => (
            letters_and_digits(truth) == letters_and_digits(read),
            are_alike(truth, read) || (is_long && is_part(truth, read)),
        ),
    };
    match is_long && on_page {
        _ if same => ErrorCause::Format,
        true if is_number || is_date => ErrorCause::OtherValue,
        _ if near => ErrorCause::Letters,
        true => ErrorCause::OtherValue,
        false => ErrorCause::Elsewhere,
    }
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

/// Cut short, or continued into the next text.
fn is_part(truth: &str, read: &str) -> bool {
    let (truth, read) = (letters_and_digits(truth), letters_and_digits(read));
    truth.contains(&read) || read.contains(&truth)
}

/// The first problem that applies. `failure` starts with a [`Reason`];
/// `classified_as`: the type of the document's record; `right`: its true type.
pub fn problem(
    failure: Option<&str>,
    classified_as: Option<&str>,
    right: &str,
    repeats: bool,
) -> Option<DocumentProblem> {
    let cut_off = Reason::OutputCutOff.as_str();
    match (failure, classified_as) {
        (Some(why), _) if why.starts_with(cut_off) => Some(DocumentProblem::CutOff),
        (Some(_), _) => Some(DocumentProblem::PageFailed),
        (None, None) => Some(DocumentProblem::NoType),
        (None, Some(other)) if other != right => Some(DocumentProblem::OtherType),
        _ => repeats.then_some(DocumentProblem::Repeated),
    }
}

/// Number of wrong values and unread documents of a type, by cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorCounts {
    /// Wrong values of documents that were read.
    pub values: BTreeMap<ErrorCause, u64>,
    /// The same by field; fields without any are left out.
    pub fields: BTreeMap<String, BTreeMap<ErrorCause, u64>>,
    pub documents: BTreeMap<DocumentProblem, u64>,
    /// Documents without a record of their type, and their values. These are not
    /// in `values`, where they would hide the other causes.
    pub unread_documents: u64,
    pub unread_values: u64,
}

impl Default for ErrorCounts {
    fn default() -> ErrorCounts {
        ErrorCounts {
            values: none(),
            fields: BTreeMap::new(),
            documents: DocumentProblem::ALL.map(|problem| (problem, 0)).into(),
            unread_documents: 0,
            unread_values: 0,
        }
    }
}

fn none() -> BTreeMap<ErrorCause, u64> {
    ErrorCause::ALL.map(|cause| (cause, 0)).into()
}

impl ErrorCounts {
    pub fn of(documents: &[&JudgedDocument]) -> ErrorCounts {
        let mut causes = ErrorCounts::default();
        for document in documents {
            if let Some(problem) = document.problem {
                *causes.documents.entry(problem).or_default() += 1;
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
    use super::super::judge::{CandidateRecord, judge};
    use super::*;
    use crate::domain::{EvidenceClass, FieldEvidence, Finding, FindingCode, Status};
    use crate::store::DocumentWork;

    fn wrong(truth: &str, read: &str, others: &[&str]) -> ErrorCause {
        of_wrong(truth, read, |other| others.contains(&other), false)
    }

    fn on_page(truth: &str, read: &str) -> ErrorCause {
        of_wrong(truth, read, |_| false, true)
    }

    #[test]
    fn nearly_right_is_a_digit_or_half_of_the_letters() {
        assert_eq!(wrong("59.86", "69.86", &[]), ErrorCause::Letters);
        assert_eq!(wrong("59.86", "9.86", &[]), ErrorCause::Letters);
        assert_eq!(wrong("59.86", "69.83", &[]), ErrorCause::Elsewhere);
        assert_eq!(wrong("2024-03-14", "2024-03-19", &[]), ErrorCause::Letters);
        assert_eq!(
            wrong("2024-03-14", "2024-05-19", &[]),
            ErrorCause::Elsewhere
        );
        assert_eq!(
            wrong("Currant bun", "Curramt bum", &[]),
            ErrorCause::Letters
        );
        assert_eq!(wrong("abcd", "abxy", &[]), ErrorCause::Letters);
        assert_eq!(wrong("abcd", "axyz", &[]), ErrorCause::Elsewhere);
        assert_eq!(
            wrong("Currant bun", "Green tea", &[]),
            ErrorCause::Elsewhere
        );
    }

    #[test]
    fn another_form_has_the_same_digits_or_letters() {
        assert_eq!(wrong("2024-03-14", "2014-03-24", &[]), ErrorCause::Format);
        assert_eq!(wrong("2024-03-04", "2024-04-03", &[]), ErrorCause::Format);
        assert_eq!(wrong("12.00", "-12.00", &[]), ErrorCause::Format);
        assert_eq!(wrong("4.40", "4.04", &[]), ErrorCause::Format);
        assert_eq!(wrong("1234.50", "1.2345", &[]), ErrorCause::Format);
        assert_eq!(wrong("950.00", "9.50", &[]), ErrorCause::Format);
        assert_eq!(wrong("INV 2041", "INV2041", &[]), ErrorCause::Format);
        assert_eq!(wrong("1", "10", &[]), ErrorCause::Letters);
    }

    #[test]
    fn another_value_is_one_of_the_truth_or_of_the_page() {
        // A digit of the total is not misread where the subtotal is that number.
        assert_eq!(wrong("10.80", "10.00", &["10"]), ErrorCause::OtherValue);
        assert_eq!(
            wrong("2024-03-04", "2024-04-03", &["2024-04-03"]),
            ErrorCause::OtherValue
        );
        assert_eq!(
            wrong("5", "7", &["7"]),
            ErrorCause::Letters,
            "7 is everywhere"
        );
        assert_eq!(on_page("10.80", "10.00"), ErrorCause::OtherValue);
        assert_eq!(on_page("12.00", "-12.00"), ErrorCause::Format);
        assert_eq!(on_page("Tea House Ltd", "Tea House"), ErrorCause::Letters);
        let (whole, half) = ("31 Temple Street, Singapore 058581", "31 Temple Street");
        assert_eq!(on_page(whole, half), ErrorCause::Letters);
        assert_eq!(on_page(half, whole), ErrorCause::Letters);
        assert_eq!(on_page("Tea House Ltd", "T"), ErrorCause::Elsewhere);
        assert_eq!(
            on_page("Tea House Ltd", "Mill Lane 9"),
            ErrorCause::OtherValue
        );
    }

    fn causes(seen: &[CandidateRecord]) -> JudgedDocument {
        let truth = json!({"date": "2024-03-01", "subtotal": "10.00", "tax": null, "total": "10.80", "seller": "Tea House",
            "items": [{"name": "green tea", "amount": "4.00"}, {"name": "currant bun", "amount": "6.00"}]});
        judge(&case(truth), seen, DocumentWork::default())
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
                ("date", ErrorCause::Format),
                ("subtotal", ErrorCause::Missing),
                ("tax", ErrorCause::Spurious),
                ("total", ErrorCause::OtherValue),
                ("seller", ErrorCause::OtherValue),
                ("items[0].amount", ErrorCause::OtherValue),
                ("items[1].name", ErrorCause::Letters),
                ("items[+].name", ErrorCause::Spurious),
            ]
        );
        let sum = ErrorCounts::of(&[&document, &document]);
        assert_eq!(sum.values[&ErrorCause::OtherValue], 6);
        assert_eq!(sum.fields["items.name"][&ErrorCause::Letters], 2);
        assert_eq!((sum.unread_documents, sum.unread_values), (0, 0));
        assert!(!sum.fields.contains_key("items"));
    }

    #[test]
    fn an_unread_document_is_reported_by_its_cause_and_its_values_are_counted_apart() {
        let failed = |why: &str| DocumentWork {
            failure: Some(why.to_owned()),
            ..DocumentWork::default()
        };
        let problem = |seen: &[CandidateRecord], work: DocumentWork| {
            let document = judge(&case(json!({"total": "1.00"})), seen, work);
            (document.problem, document.unread)
        };
        let right = || seen(1, json!({"total": "1.00"}));
        let mut other = right();
        other.record.doc_type = Some("invoice".into());
        let mut none = right();
        none.record.doc_type = None;
        let mut repeats = right();
        let finding = Finding::new(FindingCode::ListRepeats, Some("items"), "x");
        repeats.record.findings = vec![finding];
        let mut lost = right();
        lost.record.status = Status::Failed;
        let good = DocumentWork::default;
        assert_eq!(problem(&[right()], good()), (None, false));
        assert_eq!(
            problem(&[other], good()),
            (Some(DocumentProblem::OtherType), true)
        );
        assert_eq!(
            problem(&[none], good()),
            (Some(DocumentProblem::NoType), true)
        );
        let cut = (Some(DocumentProblem::CutOff), true);
        assert_eq!(problem(&[lost], failed("output_cut_off: 900 tokens")), cut);
        let page = (Some(DocumentProblem::PageFailed), false);
        assert_eq!(problem(&[right()], failed("deadline: 180 s")), page);
        let again = (Some(DocumentProblem::Repeated), false);
        assert_eq!(problem(&[repeats], good()), again);
        let document = causes(&[]);
        let sum = ErrorCounts::of(&[&document]);
        assert_eq!((sum.unread_documents, sum.unread_values), (1, 8));
        assert_eq!(sum.values.values().sum::<u64>(), 0);
        assert_eq!(sum.documents[&DocumentProblem::NoType], 1);
    }
}
