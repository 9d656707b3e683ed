//! Finds documents whose title says that they are not bills to pay.

use crate::documents::values;
use crate::documents::values::number;
use crate::domain::{Finding, FindingCode};

struct Title {
    code: FindingCode,
    /// What the document is and what to do.
    meaning: &'static str,
    phrases: &'static str,
}

const CREDIT: &str =
    "it may be a credit note, whose amounts are to be credited, not paid: check its sign";

#[rustfmt::skip]
const TITLES: [Title; 3] = [
    Title { code: FindingCode::CreditNote, meaning: CREDIT, phrases:
        "credit note|credit memo|credit invoice|tax credit note|refund|refund receipt|sales return|rechnungskorrektur|stornorechnung|storno|gutschrift|\
         retoure|ruckerstattung|avoir|facture d'avoir|note de credit|remboursement|nota di credito|nota credito|reso|nota de credito|factura rectificativa|\
         abono|devolucion|creditnota|creditfactuur|kreditnota|kreditfaktura|kreditnote|hyvityslasku|faktura korygujaca|dobropis|opravny danovy doklad|\
         odobreni|helyesbito szamla|storno szamla|nota de credit|iade faturasi|pistotiko timologio|πιστωτικο τιμολογιο|nota kredit" },
    Title { code: FindingCode::InvoiceKind, meaning: "it may be a proforma invoice, which is not a demand for payment or a VAT invoice: wait for the invoice", phrases:
        "proforma|pro forma|pro-forma|proforma invoice|pro forma invoice|pro-forma invoice|proforma-rechnung|pro-forma-rechnung|proformarechnung|\
         facture proforma|facture pro forma|factura proforma|fattura proforma|fattura pro forma|proforma factuur|pro forma factuur|proformafaktura|\
         faktura proforma|faktura pro forma|zalohova faktura|dijbekero" },
    Title { code: FindingCode::InvoiceKind, meaning: "the buyer issued it: check which side of it is yours", phrases:
        "self billing|self-billing|self billed invoice|self-billed invoice|self billing invoice|self-billing invoice|selbstfakturierung|autofacturation|\
         auto-facturation|facturacion por el destinatario|autofacturacion|autofatturazione|autofattura|factuur uitgereikt door afnemer|selvfakturering|\
         sjalvfakturering|itselaskutus|samofakturowanie|autofaturacao|onszamlazas|samofakturacia|vyhotoveni faktury odberatelem" },
];

/// Words that may stand beside the title's number.
#[rustfmt::skip]
const BESIDE: &str = "no|nr|num|number|nummer|numero|n°|nº|n|id|ref|date|datum|dated|vom|of|du|del|di|zu|to|for|invoice|rechnung|facture|fattura|factura|\
    original|copy|kopie|copie|copia|duplicate|tax|receipt|beleg";

/// The blanks between cells of one line.
const GAP: &str = "  ";
/// First lines of a page among which a title is looked for.
const FIRST_LINES: usize = 25;

/// The finding for the first title. `pages`: the lines of each page.
pub fn find(pages: &[Vec<String>]) -> Option<Finding> {
    let lines = pages
        .iter()
        .flat_map(|lines| lines.iter().take(FIRST_LINES));
    let cells = lines.flat_map(|line| line.split(GAP)).map(str::trim);
    let (title, cell) = cells
        .filter(|cell| !cell.is_empty())
        .find_map(|cell| Some((title_of(cell)?, cell)))?;
    let shown: String = cell.chars().take(60).collect();
    let message = format!("the page is headed `{shown}`: {}", title.meaning);
    Some(Finding::new(title.code, None, message))
}

/// The title in a cell with at most its number and date; with an amount it is a line of
/// the document.
fn title_of(cell: &str) -> Option<&'static Title> {
    let words = values::folded_words(cell);
    let has_amount = number::scan(cell).iter().any(|span| {
        let range = &cell[span.range.clone()];
        span.currency.is_some() || range.contains([',', '.'])
    });
    if has_amount {
        return None;
    }
    TITLES.iter().find(|title| {
        let mut phrases = title.phrases.split('|');
        phrases.any(|phrase| {
            let rest = words.trim().strip_prefix(phrase);
            rest.is_some_and(is_number_of_title)
        })
    })
}

fn is_number_of_title(rest: &str) -> bool {
    let begins_word = rest.is_empty() || rest.starts_with(' ');
    let mut words = rest.split_whitespace();
    let is_beside = |word: &str| {
        BESIDE.split('|').any(|known| known == word) || word.bytes().any(|b| b.is_ascii_digit())
    };
    begins_word && words.all(is_beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &str) -> Option<FindingCode> {
        find(&[vec![line.to_owned()]]).map(|finding| finding.code)
    }

    #[test]
    fn a_title_is_a_cell_of_its_own() {
        use FindingCode::{CreditNote, InvoiceKind};
        for (line, expected) in [
            ("CREDIT NOTE", Some(CreditNote)),
            (
                "Nordwerk GmbH      Gutschrift Nr. G-2024-12",
                Some(CreditNote),
            ),
            ("Stornorechnung zu Rechnung 2024-17", Some(CreditNote)),
            ("FACTURE D'AVOIR N° 2024/17", Some(CreditNote)),
            ("Nota de crédito", Some(CreditNote)),
            ("Pro-forma invoice PF-7", Some(InvoiceKind)),
            ("Self-billing", Some(InvoiceKind)),
            ("Autofacturation", Some(InvoiceKind)),
            ("Gutschrift Pfand   -0,25", None),
            ("Gutschrift 12,50", None),
            ("A credit note is sent on request", None),
            ("Refund policy: 14 days", None),
            ("Credit notes are to be asked for in writing", None),
            ("INVOICE", None),
            ("", None),
        ] {
            assert_eq!(code(line), expected, "{line}");
        }
    }
}
