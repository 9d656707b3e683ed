//! Native engines in child processes.
//!
//! llama.cpp aborts on internal assertions, pdfium crashes on hostile files,
//! and memory grows over thousands of images. So `docmill run` supervises
//! hidden `docmill worker` children over pipes: one that dies, passes its
//! deadline or outgrows its memory costs the page in hand one attempt and is
//! replaced.
//!
//! A worker is shut into a cage ([`crate::engines::sandbox`]) before it sees its first
//! page: what takes it over reaches neither files nor networks.

pub mod child;
mod death;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod pool;
mod probe;
mod process;
mod protocol;

pub use pool::{End, Guard, OnEnd, Pool, PoolSpec, PoolStats, Recycling};
pub use probe::Attempt;
pub use process::{peak_memory, resident_memory};
pub use protocol::{Reply, Request, RoleInit};
