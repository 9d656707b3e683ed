//! Calls: what a supervisor asks of a worker, each with the reply that it gets.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::role::Role;
use crate::domain::{Failure, Reason, json_problem};

pub const MIB: u32 = 1 << 20;

/// CPU seconds beyond those that fit into the deadline: enough that the
/// deadline comes first, and that a worker that computes while it has nothing
/// to do is ended soon.
const CPU_SPARE: u64 = 5;

/// The longest message that is read, in bytes. A worker that was taken over
/// writes what it likes: the supervisor's memory must not follow its claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub json: u32,
    pub blob: u64,
}

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

/// A call as it is sent.
#[derive(Serialize)]
pub struct Outgoing<'a, C> {
    op: &'static str,
    call: &'a C,
}

impl<'a, C: Call> Outgoing<'a, C> {
    pub fn new(call: &'a C) -> Outgoing<'a, C> {
        Outgoing { op: C::OP, call }
    }
}

/// A call as it arrives.
#[derive(Debug, Serialize, Deserialize)]
pub struct Incoming {
    pub op: String,
    pub call: serde_json::Value,
    #[serde(skip)]
    pub blob: Vec<u8>,
}

impl Incoming {
    /// The call of type `C`; `None` if it is another.
    pub fn parse<C: Call>(&self) -> Option<Result<C, Failure>> {
        let parsed = || {
            C::deserialize(&self.call).map_err(|error| {
                let message = format!("the call `{}` {}", self.op, json_problem(&error));
                Failure::new(Reason::Internal, message)
            })
        };
        (self.op == C::OP).then(parsed)
    }

    /// Has `engine` answer, if this is a call of type `C`.
    pub fn answered_by<C: Call>(
        &mut self,
        engine: &mut impl Handle<C>,
    ) -> Option<Result<Answer, Failure>> {
        let answer = match self.parse::<C>()? {
            Ok(call) => engine.handle(call, std::mem::take(&mut self.blob)),
            Err(failure) => Err(failure),
        };
        Some(answer.and_then(|(json, blob)| Answer::of(&json, blob)))
    }
}

/// A reply as it is sent: the JSON of a `Result<Call::Json, Failure>`.
pub struct Answer {
    pub json: Vec<u8>,
    pub blob: Vec<u8>,
}

impl Answer {
    pub fn of(json: &impl Serialize, blob: Vec<u8>) -> Result<Answer, Failure> {
        let json = serde_json::to_vec(&Ok::<_, Failure>(json)).map_err(Failure::internal)?;
        Ok(Answer { json, blob })
    }

    pub fn failed(failure: &Failure) -> Answer {
        let json = serde_json::to_vec(&Err::<(), _>(failure));
        Answer {
            json: json.expect("a failure is JSON"),
            blob: Vec::new(),
        }
    }
}
