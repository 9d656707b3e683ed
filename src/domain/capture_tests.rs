use super::*;

/// An invoice, with its values on the page.
fn invoice(number: &str, date: &str, total: &str) -> Capture {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let facts = Facts {
        party: some("Weber Druck GmbH"),
        date: some(date),
        total: some(total),
        currency: some("EUR"),
        number: some(number),
    };
    let text = format!("Weber Druck GmbH Rechnung {number}");
    let day = date.parse().map(date_token);
    let value = total.parse().map(number_token);
    Capture {
        facts,
        words: folded_words(&text).into_iter().collect(),
        numbers: day.into_iter().chain(value).collect(),
    }
}

fn verdict(a: &Capture, b: &Capture) -> Verdict {
    assert_eq!(judge(a, b).verdict, judge(b, a).verdict);
    judge(a, b).verdict
}

#[test]
fn equal_values_are_one_document_and_small_damage_does_not_matter() {
    let original = invoice("R-2024-117", "2024-07-02", "384.37");
    let mut copy = invoice("R 2024 117", "2024-07-02", "384.370");
    copy.facts.party = Some("Weber Drvck GmbH".into());
    assert_eq!(verdict(&original, &copy), Verdict::SameDocument);
}

#[test]
fn a_differing_number_date_or_total_is_a_sibling() {
    let original = invoice("R-2024-117", "2024-07-02", "384.37");
    for sibling in [
        invoice("R-2024-118", "2024-07-02", "384.37"),
        invoice("R-2024-118", "2024-08-02", "384.37"),
        invoice("", "2024-08-02", "384.37"),
        invoice("", "2024-07-02", "99.00"),
    ] {
        assert_eq!(
            verdict(&original, &sibling),
            Verdict::Sibling,
            "{sibling:?}"
        );
    }
    let differences = judge(&original, &invoice("R-2024-118", "2024-07-02", "384.37")).differences;
    assert_eq!(differences, ["number R-2024-117 and R-2024-118"]);
}

#[test]
fn a_value_that_both_pages_show_may_have_been_misread() {
    let original = invoice("R-2024-117", "2024-07-02", "384.37");
    let mut misread = invoice("R-2024-117", "2024-07-16", "384.37");
    misread.facts.number = None;
    let mut other = original.clone();
    other.facts.number = None;
    // Both pages have the date of issue and the due date.
    for capture in [&mut misread, &mut other] {
        capture
            .numbers
            .extend(["d20240702".into(), "d20240716".into()]);
    }
    let judgement = judge(&other, &misread);
    assert_eq!(judgement.verdict, Verdict::Undecided);
    assert_eq!(judgement.differences, ["date 2024-07-02 and 2024-07-16"]);
}

#[test]
fn the_same_number_with_another_total_is_undecided() {
    let original = invoice("R-2024-117", "2024-07-02", "384.37");
    let corrected = invoice("R-2024-117", "2024-07-02", "380.00");
    assert_eq!(verdict(&original, &corrected), Verdict::Undecided);
    // Short numbers are met by chance.
    let (first, second) = (
        invoice("7", "2024-07-02", "384.37"),
        invoice("7", "2023-07-02", "12.00"),
    );
    assert_eq!(verdict(&first, &second), Verdict::Sibling);
}

#[test]
fn missing_values_leave_it_undecided() {
    let original = invoice("R-2024-117", "2024-07-02", "384.37");
    let unread = Capture::default();
    assert_eq!(verdict(&original, &unread), Verdict::Undecided);
    assert_eq!(verdict(&unread, &unread), Verdict::Undecided);
}

#[test]
fn two_coffees_of_a_day_are_distinguished_by_other_numbers_on_the_page() {
    let coffee = |text: &str| {
        let mut capture = invoice("", "2024-07-02", "2.80");
        capture.words.extend(folded_words(text));
        capture
    };
    let first = coffee("Bon 4711 08:03 Kasse 2");
    let again = coffee("Bon 4711 08:03 Kasse 2");
    let second = coffee("Bon 4790 16:41 Kasse 1");
    assert_eq!(verdict(&first, &again), Verdict::SameDocument);
    let judgement = judge(&first, &second);
    assert_eq!(judgement.verdict, Verdict::Undecided);
    let expected = "on one page 03, 08, 2, 4711, on the other 1, 16, 41, 4790";
    assert_eq!(judgement.differences, [expected]);
    // Cropped: nothing on it contradicts the first.
    assert_eq!(verdict(&first, &coffee("Bon 4711")), Verdict::SameDocument);
}
