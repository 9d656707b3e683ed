//! Rates of value added tax, goods and services tax and the like, by country.
//!
//! Every rate that was in force at some time since January 2020, as known in
//! August 2025. Sources: European Commission, Taxes in Europe Database (EU
//! member states; compared with the list of github.com/ibericode/vat-rates); HM
//! Revenue & Customs, "VAT rates"; the tax administrations of Switzerland,
//! Norway, Iceland and Turkey; OECD, "Consumption Tax Trends 2024", table 2.A
//! (others of its members); Royal Malaysian Customs, Inland Revenue Authority of
//! Singapore, Indian GST Council. The United States are missing: their sales
//! taxes are not national.

use rust_decimal::Decimal;

/// A country's rates in thousandths of a percent (19,000 is 19 %), positive and
/// ascending. Zero is a rate in every country.
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    pub name: &'static str,
    national: &'static [u32],
    /// Rates of single regions: Madeira, Greek islands, French overseas departments.
    regional: &'static [u32],
    /// `YEARS` says when the rates were in force.
    is_dated: bool,
}

const fn dated(
    code: &'static str,
    name: &'static str,
    national: &'static [u32],
    regional: &'static [u32],
) -> Country {
    Country {
        code,
        name,
        national,
        regional,
        is_dated: true,
    }
}

const fn undated(code: &'static str, name: &'static str, national: &'static [u32]) -> Country {
    Country {
        code,
        name,
        national,
        regional: &[],
        is_dated: false,
    }
}

impl Country {
    /// All rates as shares: 0.19 is 19 %.
    pub fn rates(&self) -> impl Iterator<Item = Decimal> {
        let all = self.national.iter().chain(self.regional);
        all.map(|&thousandths| Decimal::new(i64::from(thousandths), 5))
    }

    /// The highest rate as a share.
    pub fn highest(&self) -> Decimal {
        self.rates().max().unwrap_or_default()
    }

    /// National rates in percent that were in force in `year`, or in any year where
    /// that is `None`. Returns `None` where the years of this country's rates are not
    /// known. Regional rates are left out: they are between national ones, and a VAT
    /// share that equals one is more often a mixture of two national rates.
    pub fn in_force(&self, year: Option<i16>) -> Option<Vec<Decimal>> {
        let in_force = |rate: &&u32| {
            let mut bounds = YEARS
                .iter()
                .filter(|(code, rates, ..)| *code == self.code && rates.contains(rate));
            year.is_none_or(|year| bounds.all(|(.., first, last)| (*first..=*last).contains(&year)))
        };
        let rates = self.national.iter().filter(in_force);
        let percent = |thousandths: &u32| Decimal::new(i64::from(*thousandths), 3).normalize();
        self.is_dated.then(|| rates.map(percent).collect())
    }
}

#[rustfmt::skip]
const COUNTRIES: [Country; 55] = [
    // EU member states.
    dated("AT", "Austria", &[5_000, 10_000, 13_000, 20_000], &[19_000]),
    dated("BE", "Belgium", &[6_000, 12_000, 21_000], &[]),
    dated("BG", "Bulgaria", &[9_000, 20_000], &[]),
    dated("CY", "Cyprus", &[3_000, 5_000, 9_000, 19_000], &[]),
    dated("CZ", "Czechia", &[10_000, 12_000, 15_000, 21_000], &[]),
    dated("DE", "Germany", &[5_000, 7_000, 16_000, 19_000], &[]),
    dated("DK", "Denmark", &[25_000], &[]),
    dated("EE", "Estonia", &[5_000, 9_000, 13_000, 20_000, 22_000, 24_000], &[]),
    dated("ES", "Spain", &[2_000, 4_000, 5_000, 7_500, 10_000, 21_000], &[]),
    dated("FI", "Finland", &[10_000, 14_000, 24_000, 25_500], &[]),
    dated("FR", "France", &[2_100, 5_500, 10_000, 20_000], &[8_500]),
    dated("GR", "Greece", &[6_000, 13_000, 24_000], &[4_000, 9_000, 17_000]),
    dated("HR", "Croatia", &[5_000, 13_000, 25_000], &[]),
    dated("HU", "Hungary", &[5_000, 18_000, 27_000], &[]),
    dated("IE", "Ireland", &[4_800, 9_000, 13_500, 21_000, 23_000], &[]),
    dated("IT", "Italy", &[4_000, 5_000, 10_000, 22_000], &[]),
    dated("LT", "Lithuania", &[5_000, 9_000, 21_000], &[]),
    dated("LU", "Luxembourg", &[3_000, 7_000, 8_000, 13_000, 14_000, 16_000, 17_000], &[]),
    dated("LV", "Latvia", &[5_000, 12_000, 21_000], &[]),
    dated("MT", "Malta", &[5_000, 7_000, 12_000, 18_000], &[]),
    dated("NL", "the Netherlands", &[9_000, 21_000], &[]),
    dated("PL", "Poland", &[5_000, 8_000, 23_000], &[]),
    dated("PT", "Portugal", &[6_000, 13_000, 23_000], &[4_000, 5_000, 9_000, 12_000, 16_000, 18_000, 22_000]),
    dated("RO", "Romania", &[5_000, 9_000, 11_000, 19_000, 21_000], &[]),
    dated("SE", "Sweden", &[6_000, 12_000, 25_000], &[]),
    dated("SI", "Slovenia", &[5_000, 9_500, 22_000], &[]),
    dated("SK", "Slovakia", &[5_000, 10_000, 19_000, 20_000, 23_000], &[]),
    // The rest of Europe.
    dated("CH", "Switzerland", &[2_500, 2_600, 3_700, 3_800, 7_700, 8_100], &[]),
    dated("GB", "the United Kingdom", &[5_000, 12_500, 20_000], &[]),
    dated("IS", "Iceland", &[11_000, 24_000], &[]),
    dated("LI", "Liechtenstein", &[2_500, 2_600, 3_700, 3_800, 7_700, 8_100], &[]),
    dated("NO", "Norway", &[6_000, 12_000, 15_000, 25_000], &[]),
    undated("RS", "Serbia", &[10_000, 20_000]),
    undated("TR", "Turkey", &[1_000, 8_000, 10_000, 18_000, 20_000]),
    undated("UA", "Ukraine", &[7_000, 14_000, 20_000]),
    // Asia and the Pacific.
    undated("AE", "the United Arab Emirates", &[5_000]),
    undated("AU", "Australia", &[10_000]),
    undated("CN", "China", &[3_000, 5_000, 6_000, 9_000, 13_000]),
    undated("ID", "Indonesia", &[1_100, 10_000, 11_000, 12_000]),
    undated("IL", "Israel", &[17_000, 18_000]),
    // 40 % since September 2025, for few goods.
    undated("IN", "India", &[250, 1_500, 3_000, 5_000, 12_000, 18_000, 28_000, 40_000]),
    undated("JP", "Japan", &[8_000, 10_000]),
    undated("KR", "South Korea", &[10_000]),
    undated("MY", "Malaysia", &[5_000, 6_000, 8_000, 10_000]),
    undated("NZ", "New Zealand", &[15_000]),
    undated("PH", "the Philippines", &[12_000]),
    undated("SA", "Saudi Arabia", &[5_000, 15_000]),
    undated("SG", "Singapore", &[7_000, 8_000, 9_000]),
    undated("TH", "Thailand", &[7_000]),
    undated("VN", "Vietnam", &[5_000, 8_000, 10_000]),
    // Africa and the Americas.
    // GST, HST of the provinces, and GST with Quebec's QST.
    undated("CA", "Canada", &[5_000, 11_000, 12_000, 13_000, 14_000, 14_975, 15_000]),
    undated("EG", "Egypt", &[5_000, 10_000, 14_000]),
    undated("MA", "Morocco", &[7_000, 10_000, 14_000, 20_000]),
    undated("MX", "Mexico", &[8_000, 16_000]),
    undated("ZA", "South Africa", &[15_000]),
];

/// Dated rates that were not in force in every year, with their first and last year;
/// 0 and 9999 mean no limit.
#[rustfmt::skip]
const YEARS: [(&str, &[u32], i16, i16); 27] = [
    ("AT", &[5_000], 2020, 2021), ("CH", &[2_500, 3_700, 7_700], 0, 2023),
    ("CH", &[2_600, 3_800, 8_100], 2024, 9999), ("CY", &[3_000], 2023, 9999),
    ("CZ", &[10_000, 15_000], 0, 2023), ("CZ", &[12_000], 2024, 9999),
    ("DE", &[5_000, 16_000], 2020, 2020), ("EE", &[20_000], 0, 2023), ("EE", &[22_000], 2024, 2025),
    ("EE", &[24_000], 2025, 9999), ("EE", &[5_000], 2022, 2024), ("EE", &[13_000], 2025, 9999),
    ("ES", &[5_000], 2022, 2024), ("ES", &[2_000, 7_500], 2024, 2024), ("FI", &[24_000], 0, 2024),
    ("FI", &[25_500], 2024, 9999), ("GB", &[12_500], 2021, 2022), ("IE", &[21_000], 2020, 2021),
    ("LI", &[2_500, 3_700, 7_700], 0, 2023), ("LI", &[2_600, 3_800, 8_100], 2024, 9999),
    ("LU", &[7_000, 13_000, 16_000], 2023, 2023), ("MT", &[12_000], 2024, 9999),
    ("NO", &[6_000], 2020, 2021), ("RO", &[5_000, 9_000, 19_000], 0, 2025),
    ("RO", &[11_000, 21_000], 2025, 9999), ("SK", &[10_000, 20_000], 0, 2024),
    ("SK", &[19_000, 23_000], 2025, 9999),
];

/// Currencies (ISO 4217) that only one country with rates above uses, unlike the
/// euro.
#[rustfmt::skip]
const CURRENCIES: [(&str, &str); 29] = [
    ("AED", "AE"), ("AUD", "AU"), ("CAD", "CA"), ("CHF", "CH"), ("CNY", "CN"), ("CZK", "CZ"), ("DKK", "DK"),
    ("EGP", "EG"), ("GBP", "GB"), ("HUF", "HU"), ("IDR", "ID"), ("ILS", "IL"), ("INR", "IN"), ("ISK", "IS"),
    ("JPY", "JP"), ("KRW", "KR"), ("MAD", "MA"), ("MXN", "MX"), ("MYR", "MY"), ("NOK", "NO"), ("NZD", "NZ"),
    ("PHP", "PH"), ("PLN", "PL"), ("RON", "RO"), ("SAR", "SA"), ("SEK", "SE"), ("SGD", "SG"), ("THB", "TH"),
    ("ZAR", "ZA"),
];

/// The country of an ISO 3166-1 alpha-2 code, or of the prefix of a VAT identifier.
pub fn country(code: &str) -> Option<&'static Country> {
    // VAT identifiers have EL for Greece and XI for Northern Ireland.
    let code = match code {
        "EL" => "GR",
        "XI" => "GB",
        code => code,
    };
    COUNTRIES.iter().find(|country| country.code == code)
}

/// The only country that uses a currency (ISO 4217); `None` where several do.
pub fn of_currency(currency: &str) -> Option<&'static Country> {
    let (_, code) = CURRENCIES.iter().find(|(known, _)| *known == currency)?;
    country(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_consistent() {
        for country in &COUNTRIES {
            let rates = country.national;
            assert!(rates.is_sorted() && !rates.is_empty(), "{}", country.name);
            assert!(
                country.code.parse::<iso_country::Country>().is_ok(),
                "{}",
                country.code
            );
            let today = country.in_force(Some(2024));
            assert!(
                today.is_none_or(|rates| !rates.is_empty()),
                "{}",
                country.name
            );
        }
        for (currency, _) in CURRENCIES {
            assert!(of_currency(currency).is_some(), "{currency}");
        }
        for (code, rates, first, last) in YEARS {
            let known = country(code).unwrap();
            assert!(known.is_dated && first <= last, "{code}");
            assert!(
                rates.iter().all(|rate| known.national.contains(rate)),
                "{code}"
            );
        }
        assert_eq!(country("EL").unwrap().name, "Greece");
    }

    #[test]
    fn a_rate_counts_in_the_years_in_which_it_was_in_force() {
        let of = |code: &str, year: Option<i16>| {
            let rates = country(code).unwrap().in_force(year).unwrap();
            rates.iter().map(Decimal::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of("DE", Some(2020)), ["5", "7", "16", "19"]);
        assert_eq!(of("DE", Some(2024)), ["7", "19"]);
        assert_eq!(of("DE", None).len(), 4);
        assert_eq!(of("CH", Some(2024)), ["2.6", "3.8", "8.1"]);
        assert_eq!(of("SI", Some(2024)), ["5", "9.5", "22"]);
        assert_eq!(of("FR", Some(2024)), ["2.1", "5.5", "10", "20"]);
        assert!(country("JP").unwrap().in_force(None).is_none());
        assert!(country("US").is_none());
        assert_eq!(country("GR").unwrap().highest().to_string(), "0.24000");
    }
}
