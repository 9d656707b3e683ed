//! The archive of everything that was read: finds pages by words and by example, and groups
//! captures of one document.
//!
//! [`entries`] and [`look`] make the index of a page while a run stores it; [`Query`],
//! [`search`] and [`similar`] find pages and give reasons; [`duplicates`] groups captures of
//! one document, [`update_layouts`] pages of one layout.

mod duplicates;
mod index;
mod layouts;
mod look;
mod query;
mod search;
mod shingles;
mod similar;
mod terms;

pub use duplicates::{CapturedRecord, Duplicates, Group, SameBy, UndecidedPair, duplicates};
pub use index::{entries, merged};
pub use layouts::update_layouts;
pub use look::look;
pub use query::Query;
pub use search::{FoundIn, RankedPage, Ranks, SearchRequest, TextVector, Why, search};
pub use similar::{Example, Neighbours, similar};

#[cfg(test)]
mod store_tests;
