//! Roles of worker processes.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::message::{EncodedReply, Incoming};
use crate::domain::{Failure, Reason};
use crate::engines::sandbox::SandboxPolicy;

/// One kind of worker: what it loads, its rights and the calls that it answers. The
/// supervisor sends the value first.
pub trait Role: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {
    /// The name in messages, in metrics and as the argument of `docmill worker`.
    const NAME: &'static str;
    /// Whether its failures may have token counts.
    const COUNTS_TOKENS: bool = false;

    type Engine;
    /// What the supervisor needs to know about a loaded engine.
    type Ready: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static;

    /// Files, threads and devices that the engine needs. [`super::call::Init`] has
    /// memory and CPU seconds.
    fn policy(&self) -> SandboxPolicy;

    /// Threads that may compute at once.
    fn threads(&self) -> u32;

    fn load(self) -> anyhow::Result<(Self::Engine, Self::Ready)>;

    /// Answers a call of this role; `None` if it belongs to another.
    fn answer(
        engine: &mut Self::Engine,
        call: &mut Incoming,
    ) -> Option<Result<EncodedReply, Failure>>;
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
