use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::app::App;
use super::duplicates;
use super::exit::ExitStatus;
use super::output::{Replaced, count};
use super::search::FilterFlags;
use crate::archive::Neighbours;
use crate::config::UsageError;
use crate::domain::{Facts, folded_words};
use crate::outputs::gallery::{self, GalleryPage};
use crate::outputs::thumbnail;
use crate::pipeline::{Drawer, Embedder};
use crate::store::{FoundPage, Store, StoredRecord};

/// Similar pages that each page lists.
const SIMILAR: usize = 8;
/// Bytes of a page's words that can be searched in the gallery.
const SEARCHED: usize = 6000;
/// Folder of the thumbnails.
const IMAGES: &str = "pages";

/// Write the archive as an HTML page that needs no server
///
/// The folder gets index.html and a thumbnail of each page. The page searches words
/// and numbers, filters by type, status and finding, and leads to similar pages and
/// other captures of a document.
#[derive(Args)]
pub struct GalleryArgs {
    /// Folder to write; new, or that of an earlier gallery
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    filter: FilterFlags,
    /// Most pages, the latest documents first
    #[arg(long, value_name = "N", default_value = "2000")]
    limit: NonZeroU32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl GalleryArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        check_folder(&self.out)?;
        let store = Store::open_to_read(&app.settings().db).await?;
        let filter = self.filter.filter();
        let pages = store.pages_filtered(&filter, self.limit.get()).await?;
        if pages.is_empty() {
            return Err(UsageError(
                "no page fits the filters: widen them, or read documents with `docmill run`"
                    .to_owned(),
            )
            .into());
        }
        let images = self.out.join(IMAGES);
        std::fs::create_dir_all(&images)
            .with_context(|| format!("cannot make the folder {}", images.display()))?;
        let model = Embedder::model(app.settings())?;
        let places: HashMap<i64, usize> = pages.iter().copied().zip(0..).collect();
        let neighbours = Neighbours::load(&store, &model).await?;
        let captures = captures(&store).await?;
        let drawer = Drawer::start(app.settings()).await?;
        let mut records = BTreeMap::new();
        let mut entries = Vec::with_capacity(pages.len());
        let mut of_record: HashMap<i64, Vec<usize>> = HashMap::new();
        for &id in &pages {
            let Some(page) = store.found_pages(&[id]).await?.pop() else {
                continue;
            };
            let mut entry = entry(&store, &page, &mut records).await?;
            let name = format!("{id}.jpg");
            entry.is_xml = store.is_xml(page.document, page.index).await?;
            if !entry.is_xml {
                match drawn(&drawer, &page, &images.join(&name)).await {
                    Ok(()) => entry.image = Some(format!("{IMAGES}/{name}")),
                    Err(error) => tracing::warn!("a page is not shown: {error:#}"),
                }
            }
            let similar = neighbours.of(id, SIMILAR).into_iter().flatten();
            entry.similar = similar
                .filter_map(|(page, _)| places.get(&page).copied())
                .collect();
            if let Some(record) = entry.record {
                of_record.entry(record).or_default().push(entries.len());
            }
            entries.push(entry);
        }
        for entry in &mut entries {
            let others = entry.record.and_then(|record| captures.get(&record));
            let others = others.into_iter().flatten();
            entry.captures = others
                .filter_map(|record| of_record.get(record))
                .flatten()
                .copied()
                .collect();
        }
        let index = self.out.join("index.html");
        let mut out = Replaced::create(&index)?;
        out.write_all(gallery::html(&entries)?.as_bytes())?;
        out.commit()?;
        if self.json {
            let line = serde_json::json!({
                "pages": entries.len(), "file": index.to_string_lossy(),
            });
            app.out.json(&line)?;
        } else {
            let pages = count(entries.len() as u64, "page");
            app.out
                .line(&format!("{pages} written; open {}", index.display()))?;
        }
        Ok(ExitStatus::Success)
    }
}

/// A folder with other files is not written to.
fn check_folder(folder: &Path) -> anyhow::Result<()> {
    let Ok(mut files) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    if files.next().is_some() && !folder.join("index.html").is_file() {
        let why = format!(
            "{} has other files: name a new folder with --out",
            folder.display()
        );
        return Err(UsageError(why).into());
    }
    Ok(())
}

/// The other records of each group of captures, by record.
async fn captures(store: &Store) -> anyhow::Result<HashMap<i64, Vec<i64>>> {
    let mut others = HashMap::new();
    for group in duplicates::find(store).await?.groups {
        let records: Vec<i64> = group.members.iter().map(|member| member.record).collect();
        for record in &records {
            let rest = records.iter().filter(|other| *other != record);
            others.insert(*record, rest.copied().collect());
        }
    }
    Ok(others)
}

async fn drawn(drawer: &Drawer, page: &FoundPage, file: &Path) -> anyhow::Result<()> {
    let image = drawer.page(&page.path, page.index).await?;
    std::fs::write(file, thumbnail::jpeg(&image)?)?;
    Ok(())
}

async fn entry(
    store: &Store,
    page: &FoundPage,
    records: &mut BTreeMap<i64, StoredRecord>,
) -> anyhow::Result<GalleryPage> {
    let words = page.texts.iter().flat_map(|text| &text.words);
    let mut text: Vec<String> = words
        .flat_map(|word| folded_words(&word.word.text))
        .collect();
    let name = page.path.file_name().unwrap_or(page.path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    text.extend(folded_words(&name));
    let mut entry = GalleryPage {
        name,
        page: page.index + 1,
        ..GalleryPage::default()
    };
    if let Some(found) = &page.record {
        if let std::collections::btree_map::Entry::Vacant(place) = records.entry(found.id)
            && let Some(record) = store.record(found.id).await?
        {
            place.insert(record);
        }
        entry.record = Some(found.id);
        entry.doc_type.clone_from(&found.doc_type);
        entry.status = Some(found.status.as_str());
        let facts = Facts::of(&found.fields);
        let total = facts.total.map(|total| {
            let currency = facts.currency.unwrap_or_default();
            format!("{total} {currency}").trim_end().to_owned()
        });
        let values = [facts.party, facts.date, total, facts.number];
        entry.values = values.into_iter().flatten().collect();
        text.extend(entry.values.iter().flat_map(|value| folded_words(value)));
        // As typed, so that `302.26` is found too.
        text.extend(entry.values.iter().map(|value| value.to_lowercase()));
        if let Some(record) = records.get(&found.id) {
            let codes = record.record.findings.iter().map(|f| f.code.as_str());
            entry.findings = codes.collect();
            entry.findings.sort_unstable();
            entry.findings.dedup();
        }
    }
    entry.text = text.join(" ");
    let end = entry.text.floor_char_boundary(SEARCHED);
    entry.text.truncate(end);
    Ok(entry)
}
