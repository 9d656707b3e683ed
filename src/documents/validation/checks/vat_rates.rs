//! Rates of value added tax, goods and services tax and the like, by country.
//!
//! Every rate that was in force at some time since January 2020, as known in
//! August 2025; regions with rates of their own (Madeira, the Canary Islands)
//! are within their country's. Sources: European Commission, Taxes in Europe
//! Database (EU member states; compared with the list of
//! github.com/ibericode/vat-rates); HM Revenue & Customs, "VAT rates"; the tax
//! administrations of Switzerland, Norway, Iceland and Turkey; OECD,
//! "Consumption Tax Trends 2024", table 2.A (others of its members); Royal
//! Malaysian Customs, Inland Revenue Authority of Singapore, Indian GST Council.
//! The United States are missing: their sales taxes are no national ones.

/// Code (ISO 3166-1), name, positive rates in thousandths of a percent,
/// ascending. Zero is a rate everywhere.
pub struct Country {
    pub code: &'static str,
    pub name: &'static str,
    pub rates: &'static [u32],
}

const fn of(code: &'static str, name: &'static str, rates: &'static [u32]) -> Country {
    Country { code, name, rates }
}

#[rustfmt::skip]
pub const COUNTRIES: [Country; 55] = [
    // EU member states.
    of("AT", "Austria", &[5_000, 10_000, 13_000, 19_000, 20_000]),
    of("BE", "Belgium", &[6_000, 12_000, 21_000]),
    of("BG", "Bulgaria", &[9_000, 20_000]),
    of("CY", "Cyprus", &[3_000, 5_000, 9_000, 19_000]),
    of("CZ", "Czechia", &[10_000, 12_000, 15_000, 21_000]),
    of("DE", "Germany", &[5_000, 7_000, 16_000, 19_000]),
    of("DK", "Denmark", &[25_000]),
    of("EE", "Estonia", &[5_000, 9_000, 13_000, 20_000, 22_000, 24_000]),
    of("ES", "Spain", &[2_000, 4_000, 5_000, 7_500, 10_000, 21_000]),
    of("FI", "Finland", &[10_000, 14_000, 24_000, 25_500]),
    of("FR", "France", &[2_100, 5_500, 8_500, 10_000, 20_000]),
    of("GR", "Greece", &[4_000, 6_000, 9_000, 13_000, 17_000, 24_000]),
    of("HR", "Croatia", &[5_000, 13_000, 25_000]),
    of("HU", "Hungary", &[5_000, 18_000, 27_000]),
    of("IE", "Ireland", &[4_800, 9_000, 13_500, 21_000, 23_000]),
    of("IT", "Italy", &[4_000, 5_000, 10_000, 22_000]),
    of("LT", "Lithuania", &[5_000, 9_000, 21_000]),
    of("LU", "Luxembourg", &[3_000, 7_000, 8_000, 13_000, 14_000, 16_000, 17_000]),
    of("LV", "Latvia", &[5_000, 12_000, 21_000]),
    of("MT", "Malta", &[5_000, 7_000, 12_000, 18_000]),
    of("NL", "the Netherlands", &[9_000, 21_000]),
    of("PL", "Poland", &[5_000, 8_000, 23_000]),
    of("PT", "Portugal", &[4_000, 5_000, 6_000, 9_000, 12_000, 13_000, 16_000, 18_000, 22_000, 23_000]),
    of("RO", "Romania", &[5_000, 9_000, 11_000, 19_000, 21_000]),
    of("SE", "Sweden", &[6_000, 12_000, 25_000]),
    of("SI", "Slovenia", &[5_000, 9_500, 22_000]),
    of("SK", "Slovakia", &[5_000, 10_000, 19_000, 20_000, 23_000]),
    // The rest of Europe.
    of("CH", "Switzerland", &[2_500, 2_600, 3_700, 3_800, 7_700, 8_100]),
    of("GB", "the United Kingdom", &[5_000, 12_500, 20_000]),
    of("IS", "Iceland", &[11_000, 24_000]),
    of("LI", "Liechtenstein", &[2_500, 2_600, 3_700, 3_800, 7_700, 8_100]),
    of("NO", "Norway", &[6_000, 12_000, 15_000, 25_000]),
    of("RS", "Serbia", &[10_000, 20_000]),
    of("TR", "Turkey", &[1_000, 8_000, 10_000, 18_000, 20_000]),
    of("UA", "Ukraine", &[7_000, 14_000, 20_000]),
    // Asia and the Pacific.
    of("AE", "the United Arab Emirates", &[5_000]),
    of("AU", "Australia", &[10_000]),
    of("CN", "China", &[3_000, 5_000, 6_000, 9_000, 13_000]),
    of("ID", "Indonesia", &[1_100, 10_000, 11_000, 12_000]),
    of("IL", "Israel", &[17_000, 18_000]),
    // 40 % since September 2025, for few goods.
    of("IN", "India", &[250, 1_500, 3_000, 5_000, 12_000, 18_000, 28_000, 40_000]),
    of("JP", "Japan", &[8_000, 10_000]),
    of("KR", "South Korea", &[10_000]),
    of("MY", "Malaysia", &[5_000, 6_000, 8_000, 10_000]),
    of("NZ", "New Zealand", &[15_000]),
    of("PH", "the Philippines", &[12_000]),
    of("SA", "Saudi Arabia", &[5_000, 15_000]),
    of("SG", "Singapore", &[7_000, 8_000, 9_000]),
    of("TH", "Thailand", &[7_000]),
    of("VN", "Vietnam", &[5_000, 8_000, 10_000]),
    // Africa and the Americas.
    // GST, HST of the provinces, and GST with Quebec's QST.
    of("CA", "Canada", &[5_000, 11_000, 12_000, 13_000, 14_000, 14_975, 15_000]),
    of("EG", "Egypt", &[5_000, 10_000, 14_000]),
    of("MA", "Morocco", &[7_000, 10_000, 14_000, 20_000]),
    of("MX", "Mexico", &[8_000, 16_000]),
    of("ZA", "South Africa", &[15_000]),
];

/// Currencies of one country with rates above. The euro has many: its highest
/// rate is the highest among its countries'.
#[rustfmt::skip]
const CURRENCIES: [(&str, &str); 29] = [
    ("AED", "AE"), ("AUD", "AU"), ("CAD", "CA"), ("CHF", "CH"), ("CNY", "CN"), ("CZK", "CZ"), ("DKK", "DK"),
    ("EGP", "EG"), ("GBP", "GB"), ("HUF", "HU"), ("IDR", "ID"), ("ILS", "IL"), ("INR", "IN"), ("ISK", "IS"),
    ("JPY", "JP"), ("KRW", "KR"), ("MAD", "MA"), ("MXN", "MX"), ("MYR", "MY"), ("NOK", "NO"), ("NZD", "NZ"),
    ("PHP", "PH"), ("PLN", "PL"), ("RON", "RO"), ("SAR", "SA"), ("SEK", "SE"), ("SGD", "SG"), ("THB", "TH"),
    ("ZAR", "ZA"),
];

pub fn country(code: &str) -> Option<&'static Country> {
    // VAT identifiers say EL for Greece and XI for Northern Ireland.
    let code = match code {
        "EL" => "GR",
        "XI" => "GB",
        code => code,
    };
    COUNTRIES.iter().find(|country| country.code == code)
}

/// The country that alone uses a currency.
pub fn of_currency(currency: &str) -> Option<&'static Country> {
    let (_, code) = CURRENCIES.iter().find(|(known, _)| *known == currency)?;
    country(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_ascending_and_every_currencys_country_is_known() {
        for country in &COUNTRIES {
            assert!(
                country.rates.is_sorted() && !country.rates.is_empty(),
                "{}",
                country.name
            );
        }
        for (currency, _) in CURRENCIES {
            assert!(of_currency(currency).is_some(), "{currency}");
        }
        assert_eq!(country("EL").unwrap().name, "Greece");
    }
}
