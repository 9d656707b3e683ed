//! Chooses a document's e-invoice among its XML files.

use std::collections::BTreeMap;

use super::fields::fields;
use super::parse::parse;
use crate::domain::{EInvoice, Reason, XmlFile};

/// File names of the invoice in a PDF by the specifications, in the order of
/// preference.
const NAMES: [&str; 4] = [
    "factur-x.xml",
    "xrechnung.xml",
    "zugferd-invoice.xml",
    "ger-factur-x.xml",
];

/// The e-invoice of a document, and warnings about the other files.
#[derive(Debug, Default)]
pub struct Chosen {
    pub file: Option<XmlFile>,
    pub warnings: Vec<String>,
}

/// Chooses by name, then by order. Files that are not e-invoices are
/// skipped. Damaged ones, and ones with another invoice, give a warning.
pub fn choose(mut files: Vec<XmlFile>) -> Chosen {
    let name = |file: &XmlFile| file.name.clone().unwrap_or_default();
    let rank = |file: &XmlFile| {
        let name = name(file).to_lowercase();
        let place = NAMES.iter().position(|known| *known == name);
        place.unwrap_or(NAMES.len())
    };
    files.sort_by_key(rank);
    let mut chosen = Chosen::default();
    let mut stated: Option<EInvoice> = None;
    for file in files {
        let invoice = match parse(&file.bytes) {
            Ok(invoice) => invoice,
            Err(failure) if failure.reason == Reason::UnsupportedType => continue,
            Err(failure) => {
                chosen.warnings.push(format!(
                    "the attached {} is an e-invoice that cannot be read: {}",
                    name(&file),
                    failure.message
                ));
                continue;
            }
        };
        let Some(first) = &stated else {
            stated = Some(invoice);
            chosen.file = Some(file);
            continue;
        };
        let differing = differences(first, &invoice);
        if !differing.is_empty() {
            let used = chosen.file.as_ref().map(name).unwrap_or_default();
            chosen.warnings.push(format!(
                "the PDF carries several e-invoices: {used} is used, {} states another {}",
                name(&file),
                differing.join(", ")
            ));
        }
    }
    chosen
}

/// Terms that both invoices state, with different values. Syntaxes and profiles
/// differ in what they can state.
fn differences(a: &EInvoice, b: &EInvoice) -> Vec<String> {
    let (a, b) = (key_terms(a), key_terms(b));
    let differs =
        |(name, value): &(&String, &String)| b.get(*name).is_some_and(|other| other != *value);
    let terms = a.iter().filter(differs);
    terms.map(|(name, _)| name.replace('_', " ")).collect()
}

fn key_terms(invoice: &EInvoice) -> BTreeMap<String, String> {
    const KEY_TERMS: [&str; 11] = [
        "invoice_number",
        "issue_date",
        "due_date",
        "currency",
        "seller_vat_id",
        "buyer_vat_id",
        "iban",
        "payment_account",
        "net_total",
        "tax_total",
        "gross_total",
    ];
    let fields = fields(invoice);
    let text = |name: &str| fields[name].as_str().map(str::to_owned);
    let mut terms: BTreeMap<String, String> = KEY_TERMS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), text(name)?)))
        .collect();
    if let Some(due) = invoice.totals.due {
        terms.insert("amount_due".into(), due.normalize().to_string());
    }
    terms.insert("kind".into(), invoice.is_credit_note().to_string());
    let nets: Option<Vec<String>> = invoice
        .lines
        .iter()
        .map(|line| Some(line.net?.normalize().to_string()))
        .collect();
    if let Some(nets) = nets.filter(|nets| !nets.is_empty()) {
        terms.insert("line_amounts".into(), nets.join(" "));
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    const UBL: &str = include_str!("../../../fixtures/invoice/einvoice_ubl/input.xml");

    fn file(name: &str, xml: &str) -> XmlFile {
        XmlFile {
            part: 0,
            name: Some(name.into()),
            bytes: xml.into(),
        }
    }

    fn chosen(files: Vec<XmlFile>) -> (Option<String>, Vec<String>) {
        let chosen = choose(files);
        (chosen.file.and_then(|file| file.name), chosen.warnings)
    }

    #[test]
    fn the_binding_name_is_used_and_a_second_invoice_of_the_same_statements_does_not_conflict() {
        let spaced = UBL.replace("\n", "\n  ");
        let files = vec![file("other.xml", &spaced), file("Factur-X.xml", UBL)];
        let expected = (Some("Factur-X.xml".to_owned()), Vec::new());
        assert_eq!(chosen(files), expected);
    }

    #[test]
    fn a_second_invoice_that_states_something_else_and_a_broken_one_are_warnings() {
        let other = UBL.replace(">433.80<", ">434.80<");
        let broken = &UBL[..UBL.len() / 2];
        let files = vec![
            file("xrechnung.xml", UBL),
            file("a.xml", &other),
            file("b.xml", broken),
            file("c.xml", "<feed/>"),
        ];
        let (used, warnings) = chosen(files);
        assert_eq!(used.as_deref(), Some("xrechnung.xml"));
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[0].ends_with("a.xml states another gross total"),
            "{warnings:?}"
        );
        assert!(warnings[1].contains("b.xml") && warnings[1].contains("cannot be read"));
    }
}
