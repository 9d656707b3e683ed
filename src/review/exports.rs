//! Exports for accounting programs through the export ledger, as `docmill export --target`
//! makes them.

use anyhow::anyhow;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::reply::{Answer, Binary, Error, Json};
use super::service::{Service, Shared};
use crate::outputs::accounts::{
    self, Accounts, BatchView, ExportOrder, ExportView, TargetName, sha256,
};
use crate::store::BatchRow;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportRequest {
    target: TargetName,
    /// Whether each bill's source file is put beside them, in the folder of the server.
    #[serde(default)]
    with_documents: bool,
}

/// Export the accepted bills that a target does not have yet
///
/// Enters them in the export ledger: no later export has them again. An export that was
/// interrupted is finished by the next one, which lists it under `finished`.
#[utoipa::path(
    post,
    path = "/api/exports",
    tag = "exports",
    responses(
        (status = 201, description = "A batch was made.", body = ExportView),
        (status = 200, description = "There was nothing to export.", body = ExportView),
    )
)]
pub async fn export_bills(
    State(service): Shared,
    Extension(caller): Extension<Caller>,
    Json(request): Json<ExportRequest>,
) -> Result<Response, Error> {
    let Some(setup) = &service.exports else {
        let why = "Nothing can be exported: `docmill review` was started without --exports DIR.";
        return Err(Error::Refused(why.to_owned()));
    };
    let _only_one = setup.one_at_a_time.lock().await;
    // Read anew: a supplier that was held may be in it by now.
    let accounts = Accounts::read(setup.accounts.as_deref()).map_err(Error::Refused)?;
    let order = ExportOrder {
        target: request.target,
        accounts: accounts.unwrap_or_default(),
        with_documents: request.with_documents,
        by: &caller.by,
        folder: &setup.folder,
    };
    let outcome = accounts::export(&service.store, order).await?;
    let answer = Json(ExportView::of(&outcome));
    Ok(match &outcome.batch {
        Some(batch) => {
            let place = format!("/api/exports/{}", batch.id);
            (StatusCode::CREATED, [(header::LOCATION, place)], answer).into_response()
        }
        None => answer.into_response(),
    })
}

/// List the batches, oldest first
#[utoipa::path(
    get,
    path = "/api/exports",
    tag = "exports",
    responses((status = 200, description = "The batches.", body = Vec<BatchView>))
)]
pub async fn list_batches(State(service): Shared) -> Answer<Vec<BatchView>> {
    let batches = service.store.batches().await?;
    Ok(Json(batches.iter().map(BatchView::of).collect()))
}

/// Fetch a batch
#[utoipa::path(
    get,
    path = "/api/exports/{batch}",
    tag = "exports",
    params(("batch" = i64, Path, description = "Number of the batch.")),
    responses((status = 200, description = "The batch.", body = BatchView))
)]
pub async fn fetch_batch(State(service): Shared, Path(batch): Path<i64>) -> Answer<BatchView> {
    Ok(Json(BatchView::of(&find(&service, batch).await?)))
}

/// Fetch a file of a batch, again and again with the same bytes
#[utoipa::path(
    get,
    path = "/api/exports/{batch}/files/{name}",
    tag = "exports",
    params(
        ("batch" = i64, Path, description = "Number of the batch."),
        ("name" = String, Path, description = "One of its `files`."),
    ),
    responses((
        status = 200,
        description = "The file.",
        body = Binary,
        content_type = "application/octet-stream"
    ))
)]
pub async fn fetch_batch_file(
    State(service): Shared,
    Path((batch, name)): Path<(i64, String)>,
) -> Result<Response, Error> {
    let row = find(&service, batch).await?;
    if row.is_forgotten {
        let why = format!("A document of batch {batch} was forgotten, and its files with it.");
        return Err(Error::Absent(why));
    }
    let mut files = service.store.batch_files(batch).await?.into_iter();
    let Some(file) = files.find(|file| file.name == name) else {
        let names = row.files.lines().collect::<Vec<_>>().join(", ");
        let why = format!("Batch {batch} has no such file; it has {names}.");
        return Err(Error::Absent(why));
    };
    if sha256(&file.bytes) != file.sha256 {
        return Err(Error::Internal(anyhow!(
            "the stored content of {} is damaged: it was not sent. `docmill export reverse {batch}` lets its bills be exported again",
            file.name
        )));
    }
    let media_type = (header::CONTENT_TYPE, "application/octet-stream");
    Ok(([media_type], file.bytes).into_response())
}

async fn find(service: &Service, batch: i64) -> Result<BatchRow, Error> {
    let row = service.store.batch(batch).await?;
    row.ok_or_else(|| Error::Absent(format!("There is no batch {batch}.")))
}
