//! The SQLite database with all jobs, results and what they were made with.
//!
//! A row of `pages` is the job. One conditional update claims a page and counts the
//! attempt. One transaction stores a page's result and completes the job; only the owner
//! of the lease can commit it. The same holds for a document's records and its
//! completion. No transaction is open while an engine works.
//!
//! The files depend on each other in one direction: `database` and `columns` use none of
//! the others; several files use `sources`, `revisions`, `page_text`, `page_search` and
//! `findings`; each other file is a part of [`Store`]'s interface.

mod answers;
mod approvals;
mod captures;
mod clock;
mod columns;
mod corrections;
mod database;
mod decisions;
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
mod layouts;
mod page_quality;
mod page_search;
mod page_text;
mod process;
mod queries;
mod records;
mod replaced;
mod review;
mod review_locks;
mod review_queue;
mod revisions;
mod run_report;
mod runs;
mod sample;
mod search;
mod second_approval;
mod seeded;
mod sources;
mod suppliers;
mod tokens;
mod users;
mod waiting;
mod webhooks;

pub use answers::{RecordToAsk, StoredAnswer};
pub use captures::StoredCapture;
pub use columns::{DocumentId, RunId};
pub use corrections::{ChangeRow, Correction, FieldChange, SeededValue};
pub use database::Store;
pub use decisions::{DecisionRefusal, NewDecision, Postponed};
pub use documents::{DocumentProgress, DocumentRow, NewDocument, PageKey};
pub use embeddings::PageVector;
pub use error::{DbErrorKind, error_message, is_temporary};
pub use escalations::{AttemptRow, NewEscalation, PageAttempt};
pub use evaluation::DocumentWork;
pub use export_ledger::{
    BatchDocument, BatchRow, BillId, DistinctPair, ExportFile, ExportedPage, Ledger, LedgerLine,
    LedgerVersion, NewBatch, NewLine, NotReversed,
};
pub use forget::Forgotten;
pub use jobs::{Claim, ClaimedEscalation, Completed, PageCompletion, WantedPages};
pub use layouts::{LayoutPage, LayoutTemplate, PageLayout, StoredLayout};
pub use page_search::PageEntry;
pub use queries::{Counts, PageRow, RecordFilter, RejectedRow, StoredRecord};
pub use records::{FinishedPages, NewRecords, Recorded};
pub use review_locks::ReviewLock;
pub use review_queue::{AcceptedToo, InReview, ReasonCount, Reopening, ReviewQueue};
pub use run_report::{Attempt, Backlog, MemoryRow, ReaderRow, RoleMemory, RunRow, WorkerEndRow};
pub use runs::{ModelInfo, NewRun, PromptInfo, RunOutcome, SchemaInfo};
pub use sample::SampleCounts;
pub use search::{FoundPage, FoundRecord, PageFilter};
pub use seeded::{SeededCounts, SeededError};
pub use tokens::TokenRow;
pub use users::UserRow;
pub use waiting::{FailedPage, KnownFiles};
pub use webhooks::{ClaimedEvent, UndeliveredEvents, WebhookRow};

#[cfg(test)]
mod portfolio_tests;
#[cfg(test)]
pub mod test_data;
#[cfg(test)]
mod tests;
