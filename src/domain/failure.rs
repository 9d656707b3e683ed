use serde::{Deserialize, Serialize};

/// Why a file was turned away or a page could not be done. Stored by name, so
/// a variant may be added but not renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    // The file itself: told at ingest, never retried.
    EmptyFile,
    Corrupt,
    UnsupportedType,
    PasswordRequired,
    NoPages,
    TooLarge,
    TooSmall,
    NotAFile,
    /// The operating system refused the file (permissions, I/O error).
    Unreadable,
    /// The bytes at the path are no longer those that were ingested.
    SourceChanged,
    // The work on a page: charged an attempt and tried again.
    /// A worker process died while it held the page.
    WorkerDied,
    /// A worker passed its deadline and was killed.
    Deadline,
    /// A worker passed its memory limit.
    OutOfMemory,
    /// The model ended before the document was complete.
    OutputCutOff,
    /// The model said nothing.
    OutputEmpty,
    /// The prompt and the page do not fit the model's context.
    PromptTooLong,
    /// The model, or a filter before it, declined to read the page.
    OutputRefused,
    /// The answer is not of the form that was asked for.
    OutputInvalid,
    /// A reader could not be reached, was busy or failed, again and again, or a
    /// worker process could not be started.
    ReaderUnavailable,
    /// An endpoint takes no such key, model or path: true of every page.
    ReaderMisconfigured,
    /// An endpoint turned this page's request down.
    RequestRefused,
    /// The page is of a document type that the run does not know.
    TypeMissing,
    /// A defect of docmill or of an engine that fits none of the above.
    Internal,
}

impl Reason {
    pub const ALL: [Reason; 23] = [
        Reason::EmptyFile,
        Reason::Corrupt,
        Reason::UnsupportedType,
        Reason::PasswordRequired,
        Reason::NoPages,
        Reason::TooLarge,
        Reason::TooSmall,
        Reason::NotAFile,
        Reason::Unreadable,
        Reason::SourceChanged,
        Reason::WorkerDied,
        Reason::Deadline,
        Reason::OutOfMemory,
        Reason::OutputCutOff,
        Reason::OutputEmpty,
        Reason::PromptTooLong,
        Reason::OutputRefused,
        Reason::OutputInvalid,
        Reason::ReaderUnavailable,
        Reason::ReaderMisconfigured,
        Reason::RequestRefused,
        Reason::TypeMissing,
        Reason::Internal,
    ];

    /// The snake_case name used in the database and in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::EmptyFile => "empty_file",
            Reason::Corrupt => "corrupt",
            Reason::UnsupportedType => "unsupported_type",
            Reason::PasswordRequired => "password_required",
            Reason::NoPages => "no_pages",
            Reason::TooLarge => "too_large",
            Reason::TooSmall => "too_small",
            Reason::NotAFile => "not_a_file",
            Reason::Unreadable => "unreadable",
            Reason::SourceChanged => "source_changed",
            Reason::WorkerDied => "worker_died",
            Reason::Deadline => "deadline",
            Reason::OutOfMemory => "out_of_memory",
            Reason::OutputCutOff => "output_cut_off",
            Reason::OutputEmpty => "output_empty",
            Reason::PromptTooLong => "prompt_too_long",
            Reason::OutputRefused => "output_refused",
            Reason::OutputInvalid => "output_invalid",
            Reason::ReaderUnavailable => "reader_unavailable",
            Reason::ReaderMisconfigured => "reader_misconfigured",
            Reason::RequestRefused => "request_refused",
            Reason::TypeMissing => "type_missing",
            Reason::Internal => "internal",
        }
    }

    pub fn parse(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|r| r.as_str() == name)
    }

    /// Whether another attempt at the same bytes may end otherwise.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Reason::WorkerDied
                | Reason::Deadline
                | Reason::OutOfMemory
                | Reason::OutputCutOff
                | Reason::OutputEmpty
                | Reason::Internal
        )
    }
}

impl Reason {
    /// The page itself was not what failed: another day the same engine may
    /// read it.
    pub fn is_outage(self) -> bool {
        matches!(
            self,
            Reason::ReaderUnavailable | Reason::ReaderMisconfigured
        )
    }

    /// Of a page of a known document, nothing was learnt: its bytes were not at
    /// hand, or settings or an outage kept it from being read. What was read of
    /// it before is as true as it was.
    pub fn is_about_source_or_settings(self) -> bool {
        self.is_outage()
            || matches!(
                self,
                Reason::SourceChanged
                    | Reason::Unreadable
                    | Reason::NotAFile
                    | Reason::EmptyFile
                    | Reason::TooLarge
                    | Reason::TooSmall
                    | Reason::TypeMissing
            )
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal or failure of one file or page. It never ends the batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Failure {
    pub reason: Reason,
    /// For a person: what happened and, where there is one, the remedy.
    pub message: String,
    /// What a model had written when it failed; kept so that nothing is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_text: Option<String>,
    /// What the failed answer took all the same, where an engine says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// Tokens that an engine took in and gave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub input: u32,
    pub output: u32,
}

impl Failure {
    pub fn new(reason: Reason, message: impl Into<String>) -> Failure {
        Failure {
            reason,
            message: message.into(),
            raw_text: None,
            usage: None,
        }
    }

    pub fn internal(error: impl std::fmt::Display) -> Failure {
        // `{:#}` keeps anyhow's chain of causes.
        Failure::new(Reason::Internal, format!("{error:#}"))
    }
}

/// What is wrong with a JSON text, and where, without quoting it as serde's
/// own words may: failures are logged, what pages say is not.
pub fn json_problem(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Io => "cannot be read",
        Category::Syntax => "is not JSON",
        Category::Data => "is JSON of another form",
        Category::Eof => "ends early",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_parses_back_and_serialises_as_its_name() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }

    #[test]
    fn a_json_problem_is_told_without_the_text() {
        let error = serde_json::from_str::<Vec<u8>>("[1, \"Confidential\"]").unwrap_err();
        assert!(error.to_string().contains("Confidential"), "{error}");
        let told = json_problem(&error);
        assert_eq!(told, "is JSON of another form (line 1, column 18)");
    }
}
