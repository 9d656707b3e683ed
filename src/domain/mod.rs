//! What the stages hand to each other: plain data, no I/O, no engine types.

mod doctype;
mod evidence;
mod failure;
mod finding;
mod page;
mod reading;
mod record;

pub use doctype::{Check, DocType, PageRule, Prompt, ReadRules};
pub use evidence::{BusinessKey, EvidenceClass, FieldEvidence};
pub use failure::{Failure, Reason, Usage, json_problem};
pub use finding::{Finding, Severity};
pub use page::{DocumentInfo, Embedding, MediaType, OcrWord, PageImage, RasterPage, Word};
pub use reading::{FieldLogprob, Fields, ReadRequest, Reading, Repetition, Routing};
pub use record::{Calibrated, PageResult, Record, Status};
