//! One record as the review page shows it, and its pages.

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::correction::{self, Edits};
use super::pages::{self, PageWord};
use super::queue::file_name;
use super::reply::{Answer, Binary, Empty, Error, Json};
use super::service::{Change, Duplicate, Shared};
use super::supplier::CardView;
use super::view::{Checked, checked};
use crate::domain::{Decision, Source, TokenRole};
use crate::store::StoredRecord;

/// A record with everything that its page shows.
#[derive(Serialize, ToSchema)]
pub struct RecordView {
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

/// Fetch a record as the review page shows it: states, reasons, history
#[utoipa::path(
    get,
    path = "/api/records/{id}/review",
    tag = "records",
    params(("id" = i64, Path, description = "Number of the record.")),
    responses((status = 200, description = "The record.", body = RecordView))
)]
pub async fn fetch_review(
    State(service): Shared,
    Path(id): Path<i64>,
    Extension(caller): Extension<Caller>,
) -> Answer<RecordView> {
    let (stored, seeded) = service.find_shown(id, &caller).await?;
    let doc_type = correction::type_of(&service.types, &stored.record);
    let history = service
        .history(doc_type.as_ref().ok().copied(), &stored)
        .await?;
    let aside = aside(&stored, &history);
    let fixed = match (&doc_type, stored.record.source) {
        _ if !caller.has_one_of(&[TokenRole::Review]) => Some("your role is to look".to_owned()),
        (Err(refusal), _) => Some(refusal.to_string()),
        (Ok(_), Source::EmbeddedXml) => Some(correction::Refusal::EInvoice.to_string()),
        (Ok(_), Source::Model) if stored.record.status.is_set_aside() => {
            Some("open the record again first".to_owned())
        }
        (Ok(_), Source::Model) => None,
    };
    let doc_type = doc_type.ok();
    let mut read = match doc_type {
        Some(doc_type) => service.read_values(doc_type, &stored).await?,
        None => BTreeMap::new(),
    };
    if let Some(seeded) = seeded {
        read.remove(&seeded.field);
    }
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

/// Take or renew the lock on a record
#[utoipa::path(
    post,
    path = "/api/records/{id}/lock",
    tag = "page",
    params(("id" = i64, Path, description = "Number of the record.")),
    responses((status = 200, description = "Nobody else changes it for two minutes.", body = Empty))
)]
pub async fn lock_record(
    State(service): Shared,
    Path(id): Path<i64>,
    Extension(caller): Extension<Caller>,
) -> Answer<Empty> {
    service.find(id).await?;
    // Whoever only looks keeps nobody out.
    if caller.has_one_of(&[TokenRole::Review]) {
        service.lock(id, &caller).await?;
    }
    Ok(Json(Empty {}))
}

/// Check edits of a record without storing them
#[utoipa::path(
    post,
    path = "/api/records/{id}/check",
    tag = "review",
    params(("id" = i64, Path, description = "Number of the record.")),
    responses((status = 200, description = "The record with these edits.", body = Checked))
)]
pub async fn check_edits(
    State(service): Shared,
    Path(id): Path<i64>,
    Extension(caller): Extension<Caller>,
    Json(edits): Json<Edits>,
) -> Answer<Checked> {
    let (stored, _) = service.find_shown(id, &caller).await?;
    let (doc_type, corrected) = service.apply(&stored, &edits)?;
    Ok(Json(service.view(doc_type, &corrected)))
}

/// Fetch the image of a page
#[utoipa::path(
    get,
    path = "/api/records/{id}/pages/{index}/image",
    tag = "records",
    params(
        ("id" = i64, Path, description = "Number of the record."),
        ("index" = u32, Path, description = "Index of the page in its document, from 0."),
    ),
    responses((
        status = 200,
        description = "The upright page, 1600 pixels wide.",
        body = Binary,
        content_type = "image/jpeg"
    ))
)]
pub async fn page_image(
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

/// Fetch the words of a page with their places
#[utoipa::path(
    get,
    path = "/api/records/{id}/pages/{index}/words",
    tag = "records",
    params(
        ("id" = i64, Path, description = "Number of the record."),
        ("index" = u32, Path, description = "Index of the page in its document, from 0."),
    ),
    responses((status = 200, description = "The words.", body = Vec<PageWord>))
)]
pub async fn page_words(
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
