//! The usual VAT rates of each country, of which one is an invoice's.
//!
//! Those of its national tax since 2020, as known in August 2025. Regions with
//! rates of their own (Madeira, French overseas departments, Greek islands) are
//! left out, and so are rates in years without them: they lie between others
//! of the country, and are more likely two of these on one invoice. An invoice
//! that has one is not exported, which is told. Compiled from what is publicly
//! known, to be checked against the European Commission's Taxes in Europe
//! Database and the tax administrations: a rate or year too few costs an export
//! that is told, none is guessed.

use rust_decimal::Decimal;

/// Country (ISO 3166-1) and positive rates in tenths of a percent.
#[rustfmt::skip]
const COUNTRIES: [(&str, &[i64]); 32] = [
    ("AT", &[50, 100, 130, 200]),
    ("BE", &[60, 120, 210]),
    ("BG", &[90, 200]),
    ("CH", &[25, 26, 37, 38, 77, 81]),
    ("CY", &[30, 50, 90, 190]),
    ("CZ", &[100, 120, 150, 210]),
    ("DE", &[50, 70, 160, 190]),
    ("DK", &[250]),
    ("EE", &[50, 90, 130, 200, 220, 240]),
    ("ES", &[20, 40, 50, 75, 100, 210]),
    ("FI", &[100, 140, 240, 255]),
    ("FR", &[21, 55, 100, 200]),
    ("GB", &[50, 125, 200]),
    ("GR", &[60, 130, 240]),
    ("HR", &[50, 130, 250]),
    ("HU", &[50, 180, 270]),
    ("IE", &[48, 90, 135, 210, 230]),
    ("IS", &[110, 240]),
    ("IT", &[40, 50, 100, 220]),
    ("LI", &[25, 26, 37, 38, 77, 81]),
    ("LT", &[50, 90, 210]),
    ("LU", &[30, 70, 80, 130, 140, 160, 170]),
    ("LV", &[50, 120, 210]),
    ("MT", &[50, 70, 120, 180]),
    ("NL", &[90, 210]),
    ("NO", &[60, 120, 150, 250]),
    ("PL", &[50, 80, 230]),
    ("PT", &[60, 130, 230]),
    ("RO", &[50, 90, 110, 190, 210]),
    ("SE", &[60, 120, 250]),
    ("SI", &[50, 95, 220]),
    ("SK", &[50, 100, 190, 200, 230]),
];

/// Rates that were not always in force, with their first and last year; 0 and
/// 9999 bound nothing.
#[rustfmt::skip]
const YEARS: [(&str, &[i64], i16, i16); 27] = [
    ("AT", &[50], 2020, 2021),
    ("CH", &[25, 37, 77], 0, 2023), ("CH", &[26, 38, 81], 2024, 9999),
    ("CY", &[30], 2023, 9999),
    ("CZ", &[100, 150], 0, 2023), ("CZ", &[120], 2024, 9999),
    ("DE", &[50, 160], 2020, 2020),
    ("EE", &[200], 0, 2023), ("EE", &[220], 2024, 2025), ("EE", &[240], 2025, 9999),
    ("EE", &[50], 2022, 2024), ("EE", &[130], 2025, 9999),
    ("ES", &[50], 2022, 2024), ("ES", &[20, 75], 2024, 2024),
    ("FI", &[240], 0, 2024), ("FI", &[255], 2024, 9999),
    ("GB", &[125], 2021, 2022),
    ("IE", &[210], 2020, 2021),
    ("LI", &[25, 37, 77], 0, 2023), ("LI", &[26, 38, 81], 2024, 9999),
    ("LU", &[70, 130, 160], 2023, 2023),
    ("MT", &[120], 2024, 9999),
    ("NO", &[60], 2020, 2021),
    ("RO", &[50, 90, 190], 0, 2025), ("RO", &[110, 210], 2025, 9999),
    ("SK", &[100, 200], 0, 2024), ("SK", &[190, 230], 2025, 9999),
];

/// The country's rates in percent, of all years where that of the invoice is
/// not known; `None`: so are none of the country.
pub fn usual(country: &str, year: Option<i16>) -> Option<Vec<Decimal>> {
    let (_, rates) = COUNTRIES.iter().find(|(code, _)| *code == country)?;
    let chosen = rates
        .iter()
        .filter(|rate| year.is_none_or(|year| in_force(country, **rate, year)));
    let percent = |tenths: &i64| Decimal::new(*tenths, 1).normalize();
    Some(chosen.map(percent).collect())
}

fn in_force(country: &str, rate: i64, year: i16) -> bool {
    YEARS
        .iter()
        .filter(|(code, rates, ..)| *code == country && rates.contains(&rate))
        .all(|(.., first, last)| (*first..=*last).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_iso_countries_ascending_and_bounded_only_where_there_are_any() {
        for (code, rates) in COUNTRIES {
            assert!(
                crate::documents::einvoice::codes::is_country(code),
                "{code}"
            );
            assert!(rates.is_sorted() && !rates.is_empty(), "{code}");
            assert!(!usual(code, Some(2024)).unwrap().is_empty(), "{code}");
        }
        for (code, rates, first, last) in YEARS {
            let (_, known) = COUNTRIES.iter().find(|(of, _)| *of == code).unwrap();
            assert!(rates.iter().all(|rate| known.contains(rate)), "{code}");
            assert!(first <= last, "{code}");
        }
    }

    #[test]
    fn a_rate_counts_in_the_years_that_it_was_in_force() {
        let of = |country: &str, year: Option<i16>| {
            let rates = usual(country, year).unwrap();
            rates.iter().map(Decimal::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of("DE", Some(2020)), ["5", "7", "16", "19"]);
        assert_eq!(of("DE", Some(2024)), ["7", "19"]);
        assert_eq!(of("DE", None).len(), 4);
        assert_eq!(of("CH", Some(2024)), ["2.6", "3.8", "8.1"]);
        assert_eq!(of("SI", Some(2024)), ["5", "9.5", "22"]);
        assert_eq!(usual("US", None), None);
    }
}
