//! Native engines in child processes.
//!
//! llama.cpp aborts on internal assertions, pdfium crashes on hostile files,
//! and memory grows over thousands of images. So `docmill run` supervises
//! hidden `docmill worker` children over pipes: one that dies, passes its
//! deadline or outgrows its memory costs the page in hand one attempt and is
//! replaced.

pub mod child;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod pool;
mod process;
mod protocol;

pub use pool::{Guard, OnDeath, Pool, PoolSpec, PoolStats};
pub use process::{peak_memory, resident_memory};
pub use protocol::{Reply, Request, RoleInit};
