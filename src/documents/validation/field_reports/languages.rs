use serde_json::{Value, json};

use super::report::{FieldReport, read, record};
use crate::domain::FindingCode::AmbiguousDate;

fn receipt(merchant: &str, date: &str, currency: Option<&str>, total: &str) -> Value {
    json!({"merchant_name": merchant, "date": date, "currency": currency, "items": [], "subtotal": null, "tax": null,
        "total": total})
}

pub fn reports() -> Vec<FieldReport> {
    vec![
        FieldReport {
            source: "mtotschnig/MyExpenses#1658",
            condition: "Japanese receipt with English headings",
            input: read(
                "receipt",
                &[
                    "喫茶みどり 東京都 | | RECEIPT",
                    "2024年3月14日",
                    "コーヒー Coffee | | ¥450",
                    "合計 TOTAL | | ¥450",
                ],
                receipt("喫茶みどり", "2024年3月14日", Some("¥"), "¥450"),
            ),
            expected: record(
                json!({"date": "2024-03-14", "currency": "JPY", "total": "450"}),
                &[],
                "",
            ),
            outcome: "accepted: `¥` is the yen of the country that the page shows",
        },
        FieldReport {
            source: "Expensify/App#74649",
            condition: "no currency sign on the receipt",
            input: read(
                "receipt",
                &[
                    "Kedai Kopi Sdn Bhd",
                    "12 Jalan Dedap, Johor Bahru",
                    "14 March 2024",
                    "Kopi | | 4.50",
                    "Total | | 4.50",
                ],
                receipt("Kedai Kopi Sdn Bhd", "14 March 2024", None, "4.50"),
            ),
            expected: record(
                json!({"currency": "MYR", "total": "4.50"}),
                &[],
                "is the currency of Malaysia",
            ),
            outcome: "accepted: the currency of the country that the page shows, with a note. Was left empty: `Bhd` passed for the dinar of Bahrain",
        },
        FieldReport {
            source: "paperless-ngx/paperless-ngx#7099",
            condition: "French month with an accent: 13 décembre 2023",
            input: read(
                "receipt",
                &[
                    "Boulangerie Paul, Paris",
                    "le 13 décembre 2023",
                    "Baguette / Bread | | 1,30 €",
                    "TOTAL TTC | | 1,30 €",
                ],
                receipt("Boulangerie Paul", "13 décembre 2023", Some("€"), "1,30 €"),
            ),
            expected: record(json!({"date": "2023-12-13", "total": "1.30"}), &[], ""),
            outcome: "accepted: the day is kept",
        },
        FieldReport {
            source: "the-paperless-project/paperless#465",
            condition: "1/2/2017 on a page that shows no country",
            input: read(
                "receipt",
                &["Corner Shop", "1/2/2017", "Tea | | 2.00", "Total | | 2.00"],
                receipt("Corner Shop", "1/2/2017", None, "2.00"),
            ),
            expected: record(json!({"date": "2017-02-01"}), &[AmbiguousDate], ""),
            outcome: "review: the day-first date is assumed, and it is said",
        },
        FieldReport {
            source: "jonaswinkler/paperless-ng#1295",
            condition: "3/10/2016 on an American receipt",
            input: read(
                "receipt",
                &[
                    "Corner Shop, New York, USA",
                    "3/10/2016",
                    "Tea | | $2.00",
                    "Total | | $2.00",
                ],
                receipt("Corner Shop", "3/10/2016", Some("$"), "$2.00"),
            ),
            expected: record(json!({"date": "2016-03-10", "currency": "USD"}), &[], ""),
            outcome: "accepted month first: the page shows the country",
        },
        FieldReport {
            source: "ReceiptManager/receipt-manager-app#9",
            condition: "11/27/2017: month first is the only meaning",
            input: read(
                "receipt",
                &[
                    "Corner Shop",
                    "11/27/2017",
                    "Tea | | $2.00",
                    "Total | | USD 2.00",
                ],
                receipt("Corner Shop", "11/27/2017", Some("USD"), "2.00"),
            ),
            expected: record(json!({"date": "2017-11-27"}), &[], ""),
            outcome: "accepted",
        },
        FieldReport {
            source: "JaidedAI/EasyOCR#1214",
            condition: "Arabic and English on one receipt, Arabic-Indic digits",
            input: read(
                "receipt",
                &[
                    "مقهى النخيل Palm Café, Dubai",
                    "2024-03-14",
                    "قهوة Coffee | | ١٢٫٥٠",
                    "المجموع Total | | AED ١٢٫٥٠",
                ],
                receipt("مقهى النخيل Palm Café", "2024-03-14", Some("AED"), "١٢٫٥٠"),
            ),
            expected: record(json!({"currency": "AED", "total": "12.50"}), &[], ""),
            outcome: "accepted: the digits are read",
        },
        FieldReport {
            source: "scrapinghub/dateparser#415",
            condition: "Lithuanian month in words",
            input: read(
                "receipt",
                &[
                    "Kavinė Ąžuolas, Vilnius",
                    "2018 m. sausio 18 d.",
                    "Kava Coffee | | 2,00 EUR",
                    "Iš viso | | 2,00 EUR",
                ],
                receipt(
                    "Kavinė Ąžuolas",
                    "2018 m. sausio 18 d.",
                    Some("EUR"),
                    "2,00",
                ),
            ),
            expected: record(json!({"date": "2018-01-18", "total": "2.00"}), &[], ""),
            outcome: "accepted: the month is known in this case too",
        },
        FieldReport {
            source: "adamlwgriffiths/amazon_scraper#38",
            condition: "German month that differs from the English one",
            input: read(
                "receipt",
                &[
                    "Tea Room Berlin",
                    "5. Oktober 2017",
                    "Cream tea | | 7,50 €",
                    "Summe / Total | | 7,50 €",
                ],
                receipt("Tea Room Berlin", "5. Oktober 2017", Some("€"), "7,50 €"),
            ),
            expected: record(json!({"date": "2017-10-05", "total": "7.50"}), &[], ""),
            outcome: "accepted",
        },
        FieldReport {
            source: "abritinthebay/datejs#74",
            condition: "abbreviated German month: 3. Dez. 2024",
            input: read(
                "receipt",
                &[
                    "Teestube Köln",
                    "3. Dez. 2024",
                    "Tee | | 2,20 €",
                    "Total | | 2,20 €",
                ],
                receipt("Teestube Köln", "3. Dez. 2024", Some("€"), "2,20 €"),
            ),
            expected: record(json!({"date": "2024-12-03"}), &[], ""),
            outcome: "accepted",
        },
        FieldReport {
            source: "akoumjian/datefinder#61",
            condition: "two numbers in Portuguese text are not a date",
            input: read(
                "receipt",
                &[
                    "Leixões por 6 2 Ricardo, Lisboa",
                    "22 de janeiro de 2016",
                    "Café | | 1,20 €",
                    "Total | | 1,20 €",
                ],
                receipt(
                    "Leixões por 6 2 Ricardo",
                    "22 de janeiro de 2016",
                    Some("€"),
                    "1,20 €",
                ),
            ),
            expected: record(json!({"date": "2016-01-22"}), &[], ""),
            outcome: "accepted: the date in words alone",
        },
        FieldReport {
            source: "ocrmypdf/OCRmyPDF#1637",
            condition: "German filling station: a price of three decimals beside the amount",
            input: read(
                "receipt",
                &[
                    "AGIP Service Station, Gangkofen",
                    "USt-IdNr. DE136695976",
                    "12.02.25 18:14",
                    "*000014 Super E10 | | 63,08 EUR A",
                    "37,13 l | 1,699 EUR/l",
                    "Gesamtbetrag | | 63,08 EUR",
                ],
                json!({"merchant_name": "AGIP Service Station", "date": "12.02.25", "currency": "EUR",
                    "items": [{"description": "Super E10", "quantity": null, "amount": "63,08"}], "subtotal": null, "tax": null,
                    "total": "63,08"}),
            ),
            expected: record(json!({"date": "2025-02-12", "total": "63.08"}), &[], ""),
            outcome: "accepted",
        },
    ]
}
