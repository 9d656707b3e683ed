//! The routes of the page. Requests name records and pages by number only, so no path comes
//! from a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::assets;
use super::correction::{self, Edits};
use super::decide;
use super::pages::{self, PageWord};
use super::queue::{self, Queue, file_name};
use super::reply::{Answer, Error, Json, reason, replaced};
use super::service::{Change, Duplicate, Service, Shared};
use super::supplier::CardView;
use super::view::{Checked, checked};
use crate::documents::acceptance;
use crate::domain::{Decision, FindingCode, Source};
use crate::store::{Correction, FieldChange, StoredRecord};

/// Most bytes of a request: a record of 200 lines takes about 50 KiB.
const MAX_REQUEST: usize = 1 << 20;

pub fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/", get(index))
        .route("/enter/{token}", get(enter))
        .route("/assets/{name}", get(asset))
        .route("/api/session", get(session))
        .route("/api/queue", get(read_queue))
        .route("/api/unlock", post(unlock))
        .route("/api/records/{id}", get(record))
        .route("/api/records/{id}/lock", post(lock))
        .route("/api/records/{id}/check", post(check))
        .route("/api/records/{id}/correct", post(correct))
        .route("/api/records/{id}/correct-others", post(correct_others))
        .route("/api/records/{id}/not-duplicate", post(not_duplicate))
        .route("/api/records/{id}/decide", post(decide::decide))
        .route("/api/records/{id}/read-again", post(decide::read_again))
        .route("/api/records/{id}/pages/{index}/image", get(image))
        .route("/api/records/{id}/pages/{index}/words", get(words))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
}

async fn index() -> Response {
    asset_response(&assets::INDEX)
}

async fn asset(Path(name): Path<String>) -> Response {
    match assets::find(&name) {
        Some(asset) => asset_response(asset),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn asset_response(asset: &assets::Asset) -> Response {
    ([(header::CONTENT_TYPE, asset.media_type)], asset.text).into_response()
}

/// Redirects a browser that has the session already to the page.
async fn enter(
    State(service): Shared,
    Path(token): Path<String>,
    headers: axum::http::HeaderMap,
) -> Response {
    if service.session.is_entered(&headers) {
        return Redirect::to("/").into_response();
    }
    match service.session.enter(&token) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        Err(denied) => (StatusCode::FORBIDDEN, denied.message()).into_response(),
    }
}

async fn session(State(service): Shared) -> Json<Value> {
    let types: Vec<_> = service.types.readable().map(|known| &known.name).collect();
    Json(json!({"user": service.by, "csrf": service.session.csrf.as_str(), "types": types}))
}

async fn read_queue(State(service): Shared) -> Answer<Queue> {
    let today = jiff::Zoned::now().date();
    let waiting = service
        .store
        .review_queue(today, service.sample_share, Some(queue::MOST))
        .await?;
    let postponed = service.store.postponed(today).await?;
    let locks = service.store.review_locks(&service.session.id).await?;
    Ok(Json(Queue {
        postponed,
        to_read: service.store.to_read_again().await?,
        ..queue::queue(waiting, &locks)
    }))
}

async fn unlock(State(service): Shared) -> Answer<Value> {
    service.store.unlock_reviews(&service.session.id).await?;
    Ok(Json(json!({})))
}

/// A record with everything that its page shows.
#[derive(Serialize)]
struct RecordView {
    id: i64,
    #[serde(rename = "type")]
    doc_type: Option<String>,
    file: String,
    paths: Vec<String>,
    /// Indices (from 0) of its pages.
    pages: Vec<u32>,
    /// Why its values cannot be changed.
    fixed: Option<String>,
    /// Who approved it, where another person must as well.
    approved_by: Option<String>,
    /// The decision by which it is not in the queue.
    aside: Option<Change>,
    checked: Checked,
    /// The reader's answer by field, where it differs from the value.
    read: BTreeMap<String, String>,
    history: Vec<Change>,
    duplicate: Option<Duplicate>,
    /// What approved bills say about its seller.
    supplier: Option<CardView>,
}

async fn record(State(service): Shared, Path(id): Path<i64>) -> Answer<RecordView> {
    let stored = service.find(id).await?;
    let doc_type = correction::type_of(&service.types, &stored.record);
    let history = service
        .history(doc_type.as_ref().ok().copied(), &stored)
        .await?;
    let aside = aside(&stored, &history);
    let fixed = match (&doc_type, stored.record.source) {
        (Err(refusal), _) => Some(refusal.to_string()),
        (Ok(_), Source::EmbeddedXml) => Some(correction::Refusal::EInvoice.to_string()),
        (Ok(_), Source::Model) if stored.record.status.is_set_aside() => {
            Some("open the record again first".to_owned())
        }
        (Ok(_), Source::Model) => None,
    };
    let doc_type = doc_type.ok();
    let read = match doc_type {
        Some(doc_type) => service.read_values(doc_type, &stored).await?,
        None => BTreeMap::new(),
    };
    let path = stored.paths.first();
    Ok(Json(RecordView {
        id,
        doc_type: stored.record.doc_type.clone(),
        file: path.map(|path| file_name(path)).unwrap_or_default(),
        paths: stored
            .paths
            .iter()
            .map(|path| path.to_string_lossy().into_owned())
            .collect(),
        pages: stored.record.pages.clone(),
        fixed,
        checked: checked(doc_type, &stored.record, None, service.min_confidence),
        read,
        approved_by: service.store.first_approver(id).await?,
        aside,
        history,
        duplicate: service.duplicate(&stored).await?,
        supplier: service.supplier_card(&stored).await?,
    }))
}

/// The last decision of those that people made about this record, if it keeps the
/// record out of the queue.
fn aside(stored: &StoredRecord, history: &[Change]) -> Option<Change> {
    let own = history.iter().rfind(|change| change.made == stored.id)?;
    let is_postponed = own.decision == Some(Decision::Postponed)
        && own.until.as_deref() > Some(&jiff::Zoned::now().date().to_string());
    (stored.record.status.is_set_aside() || is_postponed).then(|| own.clone())
}

async fn lock(State(service): Shared, Path(id): Path<i64>) -> Answer<Value> {
    service.find(id).await?;
    service.lock(id).await?;
    Ok(Json(json!({})))
}

/// Checks edits without storing them.
async fn check(
    State(service): Shared,
    Path(id): Path<i64>,
    Json(edits): Json<Edits>,
) -> Answer<Checked> {
    let stored = service.find(id).await?;
    let (doc_type, corrected) = service.apply(&stored, &edits)?;
    Ok(Json(service.view(doc_type, &corrected)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectRequest {
    edits: Edits,
    /// Whether the record is right with these edits.
    approve: bool,
    /// May be empty where no check fails.
    reason: String,
}

async fn correct(
    State(service): Shared,
    Path(id): Path<i64>,
    Json(decision): Json<CorrectRequest>,
) -> Answer<Value> {
    let stored = service.find(id).await?;
    service.lock(id).await?;
    if decision.edits.is_empty() && !decision.approve {
        return Err(Error::Refused("Nothing was changed.".into()));
    }
    if decision.approve
        && correction::is_own_second(&service.store, id, &decision.edits, &service.by).await?
    {
        return Err(correction::Refusal::ApprovedBefore.into());
    }
    let (doc_type, mut corrected) = service.apply(&stored, &decision.edits)?;
    let view = service.view(doc_type, &corrected);
    if let Some(why) = view.unusable {
        return Err(Error::Refused(why));
    }
    let reason = match reason(&decision.reason)? {
        "" if decision.approve && !view.failed.is_empty() => {
            let why = format!("A check fails: {}. Say why it is right.", view.failed[0]);
            return Err(Error::Refused(why));
        }
        "" => correction::REVIEWED,
        reason => reason,
    };
    let made = corrected.store(
        &service.store,
        &stored,
        decision.approve,
        (&service.by, reason),
        service.second_approval_from,
    );
    let made = made.await?.ok_or_else(replaced)?;
    service.store.unlock_reviews(&service.session.id).await?;
    let exported =
        correction::exported_in(&service.store, &stored.blake3, &stored.record.pages).await?;
    let exported: Vec<String> = exported
        .iter()
        .map(|(batch, target, _)| format!("batch {batch} for {target}"))
        .collect();
    let others = service
        .offers(doc_type, &stored, made, &corrected.changes)
        .await?;
    Ok(Json(json!({
        "record": made,
        "status": corrected.record.status,
        "exported": exported,
        "others": others,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Others {
    /// A field that was corrected in the record.
    field: String,
}

/// Corrects the field in the other waiting records of the supplier too.
async fn correct_others(
    State(service): Shared,
    Path(id): Path<i64>,
    Json(request): Json<Others>,
) -> Answer<Value> {
    let done = service.apply_to_others(id, &request.field).await?;
    Ok(Json(json!({ "done": done })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotDuplicate {
    /// Number of the record that it is compared with.
    other: i64,
    reason: String,
}

async fn not_duplicate(
    State(service): Shared,
    Path(id): Path<i64>,
    Json(decision): Json<NotDuplicate>,
) -> Answer<Value> {
    let stored = service.find(id).await?;
    let other = service.find(decision.other).await?;
    service.lock(id).await?;
    if stored.document_id == other.document_id {
        let why = format!("Records {id} and {} are of one file.", decision.other);
        return Err(Error::Refused(why));
    }
    let mut new = stored.record.clone();
    let is_duplicate = |code: FindingCode| code == FindingCode::PossibleDuplicate;
    let gone = stored.record.findings.iter().find(|f| is_duplicate(f.code));
    let Some(gone) = gone else {
        return Err(Error::Refused("The record has no such finding.".into()));
    };
    new.findings.retain(|finding| !is_duplicate(finding.code));
    new.status = acceptance::status(&new.findings);
    let change = FieldChange {
        field: gone.code.as_str().to_owned(),
        before: gone.message.clone().into(),
        after: Value::Null,
    };
    let reason = match reason(&decision.reason)? {
        "" => "two documents",
        reason => reason,
    };
    let correction = Correction {
        changes: &[change],
        approve: false,
        by: &service.by,
        reason,
        second_approval_from: service.second_approval_from,
    };
    let made = service
        .store
        .settle_not_duplicate(id, other.document_id, &mut new, correction);
    let made = made.await?.ok_or_else(replaced)?;
    Ok(Json(json!({"record": made, "status": new.status})))
}

async fn image(
    State(service): Shared,
    Path((id, index)): Path<(i64, u32)>,
) -> Result<Response, Error> {
    let stored = service.find_page(id, index).await?;
    let texts = service
        .store
        .texts_of_page(stored.document_id, index)
        .await?;
    let paths = service.store.latest_paths(stored.document_id).await?;
    let turns = pages::quarter_turns(&texts);
    let drawn = service.images.jpeg(&stored.blake3, &paths, index, turns);
    let jpeg: Bytes = drawn.await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response())
}

async fn words(
    State(service): Shared,
    Path((id, index)): Path<(i64, u32)>,
) -> Answer<Vec<PageWord>> {
    let stored = service.find_page(id, index).await?;
    let texts = service
        .store
        .texts_of_page(stored.document_id, index)
        .await?;
    Ok(Json(pages::words(&texts)))
}
