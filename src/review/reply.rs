//! JSON in requests and answers, errors, and the headers of all answers.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::correction::Refusal;
use crate::domain::Failure;
use crate::store::{DbErrorKind, SeededValue};

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
        if content_type(request.headers()) != Some("application/json") {
            let why = "The content type is not application/json.".to_owned();
            return Err(Error::MediaType(why).into_response());
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(IntoResponse::into_response)?;
        let parsed = serde_json::from_slice(&body);
        parsed.map(Json).map_err(|error: serde_json::Error| {
            let why = format!("The request does not fit the description: {error}.");
            Error::Malformed(why).into_response()
        })
    }
}

/// The content type without its parameters.
pub fn content_type(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    given.split(';').next().map(str::trim)
}

/// Most bytes of a request of JSON: a record of 200 lines takes about 50 KiB.
pub const MAX_REQUEST: usize = 1 << 20;

/// Most characters of a reason.
const MAX_REASON: usize = 500;

pub type Answer<T> = Result<Json<T>, Error>;

/// An answer that says nothing but that it was done.
#[derive(Serialize, ToSchema)]
pub struct Empty {}

/// What was done, in words.
#[derive(Serialize, ToSchema)]
pub struct Done {
    pub done: String,
}

/// In the description of the API: the bytes of a file.
pub struct Binary;

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a file."))
            .into()
    }
}

impl ToSchema for Binary {}

/// Why a request failed.
#[derive(Debug)]
pub enum Error {
    /// It has no valid token or session.
    Unauthorized(String),
    /// Its sender may not do this.
    Forbidden(String),
    /// There is no such record, page, document or batch.
    Absent(String),
    /// The record was replaced by these.
    Replaced(i64, Vec<i64>),
    /// Somebody else has the record, or it was replaced.
    Conflict(String),
    /// The page showed the record with a seeded error; nothing was decided.
    Seeded(String),
    /// The request does not fit the description of the API.
    Malformed(String),
    MediaType(String),
    TooLarge(String),
    /// The request fits the description and cannot be done.
    Refused(String),
    /// Another process writes to the database.
    Busy,
    /// The disk is full.
    Full(String),
    Internal(anyhow::Error),
}

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the request does not fit this description: no JSON, an unknown field or word,
    /// a wrong parameter.
    BadRequest,
    /// 401: no valid token.
    Unauthorized,
    /// 403: the token lacks the role.
    Forbidden,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 409: somebody else has the record, or it was replaced.
    Conflict,
    /// 409, to the review page alone: it showed the record with a seeded error.
    SeededError,
    /// 413
    TooLarge,
    /// 415
    UnsupportedMediaType,
    /// 422: the request fits this description and cannot be done.
    Refused,
    /// 503: another program writes to the database. `Retry-After` has seconds.
    Busy,
    /// 507: the server's disk is full.
    Full,
    /// 500: the server's log says why.
    Internal,
}

/// The body of every answer that is an error.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    code: ErrorCode,
    /// What happened.
    message: String,
    /// What to do.
    remedy: &'static str,
    /// With `not_found`: the current records in place of the one asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replaced_by: Vec<i64>,
}

impl ErrorCode {
    fn of_status(status: StatusCode) -> ErrorCode {
        match status {
            StatusCode::UNAUTHORIZED => ErrorCode::Unauthorized,
            StatusCode::FORBIDDEN => ErrorCode::Forbidden,
            StatusCode::NOT_FOUND => ErrorCode::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
            StatusCode::CONFLICT => ErrorCode::Conflict,
            StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => ErrorCode::Refused,
            StatusCode::SERVICE_UNAVAILABLE => ErrorCode::Busy,
            StatusCode::INSUFFICIENT_STORAGE => ErrorCode::Full,
            status if status.is_server_error() => ErrorCode::Internal,
            _ => ErrorCode::BadRequest,
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            ErrorCode::BadRequest => "Correct the request: /api/openapi.json describes it.",
            ErrorCode::Unauthorized => {
                "Send the header `Authorization: Bearer TOKEN`; `docmill tokens add` makes a token."
            }
            ErrorCode::Forbidden => "Use a token with the role that /api/openapi.json names.",
            ErrorCode::NotFound => "Ask for what there is: GET /api/records or /api/exports.",
            ErrorCode::MethodNotAllowed => "Use a method that /api/openapi.json has for this path.",
            ErrorCode::Conflict | ErrorCode::SeededError => {
                "Fetch the record again, then decide anew."
            }
            ErrorCode::TooLarge => "Send less, or raise the setting that the message names.",
            ErrorCode::UnsupportedMediaType => {
                "Send the content type that /api/openapi.json has for this path."
            }
            ErrorCode::Refused => "Change what the message names, and send the request again.",
            ErrorCode::Busy => "Send the same request again after the seconds of `Retry-After`.",
            ErrorCode::Full => "Free space on the server's disk, then send the request again.",
            ErrorCode::Internal => "Look at the server's terminal or log, then try again.",
        }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        // Failures of a file are shown to the person.
        match error.downcast::<Failure>() {
            Ok(failure) => Error::Absent(failure.to_string()),
            Err(error) => match error.downcast::<Refusal>() {
                Ok(refusal) => refusal.into(),
                Err(error) if error.is::<SeededValue>() => {
                    Error::Conflict(format!("Nothing was changed: {error}."))
                }
                Err(error) => of_database(error),
            },
        }
    }
}

fn of_database(error: anyhow::Error) -> Error {
    match DbErrorKind::of(&error) {
        Some(DbErrorKind::Locked | DbErrorKind::RunActive) => {
            tracing::warn!("a request is refused: {error:#}");
            Error::Busy
        }
        Some(DbErrorKind::DiskFull) => {
            tracing::error!("the database cannot be written: {error:#}");
            let why = "The server's disk is full; nothing was changed.";
            Error::Full(why.to_owned())
        }
        _ => Error::Internal(error),
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(format!("The record stays as it is: {refusal}."))
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Error::Unauthorized(message) => (StatusCode::UNAUTHORIZED, message),
            Error::Forbidden(message) => (StatusCode::FORBIDDEN, message),
            Error::Absent(message) => (StatusCode::NOT_FOUND, message),
            Error::Replaced(id, by) => return replaced_response(id, by),
            Error::Conflict(message) => (StatusCode::CONFLICT, message),
            Error::Seeded(message) => {
                let status = StatusCode::CONFLICT;
                return coded_response(status, ErrorCode::SeededError, message);
            }
            Error::Malformed(message) => (StatusCode::BAD_REQUEST, message),
            Error::MediaType(message) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, message),
            Error::TooLarge(message) => (StatusCode::PAYLOAD_TOO_LARGE, message),
            Error::Refused(message) => (StatusCode::UNPROCESSABLE_ENTITY, message),
            Error::Busy => {
                let message = "Another program writes to the database; nothing was changed.";
                (StatusCode::SERVICE_UNAVAILABLE, message.to_owned())
            }
            Error::Full(message) => (StatusCode::INSUFFICIENT_STORAGE, message),
            Error::Internal(error) => {
                tracing::error!("the review page: {error:#}");
                let message = "The server could not do this; its terminal says why.";
                (StatusCode::INTERNAL_SERVER_ERROR, message.to_owned())
            }
        };
        error_response(status, message)
    }
}

fn error_response(status: StatusCode, message: String) -> Response {
    coded_response(status, ErrorCode::of_status(status), message)
}

fn coded_response(status: StatusCode, code: ErrorCode, message: String) -> Response {
    let body = ErrorBody {
        code,
        message,
        remedy: code.remedy(),
        replaced_by: Vec::new(),
    };
    let mut response = (status, Json(body)).into_response();
    let header = match status {
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
        StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, RETRY_AFTER)),
        _ => None,
    };
    if let Some((name, value)) = header {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn replaced_response(id: i64, replaced_by: Vec<i64>) -> Response {
    let current: Vec<String> = replaced_by.iter().map(i64::to_string).collect();
    let body = ErrorBody {
        code: ErrorCode::NotFound,
        message: format!("Record {id} was replaced by {}.", current.join(" and ")),
        remedy: "Use the records of `replaced_by`.",
        replaced_by,
    };
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

/// Seconds after which a request may succeed that found the database locked. The server
/// itself has waited before it answers.
const RETRY_AFTER: &str = "5";

/// Most bytes of a rejection's text.
const MAX_TEXT: usize = 1 << 12;

/// The answer; an error that has another body than [`ErrorBody`] gets one. axum's own
/// rejections are plain text.
pub async fn in_one_shape(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || content_type(response.headers()) == Some("application/json") {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, MAX_TEXT).await.unwrap_or_default();
    let message = match status {
        StatusCode::NOT_FOUND => "There is nothing at this path.".to_owned(),
        StatusCode::METHOD_NOT_ALLOWED => "This path does not take this method.".to_owned(),
        StatusCode::PAYLOAD_TOO_LARGE => format!("The request is larger than {MAX_REQUEST} bytes."),
        _ => format!("{}.", String::from_utf8_lossy(&text).trim_end_matches('.')),
    };
    let mut shaped = error_response(status, message);
    if let Some(allowed) = parts.headers.get(header::ALLOW) {
        shaped.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    shaped
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
