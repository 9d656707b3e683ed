use serde_json::json;

use super::report::{FieldReport, ReportInput, read, record};
use super::xml::{Invoice, plain};
use crate::domain::FindingCode::TaxRate;

/// 100.00 without VAT, of a category, with a reason.
fn without(category: &'static str, rate: &'static str, reason: &'static str) -> Invoice {
    Invoice {
        buyer: ("ATU13585627", "AT"),
        rates: vec![(category, rate, "100.00", "0.00", reason)],
        lines: vec![("2", "50.00", "100.00", category, rate)],
        tax: "0.00",
        gross: "100.00",
        ..plain()
    }
}

pub fn reports() -> Vec<FieldReport> {
    let zero = || json!({"net_total": "100.00", "tax_total": "0.00", "gross_total": "100.00"});
    vec![
        FieldReport {
            source: "stephanstapel/ZUGFeRD-csharp#122",
            condition: "reverse charge (AE), 0 %",
            input: ReportInput::Xml(without("AE", "0", "Reverse charge").cii()),
            expected: record(zero(), &[], ""),
            outcome: "accepted as stated",
        },
        FieldReport {
            source: "stephanstapel/ZUGFeRD-csharp#63",
            condition: "reverse charge with its reason in German",
            input: ReportInput::Xml(without("AE", "0", "Umkehrung der Steuerschuldnerschaft").ubl()),
            expected: record(zero(), &[], ""),
            outcome: "accepted as stated",
        },
        FieldReport {
            source: "ZUGFeRD/mustangproject#225",
            condition: "reverse charge for the goods, 19 % for shipping",
            input: ReportInput::Xml(
                Invoice {
                    rates: vec![("AE", "0", "100.00", "0.00", "Reverse charge"), ("S", "19", "10.00", "1.90", "")],
                    lines: vec![("2", "50.00", "100.00", "AE", "0"), ("1", "10.00", "10.00", "S", "19")],
                    net: "110.00",
                    tax: "1.90",
                    gross: "111.90",
                    ..plain()
                }
                .cii(),
            ),
            expected: record(json!({"tax_total": "1.90", "gross_total": "111.90"}), &[], ""),
            outcome: "accepted; the blend of 1.7 % is not judged, its rates are",
        },
        FieldReport {
            source: "TeXhackse/LaTeX-ZUGFeRD#31",
            condition: "small business without VAT (E) with its reason",
            input: ReportInput::Xml(without("E", "0", "Kein Ausweis von Umsatzsteuer, da Kleinunternehmer").ubl()),
            expected: record(zero(), &[], ""),
            outcome: "accepted as stated",
        },
        FieldReport {
            source: "ZUGFeRD/mustangproject#752",
            condition: "exempt (E) without a reason",
            input: ReportInput::Xml(without("E", "0", "").cii()),
            expected: record(zero(), &[], ""),
            outcome: "accepted: the values are not in doubt; a UBL export names BR-E-10",
        },
        FieldReport {
            source: "ZUGFeRD/mustangproject#319",
            condition: "standard rate (S) of 0 % (photovoltaics in Germany)",
            input: ReportInput::Xml(without("S", "0", "").cii()),
            expected: record(zero(), &[], ""),
            outcome: "accepted as stated; a UBL export names BR-S-05",
        },
        FieldReport {
            source: "ZUGFeRD/mustangproject#851",
            condition: "not subject to VAT (O), no rate stated",
            input: ReportInput::Xml(without("O", "", "Not subject to VAT").ubl()),
            expected: record(zero(), &[], ""),
            outcome: "accepted as stated",
        },
        FieldReport {
            source: "LandrixSoftware/XRechnung-for-Delphi#71",
            condition: "not subject to VAT (O) with a rate of 0",
            input: ReportInput::Xml(without("O", "0.00", "Not subject to VAT").cii()),
            expected: record(zero(), &[], ""),
            outcome: "accepted as stated",
        },
        FieldReport {
            source: "alyf-de/eu_einvoice#237",
            condition: "intra-community supply (K) without a reason in the breakdown",
            input: ReportInput::Xml(
                Invoice { buyer: ("SK2022749619", "SK"), ..without("K", "0", "") }.cii(),
            ),
            expected: record(zero(), &[], ""),
            outcome: "accepted as stated",
        },
        FieldReport {
            source: "abgehakt-zugferd/abgehakt-e-rechnung#47",
            condition: "intra-community supply (K) without a delivery date",
            input: ReportInput::Xml(without("K", "0", "Innergemeinschaftliche Lieferung").ubl()),
            expected: record(zero(), &[], ""),
            outcome: "accepted; a UBL export names BR-IC-11",
        },
        FieldReport {
            source: "stephanstapel/ZUGFeRD-csharp#357",
            condition: "voucher as an allowance at 0 %",
            input: ReportInput::Xml(
                Invoice {
                    rates: vec![("S", "19", "100.00", "19.00", ""), ("Z", "0", "-50.00", "0.00", "")],
                    net: "50.00",
                    gross: "69.00",
                    tail: "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>\
                           <cbc:AllowanceChargeReason>Gutschein</cbc:AllowanceChargeReason>\
                           <cbc:Amount currencyID=\"EUR\">50.00</cbc:Amount><cac:TaxCategory><cbc:ID>Z</cbc:ID>\
                           <cbc:Percent>0</cbc:Percent></cac:TaxCategory></cac:AllowanceCharge>",
                    ..plain()
                }
                .ubl()
                .replacen(">50.00</cbc:LineExtensionAmount>", ">100.00</cbc:LineExtensionAmount>", 1),
            ),
            expected: record(json!({"net_total": "50.00", "gross_total": "69.00"}), &[], "allowances of 50.00"),
            outcome: "accepted; VAT of 38 % of the net total is not an alarm, and the voucher is a note",
        },
        FieldReport {
            source: "Dolibarr/dolibarr-community-modules#1035",
            condition: "lines with VAT beside an advance on service charges at 0 %",
            input: ReportInput::Xml(
                Invoice {
                    rates: vec![("S", "20", "100.00", "20.00", ""), ("E", "0", "80.00", "0.00", "Provision")],
                    lines: vec![("1", "100.00", "100.00", "S", "20"), ("1", "80.00", "80.00", "E", "0")],
                    seller: ("FR40303265045", "FR"),
                    net: "180.00",
                    tax: "20.00",
                    gross: "200.00",
                    ..plain()
                }
                .cii(),
            ),
            expected: record(json!({"net_total": "180.00", "gross_total": "200.00"}), &[], ""),
            outcome: "accepted as stated",
        },
        FieldReport {
            source: "frappe/erpnext#31193",
            condition: "printed reverse charge in another currency: no VAT line",
            input: read(
                "invoice",
                &[
                    "Supplier Ltd | | Invoice AT-99",
                    "Date of issue | 1 June 2022",
                    "Subtotal | | $60.00 USD",
                    "Tax (0 %) | | $0.00",
                    "Amount due | | $60.00 USD",
                    "Tax to be paid on reverse charge basis",
                ],
                json!({"invoice_number": "AT-99", "issue_date": "1 June 2022", "currency": "USD", "seller_name": "Supplier Ltd",
                    "net_total": "$60.00", "tax_total": "$0.00", "gross_total": "$60.00"}),
            ),
            expected: record(
                json!({"tax_total": "0.00", "gross_total": "60.00", "currency": "USD", "issue_date": "2022-06-01"}),
                &[],
                "",
            ),
            outcome: "accepted as printed",
        },
        FieldReport {
            source: "erp-mafia/accounted#1745",
            condition: "a rate that no party's country has (25 % from Germany to Austria)",
            input: ReportInput::Xml(
                Invoice {
                    buyer: ("ATU13585627", "AT"),
                    rates: vec![("S", "25", "100.00", "25.00", "")],
                    tax: "25.00",
                    gross: "125.00",
                    ..plain()
                }
                .cii(),
            ),
            expected: record(json!({"tax_total": "25.00"}), &[TaxRate], "25 %"),
            outcome: "review: the rate is above the highest of both countries",
        },
    ]
}
