//! Completes the totals of a record: of the amounts of a sum, one that is missing or does
//! not fit is that which the others give, where the page prints it and no other change
//! would make the sum hold. Only for answers that copy the page's text.

use rust_decimal::Decimal;
use serde_json::Value;

use super::evidence::TextSources;
use super::{checks, words};
use crate::documents::values::number;
use crate::domain::{Check, DocType, FieldPath, Fields, Finding, FindingCode};

/// Adds a finding for each change.
pub fn complete(
    doc_type: &DocType,
    fields: &mut Fields,
    sources: &TextSources,
    findings: &mut Vec<Finding>,
) {
    for check in doc_type.checks() {
        let Some(sum) = TotalSum::of(check) else {
            continue;
        };
        if let Some((field, value)) = sum.completed(fields, sources) {
            let name = words::field(doc_type, field);
            let read = fields.get(field).and_then(Value::as_str);
            let read = read.map_or_else(|| "nothing".to_owned(), |read| format!("`{read}`"));
            let message = format!(
                "{name}: the reader copied {read}; set to {value}, which the page prints and with which the sum holds"
            );
            findings.push(Finding::new(
                FindingCode::CompletedByArithmetic,
                Some(field),
                message,
            ));
            let value = Value::String(value.to_string());
            fields.insert(field.to_owned(), value);
        }
    }
}

/// A sum of single amounts.
struct TotalSum<'a> {
    of: &'a [String],
    equals: &'a str,
    tolerance: Decimal,
}

impl<'a> TotalSum<'a> {
    fn of(check: &'a Check) -> Option<TotalSum<'a>> {
        let Check::Sum {
            of,
            equals,
            tolerance,
        } = check
        else {
            return None;
        };
        let is_single = |path: &String| FieldPath::parse(path).root() == path;
        of.iter().all(is_single).then(|| TotalSum {
            of,
            equals,
            tolerance: checks::allowed(tolerance),
        })
    }

    /// The field to be set and its value.
    fn completed(&self, fields: &Fields, sources: &TextSources) -> Option<(&'a str, Decimal)> {
        let value = |field: &str| number::plain(fields.get(field)?.as_str()?);
        if let Some(difference) = self.difference(&value)
            && difference.abs() <= self.tolerance
        {
            return None;
        }
        let names = self.of.iter().map(String::as_str).chain([self.equals]);
        let given = |name: &'a str| Some((name, self.given_by_others(name, &value)?));
        let mut printed = names
            .filter_map(given)
            .filter(|(_, value)| *value > Decimal::ZERO && is_printed(*value, sources));
        let only = printed.next()?;
        printed.next().is_none().then_some(only)
    }

    /// The total less the operands; `None` where one is absent.
    fn difference(&self, value: &dyn Fn(&str) -> Option<Decimal>) -> Option<Decimal> {
        let mut difference = value(self.equals)?;
        for operand in self.of {
            difference = difference.checked_sub(value(operand)?)?;
        }
        Some(difference)
    }

    /// What the other amounts give for one; `None` where one of them is absent.
    fn given_by_others(
        &self,
        name: &str,
        value: &dyn Fn(&str) -> Option<Decimal>,
    ) -> Option<Decimal> {
        let without = |field: &str| match field == name {
            true => Some(Decimal::ZERO),
            false => value(field),
        };
        let difference = self.difference(&without)?;
        match name == self.equals {
            true => Decimal::ZERO.checked_sub(difference),
            false => Some(difference),
        }
    }
}

fn is_printed(value: Decimal, sources: &TextSources) -> bool {
    let texts = sources.all().into_iter().flatten();
    texts.into_iter().any(|text| {
        let numbers = text.numbers.iter().map(|number| &number.value);
        numbers
            .into_iter()
            .any(|number| number.is_money && !number.is_percent && number.value == value)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::types::DocTypes;
    use crate::documents::validation::evidence::tests::page;

    /// The totals after completion, and the fields with a finding.
    fn completed(rows: &[&str], totals: [&str; 3]) -> ([String; 3], Vec<String>) {
        let types = DocTypes::load(None).unwrap();
        let value = |text: &str| match text {
            "" => Value::Null,
            text => json!(text),
        };
        let [net, tax, gross] = totals.map(value);
        let fields = json!({"net_total": net, "tax_total": tax, "gross_total": gross});
        let mut fields = fields.as_object().unwrap().clone();
        let mut findings = Vec::new();
        let invoice = types.get("invoice").unwrap();
        let sources = TextSources::of(&[&page(0, rows)]);
        complete(invoice, &mut fields, &sources, &mut findings);
        let of = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
        let totals = ["net_total", "tax_total", "gross_total"].map(of);
        (
            totals,
            findings
                .into_iter()
                .filter_map(|finding| finding.field)
                .collect(),
        )
    }

    const PAGE: [&str; 3] = ["Exclusief BTW|593,36", "BTW 21%|124,61", "Totaal|717,97"];

    #[test]
    fn a_missing_or_misread_total_is_the_printed_one_with_which_the_sum_holds() {
        let right = ["593.36", "124.61", "717.97"].map(str::to_owned);
        let net = completed(&PAGE, ["717.97", "124.61", "717.97"]);
        assert_eq!(net, (right.clone(), vec!["net_total".to_owned()]));
        let tax = completed(&PAGE, ["593.36", "", "717.97"]);
        assert_eq!(tax, (right.clone(), vec!["tax_total".to_owned()]));
        let gross = completed(&PAGE, ["593.36", "124.61", "593.36"]);
        assert_eq!(gross, (right, vec!["gross_total".to_owned()]));
    }

    #[test]
    fn what_is_not_printed_or_could_be_two_values_is_left() {
        // No change of one amount to a printed one makes the sum hold.
        let other = ["593.36", "100.00", "700.00"];
        assert_eq!(completed(&PAGE, other).0, other.map(str::to_owned));
        // Either the tax or the gross total may be wrong.
        let rows = [
            "Net|100,00",
            "Tax|20,00",
            "Tax|19,00",
            "Total|120,00",
            "Total|119,00",
        ];
        let two = ["100.00", "20.00", "119.00"];
        assert_eq!(completed(&rows, two).0, two.map(str::to_owned));
        let holds = ["100.00", "20.00", "120.00"];
        assert_eq!(completed(&rows, holds), (holds.map(str::to_owned), vec![]));
    }
}
