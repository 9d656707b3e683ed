use super::{ReadBill, assert_harmless, csv, number};

/// Purchase quick entries of a company that is registered for VAT.
pub fn sage(bytes: &[u8]) -> Vec<ReadBill> {
    assert!(bytes.len() <= 500_000, "{} bytes", bytes.len());
    let rows = csv(bytes);
    let heading = "Type,Supplier Reference,Date,Supplier Name,Reference,Ledger Account,Details,Net,VAT Rate,VAT,Total,\
        Analysis Type 1,Analysis Type 2,Analysis Type 3";
    assert_eq!(rows[0].join(","), heading);
    assert_harmless(&rows[1..]);
    let bill = |row: &Vec<String>| {
        for (column, most) in [(1, 10), (3, 50), (4, 25), (6, 25)] {
            assert!(row[column].chars().count() <= most, "{row:?}");
        }
        for required in [0, 1, 2, 4, 5, 7, 8, 9, 10] {
            assert!(!row[required].is_empty(), "column {required}: {row:?}");
        }
        assert_eq!(row[0], "Invoice");
        assert!(row[5].len() <= 8 && row[5].bytes().all(|c| c.is_ascii_digit()));
        let rates = ["Standard", "Zero Rated", "Lower Rate", "Exempt", "No VAT"];
        assert!(rates.contains(&row[8].as_str()), "{row:?}");
        for sum in [7, 9, 10] {
            let (whole, part) = row[sum].split_once('.').unwrap();
            assert!((1..=8).contains(&whole.len()) && part.len() == 2, "{row:?}");
        }
        let [net, tax, gross] = [7, 9, 10].map(|sum| number(&row[sum]));
        assert_eq!(net + tax, gross, "{row:?}");
        let date: Vec<&str> = row[2].split('-').collect();
        assert_eq!(
            date.iter().map(|part| part.len()).collect::<Vec<_>>(),
            [2, 2, 4]
        );
        ReadBill {
            supplier: row[3].clone(),
            number: row[4].clone(),
            date: Some(
                format!("{}-{}-{}", date[2], date[1], date[0])
                    .parse()
                    .unwrap(),
            ),
            account: row[5].clone(),
            tax_code: row[8].clone(),
            gross: Some(gross),
            tax: Some(tax),
            ..ReadBill::default()
        }
    };
    rows[1..].iter().map(bill).collect()
}
