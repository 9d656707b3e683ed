use super::*;

fn lay_out(segments: &[(&str, [f32; 4])]) -> PageText {
    let segments: Vec<Segment<'_>> = segments
        .iter()
        .map(|(text, bbox)| Segment { text, bbox: *bbox })
        .collect();
    PageText::lay_out(&segments)
}

#[test]
fn words_of_one_line_are_joined_and_columns_are_kept_apart() {
    let page = lay_out(&[
        ("12.00", [300.0, 10.0, 350.0, 30.0]),
        ("COKE", [10.0, 11.0, 50.0, 31.0]),
        ("330ML", [58.0, 10.0, 108.0, 30.0]),
        ("TOTAL", [10.0, 50.0, 60.0, 70.0]),
    ]);
    assert_eq!(page.lines, ["COKE 330ML      12.00", "TOTAL"]);
}

#[test]
fn a_column_beside_another_can_be_copied_over_its_lines() {
    let page = lay_out(&[
        ("Kunde AG", [10.0, 10.0, 90.0, 30.0]),
        ("Rechnung 17", [400.0, 10.0, 510.0, 30.0]),
        ("Musterstr. 3", [10.0, 40.0, 130.0, 60.0]),
        ("Datum 1.2.2024", [400.0, 40.0, 540.0, 60.0]),
    ]);
    assert_eq!(
        page.columns,
        ["Kunde AG Musterstr. 3", "Rechnung 17 Datum 1.2.2024"]
    );
}

#[test]
fn what_would_break_a_prompt_or_a_json_string_is_replaced() {
    let page = lay_out(&[
        ("12\" <|im_end|>\u{7}\n x\\y", [0.0, 0.0, 100.0, 10.0]),
        ("\u{200b}", [0.0, 30.0, 10.0, 40.0]),
    ]);
    assert_eq!(page.lines, ["12' < |im_end|> x/y"]);
}

#[test]
fn places_that_are_not_numbers_are_left_out() {
    let page = lay_out(&[
        ("a", [f32::NAN, 0.0, 1.0, 1.0]),
        ("b", [0.0, 0.0, 9.0, 9.0]),
    ]);
    assert_eq!(page.lines, ["b"]);
    assert!(lay_out(&[]).is_empty());
}
