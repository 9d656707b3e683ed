use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, Replaced, cell, clean, count};
use crate::archive::{self, CapturedRecord, Duplicates};
use crate::config::UsageError;
use crate::outputs::duplicates::{self, Thumbnails};
use crate::outputs::thumbnail;
use crate::pipeline::Drawer;
use crate::store::{DocumentId, Store};

/// Most pages that are drawn for an HTML page.
const MOST_THUMBNAILS: usize = 400;

/// List documents that were captured more than once
///
/// Records with equal values are captures of one document. Records with another
/// number, date or total are of two documents, even if they look the same.
/// Undecided pairs are listed with their differences. Nothing is deleted.
#[derive(Args)]
pub struct DuplicatesArgs {
    /// Write a page that shows the captures side by side
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Decide that two records are of different documents. Whether they are two
    /// payments is another question: `docmill export distinct`
    #[arg(long, num_args = 2, value_names = ["ID", "ID"], conflicts_with = "html")]
    not_duplicate: Vec<i64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl DuplicatesArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if let [a, b] = self.not_duplicate[..] {
            return reject(&mut app, a, b, self.json).await;
        }
        if let Some(file) = &self.html {
            output::check_place(file)?;
        }
        let store = Store::open_to_read(&app.settings().db).await?;
        let found = find(&store).await?;
        if let Some(file) = &self.html {
            let page = duplicates::html(&found, &thumbnails(&app, &store, &found).await?)?;
            let mut out = Replaced::create(file)?;
            out.write_all(page.as_bytes())?;
            out.commit()?;
        }
        match self.json {
            true => app.out.json(&found)?,
            false => print(&mut app, &found)?,
        }
        Ok(ExitStatus::Success)
    }
}

/// The archive's duplicates, without pairs that a person decided about.
pub async fn find(store: &Store) -> anyhow::Result<Duplicates> {
    let captures = store.captures().await?;
    let rejected = store.rejected_pairs().await?;
    // Comparing all records would block the runtime.
    let found = tokio::task::spawn_blocking(move || archive::duplicates(&captures, &rejected));
    Ok(found.await?)
}

async fn reject(app: &mut App, a: i64, b: i64, json: bool) -> anyhow::Result<ExitStatus> {
    let store = Store::open_existing(&app.settings().db).await?;
    let mut documents = Vec::<DocumentId>::new();
    for id in [a, b] {
        match store.document_of(id).await? {
            Some(document) => documents.push(document),
            None => return Err(super::show::no_record(&store, id).await?.into()),
        }
    }
    if documents[0] == documents[1] {
        let why = format!("records {a} and {b} are of one file");
        return Err(UsageError(why).into());
    }
    store.reject_pair(documents[0], documents[1]).await?;
    store.close().await;
    if json {
        app.out
            .json(&serde_json::json!({ "not_duplicate": [a, b] }))?;
        return Ok(ExitStatus::Success);
    }
    let done = format!(
        "Remembered: {a} and {b} are not one document. The next `docmill run` updates their findings."
    );
    app.out.line(&done)?;
    Ok(ExitStatus::Success)
}

/// Thumbnails of the first page of each record, without pages that cannot be drawn.
async fn thumbnails(app: &App, store: &Store, found: &Duplicates) -> anyhow::Result<Thumbnails> {
    let of_groups = found.groups.iter().flat_map(|group| &group.members);
    let undecided = found.undecided.iter().flat_map(|pair| &pair.members);
    let members: BTreeMap<i64, &CapturedRecord> = of_groups
        .chain(undecided)
        .map(|member| (member.record, member))
        .take(MOST_THUMBNAILS)
        .collect();
    let mut images = Thumbnails::new();
    if members.is_empty() {
        return Ok(images);
    }
    let drawer = Drawer::start(app.settings()).await?;
    for (record, member) in members {
        let (Some(path), Some(&page)) = (member.paths.first(), member.pages.first()) else {
            continue;
        };
        // An e-invoice without a PDF has no image.
        if let Some(stored) = store.record(record).await?
            && store.is_xml(stored.document_id, page).await?
        {
            continue;
        }
        match drawer.page(path, page).await {
            Ok(image) => drop(images.insert(record, thumbnail::jpeg(&image)?)),
            Err(error) => tracing::warn!("a page is not shown: {error:#}"),
        }
    }
    Ok(images)
}

fn print(app: &mut App, found: &Duplicates) -> anyhow::Result<()> {
    for (number, group) in found.groups.iter().enumerate() {
        let by: Vec<_> = group
            .by
            .iter()
            .map(|by| duplicates::by_words(*by))
            .collect();
        let title = format!("One document ({}): {}", number + 1, by.join(", "));
        app.out.line(&title)?;
        table(app, &group.members)?;
        app.out.line("")?;
    }
    for pair in &found.undecided {
        let why = match pair.differences.is_empty() {
            true => "values are missing".to_owned(),
            false => pair.differences.join("; "),
        };
        app.out.line(&format!("Undecided: {}", clean(&why)))?;
        table(app, &pair.members)?;
        app.out.line("")?;
    }
    let sum = format!(
        "{}, {}, {} of different documents",
        count(found.groups.len() as u64, "group"),
        count(found.undecided.len() as u64, "undecided pair"),
        count(found.siblings as u64, "similar pair"),
    );
    app.out.line(&sum)?;
    if !found.undecided.is_empty() {
        let step = super::summary::command(app, "duplicates --not-duplicate ID ID");
        app.out
            .line(&format!("If two are not one document: {step}"))?;
    }
    Ok(())
}

fn table(app: &mut App, members: &[CapturedRecord]) -> anyhow::Result<()> {
    let mut table = output::table(&["id", "file", "pages", "name", "date", "total", "number"]);
    for member in members {
        for (place, path) in member.paths.iter().enumerate() {
            let text =
                |text: &Option<String>| output::short_cell(text.as_deref().unwrap_or_default());
            table.add_row([
                cell(&match place {
                    0 => member.record.to_string(),
                    _ => String::new(),
                }),
                cell(&output::short(path)),
                cell(&output::pages(&member.pages)),
                text(&member.party),
                text(&member.date),
                cell(&member.total),
                text(&member.number),
            ]);
        }
    }
    app.out.table(&table)
}
