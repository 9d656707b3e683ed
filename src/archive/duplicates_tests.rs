use super::*;
use crate::domain::{Capture, Facts, PageImage, folded_words};

const TEMPLATE: &str = "Weber Druck GmbH Lindenstrasse Rechnung Briefbogen Visitenkarten zahlbar binnen \
    vierzehn Tagen ohne Abzug auf unser Konto bei der Sparkasse";

/// Record number `record` of a document of its own.
fn capture(record: i64, number: &str, date: &str) -> StoredCapture {
    let text = format!("{TEMPLATE} {number} {date} 384,37");
    let facts = Facts {
        party: Some("Weber Druck GmbH".into()),
        date: Some(date.into()),
        total: Some("384.37".into()),
        currency: Some("EUR".into()),
        number: Some(number.into()),
    };
    StoredCapture {
        record,
        document: DocumentId(record),
        doc_type: Some("invoice".into()),
        paths: vec![format!("/in/{record}.png").into()],
        pages: vec![0],
        capture: Capture {
            facts,
            words: folded_words(&text).into_iter().collect(),
            numbers: BTreeSet::new(),
        },
        text,
        looks: vec![],
        keys: vec![],
    }
}

/// Another capture of it that lost its values.
fn unread(mut capture: StoredCapture, record: i64) -> StoredCapture {
    capture.record = record;
    capture.document = DocumentId(record);
    capture.capture.facts = Facts::default();
    capture
}

fn groups(found: &Duplicates) -> Vec<Vec<i64>> {
    let records = |group: &Group| group.members.iter().map(|member| member.record).collect();
    found.groups.iter().map(records).collect()
}

#[test]
fn captures_with_equal_values_are_grouped_and_siblings_are_not() {
    let captures = [
        capture(1, "R-2024-117", "2024-07-02"),
        capture(2, "R-2024-118", "2024-07-02"),
        capture(3, "R-2024-117", "2024-07-02"),
        capture(4, "R-2024-119", "2024-08-02"),
        capture(5, "R-2024-117", "2024-07-02"),
    ];
    let found = duplicates(&captures, &BTreeSet::new());
    assert_eq!(groups(&found), [[1, 3, 5]]);
    assert_eq!(found.groups[0].by, BTreeSet::from([SameBy::Values]));
    assert!(found.undecided.is_empty(), "{:?}", found.undecided);
    // Each of 1, 3 and 5 with 2 and 4, and these two.
    assert_eq!(found.siblings, 7);
}

#[test]
fn what_a_person_rejected_is_not_suggested_again() {
    let captures = [
        capture(1, "R-2024-117", "2024-07-02"),
        capture(3, "R-2024-117", "2024-07-02"),
    ];
    let rejected = BTreeSet::from([(DocumentId(1), DocumentId(3))]);
    assert_eq!(duplicates(&captures, &rejected), Duplicates::default());
}

#[test]
fn a_capture_without_values_is_undecided_by_its_text() {
    let original = capture(1, "R-2024-117", "2024-07-02");
    let found = duplicates(&[original.clone(), unread(original, 2)], &BTreeSet::new());
    assert!(found.groups.is_empty());
    let members = &found.undecided[0].members;
    assert_eq!([members[0].record, members[1].record], [1, 2]);
}

#[test]
fn same_pixels_are_one_document_whatever_was_read() {
    let pixels = (0..64 * 64u32).flat_map(|at| [(at.wrapping_mul(2_654_435_761) >> 24) as u8; 3]);
    let image = PageImage::new(64, 64, pixels.collect()).unwrap();
    let look = look::look(&image);
    let mut original = capture(1, "R-2024-117", "2024-07-02");
    original.looks = vec![look.clone()];
    let mut misread = capture(2, "R-2024-777", "2024-07-02");
    misread.looks = vec![look];
    let found = duplicates(&[original.clone(), misread.clone()], &BTreeSet::new());
    assert_eq!(groups(&found), [[1, 2]]);
    assert_eq!(found.groups[0].by, BTreeSet::from([SameBy::Pixels]));
    // Turned, it looks the same, and then the values count.
    misread.looks = vec![look::look(&image.turned(1))];
    let found = duplicates(&[original, misread], &BTreeSet::new());
    assert!(found.groups.is_empty() && found.siblings == 1, "{found:?}");
}

#[test]
fn a_file_with_copies_is_a_group_of_its_own() {
    let mut copied = capture(1, "R-2024-117", "2024-07-02");
    copied.paths.push("/in/copy.png".into());
    let found = duplicates(&[copied], &BTreeSet::new());
    assert_eq!(found.groups[0].by, BTreeSet::from([SameBy::Bytes]));
    assert_eq!(found.groups[0].members[0].paths.len(), 2);
}

#[test]
fn look_alikes_do_not_chain_documents_together() {
    // 2 is undecided between 1 and 3, which are siblings.
    let (first, third) = (
        capture(1, "R-2024-117", "2024-07-02"),
        capture(3, "R-2024-118", "2024-07-02"),
    );
    let found = duplicates(&[first.clone(), unread(first, 2), third], &BTreeSet::new());
    assert!(found.groups.is_empty());
    assert_eq!((found.undecided.len(), found.siblings), (2, 1));
}
