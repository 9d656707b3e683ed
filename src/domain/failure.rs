use serde::{Deserialize, Serialize};

/// Why a file was rejected or a page could not be processed. Stored by name,
/// so a variant may be added but not renamed. The doc comment of a variant is
/// its text in docs/troubleshooting.md.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    // The file itself: found at intake, never retried.
    /// The file has no content.
    EmptyFile,
    /// The file is damaged.
    Corrupt,
    /// The file is of a kind that docmill does not read.
    UnsupportedType,
    /// The PDF needs a password.
    PasswordRequired,
    /// The document has no pages.
    NoPages,
    /// The file or a page exceeds a limit.
    TooLarge,
    /// The image is too small to be a page.
    TooSmall,
    /// Data or settings in a folder, as docmill's own exports are: skipped, not rejected.
    NotADocument,
    /// The path is a device, a socket or the like.
    NotAFile,
    /// The operating system refused the file (permissions, I/O error).
    Unreadable,
    /// The bytes at the path are no longer those that were taken in.
    SourceChanged,
    // The work on a page: each failure counts as an attempt. `is_retryable` says
    // which are tried again.
    /// A worker process died while it held the page.
    WorkerDied,
    /// A worker exceeded its deadline and was killed.
    Deadline,
    /// A worker exceeded its memory limit.
    OutOfMemory,
    /// The model ended before the document was complete.
    OutputCutOff,
    /// The model gave no output.
    OutputEmpty,
    /// The prompt and the page do not fit the model's context.
    PromptTooLong,
    /// The model, or a filter before it, declined to read the page.
    OutputRefused,
    /// The answer is not of the form that was asked for.
    OutputInvalid,
    /// A reader could not be reached, was busy or kept failing, or a worker did not start.
    ReaderUnavailable,
    /// An endpoint rejects the key, model or path; no page can be read with it.
    ReaderMisconfigured,
    /// An endpoint rejected the request for this page.
    RequestRefused,
    /// The page is of a document type that the run does not know.
    TypeMissing,
    /// A defect of docmill or of an engine.
    Internal,
}

impl Reason {
    pub fn iter() -> impl Iterator<Item = Reason> {
        <Reason as strum::IntoEnumIterator>::iter()
    }

    /// The snake_case name used in the database and in every report.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(name: &str) -> Option<Reason> {
        name.parse().ok()
    }

    /// One sentence about the reason for a person.
    pub fn explanation(self) -> &'static str {
        strum::EnumMessage::get_documentation(&self)
            .unwrap_or_default()
            .trim_end()
    }

    /// Whether another attempt at the same bytes may succeed.
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

    /// Whether an engine or endpoint was not available: the same page may succeed
    /// later.
    pub fn is_outage(self) -> bool {
        matches!(
            self,
            Reason::ReaderUnavailable | Reason::ReaderMisconfigured
        )
    }

    /// Whether the cause is not the page of a known document: its bytes were not
    /// available, or settings or an outage kept it from being read. An earlier
    /// record of the page stays valid.
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

    /// Whether no other reader can help: the file is the cause, or the page makes
    /// workers die.
    pub fn is_unfixable_by_reread(self) -> bool {
        matches!(
            self,
            Reason::EmptyFile
                | Reason::Corrupt
                | Reason::UnsupportedType
                | Reason::PasswordRequired
                | Reason::NoPages
                | Reason::TooLarge
                | Reason::TooSmall
                | Reason::NotADocument
                | Reason::NotAFile
                | Reason::Unreadable
                | Reason::SourceChanged
                | Reason::TypeMissing
                | Reason::WorkerDied
        )
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why one file was rejected or one page failed. It never ends the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Failure {
    pub reason: Reason,
    /// For a person: what happened and, where there is one, the remedy.
    pub message: String,
    /// What a model had written when it failed; kept so that nothing is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_text: Option<String>,
    /// Tokens of the failed answer, where the engine reports them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// Input and output of a reader for one answer, in tokens.
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

/// What is wrong with a JSON text, and where. Does not quote the text, as
/// serde's own messages may: failures are logged, page content is not.
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
        for reason in Reason::iter() {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }

    #[test]
    fn a_json_problem_does_not_quote_the_text() {
        let error = serde_json::from_str::<Vec<u8>>("[1, \"Confidential\"]").unwrap_err();
        assert!(error.to_string().contains("Confidential"), "{error}");
        let problem = json_problem(&error);
        assert_eq!(problem, "is JSON of another form (line 1, column 18)");
    }
}
