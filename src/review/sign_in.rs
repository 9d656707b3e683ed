//! Signing in: each person has a token (`docmill users add`) and a session of their own.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::caller::{Caller, CallerKind};
use super::reply::{Answer, Empty, Error, Json};
use super::service::{Service, Shared};
use super::session::{CSRF_HEADER, hash_of};
use super::sign_ins::SignIns;
use crate::store::UserRow;

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
    let users = service.store.users().await?;
    let is_it = |user: &UserRow| user.name == found.name && user.hash == found.token;
    let Some(user) = users.into_iter().find(is_it) else {
        sign_ins.end(&found.id);
        return Err(signed_out());
    };
    let csrf = headers.get(CSRF_HEADER).map(|value| value.as_bytes());
    let is_own = csrf.is_some_and(|csrf| blake3::hash(csrf) == hash_of(&found.csrf));
    if changes && !is_own {
        let why = "This request does not come from the review page. Load the page again.";
        return Err(Error::Forbidden(why.to_owned()));
    }
    Ok(Caller {
        by: user.name,
        session: found.id,
        kind: CallerKind::User {
            role: user.role,
            csrf: found.csrf,
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
    let given = hash_of(request.token.trim());
    let users = service.store.users().await?.into_iter();
    // All hashes are compared, and each in constant time.
    let mut fitting: Vec<UserRow> = users
        .filter(|user| blake3::Hash::from_hex(&user.hash).is_ok_and(|hash| hash == given))
        .collect();
    let Some(user) = fitting.pop() else {
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
