//! The server: listens, checks every request and adds headers to every answer.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use super::pages::PageImages;
use super::reply::add_headers;
use super::routes;
use super::service::Service;
use super::session::{Denied, Session};
use crate::config::Settings;
use crate::documents::types::DocTypes;
use crate::outputs::accounts::Accounts;
use crate::store::Store;

pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    service: Arc<Service>,
}

impl Server {
    /// Listens at `address`; port 0 means a free one. `by`: name of the person for the
    /// history; `accounts`: the file accounts.toml, for supplier cards. `Err` where the address cannot be used.
    pub async fn bind(
        settings: &Settings,
        store: Store,
        types: DocTypes,
        accounts: Option<Accounts>,
        by: String,
        address: SocketAddr,
    ) -> anyhow::Result<Server> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| {
            format!(
                "cannot listen at {address}: choose another port with --port, or 0 for a free one"
            )
        })?;
        let address = listener.local_addr()?;
        let service = Service {
            store,
            types,
            images: PageImages::new(settings),
            session: Session::new(address.port())?,
            by,
            min_confidence: settings.acceptance.min_confidence,
            sample_share: settings.review.sample_share,
            second_approval_from: settings.review.second_approval_from,
            accounts,
        };
        Ok(Server {
            listener,
            address,
            service: Arc::new(service),
        })
    }

    /// The link that begins the session.
    pub fn link(&self) -> String {
        format!("http://{}{}", self.address, self.service.session.entry())
    }

    /// Answers requests until `stop` is ready.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let service = self.service;
        let guard = middleware::from_fn_with_state(service.clone(), guard);
        let router = routes::router().layer(guard).with_state(service.clone());
        // Browsers keep connections open, so idle ones are not waited for.
        let server = axum::serve(self.listener, router);
        tokio::select! {
            served = async { server.await } => served?,
            () = stop => {}
        }
        service.store.unlock_reviews(&service.session.id).await?;
        service.store.close().await;
        Ok(())
    }
}

async fn guard(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let admitted = service.session.admit(method, path, request.headers());
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(denied) => denied_response(method, denied),
    };
    add_headers(response.headers_mut());
    response
}

fn denied_response(method: &Method, denied: Denied) -> Response {
    tracing::debug!(%method, ?denied, "a request is refused");
    (StatusCode::FORBIDDEN, denied.message()).into_response()
}
