use std::collections::BTreeMap;

use super::*;
use crate::documents::types::DocTypes;
use crate::documents::validation;
use crate::domain::{Failure, FieldLogprob, FindingCode, Reading, Reason, Routing};

const RUN: RunId = RunId(7);

/// A receipt page whose one line and total are these amounts, each read
/// with this probability.
fn reading(amount: &str, total: &str, sure: f32) -> Result<Option<Reading>, Failure> {
    let fields = serde_json::json!({
        "merchant_name": "ACME", "merchant_address": null, "date": "2024-03-14", "currency": "GBP",
        "items": [{"description": "Milk", "quantity": "1", "amount": amount}],
        "subtotal": null, "tax": null, "total": total,
    });
    let logprob = FieldLogprob {
        field: "total".into(),
        sum: sure.ln(),
        min: sure.ln(),
        tokens: 1,
    };
    Ok(Some(Reading {
        raw_text: fields.to_string(),
        fields: fields.as_object().unwrap().clone(),
        logprobs: vec![logprob],
        repetitions: vec![],
        prompt_tokens: 1,
        output_tokens: 1,
        ..Reading::default()
    }))
}

fn failed(reason: Reason) -> Result<Option<Reading>, Failure> {
    Err(Failure::new(reason, "it failed"))
}

/// Attempts at page 0 in this order: reader (`a` is the first) and result.
fn attempts(made: &[(&str, Result<Option<Reading>, Failure>)]) -> Vec<PageAttempt> {
    let attempt = |(id, (reader, result)): (i64, &(&str, _))| PageAttempt {
        reading_id: id,
        page: 0,
        reader: Some((*reader).to_owned()),
        escalated: *reader != "a",
        run: RUN,
        result: Result::clone(result),
    };
    (1..).zip(made).map(attempt).collect()
}

fn page(index: u32) -> PageResult {
    let routing = Routing {
        doc_type: Ok("receipt".into()),
        probabilities: vec![],
        embedding: None,
        forced: true,
    };
    PageResult {
        index,
        part: 0,
        routing: Some(routing),
        words: vec![],
        ocr: vec![],
        findings: vec![],
        reading: Ok(None),
    }
}

fn records(pages: &[PageReading]) -> Vec<Record> {
    let context = validation::Context {
        einvoices: BTreeMap::new(),
        unsupported_fields: BTreeMap::new(),
        document_warnings: Vec::new(),
        today: jiff::civil::date(2026, 1, 1),
    };
    let policy = crate::documents::acceptance::Policy {
        calibration: None,
        max_error: 0.005,
        min_confidence: 0.8,
    };
    let types = DocTypes::load(None).unwrap();
    let results: Vec<_> = pages.iter().map(|page| page.result.clone()).collect();
    let mut records = validation::records(&types, &results, &context);
    for record in &mut records {
        let doc_type = record.doc_type.as_deref().and_then(|name| types.get(name));
        policy.apply(doc_type, record);
    }
    records
}

fn select(
    made: &[(&str, Result<Option<Reading>, Failure>)],
    stronger: &[&str],
) -> SelectedAttempts {
    let stronger: Vec<String> = stronger.iter().map(|reader| (*reader).to_owned()).collect();
    select_attempts(&[page(0)], &attempts(made), &stronger, RUN, &records)
}

fn to(selected: &SelectedAttempts) -> Option<&str> {
    let first = selected.escalations.first();
    first.map(|escalation| escalation.reader.as_str())
}

#[test]
fn accepted_records_stay_and_others_are_escalated_one_reader_at_a_time() {
    let good = select(&[("a", reading("2.00", "2.00", 0.9))], &["b", "c"]);
    assert_eq!((to(&good), good.chosen.as_slice()), (None, &[(0, 1)][..]));
    let wrong = ("a", reading("2.00", "3.00", 0.9));
    let once = select(std::slice::from_ref(&wrong), &["b", "c"]);
    assert_eq!(to(&once), Some("b"));
    assert_eq!(once.escalations[0].reason.code, FindingCode::SumMismatch);
    let twice = select(
        &[wrong.clone(), ("b", reading("2.00", "4.00", 0.9))],
        &["b", "c"],
    );
    assert_eq!(to(&twice), Some("c"));
    let thrice = [
        wrong,
        ("b", reading("2.00", "4.00", 0.9)),
        ("c", reading("2.00", "2.00", 0.9)),
    ];
    let thrice = select(&thrice, &["b", "c"]);
    assert_eq!(
        (to(&thrice), thrice.chosen.as_slice()),
        (None, &[(0, 3)][..])
    );
}

#[test]
fn low_confidence_and_failed_answers_are_escalated_and_faults_of_the_file_are_not() {
    let uncertain = select(&[("a", reading("2.00", "2.00", 0.5))], &["b"]);
    let code = uncertain.escalations[0].reason.code;
    assert_eq!(code, FindingCode::LowConfidence);
    for (reason, escalates) in [
        (Reason::OutputCutOff, true),
        (Reason::OutputRefused, true),
        (Reason::OutputInvalid, true),
        (Reason::PromptTooLong, true),
        (Reason::SourceChanged, false),
        (Reason::WorkerDied, false),
        (Reason::Corrupt, false),
    ] {
        let selected = select(&[("a", failed(reason))], &["b"]);
        let escalations = selected.escalations.len();
        assert_eq!(escalations, usize::from(escalates), "{reason}");
    }
}

#[test]
fn the_better_attempt_counts_and_of_equals_the_stronger_readers() {
    let chosen = |first: (&str, &str, f32), second: (&str, &str, f32)| {
        let made = [
            ("a", reading(first.0, first.1, first.2)),
            ("b", reading(second.0, second.1, second.2)),
        ];
        select(&made, &["b"]).chosen[0].1
    };
    // The second adds up, the first does not.
    assert_eq!(chosen(("2.00", "3.00", 0.9), ("2.00", "2.00", 0.9)), 2);
    // Neither does, the second is uncertain as well.
    assert_eq!(chosen(("2.00", "3.00", 0.9), ("2.00", "4.00", 0.5)), 1);
    // As many uncertain fields: the more confident one.
    assert_eq!(chosen(("2.00", "3.00", 0.99), ("2.00", "4.00", 0.9)), 1);
    assert_eq!(chosen(("2.00", "3.00", 0.9), ("2.00", "4.00", 0.9)), 2);
}

#[test]
fn a_failed_escalation_changes_nothing_and_a_good_one_rescues_a_failed_page() {
    let wrong = reading("2.00", "3.00", 0.9);
    let unchanged = select(
        &[("a", wrong), ("b", failed(Reason::OutputRefused))],
        &["b"],
    );
    assert_eq!(
        (to(&unchanged), unchanged.chosen.as_slice()),
        (None, &[(0, 1)][..])
    );
    let rescued = select(
        &[
            ("a", failed(Reason::OutputCutOff)),
            ("b", reading("2.00", "2.00", 0.9)),
        ],
        &["b"],
    );
    assert_eq!(
        (rescued.rescued, rescued.chosen.as_slice()),
        (1, &[(0, 2)][..])
    );
}

#[test]
fn a_reader_that_was_out_is_asked_again_by_another_run_only() {
    let made = [
        ("a", reading("2.00", "3.00", 0.9)),
        ("b", failed(Reason::ReaderUnavailable)),
    ];
    assert_eq!(to(&select(&made, &["b"])), None);
    let stronger = ["b".to_owned()];
    let made = attempts(&made);
    let later = select_attempts(&[page(0)], &made, &stronger, RunId(8), &records);
    assert_eq!(to(&later), Some("b"));
}

#[test]
fn what_a_reader_that_was_removed_has_read_still_counts() {
    let made = [
        ("a", reading("2.00", "3.00", 0.9)),
        ("old", reading("2.00", "2.00", 0.9)),
    ];
    for stronger in [&[][..], &["b"]] {
        let selected = select(&made, stronger);
        assert_eq!(
            (to(&selected), selected.chosen.as_slice()),
            (None, &[(0, 2)][..])
        );
    }
}

#[test]
fn pages_of_one_record_are_escalated_together_and_those_of_others_are_not() {
    let mut made = attempts(&[
        ("a", reading("2.00", "2.00", 0.9)),
        ("a", reading("2.00", "3.00", 0.9)),
    ]);
    made[1].page = 1;
    let pages = [page(0), page(1)];
    let selected = select_attempts(&pages, &made, &["b".to_owned()], RUN, &records);
    assert_eq!(selected.escalations.len(), 1);
    assert_eq!(selected.escalations[0].pages, [1]);
}

#[test]
fn a_page_of_unknown_type_is_not_escalated() {
    let mut unknown = page(0);
    unknown.routing.as_mut().unwrap().doc_type = Err("no type".into());
    let made = attempts(&[("a", Ok(None))]);
    let selected = select_attempts(&[unknown], &made, &["b".to_owned()], RUN, &records);
    assert!(selected.escalations.is_empty());
}

#[test]
fn a_page_that_is_hard_to_read_is_escalated_and_one_that_lacks_something_is_not() {
    let reason = |code| {
        let finding = Finding::new(code, None, "");
        escalation_reason(Status::NeedsReview, &[finding]).map(|reason| reason.code)
    };
    for code in FindingCode::all().filter(|code| code.is_about_quality()) {
        let hard = matches!(
            code,
            FindingCode::TooBlurred
                | FindingCode::TextTooSmall
                | FindingCode::UnderExposed
                | FindingCode::OverExposed
        );
        assert_eq!(reason(code), hard.then_some(code));
    }
}
