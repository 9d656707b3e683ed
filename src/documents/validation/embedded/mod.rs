//! Makes the record of an e-invoice. Its values are checked by the rules of EN
//! 16931, and compared with the page's text and with the values that a model read.

mod on_page;
mod sums;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::assemble::{self, Draft};
use super::context::{Context, EmbeddedInvoice};
use super::evidence;
use super::finish::finish;
use super::values::{self, Answers};
use crate::documents::einvoice;
use crate::documents::types::DocTypes;
use crate::documents::values::number;
use crate::domain::{
    Check, DocType, FieldPath, Fields, Finding, FindingCode, Format, PageResult, PageRule, Record,
    Severity, Source, count, line_properties,
};

/// Fields of e-invoices beside those of the invoice type, as properties of a
/// JSON Schema.
static MORE_FIELDS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let text = include_str!("../../../../schemas/einvoice_fields.json");
    serde_json::from_str(text).expect("the built-in file is valid")
});

/// The one record of a document, or part, with an e-invoice: all of its
/// pages.
pub fn record(
    types: &DocTypes,
    pages: &[PageResult],
    stated: &EmbeddedInvoice,
    context: &Context,
) -> Record {
    let doc_type = types.get(&stated.doc_type);
    let doc_type = doc_type.map(|doc_type| for_stated(doc_type, stated));
    let fields = match &doc_type {
        Some(doc_type) => of_type(&doc_type.schema, &stated.fields),
        None => stated.fields.clone(),
    };
    let mut findings = stated.invoice.findings.clone();
    // A wrong value of a term does not matter where no field and no sum has it.
    for finding in &mut findings {
        let field = FieldPath::parse(finding.field.as_deref().unwrap_or_default());
        let is_used = fields.contains_key(field.root()) || sums::uses(field.root());
        if finding.code == FindingCode::EinvoiceValue && !is_used {
            finding.severity = Severity::Info;
        }
    }
    findings.extend(sums::check(&stated.invoice));
    findings.extend(einvoice::notices(&stated.invoice));
    let last = match types.get(&stated.doc_type).and_then(|t| t.read.as_ref()) {
        Some(rules) => match &rules.pages {
            PageRule::Merge { last, .. } => last.as_slice(),
            PageRule::Each => &[],
        },
        None => &[],
    };
    let read = read_as_typed(doc_type.as_ref(), pages, last, context.today);
    findings.extend(on_page::check(doc_type.as_ref(), &fields, pages));
    findings.extend(differences(doc_type.as_ref(), &fields, &read));
    let draft = Draft {
        doc_type: Some(stated.doc_type.clone()),
        pages: pages.iter().map(|page| page.index).collect(),
        source: Source::EmbeddedXml,
        fields,
        findings,
        ..Draft::default()
    };
    let context = Context {
        // No model read the record.
        unsupported_fields: BTreeMap::new(),
        einvoices: BTreeMap::new(),
        document_warnings: context.document_warnings.clone(),
        today: context.today,
    };
    finish(doc_type.as_ref(), draft, pages, None, &context)
}

/// The values that a model read, in the forms of the XML.
fn read_as_typed(
    doc_type: Option<&DocType>,
    pages: &[PageResult],
    last: &[String],
    today: jiff::civil::Date,
) -> Fields {
    let mut read = assemble::joined(pages, last);
    let is_verbatim = pages.iter().any(|page| {
        let reading = page.reading.as_ref().ok().and_then(Option::as_ref);
        reading.is_some_and(|reading| reading.verbatim)
    });
    if let (Some(doc_type), true) = (doc_type, is_verbatim) {
        let of_record: Vec<_> = pages.iter().collect();
        let answers = Answers::Verbatim;
        values::type_values(
            doc_type,
            &mut read,
            answers,
            &of_record,
            today,
            &mut Vec::new(),
        );
    }
    read
}

/// The type with further fields of e-invoices, and without what only a model's answer
/// needs: limits of lengths, and checks that hold only with one VAT rate and without
/// allowances and charges. `sums` has the checks of e-invoices.
fn for_stated(doc_type: &DocType, stated: &EmbeddedInvoice) -> DocType {
    let mut doc_type = doc_type.clone();
    remove_bounds(&mut doc_type.schema);
    if let Some(properties) = doc_type.schema["properties"].as_object_mut() {
        for (name, property) in MORE_FIELDS.iter() {
            if stated
                .fields
                .get(name)
                .is_some_and(|value| !is_empty(value))
            {
                properties.entry(name).or_insert_with(|| property.clone());
            }
        }
    }
    let states_rates = !stated.invoice.taxes.is_empty() || sums::has_mixed_signs(&stated.invoice);
    if let Some(rules) = &mut doc_type.read {
        rules
            .checks
            .retain(|check| !(is_sum(check) || states_rates && is_tax_rate(check)));
    }
    doc_type
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn is_sum(check: &Check) -> bool {
    match check {
        Check::Sum { .. } | Check::Product { .. } => true,
        Check::AnyOf(checks) => checks.iter().all(is_sum),
        _ => false,
    }
}

fn is_tax_rate(check: &Check) -> bool {
    match check {
        Check::TaxRate { .. } => true,
        Check::AnyOf(checks) => checks.iter().all(is_tax_rate),
        _ => false,
    }
}

fn remove_bounds(schema: &mut Value) {
    let is_number = Format::of(schema).is_some_and(Format::is_number);
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    if is_number {
        schema.remove("pattern");
    }
    schema.remove("maxLength");
    schema.remove("maxItems");
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(remove_bounds);
    }
    if let Some(items) = schema.get_mut("items") {
        remove_bounds(items);
    }
}

/// The values that the type has fields for.
fn of_type(schema: &Value, stated: &Fields) -> Fields {
    let Some(properties) = schema["properties"].as_object() else {
        return stated.clone();
    };
    let kept = stated.iter().filter_map(|(name, value)| {
        let property = properties.get(name)?;
        let lines = line_properties(property);
        let value = match (value, lines) {
            (Value::Array(list), Some(lines)) => {
                list.iter().map(|line| of_line(lines, line)).collect()
            }
            _ => value.clone(),
        };
        Some((name.clone(), value))
    });
    kept.collect()
}

fn of_line(properties: &Map<String, Value>, line: &Value) -> Value {
    let line = line.as_object().into_iter().flatten();
    let kept = line.filter(|(name, _)| properties.contains_key(*name));
    Value::Object(
        kept.map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// One finding for each value that differs from what a model read.
fn differences(doc_type: Option<&DocType>, stated: &Fields, read: &Fields) -> Vec<Finding> {
    let mut findings = Vec::new();
    let in_words = |field: &str| on_page::in_words(doc_type, field);
    for (name, value) in stated {
        match (value, read.get(name)) {
            (Value::Array(stated), Some(Value::Array(read))) if !stated.is_empty() => {
                line_differences(name, stated, read, &in_words, &mut findings);
            }
            (value, Some(other)) => findings.extend(difference(name, value, other, &in_words)),
            (_, None) => {}
        }
    }
    findings
}

fn line_differences(
    name: &str,
    stated: &[Value],
    read: &[Value],
    in_words: &dyn Fn(&str) -> String,
    findings: &mut Vec<Finding>,
) {
    if stated.len() != read.len() {
        let message = format!(
            "the e-invoice has {} in {}, the page as the model reads it {}",
            count(stated.len() as u64, "line"),
            in_words(name),
            read.len()
        );
        findings.push(Finding::new(FindingCode::PageDiffers, Some(name), message));
    }
    for (index, (stated, read)) in stated.iter().zip(read).enumerate() {
        for (field, value) in stated.as_object().into_iter().flatten() {
            let path = FieldPath::in_line(name, index, field).to_string();
            findings.extend(difference(&path, value, &read[field], in_words));
        }
    }
}

fn difference(
    field: &str,
    stated: &Value,
    read: &Value,
    in_words: &dyn Fn(&str) -> String,
) -> Option<Finding> {
    let (Value::String(stated), Value::String(read)) = (stated, read) else {
        return None;
    };
    if read.trim().is_empty() || is_same(stated, read) {
        return None;
    }
    let message = format!(
        "{} is `{stated}` in the e-invoice, but `{read}` on the page as the model reads it",
        in_words(field)
    );
    Some(Finding::new(FindingCode::PageDiffers, Some(field), message))
}

/// Whether the amounts are equal, or the texts without case, spacing and punctuation.
fn is_same(a: &str, b: &str) -> bool {
    let value = |text| number::plain(text).or_else(|| number::parse(text).ok()?.only());
    match (value(a), value(b)) {
        (Some(a), Some(b)) => a == b,
        _ => evidence::fold(a) == evidence::fold(b),
    }
}

#[cfg(test)]
mod example_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;
