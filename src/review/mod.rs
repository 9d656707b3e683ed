//! The review page: an HTTP server that shows a person the records that need
//! one, each with its pages, and stores what the person decides.
//!
//! [`correction`] is the only way in which values change, here and on the command
//! line. [`session`] decides who is answered, `queue` what comes next, `view` how
//! a record is shown; `routes` answers by `service`, and `assets` are the files of
//! the page.

mod assets;
pub mod correction;
mod pages;
mod queue;
mod reply;
mod routes;
mod server;
mod service;
mod session;
mod view;

pub use server::Server;
