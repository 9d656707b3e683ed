//! Decisions that are no approval, as the page sends them.

use axum::extract::{Path, State};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::decision;
use super::reply::{Answer, Error, Json, reason, replaced};
use super::service::Shared;
use crate::store::DecisionRefusal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    decision: decision::Choice,
    /// To postpone: the day on which the record comes back.
    #[serde(default)]
    until: Option<Date>,
    reason: String,
}

pub async fn decide(
    State(service): Shared,
    Path(id): Path<i64>,
    Json(request): Json<Request>,
) -> Answer<Value> {
    service.find(id).await?;
    service.lock(id).await?;
    let today = jiff::Zoned::now().date();
    let decision = request.decision.on(request.until, today);
    let decision = decision.map_err(Error::Refused)?;
    let reason = match reason(&request.reason)? {
        "" => return Err(Error::Refused("Say why: the note is empty.".into())),
        reason => reason,
    };
    let decided = service
        .store
        .decide(id, decision, today, &service.by, reason);
    let status = decided.await?.map_err(|why| match why {
        DecisionRefusal::NotCurrent => replaced(),
        why => Error::Refused(format!("Record {id} stays as it is: {why}.")),
    })?;
    service.store.unlock_reviews(&service.session.id).await?;
    Ok(Json(json!({
        "status": status,
        "done": format!("Record {id} {}.", decision::in_words(decision)),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadAgain {
    #[serde(rename = "type")]
    doc_type: String,
}

/// Queues the record's pages as those of a type. The next run reads them: this
/// server has no engines.
pub async fn read_again(
    State(service): Shared,
    Path(id): Path<i64>,
    Json(request): Json<ReadAgain>,
) -> Answer<Value> {
    service.find(id).await?;
    service.lock(id).await?;
    let known: Vec<_> = service.types.readable().map(|t| t.name.clone()).collect();
    let doc_type = request.doc_type;
    if !known.contains(&doc_type) {
        let why = format!("There is no document type `{doc_type}` that is read.");
        return Err(Error::Refused(why));
    }
    let queued = service.store.retry(&[id], Some(&doc_type), &known).await?;
    queued.map_err(|missing| {
        let why = format!("Pages in the queue are of type `{missing}`: start `docmill review` with the --types of the run.");
        Error::Refused(why)
    })?;
    service.store.unlock_reviews(&service.session.id).await?;
    let done = format!("Record {id} is read again as {doc_type} by the next `docmill run`.");
    Ok(Json(json!({ "done": done })))
}
