//! A page image and a prompt become an answer that satisfies a JSON Schema.

use crate::domain::{Failure, ReadRequest, Reading};

/// The seam that the pipeline sees: something that reads pages.
pub trait Reader {
    fn read(&mut self, request: &ReadRequest) -> Result<Reading, Failure>;
}
