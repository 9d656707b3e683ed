use serde_json::json;

use super::report::{FieldReport, ReportInput, read, record};
use super::xml::{Invoice, plain};
use crate::domain::FindingCode::{AmbiguousAmount, AmbiguousCurrency, SumMismatch, VatCurrency};

/// A VAT total in lei before the one in euros.
const LEI: &str =
    "<cac:TaxTotal><cbc:TaxAmount currencyID=\"RON\">94.55</cbc:TaxAmount></cac:TaxTotal>";
const LEI_CII: &str = "<ram:TaxTotalAmount currencyID=\"RON\">94.55</ram:TaxTotalAmount>";

pub fn reports() -> Vec<FieldReport> {
    let euros = || json!({"currency": "EUR", "tax_total": "19.00", "gross_total": "119.00"});
    vec![
        FieldReport {
            source: "ZUGFeRD/mustangproject#1177",
            condition: "CII with two VAT totals, the accounting currency first",
            input: ReportInput::Xml(
                Invoice { head: "<ram:TaxCurrencyCode>RON</ram:TaxCurrencyCode>", ..plain() }
                    .cii()
                    .replace("<ram:TaxTotalAmount", &format!("{LEI_CII}<ram:TaxTotalAmount")),
            ),
            expected: record(euros(), &[], "also stated in RON: 94.55"),
            outcome: "accepted with the total in the invoice currency; the other is a note",
        },
        FieldReport {
            source: "alyf-de/eu_einvoice#6",
            condition: "CII VAT total without a currency",
            input: ReportInput::Xml(plain().cii().replace("<ram:TaxTotalAmount currencyID=\"EUR\">", "<ram:TaxTotalAmount>")),
            expected: record(euros(), &[], ""),
            outcome: "accepted: it is that of the invoice",
        },
        FieldReport {
            source: "josemmo/einvoicing#22",
            condition: "UBL from Romania: a second VAT total in lei",
            input: ReportInput::Xml(
                Invoice { head: "<cbc:TaxCurrencyCode>RON</cbc:TaxCurrencyCode>", ..plain() }
                    .ubl()
                    .replace("<cac:LegalMonetaryTotal>", &format!("{LEI}<cac:LegalMonetaryTotal>")),
            ),
            expected: record(euros(), &[], "also stated in RON"),
            outcome: "accepted with the total in the invoice currency",
        },
        FieldReport {
            source: "itplr-kosit/validator-configuration-xrechnung#43",
            condition: "accounting currency stated, and the same as the invoice currency",
            input: ReportInput::Xml(Invoice { head: "<ram:TaxCurrencyCode>EUR</ram:TaxCurrencyCode>", ..plain() }.cii()),
            expected: record(euros(), &[], ""),
            outcome: "accepted; nothing is missing",
        },
        FieldReport {
            source: "itplr-kosit/validator-configuration-xrechnung#22",
            condition: "both currencies stated, the VAT total without one",
            input: ReportInput::Xml(
                Invoice { head: "<ram:TaxCurrencyCode>EUR</ram:TaxCurrencyCode>", ..plain() }
                    .cii()
                    .replace("<ram:TaxTotalAmount currencyID=\"EUR\">", "<ram:TaxTotalAmount>"),
            ),
            expected: record(euros(), &[], ""),
            outcome: "accepted as stated",
        },
        FieldReport {
            source: "OpenPEPPOL/peppol-bis-invoice-3#27",
            condition: "only the VAT total in the invoice currency counts for the gross total",
            input: ReportInput::Xml(
                plain().ubl().replace("<cac:TaxTotal>", &format!("{LEI}<cac:TaxTotal>")).replace(
                    "<cbc:DocumentCurrencyCode>",
                    "<cbc:TaxCurrencyCode>RON</cbc:TaxCurrencyCode><cbc:DocumentCurrencyCode>",
                ),
            ),
            expected: record(euros(), &[], ""),
            outcome: "accepted: 100.00 + 19.00 = 119.00",
        },
        FieldReport {
            source: "LandrixSoftware/ZUGFeRD-for-Delphi#101",
            condition: "UBL with the VAT total in the accounting currency first",
            input: ReportInput::Xml(plain().ubl().replace("<cac:TaxTotal>", &format!("{LEI}<cac:TaxTotal>"))),
            expected: record(euros(), &[], ""),
            outcome: "accepted with the total in the invoice currency",
        },
        FieldReport {
            source: "ZUGFeRD/mustangproject#1178",
            condition: "VAT total in the accounting currency alone",
            input: ReportInput::Xml(
                Invoice { head: "<ram:TaxCurrencyCode>RON</ram:TaxCurrencyCode>", ..plain() }
                    .cii()
                    .replace("currencyID=\"EUR\">19.00", "currencyID=\"RON\">94.55"),
            ),
            expected: record(json!({"tax_total": null, "gross_total": "119.00"}), &[VatCurrency], "in RON alone"),
            outcome: "review; the VAT total stays empty, a finding says in which currency it is stated",
        },
        FieldReport {
            source: "klsheng/myinvois-php-sdk#1",
            condition: "exchange rate stated beside the invoice currency",
            input: ReportInput::Xml(
                Invoice {
                    currency: "EUR",
                    head: "<cac:TaxExchangeRate><cbc:SourceCurrencyCode>EUR</cbc:SourceCurrencyCode>\
                           <cbc:TargetCurrencyCode>MYR</cbc:TargetCurrencyCode><cbc:CalculationRate>5.07</cbc:CalculationRate>\
                           </cac:TaxExchangeRate>",
                    ..plain()
                }
                .ubl(),
            ),
            expected: record(euros(), &[], ""),
            outcome: "accepted; amounts are those of the invoice currency",
        },
        FieldReport {
            source: "odoo/odoo#42069",
            condition: "printed VAT whose base is in the seller's currency",
            input: read(
                "invoice",
                &[
                    "Agrolait SA | | Invoice 2019/7",
                    "Invoice date | 18.12.2019",
                    "Untaxed amount | | $ 1.11",
                    "Tax 15% on 1.69 € | | $ 0.17",
                    "Total | | $ 1.28",
                ],
                json!({"invoice_number": "2019/7", "issue_date": "18.12.2019", "currency": "$", "seller_name": "Agrolait SA",
                    "net_total": "$ 1.11", "tax_total": "$ 0.17", "gross_total": "$ 1.28"}),
            ),
            expected: record(json!({"net_total": "1.11", "tax_total": "0.17", "gross_total": "1.28"}), &[AmbiguousCurrency], ""),
            outcome: "review: `$` is the sign of several currencies and the page does not decide; the amounts are read and hold",
        },
        FieldReport {
            source: "Expensify/App#35040",
            condition: "Korean receipt without a currency sign: 6,900",
            input: read(
                "receipt",
                &["스타벅스 강남점 | 서울 대한민국", "2024-01-20", "아메리카노 | | 6,900", "합계 | | 6,900"],
                json!({"merchant_name": "스타벅스 강남점", "date": "2024-01-20", "currency": null,
                    "items": [{"description": "아메리카노", "quantity": null, "amount": "6,900"}], "subtotal": null, "tax": null,
                    "total": "6,900"}),
            ),
            expected: record(json!({"currency": "KRW", "total": "6900"}), &[], "is the currency of"),
            outcome: "accepted in won, with a note: the page shows its country. Was refused as ambiguous, without a currency",
        },
        FieldReport {
            source: "scrapinghub/price-parser#46",
            condition: "price of three decimals: 3.350",
            input: read(
                "receipt",
                &["Corner Shop Ltd, London", "2024-01-20", "Ferrules | | £3.350", "Total | | £3.350"],
                json!({"merchant_name": "Corner Shop Ltd", "date": "2024-01-20", "currency": "£", "items": [],
                    "subtotal": null, "tax": null, "total": "£3.350"}),
            ),
            expected: record(json!({"currency": "GBP"}), &[AmbiguousAmount], "3350"),
            outcome: "review with both meanings, where nothing else on the page decides",
        },
        FieldReport {
            source: "ex-money/money#112",
            condition: "1.127,54 € beside 1,127.54 €",
            input: read(
                "invoice",
                &[
                    "Nordwerk GmbH | | Rechnung R-9",
                    "Rechnungsdatum | 03.03.2025",
                    "Netto | | 1.127,54 €",
                    "MwSt 19 % | | 214,23 €",
                    "Gesamtbetrag | | 1.341,77 €",
                ],
                json!({"invoice_number": "R-9", "issue_date": "03.03.2025", "currency": "€", "seller_name": "Nordwerk GmbH",
                    "net_total": "1.127,54 €", "tax_total": "214,23 €", "gross_total": "1.341,77 €"}),
            ),
            expected: record(
                json!({"net_total": "1127.54", "tax_total": "214.23", "gross_total": "1341.77", "currency": "EUR"}),
                &[],
                "",
            ),
            outcome: "accepted: the separators have one meaning",
        },
        FieldReport {
            source: "frappe/erpnext#23070",
            condition: "VAT in another currency than the net total",
            input: ReportInput::Xml(Invoice { tax: "94.55", ..plain() }.cii()),
            expected: record(json!({"tax_total": "94.55"}), &[SumMismatch], "come to 194.55"),
            outcome: "review: net and VAT do not come to the gross total",
        },
    ]
}
