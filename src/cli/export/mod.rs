mod batch;
mod ledger;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::app::App;
use crate::cli::exit::ExitStatus;
use crate::cli::output::{self, Out, Replaced, count};
use crate::cli::summary::command;
use crate::config::UsageError;
use crate::documents::types::DocTypes;
use crate::domain::Status;
use crate::outputs::export::{self, CellSeparator, CsvExport, CsvStyle, UblResult};
use crate::pipeline;
use crate::store::{Store, StoredRecord};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// One JSON object per record
    Jsonl,
    /// One row per record, and a second file with one row per line of their lists
    Csv,
    /// One UBL 2.1 file (EN 16931) per accepted invoice
    Ubl,
    /// Not a format of rows: the message says what to use.
    #[value(hide = true)]
    Xlsx,
}

impl ExportFormat {
    /// The format by the ending of the file's name: JSON lines for others.
    fn of_file(file: &Path) -> ExportFormat {
        let ending = file.extension().unwrap_or_default().to_ascii_lowercase();
        match ending.to_str() {
            Some("csv" | "tsv") => ExportFormat::Csv,
            Some("xlsx") => ExportFormat::Xlsx,
            _ => ExportFormat::Jsonl,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum StatusFlag {
    Accepted,
    NeedsReview,
    NeedsSecondApproval,
    Failed,
    Rejected,
    NotABill,
}

impl StatusFlag {
    pub fn status(self) -> Status {
        match self {
            StatusFlag::Accepted => Status::Accepted,
            StatusFlag::NeedsReview => Status::NeedsReview,
            StatusFlag::NeedsSecondApproval => Status::NeedsSecondApproval,
            StatusFlag::Failed => Status::Failed,
            StatusFlag::Rejected => Status::Rejected,
            StatusFlag::NotABill => Status::NotABill,
        }
    }
}

/// Write records as JSON lines, CSV or UBL invoices, or bills for an accounting program
///
/// With --target, each accepted bill is exported once: a batch is entered in the
/// export ledger, and its files are written to the folder --out with a manifest.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ExportArgs {
    #[command(subcommand)]
    action: Option<ledger::ExportAction>,
    /// Output format
    /// [default: by the ending of --out (.csv, .jsonl), else jsonl]
    #[arg(long, value_enum)]
    format: Option<ExportFormat>,
    /// File to write instead of stdout; CSV writes lists to NAME.lines.csv beside
    /// it. For UBL: a folder
    #[arg(long, short, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
    /// Only records with this status; may be repeated
    /// [default: all; for UBL: accepted]
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Vec<StatusFlag>,
    /// Country of the buyer (ISO 3166-1, e.g. DE) for UBL files of invoices that do
    /// not state it. For invoices that you received: your own country
    #[arg(long, value_name = "CC", value_parser = country)]
    buyer_country: Option<String>,
    /// With --target or --format ubl: print one JSON object about what was written
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    batch: batch::BatchFlags,
    #[command(flatten)]
    csv: CsvFlags,
}

/// Flags for CSV.
#[derive(Args)]
#[command(next_help_heading = "CSV options")]
struct CsvFlags {
    /// Form that Excel expects in this language or locale, e.g. de or en-GB
    #[arg(long, value_name = "LOCALE", value_parser = CsvStyle::of_locale)]
    excel_locale: Option<CsvStyle>,
    /// Separator between cells: comma, semicolon or tab
    #[arg(long, value_name = "CHAR", visible_alias = "delimiter")]
    separator: Option<CellSeparator>,
    /// Write numbers with a decimal comma: 1234,50
    #[arg(long)]
    decimal_comma: bool,
    /// Start the file with a byte order mark, by which Excel recognises UTF-8
    #[arg(long)]
    bom: bool,
}

impl CsvFlags {
    fn is_set(&self) -> bool {
        let switches = self.decimal_comma || self.bom;
        self.excel_locale.is_some() || self.separator.is_some() || switches
    }

    /// The preset, changed by the other flags.
    fn style(&self) -> CsvStyle {
        let preset = self.excel_locale.unwrap_or_default();
        CsvStyle {
            separator: self.separator.unwrap_or(preset.separator),
            decimal_comma: preset.decimal_comma || self.decimal_comma,
            bom: preset.bom || self.bom,
        }
    }
}

fn country(text: &str) -> Result<String, String> {
    let code = text.to_ascii_uppercase();
    // The crate has a country without a code.
    match code.parse::<iso_country::Country>() {
        Ok(_) if !code.is_empty() => Ok(code),
        _ => Err(
            "ISO 3166-1 has no such country; its codes are two letters, e.g. DE or GB".to_owned(),
        ),
    }
}

impl ExportArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if let Some(action) = &self.action {
            return action.run(&mut app).await;
        }
        if let Some(target) = self.batch.target {
            self.check_batch()?;
            let out = self.out.as_deref();
            return self.batch.run(target, out, &mut app, self.json).await;
        }
        let of_file = || self.out.as_deref().map(ExportFormat::of_file);
        let format = self.format.or_else(of_file).unwrap_or(ExportFormat::Jsonl);
        if self.buyer_country.is_some() && format != ExportFormat::Ubl {
            let why = "--buyer-country needs --format ubl: other formats contain what was read";
            return Err(UsageError(why.to_owned()).into());
        }
        if self.csv.is_set() && format != ExportFormat::Csv {
            let why = "--excel-locale, --separator, --decimal-comma and --bom need --format csv";
            return Err(UsageError(why.to_owned()).into());
        }
        if self.json && format != ExportFormat::Ubl {
            let why = "--json needs --target or --format ubl; records as JSON: --format jsonl";
            return Err(UsageError(why.to_owned()).into());
        }
        let types = app.settings().types.clone();
        let store = Store::open_to_read(&app.settings().db).await?;
        let written = match format {
            ExportFormat::Ubl => return self.ubl(&store, &mut app.out).await,
            ExportFormat::Xlsx => {
                let why = "a workbook has bills alone: --target xlsx --out DIR. \
                    All rows for Excel: --format csv --excel-locale en (or de, fr, …)";
                return Err(UsageError(why.to_owned()).into());
            }
            ExportFormat::Jsonl => self.jsonl(&store, &mut app.out).await?,
            ExportFormat::Csv => {
                let types = pipeline::doc_types(types.as_deref())?;
                self.csv(&store, &types, &mut app.out).await?
            }
        };
        self.report(&mut app, &written)?;
        Ok(ExitStatus::Success)
    }

    /// `Err` for flags that select records: only the ledger and accounts.toml decide what a
    /// batch contains.
    fn check_batch(&self) -> Result<(), UsageError> {
        let is_plain = self.format.is_some() || !self.status.is_empty() || self.csv.is_set();
        match is_plain || self.buyer_country.is_some() {
            true => Err(UsageError(
                "--target takes --out, --accounts and --with-documents only: its files are for a program".to_owned(),
            )),
            false => Ok(()),
        }
    }

    /// Says which files were written, on stderr where the rows are on stdout.
    fn report(&self, app: &mut App, written: &WrittenRows) -> anyhow::Result<()> {
        if written.records == 0 {
            let status = command(app, "status");
            let which = match self.status.is_empty() {
                true => "",
                false => " with this status",
            };
            note(&format!(
                "nothing to export: there is no record{which}; `{status}` counts them"
            ))?;
        }
        let records = count(written.records, "record");
        let Some(path) = &self.out else {
            return match written.records {
                0 => Ok(()),
                _ => note(&format!("{records} written to stdout")),
            };
        };
        app.out.line(&format!("{}: {records}", path.display()))?;
        if let Some(lines) = written.lines {
            let (path, lines) = (lines_path(path), count(lines, "line"));
            app.out
                .line(&format!("{}: {lines} of their lists", path.display()))?;
        }
        Ok(())
    }

    async fn jsonl(&self, store: &Store, out: &mut Out) -> anyhow::Result<WrittenRows> {
        let statuses = self.statuses(&[]);
        let records = match &self.out {
            None => jsonl(store, &statuses, out).await?,
            Some(path) => {
                let mut file = Replaced::create(path)?;
                let records = jsonl(store, &statuses, &mut file).await?;
                file.commit()?;
                records
            }
        };
        Ok(WrittenRows {
            records,
            lines: None,
        })
    }

    async fn csv(
        &self,
        store: &Store,
        types: &DocTypes,
        out: &mut Out,
    ) -> anyhow::Result<WrittenRows> {
        let statuses = self.statuses(&[]);
        let mut csv = CsvExport::new(self.csv.style(), types);
        let mut add = |record| {
            csv.add(record);
            Ok(())
        };
        let Some(path) = &self.out else {
            let records = export::for_each(store, &statuses, &mut add).await?;
            csv.write(out, std::io::sink())?;
            tracing::warn!("lists are left out; with --out FILE they are written beside it");
            return Ok(WrittenRows {
                records,
                lines: None,
            });
        };
        // Unwritable files are reported before the records are collected.
        let mut file = Replaced::create(path)?;
        let mut lines_file = Replaced::create(&lines_path(path))?;
        let records = export::for_each(store, &statuses, &mut add).await?;
        let lines = csv.write(&mut file, &mut lines_file)?;
        file.commit()?;
        lines_file.commit()?;
        Ok(WrittenRows {
            records,
            lines: Some(lines),
        })
    }

    /// The statuses that were asked for, or else `default`. Empty: all.
    fn statuses(&self, default: &[Status]) -> Vec<Status> {
        match self.status.is_empty() {
            true => default.to_vec(),
            false => self.status.iter().map(|wanted| wanted.status()).collect(),
        }
    }

    /// One file per invoice. Invoices that violate EN 16931 are reported, the
    /// others are written.
    async fn ubl(&self, store: &Store, out: &mut Out) -> anyhow::Result<ExitStatus> {
        let Some(folder) = &self.out else {
            let why = "--format ubl needs a folder: --out DIR";
            return Err(UsageError(why.to_owned()).into());
        };
        output::create_folder(folder)?;
        let chosen = self.statuses(&[Status::Accepted]);
        let (mut refused, mut others, mut after) = (Vec::new(), 0, 0);
        let mut written = BTreeSet::new();
        loop {
            let records = store.records_after(after, CHUNK).await?;
            let Some(last) = records.last() else { break };
            after = last.id;
            let wanted = records
                .iter()
                .filter(|stored| chosen.contains(&stored.record.status));
            for stored in wanted {
                match export::ubl(store, stored, self.buyer_country.as_deref()).await? {
                    UblResult::NoInvoice => others += 1,
                    UblResult::Written(text) => {
                        let name = file_name(stored);
                        let mut file = Replaced::create(&folder.join(&name))?;
                        file.write_all(text.as_bytes())?;
                        file.commit()?;
                        written.insert(name);
                    }
                    UblResult::Refused(violations) => {
                        if !self.json {
                            report_refused(out, stored, &violations)?;
                        }
                        refused.push(json!({ "record": stored.id, "violations": violations }));
                    }
                }
            }
        }
        warn_of_older_files(folder, &written);
        if self.json {
            out.json(&json!({
                "folder": folder.to_string_lossy(),
                "files": written,
                "refused": refused,
                "not_invoices": others,
            }))?;
        } else {
            // Not on stdout, which lists the invoices that were not written.
            note(&format!(
                "{} written to {}, {} refused{}",
                count(written.len() as u64, "invoice"),
                folder.display(),
                refused.len(),
                match others {
                    0 => String::new(),
                    1 => ", 1 record is not an invoice".to_owned(),
                    others => format!(", {others} records are not invoices"),
                }
            ))?;
        }
        Ok(match refused.is_empty() {
            true => ExitStatus::Success,
            false => ExitStatus::SomeFailed,
        })
    }
}

/// What a table of records has.
struct WrittenRows {
    records: u64,
    /// Lines of the records' lists; `None`: they were not written.
    lines: Option<u64>,
}

/// A sentence on stderr, unless only errors are wanted (`--quiet`).
fn note(sentence: &str) -> anyhow::Result<()> {
    if tracing::enabled!(tracing::Level::WARN) {
        eprintln!("docmill: {sentence}");
    }
    Ok(())
}

/// Records fetched at once.
const CHUNK: u32 = 100;

/// Reports on stdout, not in the log, which contains no text of documents.
fn report_refused(
    out: &mut Out,
    stored: &StoredRecord,
    violations: &[String],
) -> anyhow::Result<()> {
    let path = stored
        .paths
        .first()
        .map(|path| output::short(path))
        .unwrap_or_default();
    out.line(&format!(
        "record {} ({path}) was not written. It violates EN 16931: {}",
        stored.id,
        output::clean(&violations.join("; "))
    ))
}

fn file_name(stored: &StoredRecord) -> String {
    let number = stored.record.fields.get("invoice_number");
    let number = number.and_then(|value| value.as_str());
    export::ubl_file_name(number, &stored.blake3, stored.record.pages.first().copied())
}

/// Warns of files of an earlier export, which an import of the folder would take
/// as well.
fn warn_of_older_files(folder: &Path, written: &BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let others = names.filter(|name| name.ends_with(".xml") && !written.contains(name));
    let others = others.count() as u64;
    if others > 0 {
        tracing::warn!(
            "{} of an earlier export in {}: import only the new files, or export into an empty folder",
            count(others, "XML file"),
            folder.display()
        );
    }
}

async fn jsonl(store: &Store, chosen: &[Status], out: &mut impl Write) -> anyhow::Result<u64> {
    let each = |record| Ok(writeln!(out, "{}", export::line(&record))?);
    let number = export::for_each(store, chosen, each).await?;
    out.flush()?;
    Ok(number)
}

/// The lists of `rows.csv` are in `rows.lines.csv`.
fn lines_path(path: &Path) -> PathBuf {
    path.with_extension("lines.csv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_of_iso_3166() {
        assert_eq!(country("DE"), Ok("DE".to_owned()));
        assert_eq!(country("gb"), Ok("GB".to_owned()));
        for unknown in ["UK", "XX", "ZZ", "D", "", "DEU", "1A"] {
            let error = country(unknown).unwrap_err();
            assert!(error.contains("ISO 3166-1"), "{unknown}: {error}");
        }
    }

    #[test]
    fn lists_go_beside_the_records() {
        assert_eq!(
            lines_path(Path::new("out/rows.csv")),
            Path::new("out/rows.lines.csv")
        );
    }
}
