//! Signing in: each person has a token (`docmill users add`) and a session of their own.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::caller::{Caller, CallerKind};
use super::reply::{Answer, Empty, Error, Json};
use super::service::{Service, Shared};
use super::session::Denied;
use super::sign_ins::SignIns;
use super::tokens::with_token;

/// Path to which a browser sends its person's token.
pub const PATH: &str = "/sign-in";

/// The person who sends a request with a session. `changes`: whether it may change
/// something.
pub async fn person(
    service: &Service,
    sign_ins: &SignIns,
    headers: &HeaderMap,
    changes: bool,
) -> Result<Caller, Error> {
    let signed_out = || {
        let why = "Nobody is signed in here: load the page again.";
        Error::Unauthorized(why.to_owned())
    };
    let found = sign_ins.find(&service.session, headers);
    let found = found.ok_or_else(signed_out)?;
    let user = service.store.user(&found.name).await?;
    let Some(user) = user.filter(|user| user.hash == found.token) else {
        sign_ins.end(&found.id);
        return Err(signed_out());
    };
    if changes && !found.csrf.is_csrf_of(headers) {
        return Err(Error::Forbidden(Denied::Csrf.message().to_owned()));
    }
    Ok(Caller {
        by: user.name,
        session: found.id,
        kind: CallerKind::User {
            role: user.role,
            csrf: found.csrf.as_str().to_owned(),
        },
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    token: String,
}

/// Begins the session of the person whose token it is.
pub async fn sign_in(
    State(service): Shared,
    Json(request): Json<SignInRequest>,
) -> Result<Response, Error> {
    let Some(sign_ins) = &service.sign_ins else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let users = service.store.users().await?;
    let Some(user) = with_token(users, |user| &user.hash, request.token.trim()) else {
        tracing::warn!("somebody tried to sign in with a token that is not known");
        let why = "This token is not known. `docmill users add` makes a new one.";
        return Err(Error::Unauthorized(why.to_owned()));
    };
    tracing::info!(name = user.name, "signed in");
    let cookie = service.session.cookie(&sign_ins.begin(user)?);
    Ok(([(header::SET_COOKIE, cookie)], Json(Empty {})).into_response())
}

/// End the session
#[utoipa::path(
    post,
    path = "/api/sign-out",
    tag = "page",
    responses((status = 200, description = "The session has ended.", body = Empty))
)]
pub async fn sign_out(
    State(service): Shared,
    Extension(caller): Extension<Caller>,
) -> Answer<Empty> {
    service.store.unlock_reviews(&caller.session).await?;
    if let Some(sign_ins) = &service.sign_ins {
        sign_ins.end(&caller.session);
    }
    Ok(Json(Empty {}))
}
