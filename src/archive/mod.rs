//! Everything that was ever read, as an archive: pages are found by words and
//! by example, and captures of one document are found together.
//!
//! [`entries`] and [`look`] make what a page is found by, while a run stores it;
//! [`Query`], [`search`] and [`similar`] find pages again and say why; [`duplicates`] groups
//! captures of one document.

mod duplicates;
mod index;
mod look;
mod query;
mod search;
mod shingles;
mod similar;
mod terms;

pub use duplicates::{Duplicates, Group, Member, SameBy, Undecided, duplicates};
pub use index::{entries, merged};
pub use look::look;
pub use query::Query;
pub use search::{Evidence, Found, Ranks, SearchRequest, TextVector, Why, search};
pub use similar::{Example, similar};

#[cfg(test)]
mod store_tests;
