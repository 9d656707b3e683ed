/// Result of a command that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    Success,
    /// Some files, pages or checks failed.
    SomeFailed,
    NeedsReview,
    /// Another run is at work on what was asked for.
    TryAgainLater,
    Interrupted,
}

impl ExitStatus {
    /// 128 + SIGINT, as shells report it.
    pub const INTERRUPTED: u8 = 130;

    /// `EX_TEMPFAIL` of sysexits.h.
    pub const TRY_AGAIN_LATER: u8 = 75;

    /// The exit code of the process.
    pub fn number(self) -> u8 {
        match self {
            ExitStatus::Success => 0,
            ExitStatus::SomeFailed => 1,
            ExitStatus::NeedsReview => 3,
            ExitStatus::TryAgainLater => ExitStatus::TRY_AGAIN_LATER,
            ExitStatus::Interrupted => ExitStatus::INTERRUPTED,
        }
    }
}
