//! What the stages hand to each other: plain data, no I/O, no engine types.

mod doctype;
mod einvoice;
mod evidence;
mod failure;
mod finding;
mod limits;
mod page;
mod reading;
mod record;
mod words;

pub use doctype::{Check, DocType, Format, PageRule, Prompt, ReadRules};
pub use einvoice::{
    Address, AllowanceCharge, Contact, EInvoice, Identifier, Line, Party, Payment, Syntax, Tax,
    Totals, XmlFile, XmlPlace, money,
};
pub use evidence::{BusinessKey, EvidenceClass, FieldEvidence};
pub use failure::{Failure, Reason, Usage, json_problem};
pub use finding::{
    AMOUNT_DUE, CREDIT_NOTE, Finding, LIST_REPEATS, NOT_COMPLETED, NOT_IN_FORM, PAGE_CONTRADICTS,
    POSSIBLE_DUPLICATE, REPLACED, Severity, by_gravity,
};
pub use limits::Limits;
pub use page::{
    DocumentInfo, Embedding, MediaType, OcrLine, OcrText, OcrWord, PageImage, RasterPage, Word,
};
pub use reading::{
    AnswerGrammar, FieldLogprob, Fields, ReadRequest, Reading, Repetition, Routing, value_at,
    value_at_mut,
};
pub use record::{Calibrated, PageResult, Record, Source, Status};
pub use words::{all_seconds, count};
