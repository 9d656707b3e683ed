//! The data that stages exchange, without I/O and without types of engines.

mod capture;
mod decision;
mod doctype;
mod einvoice;
mod escalation;
mod evidence;
mod exit_status;
mod facts;
mod failure;
mod finding;
mod fold;
mod limits;
mod page;
mod path;
mod payment;
mod quality;
mod reading;
mod record;
mod scalar;
mod severity;
mod stage;
mod supplier;
#[cfg(any(test, fuzzing))]
pub mod test_data;
pub mod time;
mod token;
mod turn;
mod user_data;
mod user_role;
mod words;

pub use capture::{Capture, Judgement, Verdict, date_token, judge, number_token};
pub use decision::Decision;
pub use doctype::{
    Check, DocType, Format, PageRule, Parties, PartyRule, PromptTemplate, ReadRules,
    line_properties,
};
pub use einvoice::{
    Account, Address, AllowanceCharge, Contact, Discount, EInvoice, Identifier, Instalment,
    InvoiceLine, Party, Payment, Syntax, Tax, Totals, XmlFile, XmlPlace, money,
};
pub use escalation::EscalationReason;
pub use evidence::{BusinessKey, EvidenceClass, FieldEvidence};
pub use exit_status::ExitStatus;
pub use facts::{Facts, total_units};
pub use failure::{Failure, Reason, Usage, json_problem};
pub use finding::{Finding, FindingCode, by_severity};
pub use fold::{folded, folded_words, letters_and_digits};
pub use limits::Limits;
pub use page::{
    DocumentInfo, Embedding, MediaType, OcrLine, OcrText, OcrWord, PageImage, PageLook, RasterPage,
    SourceText, TextSource, TextWord, Word, bbox_union,
};
pub use path::{FieldPath, PathSegment};
pub use payment::{Paper, PaymentKey};
pub use quality::PageQuality;
pub use reading::{
    ANSWER, AnswerGrammar, FieldLogprob, Fields, ReadRequest, Reading, Repetition, Routing,
};
pub use record::{Calibrated, PageResult, Record, Source, Status};
pub use scalar::scalar_text;
pub use severity::Severity;
pub use stage::{Stage, StageSeconds};
pub use supplier::{ApprovedBill, DateOrder, LAST as LAST_BILLS, SupplierCard, SupplierId};
pub use token::TokenRole;
pub use turn::{turned_pixels, turned_size, unturned};
pub use user_data::user_data_folder;
pub use user_role::UserRole;
pub use words::{count, noun, sum};
