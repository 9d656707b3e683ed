//! SQLite holds everything: jobs, results and what they were made with.
//!
//! The job is the row. A page is claimed by one conditional update that counts
//! the attempt; its result and its completion are one transaction that only
//! the lease's holder can make; so are a document's records and its being
//! done. No transaction is open while an engine works.
//!
//! The files use each other one way: `database` and `columns` know none of the
//! others, `sources`, `revisions`, `page_text`, `page_search` and `findings` are
//! what several use, and each of the rest is a part of [`Store`]'s interface.

mod approvals;
mod captures;
mod clock;
mod columns;
mod corrections;
mod database;
mod documents;
mod duplicates;
mod embeddings;
mod error;
mod escalations;
mod evaluation;
mod export_ledger;
mod facts;
mod findings;
mod forget;
mod jobs;
mod page_search;
mod page_text;
mod process;
mod queries;
mod records;
mod replaced;
mod review;
mod review_locks;
mod revisions;
mod run_report;
mod runs;
mod search;
mod sources;

pub use captures::StoredCapture;
pub use columns::{DocumentId, RunId};
pub use corrections::{ChangeRow, Correction, FieldChange};
pub use database::Store;
pub use documents::{KnownDocument, NewDocument, PageKey};
pub use embeddings::PageVector;
pub use error::{DbErrorKind, error_message, is_temporary};
pub use escalations::{AttemptRow, NewEscalation, PageAttempt};
pub use evaluation::DocumentWork;
pub use export_ledger::{
    BatchRow, BillId, DistinctPair, ExportFile, ExportedPage, Ledger, LedgerLine, LedgerVersion,
    NewBatch, NewLine, NotReversed,
};
pub use forget::Forgotten;
pub use jobs::{Claim, ClaimedEscalation, Completed, PageCompletion, Wanted};
pub use page_search::PageEntry;
pub use queries::{Counts, PageRow, RejectedRow, StoredRecord};
pub use records::{FinishedPages, NewRecords, Recorded};
pub use review::InReview;
pub use review_locks::ReviewLock;
pub use run_report::{Attempt, Backlog, ReaderRow, RoleMemory, RunRow, Sample, WorkerEnd};
pub use runs::{ModelInfo, NewRun, PromptInfo, RunOutcome, SchemaInfo};
pub use search::{FoundPage, FoundRecord, PageFilter};

#[cfg(test)]
mod portfolio_tests;
#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;
