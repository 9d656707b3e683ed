//! The smallest amounts of money: minor units, and the rounding of cash.

use iso_country::Country;
use iso_currency::Currency;
use rust_decimal::Decimal;

/// The smallest amount in accounts, e.g. 0.01, 1 or 0.001 (ISO 4217 minor unit).
pub fn minor_unit(currency: Currency) -> Decimal {
    let digits = currency.exponent().unwrap_or(2);
    Decimal::new(1, u32::from(digits))
}

/// Whether prices in a currency have decimals. Without a minor unit (ISO 4217),
/// or where only whole units are in use (CLDR 45: `digits` or `cashDigits` 0,
/// and the unit is worth less than a cent of the euro or the dollar), they have none, so that
/// three digits after a sign are thousands.
pub fn has_decimals(currency: Currency) -> bool {
    let is_whole = matches!(
        currency,
        Currency::IDR
            | Currency::HUF
            | Currency::COP
            | Currency::TZS
            | Currency::UZS
            | Currency::AMD
            | Currency::MMK
            | Currency::LAK
            | Currency::KHR
            | Currency::IRR
            | Currency::LBP
    );
    !is_whole && currency.exponent() != Some(0)
}

/// The amount to a multiple of which cash payments are rounded, in the currency's unit. `None`
/// where cash is not rounded, or the rule is not known.
///
/// Sources: CLDR 45, supplemental currency data (`cashRounding`, `cashDigits`),
/// and the national rules named at each entry. In the euro area the country
/// decides.
pub fn cash_step(currency: Currency, country: Option<Country>) -> Option<Decimal> {
    let step = match currency {
        // Reserve Bank of Australia, 1- and 2-cent coins withdrawn 1992.
        Currency::AUD => Decimal::new(5, 2),
        // CLDR; Royal Canadian Mint, penny withdrawn 2013.
        Currency::CAD => Decimal::new(5, 2),
        // CLDR; smallest coin 5 Rappen (Swiss Coinage Ordinance).
        Currency::CHF => Decimal::new(5, 2),
        // CLDR; Czech National Bank, 50 haléř withdrawn 2008.
        Currency::CZK => Decimal::ONE,
        // CLDR; smallest coin 50 øre.
        Currency::DKK => Decimal::new(5, 1),
        // CLDR; Norges Bank, 50 øre withdrawn 2012.
        Currency::NOK => Decimal::ONE,
        // CLDR; Sveriges Riksbank, 50 öre withdrawn 2010 (law 1970:1029).
        Currency::SEK => Decimal::ONE,
        // Act III of 2008: to 5 forints since 1 and 2 forints were withdrawn.
        Currency::HUF => Decimal::new(5, 0),
        // Bank Negara Malaysia, rounding mechanism of 2008.
        Currency::MYR => Decimal::new(5, 2),
        // Reserve Bank of New Zealand, 5 cents withdrawn 2006.
        Currency::NZD => Decimal::new(1, 1),
        // Monetary Authority of Singapore, 1 cent no longer issued since 2002.
        Currency::SGD => Decimal::new(5, 2),
        // Bank of Israel, 5 agorot withdrawn 2008.
        Currency::ILS => Decimal::new(1, 1),
        // South African Reserve Bank, 5 cents no longer minted since 2012.
        Currency::ZAR => Decimal::new(1, 1),
        // Hong Kong Monetary Authority: smallest coin 10 cents.
        Currency::HKD => Decimal::new(1, 1),
        // Smallest coin 5 centavos since 2005 (Banco Central do Brasil).
        Currency::BRL => Decimal::new(5, 2),
        // Bank of Korea: smallest coin in use 10 won.
        Currency::KRW => Decimal::TEN,
        // CLDR (`cashDigits` 0): whole units only.
        Currency::AMD
        | Currency::COP
        | Currency::CRC
        | Currency::IDR
        | Currency::MNT
        | Currency::MUR
        | Currency::PKR
        | Currency::TWD
        | Currency::TZS
        | Currency::UZS
        | Currency::GYD => Decimal::ONE,
        // CLDR has no digits at all for them in daily use.
        Currency::ISK
        | Currency::JPY
        | Currency::CLP
        | Currency::RSD
        | Currency::ALL
        | Currency::VND => Decimal::ONE,
        Currency::EUR => return euro_step(country?),
        _ => return None,
    };
    Some(step)
}

/// European Commission, "Rounding rules for euro cash payments": law or
/// agreement of the trade.
fn euro_step(country: Country) -> Option<Decimal> {
    let rounds = matches!(
        country,
        Country::FI
            | Country::NL
            | Country::BE
            | Country::IE
            | Country::IT
            | Country::SK
            | Country::EE
            | Country::LT
    );
    rounds.then(|| Decimal::new(5, 2))
}
