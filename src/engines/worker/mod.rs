//! Native engines in child processes.
//!
//! llama.cpp aborts on internal assertions, PDFium crashes on hostile files,
//! and memory grows over thousands of images. So `docmill run` supervises
//! hidden `docmill worker` children over pipes: one that dies, passes its
//! deadline or outgrows its memory costs the page in hand one attempt and is
//! replaced.
//!
//! A worker enters a [sandbox](crate::engines::sandbox) before it sees its
//! first page: code that takes it over reaches neither files nor networks.
//!
//! A [`role::Role`] says what a worker loads, what it may touch and which
//! [`call::Call`]s it answers; a [`Pool`] of that role takes no others.

mod call;
mod child;
mod exit_cause;
mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod message;
mod pool;
pub mod probe;
mod process;
mod role;
mod roles;

pub use call::{Call, parse};
pub use child::Hook;
pub use message::{Answer, Incoming};
pub use pool::{OnEnd, Pool, PoolMonitor, PoolSpec, PoolStats, Recycling, WorkerEnd, WorkerGuard};
pub use process::{peak_memory, resident_memory};
pub use role::Role;
pub use roles::{
    DrawPage, EmbedText, OcrRole, OpenDocument, OpenedDocument, RasterizerRole, ReadPage, ReadText,
    ReaderRole, RoutePages, RouterRole, serve,
};

/// Whether this build runs engines on a GPU, whose driver needs a wider policy.
const HAS_GPU: bool = cfg!(any(feature = "cuda", feature = "metal", feature = "vulkan"));
