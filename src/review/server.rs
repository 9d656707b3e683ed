//! The server: listens, checks every request and adds headers to every answer.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use super::access::caller;
use super::caller::Caller;
use super::pages::PageImages;
use super::reply::{add_headers, in_one_shape};
use super::service::{ExportSetup, Service};
use super::session::Session;
use super::sign_ins::SignIns;
use super::tls::{Tls, TlsListener};
use super::{description, routes, webhooks};
use crate::config::Settings;
use crate::documents::types::DocTypes;
use crate::files::Uploads;
use crate::outputs::accounts::Accounts;
use crate::store::Store;

/// What a server has beside the settings and the database.
pub struct ServerSetup {
    pub types: DocTypes,
    /// The file accounts.toml, for supplier cards.
    pub accounts: Option<Accounts>,
    /// Name of the person who has the page, for the history.
    pub by: String,
    /// Where uploaded documents go; `None`: nothing can be uploaded.
    pub uploads: Option<Uploads>,
    /// `None`: nothing can be exported.
    pub exports: Option<ExportSetup>,
    /// `None`: nothing is encrypted.
    pub tls: Option<Tls>,
    /// Whether people sign in, instead of one browser that opens the link.
    pub sign_in: bool,
}

pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    service: Arc<Service>,
}

impl Server {
    /// Listens at `address`; port 0 means a free one. `Err` where the address cannot be
    /// used.
    pub async fn bind(
        settings: &Settings,
        store: Store,
        setup: ServerSetup,
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
            types: setup.types,
            images: PageImages::new(settings),
            session: Session::new(address.port(), setup.tls.is_some())?,
            sign_ins: setup.sign_in.then(SignIns::default),
            by: setup.by,
            min_confidence: settings.acceptance.min_confidence,
            sample_share: settings.review.sample_share,
            seeded_share: settings.review.seeded_share,
            second_approval_from: settings.review.second_approval_from,
            accounts: setup.accounts,
            uploads: setup.uploads,
            exports: setup.exports,
            max_bytes: settings.limits.max_bytes,
        };
        Ok(Server {
            listener,
            address,
            tls: setup.tls,
            service: Arc::new(service),
        })
    }

    /// The link that begins the session, or the page at which people sign in.
    pub fn link(&self) -> String {
        let session = &self.service.session;
        let host = match self.tls.as_ref().and_then(|tls| tls.name.as_deref()) {
            Some(name) => format!("{name}:{}", self.address.port()),
            None => self.address.to_string(),
        };
        let path = match self.service.sign_ins {
            Some(_) => "/".to_owned(),
            None => session.entry(),
        };
        format!("{}://{host}{path}", session.scheme())
    }

    /// Answers requests, and sends events to webhooks, until `stop` is ready.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Server {
            listener,
            address,
            tls,
            service,
        } = self;
        let guard = middleware::from_fn_with_state(service.clone(), guard);
        let router = routes::router().layer(guard).with_state(service.clone());
        let serve = async move {
            match tls {
                Some(tls) => {
                    let listener = TlsListener::new(listener, address, &tls);
                    axum::serve(listener, router).await
                }
                None => axum::serve(listener, router).await,
            }
        };
        // Browsers keep connections open, so idle ones are not waited for.
        tokio::select! {
            served = serve => served?,
            () = webhooks::deliver(service.store.clone()) => {}
            () = stop => {}
        }
        let mut sessions = vec![service.session.id.clone()];
        sessions.extend(service.sign_ins.iter().flat_map(SignIns::ids));
        for session in sessions {
            service.store.unlock_reviews(&session).await?;
        }
        service.store.close().await;
        Ok(())
    }
}

async fn guard(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let mut response = match path.strip_prefix("/api/") {
        Some(_) if path == description::PATH => next.run(request).await,
        Some(_) => in_one_shape(answer(&service, request, next).await).await,
        None => page(&service, request, next).await,
    };
    add_headers(response.headers_mut());
    response
}

/// The answer to a request for the page's files.
async fn page(service: &Service, request: Request, next: Next) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let admitted = match service.sign_ins {
        // The files of the page are no secret.
        Some(_) => service.session.check_site(method, request.headers()),
        None => service.session.admit(method, path, request.headers()),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(denied) => {
            tracing::debug!(%method, ?denied, "a request is refused");
            (StatusCode::FORBIDDEN, denied.message()).into_response()
        }
    }
}

/// The answer to a request of the page or of a program.
async fn answer(service: &Service, mut request: Request, next: Next) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let caller: Caller = match caller(service, method, path, request.headers()).await {
        Ok(caller) => caller,
        Err(error) => {
            tracing::debug!(method = %request.method(), ?error, "a request is refused");
            return error.into_response();
        }
    };
    let locks = (caller.is_program() && request.method() != Method::GET).then_some(&caller.session);
    let locks = locks.cloned();
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    if let Some(session) = locks {
        let unlocked = unlock(service.store.clone(), session);
        match response.status() {
            // The database is locked: the answer does not wait for it a second time.
            StatusCode::SERVICE_UNAVAILABLE => drop(tokio::spawn(unlocked)),
            _ => unlocked.await,
        }
    }
    response
}

async fn unlock(store: Store, session: String) {
    if let Err(error) = store.unlock_reviews(&session).await {
        tracing::warn!("the lock of a request is not released before it ends: {error:#}");
    }
}
