//! Native engines in child processes.
//!
//! llama.cpp aborts on internal assertions, PDFium crashes on hostile files, and
//! memory grows over thousands of images. So `docmill run` supervises hidden
//! `docmill worker` children over pipes. A worker that dies, exceeds its deadline or
//! exceeds its memory is replaced, and its page has one attempt less.
//!
//! A worker enters a [sandbox](crate::engines::sandbox) before its first page, so
//! that a compromised worker has neither files nor networks.
//!
//! A [`role::Role`] states what a worker loads, its rights and the [`call::Call`]s
//! that it answers; a [`Pool`] of that role accepts no others.

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
pub use message::{EncodedReply, Incoming};
pub use pool::{OnEnd, Pool, PoolMonitor, PoolSpec, PoolStats, Recycling, WorkerEnd, WorkerGuard};
pub use process::{peak_memory, resident_memory};
pub use role::Role;
pub use roles::{
    DrawPage, EmbedText, OcrRole, OpenDocument, OpenedDocument, RasterizerRole, ReadPage, ReadText,
    ReaderRole, RoutePages, RouterRole, serve,
};

/// Whether this build runs engines on a GPU, whose driver needs a wider policy.
const HAS_GPU: bool = cfg!(any(feature = "cuda", feature = "metal", feature = "vulkan"));
