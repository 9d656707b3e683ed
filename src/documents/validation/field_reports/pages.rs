use serde_json::{Value, json};

use super::report::{Expected, FieldReport, ReportInput, ReportPage, record};
use crate::domain::FindingCode::SumMismatch;

fn page(rows: &'static [&'static str], answers: Value) -> ReportPage {
    ReportPage {
        doc_type: "invoice",
        rows,
        answers,
    }
}

/// Lines by description and amount, one of each.
fn lines(of: &[(&str, &str)]) -> Value {
    let line = |(name, amount): &(&str, &str)| json!({"description": name, "quantity": "1", "unit_price": amount, "line_total": amount});
    of.iter().map(line).collect()
}

const FIRST: &[&str] = &[
    "Nordwerk GmbH | | Rechnung R-20",
    "Rechnungsdatum 03.03.2025 | | Seite 1 von 2",
    "Regal | 1 | 100,00 | 100,00",
    "Leiste | 1 | 20,00 | 20,00",
    "Übertrag | | | 120,00",
];
const SECOND: &[&str] = &[
    "Nordwerk GmbH | | Rechnung R-20",
    "Rechnungsdatum 03.03.2025 | | Seite 2 von 2",
    "Übertrag | | | 120,00",
    "Schraube | 1 | 30,00 | 30,00",
    "Nettobetrag | | | 150,00 EUR",
    "MwSt 19 % | | | 28,50 EUR",
    "Gesamtbetrag | | | 178,50 EUR",
];

fn head() -> Value {
    json!({"invoice_number": "R-20", "issue_date": "03.03.2025", "seller_name": "Nordwerk GmbH"})
}

fn with(mut of: Value, more: Value) -> Value {
    let fields = of.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    of
}

fn totals() -> Value {
    json!({"currency": "EUR", "net_total": "150,00", "tax_total": "28,50", "gross_total": "178,50"})
}

fn whole() -> Value {
    json!({"invoice_number": "R-20", "net_total": "150.00", "tax_total": "28.50", "gross_total": "178.50"})
}

pub fn reports() -> Vec<FieldReport> {
    let first = || {
        with(
            head(),
            json!({"line_items": lines(&[("Regal", "100,00"), ("Leiste", "20,00")])}),
        )
    };
    let second = || {
        with(
            with(head(), totals()),
            json!({"line_items": lines(&[("Schraube", "30,00")])}),
        )
    };
    let carried = |page_one: Value, page_two: Value| {
        ReportInput::Pages(vec![page(FIRST, page_one), page(SECOND, page_two)])
    };
    vec![
        FieldReport {
            source: "invopop/gobl.html#45",
            condition: "carried forward at the foot, brought forward at the head; not read as lines",
            input: carried(first(), second()),
            expected: record(whole(), &[], ""),
            outcome: "accepted: one record, three lines",
        },
        FieldReport {
            source: "invoiceninja/invoiceninja#12120",
            condition: "running subtotal of page 1 read as its net total",
            input: carried(with(first(), json!({"net_total": "120,00"})), second()),
            expected: record(whole(), &[], ""),
            outcome: "accepted: totals are those of the last page that has them",
        },
        FieldReport {
            source: "openhtmltopdf/openhtmltopdf#197",
            condition: "brought-forward row of page 2 read as a line",
            input: carried(
                first(),
                with(
                    second(),
                    json!({"line_items": lines(&[("Übertrag", "120,00"), ("Schraube", "30,00")])}),
                ),
            ),
            expected: record(json!({"net_total": "150.00"}), &[], "carried"),
            outcome: "accepted: the row is left out of the lines, with a note; was a wrong sum",
        },
        FieldReport {
            source: "ledger123/runmyaccounts#89",
            condition: "carried-forward row of page 1 and brought-forward row of page 2 read as lines",
            input: carried(
                with(
                    head(),
                    json!({"line_items": lines(&[("Regal", "100,00"), ("Leiste", "20,00"), ("Übertrag", "120,00")])}),
                ),
                with(
                    second(),
                    json!({"line_items": lines(&[("Übertrag", "120,00"), ("Schraube", "30,00")])}),
                ),
            ),
            expected: record(
                json!({"net_total": "150.00", "gross_total": "178.50"}),
                &[],
                "carried",
            ),
            outcome: "accepted: both rows are left out of the lines, with a note",
        },
        FieldReport {
            source: "invoice-x/invoice2data#189",
            condition: "two invoices in one file",
            input: ReportInput::Pages(vec![
                page(
                    &[
                        "Nordwerk GmbH | | Rechnung R-21",
                        "03.03.2025",
                        "Gesamtbetrag | | 119,00 EUR",
                    ],
                    json!({"invoice_number": "R-21", "issue_date": "03.03.2025", "currency": "EUR",
                        "seller_name": "Nordwerk GmbH", "gross_total": "119,00"}),
                ),
                page(
                    &[
                        "Nordwerk GmbH | | Rechnung R-22",
                        "04.03.2025",
                        "Gesamtbetrag | | 238,00 EUR",
                    ],
                    json!({"invoice_number": "R-22", "issue_date": "04.03.2025", "currency": "EUR",
                        "seller_name": "Nordwerk GmbH", "gross_total": "238,00"}),
                ),
            ]),
            expected: vec![
                Expected {
                    fields: json!({"invoice_number": "R-21", "gross_total": "119.00"}),
                    flags: &[],
                    says: "",
                },
                Expected {
                    fields: json!({"invoice_number": "R-22", "gross_total": "238.00"}),
                    flags: &[],
                    says: "",
                },
            ],
            outcome: "two records, each with its total",
        },
        FieldReport {
            source: "invoice-x/invoice2data#650",
            condition: "lines on both pages, the number on the first alone",
            input: carried(
                first(),
                with(
                    totals(),
                    json!({"invoice_number": null, "line_items": lines(&[("Schraube", "30,00")])}),
                ),
            ),
            expected: record(whole(), &[], ""),
            outcome: "accepted: one record with the lines of both pages",
        },
        FieldReport {
            source: "invoice-x/invoice2data#372",
            condition: "the column heads stand on each page and are read as a line",
            input: carried(
                first(),
                with(
                    second(),
                    json!({"line_items": [
                        {"description": "Bezeichnung", "quantity": null, "unit_price": null, "line_total": null},
                        {"description": "Schraube", "quantity": "1", "unit_price": "30,00", "line_total": "30,00"}]}),
                ),
            ),
            expected: record(
                json!({"net_total": "150.00", "gross_total": "178.50"}),
                &[],
                "",
            ),
            outcome: "accepted: a line of words alone is not an amount, and the others come to the net total. The sum was not checked",
        },
        FieldReport {
            source: "Jean28518/invoice-creator-german#77",
            condition: "totals printed on both pages",
            input: carried(with(first(), totals()), second()),
            expected: record(whole(), &[], ""),
            outcome: "accepted: the totals of both pages agree, and are taken once",
        },
        FieldReport {
            source: "naiveHobo/InvoiceNet#83",
            condition: "amounts on the second page alone",
            input: carried(head(), with(totals(), json!({"invoice_number": "R-20"}))),
            expected: record(whole(), &[], ""),
            outcome: "accepted: header of page 1, totals of page 2",
        },
        FieldReport {
            source: "naiveHobo/InvoiceNet#74",
            condition: "a line of the second page is missed",
            input: carried(
                first(),
                with(with(head(), totals()), json!({"line_items": []})),
            ),
            expected: record(
                json!({"gross_total": "178.50"}),
                &[],
                "line 3 was not read; it was taken from its row of the page",
            ),
            outcome: "accepted: the line is that of its row, with which the lines add up",
        },
        FieldReport {
            source: "ConsoleTVs/Invoices#27",
            condition: "subtotal at the top of the second page read as its net total",
            input: carried(first(), with(second(), json!({"net_total": "120,00"}))),
            expected: record(json!({"net_total": "150.00"}), &[], ""),
            outcome: "read right: the printed amount with which VAT and gross total hold",
        },
        FieldReport {
            source: "Azure/azure-sdk-for-net#28217",
            condition: "a table of details on a further page read as lines",
            input: ReportInput::Pages(vec![
                page(FIRST, first()),
                page(SECOND, second()),
                page(
                    &["Anlage zur Rechnung R-20", "Bohrung | 1 | 10,00 | 10,00"],
                    json!({"invoice_number": "R-20", "line_items": lines(&[("Bohrung", "10,00")])}),
                ),
            ]),
            expected: record(
                json!({"net_total": "150.00"}),
                &[SumMismatch],
                "the 4 lines add up to 160.00",
            ),
            outcome: "review: the lines do not come to the net total",
        },
    ]
}
