//! Messages between supervisor and worker, without their frames.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::{Failure, Reason, json_problem};

/// Bytes.
pub const MIB: u32 = 1 << 20;

/// The longest message that is read. A compromised worker may write anything, and
/// must not decide how much memory the supervisor uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes.
    pub json: u32,
    /// Bytes.
    pub blob: u64,
}

/// A call as it is sent.
#[derive(Serialize)]
pub struct Outgoing<'a, C> {
    pub op: &'static str,
    pub call: &'a C,
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
    /// The call as `T`; `Err` where its JSON has another form.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.call).map_err(|error| {
            let message = format!("the call `{}` {}", self.op, json_problem(&error));
            Failure::new(Reason::Internal, message)
        })
    }
}

/// A reply as it is sent: the JSON of a `Result<Call::Json, Failure>`.
pub struct EncodedReply {
    pub json: Vec<u8>,
    pub blob: Vec<u8>,
}

impl EncodedReply {
    pub fn of(json: &impl Serialize, blob: Vec<u8>) -> Result<EncodedReply, Failure> {
        let json = serde_json::to_vec(&Ok::<_, Failure>(json)).map_err(Failure::internal)?;
        Ok(EncodedReply { json, blob })
    }

    pub fn failed(failure: &Failure) -> EncodedReply {
        let json = serde_json::to_vec(&Err::<(), _>(failure));
        EncodedReply {
            json: json.expect("a failure is JSON"),
            blob: Vec::new(),
        }
    }
}
