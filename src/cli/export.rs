use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::App;
use super::exit::Outcome;
use super::output::{self, Out, Replaced, count};
use crate::config::UsageError;
use crate::domain::Status;
use crate::outputs::export::{self, CsvExport, Ubl};
use crate::store::{Store, StoredRecord};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a record
    Jsonl,
    /// A row a record, and a second file with a row a line of their lists
    Csv,
    /// An EN 16931 invoice in UBL 2.1 for each accepted invoice, a file each
    Ubl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Wanted {
    Accepted,
    NeedsReview,
    Failed,
}

impl Wanted {
    fn status(self) -> Status {
        match self {
            Wanted::Accepted => Status::Accepted,
            Wanted::NeedsReview => Status::NeedsReview,
            Wanted::Failed => Status::Failed,
        }
    }
}

/// Write current records: as JSON lines, as CSV, or invoices as UBL files
#[derive(Args)]
pub struct Export {
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// File to write instead of stdout; CSV puts lists beside it, into
    /// NAME.lines.csv; UBL wants a folder
    #[arg(long, short, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
    /// Only records of this status; may be given several times
    /// [default: all; of UBL accepted]
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Vec<Wanted>,
    /// Country (ISO 3166-1, e.g. DE) of the buyer in UBL files, where an
    /// invoice does not tell it: your own, for invoices that you received
    #[arg(long, value_name = "CC", value_parser = country)]
    buyer_country: Option<String>,
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

impl Export {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        if self.buyer_country.is_some() && self.format != Format::Ubl {
            let why = "--buyer-country is for --format ubl: the other formats have what was read";
            return Err(UsageError(why.to_owned()).into());
        }
        let store = Store::open_to_read(&app.settings().db).await?;
        if self.format == Format::Ubl {
            return self.ubl(&store, &mut app.out).await;
        }
        let chosen = &self.statuses(&[]);
        let number = match (self.format, &self.out) {
            (Format::Jsonl, None) => jsonl(&store, chosen, &mut app.out).await?,
            (Format::Jsonl, Some(path)) => {
                let mut file = Replaced::create(path)?;
                let number = jsonl(&store, chosen, &mut file).await?;
                file.commit()?;
                number
            }
            (Format::Csv, None) => {
                let (csv, number) = collect(&store, chosen).await?;
                csv.write(&mut app.out, std::io::sink())?;
                tracing::warn!("the lines of lists are left out; --out FILE writes them beside it");
                number
            }
            (Format::Csv, Some(path)) => {
                let (mut records, mut lines) = (
                    Replaced::create(path)?,
                    Replaced::create(&lines_path(path))?,
                );
                let (csv, number) = collect(&store, chosen).await?;
                csv.write(&mut records, &mut lines)?;
                records.commit()?;
                lines.commit()?;
                number
            }
            (Format::Ubl, _) => unreachable!("written above"),
        };
        if self.out.is_some() {
            tracing::info!("{} written", count(number, "record"));
        }
        Ok(Outcome::Good)
    }

    /// The statuses that were asked for, or else `default`; none: all.
    fn statuses(&self, default: &[Status]) -> Vec<Status> {
        match self.status.is_empty() {
            true => default.to_vec(),
            false => self.status.iter().map(|wanted| wanted.status()).collect(),
        }
    }

    /// A file an invoice. What EN 16931 does not let be written is told, and
    /// the others are written.
    async fn ubl(&self, store: &Store, out: &mut Out) -> anyhow::Result<Outcome> {
        let Some(folder) = &self.out else {
            let why = "UBL is a file an invoice: name a folder with --out";
            return Err(UsageError(why.to_owned()).into());
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            // As what is in it: the owner's alone.
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let chosen = self.statuses(&[Status::Accepted]);
        let (mut refused, mut others, mut after) = (0, 0, 0);
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
                    Ubl::NoInvoice => others += 1,
                    Ubl::Written(text) => {
                        let name = file_name(stored);
                        let mut file = Replaced::create(&folder.join(&name))?;
                        file.write_all(text.as_bytes())?;
                        file.commit()?;
                        written.insert(name);
                    }
                    Ubl::Refused(obstacles) => {
                        refused += 1;
                        tell_refused(out, stored, &obstacles)?;
                    }
                }
            }
        }
        tell_others(folder, &written);
        // What a reader of stdout wants to know is there already.
        if tracing::enabled!(tracing::Level::WARN) {
            eprintln!(
                "docmill: {} written to {}, {refused} refused{}",
                count(written.len() as u64, "invoice"),
                folder.display(),
                match others {
                    0 => String::new(),
                    1 => ", 1 record is no invoice".to_owned(),
                    others => format!(", {others} records are no invoices"),
                }
            );
        }
        Ok(match refused {
            0 => Outcome::Good,
            _ => Outcome::SomeFailed,
        })
    }
}

/// Records fetched at once.
const CHUNK: u32 = 100;

/// On stdout, not in the log: what is told may be of the document.
fn tell_refused(out: &mut Out, stored: &StoredRecord, obstacles: &[String]) -> anyhow::Result<()> {
    let path = stored
        .paths
        .first()
        .map(|path| output::short(path))
        .unwrap_or_default();
    out.line(&format!(
        "record {} ({path}) is not written, since EN 16931 wants: {}",
        stored.id,
        output::clean(&obstacles.join("; "))
    ))
}

/// `F-2024-118-6f0c11d2-1.xml`: the invoice number, the beginning of the
/// document's hash, and the first page. Unlike a record's id these stay when
/// it is made anew, so that exporting again replaces the file.
fn file_name(stored: &StoredRecord) -> String {
    let number = stored
        .record
        .fields
        .get("invoice_number")
        .and_then(|value| value.as_str());
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let number: String = number
        .unwrap_or_default()
        .chars()
        .map(|c| if fits(c) { c } else { '_' })
        .take(60)
        .collect();
    let document = &stored.blake3[..stored.blake3.len().min(8)];
    let page = stored.record.pages.first().map_or(1, |index| index + 1);
    match number.as_str() {
        "" => format!("{document}-{page}.xml"),
        number => format!("{number}-{document}-{page}.xml"),
    }
}

/// Files of an earlier export lie beside those written now: who imports the
/// folder would book them too.
fn tell_others(folder: &Path, written: &BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let others = names.filter(|name| name.ends_with(".xml") && !written.contains(name));
    let others = others.count() as u64;
    if others > 0 {
        tracing::warn!(
            "{} of before in {}, not written now: import only what is new, or export into an empty folder",
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

async fn collect(store: &Store, chosen: &[Status]) -> anyhow::Result<(CsvExport, u64)> {
    let mut csv = CsvExport::default();
    let each = |record| {
        csv.add(record);
        Ok(())
    };
    let number = export::for_each(store, chosen, each).await?;
    Ok((csv, number))
}

/// `rows.csv` has its lines in `rows.lines.csv`.
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
            let told = country(unknown).unwrap_err();
            assert!(told.contains("ISO 3166-1"), "{unknown}: {told}");
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
