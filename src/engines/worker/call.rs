//! Calls: what a supervisor asks of a worker, each with the reply that it gets.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::message::{Answer, Bounds, Incoming, MIB};
use super::role::Role;
use crate::domain::Failure;
use crate::engines::sandbox::Enforcement;

/// CPU seconds beyond those that fit into the deadline: enough that the
/// deadline comes first, and that a worker that computes while it has nothing
/// to do is ended soon.
const CPU_SPARE: u64 = 5;

/// One question to a worker of one role.
pub trait Call: Serialize + DeserializeOwned + Sync {
    type Role: Role;
    /// The part of the reply that travels as JSON; the rest is its blob.
    type Json: Serialize + DeserializeOwned + Send;
    type Reply: Send;

    /// Its name in the message.
    const OP: &'static str;
    /// What the worker was doing, for messages about one that died.
    const STAGE: &'static str;

    /// Pixels or a file that go with it.
    fn blob(&self) -> &[u8] {
        &[]
    }

    /// How long an honest reply can be.
    fn bounds(&self) -> Bounds;

    /// CPU seconds that it may take, with `threads` until `deadline` (seconds);
    /// `None`: the limit stays.
    fn cpu_seconds(&self, deadline: u64, threads: u64) -> Option<u64> {
        Some(deadline * threads + CPU_SPARE)
    }

    /// The reply, or what is wrong with it: an error ends the worker, which no
    /// honest one would have sent.
    fn accept(&self, json: Self::Json, blob: Vec<u8>) -> Result<Self::Reply, String>;
}

/// What [`Call::accept`] says of numbers that 32 bits do not hold: JSON's 1e300
/// would be stored as null and never be read again.
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

/// Has `engine` answer, if this is a call of type `C`.
pub fn answer<C: Call>(
    call: &mut Incoming,
    engine: &mut impl Handle<C>,
) -> Option<Result<Answer, Failure>> {
    let answer = match parse::<C>(call)? {
        Ok(parsed) => engine.handle(parsed, std::mem::take(&mut call.blob)),
        Err(failure) => Err(failure),
    };
    Some(answer.and_then(|(json, blob)| Answer::of(&json, blob)))
}

/// The first call: what to load, and the limits of the worker's whole life.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "R: Role")]
pub struct Init<R> {
    pub role: R,
    /// Bytes of writable memory.
    pub memory: u64,
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
