use std::collections::BTreeMap;

use super::*;
use crate::documents::types::DocTypes;
use crate::documents::validation;
use crate::domain::{Failure, FieldLogprob, Reading, Reason, Routing};

const RUN: RunId = RunId(7);

/// A receipt page whose one line and total are these amounts, each believed
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
        verbatim: false,
        unsure: false,
        repetitions: vec![],
        prompt_tokens: 1,
        output_tokens: 1,
        forced_tokens: 0,
        prefill_seconds: 0.0,
        decode_seconds: 0.0,
    }))
}

fn failed(reason: Reason) -> Result<Option<Reading>, Failure> {
    Err(Failure::new(reason, "so it is"))
}

/// Attempts at page 0 in this order: reader (`a` is the first) and result.
fn attempts(made: &[(&str, Result<Option<Reading>, Failure>)]) -> Vec<PageAttempt> {
    let attempt = |(id, (reader, result)): (i64, &(&str, _))| PageAttempt {
        reading_id: id,
        page: 0,
        reader: Some((*reader).to_owned()),
        climbed: *reader != "a",
        run: RUN,
        result: Result::clone(result),
    };
    (1..).zip(made).map(attempt).collect()
}

fn page(index: u32) -> PageResult {
    let routing = Routing {
        verdict: Ok("receipt".into()),
        probabilities: vec![],
        embedding: None,
        forced: true,
    };
    PageResult {
        index,
        routing: Some(routing),
        words: vec![],
        ocr: vec![],
        reading: Ok(None),
    }
}

fn judged(reads: &[Read]) -> Vec<Record> {
    let context = validation::Context {
        einvoice: None,
        unsupported_fields: BTreeMap::new(),
        document_warnings: Vec::new(),
        policy: crate::documents::acceptance::Policy {
            calibration: None,
            max_error: 0.005,
            min_confidence: 0.8,
        },
        today: jiff::civil::date(2026, 1, 1),
    };
    let results: Vec<_> = reads.iter().map(|read| read.result.clone()).collect();
    validation::records(&DocTypes::load(None).unwrap(), &results, &context)
}

fn weighed(made: &[(&str, Result<Option<Reading>, Failure>)], ladder: &[&str]) -> Weighed {
    let ladder: Vec<String> = ladder.iter().map(|reader| (*reader).to_owned()).collect();
    weigh(&[page(0)], &attempts(made), &ladder, RUN, &judged)
}

fn to(weighed: &Weighed) -> Option<&str> {
    weighed.climbs.first().map(|climb| climb.reader.as_str())
}

#[test]
fn what_is_accepted_stays_and_what_is_not_climbs_one_reader_at_a_time() {
    let good = weighed(&[("a", reading("2.00", "2.00", 0.9))], &["b", "c"]);
    assert_eq!((to(&good), good.chosen.as_slice()), (None, &[(0, 1)][..]));
    let wrong = ("a", reading("2.00", "3.00", 0.9));
    let once = weighed(std::slice::from_ref(&wrong), &["b", "c"]);
    assert_eq!(to(&once), Some("b"));
    assert!(
        once.climbs[0].why.starts_with("sum_mismatch: "),
        "{:?}",
        once.climbs
    );
    let twice = weighed(
        &[wrong.clone(), ("b", reading("2.00", "4.00", 0.9))],
        &["b", "c"],
    );
    assert_eq!(to(&twice), Some("c"));
    let thrice = [
        wrong,
        ("b", reading("2.00", "4.00", 0.9)),
        ("c", reading("2.00", "2.00", 0.9)),
    ];
    let thrice = weighed(&thrice, &["b", "c"]);
    assert_eq!(
        (to(&thrice), thrice.chosen.as_slice()),
        (None, &[(0, 3)][..])
    );
}

#[test]
fn low_confidence_and_a_failed_answer_climb_and_the_files_own_faults_do_not() {
    let doubtful = weighed(&[("a", reading("2.00", "2.00", 0.5))], &["b"]);
    assert!(doubtful.climbs[0].why.starts_with("low_confidence: "));
    for (reason, climbs) in [
        (Reason::OutputCutOff, true),
        (Reason::OutputRefused, true),
        (Reason::OutputInvalid, true),
        (Reason::PromptTooLong, true),
        (Reason::SourceChanged, false),
        (Reason::WorkerDied, false),
        (Reason::Corrupt, false),
    ] {
        let weighed = weighed(&[("a", failed(reason))], &["b"]);
        assert_eq!(weighed.climbs.len(), usize::from(climbs), "{reason}");
    }
}

#[test]
fn the_better_attempt_counts_and_of_equals_the_stronger_readers() {
    let chosen = |first: (&str, &str, f32), second: (&str, &str, f32)| {
        let made = [
            ("a", reading(first.0, first.1, first.2)),
            ("b", reading(second.0, second.1, second.2)),
        ];
        weighed(&made, &["b"]).chosen[0].1
    };
    // The second adds up, the first does not.
    assert_eq!(chosen(("2.00", "3.00", 0.9), ("2.00", "2.00", 0.9)), 2);
    // Neither does, the second is doubtful as well.
    assert_eq!(chosen(("2.00", "3.00", 0.9), ("2.00", "4.00", 0.5)), 1);
    // As many doubts: the surer one.
    assert_eq!(chosen(("2.00", "3.00", 0.99), ("2.00", "4.00", 0.9)), 1);
    assert_eq!(chosen(("2.00", "3.00", 0.9), ("2.00", "4.00", 0.9)), 2);
}

#[test]
fn a_failed_climb_leaves_the_page_what_it_had_and_a_good_one_rescues_a_failed_page() {
    let wrong = reading("2.00", "3.00", 0.9);
    let weighed_ = weighed(
        &[("a", wrong), ("b", failed(Reason::OutputRefused))],
        &["b"],
    );
    assert_eq!(
        (to(&weighed_), weighed_.chosen.as_slice()),
        (None, &[(0, 1)][..])
    );
    let rescued = weighed(
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
fn a_reader_that_was_away_is_asked_again_by_another_run_only() {
    let made = [
        ("a", reading("2.00", "3.00", 0.9)),
        ("b", failed(Reason::ReaderUnavailable)),
    ];
    assert_eq!(to(&weighed(&made, &["b"])), None);
    let ladder = ["b".to_owned()];
    let later = weigh(&[page(0)], &attempts(&made), &ladder, RunId(8), &judged);
    assert_eq!(to(&later), Some("b"));
}

#[test]
fn a_reader_taken_off_the_ladder_keeps_what_it_read() {
    let made = [
        ("a", reading("2.00", "3.00", 0.9)),
        ("old", reading("2.00", "2.00", 0.9)),
    ];
    for ladder in [&[][..], &["b"]] {
        let weighed = weighed(&made, ladder);
        assert_eq!(
            (to(&weighed), weighed.chosen.as_slice()),
            (None, &[(0, 2)][..])
        );
    }
}

#[test]
fn pages_of_one_record_climb_together_and_those_of_others_stay() {
    let mut made = attempts(&[
        ("a", reading("2.00", "2.00", 0.9)),
        ("a", reading("2.00", "3.00", 0.9)),
    ]);
    made[1].page = 1;
    let pages = [page(0), page(1)];
    let weighed = weigh(&pages, &made, &["b".to_owned()], RUN, &judged);
    assert_eq!(weighed.climbs.len(), 1);
    assert_eq!(weighed.climbs[0].pages, [1]);
}

#[test]
fn a_page_whose_type_is_not_known_does_not_climb() {
    let mut unknown = page(0);
    unknown.routing.as_mut().unwrap().verdict = Err("neither fish nor fowl".into());
    let made = attempts(&[("a", Ok(None))]);
    let weighed = weigh(&[unknown], &made, &["b".to_owned()], RUN, &judged);
    assert!(weighed.climbs.is_empty());
}
