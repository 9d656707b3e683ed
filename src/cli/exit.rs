//! Exit codes.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::config::UsageError;
use crate::pipeline::RunStatistics;
use crate::store;

/// Result of a command that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    Success,
    /// Some files, pages or checks failed.
    SomeFailed,
    NeedsReview,
    Interrupted,
}

const USAGE: u8 = 2;
/// `EX_TEMPFAIL` of sysexits.h.
const TRY_AGAIN_LATER: u8 = 75;
/// 128 + SIGINT, as shells report it.
pub const INTERRUPTED: u8 = 130;

impl ExitStatus {
    pub fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }

    pub fn number(self) -> u8 {
        match self {
            ExitStatus::Success => 0,
            ExitStatus::SomeFailed => 1,
            ExitStatus::NeedsReview => 3,
            ExitStatus::Interrupted => INTERRUPTED,
        }
    }

    /// The most serious state of what a run did and of the files that it found: what
    /// earlier runs left for a person counts until it is settled.
    pub fn of(summary: &RunStatistics) -> ExitStatus {
        let known = &summary.known_files;
        let failed = summary.failed + known.failed > 0
            || !summary.pages_failed.is_empty()
            || !summary.rejected.is_empty();
        match summary {
            summary if summary.interrupted => ExitStatus::Interrupted,
            _ if failed => ExitStatus::SomeFailed,
            summary if summary.needs_review + known.to_review > 0 => ExitStatus::NeedsReview,
            _ => ExitStatus::Success,
        }
    }
}

/// A sentence that explains an error. Its causes are shown with `-v`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Explanation(String);

/// Explains errors of the database.
pub fn explain(error: anyhow::Error, database: &Path) -> anyhow::Error {
    match store::error_message(&error, database) {
        Some(sentence) => error.context(Explanation(sentence)),
        None => error,
    }
}

/// Prints an error to stderr.
pub fn report(error: &anyhow::Error, verbose: bool) -> ExitCode {
    match error.downcast_ref::<Explanation>() {
        Some(explanation) if !verbose => eprintln!("docmill: {explanation}"),
        _ => eprintln!("docmill: {error:#}"),
    }
    let code = code_of(error);
    if code == TRY_AGAIN_LATER {
        eprintln!("docmill: nothing is lost; run the same command again later");
    }
    ExitCode::from(code)
}

/// Exit code of an error.
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
    fn the_most_serious_result_decides() {
        let mut summary = RunStatistics::default();
        assert_eq!(ExitStatus::of(&summary), ExitStatus::Success);
        summary.needs_review = 1;
        assert_eq!(ExitStatus::of(&summary), ExitStatus::NeedsReview);
        summary.rejected.insert(Reason::EmptyFile, 1);
        assert_eq!(ExitStatus::of(&summary), ExitStatus::SomeFailed);
        summary.interrupted = true;
        assert_eq!(ExitStatus::of(&summary), ExitStatus::Interrupted);
    }

    #[test]
    fn what_earlier_runs_left_for_a_person_counts_as_well() {
        let mut summary = RunStatistics::default();
        summary.known_files.read = 1;
        assert_eq!(ExitStatus::of(&summary), ExitStatus::Success);
        summary.known_files.to_review = 1;
        assert_eq!(ExitStatus::of(&summary), ExitStatus::NeedsReview);
        summary.known_files.failed = 1;
        assert_eq!(ExitStatus::of(&summary), ExitStatus::SomeFailed);
    }

    #[test]
    fn errors_are_recognised_through_their_context() {
        let usage = anyhow::Error::new(UsageError("x".into())).context("while y");
        assert_eq!(code_of(&usage), USAGE);
        let full = anyhow::Error::new(io::Error::from(io::ErrorKind::StorageFull)).context("w");
        assert_eq!(code_of(&full), TRY_AGAIN_LATER);
        assert_eq!(code_of(&anyhow::anyhow!("other")), 1);
    }
}
