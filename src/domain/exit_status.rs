/// Result of a command that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    Success,
    /// Some files, pages or checks failed.
    SomeFailed,
    NeedsReview,
    Interrupted,
}

impl ExitStatus {
    /// 128 + SIGINT, as shells report it.
    pub const INTERRUPTED: u8 = 130;

    /// The exit code of the process.
    pub fn number(self) -> u8 {
        match self {
            ExitStatus::Success => 0,
            ExitStatus::SomeFailed => 1,
            ExitStatus::NeedsReview => 3,
            ExitStatus::Interrupted => ExitStatus::INTERRUPTED,
        }
    }
}
