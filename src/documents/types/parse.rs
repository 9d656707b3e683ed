//! Parses a schema file with its annotation as a [`DocType`].

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{
    Check, DocType, FieldPath, Format, PageRule, Parties, PromptTemplate, ReadRules,
    line_properties,
};

/// Values of `format` beside [`Format`]'s that JSON Schema (2020-12, validation 7.3)
/// defines: only the schema validator checks them.
const STANDARD_FORMATS: [&str; 18] = [
    "date-time",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uuid",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// The annotation's name in a schema.
const ANNOTATION: &str = "x-docmill";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotation {
    labels: Labels,
    #[serde(default)]
    phrases: Vec<String>,
    #[serde(default = "yes")]
    read: bool,
    #[serde(default = "each")]
    pages: PageRule,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    supporting: Vec<String>,
    #[serde(default)]
    checks: Vec<Check>,
    #[serde(default)]
    captions: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    parties: Option<Parties>,
}

/// Sentences of the type itself, or of classes within it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Labels {
    One(Vec<String>),
    Classes(serde_json::Map<String, Value>),
}

fn yes() -> bool {
    true
}

fn each() -> PageRule {
    PageRule::Each
}

pub(super) fn doc_type(
    name: &str,
    text: &str,
    prompts: Vec<PromptTemplate>,
) -> anyhow::Result<DocType> {
    let simple = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    ensure!(
        name.chars().all(simple),
        "`{name}` cannot name a document type: use a-z, 0-9 and _"
    );
    let schema: Value = serde_json::from_str(text).context("not valid JSON")?;
    let annotation = schema.get(ANNOTATION).with_context(|| {
        format!("the key `{ANNOTATION}` is missing: it names at least the sentences (`labels`) for recognising the type")
    })?;
    let annotation: Annotation = serde_json::from_value(annotation.clone())
        .with_context(|| format!("the annotation `{ANNOTATION}` is wrong"))?;
    let labels = labels(name, annotation.labels)?;
    let read = if annotation.read {
        ensure!(
            !prompts.is_empty(),
            "the type has no prompt: add prompts/{name}.md"
        );
        let rules = ReadRules {
            prompts,
            pages: annotation.pages,
            checks: annotation.checks,
            required: annotation.required,
            supporting: annotation.supporting,
            captions: annotation.captions,
            parties: annotation.parties,
        };
        check_schema(&schema)?;
        check_paths(&schema, &rules)?;
        Some(rules)
    } else {
        None
    };
    let schema_hash = blake3::hash(text.as_bytes()).to_hex().to_string();
    Ok(DocType {
        name: name.to_owned(),
        schema,
        schema_hash,
        labels,
        phrases: annotation.phrases,
        read,
    })
}

fn labels(name: &str, labels: Labels) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let labels = match labels {
        Labels::One(sentences) => vec![(name.to_owned(), sentences)],
        Labels::Classes(classes) => {
            let sentences = |(class, value)| {
                Ok((
                    class,
                    serde_json::from_value(value)
                        .context("`labels` of a class must be a list of sentences")?,
                ))
            };
            classes
                .into_iter()
                .map(sentences)
                .collect::<anyhow::Result<_>>()?
        }
    };
    let complete = !labels.is_empty() && labels.iter().all(|(_, sentences)| !sentences.is_empty());
    ensure!(
        complete,
        "`{ANNOTATION}.labels` is empty: give at least one sentence that describes such a page"
    );
    Ok(labels)
}

/// `Err` unless the schema has the shape that decoding and merging need: an object of
/// leaves and of lists of flat objects.
fn check_schema(schema: &Value) -> anyhow::Result<()> {
    jsonschema::meta::validate(schema).map_err(|error| {
        anyhow::anyhow!(
            "not a valid JSON Schema: {error} at `{}`",
            error.instance_path()
        )
    })?;
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.filter(|properties| !properties.is_empty());
    let properties =
        properties.context("`properties` is missing: a record needs at least one field")?;
    for (field, property) in properties {
        check_name(field)?;
        check_format(field, property)?;
        if is_array(property) {
            let lines = line_properties(property);
            let lines = lines
                .with_context(|| format!("the list `{field}` needs `items` with `properties`"))?;
            if let Some((inner, _)) = lines
                .iter()
                .find(|(_, inner)| is_array(inner) || inner.get("properties").is_some())
            {
                bail!("`{field}[].{inner}` nests deeper than one list: flatten it");
            }
            for (inner, property) in lines {
                check_name(inner)?;
                check_format(&format!("{field}[].{inner}"), property)?;
            }
        } else if property.get("properties").is_some() {
            bail!("`{field}` is an object: give its fields names of their own");
        }
    }
    Ok(())
}

/// `Err` for a name that cannot be part of a path such as `items[2].amount`.
fn check_name(field: &str) -> anyhow::Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    ensure!(
        !field.is_empty() && field.chars().all(is_plain),
        "the field `{field}` needs a name of the letters a to z, digits, `_` and `-`; its `title` may have other letters"
    );
    Ok(())
}

/// `Err` for an unknown `format`. JSON Schema allows any, so that a typing error would
/// leave a value without its checks.
fn check_format(field: &str, property: &Value) -> anyhow::Result<()> {
    match property.get("format").and_then(Value::as_str) {
        Some(format) if Format::of(property).is_none() && !STANDARD_FORMATS.contains(&format) => {
            bail!(
                "`{field}` has the unknown format `{format}`; docmill checks {}",
                Format::NAMES.join(", ")
            )
        }
        _ => Ok(()),
    }
}

pub(super) fn is_array(property: &Value) -> bool {
    match property.get("type") {
        Some(Value::String(kind)) => kind == "array",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "array"),
        _ => false,
    }
}

/// `Err` where the annotation names a field that the schema does not have.
fn check_paths(schema: &Value, rules: &ReadRules) -> anyhow::Result<()> {
    let mut paths = [rules.required.clone(), rules.supporting.clone()].concat();
    if let PageRule::Merge { last, key } = &rules.pages {
        paths.extend(last.iter().chain(key).cloned());
    }
    paths.extend(rules.captions.keys().cloned());
    for party in rules.parties.iter().flat_map(|of| [&of.seller, &of.buyer]) {
        paths.extend(
            [Some(&party.name), party.vat_id.as_ref()]
                .into_iter()
                .flatten()
                .cloned(),
        );
    }
    let mut operands: Vec<_> = paths
        .into_iter()
        .map(|path| (path, Operand::Any, ANNOTATION))
        .collect();
    for check in &rules.checks {
        check_operands(check, &mut operands)?;
    }
    for (path, wanted, by) in operands {
        let property = FieldPath::parse(&path).property(schema);
        let property = property.with_context(|| {
            format!("`{ANNOTATION}` names `{path}`, which is not in `properties`")
        })?;
        wanted.check(&path, by, property)?;
    }
    Ok(())
}

/// The kind of values that a check uses.
#[derive(Clone, Copy)]
enum Operand {
    Any,
    Number,
    Date,
}

impl Operand {
    /// `Err` where the field has another kind: the check would never apply.
    fn check(self, path: &str, by: &str, property: &Value) -> anyhow::Result<()> {
        let format = Format::of(property);
        let kinds = property["type"].to_string();
        let (is_right, remedy) = match self {
            Operand::Any => (true, ""),
            Operand::Number => (
                format.is_some_and(Format::is_number)
                    || kinds.contains("\"number\"")
                    || kinds.contains("\"integer\""),
                "numbers, and its `format` is neither `amount` nor `quantity`",
            ),
            Operand::Date => (
                format == Some(Format::Date),
                "dates, and its `format` is not `date`",
            ),
        };
        ensure!(is_right, "the check `{by}` over `{path}` needs {remedy}");
        Ok(())
    }
}

type Operands = Vec<(String, Operand, &'static str)>;

fn check_operands(check: &Check, operands: &mut Operands) -> anyhow::Result<()> {
    let mut add = |fields: &[&String], wanted, by| {
        operands.extend(fields.iter().map(|field| ((*field).clone(), wanted, by)));
    };
    match check {
        Check::Sum {
            of,
            equals,
            tolerance,
        } => {
            check_tolerance(tolerance.as_deref(), "sum")?;
            let fields: Vec<_> = of.iter().chain([equals]).collect();
            add(&fields, Operand::Number, "sum");
        }
        Check::Product {
            each,
            of,
            equals,
            tolerance,
        } => {
            check_tolerance(tolerance.as_deref(), "product")?;
            let full = |field: &String| {
                each.as_ref()
                    .map_or(field.clone(), |list| format!("{list}[].{field}"))
            };
            let fields: Vec<_> = of.iter().chain([equals]).map(full).collect();
            let fields: Vec<_> = fields.iter().collect();
            add(&fields, Operand::Number, "product");
        }
        Check::Order { earlier, later, .. } => add(&[earlier, later], Operand::Date, "order"),
        Check::NotAhead { date, .. } => add(&[date], Operand::Date, "not_ahead"),
        Check::TaxRate {
            net,
            gross,
            tax,
            country,
        } => {
            ensure!(
                net.is_some() != gross.is_some(),
                "the check `tax_rate` needs one of `net` and `gross`"
            );
            let amounts: Vec<_> = net.iter().chain(gross).chain([tax]).collect();
            add(&amounts, Operand::Number, "tax_rate");
            add(
                &country.iter().collect::<Vec<_>>(),
                Operand::Any,
                "tax_rate",
            );
        }
        Check::Unsettled { field, .. } => add(&[field], Operand::Any, "unsettled"),
        Check::Differ(a, b) => add(&[a, b], Operand::Any, "differ"),
        Check::Unique(fields) => {
            ensure!(
                !fields.is_empty(),
                "the check `unique` names no fields: give those that identify a transaction"
            );
            add(&fields.iter().collect::<Vec<_>>(), Operand::Any, "unique");
        }
        Check::AnyOf(checks) => {
            for check in checks {
                check_operands(check, operands)?;
            }
        }
    }
    Ok(())
}

fn check_tolerance(tolerance: Option<&str>, by: &str) -> anyhow::Result<()> {
    let Some(text) = tolerance else { return Ok(()) };
    let number = rust_decimal::Decimal::from_str_exact(text);
    ensure!(
        number.is_ok_and(|number| !number.is_sign_negative()),
        "the check `{by}` has the tolerance `{text}`: write a decimal such as \"0.05\""
    );
    Ok(())
}
