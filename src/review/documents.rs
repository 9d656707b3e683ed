//! Uploading documents, and what became of them. `docmill watch` or a later `docmill run`
//! reads them: this server has no engines.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::task::{block_in_place, spawn_blocking};
use utoipa::{IntoParams, ToSchema};

use super::reply::{Answer, Binary, Error, Json, content_type};
use super::service::Shared;
use crate::domain::Status;
use crate::files::{Upload, UploadError, check_name};
use crate::store::StoredRecord;

/// Content types of documents. Those of forms are not among them: a form wraps the file.
const DOCUMENTS: [&str; 4] = [
    "application/octet-stream",
    "application/pdf",
    "application/xml",
    "text/xml",
];

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Name of the file, without a folder.
    #[param(
        example = "scan.pdf",
        min_length = 1,
        max_length = 200,
        pattern = r"^[^./\\\x00-\x1f\x7f-\x9f][^/\\\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
}

/// A document that was uploaded.
#[derive(Serialize, ToSchema)]
pub struct UploadAnswer {
    /// BLAKE3 of its bytes, hex: the same bytes have the same.
    document: String,
    /// Length in bytes.
    bytes: u64,
    /// Whether the same bytes were uploaded or read before.
    known: bool,
    /// Where to ask what became of it.
    status: String,
}

/// Upload a document
///
/// The body is the file itself. It is stored completely or not at all; `docmill watch` or
/// `docmill run` reads it. 413: it is larger than the setting `limits.max_bytes`.
#[utoipa::path(
    post,
    path = "/api/documents",
    tag = "documents",
    params(UploadQuery),
    request_body(
        content((Binary = "application/octet-stream"), (Binary = "application/pdf"), (Binary = "application/xml"), (Binary = "image/*")),
        description = "The bytes of a PDF, image or e-invoice."
    ),
    responses(
        (status = 201, description = "It was stored.", body = UploadAnswer),
        (status = 200, description = "The same bytes were uploaded before.", body = UploadAnswer),
    )
)]
pub async fn upload_document(
    State(service): Shared,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Error> {
    let Some(uploads) = &service.uploads else {
        let why = "Nothing can be uploaded: `docmill review` was started without --uploads DIR.";
        return Err(Error::Refused(why.to_owned()));
    };
    check_content_type(&headers)?;
    check_name(&query.name)?;
    let max_bytes = service.max_bytes;
    let mut upload = uploads.begin(max_bytes).map_err(UploadError::Io)?;
    if let Err(error) = receive(&mut body, &mut upload).await {
        drop(upload);
        discard(&mut body, max_bytes).await;
        return Err(error);
    }
    let stored = spawn_blocking(move || upload.store(&query.name));
    let stored = stored.await.map_err(anyhow::Error::from)??;
    let was_read = service.store.lookup(&stored.blake3).await?.is_some();
    let status = format!("/api/documents/{}", stored.blake3);
    let code = match stored.is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let answer = Json(UploadAnswer {
        document: stored.blake3,
        bytes: stored.bytes,
        known: !stored.is_new || was_read,
        status: status.clone(),
    });
    Ok((code, [(header::LOCATION, status)], answer).into_response())
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    let given = content_type(headers).unwrap_or(DOCUMENTS[0]);
    match DOCUMENTS.contains(&given) || given.starts_with("image/") {
        true => Ok(()),
        false => Err(Error::MediaType(format!(
            "The content type is {given}: send the file itself as the body (curl --data-binary @FILE), as application/octet-stream."
        ))),
    }
}

/// Writes a body to the upload as it comes.
async fn receive(body: &mut Body, upload: &mut Upload) -> Result<(), Error> {
    while let Some(bytes) = next(body).await? {
        block_in_place(|| upload.write(&bytes))?;
    }
    Ok(())
}

/// Reads at most `most` bytes more. A browser sends all of a file before it looks at the
/// answer, and reports a broken connection where nobody reads it.
async fn discard(body: &mut Body, most: u64) {
    let mut read = 0;
    while let Ok(Some(bytes)) = next(body).await
        && read < most
    {
        read += bytes.len() as u64;
    }
}

/// The next bytes of a body; `None`: it has ended.
async fn next(body: &mut Body) -> Result<Option<Bytes>, Error> {
    let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await else {
        return Ok(None);
    };
    match frame {
        Ok(frame) => Ok(Some(frame.into_data().unwrap_or_default())),
        Err(error) => Err(Error::Malformed(format!(
            "The upload broke off: {error}. Send it again."
        ))),
    }
}

impl From<UploadError> for Error {
    fn from(error: UploadError) -> Error {
        let message = error.to_string();
        match error {
            UploadError::TooLarge(_) => Error::TooLarge(message),
            UploadError::Empty | UploadError::Name(_) => Error::Refused(message),
            UploadError::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                Error::Full(message)
            }
            UploadError::Io(error) => Error::Internal(error.into()),
        }
    }
}

/// How far a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// It was uploaded; no run has taken it in.
    Waiting,
    /// A run could not take it in: `rejected` says why, and what to do.
    Rejected,
    /// Its pages are being read, or wait for it.
    Queued,
    /// It was read: its records are there.
    Read,
}

/// What became of a document.
#[derive(Serialize, ToSchema)]
pub struct DocumentView {
    /// BLAKE3 of its bytes, hex.
    document: String,
    state: DocumentState,
    rejected: Option<Rejection>,
    /// Number of its pages; null until a run has taken it in.
    pages: Option<u32>,
    /// Its current records.
    records: Vec<RecordOfDocument>,
}

#[derive(Serialize, ToSchema)]
struct Rejection {
    /// A code of docs/troubleshooting.md.
    reason: String,
    /// What is wrong, and what to do.
    message: String,
}

#[derive(Serialize, ToSchema)]
struct RecordOfDocument {
    /// Its number.
    record: i64,
    status: Status,
}

/// Ask what became of a document
#[utoipa::path(
    get,
    path = "/api/documents/{document}",
    tag = "documents",
    params(("document" = String, Path, description = "BLAKE3 of its bytes, 64 lower-case hex digits.")),
    responses((status = 200, description = "How far it is.", body = DocumentView))
)]
pub async fn document_status(
    State(service): Shared,
    Path(document): Path<String>,
) -> Answer<DocumentView> {
    if let Some(known) = service.store.document_progress(&document).await? {
        let records = service.store.records_of(known.id).await?;
        let record = |stored: StoredRecord| RecordOfDocument {
            record: stored.id,
            status: stored.record.status,
        };
        return Ok(Json(DocumentView {
            document,
            state: match known.is_open {
                true => DocumentState::Queued,
                false => DocumentState::Read,
            },
            rejected: None,
            pages: Some(known.pages),
            records: records.into_iter().map(record).collect(),
        }));
    }
    let files = match &service.uploads {
        Some(uploads) => uploads.files(&document).map_err(anyhow::Error::from)?,
        None => Vec::new(),
    };
    if files.is_empty() {
        let why = format!("Document {document} was neither uploaded nor read.");
        return Err(Error::Absent(why));
    }
    let mut rejected = None;
    for file in &files {
        let rejection = service.store.rejection_of(file).await?;
        rejected = rejection.or(rejected);
    }
    Ok(Json(DocumentView {
        document,
        state: match rejected {
            Some(_) => DocumentState::Rejected,
            None => DocumentState::Waiting,
        },
        rejected: rejected.map(|row| Rejection {
            reason: row.reason,
            message: row.message,
        }),
        pages: None,
        records: Vec::new(),
    }))
}
