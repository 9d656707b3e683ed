//! Draws a page of a stored document, from any path that still has the document.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::Settings;
use crate::domain::{Failure, RasterPage, Reason};
use crate::engines::worker::{DrawPage, OpenDocument, Pool, RasterizerRole};
use crate::files;

/// A document by the BLAKE3 (hex) of its content, and the paths to look for it.
#[derive(Clone, Copy, Debug)]
pub struct StoredDocument<'a> {
    pub blake3: &'a str,
    pub paths: &'a [PathBuf],
}

/// Draws the page with a worker of the pool, preferably one that has the document open.
pub(super) async fn draw(
    pool: &Pool<RasterizerRole>,
    settings: &Settings,
    document: StoredDocument<'_>,
    page: DrawPage,
) -> Result<RasterPage, Failure> {
    let mut worker = pool.worker(Some(document.blake3)).await?;
    if worker.document() != Some(document.blake3) {
        let bytes = read_source(document, settings.limits.max_bytes).await?;
        let deadline = Duration::from_secs(settings.rasterizing.open_seconds);
        worker.set_document(None);
        let open = OpenDocument { bytes: &bytes };
        worker.call(&open, deadline).await?;
        worker.set_document(Some(document.blake3.to_owned()));
    }
    let deadline = Duration::from_secs(settings.rasterizing.page_seconds);
    worker.call(&page, deadline).await
}

/// The document's bytes from its first path that still has them. `Err` where none has.
async fn read_source(document: StoredDocument<'_>, max_bytes: u64) -> Result<Vec<u8>, Failure> {
    let (paths, blake3) = (document.paths.to_vec(), document.blake3.to_owned());
    let search = tokio::task::spawn_blocking(move || {
        let mut failure = Failure::new(
            Reason::SourceChanged,
            "the document has no path any more: put its file back and run again over its folder",
        );
        for path in &paths {
            match read_same(path, &blake3, max_bytes) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    });
    search.await.map_err(Failure::internal)?
}

fn read_same(path: &Path, blake3: &str, max_bytes: u64) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(path, max_bytes)?;
    if files::hash(&bytes) != blake3 {
        let message = format!(
            "{} was changed after it was taken in: run again over it",
            path.display()
        );
        return Err(Failure::new(Reason::SourceChanged, message));
    }
    Ok(bytes)
}
