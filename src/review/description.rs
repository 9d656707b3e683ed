//! The description of the API (OpenAPI 3.1), made of the types that the routes take and
//! return.

use std::sync::Arc;

use axum::Extension;
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref,
    ResponseBuilder,
};
use utoipa_axum::router::OpenApiRouter;

use super::access;
use super::caller::Caller;
use super::reply::{ErrorBody, ErrorCode};
use super::service::Service;
use crate::domain::TokenRole;

/// Path of the description.
pub const PATH: &str = "/api/openapi.json";

const ABOUT: &str = "Upload documents, follow them, fetch and correct records, export bills. \
    docs/api.md has examples. Every error has the body `ErrorBody`.";

/// The description as JSON.
#[derive(Clone)]
pub struct Description(Arc<str>);

impl Description {
    pub fn of(api: &OpenApi) -> Description {
        let text = serde_json::to_string(api);
        Description(text.expect("texts and lists are valid JSON").into())
    }
}

/// The description without routes.
pub fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("docmill")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(
            LicenseBuilder::new()
                .name(env!("CARGO_PKG_LICENSE"))
                .identifier(Some(env!("CARGO_PKG_LICENSE")))
                .build(),
        ));
    let error = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody")));
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of `docmill tokens add`, with its roles."));
    let session = ApiKeyValue::with_description(
        "docmill_review_PORT",
        "The session of the review page. Changes also need the header X-Docmill-Csrf.",
    );
    let components = ComponentsBuilder::new()
        .schema_from::<ErrorBody>()
        .schema_from::<ErrorCode>()
        .response(
            "Error",
            ResponseBuilder::new()
                .description("The request failed.")
                .content("application/json", error.build()),
        )
        .security_scheme("token", SecurityScheme::Http(token.build()))
        .security_scheme("page", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components.build()))
        .build()
}

/// Routes for senders with one of these roles, and for the review page; without any, for
/// the page alone. Their description says so.
pub fn for_roles(
    mut routes: OpenApiRouter<Arc<Service>>,
    needed: &'static [TokenRole],
) -> OpenApiRouter<Arc<Service>> {
    let token = |role: &TokenRole| SecurityRequirement::new("token", [role.as_str()]);
    let page = SecurityRequirement::new("page", [""; 0]);
    let security: Vec<_> = needed.iter().map(token).chain([page]).collect();
    let paths = routes.get_openapi_mut().paths.paths.values_mut();
    let operations = paths.flat_map(|item| [&mut item.get, &mut item.post]);
    for operation in operations.flatten() {
        operation.security = Some(security.clone());
        let error = Ref::from_response_name("Error");
        let responses = &mut operation.responses.responses;
        responses.insert("default".to_owned(), error.into());
    }
    routes.route_layer(middleware::from_fn(
        move |caller: Extension<Caller>, request, next: Next| {
            access::require(needed, caller, request, next)
        },
    ))
}

/// This description
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "api",
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value))
)]
pub async fn describe(Extension(Description(text)): Extension<Description>) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        text.to_string(),
    )
        .into_response()
}
