//! Roles: what a worker process can be.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::message::{Answer, Incoming};
use crate::domain::{Failure, Reason};
use crate::engines::sandbox::SandboxPolicy;

/// One kind of worker: what it loads, what it may touch, what it answers. The
/// value itself is what the supervisor sends first.
pub trait Role: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {
    /// In messages, in metrics and as the argument of `docmill worker`.
    const NAME: &'static str;
    /// Whether its failures may say how many tokens were used.
    const COUNTS_TOKENS: bool = false;

    type Engine;
    /// What the supervisor must know of a loaded engine.
    type Ready: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static;

    /// Files, threads and devices that the engine needs. Memory and CPU
    /// seconds are set by who starts the worker.
    fn policy(&self) -> SandboxPolicy;

    /// Threads that may compute at once.
    fn threads(&self) -> u32;

    fn load(self) -> anyhow::Result<(Self::Engine, Self::Ready)>;

    /// Answers a call of this role; `None` if it belongs to another.
    fn answer(engine: &mut Self::Engine, call: &mut Incoming) -> Option<Result<Answer, Failure>>;
}

/// The failure of a call that the role does not know.
pub fn unknown<R: Role>(call: &Incoming) -> Failure {
    let message = format!(
        "the {} process does not answer the call `{}`",
        R::NAME,
        call.op
    );
    Failure::new(Reason::Internal, message)
}
