use serde_json::json;

use super::report::{FieldReport, ReportInput, read, record};
use super::xml::{Invoice, plain};
use crate::domain::FindingCode::{CreditNote, InvoiceKind};

const PEPPOL: &str = "<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0\
                      </cbc:CustomizationID>";

fn self_billed() -> Invoice {
    Invoice {
        code: "389",
        ..plain()
    }
}

fn credited() -> Invoice {
    Invoice {
        root: "CreditNote",
        code: "261",
        ..plain()
    }
}

pub fn reports() -> Vec<FieldReport> {
    vec![
        FieldReport {
            source: "alyf-de/eu_einvoice#215",
            condition: "self-billed invoice (389) as CII",
            input: ReportInput::Xml(self_billed().cii()),
            expected: record(json!({"type_code": "389"}), &[InvoiceKind], "the buyer issued it"),
            outcome: "review as a self-billed invoice",
        },
        FieldReport {
            source: "odoo/odoo#260941",
            condition: "self-billed credit note: code 389 in a CreditNote",
            input: ReportInput::Xml(Invoice { code: "389", ..credited() }.ubl()),
            expected: record(json!({"type_code": "389"}), &[CreditNote], "the buyer issued it"),
            outcome: "review as a credit note that the buyer issued",
        },
        FieldReport {
            source: "invopop/gobl#619",
            condition: "self-billed credit note (261)",
            input: ReportInput::Xml(credited().ubl()),
            expected: record(json!({"type_code": "261"}), &[CreditNote], "the buyer issued it"),
            outcome: "review; the finding says that the buyer issued it",
        },
        FieldReport {
            source: "odoo/odoo#279438",
            condition: "NLCIUS: only the type code says self-billing",
            input: ReportInput::Xml(
                Invoice {
                    head: "<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:nen.nl:nlcius:v1.0</cbc:CustomizationID>",
                    ..self_billed()
                }
                .ubl(),
            ),
            expected: record(json!({"type_code": "389"}), &[InvoiceKind], "the buyer issued it"),
            outcome: "review as a self-billed invoice",
        },
        FieldReport {
            source: "odoo/odoo#232548",
            condition: "Peppol self-billing profile with the type code 380",
            input: ReportInput::Xml(Invoice { head: PEPPOL, ..plain() }.ubl()),
            expected: record(json!({"type_code": "380"}), &[InvoiceKind], "the buyer issued it"),
            outcome: "review by its profile; was accepted as an ordinary invoice",
        },
        FieldReport {
            source: "OCA/edi#1205",
            condition: "Peppol self-billing profile in a CreditNote",
            input: ReportInput::Xml(Invoice { code: "381", head: PEPPOL, ..credited() }.ubl()),
            expected: record(json!({"type_code": "381"}), &[CreditNote], "the buyer issued it"),
            outcome: "review as a credit note that the buyer issued",
        },
        FieldReport {
            source: "itplr-kosit/validator-configuration-xrechnung#134",
            condition: "code 389 in the ordinary Peppol billing profile",
            input: ReportInput::Xml(
                Invoice {
                    head: "<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0\
                           </cbc:CustomizationID>",
                    ..self_billed()
                }
                .ubl(),
            ),
            expected: record(json!({"type_code": "389"}), &[InvoiceKind], "a self-billed invoice"),
            outcome: "review as a self-billed invoice",
        },
        FieldReport {
            source: "itplr-kosit/xrechnung-schematron#19",
            condition: "self-billed invoice (389) as UBL",
            input: ReportInput::Xml(self_billed().ubl()),
            expected: record(json!({"gross_total": "119.00"}), &[InvoiceKind], "a self-billed invoice"),
            outcome: "review as a self-billed invoice",
        },
        FieldReport {
            source: "josemmo/einvoicing#61",
            condition: "self-billed credit note that refers to its invoice",
            input: ReportInput::Xml(
                Invoice {
                    head: "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>SB-4</cbc:ID>\
                           </cac:InvoiceDocumentReference></cac:BillingReference>",
                    ..credited()
                }
                .ubl(),
            ),
            expected: record(json!({}), &[CreditNote], "to invoice SB-4"),
            outcome: "review; the invoice is named",
        },
        FieldReport {
            source: "erp-mafia/accounted#1827",
            condition: "self-billed invoice whose number is the buyer's",
            input: ReportInput::Xml(Invoice { number: "EXT/2025/0044", ..self_billed() }.cii()),
            expected: record(json!({"invoice_number": "EXT/2025/0044"}), &[InvoiceKind], ""),
            outcome: "review; the number is kept as stated",
        },
        FieldReport {
            source: "OCA/account-invoicing#2256",
            condition: "printed self-billed invoice",
            input: read(
                "invoice",
                &[
                    "Beispiel AG | | Self-billing",
                    "Invoice number | SB-4",
                    "Invoice date | 03.03.2025",
                    "Net total | | 100.00 EUR",
                    "VAT 19 % | | 19.00 EUR",
                    "Total | | 119.00 EUR",
                ],
                json!({"invoice_number": "SB-4", "issue_date": "03.03.2025", "currency": "EUR", "seller_name": "Beispiel AG",
                    "net_total": "100.00", "tax_total": "19.00", "gross_total": "119.00"}),
            ),
            expected: record(json!({"gross_total": "119.00"}), &[InvoiceKind], "the buyer issued it"),
            outcome: "review by the mention that the VAT directive asks for; was accepted",
        },
    ]
}
