use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, Replaced, cell, count};
use super::run::check_paths;
use crate::documents::quality::{Measure, rounded};
use crate::domain::{Failure, PageQuality, Severity};
use crate::files;
use crate::outputs::quality::{self, SheetPage};
use crate::outputs::thumbnail;
use crate::pipeline::{MeasuredPage, PageMeter};

/// Pages on a contact sheet, at most.
const MOST_SHOWN: usize = 1000;
/// The measures that tables show.
const COLUMNS: [(Measure, &str); 9] = [
    (Measure::Ink, "ink"),
    (Measure::Words, "words"),
    (Measure::TextHeight, "text px"),
    (Measure::Blur, "blur px"),
    (Measure::Contrast, "contrast"),
    (Measure::Lightest, "lightest"),
    (Measure::Skew, "skew"),
    (Measure::Turned, "turned"),
    (Measure::CutLines, "cut"),
];

/// Measure pages: blur, size of letters, exposure and what else keeps them from being read
///
/// Nothing is read by a model and nothing is stored. Pages are judged as a run
/// judges them (docs/quality.md).
#[derive(Args)]
pub struct QualityArgs {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write a contact sheet of the pages
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print one JSON object per page
    #[arg(long)]
    json: bool,
}

/// What was found so far.
struct Tally {
    table: comfy_table::Table,
    pages: usize,
    flagged: usize,
    failed: usize,
    sheet: Vec<SheetPage>,
}

impl QualityArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if let Some(file) = &self.html {
            output::check_place(file)?;
        }
        check_paths(&self.paths)?;
        let settings = app.settings().clone();
        let meter = PageMeter::start(&settings).await?;
        let headings = ["file", "page"].into_iter();
        let headings = headings
            .chain(COLUMNS.map(|(_, name)| name))
            .chain(["findings"]);
        let mut tally = Tally {
            table: output::table(&headings.collect::<Vec<_>>()),
            pages: 0,
            flagged: 0,
            failed: 0,
            sheet: Vec::new(),
        };
        for found in files::walk(&self.paths, settings.limits.max_bytes, &settings.db) {
            let pages = match &found.outcome {
                Ok(bytes) => meter.pages(bytes).await,
                Err(failure) => Err(failure.clone()),
            };
            let (path, bytes) = (found.path, found.outcome.unwrap_or_default());
            let blake3 = files::hash(&bytes);
            drop(bytes);
            match pages {
                Ok(pages) => {
                    for index in 0..pages {
                        let measured = meter.page(&path, &blake3, index).await;
                        self.add(&mut app, &mut tally, &path, index, measured)?;
                    }
                }
                Err(failure) => self.fail(&mut app, &mut tally, &path, None, &failure)?,
            }
        }
        if let Some(file) = &self.html {
            let left_out = tally.pages - tally.sheet.len();
            let page = quality::html(&tally.sheet, tally.flagged, left_out)?;
            let mut out = Replaced::create(file)?;
            out.write_all(page.as_bytes())?;
            out.commit()?;
        }
        if !self.json {
            app.out.table(&tally.table)?;
            let sum = format!(
                "{}, {} with findings, {} not measured",
                count(tally.pages as u64, "page"),
                tally.flagged,
                tally.failed
            );
            app.out.line(&sum)?;
        }
        Ok(match tally.failed {
            0 => ExitStatus::Success,
            _ => ExitStatus::SomeFailed,
        })
    }

    fn add(
        &self,
        app: &mut App,
        tally: &mut Tally,
        path: &Path,
        index: u32,
        measured: Result<MeasuredPage, Failure>,
    ) -> anyhow::Result<()> {
        let MeasuredPage {
            quality,
            findings,
            image,
        } = match measured {
            Ok(measured) => measured,
            Err(failure) => return self.fail(app, tally, path, Some(index), &failure),
        };
        tally.pages += 1;
        tally.flagged += usize::from(findings.iter().any(|f| f.severity > Severity::Info));
        if self.json {
            app.out.json(&json!({
                "path": path.to_string_lossy(), "page": index + 1, "quality": &quality,
                "relative_blur": quality.relative_blur(), "findings": &findings,
            }))?;
        } else {
            let codes: Vec<&str> = findings.iter().map(|f| f.code.as_str()).collect();
            let codes = match (codes.is_empty(), quality.text_layer) {
                (true, true) => "(text layer: not judged)".to_owned(),
                _ => codes.join(", "),
            };
            let place = [output::short(path), (index + 1).to_string()];
            tally.table.add_row(
                place
                    .into_iter()
                    .chain(values(&quality))
                    .chain([codes])
                    .map(|text| cell(&text)),
            );
        }
        if self.html.is_some() && tally.sheet.len() < MOST_SHOWN {
            tally.sheet.push(SheetPage {
                path: output::short(path),
                number: index + 1,
                thumbnail: thumbnail::jpeg(&image)?,
                quality,
                findings,
            });
        }
        Ok(())
    }

    /// A file or page that could not be measured: the others go on.
    fn fail(
        &self,
        app: &mut App,
        tally: &mut Tally,
        path: &Path,
        index: Option<u32>,
        failure: &Failure,
    ) -> anyhow::Result<()> {
        tally.failed += 1;
        if self.json {
            return app.out.json(&json!({
                "path": path.to_string_lossy(), "page": index.map(|index| index + 1),
                "failure": { "reason": failure.reason, "message": failure.message },
            }));
        }
        let page = index.map_or("-".to_owned(), |index| (index + 1).to_string());
        let place = [output::short(path), page].into_iter();
        let none = COLUMNS.map(|_| String::new());
        let row = place.chain(none).chain([failure.to_string()]);
        tally.table.add_row(row.map(|text| cell(&text)));
        Ok(())
    }
}

fn values(quality: &PageQuality) -> impl Iterator<Item = String> + '_ {
    COLUMNS.into_iter().map(|(measure, _)| {
        let value = measure.of(quality);
        value.map_or("-".to_owned(), rounded)
    })
}
