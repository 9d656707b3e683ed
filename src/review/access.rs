//! Who sends a request: the browser of the session, or a program with a token.

use axum::Extension;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::caller::{Caller, CallerKind};
use super::reply::Error;
use super::service::Service;
use super::session::{Denied, Secret, may_change};
use super::sign_in;
use super::tokens::with_token;
use crate::domain::TokenRole;

/// The sender of a request for `/api/`. A token needs neither a session nor its header
/// against CSRF: a browser never sends one by itself.
pub async fn caller(
    service: &Service,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Caller, Error> {
    if headers.contains_key(header::AUTHORIZATION) {
        return program(service, headers).await;
    }
    if let Some(sign_ins) = &service.sign_ins {
        let site = service.session.check_site(method, headers);
        site.map_err(|denied| Error::Forbidden(denied.message().to_owned()))?;
        return sign_in::person(service, sign_ins, headers, may_change(method)).await;
    }
    match service.session.admit(method, path, headers) {
        Ok(()) => Ok(Caller {
            by: service.by.clone(),
            session: service.session.id.clone(),
            kind: CallerKind::Link,
        }),
        Err(Denied::NoSession) => Err(Error::Unauthorized(
            "The request has no token, and its browser has no session.".to_owned(),
        )),
        Err(denied) => Err(Error::Forbidden(denied.message().to_owned())),
    }
}

async fn program(service: &Service, headers: &HeaderMap) -> Result<Caller, Error> {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok()?.split_once(' '));
    let Some(("Bearer" | "bearer", token)) = given else {
        let why = "The header Authorization is not of the form `Bearer TOKEN`.";
        return Err(Error::Unauthorized(why.to_owned()));
    };
    let tokens = service.store.tokens().await?;
    let found = with_token(tokens, |token| &token.hash, token.trim());
    match found.filter(|token| token.revoked_at.is_none()) {
        Some(token) => Ok(Caller {
            // No user name of a system has a colon, so nobody has this name.
            by: format!("token:{}", token.name),
            // A lock lasts for one request: another one of the program may run beside it.
            session: Secret::new()?.as_str().to_owned(),
            kind: CallerKind::Program(token.roles),
        }),
        None => Err(Error::Unauthorized(
            "The token is not known, or was revoked.".to_owned(),
        )),
    }
}

/// Answers a request whose sender has one of the roles. Without any, only the review page
/// is answered.
pub async fn require(
    needed: &[TokenRole],
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let is_of_page = needed.is_empty() && !caller.is_program();
    if is_of_page || caller.has_one_of(needed) {
        return next.run(request).await;
    }
    let names: Vec<_> = needed.iter().map(|role| role.as_str()).collect();
    let why = match &caller.kind {
        CallerKind::User { role, .. } => {
            format!(
                "A {} may not do this: it needs another role.",
                role.as_str()
            )
        }
        _ if names.is_empty() => "This is for the review page alone, not for programs.".to_owned(),
        _ => format!("The token does not have the role {}.", names.join(" or ")),
    };
    Error::Forbidden(why).into_response()
}
