//! CSV for spreadsheets and import programs (RFC 4180, UTF-8).

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::Value;

use super::Exported;
use super::json_format::time;
use crate::domain::{Record, by_gravity};
use crate::store::StoredRecord;

/// Two tables: a row a record, and a row a line of a record's lists.
///
/// The columns of fields are the union over all records, so the records are
/// held until [`CsvExport::write`]; a record is about a kilobyte.
#[derive(Default)]
pub struct CsvExport {
    records: Vec<Exported>,
}

/// What stands before the fields in the table of records.
const HEAD: [&str; 15] = [
    "id",
    "path",
    "other_paths",
    "pages",
    "type",
    "status",
    "source",
    "confidence",
    "probability",
    "finding_codes",
    "findings",
    "unconfirmed_fields",
    "amount_due",
    "document",
    "time",
];

const LINES_HEAD: [&str; 5] = ["record_id", "document", "pages", "list", "line"];

impl CsvExport {
    pub fn add(&mut self, record: Exported) {
        self.records.push(record);
    }

    /// Writes the table of records to `records` and that of lines to `lines`.
    pub fn write(&self, records: impl Write, lines: impl Write) -> anyhow::Result<()> {
        self.write_records(csv::Writer::from_writer(records))?;
        self.write_lines(csv::Writer::from_writer(lines))
    }

    fn write_records(&self, mut out: csv::Writer<impl Write>) -> anyhow::Result<()> {
        let fields = self.columns(|record| {
            record
                .record
                .fields
                .iter()
                .filter(|(_, value)| !value.is_array())
                .map(|(name, _)| name.clone())
                .collect()
        });
        let names = HEAD.iter().map(|name| (*name).to_owned());
        out.write_record(names.chain(unlike(&HEAD, &fields)))?;
        for Exported { stored, amount_due } in &self.records {
            let record = &stored.record;
            let findings = by_gravity(&record.findings);
            let mut codes: Vec<&str> = Vec::new();
            for finding in &findings {
                if !codes.contains(&finding.code.as_str()) {
                    codes.push(&finding.code);
                }
            }
            let findings: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
            let unconfirmed: Vec<_> = record
                .evidence
                .iter()
                .filter(|evidence| !evidence.is_confirmed())
                .map(|evidence| evidence.field.as_str())
                .collect();
            let mut paths = stored.paths.iter().map(|path| path.to_string_lossy());
            let path = paths.next().unwrap_or_default();
            let others: Vec<_> = paths.collect();
            let head = [
                stored.id.to_string(),
                guarded(&path),
                guarded(&others.join("; ")),
                pages(record),
                record.doc_type.clone().unwrap_or_default(),
                record.status.as_str().to_owned(),
                record.source.as_str().to_owned(),
                record
                    .confidence
                    .map(|confidence| format!("{confidence:.4}"))
                    .unwrap_or_default(),
                least_probability(record),
                codes.join(" "),
                guarded(&findings.join("; ")),
                unconfirmed.join(" "),
                amount_due.clone().unwrap_or_default(),
                stored.blake3.clone(),
                time(stored.created_at),
            ];
            let values = fields.iter().map(|field| cell(record.fields.get(field)));
            out.write_record(head.into_iter().chain(values))?;
        }
        Ok(out.flush()?)
    }

    fn write_lines(&self, mut out: csv::Writer<impl Write>) -> anyhow::Result<()> {
        let lines = |record: &StoredRecord| -> Vec<(String, usize, Value)> {
            let lists = record
                .record
                .fields
                .iter()
                .filter_map(|(name, value)| Some((name, value.as_array()?)));
            let numbered = |(name, list): (&String, &Vec<Value>)| {
                list.iter()
                    .enumerate()
                    .map(|(i, line)| (name.clone(), i + 1, line.clone()))
                    .collect::<Vec<_>>()
            };
            lists.flat_map(numbered).collect()
        };
        let fields = self.columns(|record| {
            lines(record)
                .iter()
                .filter_map(|(_, _, line)| line.as_object())
                .flat_map(|line| line.keys().cloned())
                .collect()
        });
        let names = LINES_HEAD.iter().map(|name| (*name).to_owned());
        out.write_record(names.chain(unlike(&LINES_HEAD, &fields)))?;
        for Exported { stored, .. } in &self.records {
            for (list, number, line) in lines(stored) {
                let values = fields.iter().map(|field| cell(line.get(field)));
                let head = [
                    stored.id.to_string(),
                    stored.blake3.clone(),
                    pages(&stored.record),
                    list,
                    number.to_string(),
                ];
                out.write_record(head.into_iter().chain(values))?;
            }
        }
        Ok(out.flush()?)
    }

    /// Every name that `of` gives for some record, in the order first seen.
    fn columns(&self, of: impl Fn(&StoredRecord) -> Vec<String>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.records
            .iter()
            .flat_map(|exported| of(&exported.stored))
            .filter(|name| seen.insert(name.clone()))
            .collect()
    }
}

/// Names for fields beside the columns of `head`: a table has no two of one name.
fn unlike(head: &[&str], fields: &[String]) -> Vec<String> {
    let name = |field: &String| match head.contains(&field.as_str()) {
        true => format!("fields.{field}"),
        false => field.clone(),
    };
    fields.iter().map(name).collect()
}

/// Numbers of the record's pages, from 1, with a space between.
fn pages(record: &Record) -> String {
    let pages = record.pages.iter().map(|index| (index + 1).to_string());
    pages.collect::<Vec<_>>().join(" ")
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => guarded(text),
        Some(other) => other.to_string(),
    }
}

/// A text that a spreadsheet would take for a formula gets an apostrophe
/// before it (OWASP, "CSV Injection"): documents come from strangers. Negative
/// amounts stay numbers.
fn guarded(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_amount = text
        .trim_start_matches('-')
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_formula && !is_amount {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Of the least believed value; empty where there is no calibration.
fn least_probability(record: &Record) -> String {
    let fields = record.calibrated.iter().flat_map(|c| &c.fields);
    let least = fields.map(|(_, p)| *p).min_by(f64::total_cmp);
    least.map(|p| format!("{p:.4}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Finding, Severity};

    #[test]
    fn no_two_columns_have_one_name() {
        let mut export = CsvExport::default();
        let mut stored = super::super::example();
        let fields = &mut stored.stored.record.fields;
        fields.insert("status".into(), "successful".into());
        fields["items"][0]["line"] = "7a".into();
        export.add(stored);
        let (mut records, mut lines) = (Vec::new(), Vec::new());
        export.write(&mut records, &mut lines).unwrap();
        let head = String::from_utf8(records).unwrap();
        let head: Vec<&str> = head.lines().next().unwrap().split(',').collect();
        assert_eq!(head.iter().filter(|name| **name == "status").count(), 1);
        assert!(head.contains(&"fields.status"), "{head:?}");
        let head = String::from_utf8(lines).unwrap();
        let head = head.lines().next().unwrap();
        assert!(head.ends_with(",amount,fields.line"), "{head}");
    }

    #[test]
    fn records_and_lines_are_two_tables_tied_by_the_records_id() {
        let mut export = CsvExport::default();
        let mut example = super::super::example();
        let findings = &mut example.stored.record.findings;
        let other = |code, message| Finding::new(code, Severity::Warning, None, message);
        findings.push(other("missing", "time was not found"));
        findings.push(other("possible_duplicate", "paid"));
        export.add(example);
        let (mut records, mut lines) = (Vec::new(), Vec::new());
        export.write(&mut records, &mut lines).unwrap();
        let expected = "id,path,other_paths,pages,type,status,source,confidence,probability,\
            finding_codes,findings,unconfirmed_fields,amount_due,document,time,merchant_name,total,date\n\
            7,/in/a.pdf,/in/copy.pdf,1 2,receipt,needs_review,model,0.5000,0.2500,\
            possible_duplicate missing,paid; date was not found; time was not found,merchant_name,-2.20,ab12,2025-01-01T00:00:00Z,\
            \"'=HYPERLINK(\"\"x\"\")\",-4.20,\n";
        assert_eq!(String::from_utf8(records).unwrap(), expected);
        let expected = "record_id,document,pages,list,line,description,amount\n\
            7,ab12,1 2,items,1,\"Tea, \"\"green\"\"\",3.00\n7,ab12,1 2,items,2,,-1.00\n";
        assert_eq!(String::from_utf8(lines).unwrap(), expected);
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_text_and_a_negative_amount_is_not() {
        assert_eq!(guarded("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(guarded("-2+3"), "'-2+3");
        assert_eq!(guarded("-12.50"), "-12.50");
    }
}
