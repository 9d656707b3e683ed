//! Records for programs: as `docmill export --format jsonl` writes them.

use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reply::{Answer, Error, Json};
use super::service::{Service, Shared};
use crate::domain::Status;
use crate::outputs::export::{Exported, RecordLine};
use crate::store::{RecordFilter, StoredRecord};

/// Most records of a page.
const MOST: u32 = 200;
const DEFAULT: u32 = 50;

/// Which records are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Only records with this status.
    status: Option<Status>,
    /// Only records of this document type.
    #[serde(rename = "type")]
    doc_type: Option<String>,
    /// Only records of this document: BLAKE3 of its bytes, hex.
    document: Option<String>,
    /// Only records with a higher number: `next` of the page before.
    after: Option<i64>,
    /// Most records of the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Records by number.
#[derive(Serialize, ToSchema)]
pub struct RecordList {
    records: Vec<RecordLine>,
    /// Send it as `after` for the next page; null: this is the last one.
    next: Option<i64>,
}

/// List records, in pages
///
/// Replaced records are not listed. A corrected record has a new number and comes after
/// the others.
#[utoipa::path(
    get,
    path = "/api/records",
    tag = "records",
    params(RecordQuery),
    responses((status = 200, description = "A page of records.", body = RecordList))
)]
pub async fn list_records(
    State(service): Shared,
    Query(query): Query<RecordQuery>,
) -> Answer<RecordList> {
    let limit = query.limit.unwrap_or(DEFAULT);
    if !(1..=MOST).contains(&limit) {
        let why = format!("limit is {limit}: it may be 1 to {MOST}.");
        return Err(Error::Malformed(why));
    }
    let filter = RecordFilter {
        status: query.status,
        doc_type: query.doc_type,
        document: query.document,
    };
    let after = query.after.unwrap_or(0);
    // One more shows that there is a next page.
    let mut found = service
        .store
        .filtered_records(&filter, after, limit + 1)
        .await?;
    let has_next = found.len() as u64 > u64::from(limit);
    found.truncate(limit as usize);
    let next = found.last().filter(|_| has_next).map(|stored| stored.id);
    let mut records = Vec::with_capacity(found.len());
    for stored in found {
        records.push(row(&service, stored).await?);
    }
    Ok(Json(RecordList { records, next }))
}

/// Fetch a record: values, findings, evidence
///
/// The same as `docmill show ID --json` (docs/json.md).
#[utoipa::path(
    get,
    path = "/api/records/{id}",
    tag = "records",
    params(("id" = i64, Path, description = "Number of the record.")),
    responses((status = 200, description = "The record.", body = RecordLine))
)]
pub async fn fetch_record(State(service): Shared, Path(id): Path<i64>) -> Answer<RecordLine> {
    let stored = service.find(id).await?;
    Ok(Json(row(&service, stored).await?))
}

async fn row(service: &Service, stored: StoredRecord) -> Result<RecordLine, Error> {
    Ok(RecordLine::of(&Exported::of(&service.store, stored).await?))
}
