use serde_json::json;

use super::report::{FieldReport, ReportInput, read, record};
use super::xml::{Invoice, plain};
use crate::domain::FindingCode::CreditNote;

fn credit() -> Invoice {
    Invoice {
        root: "CreditNote",
        code: "381",
        ..plain()
    }
}

fn negative(of: Invoice) -> Invoice {
    Invoice {
        rates: vec![("S", "19", "-100.00", "-19.00", "")],
        lines: vec![("-2", "50.00", "-100.00", "S", "19")],
        net: "-100.00",
        tax: "-19.00",
        gross: "-119.00",
        ..of
    }
}

pub fn reports() -> Vec<FieldReport> {
    vec![
        FieldReport {
            source: "ConnectingEurope/eInvoicing-EN16931#478",
            condition: "UBL CreditNote with negative totals",
            input: ReportInput::Xml(negative(credit()).ubl()),
            expected: record(
                json!({"gross_total": "-119.00"}),
                &[CreditNote],
                "its amounts are negative",
            ),
            outcome: "review; a finding says that the amounts are negative and may claim rather than credit",
        },
        FieldReport {
            source: "itplr-kosit/validator-configuration-xrechnung#58",
            condition: "credit in an Invoice: positive quantity, negative line amount",
            input: ReportInput::Xml(
                Invoice {
                    lines: vec![("2", "50.00", "-100.00", "S", "19")],
                    code: "381",
                    ..negative(plain())
                }
                .ubl(),
            ),
            expected: record(
                json!({"net_total": "-100.00"}),
                &[CreditNote],
                "a return, since the lines come",
            ),
            outcome: "review as a credit note; the sign of the line is a note, not a wrong product",
        },
        FieldReport {
            source: "anskaffelser/ehf-postaward-g2#31",
            condition: "negative invoice (type 380) in place of a credit note",
            input: ReportInput::Xml(negative(plain()).ubl()),
            expected: record(
                json!({"gross_total": "-119.00", "type_code": "380"}),
                &[],
                "",
            ),
            outcome: "accepted with its negative amounts: the row itself shows the credit",
        },
        FieldReport {
            source: "odoo/odoo#271148",
            condition: "CreditNote line with a base quantity of 1",
            input: ReportInput::Xml(credit().ubl().replace(
                "</cac:Price>",
                "<cbc:BaseQuantity unitCode=\"C62\">1</cbc:BaseQuantity></cac:Price>",
            )),
            expected: record(
                json!({"line_items": [{"description": "Ware 0", "quantity": "2", "unit_price": "50.00", "line_total": "100.00"}]}),
                &[CreditNote],
                "",
            ),
            outcome: "review; quantity, price and amount stay positive",
        },
        FieldReport {
            source: "wpovernight/woocommerce-pdf-invoices-packing-slips#1418",
            condition: "CreditNote with a negative unit price",
            input: ReportInput::Xml(
                Invoice {
                    lines: vec![("-2", "-50.00", "100.00", "S", "19")],
                    ..credit()
                }
                .ubl(),
            ),
            expected: record(json!({"gross_total": "119.00"}), &[CreditNote], ""),
            outcome: "review; the product holds and no other finding is made",
        },
        FieldReport {
            source: "stephanstapel/ZUGFeRD-csharp#728",
            condition: "credit note as a CrossIndustryInvoice",
            input: ReportInput::Xml(
                Invoice {
                    code: "381",
                    ..plain()
                }
                .cii(),
            ),
            expected: record(json!({"type_code": "381"}), &[CreditNote], "(type 381)"),
            outcome: "review by its type code",
        },
        FieldReport {
            source: "odoo/odoo#271829",
            condition: "negative net total, positive gross total",
            input: ReportInput::Xml(
                Invoice {
                    rates: vec![
                        ("S", "19", "100.00", "19.00", ""),
                        ("Z", "0", "-110.00", "0.00", ""),
                    ],
                    lines: vec![
                        ("2", "50.00", "100.00", "S", "19"),
                        ("-1", "110.00", "-110.00", "Z", "0"),
                    ],
                    net: "-10.00",
                    gross: "9.00",
                    ..plain()
                }
                .ubl(),
            ),
            expected: record(
                json!({"net_total": "-10.00", "gross_total": "9.00"}),
                &[],
                "",
            ),
            outcome: "accepted as an invoice; VAT is judged by the breakdown",
        },
        FieldReport {
            source: "Dolibarr/dolibarr-community-modules#444",
            condition: "positive amounts that only the type code makes a credit",
            input: ReportInput::Xml(
                Invoice {
                    code: "381",
                    number: "AV-7",
                    ..plain()
                }
                .cii(),
            ),
            expected: record(
                json!({"gross_total": "119.00"}),
                &[CreditNote],
                "to be credited, not paid",
            ),
            outcome: "review; amounts as stated",
        },
        FieldReport {
            source: "ZUGFeRD/mustangproject#1005",
            condition: "CreditNote with its due date at the means of payment",
            input: ReportInput::Xml(
                Invoice {
                    head: "<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>\
                           <cbc:PaymentDueDate>2025-04-02</cbc:PaymentDueDate></cac:PaymentMeans>",
                    ..credit()
                }
                .ubl(),
            ),
            expected: record(
                json!({"due_date": "2025-04-02", "type_code": "381"}),
                &[CreditNote],
                "",
            ),
            outcome: "review; type code, due date and lines are read",
        },
        FieldReport {
            source: "gflohr/e-invoice-eu#137",
            condition: "a less usual type code of a credit note (308)",
            input: ReportInput::Xml(
                Invoice {
                    code: "308",
                    ..plain()
                }
                .cii(),
            ),
            expected: record(json!({"type_code": "308"}), &[CreditNote], "(type 308)"),
            outcome: "review as a credit note",
        },
        FieldReport {
            source: "peppolautoriteit-nl/validation#31",
            condition: "InvoiceTypeCode 381 in a UBL Invoice",
            input: ReportInput::Xml(
                Invoice {
                    code: "381",
                    ..plain()
                }
                .ubl(),
            ),
            expected: record(json!({"type_code": "381"}), &[CreditNote], ""),
            outcome: "review as a credit note",
        },
        FieldReport {
            source: "ledger123/runmyaccounts#311",
            condition: "printed credit note with positive amounts",
            input: read(
                "invoice",
                &[
                    "Nordwerk GmbH | | Gutschrift Nr. G-17",
                    "Datum | 03.03.2025",
                    "Netto | | 100,00 EUR",
                    "MwSt 19 % | | 19,00 EUR",
                    "Gesamtbetrag | | 119,00 EUR",
                ],
                json!({"invoice_number": "G-17", "issue_date": "03.03.2025", "currency": "EUR", "seller_name": "Nordwerk GmbH",
                    "net_total": "100,00", "tax_total": "19,00", "gross_total": "119,00"}),
            ),
            expected: record(
                json!({"gross_total": "119.00"}),
                &[CreditNote],
                "the page is headed `Gutschrift Nr. G-17`",
            ),
            outcome: "review by its title; was accepted as a bill to pay",
        },
    ]
}
