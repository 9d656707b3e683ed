//! A database and documents for tests.

use serde_json::json;

use super::{ModelInfo, NewDocument, NewRun, RunId, Store};
use crate::domain::{DocumentInfo, MediaType};

/// An empty database with an active run. It is deleted with the folder.
pub async fn store() -> (tempfile::TempDir, Store, RunId) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docmill.db");
    let store = Store::open(&path).await.unwrap();
    let run = begin(&store).await;
    (folder, store, run)
}

pub async fn begin(store: &Store) -> RunId {
    begin_with(store, Vec::new()).await
}

pub async fn begin_with(store: &Store, models: Vec<ModelInfo>) -> RunId {
    let new = NewRun {
        settings: json!({}),
        models,
        prompts: Vec::new(),
        schemas: Vec::new(),
    };
    store.begin_run(&new).await.unwrap()
}

/// A PDF found at `path`. Equal hashes mean equal content.
pub fn document(blake3: &str, path: &str, pages: u32) -> NewDocument {
    NewDocument {
        blake3: blake3.to_owned(),
        bytes: 1,
        info: DocumentInfo::new(MediaType::Pdf, pages),
        path: path.into(),
        einvoices: Vec::new(),
    }
}
