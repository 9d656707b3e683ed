use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::{Account, FindingCode, InvoiceLine, Reason, Severity, Syntax};

const UBL_INVOICE: &str = include_str!("../../../fixtures/invoice/einvoice_ubl/input.xml");
const CREDIT_NOTE: &str = include_str!("../../../fixtures/invoice/einvoice_credit_note/input.xml");
/// UTF-16 with a byte order mark.
const XRECHNUNG: &[u8] = include_bytes!("../../../fixtures/invoice/einvoice_xrechnung/input.xml");

fn xrechnung() -> String {
    let (text, _, broken) = encoding_rs::UTF_16LE.decode(XRECHNUNG);
    assert!(!broken);
    text.replace("UTF-16", "UTF-8")
}

fn expect(xml: &[u8], expected: &str) -> EInvoice {
    let invoice = parse(xml).unwrap();
    let fields = fields(&invoice);
    let expected: Value = serde_json::from_str(expected).unwrap();
    for (name, value) in expected.as_object().unwrap() {
        if !name.starts_with('_') {
            assert_eq!(fields.get(name), Some(value), "{name}");
        }
    }
    assert_eq!(invoice.findings, []);
    invoice
}

fn reason(xml: &[u8]) -> Reason {
    parse(xml).unwrap_err().reason
}

#[test]
fn each_syntax_gives_the_terms_that_it_states() {
    let invoice = expect(
        UBL_INVOICE.as_bytes(),
        include_str!("../../../fixtures/invoice/einvoice_ubl/expected.json"),
    );
    assert_eq!(invoice.syntax, Syntax::UblInvoice);
    assert_eq!(invoice.buyer.address.country.as_deref(), Some("NL"));
    assert_eq!(invoice.taxes.len(), 2);
    assert_eq!(invoice.allowances.len(), 2);
    let credit = expect(
        CREDIT_NOTE.as_bytes(),
        include_str!("../../../fixtures/invoice/einvoice_credit_note/expected.json"),
    );
    assert!(credit.is_credit_note() && !invoice.is_credit_note());
    assert_eq!(credit.preceding, [("F-2024-118".to_owned(), None)]);
    let invoice = expect(
        XRECHNUNG,
        include_str!("../../../fixtures/invoice/einvoice_xrechnung/expected.json"),
    );
    assert_eq!(invoice.syntax, Syntax::Cii);
    assert_eq!(
        invoice.payment.account,
        Some(Account::Iban("DE02120300000000202051".into()))
    );
    assert_eq!(
        invoice.seller.endpoint.unwrap().scheme.as_deref(),
        Some("EM")
    );
}

#[test]
fn a_price_for_a_base_quantity_is_divided_out_exactly() {
    let price = |price: &str, base: &str| {
        let line = InvoiceLine {
            price: values::decimal(price),
            price_base: values::decimal(base),
            ..InvoiceLine::default()
        };
        line.unit_price().map(|unit| unit.normalize().to_string())
    };
    assert_eq!(price("23.50", "1000").as_deref(), Some("0.0235"));
    assert_eq!(price("1", "8").as_deref(), Some("0.125"));
    assert_eq!(price("10", "3"), None);
}

#[test]
fn elements_are_known_by_the_uri_of_their_namespace_and_foreign_ones_are_ignored() {
    let moved = UBL_INVOICE
        .replace("cbc:", "x1:")
        .replace("xmlns:cbc", "xmlns:x1")
        .replace("cac:", "cbc:")
        .replace("xmlns:cac", "xmlns:cbc");
    assert_eq!(parse(moved.as_bytes()), parse(UBL_INVOICE.as_bytes()));
    let foreign = UBL_INVOICE.replacen(
        "<cbc:ID>",
        "<e:E xmlns:e='urn:example'><cbc:ID>other</cbc:ID></e:E><cbc:ID>",
        1,
    );
    assert_eq!(parse(foreign.as_bytes()), parse(UBL_INVOICE.as_bytes()));
    let wrong = UBL_INVOICE.replace("xsd:Invoice-2", "xsd:Order-2");
    assert_eq!(reason(wrong.as_bytes()), Reason::UnsupportedType);
}

#[test]
fn the_drafts_of_zugferd_1_have_elements_of_no_namespace_and_dates_without_a_child() {
    let xml = r#"<r:Invoice xmlns:r="urn:un:unece:uncefact:data:standard:CBFBUY:5">
      <r:HeaderExchangedDocument><ID>7</ID><IssueDateTime format="102">20140519</IssueDateTime></r:HeaderExchangedDocument>
      <r:SpecifiedSupplyChainTradeTransaction><ApplicableSupplyChainTradeSettlement>
        <SpecifiedTradeSettlementMonetarySummation><GrandTotalAmount>559.84</GrandTotalAmount></SpecifiedTradeSettlementMonetarySummation>
      </ApplicableSupplyChainTradeSettlement></r:SpecifiedSupplyChainTradeTransaction></r:Invoice>"#;
    let fields = fields(&parse(xml.as_bytes()).unwrap());
    assert_eq!(fields["invoice_number"], "7");
    assert_eq!(fields["issue_date"], "2014-05-19");
    assert_eq!(fields["gross_total"], "559.84");
}

#[test]
fn every_encoding_gives_the_same_invoice() {
    let text = xrechnung();
    let expected = parse(text.as_bytes()).unwrap();
    assert_eq!(parse(XRECHNUNG).unwrap(), expected);
    let latin = text.replacen("UTF-8", "ISO-8859-1", 1);
    let latin: Vec<u8> = latin
        .chars()
        .map(|c| u8::try_from(c as u32).unwrap())
        .collect();
    assert!(std::str::from_utf8(&latin).is_err());
    assert_eq!(parse(&latin).unwrap(), expected);
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(parse(&big).unwrap(), expected);
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    assert_eq!(parse(&marked).unwrap(), expected);
    let unknown = text.replacen("UTF-8", "KLINGON", 1);
    assert_eq!(reason(unknown.as_bytes()), Reason::Corrupt);
    assert_eq!(
        reason(&[b"<?xml version='1.0'?>", &latin[..]].concat()),
        Reason::Corrupt
    );
}

#[test]
fn entities_and_document_types_are_refused() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>"#;
    let with_dtd = UBL_INVOICE.replacen("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", bomb, 1);
    let failure = parse(with_dtd.as_bytes()).unwrap_err();
    assert_eq!(failure.reason, Reason::UnsupportedType);
    assert!(failure.message.contains("DTD"), "{failure}");
    let entity = UBL_INVOICE.replacen("F-2024-118", "&xxe;", 1);
    let failure = parse(entity.as_bytes()).unwrap_err();
    assert_eq!(failure.reason, Reason::Corrupt);
    assert!(failure.message.contains("&xxe;"), "{failure}");
    let escaped = UBL_INVOICE.replacen(">F-2024-118<", "> F&amp;2&#x34;<![CDATA[<&>]]> \n<", 1);
    assert_eq!(
        parse(escaped.as_bytes()).unwrap().number.as_deref(),
        Some("F&24<&>")
    );
}

#[test]
fn other_xml_is_unsupported_and_a_broken_invoice_is_corrupt() {
    for xml in [
        "<svg/>",
        "<?xml version='1.0'?><feed><a></feed>",
        "<html><p>",
        "< not XML",
        "<",
    ] {
        assert_eq!(reason(xml.as_bytes()), Reason::UnsupportedType, "{xml}");
    }
    let cut = &UBL_INVOICE[..UBL_INVOICE.len() / 2];
    let twice = format!("{UBL_INVOICE}<a/>");
    let crossed = UBL_INVOICE.replacen("</cbc:ID>", "</cbc:IP>", 1);
    let unescaped = UBL_INVOICE.replacen("Bouw &amp; Co", "Bouw & Co", 1);
    for xml in [cut, &twice, &crossed, &unescaped, "<?xml version='1.0'?>"] {
        assert_eq!(reason(xml.as_bytes()), Reason::Corrupt, "{xml}");
    }
}

#[test]
fn depth_length_and_number_are_bounded() {
    let deep = |levels: usize| {
        let inner = format!("{}{}", "<cbc:a>".repeat(levels), "</cbc:a>".repeat(levels));
        UBL_INVOICE.replacen("<cbc:ID>", &format!("{inner}<cbc:ID>"), 1)
    };
    assert!(parse(deep(60).as_bytes()).is_ok());
    assert_eq!(reason(deep(64).as_bytes()), Reason::TooLarge);
    assert_eq!(reason(deep(100_000).as_bytes()), Reason::TooLarge);
    let foreign =
        deep(100_000)
            .replace("cbc:a", "a:a")
            .replacen("<a:a>", "<a:a xmlns:a='urn:a'>", 1);
    assert_eq!(reason(foreign.as_bytes()), Reason::TooLarge);
    let long = UBL_INVOICE.replacen("F-2024-118", &"9".repeat(200_000), 1);
    assert_eq!(reason(long.as_bytes()), Reason::TooLarge);
    let many = UBL_INVOICE.replacen(
        "<cbc:ID>",
        &format!("{}<cbc:ID>", "<cbc:a/>".repeat(1_000_001)),
        1,
    );
    assert_eq!(reason(many.as_bytes()), Reason::TooLarge);
    assert_eq!(reason(&vec![b' '; MAX_BYTES + 1]), Reason::TooLarge);
    // A file within the invoice is not part of the invoice's text.
    let file = format!(
        "<cac:AdditionalDocumentReference><cac:Attachment><cbc:EmbeddedDocumentBinaryObject>{}\
         </cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference><cbc:ID>",
        "QUJD".repeat(100_000)
    );
    let carrying = UBL_INVOICE.replacen("<cbc:ID>", &file, 1);
    assert_eq!(parse(carrying.as_bytes()), parse(UBL_INVOICE.as_bytes()));
}

#[test]
fn an_invalid_value_is_absent_and_has_a_finding() {
    let xml = UBL_INVOICE
        .replacen(">433.80<", ">1e999999999<", 1)
        .replacen(">2024-10-07<", ">2024-13-07<", 1)
        .replacen(">23.50<", &format!(">{}<", "9".repeat(5_000)), 1);
    let invoice = parse(xml.as_bytes()).unwrap();
    let fields = fields(&invoice);
    assert_eq!(fields["gross_total"], Value::Null);
    assert_eq!(fields["issue_date"], Value::Null);
    assert_eq!(fields["line_items"][1]["unit_price"], Value::Null);
    let mut found: Vec<_> = invoice
        .findings
        .iter()
        .map(|finding| (finding.field.as_deref().unwrap(), finding.severity))
        .collect();
    found.sort_unstable();
    let expected = ["gross_total", "issue_date", "line_items[1].unit_price"];
    assert_eq!(found, expected.map(|field| (field, Severity::Error)));
    assert!(
        invoice
            .findings
            .iter()
            .all(|finding| finding.message.len() < 300)
    );
}

#[test]
fn lines_with_text_alone_are_not_invoice_lines() {
    let text = "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:IncludedNote>\
        <ram:Content>Delivery 5112</ram:Content></ram:IncludedNote></ram:AssociatedDocumentLineDocument>\
        </ram:IncludedSupplyChainTradeLineItem>";
    let with = xrechnung().replacen(
        "<ram:IncludedSupplyChainTradeLineItem>",
        &format!("{text}<ram:IncludedSupplyChainTradeLineItem>"),
        1,
    );
    assert_eq!(parse(with.as_bytes()).unwrap().lines.len(), 2);
}

#[test]
fn padding_around_the_xml_is_ignored() {
    let expected = parse(UBL_INVOICE.as_bytes()).unwrap();
    for (before, after) in [
        ("", "\0\0\0\0\0"),
        ("", "\r\n\u{1a}"),
        ("\u{feff}\u{feff}", "\u{feff}\n"),
        ("\n  \n", " \t\0\n"),
    ] {
        let padded = format!("{before}{UBL_INVOICE}{after}");
        assert_eq!(
            parse(padded.as_bytes()).as_ref(),
            Ok(&expected),
            "{before:?} {after:?}"
        );
    }
    for zeros in 1..4 {
        let padded = [XRECHNUNG, &vec![0; zeros][..]].concat();
        assert_eq!(parse(&padded).unwrap(), parse(XRECHNUNG).unwrap());
    }
    let more = format!("{UBL_INVOICE}\0\0 more");
    assert_eq!(reason(more.as_bytes()), Reason::Corrupt);
}

/// The sample's root element, without the XML declaration.
fn root() -> &'static str {
    UBL_INVOICE.split_once("?>").unwrap().1
}

#[test]
fn an_invoice_is_read_out_of_the_envelope_around_it() {
    let expected = parse(UBL_INVOICE.as_bytes()).unwrap();
    let header = "<h:StandardBusinessDocumentHeader><h:Type>Invoice</h:Type></h:StandardBusinessDocumentHeader>";
    let peppol = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader";
    let wrapped = |content: &str| {
        format!(
            "<h:StandardBusinessDocument xmlns:h='{peppol}'>{header}{content}</h:StandardBusinessDocument>"
        )
    };
    assert_eq!(parse(wrapped(root()).as_bytes()).as_ref(), Ok(&expected));
    let soap = format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><x>{}</x></s:Body></s:Envelope>",
        root()
    );
    assert_eq!(parse(soap.as_bytes()).as_ref(), Ok(&expected));
    let two = parse(wrapped(&format!("{0}{0}", root())).as_bytes()).unwrap();
    assert_eq!(two.number, expected.number);
    assert!(
        two.findings[0].message.contains("holds 1 e-invoice more"),
        "{two:?}"
    );
    assert_eq!(reason(wrapped("").as_bytes()), Reason::UnsupportedType);
    let cut = &wrapped(root())[..1_000];
    assert_eq!(reason(cut.as_bytes()), Reason::Corrupt);
    let deep = format!("{}{}", "<h:a>".repeat(100), "</h:a>".repeat(100));
    assert_eq!(reason(wrapped(&deep).as_bytes()), Reason::TooLarge);
}

#[test]
fn one_account_is_used_with_all_its_terms() {
    let second = "<cac:PaymentMeans><cbc:PaymentMeansCode>58</cbc:PaymentMeansCode>\
        <cac:PayeeFinancialAccount><cbc:ID>DE89370400440532013000</cbc:ID><cbc:Name>Factor</cbc:Name>\
        <cac:FinancialInstitutionBranch><cbc:ID>COBADEFFXXX</cbc:ID></cac:FinancialInstitutionBranch>\
        </cac:PayeeFinancialAccount></cac:PaymentMeans><cac:PaymentMeans>";
    let xml = UBL_INVOICE.replacen("<cac:PaymentMeans>", second, 1);
    let invoice = parse(xml.as_bytes()).unwrap();
    let used = &invoice.payment;
    assert_eq!(
        used.account,
        Some(Account::Iban("DE89370400440532013000".into()))
    );
    assert_eq!(used.provider.as_deref(), Some("COBADEFFXXX"));
    assert_eq!(used.account_name.as_deref(), Some("Factor"));
    assert_eq!(invoice.other_payments.len(), 1);
    assert_eq!(invoice.findings[0].code, FindingCode::OtherAccounts);
}

/// A sample with some bytes cut, doubled or replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let samples = [
        UBL_INVOICE.as_bytes().to_vec(),
        CREDIT_NOTE.as_bytes().to_vec(),
        xrechnung().into_bytes(),
        XRECHNUNG.to_vec(),
    ];
    let edit = (
        any::<prop::sample::Index>(),
        0..40usize,
        prop::collection::vec(any::<u8>(), 0..20),
    );
    let edits = prop::collection::vec(edit, 1..6);
    (prop::sample::select(samples.to_vec()), edits).prop_map(|(mut bytes, edits)| {
        for (at, length, new) in edits {
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, new);
            if bytes.is_empty() {
                break;
            }
        }
        bytes
    })
}

/// Prices, rates, quantities and amounts of the sample.
const NUMBERS: [&str; 12] = [
    "139.00", "278.00", "23.50", "1200", "1000", "20", "5.5", "20.00", "433.80", "63.60", "370.20",
    "100.00",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_markup_is_a_panic(text in "(<[/!?]?[a-z:]{0,4}( [a-z:]{1,4}=['\"][^'\"]{0,4}['\"])?[/?]?>|&#?[a-z0-9]{0,3};|\\PC){0,60}") {
        let _ = parse(text.as_bytes());
        let _ = parse(UBL_INVOICE.replacen("<cbc:ID>", &text, 1).as_bytes());
    }

    #[test]
    fn a_damaged_invoice_is_refused_or_gives_fields(bytes in damaged()) {
        if let Ok(invoice) = parse(&bytes) {
            prop_assert!(fields(&invoice)["line_items"].is_array());
            prop_assert!(invoice.findings.len() <= 50);
            let _ = to_ubl(invoice);
        }
    }

    #[test]
    fn no_numbers_are_too_large_for_the_sums(numbers in prop::collection::vec("-?[0-9]{1,15}(\\.[0-9]{1,10})?", NUMBERS.len())) {
        let xml = NUMBERS.iter().zip(&numbers).fold(UBL_INVOICE.to_owned(), |xml, (known, number)| {
            xml.replace(&format!(">{known}<"), &format!(">{number}<"))
        });
        let _ = to_ubl(parse(xml.as_bytes()).unwrap());
    }

    #[test]
    fn any_number_in_any_amount_is_exact_or_has_a_finding(number in "-?[0-9]{0,30}(\\.[0-9]{0,30})?(e[0-9]{1,9})?") {
        let xml = UBL_INVOICE.replacen(">433.80<", &format!(">{number}<"), 1);
        let invoice = parse(xml.as_bytes()).unwrap();
        match invoice.totals.gross {
            Some(value) => prop_assert_eq!(value, number.parse().unwrap()),
            None => prop_assert!(invoice.findings.len() == 1 || number.trim().is_empty()),
        }
    }
}
