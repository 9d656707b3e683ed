use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::FieldPath;

/// A document type, from `schemas/<name>.json` and `prompts/<name>*.md`.
#[derive(Clone, Debug)]
pub struct DocType {
    pub name: String,
    /// JSON Schema (2020-12) with its `x-docmill` annotations.
    pub schema: Value,
    /// BLAKE3 (hex) of the schema file's bytes.
    pub schema_hash: String,
    /// Sentences that describe such a page to CLIP, grouped into classes: the
    /// embeddings of a class are averaged, a type's probability is the sum of
    /// its classes'.
    pub labels: Vec<(String, Vec<String>)>,
    /// What such pages print and others do not. The phrases decide where CLIP's
    /// margin is too small.
    pub phrases: Vec<String>,
    /// `None` for a type that is only recognised, never read (`other`).
    pub read: Option<ReadRules>,
}

impl DocType {
    /// The schemas of its fields, in the schema's order; `None` where it has none.
    pub fn properties(&self) -> Option<&Map<String, Value>> {
        self.schema.get("properties")?.as_object()
    }

    /// The schemas of the fields of a list's lines; `None` for other fields.
    pub fn line_properties(&self, list: &str) -> Option<&Map<String, Value>> {
        line_properties(self.properties()?.get(list)?)
    }

    /// A field in words: its `title` in the schema, otherwise its name with blanks;
    /// `line_items[2].unit_price` is `line 3: unit price`.
    pub fn in_words(&self, path: &FieldPath) -> String {
        let property = path.property(&self.schema);
        let title = property.and_then(|property| property.get("title"));
        let title = match title.and_then(Value::as_str) {
            Some(title) => title.to_owned(),
            None => path.leaf_in_list().unwrap_or(path.root()).replace('_', " "),
        };
        match path.line() {
            Some(line) => format!("line {}: {title}", line + 1),
            None => title,
        }
    }

    /// The checks across its fields; none where the type is not read.
    pub fn checks(&self) -> &[Check] {
        self.read.as_ref().map_or(&[], |rules| &rules.checks)
    }

    /// Whether the field may be uncertain in an accepted record.
    pub fn is_supporting(&self, field: &FieldPath) -> bool {
        let rules = self.read.as_ref();
        rules.is_some_and(|rules| rules.supporting.contains(&field.to_wildcard().to_string()))
    }
}

/// The schemas of the fields of the lines, for the schema of a list; `None` for others.
pub fn line_properties(property: &Value) -> Option<&Map<String, Value>> {
    property.pointer("/items/properties")?.as_object()
}

/// The values of a property's `format` that docmill parses and checks. Other
/// formats of JSON Schema are left to the schema validator.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Format {
    Amount,
    Quantity,
    Date,
    Currency,
    Iban,
    Bic,
    VatId,
}

impl Format {
    /// The names of all formats.
    pub const NAMES: &'static [&'static str] = <Format as strum::VariantNames>::VARIANTS;

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Of a property of a schema; `None` where it has none of these.
    pub fn of(property: &Value) -> Option<Format> {
        property.get("format")?.as_str()?.parse().ok()
    }

    /// The form of its values, for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Format::Amount => "an amount such as 1234.50",
            Format::Quantity => "a quantity such as 2 or 0.75",
            Format::Date => "a date such as 2025-01-31",
            Format::Currency => "a currency code such as EUR",
            Format::Iban => "an IBAN",
            Format::Bic => "a BIC",
            Format::VatId => "a VAT ID",
        }
    }

    /// A decimal number.
    pub fn is_number(self) -> bool {
        matches!(self, Format::Amount | Format::Quantity)
    }
}

/// How pages of a type are read and checked.
#[derive(Clone, Debug)]
pub struct ReadRules {
    pub prompts: Vec<PromptTemplate>,
    pub pages: PageRule,
    pub checks: Vec<Check>,
    /// Fields whose absence sends a record to review.
    pub required: Vec<String>,
    /// Fields that may be uncertain in an accepted record, e.g. `merchant_address`
    /// or `items[].description`.
    pub supporting: Vec<String>,
    /// What pages print beside a field's value, e.g. `amount due`: it decides
    /// which of a page's amounts is the field's.
    pub captions: BTreeMap<String, Vec<String>>,
    pub parties: Option<Parties>,
}

/// The parties of a document, by the fields that name them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    pub seller: PartyRule,
    pub buyer: PartyRule,
    /// What pages print over an address to which goods are delivered.
    #[serde(default)]
    pub recipient_labels: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyRule {
    pub name: String,
    #[serde(default)]
    pub vat_id: Option<String>,
    /// What pages print over or before the party's name.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// A prompt template (minijinja).
#[derive(Clone, Debug)]
pub struct PromptTemplate {
    /// Empty for `<type>.md`, `short` for `<type>.short.md`.
    pub variant: String,
    pub template: String,
}

/// How the pages of one document become records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum PageRule {
    /// Every page is a record.
    Each,
    /// Consecutive pages of the type are one record: the first value that is
    /// not null, lists joined; the fields in `last` from the last page that
    /// has them; another value of `key` starts a new record.
    Merge {
        #[serde(default)]
        last: Vec<String>,
        #[serde(default)]
        key: Option<String>,
    },
}

/// A check across fields. Amounts are exact decimals; a check whose operands
/// are absent does not apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// `of` (paths such as `net_total` or `items[].amount`) add up to `equals`,
    /// within `tolerance` (a decimal string in the currency's unit).
    Sum {
        of: Vec<String>,
        equals: String,
        #[serde(default)]
        tolerance: Option<String>,
    },
    /// In each line of the list `each` (or in the record itself), the product
    /// of `of` is `equals`.
    Product {
        #[serde(default)]
        each: Option<String>,
        of: Vec<String>,
        equals: String,
        #[serde(default)]
        tolerance: Option<String>,
    },
    /// The date `earlier` is not after the date `later`, and at most `within_days`
    /// days before it.
    Order {
        earlier: String,
        later: String,
        #[serde(default)]
        within_days: Option<u32>,
    },
    /// The date lies at most `days_ahead` days in the future.
    NotAhead {
        date: String,
        #[serde(default)]
        days_ahead: u32,
    },
    /// The tax is one of the usual rates of the country on the net amount (or
    /// what is left of `gross`), or a blend of them: not above the highest.
    /// The first of the fields `country` that determines a country decides:
    /// a VAT identifier, an IBAN, a country code or a currency.
    TaxRate {
        #[serde(default)]
        net: Option<String>,
        #[serde(default)]
        gross: Option<String>,
        tax: String,
        country: Vec<String>,
    },
    /// The value is not one of `values`, which mean that nothing was paid, e.g.
    /// `pending`. Each maps to the finding's message.
    Unsettled {
        field: String,
        values: BTreeMap<String, String>,
    },
    /// The values of two fields differ, without regard to case, spacing and
    /// punctuation.
    Differ(String, String),
    /// No record of another document has the same values in all of these
    /// fields; otherwise both may state one payment.
    Unique(Vec<String>),
    /// One of the checks that apply holds; a mismatch is reported for the first.
    AnyOf(Vec<Check>),
}
