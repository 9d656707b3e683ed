//! Calls from a supervisor to a worker, each with its reply.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::message::{Bounds, EncodedReply, Incoming, MIB};
use super::role::Role;
use crate::domain::Failure;
use crate::engines::sandbox::Enforcement;

/// CPU seconds beyond those that fit into the deadline: enough for the deadline to
/// come first, and few enough to end a worker soon that computes while it is idle.
const CPU_SPARE: u64 = 5;

/// One call to a worker of one role.
pub trait Call: Serialize + DeserializeOwned + Sync {
    type Role: Role;
    /// The part of the reply that is sent as JSON; the rest is its blob.
    type Json: Serialize + DeserializeOwned + Send;
    type Reply: Send;

    /// Its name in the message.
    const OP: &'static str;
    /// What the worker does during the call, for messages about its death.
    const STAGE: &'static str;

    /// Pixels or a file that are sent with it.
    fn blob(&self) -> &[u8] {
        &[]
    }

    /// Greatest size of a valid reply.
    fn bounds(&self) -> Bounds;

    /// CPU seconds that the call may take with `threads` threads and `deadline`
    /// seconds; `None`: the worker's limit is not changed.
    fn cpu_seconds(&self, deadline: u64, threads: u64) -> Option<u64> {
        Some(deadline * threads + CPU_SPARE)
    }

    /// The reply. `Err` says what is wrong with it and ends the worker, since only a
    /// compromised one sends such a reply.
    fn accept(&self, json: Self::Json, blob: Vec<u8>) -> Result<Self::Reply, String>;
}

/// For [`Call::accept`]: `Err` where numbers are not finite as `f32`. JSON's 1e300
/// would be stored as null, which cannot be read back.
pub fn finite(is_finite: bool) -> Result<(), String> {
    match is_finite {
        true => Ok(()),
        false => Err("a number beyond 32 bits".into()),
    }
}

/// The worker's side of a [`Call`].
pub trait Handle<C: Call> {
    fn handle(&mut self, call: C, blob: Vec<u8>) -> Result<(C::Json, Vec<u8>), Failure>;
}

/// The call, if it is one of type `C`.
pub fn parse<C: Call>(call: &Incoming) -> Option<Result<C, Failure>> {
    (call.op == C::OP).then(|| call.parse())
}

/// The answer of `engine`, if this is a call of type `C`.
pub fn answer<C: Call>(
    call: &mut Incoming,
    engine: &mut impl Handle<C>,
) -> Option<Result<EncodedReply, Failure>> {
    let answer = match parse::<C>(call)? {
        Ok(parsed) => engine.handle(parsed, std::mem::take(&mut call.blob)),
        Err(failure) => Err(failure),
    };
    Some(answer.and_then(|(json, blob)| EncodedReply::of(&json, blob)))
}

/// The first call: what to load, and the limits of the worker's whole life.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "R: Role")]
pub struct Init<R> {
    pub role: R,
    /// Bytes of writable memory.
    pub memory: u64,
    /// CPU seconds of its whole life.
    pub cpu_seconds: u64,
}

/// The reply to [`Init`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Started<T> {
    pub ready: T,
    pub enforcement: Enforcement,
}

impl<R: Role> Call for Init<R> {
    type Role = R;
    type Json = Started<R::Ready>;
    type Reply = Started<R::Ready>;
    const OP: &'static str = "init";
    const STAGE: &'static str = "starting";

    fn bounds(&self) -> Bounds {
        Bounds { json: MIB, blob: 0 }
    }

    fn cpu_seconds(&self, _: u64, _: u64) -> Option<u64> {
        None
    }

    fn accept(&self, json: Self::Json, _: Vec<u8>) -> Result<Self::Reply, String> {
        Ok(json)
    }
}
