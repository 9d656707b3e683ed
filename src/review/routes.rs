//! The routes: the files of the page, and the API. Requests name records and pages by
//! number and documents by hash, so no path comes from a request.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, CallerKind};
use super::description::{self, Description, for_roles};
use super::queue::{self, Queue};
use super::reply::{Answer, Empty, Json, MAX_REQUEST};
use super::service::{Service, Shared};
use super::{assets, changes, decide, documents, exports, record, rows, seeded, sign_in};
use crate::domain::TokenRole::{Export, Read, Review, Upload};
use crate::domain::UserRole;
use crate::store::AcceptedToo;

pub fn router() -> Router<Arc<Service>> {
    let (api, described) = api().split_for_parts();
    Router::new()
        .route("/", get(index))
        .route("/enter/{token}", get(enter))
        .route(sign_in::PATH, post(sign_in::sign_in))
        .route("/assets/{name}", get(asset))
        .merge(api)
        .layer(Extension(Description::of(&described)))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
}

/// The routes below `/api/`, with their description.
fn api() -> OpenApiRouter<Arc<Service>> {
    let page = OpenApiRouter::new()
        .routes(routes!(begin_session))
        .routes(routes!(sign_in::sign_out))
        .routes(routes!(release_locks))
        .routes(routes!(record::lock_record));
    let read = OpenApiRouter::new()
        .routes(routes!(read_queue))
        .routes(routes!(rows::list_records))
        .routes(routes!(rows::fetch_record))
        .routes(routes!(exports::list_batches))
        .routes(routes!(exports::fetch_batch))
        .routes(routes!(exports::fetch_batch_file))
        .routes(routes!(record::fetch_review))
        .routes(routes!(record::page_image))
        .routes(routes!(record::page_words));
    let upload = OpenApiRouter::new().routes(routes!(documents::upload_document));
    let status = OpenApiRouter::new().routes(routes!(documents::document_status));
    let export = OpenApiRouter::new().routes(routes!(exports::export_bills));
    let review = OpenApiRouter::new()
        .routes(routes!(record::check_edits))
        .routes(routes!(changes::correct_record))
        .routes(routes!(changes::correct_others))
        .routes(routes!(changes::not_duplicate))
        .routes(routes!(decide::decide_record))
        .routes(routes!(decide::read_again));
    OpenApiRouter::with_openapi(description::head())
        .routes(routes!(description::describe))
        .merge(for_roles(page, &[]))
        .merge(for_roles(read, &[Read]))
        .merge(for_roles(review, &[Review]))
        .merge(for_roles(export, &[Export]))
        .merge(for_roles(upload, &[Upload]))
        .merge(for_roles(status, &[Upload, Read]))
}

/// The page, or the one to sign in.
async fn index(State(service): Shared, headers: HeaderMap) -> Response {
    let sign_ins = service.sign_ins.as_ref();
    match sign_ins.is_some_and(|known| !known.is_signed_in(&service.session, &headers)) {
        true => asset_response(&assets::SIGN_IN),
        false => asset_response(&assets::INDEX),
    }
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
async fn enter(State(service): Shared, Path(token): Path<String>, headers: HeaderMap) -> Response {
    if service.session.is_entered(&headers) {
        return Redirect::to("/").into_response();
    }
    match service.session.enter(&token) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        Err(denied) => (StatusCode::FORBIDDEN, denied.message()).into_response(),
    }
}

/// What the page needs to begin.
#[derive(Serialize, ToSchema)]
struct SessionView {
    user: String,
    /// Null: the browser opened the link, and may do everything.
    role: Option<UserRole>,
    /// Value of the header X-Docmill-Csrf.
    csrf: String,
    /// The document types that are read.
    types: Vec<String>,
    /// Whether documents can be uploaded.
    uploads: bool,
}

/// Begin the page
#[utoipa::path(
    get,
    path = "/api/session",
    tag = "page",
    responses((status = 200, description = "The session.", body = SessionView))
)]
async fn begin_session(
    State(service): Shared,
    Extension(caller): Extension<Caller>,
) -> Json<SessionView> {
    let (role, csrf) = match &caller.kind {
        CallerKind::User { role, csrf } => (Some(*role), csrf.clone()),
        _ => (None, service.session.csrf.as_str().to_owned()),
    };
    let may_upload = caller.has_one_of(&[Upload]);
    let types = service.types.readable().map(|known| known.name.clone());
    Json(SessionView {
        user: caller.by,
        role,
        csrf,
        types: types.collect(),
        uploads: service.uploads.is_some() && may_upload,
    })
}

/// List the records that need review, in the order in which to review them
///
/// The first 500 are listed, by supplier. `GET /api/records` lists all, in pages.
#[utoipa::path(
    get,
    path = "/api/queue",
    tag = "records",
    responses((status = 200, description = "The queue.", body = Queue))
)]
async fn read_queue(State(service): Shared, Extension(caller): Extension<Caller>) -> Answer<Queue> {
    let today = jiff::Zoned::now().date();
    let too = AcceptedToo {
        sample_share: service.sample_share,
        with_seeded: !caller.is_program() && service.seed_errors(today).await?,
    };
    let mut waiting = service
        .store
        .review_queue(today, too, Some(queue::MOST))
        .await?;
    if too.with_seeded {
        let errors = service.store.seeded_errors().await?;
        seeded::show_in_queue(&mut waiting, &errors);
    }
    let postponed = service.store.postponed(today).await?;
    let locks = service.store.review_locks(&caller.session).await?;
    Ok(Json(Queue {
        postponed,
        to_read: service.store.to_read_again().await?,
        seeded: service.store.seeded_counts().await?,
        ..queue::queue(waiting, &locks)
    }))
}

/// Release the page's locks
#[utoipa::path(
    post,
    path = "/api/unlock",
    tag = "page",
    responses((status = 200, description = "Released.", body = Empty))
)]
async fn release_locks(
    State(service): Shared,
    Extension(caller): Extension<Caller>,
) -> Answer<Empty> {
    service.store.unlock_reviews(&caller.session).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_of_the_api_is_described() {
        let (_, described) = api().split_for_parts();
        let described: BTreeSet<&str> = described.paths.paths.keys().map(String::as_str).collect();
        // axum lists its routes in this form alone.
        let routes = format!("{:?}", router());
        let routes: BTreeSet<&str> = routes
            .split('"')
            .filter(|text| text.starts_with("/api"))
            .collect();
        assert!(described.len() > 10, "{described:?}");
        assert_eq!(routes, described);
    }
}
