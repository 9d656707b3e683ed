//! The context of every subcommand.

use super::output::Out;
use super::progress::Progress;
use crate::config::{ResolvedSettings, Settings};

pub struct App {
    pub resolved: ResolvedSettings,
    pub out: Out,
    pub progress: Progress,
}

impl App {
    pub fn settings(&self) -> &Settings {
        &self.resolved.settings
    }
}
