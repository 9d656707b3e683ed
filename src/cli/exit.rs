//! How a command ended, as an exit code.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::config::UsageError;
use crate::pipeline::Summary;
use crate::store;

/// The end of a command that could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Good,
    /// Some files, pages or checks failed.
    SomeFailed,
    NeedsReview,
    Interrupted,
}

const USAGE: u8 = 2;
/// `EX_TEMPFAIL` of sysexits.h.
const TRY_AGAIN_LATER: u8 = 75;
/// As a shell tells that SIGINT ended a program.
pub const INTERRUPTED: u8 = 130;

impl Outcome {
    pub fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }

    pub fn number(self) -> u8 {
        match self {
            Outcome::Good => 0,
            Outcome::SomeFailed => 1,
            Outcome::NeedsReview => 3,
            Outcome::Interrupted => INTERRUPTED,
        }
    }

    /// The gravest thing that happened in a run.
    pub fn of(summary: &Summary) -> Outcome {
        let failed =
            summary.failed > 0 || !summary.pages_failed.is_empty() || !summary.rejected.is_empty();
        match summary {
            summary if summary.interrupted => Outcome::Interrupted,
            _ if failed => Outcome::SomeFailed,
            summary if summary.needs_review > 0 => Outcome::NeedsReview,
            _ => Outcome::Good,
        }
    }
}

/// Says what is wrong in a sentence of its own; the causes are for those who
/// ask for more.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Plain(String);

/// Puts a plain sentence before what a database says in its own words.
pub fn in_plain_words(error: anyhow::Error, database: &Path) -> anyhow::Error {
    match store::trouble(&error, database) {
        Some(sentence) => error.context(Plain(sentence)),
        None => error,
    }
}

/// Tells on stderr why a command could not be done.
pub fn report(error: &anyhow::Error, verbose: bool) -> ExitCode {
    match error.downcast_ref::<Plain>() {
        Some(plain) if !verbose => eprintln!("docmill: {plain}"),
        _ => eprintln!("docmill: {error:#}"),
    }
    let code = code_of(error);
    if code == TRY_AGAIN_LATER {
        eprintln!("docmill: nothing is lost; run the same command again later");
    }
    ExitCode::from(code)
}

/// The exit code of a command that could not be done.
pub fn code_of(error: &anyhow::Error) -> u8 {
    if error.chain().any(|cause| cause.is::<UsageError>()) {
        USAGE
    } else if store::is_temporary(error) || error.chain().any(is_disk_full) {
        TRY_AGAIN_LATER
    } else {
        1
    }
}

fn is_disk_full(cause: &(dyn std::error::Error + 'static)) -> bool {
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(
        kind,
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reason;

    #[test]
    fn the_gravest_outcome_decides() {
        let mut summary = Summary::default();
        assert_eq!(Outcome::of(&summary), Outcome::Good);
        summary.needs_review = 1;
        assert_eq!(Outcome::of(&summary), Outcome::NeedsReview);
        summary.rejected.insert(Reason::EmptyFile, 1);
        assert_eq!(Outcome::of(&summary), Outcome::SomeFailed);
        summary.interrupted = true;
        assert_eq!(Outcome::of(&summary), Outcome::Interrupted);
    }

    #[test]
    fn errors_are_told_apart_through_their_context() {
        let usage = anyhow::Error::new(UsageError("x".into())).context("while y");
        assert_eq!(code_of(&usage), USAGE);
        let full = anyhow::Error::new(io::Error::from(io::ErrorKind::StorageFull)).context("w");
        assert_eq!(code_of(&full), TRY_AGAIN_LATER);
        assert_eq!(code_of(&anyhow::anyhow!("other")), 1);
    }
}
