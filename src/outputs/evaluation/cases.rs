//! Records that a person approved, as documents with known values for `eval` and
//! `calibrate`.

use std::path::Path;

use anyhow::Context;

use crate::domain::Status;
use crate::outputs::source_file;
use crate::store::{Store, StoredRecord};

/// Records fetched at once.
const CHUNK: u32 = 500;

/// What was written, and what could not be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cases {
    pub written: u64,
    /// Records whose file is not where it was, or has other content.
    pub without_file: Vec<i64>,
    /// Records of documents that are cut into several: a case is one.
    pub of_parts: Vec<i64>,
}

/// Writes `<folder>/<type>/<hash>/expected.json` with the approved values, and
/// the document beside it as `input.*`.
pub async fn write_cases(store: &Store, folder: &Path) -> anyhow::Result<Cases> {
    let (mut cases, mut after) = (Cases::default(), 0);
    loop {
        let records = store.records_after(after, CHUNK).await?;
        let Some(last) = records.last() else {
            return Ok(cases);
        };
        after = last.id;
        for stored in records {
            if stored.record.status != Status::Accepted || !store.is_approved(stored.id).await? {
                continue;
            }
            if store.records_of(stored.document_id).await?.len() > 1 {
                cases.of_parts.push(stored.id);
                continue;
            }
            match source_file(&stored.paths, &stored.blake3) {
                Some((file, _)) => {
                    write_case(&stored, file, folder)?;
                    cases.written += 1;
                }
                None => cases.without_file.push(stored.id),
            }
        }
    }
}

fn write_case(stored: &StoredRecord, file: &Path, folder: &Path) -> anyhow::Result<()> {
    let doc_type = stored.record.doc_type.as_deref().unwrap_or("other");
    let start = stored.blake3.get(..16).unwrap_or(&stored.blake3);
    let folder = folder.join(doc_type).join(start);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let mut input = folder.join("input");
    if let Some(extension) = file.extension() {
        input.set_extension(extension);
    }
    std::fs::copy(file, &input).with_context(|| format!("cannot write {}", input.display()))?;
    let truth = serde_json::to_string_pretty(&stored.record.fields)?;
    let path = folder.join("expected.json");
    std::fs::write(&path, truth + "\n").with_context(|| format!("cannot write {}", path.display()))
}
