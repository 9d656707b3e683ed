//! JSON in requests and answers, errors, and the headers of all answers.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::correction::Refusal;
use crate::domain::Failure;

/// A body of JSON. (axum's own type would change the features of `serde_json` for the whole
/// program.)
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Error::Internal(error.into()).into_response(),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Response;

    /// Rejects other content types than JSON, which a form of another site can send.
    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Response> {
        let given = request.headers().get(header::CONTENT_TYPE);
        if given.is_none_or(|given| given != "application/json") {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(IntoResponse::into_response)?;
        let parsed = serde_json::from_slice(&body);
        parsed.map(Json).map_err(|error| {
            let why = format!("The request cannot be read: {error}.");
            Error::Refused(why).into_response()
        })
    }
}

/// Most characters of a reason.
const MAX_REASON: usize = 500;

pub type Answer<T> = Result<Json<T>, Error>;

/// Why a request failed.
#[derive(Debug)]
pub enum Error {
    /// There is no such record or page.
    Absent(String),
    /// Somebody else has the record, or it was replaced.
    Conflict(String),
    /// The values or the request cannot be used.
    Refused(String),
    Internal(anyhow::Error),
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        // Failures of a file are shown to the person.
        match error.downcast::<Failure>() {
            Ok(failure) => Error::Absent(failure.to_string()),
            Err(error) => Error::Internal(error),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(refusal.to_string())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Error::Absent(message) => (StatusCode::NOT_FOUND, message),
            Error::Conflict(message) => (StatusCode::CONFLICT, message),
            Error::Refused(message) => (StatusCode::UNPROCESSABLE_ENTITY, message),
            Error::Internal(error) => {
                tracing::error!("the review page: {error:#}");
                let message = "The server could not do this; its terminal says why.";
                (StatusCode::INTERNAL_SERVER_ERROR, message.to_owned())
            }
        };
        (status, Json(json!({ "error": message }))).into_response()
    }
}

/// Headers of all answers: only the server's own files and images may be loaded, no site may
/// frame the page, and nothing is cached.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cache-control", "no-store"),
];

pub fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        let name = header::HeaderName::from_static(name);
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Somebody else replaced the record.
pub fn replaced() -> Error {
    Error::Conflict("The record was replaced meanwhile; nothing was changed.".into())
}

/// The trimmed text of a reason.
pub fn reason(text: &str) -> Result<&str, Error> {
    match text.trim() {
        text if text.chars().count() > MAX_REASON => {
            let why = format!("The reason is longer than {MAX_REASON} characters.");
            Err(Error::Refused(why))
        }
        text => Ok(text),
    }
}
