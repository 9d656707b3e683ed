//! The review page and the API: an HTTP server that shows the records that need review with
//! their pages, and stores what people and programs decide.
//!
//! [`correction`] changes values and [`decision`] sets records aside, here and on the
//! command line. `session`, `sign_in`, `sign_ins`, `tokens` and `access` decide which
//! requests are answered, `queue` the order of records; `seeded` shows some with an error,
//! `tls` encrypts, `webhooks` sends events, `view` is how a record is shown. `routes` has the
//! routes, whose handlers answer through `service`; `description` describes them, and
//! `assets` are the files of the page.

mod access;
mod assets;
mod caller;
mod changes;
pub mod correction;
mod decide;
pub mod decision;
mod description;
mod documents;
mod exports;
pub mod others;
mod pages;
mod queue;
mod record;
mod reply;
mod routes;
mod rows;
mod seeded;
mod server;
mod service;
mod session;
mod sign_in;
mod sign_ins;
pub mod supplier;
mod tls;
mod tokens;
mod view;
pub mod webhooks;

pub use queue::{by_urgency, queue_reason};
pub use server::{Server, ServerSetup};
pub use service::ExportSetup;
pub use tls::Tls;
pub use tokens::new_token;
