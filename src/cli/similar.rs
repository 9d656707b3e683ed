use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;

use super::app::App;
use super::exit::ExitStatus;
use super::{search, show};
use crate::archive::{self, Example};
use crate::config::UsageError;
use crate::files;
use crate::pipeline::{Drawer, Embedder};
use crate::store::Store;

/// Find pages that look like a page
///
/// The page is one of a record or of a file. The file need not be in the
/// database. CLIP compares it with every page that has an embedding.
#[derive(Args)]
pub struct SimilarArgs {
    /// Number of a record, or path of a file (`./7` for a file named 7)
    #[arg(value_name = "ID|FILE")]
    what: std::ffi::OsString,
    /// Page of the record or file, from 1
    #[arg(long, value_name = "N", default_value = "1")]
    page: NonZeroU32,
    /// Most pages to show
    #[arg(long, value_name = "N", default_value = "10")]
    limit: NonZeroU32,
    /// Print one JSON object per page
    #[arg(long)]
    json: bool,
}

/// The place of the page.
struct ComparedPage {
    /// Its id, if it is stored.
    stored: Option<i64>,
    path: PathBuf,
    /// From 0.
    index: u32,
}

impl SimilarArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let store = Store::open_to_read(&app.settings().db).await?;
        let place = self.place(&store).await?;
        let model = Embedder::model(app.settings())?;
        if !store.has_embeddings(&model).await? {
            let why = "no page has been seen by this CLIP yet: `docmill run` over documents first";
            return Err(UsageError(why.to_owned()).into());
        }
        let most = self.limit.get() as usize;
        let stored = match place.stored {
            Some(page) => archive::similar(&store, &model, Example::Page(page), most).await?,
            None => None,
        };
        let found = match stored {
            Some(found) => found,
            None => {
                let drawer = Drawer::start(app.settings()).await?;
                let image = drawer.page(&place.path, place.index).await?;
                let embedder = Embedder::start(app.settings()).await?;
                let example = Example::Embedding(embedder.page(&image).await?);
                let found = archive::similar(&store, &model, example, most).await?;
                found.unwrap_or_default()
            }
        };
        search::show(&mut app, &found, self.json)?;
        Ok(ExitStatus::Success)
    }

    async fn place(&self, store: &Store) -> anyhow::Result<ComparedPage> {
        let nth = self.page.get() - 1;
        let id = self.what.to_str().and_then(|text| text.parse::<i64>().ok());
        if let Some(id) = id {
            let pages = show::pages_of_record(store, id).await?;
            let Some(&page) = pages.get(nth as usize) else {
                let has = super::output::count(pages.len() as u64, "page");
                return Err(UsageError(format!("record {id} has only {has}")).into());
            };
            let found = store.found_pages(&[page]).await?;
            let index = found.first().map_or(0, |found| found.index);
            let path = found.into_iter().next().map(|found| found.path);
            return Ok(ComparedPage {
                stored: Some(page),
                path: path.unwrap_or_default(),
                index,
            });
        }
        let path = files::absolute(Path::new(&self.what));
        let pages = store.pages_at(&path).await?;
        if pages.is_empty() {
            show::check_file(&path)?;
        }
        Ok(ComparedPage {
            stored: pages.get(nth as usize).copied(),
            path,
            index: nth,
        })
    }
}
