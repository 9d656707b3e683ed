//! Decisions that are no approval, as the page sends them.

use axum::Extension;
use axum::extract::{Path, State};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::decision;
use super::reply::{Answer, Done, Error, Json, reason, replaced};
use super::seeded::Noticed;
use super::service::Shared;
use crate::domain::Status;
use crate::store::DecisionRefusal;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideRequest {
    decision: decision::Choice,
    /// To postpone: the day on which the record comes back.
    #[serde(default)]
    until: Option<Date>,
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    reason: String,
}

/// A record that was decided about.
#[derive(Serialize, ToSchema)]
pub struct DecideAnswer {
    status: Status,
    /// What was done, in words.
    done: String,
}

/// Reject a record, postpone it, open it again, or say that it is not a bill
#[utoipa::path(
    post,
    path = "/api/records/{id}/decide",
    tag = "review",
    params(("id" = i64, Path, description = "Number of the record, which it keeps.")),
    responses((status = 200, description = "What was done.", body = DecideAnswer))
)]
pub async fn decide_record(
    State(service): Shared,
    Path(id): Path<i64>,
    Extension(caller): Extension<Caller>,
    Json(request): Json<DecideRequest>,
) -> Answer<DecideAnswer> {
    let (_, seeded) = service.find_shown(id, &caller).await?;
    service.lock(id, &caller).await?;
    let today = jiff::Zoned::now().date();
    let decision = request.decision.on(request.until, today);
    let decision =
        decision.map_err(|why| Error::Refused(format!("Record {id} stays as it is: {why}.")))?;
    let reason = match reason(&request.reason)? {
        "" => return Err(Error::Refused("Say why: the note is empty.".into())),
        reason => reason,
    };
    let unknown = Noticed::Unknown;
    service.end_seeded(seeded, unknown, &caller).await?;
    let decided = service
        .store
        .decide(id, decision, today, &caller.by, reason);
    let status = decided.await?.map_err(|why| match why {
        DecisionRefusal::NotCurrent => replaced(),
        why => Error::Refused(format!("Record {id} stays as it is: {why}.")),
    })?;
    service.store.unlock_reviews(&caller.session).await?;
    Ok(Json(DecideAnswer {
        status,
        done: format!("Record {id} {}.", decision::in_words(decision)),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAgainRequest {
    #[serde(rename = "type")]
    doc_type: String,
}

/// Read a record again as another document type
///
/// Its pages are queued; the next `docmill run` or `docmill watch` reads them.
#[utoipa::path(
    post,
    path = "/api/records/{id}/read-again",
    tag = "review",
    params(("id" = i64, Path, description = "Number of the record.")),
    responses((status = 200, description = "What was done.", body = Done))
)]
pub async fn read_again(
    State(service): Shared,
    Path(id): Path<i64>,
    Extension(caller): Extension<Caller>,
    Json(request): Json<ReadAgainRequest>,
) -> Answer<Done> {
    let (_, seeded) = service.find_shown(id, &caller).await?;
    service.lock(id, &caller).await?;
    let known: Vec<_> = service.types.readable().map(|t| t.name.clone()).collect();
    let doc_type = request.doc_type;
    if !known.contains(&doc_type) {
        let why = format!("There is no document type `{doc_type}` that is read.");
        return Err(Error::Refused(why));
    }
    let unknown = Noticed::Unknown;
    service.end_seeded(seeded, unknown, &caller).await?;
    let queued = service.store.retry(&[id], Some(&doc_type), &known).await?;
    queued.map_err(|missing| {
        let why = format!("Pages in the queue are of type `{missing}`: start `docmill review` with the --types of the run.");
        Error::Refused(why)
    })?;
    service.store.unlock_reviews(&caller.session).await?;
    let done = format!("Record {id} is read again as {doc_type} by the next `docmill run`.");
    Ok(Json(Done { done }))
}
