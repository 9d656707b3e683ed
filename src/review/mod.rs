//! The review page: an HTTP server that shows the records that need review with their
//! pages, and stores a person's decisions.
//!
//! [`correction`] changes values and [`decision`] sets records aside, here and on the
//! command line. [`session`] decides which requests are answered, `queue` the order of
//! records, `view` how a record is shown; `routes` answers requests through `service`,
//! and `assets` are the files of the page.

mod assets;
pub mod correction;
mod decide;
pub mod decision;
mod pages;
mod queue;
mod reply;
mod routes;
mod server;
mod service;
mod session;
pub mod supplier;
mod view;

pub use queue::{by_urgency, queue_reason};
pub use server::Server;
