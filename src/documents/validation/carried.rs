//! Finds sums that a page carries forward to the next, or from the previous one: a
//! reader may take them for lines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::assemble::Draft;
use crate::documents::values::folded_words;
use crate::domain::{Finding, FindingCode, count};

/// Names of such rows, without words that also name goods and services (`transport`,
/// `report`).
#[rustfmt::skip]
const ROWS: &str = "carried forward|carried over|brought forward|balance brought forward|total carried forward|total brought forward|b/f|c/f|\
    ubertrag|zwischensumme ubertrag|vortrag|a reporter|montant a reporter|report page|report de la page|report de page|sous-total a reporter|\
    riporto|a riportare|da riportare|suma y sigue|suma anterior|suma y sigue de pagina|a transportar|de transporte da pagina|over te brengen|\
    transporteren|overgebracht|overfores|overfort|overforing|overfort fra side|siirretaan|do przeniesienia|z przeniesienia|k prenosu|z prenosu|\
    atvitel|athozat|de reportat|reportat|z prevodu|na prevod";

/// Words that may stand beside such a name.
const BESIDE: &str = "von|auf|zu|seite|s|page|from|to|of|de|la|p|pag|pagina|side|strona|strany|strane|oldal|sivu|total|summe|eur";

fn is_carried(text: &str) -> bool {
    let words = folded_words(text);
    let words = words.trim();
    let is_beside =
        |word: &str| BESIDE.split('|').any(|known| known == word) || word.parse::<u32>().is_ok();
    ROWS.split('|').any(|row| {
        let rest = words.strip_prefix(row);
        rest.is_some_and(|rest| {
            (rest.is_empty() || rest.starts_with(' ')) && rest.split_whitespace().all(is_beside)
        })
    })
}

/// Whether one of the line's texts is such a name.
fn is_row(line: &Value) -> bool {
    let mut values = line.as_object().into_iter().flat_map(|line| line.values());
    values.any(|value| value.as_str().is_some_and(is_carried))
}

/// Removes such rows from the record's lists, with a finding for each list that had
/// any.
pub fn leave_out(draft: &mut Draft) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut moves = Vec::new();
    for (name, value) in &mut draft.fields {
        let Value::Array(list) = value else { continue };
        // New line number by old one, of the lines that stay.
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, _) in list.iter().enumerate().filter(|(_, line)| !is_row(line)) {
            places.insert(index, places.len());
        }
        let left_out = list.len() - places.len();
        if left_out == 0 {
            continue;
        }
        list.retain(|line| !is_row(line));
        let message = format!(
            "{} left out: sums that are carried from page to page",
            count(left_out as u64, "line")
        );
        findings.push(Finding::new(FindingCode::LinesLeftOut, Some(name), message));
        moves.push((name.clone(), places));
    }
    for (name, places) in moves {
        draft.move_lines(&name, &places);
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_of_carried_sums_are_known_and_goods_are_not() {
        for text in [
            "Übertrag",
            "Carried forward to page 2",
            "Übertrag von Seite 1",
            "À reporter",
            "Suma y sigue",
            "Riporto",
        ] {
            assert!(is_carried(text), "{text}");
        }
        for text in [
            "Transport",
            "Report",
            "Übertragungskabel",
            "Überträger 12 V",
            "Carried forward conveyor",
            "",
        ] {
            assert!(!is_carried(text), "{text}");
        }
    }

    #[test]
    fn the_lines_that_stay_keep_their_confidence() {
        let mut draft = Draft::default();
        let lines = json!([{"description": "Übertrag"}, {"description": "Bolt"}]);
        draft.fields.insert("line_items".into(), lines);
        draft.confidence = vec![
            ("gross_total".into(), 0.7),
            ("line_items[0].description".into(), 0.8),
            ("line_items[1].description".into(), 0.9),
        ];
        assert_eq!(leave_out(&mut draft).len(), 1);
        assert_eq!(draft.fields["line_items"], json!([{"description": "Bolt"}]));
        let expected = [
            ("gross_total".to_owned(), 0.7),
            ("line_items[0].description".to_owned(), 0.9),
        ];
        assert_eq!(draft.confidence, expected);
    }
}
