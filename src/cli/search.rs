use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::app::App;
use super::exit::ExitStatus;
use super::export::StatusFlag;
use super::output::{self, cell, clean, count};
use crate::archive::{self, FoundIn, Query, RankedPage, SearchRequest, TextVector, Why};
use crate::config::{Settings, UsageError};
use crate::documents::values::{date, number};
use crate::domain::{Facts, folded, total_units};
use crate::files;
use crate::pipeline::{self, Embedder};
use crate::store::{PageFilter, Store};

/// Most reasons that a row of the table shows.
const SHOWN_REASONS: usize = 3;

/// Find pages by words, numbers, dates and looks
///
/// Searches the words of pages, the values of their records and the names of
/// files. A number or date is found in any form that a page may have. Words that
/// resemble the typed ones count less, and so do pages that only look like the
/// query. Quotes make a phrase: '"Druck GmbH"'.
#[derive(Args)]
pub struct SearchArgs {
    /// Words to search for; without them, all pages of the filters
    query: Vec<String>,
    #[command(flatten)]
    filter: FilterFlags,
    /// Most pages to show
    #[arg(long, value_name = "N", default_value = "20")]
    limit: std::num::NonZeroU32,
    /// Do not compare looks; CLIP is not started
    #[arg(long)]
    words_only: bool,
    /// Print one JSON object per page
    #[arg(long)]
    json: bool,
}

/// Which pages may be found.
#[derive(Args, Clone)]
#[command(next_help_heading = "Filters")]
pub struct FilterFlags {
    /// Only pages of this document type
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Only records from this date on
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    /// Only records up to this date
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Date>,
    /// Only records with a total of at least this
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    min_total: Option<i64>,
    /// Only records with a total of at most this
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    max_total: Option<i64>,
    /// Only records with this text in the name of the seller or merchant
    #[arg(long, value_name = "NAME")]
    seller: Option<String>,
    /// Only records with this status
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Option<StatusFlag>,
    /// Only this file, or files below this folder
    #[arg(long, value_name = "PATH")]
    path: Option<PathBuf>,
    /// Only pages with this layout (`docmill layouts` lists them)
    #[arg(long, value_name = "N")]
    layout: Option<i64>,
}

impl FilterFlags {
    pub fn is_empty(&self) -> bool {
        self.clone().filter().is_empty()
    }

    pub fn filter(self) -> PageFilter {
        PageFilter {
            doc_type: self.doc_type,
            from: self.from,
            to: self.to,
            min_total: self.min_total,
            max_total: self.max_total,
            party: self.seller.map(|name| folded(&name)),
            status: self.status.map(StatusFlag::status),
            path: self.path.map(|path| files::absolute(&path)),
            layout: self.layout,
        }
    }
}

/// Refuses a type that no page can have.
pub fn check_type(settings: &Settings, name: Option<&str>) -> anyhow::Result<()> {
    let types = pipeline::doc_types(settings.types.as_deref())?;
    match name {
        Some(name) if types.get(name).is_none() => {
            let known: Vec<_> = types.iter().map(|known| known.name.as_str()).collect();
            let known = known.join(", ");
            let why = format!("there is no document type `{name}`; there are: {known}");
            Err(UsageError(why).into())
        }
        _ => Ok(()),
    }
}

/// Parses a date of the command line: ISO 8601, or as documents write it.
pub fn day(text: &str) -> Result<Date, String> {
    if let Ok(date) = text.parse() {
        return Ok(date);
    }
    let reading = date::parse(text, None)
        .map_err(|error| format!("{error}: write a date as 2026-12-15 or 15.12.2026"))?;
    reading
        .only()
        .ok_or_else(|| "this may be two days: write it as YYYY-MM-DD".to_owned())
}

/// Parses an amount; the result is in ten-thousandths of the currency.
fn amount(text: &str) -> Result<i64, String> {
    let plain = number::plain(text);
    let value = match plain {
        Some(value) if number::may_be_thousands(value) => {
            let (grouped, decimal) = (text.replace('.', ""), value.round_dp(2));
            return Err(format!(
                "this may be two numbers: write {grouped} or {decimal}"
            ));
        }
        Some(value) => value,
        None => number::parse(text)
            .map_err(|error| error.to_string())?
            .only()
            .ok_or("this may be two numbers: write it with a decimal point and nothing else")?,
    };
    total_units(value).ok_or_else(|| "this is too large".to_owned())
}

impl SearchArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let query = Query::parse(&self.query.join(" "));
        check_type(app.settings(), self.filter.doc_type.as_deref())?;
        let filter = self.filter.filter();
        if query.terms.is_empty() && filter.is_empty() {
            let why = "name words to look for, or a filter such as --seller NAME";
            return Err(UsageError(why.to_owned()).into());
        }
        let store = Store::open_to_read(&app.settings().db).await?;
        let look = match self.words_only || query.terms.is_empty() {
            true => None,
            false => look(app.settings(), &store, &query.text).await,
        };
        let request = SearchRequest {
            query,
            filter,
            most: self.limit.get() as usize,
            look,
        };
        let found = archive::search(&store, request).await?;
        show(&mut app, &found, self.json)?;
        Ok(ExitStatus::Success)
    }
}

/// Prints a table, or one JSON object per page.
pub fn show(app: &mut App, found: &[RankedPage], json: bool) -> anyhow::Result<()> {
    if !json {
        return print(app, found);
    }
    for page in found {
        app.out.json(&line(page))?;
    }
    Ok(())
}

/// CLIP's embedding of the query; `None` where no page can be compared with it.
async fn look(settings: &Settings, store: &Store, text: &str) -> Option<TextVector> {
    let embed = async {
        let model = Embedder::model(settings)?;
        if !store.has_embeddings(&model).await? {
            return anyhow::Ok(None);
        }
        let embedder = Embedder::start(settings).await?;
        Ok(Some(TextVector {
            model,
            embedding: embedder.text(text).await?,
            least: embedder.least_similarity(),
        }))
    };
    embed.await.unwrap_or_else(|error| {
        tracing::warn!("pages are searched by their words alone, CLIP cannot be used: {error:#}");
        None
    })
}

fn line(found: &RankedPage) -> Value {
    let page = &found.page;
    let record = page.record.as_ref();
    let facts = record
        .map(|record| Facts::of(&record.fields))
        .unwrap_or_default();
    json!({
        "record": record.map(|record| record.id),
        "path": page.path.to_string_lossy(),
        "page": page.index + 1,
        "type": record.and_then(|record| record.doc_type.as_deref()),
        "status": record.map(|record| record.status),
        "party": facts.party,
        "date": facts.date,
        "total": facts.total,
        "currency": facts.currency,
        "number": facts.number,
        "score": found.score,
        "ranks": found.ranks,
        "why": found.why,
    })
}

fn print(app: &mut App, found: &[RankedPage]) -> anyhow::Result<()> {
    if found.is_empty() {
        return app.out.line("No page was found.");
    }
    let headings = ["id", "file", "page", "type", "name", "date", "total", "why"];
    let mut table = output::table(&headings);
    for found in found {
        let page = &found.page;
        let record = page.record.as_ref();
        let facts = record
            .map(|record| Facts::of(&record.fields))
            .unwrap_or_default();
        table.add_row([
            cell(&record.map_or("-".to_owned(), |record| record.id.to_string())),
            cell(&output::short(&page.path)),
            cell(&(page.index + 1).to_string()),
            cell(record.and_then(|r| r.doc_type.as_deref()).unwrap_or("-")),
            output::short_cell(facts.party.as_deref().unwrap_or_default()),
            cell(facts.date.as_deref().unwrap_or_default()),
            cell(&facts.total_text()),
            cell(&reasons(&found.why)),
        ]);
    }
    app.out.table(&table)?;
    app.out.line("")?;
    app.out
        .line(&format!("{} found", count(found.len() as u64, "page")))
}

fn reasons(why: &[Why]) -> String {
    let mut shown: Vec<_> = why.iter().take(SHOWN_REASONS).map(reason).collect();
    if let Some(more @ 1..) = why.len().checked_sub(SHOWN_REASONS) {
        shown.push(format!("and {more} more"));
    }
    shown.join("; ")
}

/// A reason in words: `total = 384.37`, `"384,37" at 62 %, 81 %`. Places are those of the top
/// left corner, in percent of the page's width and height.
fn reason(why: &Why) -> String {
    let what = match &why.found_in {
        FoundIn::Field { field, value } => format!("{field} = {}", clean(value)),
        FoundIn::FileName { name } => format!("file name {}", clean(name)),
        FoundIn::Page { text, bbox } => {
            let percent = |share: f32| (share * 100.0).round();
            let (left, top) = (percent(bbox[0]), percent(bbox[1]));
            format!("\"{}\" at {left} %, {top} %", clean(text))
        }
        FoundIn::Look { similarity } => format!("looks like it ({similarity:.2})"),
    };
    match (&why.term, why.is_near) {
        (Some(term), true) => format!("{what}, like {}", clean(term)),
        _ => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_take_amounts_and_dates_in_national_forms() {
        assert_eq!(amount("1.234,50"), Ok(12_345_000));
        assert!(amount("1,234").unwrap_err().contains("two numbers"));
        let refused = amount("1.234").unwrap_err();
        assert!(refused.contains("write 1234 or 1.23"), "{refused}");
        assert_eq!(amount("1.23"), Ok(12_300));
        assert_eq!(amount("1234"), Ok(12_340_000));
        assert_eq!(day("14.03.2024"), Ok(jiff::civil::date(2024, 3, 14)));
        assert!(day("03/04/2024").unwrap_err().contains("YYYY-MM-DD"));
        assert!(day("yesterday").unwrap_err().contains("2026-12-15"));
        assert_eq!(day("2999-12-31"), Ok(jiff::civil::date(2999, 12, 31)));
    }
}
