//! CSV for spreadsheets and import programs.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::Value;

use super::Exported;
use super::csv_style::{BOM, CsvStyle, guarded};
use crate::documents::types::DocTypes;
use crate::domain::time::rfc3339;
use crate::domain::{Format, Record, by_severity, scalar_text};
use crate::store::StoredRecord;

/// Two tables: one row per record, and one row per line of a record's lists.
///
/// The columns of fields are the union over all records, so the records are
/// kept until [`CsvExport::write`]; a record is about a kilobyte.
pub struct CsvExport<'a> {
    style: CsvStyle,
    types: &'a DocTypes,
    records: Vec<Exported>,
}

/// Columns before the fields in the table of records.
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

impl<'a> CsvExport<'a> {
    pub fn new(style: CsvStyle, types: &'a DocTypes) -> CsvExport<'a> {
        CsvExport {
            style,
            types,
            records: Vec::new(),
        }
    }

    pub fn add(&mut self, record: Exported) {
        self.records.push(record);
    }

    /// Writes the table of records to `records` and that of lines to `lines`. Returns the
    /// number of lines.
    pub fn write(&self, records: impl Write, lines: impl Write) -> anyhow::Result<u64> {
        self.write_records(self.table(records)?)?;
        self.write_lines(self.table(lines)?)
    }

    fn table<W: Write>(&self, mut out: W) -> anyhow::Result<csv::Writer<W>> {
        if self.style.bom {
            out.write_all(BOM)?;
        }
        let separator = self.style.separator.byte();
        Ok(csv::WriterBuilder::new()
            .delimiter(separator)
            .from_writer(out))
    }

    /// A decimal number in the style's notation.
    fn decimal(&self, number: &str) -> String {
        match self.style.decimal_comma {
            true => number.replace('.', ","),
            false => number.to_owned(),
        }
    }

    /// A field of a record, or of the lines of its list.
    fn cell(
        &self,
        record: &Record,
        list: Option<&str>,
        name: &str,
        value: Option<&Value>,
    ) -> String {
        match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) if self.is_decimal(record, list, name) && is_number(text) => {
                self.decimal(text)
            }
            Some(Value::String(text)) => guarded(text),
            Some(Value::Number(number)) => self.decimal(&number.to_string()),
            Some(other) => guarded(&other.to_string()),
        }
    }

    /// Whether the record's type declares the field as an amount or quantity.
    fn is_decimal(&self, record: &Record, list: Option<&str>, name: &str) -> bool {
        let doc_type = record
            .doc_type
            .as_deref()
            .and_then(|name| self.types.get(name));
        doc_type.is_some_and(|doc_type| {
            let fields = match list {
                Some(list) => doc_type.line_properties(list),
                None => doc_type.properties(),
            };
            let property = fields.and_then(|fields| fields.get(name));
            property.and_then(Format::of).is_some_and(Format::is_number)
        })
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
        let asked: BTreeSet<&String> = self
            .records
            .iter()
            .flat_map(|record| record.answers.iter().map(|answer| &answer.name))
            .collect();
        let of_answers = asked.iter().map(|name| format!("ask.{name}"));
        out.write_record(names.chain(unlike(&HEAD, &fields)).chain(of_answers))?;
        for Exported {
            stored,
            amount_due,
            answers,
        } in &self.records
        {
            let record = &stored.record;
            let findings = by_severity(&record.findings);
            let mut codes: Vec<&str> = Vec::new();
            for finding in &findings {
                if !codes.contains(&finding.code.as_str()) {
                    codes.push(finding.code.as_str());
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
                    .map(|confidence| self.decimal(&format!("{confidence:.4}")))
                    .unwrap_or_default(),
                self.decimal(&least_probability(record)),
                codes.join(" "),
                guarded(&findings.join("; ")),
                unconfirmed.join(" "),
                self.decimal(amount_due.as_deref().unwrap_or_default()),
                stored.blake3.clone(),
                rfc3339(stored.created_at),
            ];
            let values = fields
                .iter()
                .map(|field| self.cell(record, None, field, record.fields.get(field)));
            let of_name = |name: &&String| answers.iter().find(|answer| answer.name == **name);
            // Texts stay as printed: their decimal sign is the page's.
            let answers = asked.iter().map(|name| match of_name(name) {
                Some(answer) => guarded(&scalar_text(&answer.answer).unwrap_or_default()),
                None => String::new(),
            });
            out.write_record(head.into_iter().chain(values).chain(answers))?;
        }
        Ok(out.flush()?)
    }

    fn write_lines(&self, mut out: csv::Writer<impl Write>) -> anyhow::Result<u64> {
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
        let mut rows = 0;
        for Exported { stored, .. } in &self.records {
            for (list, number, line) in lines(stored) {
                rows += 1;
                let record = &stored.record;
                let values = fields
                    .iter()
                    .map(|field| self.cell(record, Some(&list), field, line.get(field)));
                let head = [
                    stored.id.to_string(),
                    stored.blake3.clone(),
                    pages(&stored.record),
                    list.clone(),
                    number.to_string(),
                ];
                let row: Vec<String> = head.into_iter().chain(values).collect();
                out.write_record(row)?;
            }
        }
        out.flush()?;
        Ok(rows)
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

/// Column names of fields: one that `head` has already gets a prefix.
fn unlike(head: &[&str], fields: &[String]) -> Vec<String> {
    let name = |field: &String| match head.contains(&field.as_str()) {
        true => format!("fields.{field}"),
        false => field.clone(),
    };
    fields.iter().map(name).collect()
}

/// Numbers of the record's pages, from 1, separated by spaces.
fn pages(record: &Record) -> String {
    let pages = record.pages.iter().map(|index| (index + 1).to_string());
    pages.collect::<Vec<_>>().join(" ")
}

/// `-1234.50`; text of another form is left as it is.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|c| c.is_ascii_digit() || c == b'.')
}

/// The lowest calibrated probability (0 to 1) of a value; empty without a calibration.
fn least_probability(record: &Record) -> String {
    let fields = record.calibrated.iter().flat_map(|c| &c.fields);
    let least = fields.map(|(_, p)| *p).min_by(f64::total_cmp);
    least.map(|p| format!("{p:.4}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Finding, FindingCode};

    #[test]
    fn no_two_columns_have_one_name() {
        let types = DocTypes::load(None).unwrap();
        let mut export = CsvExport::new(CsvStyle::default(), &types);
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
        let types = DocTypes::load(None).unwrap();
        let mut export = CsvExport::new(CsvStyle::default(), &types);
        let mut example = super::super::example();
        let findings = &mut example.stored.record.findings;
        let other = |code, message| Finding::new(code, None, message);
        findings.push(other(FindingCode::Missing, "time was not found"));
        findings.push(other(FindingCode::PossibleDuplicate, "paid"));
        export.add(example);
        let (mut records, mut lines) = (Vec::new(), Vec::new());
        export.write(&mut records, &mut lines).unwrap();
        let expected = "id,path,other_paths,pages,type,status,source,confidence,probability,\
            finding_codes,findings,unconfirmed_fields,amount_due,document,time,merchant_name,total,date,ask.terms\n\
            7,/in/a.pdf,/in/copy.pdf,1 2,receipt,needs_review,model,0.5000,0.2500,\
            possible_duplicate missing,paid; date was not found; time was not found,merchant_name,-2.20,ab12,2025-01-01T00:00:00Z,\
            \"'=HYPERLINK(\"\"x\"\")\",-4.20,,30 days\n";
        assert_eq!(String::from_utf8(records).unwrap(), expected);
        let expected = "record_id,document,pages,list,line,description,amount\n\
            7,ab12,1 2,items,1,\"Tea, \"\"green\"\"\",3.00\n7,ab12,1 2,items,2,,-1.00\n";
        assert_eq!(String::from_utf8(lines).unwrap(), expected);
    }

    #[test]
    fn numbers_and_only_numbers_get_the_decimal_comma() {
        let types = DocTypes::load(None).unwrap();
        let style = CsvStyle::of_locale("de").unwrap();
        let mut export = CsvExport::new(style, &types);
        let mut example = super::super::example();
        let fields = &mut example.stored.record.fields;
        fields.insert("merchant_name".into(), "Shop 2.20".into());
        export.add(example);
        let (mut records, mut lines) = (Vec::new(), Vec::new());
        export.write(&mut records, &mut lines).unwrap();
        assert!(records.starts_with(BOM) && lines.starts_with(BOM));
        let records = String::from_utf8(records).unwrap();
        let row = records.lines().nth(1).unwrap();
        assert!(row.contains(";0,5000;0,2500;"), "{row}");
        assert!(row.contains(";-2,20;"), "{row}");
        assert!(row.ends_with(";Shop 2.20;-4,20;;30 days"), "{row}");
        let lines = String::from_utf8(lines).unwrap();
        assert!(lines.contains(";\"Tea, \"\"green\"\"\";3,00\n"), "{lines}");
    }
}
