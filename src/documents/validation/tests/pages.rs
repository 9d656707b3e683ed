//! What pages add to their records, and where records end.

use super::*;

#[test]
fn records_do_not_reach_over_the_documents_of_a_portfolio() {
    let same = || page(1, "invoice", invoice(Some("A-1")));
    let first = page(0, "invoice", invoice(Some("A-1")));
    assert_eq!(validate(&[first.clone(), same()]).len(), 1);
    let other = PageResult { part: 1, ..same() };
    let of_parts = validate(&[first.clone(), other]);
    let pages: Vec<_> = of_parts.iter().map(|record| &record.pages[..]).collect();
    assert_eq!(pages, [[0], [1]]);
    assert_eq!(of_parts[0].status, Status::Accepted);
    // A page that failed is of its own document alone.
    let failed = PageResult {
        part: 1,
        reading: Err(Failure::new(Reason::Deadline, "late")),
        ..same()
    };
    let of_parts = validate(&[first, failed]);
    let statuses: Vec<_> = of_parts.iter().map(|record| record.status).collect();
    assert_eq!(statuses, [Status::Accepted, Status::Failed]);
}

#[test]
fn what_a_page_looks_like_is_a_finding_of_its_record_alone() {
    let finding = |code| Finding::new(code, None, "page");
    let with = |index, code| PageResult {
        findings: vec![finding(code)],
        ..page(index, "receipt", receipt())
    };
    let turned = validate(&[with(0, FindingCode::Turned)]);
    assert_eq!(codes(&turned[0]), ["turned"]);
    assert_eq!(turned[0].status, Status::Accepted);
    let pages = [
        page(0, "receipt", receipt()),
        with(1, FindingCode::TooBlurred),
    ];
    let records = validate(&pages);
    let statuses: Vec<_> = records.iter().map(|record| record.status).collect();
    assert_eq!(statuses, [Status::Accepted, Status::NeedsReview]);
    // A blank page has no type that could be unknown.
    let blank = PageResult {
        routing: routed(Err("the page is blank")),
        reading: Ok(None),
        ..with(0, FindingCode::Blank)
    };
    let records = validate(&[blank]);
    assert_eq!(codes(&records[0]), ["blank"]);
    assert_eq!(records[0].status, Status::NeedsReview);
}
