use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::App;
use super::exit::Outcome;
use super::output::{Replaced, count};
use crate::export::{self, CsvExport};
use crate::store::Store;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a record
    Jsonl,
    /// A row a record, and a second file with a row a line of their lists
    Csv,
}

/// Write every current record, as JSON lines or as CSV
#[derive(Args)]
pub struct Export {
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// File to write instead of stdout; CSV puts lists beside it, into
    /// NAME.lines.csv
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        let store = Store::open_existing(&app.settings().db).await?;
        let number = match (self.format, &self.out) {
            (Format::Jsonl, None) => jsonl(&store, &mut app.out).await?,
            (Format::Jsonl, Some(path)) => {
                let mut file = Replaced::create(path)?;
                let number = jsonl(&store, &mut file).await?;
                file.commit()?;
                number
            }
            (Format::Csv, None) => {
                let (csv, number) = collect(&store).await?;
                csv.write(&mut app.out, std::io::sink())?;
                tracing::warn!("the lines of lists are left out; --out FILE writes them beside it");
                number
            }
            (Format::Csv, Some(path)) => {
                let (csv, number) = collect(&store).await?;
                let (mut records, mut lines) = (
                    Replaced::create(path)?,
                    Replaced::create(&lines_path(path))?,
                );
                csv.write(&mut records, &mut lines)?;
                records.commit()?;
                lines.commit()?;
                number
            }
        };
        if self.out.is_some() {
            tracing::info!("{} written", count(number, "record"));
        }
        Ok(Outcome::Good)
    }
}

async fn jsonl(store: &Store, out: &mut impl Write) -> anyhow::Result<u64> {
    let each = |record: &_| Ok(writeln!(out, "{}", export::line(record))?);
    let number = export::for_each(store, each).await?;
    out.flush()?;
    Ok(number)
}

async fn collect(store: &Store) -> anyhow::Result<(CsvExport, u64)> {
    let mut csv = CsvExport::default();
    let number = export::for_each(store, |record| {
        csv.add(record);
        Ok(())
    })
    .await?;
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
    fn lists_go_beside_the_records() {
        assert_eq!(
            lines_path(Path::new("out/rows.csv")),
            Path::new("out/rows.lines.csv")
        );
    }
}
