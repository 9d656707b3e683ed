//! The data for the answers to the page.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::caller::Caller;
use super::correction::{self, Corrected, Edits};
use super::pages::PageImages;
use super::queue::file_name;
use super::reply::Error;
use super::session::Session;
use super::sign_ins::SignIns;
use super::view::{Checked, checked};
use crate::documents::types::DocTypes;
use crate::documents::validation::{field_in_words, joined_readings};
use crate::domain::{Decision, DocType, Facts, FindingCode, Record, Status, scalar_text};
use crate::files::Uploads;
use crate::outputs::accounts::Accounts;
use crate::store::{ChangeRow, Store, StoredRecord};

/// Duration of a lock; the page renews it every 30 s.
const LOCK: Duration = Duration::from_secs(120);

/// What the routes share, as they take it.
pub type Shared = State<Arc<Service>>;

/// Where and how the server exports.
pub struct ExportSetup {
    /// Absolute.
    pub folder: PathBuf,
    /// The file accounts.toml; `None`: the one in the working folder, if there is one.
    pub accounts: Option<PathBuf>,
    /// One export at a time, so that none takes another one for interrupted.
    pub one_at_a_time: Mutex<()>,
}

/// What the routes share.
pub struct Service {
    pub store: Store,
    pub types: DocTypes,
    pub images: PageImages,
    pub session: Session,
    /// `None`: the browser that opens the link needs no account.
    pub sign_ins: Option<SignIns>,
    /// Name of the person who has the page, for the history.
    pub by: String,
    /// The setting `acceptance.min_confidence`, 0 to 1.
    pub min_confidence: f32,
    /// The setting `review.sample_share`.
    pub sample_share: f64,
    /// The setting `review.seeded_share`.
    pub seeded_share: f64,
    /// The setting `review.second_approval_from`.
    pub second_approval_from: Option<u64>,
    /// The file accounts.toml; `None`: there is none.
    pub accounts: Option<Accounts>,
    /// Where uploaded documents go; `None`: nothing can be uploaded.
    pub uploads: Option<Uploads>,
    /// `None`: nothing can be exported.
    pub exports: Option<ExportSetup>,
    /// The setting `limits.max_bytes`.
    pub max_bytes: u64,
}

/// A change or decision by a person.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct Change {
    /// The record that it was made in.
    #[serde(skip)]
    pub made: i64,
    /// Unix milliseconds.
    at: i64,
    by: String,
    /// The field in words; null: a decision about the record.
    field: Option<String>,
    before: Option<String>,
    after: Option<String>,
    pub decision: Option<Decision>,
    /// The day on which a postponed record comes back.
    pub until: Option<String>,
    reason: String,
}

/// The record that may be the same payment.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Duplicate {
    record: i64,
    file: String,
    pages: Vec<u32>,
    status: Status,
    rows: Vec<Compared>,
}

/// One of the values by which documents are distinguished.
#[derive(Serialize, utoipa::ToSchema)]
struct Compared {
    label: &'static str,
    here: Option<String>,
    there: Option<String>,
    differs: bool,
}

impl Service {
    pub async fn find(&self, id: i64) -> Result<StoredRecord, Error> {
        if let Some(record) = self.store.record(id).await? {
            return Ok(record);
        }
        let why = match self.store.successors(id).await?.as_deref() {
            None => format!("Record {id} does not exist."),
            Some([]) => format!("Record {id} was replaced, and no current record has its pages."),
            Some(current) => return Err(Error::Replaced(id, current.to_vec())),
        };
        Err(Error::Absent(why))
    }

    pub async fn find_page(&self, id: i64, index: u32) -> Result<StoredRecord, Error> {
        let stored = self.find(id).await?;
        match stored.record.pages.contains(&index) {
            true => Ok(stored),
            false => Err(Error::Absent(format!(
                "Record {id} has no page {}.",
                u64::from(index) + 1
            ))),
        }
    }

    /// Takes the lock on a record. `Err` where somebody else has it.
    pub async fn lock(&self, id: i64, caller: &Caller) -> Result<(), Error> {
        let lock = self
            .store
            .lock_for_review(id, &caller.session, &caller.by, LOCK);
        let lock = lock.await?;
        match lock.session == caller.session {
            true => Ok(()),
            false => Err(Error::Conflict(format!(
                "{} has this record open. It is free again {} s after the other page is closed.",
                lock.held_by,
                LOCK.as_secs()
            ))),
        }
    }

    pub fn apply<'a>(
        &'a self,
        stored: &StoredRecord,
        edits: &Edits,
    ) -> Result<(&'a DocType, Corrected), Error> {
        let doc_type = correction::type_of(&self.types, &stored.record)?;
        let today = jiff::Zoned::now().date();
        let corrected =
            correction::apply(doc_type, &stored.record, edits, today, self.min_confidence)?;
        Ok((doc_type, corrected))
    }

    /// The record with the edits, for the page.
    pub fn view(&self, doc_type: &DocType, corrected: &Corrected) -> Checked {
        let (record, unusable) = (&corrected.record, corrected.unusable());
        checked(Some(doc_type), record, unusable, self.min_confidence)
    }

    /// The reader's answers for the fields that are not lists, where they differ from the
    /// value.
    pub async fn read_values(
        &self,
        doc_type: &DocType,
        stored: &StoredRecord,
    ) -> Result<BTreeMap<String, String>, Error> {
        let readings = self.store.readings_of(stored.id).await?;
        let read = joined_readings(doc_type, readings);
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let fields = &stored.record.fields;
        let differs = |(name, value): (String, Value)| {
            let read = text(&value)?;
            let is_same = fields
                .get(&name)
                .and_then(text)
                .is_some_and(|now| now == read);
            (!is_same && fields.contains_key(&name)).then_some((name, read))
        };
        Ok(read.into_iter().filter_map(differs).collect())
    }

    pub async fn history(
        &self,
        doc_type: Option<&DocType>,
        stored: &StoredRecord,
    ) -> Result<Vec<Change>, Error> {
        let rows = self.store.changes(stored.document_id).await?;
        let label = |field: String| match doc_type {
            _ if field == FindingCode::PossibleDuplicate.as_str() => "possible duplicate".into(),
            Some(doc_type) => field_in_words(doc_type, &field),
            None => field,
        };
        let text = |json: Option<String>| {
            let value = serde_json::from_str(&json?).ok()?;
            match value {
                Value::Object(line) => Some(line_in_words(&line)),
                value => scalar_text(&value),
            }
        };
        let change = |row: ChangeRow| Change {
            made: row.made_record_id,
            at: row.changed_at,
            by: row.changed_by,
            field: row.field.map(label),
            before: text(row.before),
            after: text(row.after),
            decision: row.decision,
            until: row.until,
            reason: row.reason,
        };
        Ok(rows.into_iter().map(change).collect())
    }

    pub async fn duplicate(&self, stored: &StoredRecord) -> Result<Option<Duplicate>, Error> {
        let record = &stored.record;
        let mut codes = record.findings.iter().map(|finding| finding.code);
        if !codes.any(|code| code == FindingCode::PossibleDuplicate) {
            return Ok(None);
        }
        let found = self.store.duplicate_of(stored.document_id, record).await?;
        let Some(found) = found else { return Ok(None) };
        let other = self.find(found).await?;
        let path = other.paths.first();
        Ok(Some(Duplicate {
            record: other.id,
            file: path.map(|path| file_name(path)).unwrap_or_default(),
            pages: other.record.pages.clone(),
            status: other.record.status,
            rows: compared(record, &other.record),
        }))
    }
}

/// The values of a line that are not null, as one text.
fn line_in_words(line: &Map<String, Value>) -> String {
    let values: Vec<String> = line.values().filter_map(scalar_text).collect();
    values.join(" · ")
}

fn compared(here: &Record, there: &Record) -> Vec<Compared> {
    let (here, there) = (Facts::of(&here.fields), Facts::of(&there.fields));
    let row = |label, here: Option<String>, there: Option<String>| Compared {
        differs: here != there,
        label,
        here,
        there,
    };
    vec![
        row("name", here.party.clone(), there.party.clone()),
        row("number", here.number.clone(), there.number.clone()),
        row("date", here.date.clone(), there.date.clone()),
        row("total", Some(here.total_text()), Some(there.total_text())),
    ]
}
