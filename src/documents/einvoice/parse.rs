//! Parses bytes as an [`EInvoice`].

use super::xml::{self, XmlVocabulary};
use super::{cii, shared, ubl};
use crate::domain::{EInvoice, Failure, Finding, FindingCode, Syntax, count};

const VOCABULARY: XmlVocabulary = XmlVocabulary {
    is_root: |namespace, name| syntax(namespace, name).is_some(),
    is_envelope,
    knows: is_known,
};

const UBL: &str = "urn:oasis:names:specification:ubl:schema:xsd:";
const UNCEFACT: &str = "urn:un:unece:uncefact:data:standard:";
const FERD: &str = "urn:ferd:CrossIndustryDocument:invoice:1p0";
/// The root's namespace in ZUGFeRD 1's drafts; other elements have none.
const DRAFT: &str = "urn:un:unece:uncefact:data:standard:CBFBUY:5";

fn syntax(namespace: &str, name: &str) -> Option<Syntax> {
    match (namespace, name) {
        (DRAFT, "Invoice") | (FERD, "CrossIndustryDocument") => Some(Syntax::Zugferd1),
        (_, "CrossIndustryInvoice") if namespace.starts_with(UNCEFACT) => Some(Syntax::Cii),
        (_, "Invoice") if namespace == format!("{UBL}Invoice-2") => Some(Syntax::UblInvoice),
        (_, "CreditNote") if namespace == format!("{UBL}CreditNote-2") => {
            Some(Syntax::UblCreditNote)
        }
        _ => None,
    }
}

/// Envelopes in which access points and mail gateways deliver invoices: the header of
/// UN/CEFACT (Peppol), OASIS XHE and SOAP 1.1 and 1.2.
const ENVELOPES: [(&str, &str); 4] = [
    (
        "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader",
        "StandardBusinessDocument",
    ),
    (
        "http://docs.oasis-open.org/bdxr/ns/XHE/1/ExchangeHeaderEnvelope",
        "XHE",
    ),
    ("http://schemas.xmlsoap.org/soap/envelope/", "Envelope"),
    ("http://www.w3.org/2003/05/soap-envelope", "Envelope"),
];

fn is_envelope(namespace: &str, name: &str) -> bool {
    ENVELOPES.contains(&(namespace, name))
}

/// Whether elements of the namespace are read. Extensions and signatures have other
/// namespaces and may use the same names.
fn is_known(namespace: &str) -> bool {
    let of_ubl = |part: &str| {
        [
            "Invoice-2",
            "CreditNote-2",
            "CommonAggregateComponents-2",
            "CommonBasicComponents-2",
        ]
        .contains(&part)
    };
    namespace.is_empty()
        || namespace == FERD
        || namespace.starts_with(UNCEFACT)
        || namespace.strip_prefix(UBL).is_some_and(of_ubl)
}

/// Reads an e-invoice. Errors: `unsupported_type` for other XML,
/// `corrupt` for XML that is not well-formed, `too_large` beyond a bound. A value
/// that is not valid is absent and has a finding in [`EInvoice::findings`].
pub fn parse(bytes: &[u8]) -> Result<EInvoice, Failure> {
    let document = xml::parse(bytes, &VOCABULARY)?;
    let mut invoice = match syntax(&document.namespace, &document.root.name) {
        Some(syntax @ (Syntax::UblInvoice | Syntax::UblCreditNote)) => {
            ubl::invoice(&document.root, syntax)
        }
        Some(syntax) => cii::invoice(&document.root, syntax),
        None => unreachable!("the root was checked while it was parsed"),
    };
    shared::settle_price_bases(&mut invoice);
    if document.others > 0 {
        let message = format!(
            "the envelope holds {} more, which {} not read: take each out of the envelope and run \
             docmill on it",
            count(u64::from(document.others), "e-invoice"),
            if document.others == 1 { "is" } else { "are" }
        );
        let finding = Finding::new(FindingCode::DocumentWarning, None, message);
        invoice.findings.push(finding);
    }
    Ok(invoice)
}
