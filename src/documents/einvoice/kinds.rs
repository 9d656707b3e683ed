//! The kind of an invoice by its type code (BT-3, UNTDID 1001).

/// A type code that is not an ordinary invoice, and what to do with the document.
pub struct InvoiceKind {
    pub name: &'static str,
    pub advice: &'static str,
}

/// Type codes of ordinary invoices, whose amount due is payable in full: commercial,
/// metered services, hire, tax, lease, insurance, forwarder's and freight invoice.
const ORDINARY: [&str; 8] = ["380", "82", "387", "388", "394", "575", "623", "780"];

const PARTIAL: &str = "check what other invoices claim of the same order";

#[rustfmt::skip]
const KINDS: [(&str, &str, &str); 25] = [
    ("71", "a request for payment", "check that the invoice itself is not booked too"),
    ("80", "a debit note for goods and services", "it adds to an earlier invoice"),
    ("84", "a debit note for financial adjustments", "it adds to an earlier invoice"),
    ("102", "a tax notification", "check whether it is to be paid"),
    ("130", "an invoicing data sheet", "it is for information: check that it is not paid"),
    ("202", "a direct payment valuation", PARTIAL),
    ("203", "a provisional payment valuation", PARTIAL),
    ("204", "a payment valuation", PARTIAL),
    ("211", "an interim application for payment", PARTIAL),
    ("295", "a price variation invoice", "it adds to an earlier invoice"),
    ("325", "a proforma invoice", "it is neither a demand for payment nor a VAT invoice: wait for the invoice"),
    ("326", "a partial invoice", PARTIAL),
    ("383", "a debit note", "it adds to an earlier invoice"),
    ("384", "a corrected invoice", "book it in place of the invoice that it corrects, not beside it"),
    ("385", "a consolidated invoice", "check that none of the invoices that it sums up is paid too"),
    ("386", "a prepayment invoice", "the final invoice must deduct it"),
    ("389", "a self-billed invoice", "the buyer issued it: check which side of it is yours"),
    ("390", "a delcredere invoice", "check who is to be paid"),
    ("393", "a factored invoice", "pay the factor, not the seller"),
    ("395", "a consignment invoice", "check that the goods were sold"),
    ("457", "a reversal of a debit", "check what it reverses"),
    ("751", "invoice information for accounting", "it is for information: pay by the invoice itself"),
    ("875", "a partial construction invoice", PARTIAL),
    ("876", "a partial final construction invoice", PARTIAL),
    ("877", "a final construction invoice", "it must deduct the partial invoices before it"),
];

/// `None` for an ordinary invoice. Codes of credit notes are not among these.
pub fn special_kind(code: &str) -> Option<InvoiceKind> {
    if ORDINARY.contains(&code) {
        return None;
    }
    let known = KINDS.iter().find(|(known, ..)| *known == code);
    Some(match known {
        Some((_, name, advice)) => InvoiceKind { name, advice },
        None => InvoiceKind {
            name: "not an ordinary invoice",
            advice: "check what it is before it is booked or paid",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_but_those_of_ordinary_invoices_has_a_kind() {
        assert!(special_kind("380").is_none());
        assert_eq!(special_kind("325").unwrap().name, "a proforma invoice");
        assert_eq!(special_kind("999").unwrap().name, "not an ordinary invoice");
        assert!(KINDS.iter().all(|(code, ..)| !ORDINARY.contains(code)));
    }
}
