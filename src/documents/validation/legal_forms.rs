//! Puts back the blanks that OCR lost inside a company's legal form: `SDNBHD` is
//! `SDN BHD`. Only for answers that copy the page's text.

use serde_json::Value;

use super::words;
use crate::domain::{DocType, Fields, Finding, FindingCode};

/// Legal forms of several words, of the ELF code list (ISO 20275,
/// <https://www.gleif.org/en/about-lei/code-lists/iso-20275-entity-legal-forms-code-list>),
/// as far as their letters together are no other word.
const FORMS: [[&str; 2]; 5] = [
    ["SDN", "BHD"],
    ["PTE", "LTD"],
    ["PTY", "LTD"],
    ["PVT", "LTD"],
    ["CO", "LTD"],
];

/// Completes the texts of a record. Adds a finding for each change.
pub fn complete(doc_type: &DocType, fields: &mut Fields, findings: &mut Vec<Finding>) {
    for (name, value) in fields {
        let Value::String(text) = value else { continue };
        let Some(spaced) = spaced(text) else { continue };
        let message = format!(
            "{}: `{text}` is stored as `{spaced}`, since its legal form has a blank",
            words::field(doc_type, name)
        );
        findings.push(Finding::new(FindingCode::Normalised, Some(name), message));
        *value = Value::String(spaced);
    }
}

/// The text with blanks in its legal forms; `None` where none is missing.
fn spaced(text: &str) -> Option<String> {
    let words: Vec<String> = text.split(' ').map(spaced_word).collect();
    let spaced = words.join(" ");
    (spaced != text).then_some(spaced)
}

fn spaced_word(word: &str) -> String {
    for [first, second] in FORMS {
        // Neither the dot between the parts nor marks at the end belong to the letters.
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let Some(head) = without_end(bare, second) else {
            continue;
        };
        let Some(before) = without_end(head.trim_end_matches('.'), first) else {
            continue;
        };
        let follows_letter = before.ends_with(char::is_alphanumeric);
        if follows_letter {
            continue;
        }
        let (form, end) = (&head[before.len()..], &word[head.len()..]);
        return match before {
            "" => format!("{form} {end}"),
            before => format!("{before} {form} {end}"),
        };
    }
    word.to_owned()
}

/// `text` without `end`, in any case; `None` where it does not end so.
fn without_end<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(end.len())?;
    let found = text.get(at..)?;
    found.eq_ignore_ascii_case(end).then(|| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_blank_comes_back_and_no_other_letter_changes() {
        for (read, expected) in [
            ("SWC ENTERPRISE SDNBHD", "SWC ENTERPRISE SDN BHD"),
            ("Kedai Ubat Sdn.Bhd.", "Kedai Ubat Sdn. Bhd."),
            ("MOTOR (IPOH)SDN.BHD", "MOTOR (IPOH) SDN. BHD"),
            ("Lim Trading CO.,LTD", "Lim Trading CO.,LTD"),
            ("Lim Trading Co.Ltd.", "Lim Trading Co. Ltd."),
        ] {
            assert_eq!(spaced(read).unwrap_or(read.to_owned()), expected);
        }
        for whole in ["SDN BHD", "Weber GmbH", "EMPTYLTD", "sdn", ""] {
            assert_eq!(spaced(whole), None, "{whole}");
        }
    }
}
