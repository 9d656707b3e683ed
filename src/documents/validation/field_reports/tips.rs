use serde_json::{Value, json};

use super::report::{FieldReport, read, record};
use crate::domain::FindingCode::SumMismatch;

/// A receipt's answers: currency, lines, subtotal, tax, total.
fn receipt(
    currency: &str,
    items: &[(&str, &str)],
    subtotal: Option<&str>,
    tax: Option<&str>,
    total: &str,
) -> Value {
    let items = items
        .iter()
        .map(|(name, amount)| json!({"description": name, "quantity": null, "amount": amount}));
    json!({"merchant_name": "Café Central", "date": "2025-03-03", "currency": currency,
        "items": items.collect::<Vec<_>>(), "subtotal": subtotal, "tax": tax, "total": total})
}

pub fn reports() -> Vec<FieldReport> {
    vec![
        FieldReport {
            source: "Expensify/App#99332",
            condition: "printed total 28.70, tip 5.00, grand total 33.70",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Subtotal | | $26.20",
                    "Tax | | $2.50",
                    "Total | | $28.70",
                    "Tip | | $5.00",
                    "Grand total | | $33.70",
                ],
                receipt("USD", &[], Some("$26.20"), Some("$2.50"), "$33.70"),
            ),
            expected: record(json!({"total": "33.70"}), &[], "Tip 5.00"),
            outcome: "accepted; a note names the tip. Was a wrong sum",
        },
        FieldReport {
            source: "SmartReceipts/SmartReceiptsLibrary#15",
            condition: "a recommended tip is printed and not paid",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Lunch | | 15.00 EUR",
                    "Total | | 15.00 EUR",
                    "20% recommended tip | | 3.00 EUR",
                ],
                receipt("EUR", &[("Lunch", "15.00")], None, None, "15.00"),
            ),
            expected: record(json!({"total": "15.00"}), &[], ""),
            outcome: "accepted with the total alone",
        },
        FieldReport {
            source: "manfredbork/receipt_recognition#50",
            condition: "a total that only a recommended tip would explain",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Lunch | | 15.00 EUR",
                    "Subtotal | | 15.00 EUR",
                    "Recommended tip 20 % | | 3.00 EUR",
                    "With tip | | 18.00 EUR",
                ],
                receipt("EUR", &[("Lunch", "15.00")], Some("15.00"), None, "18.00"),
            ),
            expected: record(
                json!({"total": "18.00"}),
                &[SumMismatch],
                "a difference of 3.00",
            ),
            outcome: "review: what is only recommended explains no total",
        },
        FieldReport {
            source: "indexa-git/l10n-dominicana#1188",
            condition: "legal tip of 10 % beside 18 % VAT",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Subtotal | | 1,000.00",
                    "ITBIS 18% | | 180.00",
                    "Propina legal 10% | | 100.00",
                    "Total | | RD$ 1,280.00",
                ],
                receipt("DOP", &[], Some("1,000.00"), Some("180.00"), "1,280.00"),
            ),
            expected: record(
                json!({"subtotal": "1000.00", "total": "1280.00"}),
                &[],
                "Propina legal 10% 100.00",
            ),
            outcome: "accepted; a note names the tip. Was a wrong sum",
        },
        FieldReport {
            source: "btcpayserver/btcpayserver#7298",
            condition: "tax on the tip, part of the printed tax",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Subtotal | | 20.00 EUR",
                    "Tip | | 2.00 EUR",
                    "Tax | | 2.04 EUR",
                    "Total | | 24.04 EUR",
                ],
                receipt("EUR", &[], Some("20.00"), Some("2.04"), "24.04"),
            ),
            expected: record(json!({"tax": "2.04", "total": "24.04"}), &[], "Tip 2.00"),
            outcome: "accepted; a note names the tip",
        },
        FieldReport {
            source: "FreeOpenSourcePOS/FloCafe#364",
            condition: "service charge, discount and tip on one bill",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Subtotal | | 40.00 EUR",
                    "Discount | | -4.00 EUR",
                    "Service charge 10 % | | 3.60 EUR",
                    "Tip | | 2.00 EUR",
                    "Total | | 41.60 EUR",
                ],
                receipt("EUR", &[], Some("40.00"), None, "41.60"),
            ),
            expected: record(json!({"total": "41.60"}), &[], "Service charge 10 % 3.60"),
            outcome: "accepted; a note names the three",
        },
        FieldReport {
            source: "Repair-DeskPOS/RepairDesk-BUGS-IMPROVEMENTS#1043",
            condition: "a tip that was paid and is not printed",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Subtotal | | 20.00 EUR",
                    "Total | | 23.00 EUR",
                ],
                receipt("EUR", &[], Some("20.00"), None, "23.00"),
            ),
            expected: record(
                json!({"total": "23.00"}),
                &[SumMismatch],
                "a difference of 3.00",
            ),
            outcome: "review: nothing on the page explains the difference",
        },
        FieldReport {
            source: "opencollective/opencollective#3598",
            condition: "25.00 with a platform tip of 2.50",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Contribution | | $25.00",
                    "Platform fee | | $2.50",
                    "Total | | $27.50",
                ],
                receipt("USD", &[("Contribution", "$25.00")], None, None, "$27.50"),
            ),
            expected: record(json!({"total": "27.50"}), &[], "Platform fee 2.50"),
            outcome: "accepted; a note names the fee",
        },
        FieldReport {
            source: "bcgov/entity#4042",
            condition: "service fee that is not a line: 350.00 + 100.00 + 1.50 = 451.50",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Filing | | 350.00",
                    "Future date | | 100.00",
                    "Service Fee | | 1.50",
                    "Total | | CAD 451.50",
                ],
                receipt(
                    "CAD",
                    &[("Filing", "350.00"), ("Future date", "100.00")],
                    None,
                    None,
                    "451.50",
                ),
            ),
            expected: record(json!({"total": "451.50"}), &[], "Service Fee 1.50"),
            outcome: "accepted; a note names the fee",
        },
        FieldReport {
            source: "third-culture-software/bhima#5162",
            condition: "a fee that the lines do not have and the page does not print",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Consultation | | 30.00 EUR",
                    "Total | | 33.00 EUR",
                ],
                receipt("EUR", &[("Consultation", "30.00")], None, None, "33.00"),
            ),
            expected: record(json!({}), &[SumMismatch], "a difference of 3.00"),
            outcome: "review: nothing on the page explains the difference",
        },
        FieldReport {
            source: "VonHoltenCodes/SlowBooks-Pro-2026#83",
            condition: "total with GST included, and a rounding line",
            input: read(
                "receipt",
                &[
                    "Café Central Sdn Bhd",
                    "2025-03-03",
                    "Total (excluding GST) | | 9.25",
                    "GST 6% | | 0.56",
                    "Rounding Adj | | -0.01",
                    "Total (inclusive of GST) | | RM 9.80",
                ],
                receipt("MYR", &[], Some("9.25"), Some("0.56"), "9.80"),
            ),
            expected: record(json!({"total": "9.80"}), &[], ""),
            outcome: "accepted: rounded to the smallest coin",
        },
        FieldReport {
            source: "PicPeak/picpeak#680",
            condition: "a printed rounding that no coin explains",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Zwischensumme | | 99,87 EUR",
                    "Rundung | | 0,13 EUR",
                    "Gesamt | | 100,00 EUR",
                ],
                receipt("EUR", &[], Some("99,87"), None, "100,00"),
            ),
            expected: record(json!({"total": "100.00"}), &[], "Rundung 0.13"),
            outcome: "accepted; a note names the rounding. Was a wrong sum",
        },
        FieldReport {
            source: "rxtrax/tracking#158",
            condition: "discount that is not a line",
            input: read(
                "receipt",
                &[
                    "Café Central",
                    "2025-03-03",
                    "Cards | | $35.37",
                    "Discount 15% | | $5.32",
                    "Tax | | $1.80",
                    "Total | | $31.85",
                ],
                receipt(
                    "USD",
                    &[("Cards", "$35.37")],
                    Some("$35.37"),
                    Some("$1.80"),
                    "$31.85",
                ),
            ),
            expected: record(json!({"total": "31.85"}), &[], "Discount 15% -5.32"),
            outcome: "accepted; a note names the discount. Was a wrong sum",
        },
    ]
}
