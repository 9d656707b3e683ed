//! The source files beside the files of a batch (`--with-documents`).

use std::collections::{BTreeMap, BTreeSet};

use super::gather::Gathered;
use super::hold::{Hold, HoldCode};
use super::plan::{BatchPlan, Held, sha256};
use super::target::{Candidate, DocumentFile};
use crate::outputs::source_file;

/// Longest extension of a file's name.
const EXTENSION: usize = 5;

impl Gathered {
    /// Reads the source files of the bills of `plan`, and holds those whose file is not
    /// where it was or has other content.
    pub fn attach_documents(&mut self, plan: &BatchPlan) {
        let planned: BTreeSet<i64> = plan.batch.lines.iter().map(|line| line.record).collect();
        let mut files: BTreeMap<String, Option<DocumentFile>> = BTreeMap::new();
        for mut candidate in std::mem::take(&mut self.candidates) {
            if planned.contains(&candidate.bill.record) {
                let hash = candidate.bill.id.blake3.clone();
                let file = files.entry(hash).or_insert_with(|| read(&candidate));
                candidate.file = file.clone();
                if candidate.file.is_none() {
                    self.held.push(without_file(candidate));
                    continue;
                }
            }
            self.candidates.push(candidate);
        }
    }
}

fn without_file(candidate: Candidate) -> Held {
    let what = format!(
        "the file is not at {} any more, or has other content",
        candidate.path
    );
    let remedy = "put it back, or export without --with-documents";
    Held {
        record: candidate.bill.record,
        path: candidate.path,
        hold: Hold::new(HoldCode::Document, what, remedy),
    }
}

fn read(candidate: &Candidate) -> Option<DocumentFile> {
    let hash = &candidate.bill.id.blake3;
    let (path, bytes) = source_file(&candidate.paths, hash)?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_plain = |extension: &&str| {
        extension.len() <= EXTENSION && extension.bytes().all(|c| c.is_ascii_alphanumeric())
    };
    let extension = extension.filter(is_plain).map(str::to_lowercase);
    let start = hash.get(..16).unwrap_or(hash);
    Some(DocumentFile {
        name: match extension {
            Some(extension) => format!("documents/{start}.{extension}"),
            None => format!("documents/{start}"),
        },
        sha256: sha256(&bytes),
        bytes: bytes.len() as u64,
    })
}
