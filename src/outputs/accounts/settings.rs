//! `accounts.toml`: values that books need for a supplier and that documents do not state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::double_payment::{letters_and_digits, supplier_words};
use super::hold::{Hold, HoldCode};
use super::target_name::TargetName;

/// The file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Entry for suppliers that are not listed; `None`: their bills are held.
    pub default: Option<SupplierSettings>,
    #[serde(rename = "supplier")]
    pub suppliers: Vec<SupplierSettings>,
    pub dates: DateStyle,
    pub xero: XeroSettings,
    pub datev: Option<DatevSettings>,
    /// For hledger and beancount.
    pub ledger: LedgerAccounts,
    pub gnucash: GnuCashSettings,
    pub firefly: FireflySettings,
    pub ubl: UblSettings,
    pub sage: SageSettings,
}

/// A supplier, by VAT identifier or by names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupplierSettings {
    pub vat_id: Option<String>,
    /// Names as documents print them, compared without case, punctuation and legal form.
    pub names: Vec<String>,
    /// Name in the books, if it differs from the document's.
    pub name: Option<String>,
    /// Number of the supplier's account in the books (creditor, vendor).
    pub number: Option<String>,
    /// Account of the expense.
    pub account: Option<String>,
    /// Tax codes of the books by VAT rate in percent.
    pub tax_codes: BTreeMap<VatRate, String>,
    /// For DATEV: the account sets the tax key itself, and none is written.
    pub automatic_tax: bool,
    /// Description of a single line, in place of those of the document's lines.
    pub description: Option<String>,
    /// Whether one line with the net total replaces the document's lines.
    pub single_line: bool,
    /// Days from issue to due date, for bills that do not state the latter.
    pub terms_days: Option<u16>,
    /// Values for one target, in place of those above: accounts and tax codes of
    /// one program mean nothing to another.
    pub target: BTreeMap<TargetName, ForTarget>,
}

/// Values of a supplier for one target; those that are not given stay the supplier's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForTarget {
    pub name: Option<String>,
    pub number: Option<String>,
    pub account: Option<String>,
    pub tax_codes: Option<BTreeMap<VatRate, String>>,
}

impl SupplierSettings {
    fn apply(&mut self, target: TargetName) {
        let Some(of_target) = self.target.remove(&target) else {
            return;
        };
        self.name = of_target.name.or(self.name.take());
        self.number = of_target.number.or(self.number.take());
        self.account = of_target.account.or(self.account.take());
        if let Some(tax_codes) = of_target.tax_codes {
            self.tax_codes = tax_codes;
        }
    }
}

/// A VAT rate in percent, `19` or `5.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct VatRate(pub Decimal);

impl TryFrom<String> for VatRate {
    type Error = String;

    fn try_from(text: String) -> Result<VatRate, String> {
        let rate = Decimal::from_str(&text).ok();
        let rate = rate.filter(|rate| (Decimal::ZERO..Decimal::ONE_HUNDRED).contains(rate));
        rate.map(|rate| VatRate(rate.normalize()))
            .ok_or_else(|| format!("`{text}` is not a VAT rate in percent, e.g. \"19\" or \"5.5\""))
    }
}

/// Order of the parts of a date in files for programs that follow the settings
/// of the organisation (Xero, QuickBooks).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateStyle {
    /// 31/12/2025
    #[default]
    DayMonthYear,
    /// 12/31/2025
    MonthDayYear,
}

impl DateStyle {
    pub fn write(self, date: jiff::civil::Date) -> String {
        let (day, month, year) = (date.day(), date.month(), date.year());
        match self {
            DateStyle::DayMonthYear => format!("{day:02}/{month:02}/{year:04}"),
            DateStyle::MonthDayYear => format!("{month:02}/{day:02}/{year:04}"),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XeroSettings {
    /// Currency (ISO 4217) of the receipts that the tax types are for: a receipt in
    /// another currency has another country's tax, and is held.
    pub receipt_currency: Option<String>,
    /// Tax types of receipts, whose lines include tax, by VAT rate in percent.
    pub receipt_tax_types: BTreeMap<VatRate, String>,
}

/// Header of a DATEV file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatevSettings {
    /// Beraternummer, 1001 to 9999999.
    pub consultant: u32,
    /// Mandantennummer, 1 to 99999.
    pub client: u32,
    /// Month in which the fiscal year begins, 1 to 12.
    #[serde(default = "january")]
    pub fiscal_year_month: i8,
    /// Sachkontenlänge, 4 to 8.
    #[serde(default = "four")]
    pub account_length: u8,
    /// Sachkontenrahmen, `03` or `04`; empty: not stated.
    #[serde(default)]
    pub chart: String,
    /// Account that receipts were paid from.
    pub cash_account: Option<String>,
    /// Characters of an invoice number to leave out, as DATEV does not take
    /// them in Belegfeld 1: `" ."`.
    #[serde(default)]
    pub drop_in_numbers: String,
}

fn january() -> i8 {
    1
}

fn four() -> u8 {
    4
}

/// Accounts of a plain text ledger.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerAccounts {
    /// Open bills.
    pub payable: String,
    /// Input tax.
    pub tax: String,
    /// Account that receipts were paid from.
    pub cash: String,
}

impl Default for LedgerAccounts {
    fn default() -> LedgerAccounts {
        LedgerAccounts {
            payable: "Liabilities:Payable".to_owned(),
            tax: "Assets:InputTax".to_owned(),
            cash: "Assets:Cash".to_owned(),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GnuCashSettings {
    /// Accounts payable. With it bills are posted on import, so that importing
    /// the file a second time does not add their lines again.
    pub payable: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FireflySettings {
    /// Asset account that receipts were paid from.
    pub cash_account: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UblSettings {
    /// Country of the buyer (ISO 3166-1), for invoices that do not state it.
    pub buyer_country: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SageSettings {
    /// Currency (ISO 4217) of the company's books, which the file does not state.
    pub currency: Option<String>,
}

/// The file in the working folder, used where no other is named.
const FILE: &str = "accounts.toml";

impl Accounts {
    /// Reads a file, or accounts.toml in the working folder. `None`: no file is named,
    /// and there is none. `Err` names file and problem.
    pub fn read(named: Option<&Path>) -> Result<Option<Accounts>, String> {
        let path = named.unwrap_or(Path::new(FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        let accounts = Accounts::parse(&text).map(Some);
        accounts.map_err(|error| format!("{}: {error}", path.display()))
    }

    /// `Err` names what is wrong, and where.
    pub fn parse(text: &str) -> Result<Accounts, String> {
        let accounts: Accounts = toml::from_str(text).map_err(|error| error.to_string())?;
        accounts.check()?;
        Ok(accounts)
    }

    /// With the suppliers' values for one target.
    pub fn for_target(mut self, target: TargetName) -> Accounts {
        for supplier in self.suppliers.iter_mut().chain(&mut self.default) {
            supplier.apply(target);
        }
        self
    }

    /// `Err` for two entries with one supplier, of which only the first would be used.
    fn check(&self) -> Result<(), String> {
        let (mut vat_ids, mut names) = (BTreeSet::new(), BTreeSet::new());
        for supplier in &self.suppliers {
            if supplier.vat_id.is_none() && supplier.names.is_empty() {
                return Err("a [[supplier]] has neither vat_id nor names".to_owned());
            }
            if let Some(vat_id) = &supplier.vat_id
                && !vat_ids.insert(letters_and_digits(vat_id))
            {
                return Err(format!("two [[supplier]] entries have the vat_id {vat_id}"));
            }
            for name in &supplier.names {
                if !names.insert(supplier_words(name)) {
                    return Err(format!("two [[supplier]] entries have the name {name}"));
                }
            }
        }
        match &self.datev {
            Some(datev) => datev.check(),
            None => Ok(()),
        }
    }

    /// The entry of a supplier: by VAT identifier first, then by name.
    pub fn supplier(&self, name: &str, stated: Option<&str>) -> Result<&SupplierSettings, Hold> {
        let vat_id = stated.map(letters_and_digits);
        let of_vat_id = |supplier: &&SupplierSettings| {
            vat_id.is_some() && supplier.vat_id.as_deref().map(letters_and_digits) == vat_id
        };
        if let Some(supplier) = self.suppliers.iter().find(of_vat_id) {
            return Ok(supplier);
        }
        let words = supplier_words(name);
        let of_name = |supplier: &&SupplierSettings| {
            let mut names = supplier.names.iter();
            names.any(|name| supplier_words(name) == words)
        };
        let found = self.suppliers.iter().find(of_name);
        match found {
            // The name of a known supplier with another VAT identifier.
            Some(SupplierSettings {
                vat_id: Some(known),
                ..
            }) if vat_id.is_some() => Err(Hold::new(
                HoldCode::Supplier,
                format!(
                    "the VAT ID is {}, accounts.toml has {known} for {name}",
                    stated.unwrap_or_default()
                ),
                "check who sent the bill, then correct the record or accounts.toml",
            )),
            Some(supplier) => Ok(supplier),
            None => self.default.as_ref().ok_or_else(|| {
                let by = match stated {
                    Some(vat_id) => format!("vat_id = \"{vat_id}\""),
                    None => format!("names = [\"{name}\"]"),
                };
                let what = format!("accounts.toml has no supplier with {by}");
                Hold::new(
                    HoldCode::Supplier,
                    what,
                    "add a [[supplier]], or a [default]",
                )
            }),
        }
    }
}

impl DatevSettings {
    fn check(&self) -> Result<(), String> {
        let is_chart = self.chart.is_empty()
            || self.chart.len() == 2 && self.chart.bytes().all(|c| c.is_ascii_digit());
        let wrong = match self {
            _ if !(1001..=9_999_999).contains(&self.consultant) => {
                "consultant is from 1001 to 9999999"
            }
            _ if !(1..=99_999).contains(&self.client) => "client is from 1 to 99999",
            _ if !(1..=12).contains(&self.fiscal_year_month) => "fiscal_year_month is from 1 to 12",
            _ if !(4..=8).contains(&self.account_length) => "account_length is from 4 to 8",
            _ if !is_chart => "chart has two digits, e.g. \"03\"",
            _ => return Ok(()),
        };
        Err(format!("[datev] {wrong}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_docs_is_right() {
        let guide = include_str!("../../../docs/accounting-import.md");
        let example = guide.split("```toml\n").nth(1).unwrap();
        let accounts = Accounts::parse(example.split("```").next().unwrap()).unwrap();
        assert_eq!(accounts.suppliers[0].tax_codes.len(), 2);
        assert!(accounts.datev.is_some() && accounts.default.is_some());
    }

    #[test]
    fn values_for_a_target_replace_those_of_the_supplier_for_it_alone() {
        let text = "[[supplier]]\nnames = [\"A\"]\naccount = \"4930\"\nnumber = \"70001\"\n\
            tax_codes = { \"19\" = \"9\" }\n\
            target.xero = { account = \"429\", tax_codes = { \"20\" = \"20% (VAT on Expenses)\" } }\n";
        let of = |target| {
            let accounts = Accounts::parse(text).unwrap().for_target(target);
            let supplier = accounts.suppliers[0].clone();
            let codes: Vec<String> = supplier.tax_codes.into_values().collect();
            (
                supplier.account.unwrap(),
                supplier.number.unwrap(),
                codes.concat(),
            )
        };
        let text = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(of(TargetName::Datev), text("4930", "70001", "9"));
        assert_eq!(
            of(TargetName::Xero),
            text("429", "70001", "20% (VAT on Expenses)")
        );
    }

    #[test]
    fn mistakes_are_reported() {
        for (text, expected) in [
            ("[[supplier]]\naccount = \"1\"", "neither vat_id nor names"),
            (
                "[[supplier]]\nnames = [\"A Ltd\"]\n[[supplier]]\nnames = [\"a\"]",
                "two [[supplier]]",
            ),
            ("[[supplier]]\nnames = [\"A\"]\nacount = \"1\"", "acount"),
            ("[default]\ntax_codes = { \"x\" = \"1\" }", "not a VAT rate"),
            ("[default]\ntarget.sap = { account = \"1\" }", "sap"),
            ("[datev]\nconsultant = 7\nclient = 1", "consultant is from"),
        ] {
            let error = Accounts::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
