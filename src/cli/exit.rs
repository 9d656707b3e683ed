//! Exit codes.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::config::UsageError;
pub use crate::domain::ExitStatus;
use crate::store;

/// A flag or setting is wrong, or names something that does not exist.
const USAGE: u8 = 2;
const TRY_AGAIN_LATER: u8 = ExitStatus::TRY_AGAIN_LATER;
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
    let is_absent = store::DbErrorKind::of(error) == Some(store::DbErrorKind::Absent);
    if is_absent || error.chain().any(|cause| cause.is::<UsageError>()) {
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

    #[test]
    fn errors_are_recognised_through_their_context() {
        let usage = anyhow::Error::new(UsageError("x".into())).context("while y");
        assert_eq!(code_of(&usage), USAGE);
        let full = anyhow::Error::new(io::Error::from(io::ErrorKind::StorageFull)).context("w");
        assert_eq!(code_of(&full), TRY_AGAIN_LATER);
        assert_eq!(code_of(&anyhow::anyhow!("other")), 1);
    }
}
