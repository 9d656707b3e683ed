//! Reads with a reader that gets the page text, in parts where the text is longer than
//! its context.

use super::readers::Readers;
use crate::documents::page_text::{PageText, parts};
use crate::documents::prompt::Rendered;
use crate::documents::verbatim::{self, AnswerMember, Pieces};
use crate::domain::{AnswerGrammar, Failure, ReadRequest, Reading, Reason};

/// Most bytes of page text in one prompt: about 1,300 tokens of SmolLM2's vocabulary.
/// Training used up to 1,600 with the answer.
pub(super) const PART_BYTES: usize = 3000;
/// Fewest bytes of a part, with any context.
const MIN_PART_BYTES: usize = 400;

/// What the reading of one page depends on beside its request.
pub struct AnchoredReading<'a> {
    pub readers: &'a Readers,
    pub prompt: &'a Rendered,
    /// The form of verbatim answers; `None`: answers are typed.
    pub members: Option<&'a [AnswerMember]>,
    pub text: &'a PageText,
}

impl AnchoredReading<'_> {
    pub async fn read(&self, request: ReadRequest) -> Result<Reading, Failure> {
        let mut part_bytes = PART_BYTES;
        loop {
            match self.read_parts(&request, part_bytes).await {
                Err(failure)
                    if failure.reason == Reason::PromptTooLong && part_bytes > MIN_PART_BYTES =>
                {
                    part_bytes /= 2;
                }
                done => return done,
            }
        }
    }

    async fn read_parts(
        &self,
        request: &ReadRequest,
        part_bytes: usize,
    ) -> Result<Reading, Failure> {
        let lines = &self.text.lines;
        let mut ranges = parts::split(lines, part_bytes);
        if ranges.is_empty() {
            // A page without words still has an image.
            ranges.push(0..0);
        }
        let mut readings = Vec::with_capacity(ranges.len());
        for range in ranges {
            readings.push(self.read_part(request, &lines[range]).await?);
        }
        let nothing = || Failure::new(Reason::Internal, "a page was read in no parts");
        parts::join(readings).ok_or_else(nothing)
    }

    async fn read_part(&self, request: &ReadRequest, lines: &[String]) -> Result<Reading, Failure> {
        let grammar = match self.members {
            Some(members) => {
                let pieces = Pieces::of(lines, &self.text.columns);
                AnswerGrammar::Copies(verbatim::grammar(members, &pieces))
            }
            None => request.grammar.clone(),
        };
        let request = ReadRequest {
            prompt: self.prompt.with_page_text(lines),
            grammar,
            ..request.clone()
        };
        let mut reading = self.readers.read(request).await?;
        if let Some(members) = self.members {
            verbatim::name_columns(members, &mut reading);
            reading.verbatim = true;
        }
        Ok(reading)
    }
}
